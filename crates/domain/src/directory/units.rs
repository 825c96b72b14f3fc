//! Units of measure with exact conversion. A factor is a fraction of two decimals, so that a third of something loses
//! nothing; no binary floating point is used anywhere.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::UnitId;
use crate::kernel::Decimal;
use crate::kernel::{Code, Decimals, Quantity, Rate, Result, problems};

crate::words! {
    /// What a unit measures. Only units of one category convert into each other. Base units: `count` each, `mass` kg,
    /// `length` m, `area` m², `volume` l, `time` h.
    pub enum UnitCategory {
        Count = "count",
        Mass = "mass",
        Length = "length",
        Area = "area",
        Volume = "volume",
        Time = "time",
    }
    /// What to do when a converted quantity has more places than its unit.
    pub enum Remainder {
        /// Round half away from zero to the places of the target unit.
        Round = "round",
        /// Refuse with `unit.inexact_conversion`.
        Refuse = "refuse",
    }
}

/// The units measure different things.
pub const DIFFERENT_CATEGORIES: Code = Code::invalid("unit.different_categories", "The units measure different things.");
/// The result has more places than the target unit and no rounding was allowed.
pub const INEXACT_CONVERSION: Code = Code::invalid("unit.inexact_conversion", "The quantity does not convert exactly.");
/// The factor is not above zero.
pub const INVALID_FACTOR: Code = Code::invalid("unit.invalid_factor", "A conversion factor must be above zero.");
/// The unit is archived.
pub const ARCHIVED: Code = Code::conflict("unit.archived", "The unit is archived.");
/// What conversions can answer.
pub const REFUSALS: &[Code] = &[DIFFERENT_CATEGORIES, INEXACT_CONVERSION, INVALID_FACTOR];

/// A unit of measure.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Unit {
    /// The id.
    pub id: UnitId,
    /// Short unique code.
    #[schema(min_length = 1, max_length = 20, example = "kg")]
    pub code: String,
    /// Name in English.
    #[schema(min_length = 1, max_length = 100, example = "Kilogram")]
    pub name: String,
    /// What it measures.
    pub category: UnitCategory,
    /// One of this unit is `numerator / denominator` of the category's base unit.
    pub numerator: Rate,
    /// One of this unit is `numerator / denominator` of the category's base unit.
    pub denominator: Rate,
    /// Decimal places a quantity in this unit may have, 0 to 6.
    #[schema(minimum = 0, maximum = 6)]
    pub places: i32,
    /// When it was archived; archived units cannot be given to new products.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Unit, UnitId, "unit", actions: |u| vec![if u.archived_at.is_some() { "restore" } else { "archive" }] }
crate::archivable! { Unit }

/// A unit of measure to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUnit {
    /// Short unique code.
    #[schema(min_length = 1, max_length = 20, example = "kg")]
    pub code: String,
    /// Name in English.
    #[schema(min_length = 1, max_length = 100, example = "Kilogram")]
    pub name: String,
    /// What it measures. It cannot be changed later.
    pub category: UnitCategory,
    /// One of this unit is `numerator / denominator` of the category's base unit. It cannot be changed later.
    pub numerator: Rate,
    /// The denominator; 1 when left out.
    #[serde(default = "one")]
    pub denominator: Rate,
    /// Decimal places a quantity in this unit may have, 0 to 6; 0 when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 6)]
    pub places: i32,
}

fn one() -> Rate {
    Rate::ONE
}

crate::patch! {
    /// Changes to a unit. Category and factor stay as they are.
    pub struct UnitPatch for Unit {
        /// Name in English.
        set name: String [min_length = 1, max_length = 100],
        /// Decimal places a quantity in this unit may have, 0 to 6.
        set places: i32 [minimum = 0, maximum = 6],
    }
}

/// A quantity to convert.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertQuantity {
    /// How much.
    pub quantity: Quantity,
    /// The unit it is in.
    pub from_unit_id: UnitId,
    /// The unit it is wanted in.
    pub to_unit_id: UnitId,
    /// What to do when the result has more places than the target unit; `round` when left out.
    #[serde(default = "round")]
    pub remainder: Remainder,
}

fn round() -> Remainder {
    Remainder::Round
}

/// A converted quantity.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConvertedQuantity {
    /// How much, in the target unit.
    pub quantity: Quantity,
    /// The target unit.
    pub unit_id: UnitId,
    /// Whether nothing was rounded.
    pub exact: bool,
}

impl Unit {
    /// A unit with a factor above zero.
    pub fn new(id: UnitId, new: NewUnit, now: DateTime<Utc>) -> Result<Self> {
        for (pointer, part) in [("/numerator", new.numerator), ("/denominator", new.denominator)] {
            if !part.is_positive() {
                return Err(INVALID_FACTOR.field(pointer, "It must be above zero."));
            }
        }
        Ok(Self {
            id,
            code: new.code,
            name: new.name,
            category: new.category,
            numerator: new.numerator,
            denominator: new.denominator,
            places: new.places.clamp(0, 6),
            archived_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }
    /// The unit with these changes.
    pub fn change(mut self, patch: UnitPatch, now: DateTime<Utc>) -> Self {
        patch.apply(&mut self);
        self.places = self.places.clamp(0, 6);
        self.updated_at = now;
        self
    }
    /// Refuses an archived unit on a new product; `pointer` names the field that refers to it.
    pub fn check_usable(&self, pointer: &str) -> Result<()> {
        match self.archived_at {
            Some(_) => Err(ARCHIVED.field(pointer, format!("{} is archived.", self.code))),
            None => Ok(()),
        }
    }
    /// Refuses a quantity with more places than this unit has: 2.5 pieces. `pointer` names the field.
    pub fn check_quantity(&self, quantity: Quantity, pointer: &str) -> Result<()> {
        if quantity.get().normalize().scale() > self.places.max(0) as u32 {
            let message = format!("A quantity in {} has at most {} decimal places.", self.code, self.places);
            return Err(problems::too_many_decimals.field(pointer, message));
        }
        Ok(())
    }
    /// The quantity in another unit of the same category. With [`Remainder::Round`] it is rounded half away from zero to
    /// the places of `to`; with [`Remainder::Refuse`] a result with more places is refused.
    pub fn convert(&self, quantity: Quantity, to: &Unit, remainder: Remainder) -> Result<Quantity> {
        let (value, exact) = self.convert_rounded(quantity, to)?;
        if !exact && remainder == Remainder::Refuse {
            return Err(INEXACT_CONVERSION.with(format!("{quantity} {} is no number of {} with {} places.", self.code, to.code, to.places)));
        }
        Ok(value)
    }
    /// The rounded quantity in the other unit, and whether it is exact.
    pub fn convert_rounded(&self, quantity: Quantity, to: &Unit) -> Result<(Quantity, bool)> {
        let (value, exact) = self.scaled(quantity.get(), to, to.places.clamp(0, 6) as u32)?;
        Ok((Quantity::exact(value)?, exact))
    }
    /// How many of `to` make one of this unit. Refused when ten places do not say it exactly.
    pub fn in_units_of(&self, to: &Unit) -> Result<Rate> {
        match self.scaled(Decimal::ONE, to, Rate::SCALE)? {
            (value, true) => Rate::exact(value),
            _ => Err(INEXACT_CONVERSION.with(format!("One {} is no exact number of {}.", self.code, to.code))),
        }
    }
    /// So many of this unit in the other one, to so many places, and whether nothing was lost.
    fn scaled(&self, value: Decimal, to: &Unit, places: u32) -> Result<(Decimal, bool)> {
        if self.category != to.category {
            return Err(DIFFERENT_CATEGORIES.with(format!("{} is {}, {} is {}.", self.code, self.category, to.code, to.category)));
        }
        let too_large = || problems::amount_out_of_range.with("The conversion needs more digits than can be counted exactly.");
        let mut factor = Fraction::of(value).ok_or_else(too_large)?;
        let parts = [(self.numerator, self.denominator), (to.denominator, to.numerator)];
        for (up, down) in parts {
            factor = factor.times(up.get(), down.get()).ok_or_else(too_large)?;
        }
        let (scaled, exact) = factor.scaled(places).ok_or_else(too_large)?;
        Ok((Decimal::try_from_i128_with_scale(scaled, places).map_err(|_| too_large())?, exact))
    }
}

/// A reduced fraction; every step is exact or answers `None`.
#[derive(Clone, Copy)]
struct Fraction {
    up: i128,
    down: i128,
}

impl Fraction {
    fn of(value: Decimal) -> Option<Self> {
        let value = value.normalize();
        Some(Self { up: value.mantissa(), down: 10i128.checked_pow(value.scale())? }.reduced())
    }
    fn reduced(self) -> Self {
        let g = gcd(self.up.unsigned_abs(), self.down.unsigned_abs()).max(1) as i128;
        Self { up: self.up / g, down: self.down / g }
    }
    /// Times `up / down`, crosswise reduced before it is multiplied.
    fn times(self, up: Decimal, down: Decimal) -> Option<Self> {
        let (u, d) = (Self::of(up)?, Self::of(down)?);
        if d.up == 0 {
            return None;
        }
        let by = Self { up: u.up, down: u.down }.by(Self { up: d.down, down: d.up })?;
        self.by(by)
    }
    fn by(self, other: Self) -> Option<Self> {
        let a = Self { up: self.up, down: other.down }.reduced();
        let b = Self { up: other.up, down: self.down }.reduced();
        Some(Self { up: a.up.checked_mul(b.up)?, down: a.down.checked_mul(b.down)? })
    }
    /// The value in units of `10^-places`, rounded half away from zero, and whether nothing was lost.
    fn scaled(self, places: u32) -> Option<(i128, bool)> {
        let f = self.by(Self { up: 10i128.checked_pow(places)?, down: 1 })?;
        let (whole, rest) = (f.up / f.down, f.up % f.down);
        let half = rest.unsigned_abs() >= f.down.unsigned_abs() - rest.unsigned_abs();
        let away = if rest != 0 && half { f.up.signum() * f.down.signum() } else { 0 };
        Some((whole + away, rest == 0))
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use proptest::prelude::*;

    fn unit(code: &str, category: UnitCategory, numerator: &str, denominator: &str, places: i32) -> Unit {
        let r = |s: &str| s.parse().expect("a rate");
        let new = NewUnit { code: code.into(), name: code.into(), category, numerator: r(numerator), denominator: r(denominator), places };
        Unit::new(UnitId::from_uuid(uuid::Uuid::nil()), new, Utc::now()).expect("a unit")
    }
    fn q(s: &str) -> Quantity {
        s.parse().expect("a quantity")
    }

    #[test]
    fn known_conversions_are_exact() {
        use UnitCategory::*;
        let each = unit("each", Count, "1", "1", 0);
        let dozen = unit("dozen", Count, "12", "1", 2);
        let kg = unit("kg", Mass, "1", "1", 6);
        let g = unit("g", Mass, "0.001", "1", 3);
        let lb = unit("lb", Mass, "0.45359237", "1", 6);
        let oz = unit("oz", Mass, "28.349523125", "1000", 6);
        let min = unit("min", Time, "1", "60", 2);
        let h = unit("h", Time, "1", "1", 4);
        for (quantity, from, to, result, exact) in [
            ("2", &dozen, &each, "24", true),
            ("18", &each, &dozen, "1.5", true),
            ("1", &each, &dozen, "0.08", false),
            ("2.5", &kg, &g, "2500", true),
            ("1", &lb, &kg, "0.453592", false),
            ("16", &oz, &lb, "1", true),
            ("90", &min, &h, "1.5", true),
            ("20", &min, &h, "0.3333", false),
            ("0.3333", &h, &min, "20", false),
            ("-18", &each, &dozen, "-1.5", true),
        ] {
            assert_eq!(
                from.convert_rounded(q(quantity), to).expect(quantity),
                (q(result), exact),
                "{quantity} {} in {}",
                from.code,
                to.code
            );
        }
    }

    #[test]
    fn a_remainder_is_refused_when_asked() {
        let each = unit("each", UnitCategory::Count, "1", "1", 0);
        let pair = unit("pair", UnitCategory::Count, "2", "1", 0);
        assert_eq!(each.convert(q("4"), &pair, Remainder::Refuse).expect("even"), q("2"));
        assert_eq!(each.convert(q("5"), &pair, Remainder::Refuse).expect_err("odd").code(), INEXACT_CONVERSION);
        assert_eq!(each.convert(q("5"), &pair, Remainder::Round).expect("rounds"), q("3"));
        assert_eq!(each.convert(q("-5"), &pair, Remainder::Round).expect("rounds"), q("-3"));
    }

    #[test]
    fn different_things_do_not_convert() {
        let (kg, h) = (unit("kg", UnitCategory::Mass, "1", "1", 3), unit("h", UnitCategory::Time, "1", "1", 3));
        assert_eq!(kg.convert(q("1"), &h, Remainder::Round).expect_err("mass is not time").code(), DIFFERENT_CATEGORIES);
    }

    #[test]
    fn half_a_piece_is_refused() {
        let each = unit("each", UnitCategory::Count, "1", "1", 0);
        assert!(each.check_quantity(q("3"), "/quantity").is_ok());
        let problem = each.check_quantity(q("2.5"), "/quantity").expect_err("half a piece");
        assert_eq!(problem.errors()[0].pointer.as_deref(), Some("/quantity"));
    }

    proptest! {
        /// With the factors of any two units, an exact result converts back to what it was.
        #[test]
        fn there_and_back_is_where_it_started(
            quantity in -999_999_999_999i64..999_999_999_999, n1 in 1i64..100_000, d1 in 1i64..1_000, n2 in 1i64..100_000, d2 in 1i64..1_000
        ) {
            let rate = |v: i64| Decimal::new(v, 2).normalize().to_string();
            let a = unit("a", UnitCategory::Mass, &rate(n1), &rate(d1), 6);
            let b = unit("b", UnitCategory::Mass, &rate(n2), &rate(d2), 6);
            let start = Quantity::exact(Decimal::new(quantity, 6)).expect("fits");
            if let Ok((there, true)) = a.convert_rounded(start, &b) {
                prop_assert_eq!(b.convert_rounded(there, &a).expect("fits"), (start, true));
            }
        }
        /// A rounded result is never further from the true one than half a place.
        #[test]
        fn rounding_is_never_off_by_more_than_half_a_place(quantity in 0i64..1_000_000_000, n in 1i64..10_000, places in 0i32..=6) {
            let a = unit("a", UnitCategory::Mass, "1", "1", 6);
            let b = unit("b", UnitCategory::Mass, &n.to_string(), "1", places);
            let start = Decimal::new(quantity, 3);
            let (there, _) = a.convert_rounded(Quantity::exact(start).expect("fits"), &b).expect("fits");
            let off = (there.get() * Decimal::from(n) - start).abs();
            prop_assert!(off * Decimal::TWO <= Decimal::from(n) * Decimal::new(1, places as u32));
        }
    }
}
