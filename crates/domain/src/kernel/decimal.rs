//! Exact decimals of four meanings. On the wire they are strings; a JSON number is refused, and so are more places
//! than the meaning has. Nothing here rounds: rounding has a name and a place ([`super::rounding`]).

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};

use super::error::{Problem, problems};
use super::number::Decimal;

/// Whether a text has the form of a decimal on the wire: no sign before a positive number, no leading zeros, digits on both
/// sides of the point.
pub fn is_decimal(text: &str) -> bool {
    let digits = |t: &str, most: usize| (1..=most).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = unsigned.split_once('.').map_or((unsigned, None), |(w, p)| (w, Some(p)));
    digits(whole, 18) && (whole.len() == 1 || !whole.starts_with('0')) && places.is_none_or(|p| digits(p, 10))
}

/// The pattern of every decimal on the wire.
const PATTERN: &str = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,10})?$";

/// What the decimal types have in common.
pub trait Decimals: Copy + Into<Decimal> {
    /// Places after the point.
    const SCALE: u32;
    /// Digits before the point at most.
    const WHOLE: u32;
    /// The value, refused with `amount_out_of_range` or `too_many_decimals` when it does not fit; never rounded.
    fn exact(value: Decimal) -> Result<Self, Problem>;
    /// A sum of such values: with the same places, and as many digits before the point as the wire can carry.
    fn sum_of(value: Decimal) -> Result<Self, Problem>;
}

/// Digits before the point that a sum has at most: those of [`PATTERN`].
const WIDEST: u32 = 18;

fn fits(value: Decimal, scale: u32, whole: u32) -> Result<Decimal, Problem> {
    if value.is_out_of_range() {
        return Err(problems::amount_out_of_range.with("A calculation gave a number that is too large."));
    }
    let value = value.normalize();
    if value.scale() > scale {
        return Err(problems::too_many_decimals.with(format!("{value} has more than {scale} decimal places.")));
    }
    if value.abs() >= Decimal::from(10u64.pow(whole)) {
        return Err(problems::amount_out_of_range.with(format!("{value} has more than {whole} digits before the point.")));
    }
    Ok(value)
}

macro_rules! decimals { ($($(#[$m:meta])* $name:ident scale $scale:literal whole $whole:literal show $show:literal example $example:literal;)+) => { $(
    $(#[$m])*
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub struct $name(Decimal);

    impl $name {
        pub const ZERO: Self = Self(Decimal::ZERO);
        pub const ONE: Self = Self(Decimal::ONE);
        pub fn get(self) -> Decimal { self.0 }
        pub fn is_zero(self) -> bool { self.0.is_zero() }
        pub fn is_positive(self) -> bool { self.0 > Decimal::ZERO }
        pub fn is_negative(self) -> bool { self.0 < Decimal::ZERO }
        pub fn abs(self) -> Self { Self(self.0.abs()) }
    }
    impl Decimals for $name {
        const SCALE: u32 = $scale;
        const WHOLE: u32 = $whole;
        fn exact(value: Decimal) -> Result<Self, Problem> { fits(value, $scale, $whole).map(Self) }
        fn sum_of(value: Decimal) -> Result<Self, Problem> { fits(value, $scale, WIDEST).map(Self) }
    }
    impl From<$name> for Decimal { fn from(v: $name) -> Decimal { v.0 } }
    impl From<i32> for $name { fn from(v: i32) -> Self { Self(Decimal::from(v)) } }
    impl TryFrom<Decimal> for $name { type Error = Problem; fn try_from(v: Decimal) -> Result<Self, Problem> { Self::exact(v) } }
    impl Add for $name { type Output = Self; fn add(self, o: Self) -> Self { Self(self.0 + o.0) } }
    impl Sub for $name { type Output = Self; fn sub(self, o: Self) -> Self { Self(self.0 - o.0) } }
    impl Neg for $name { type Output = Self; fn neg(self) -> Self { Self(-self.0) } }
    impl AddAssign for $name { fn add_assign(&mut self, o: Self) { self.0 += o.0; } }
    impl SubAssign for $name { fn sub_assign(&mut self, o: Self) { self.0 -= o.0; } }
    impl Sum for $name { fn sum<I: Iterator<Item = Self>>(i: I) -> Self { i.fold(Self::ZERO, Add::add) } }
    impl fmt::Display for $name {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut shown = self.0.normalize();
            let places = shown.scale().max($show);
            shown.rescale(places);
            fmt::Display::fmt(&shown, f)
        }
    }
    impl fmt::Debug for $name { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { fmt::Display::fmt(self, f) } }
    impl FromStr for $name {
        type Err = Problem;
        fn from_str(s: &str) -> Result<Self, Problem> {
            let value = is_decimal(s).then(|| Decimal::from_str_exact(s)).flatten();
            Self::exact(value.ok_or_else(|| problems::invalid_body.with(format!("{s:?} is not a decimal.")))?)
        }
    }
    impl Serialize for $name { fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) } }
    impl<'de> Deserialize<'de> for $name {
        fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            let text = Cow::<'de, str>::deserialize(d)?;
            text.parse().map_err(|p: Problem| serde::de::Error::custom(format!("{}: {p}", p.code().code)))
        }
    }
    impl utoipa::PartialSchema for $name {
        fn schema() -> RefOr<Schema> {
            ObjectBuilder::new().schema_type(Type::String).pattern(Some(PATTERN)).max_length(Some(30))
                .description(Some(concat!("An exact decimal as a string, at most ", stringify!($whole), " digits before and ", stringify!($scale), " after the point.")))
                .examples([$example]).into()
        }
    }
    impl utoipa::ToSchema for $name { fn name() -> Cow<'static, str> { stringify!($name).into() } }
)+ } }

decimals! {
    /// Money, four places; a posted amount has no more places than its currency.
    Amount scale 4 whole 13 show 2 example "12.50";
    /// A quantity in some unit, six places.
    Quantity scale 6 whole 9 show 0 example "2.5";
    /// Money for one unit, six places.
    UnitPrice scale 6 whole 9 show 2 example "9.99";
    /// A factor or a percentage, ten places.
    Rate scale 10 whole 7 show 0 example "19";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_wire_form_is_a_string_and_keeps_its_value() {
        for (given, shown) in [("12.5", "12.50"), ("0", "0.00"), ("-0.0001", "-0.0001"), ("1200", "1200.00"), ("7.1000", "7.10")] {
            let v: Amount = given.parse().expect("an amount");
            assert_eq!(v.to_string(), shown);
            assert_eq!(serde_json::to_value(v).expect("json"), serde_json::json!(shown));
        }
        assert!(serde_json::from_value::<Amount>(serde_json::json!(12.5)).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused_and_never_rounded() {
        for bad in [
            "0.00001",
            "10000000000000",
            "1e3",
            "",
            "-",
            ".",
            "1.",
            ".5",
            "-.5",
            "01",
            "+1",
            "1.2.3",
            "NaN",
            "1_000",
            "99999999999999999999999999999999",
        ] {
            assert!(bad.parse::<Amount>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn sums_do_not_depend_on_the_order(mut cents in prop::collection::vec(-1_000_000_000i64..1_000_000_000, 0..200)) {
            let sum = |v: &[i64]| v.iter().map(|&c| Amount(Decimal::new(c, 4))).sum::<Amount>();
            let forward = sum(&cents);
            cents.sort_unstable();
            prop_assert_eq!(forward, sum(&cents));
            prop_assert_eq!(forward.get(), Decimal::new(cents.iter().sum(), 4));
        }
    }
}
