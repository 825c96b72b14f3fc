//! Currencies of ISO 4217 and their minor units. What may be booked is decided here and nowhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use uuid::Uuid;

use crate::kernel::{Amount, Code, Decimals, Id, Result, problems};

/// The currency is not one that money can be kept in.
pub const UNKNOWN_CURRENCY: Code = Code::invalid("currency.unknown", "There is no currency with this code.");

/// The code of a currency, ISO 4217.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CurrencyId([u8; 3]);

impl CurrencyId {
    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl Id for CurrencyId {
    const PREFIX: &'static str = "";
    fn from_uuid(v: Uuid) -> Self {
        let b = v.as_bytes();
        Self([b[0], b[1], b[2]])
    }
    fn uuid(self) -> Uuid {
        let mut b = [0u8; 16];
        b[..3].copy_from_slice(&self.0);
        Uuid::from_bytes(b)
    }
}

impl fmt::Display for CurrencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for CurrencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for CurrencyId {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, String> {
        match s.as_bytes() {
            &[a, b, c] if s.bytes().all(|b| b.is_ascii_uppercase()) => Ok(Self([a, b, c])),
            _ => Err("not three capital letters".to_string()),
        }
    }
}

impl Serialize for CurrencyId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.code())
    }
}

impl utoipa::PartialSchema for CurrencyId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The code of a currency, ISO 4217."))
            .pattern(Some("^[A-Z]{3}$"))
            .max_length(Some(3))
            .examples(["EUR"])
            .into()
    }
}

impl ToSchema for CurrencyId {
    fn name() -> std::borrow::Cow<'static, str> {
        "CurrencyId".into()
    }
}

/// A currency of ISO 4217. The list comes with the program and cannot be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Currency {
    /// The code.
    pub id: CurrencyId,
    /// The numeric code, three digits.
    #[schema(min_length = 3, max_length = 3, pattern = "^[0-9]{3}$", example = "978")]
    pub numeric_code: String,
    /// The name in English.
    #[schema(max_length = 100, example = "Euro")]
    pub name: String,
    /// Decimal places of a booked amount: EUR 2, JPY 0, KWD 3.
    #[schema(minimum = 0, maximum = 4)]
    pub minor_units: i32,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated Currency, CurrencyId, "currency" }

/// All currencies that money can be kept in, by code. Metals, test codes and units of account without minor units are not.
pub fn all() -> Vec<Currency> {
    use iso_currency::IntoEnumIterator;
    let mut out: Vec<Currency> = iso_currency::Currency::iter()
        .filter_map(|c| {
            Some(Currency {
                id: c.code().parse().ok()?,
                numeric_code: format!("{:03}", c.numeric()),
                name: c.name().to_string(),
                minor_units: i32::from(c.exponent()?),
                version: 1,
            })
        })
        .collect();
    out.sort_by_key(|c| c.id);
    out
}

/// Decimal places of a booked amount in this currency: EUR 2, JPY 0, KWD 3; [`UNKNOWN_CURRENCY`] otherwise.
pub fn minor_units(code: &str) -> Result<u32> {
    let known = iso_currency::Currency::from_code(code).and_then(|c| c.exponent());
    known.map(u32::from).ok_or_else(|| UNKNOWN_CURRENCY.with(format!("{code:?} is not a currency of ISO 4217 with minor units.")))
}

/// Refuses an amount finer than the minor unit of its currency; nothing is rounded. `pointer` names the field.
pub fn check_money(amount: Amount, currency: &str, pointer: &str) -> Result<()> {
    let places = minor_units(currency)?;
    if amount.get().normalize().scale() > places {
        return Err(problems::too_many_decimals.field(pointer, format!("{currency} has {places} decimal places.")));
    }
    Ok(())
}

/// The value rounded half away from zero to the minor unit of the currency.
pub fn round_money(value: impl Into<crate::kernel::Decimal>, currency: &str) -> Result<Amount> {
    Amount::exact(crate::kernel::round(value.into(), minor_units(currency)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minor_units_are_those_of_iso_4217() {
        for (code, places) in [("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("CHF", 2), ("BHD", 3)] {
            assert_eq!(minor_units(code).expect(code), places, "{code}");
        }
        for bad in ["XAU", "XXX", "XTS", "eur", "", "EURO", "ZZZ"] {
            assert_eq!(minor_units(bad).expect_err(bad).code(), UNKNOWN_CURRENCY, "{bad}");
        }
    }

    #[test]
    fn money_finer_than_its_currency_is_refused_at_the_field() {
        let amount = |s: &str| s.parse::<Amount>().expect("an amount");
        assert!(check_money(amount("12.50"), "EUR", "/total").is_ok());
        assert!(check_money(amount("12"), "JPY", "/total").is_ok());
        let fine = check_money(amount("12.505"), "EUR", "/total").expect_err("too fine");
        assert_eq!((fine.code(), fine.errors()[0].pointer.as_deref()), (problems::too_many_decimals, Some("/total")));
        assert!(check_money(amount("12.5"), "JPY", "/total").is_err());
        assert_eq!(round_money(amount("12.505"), "EUR").expect("rounds"), amount("12.51"));
    }

    #[test]
    fn every_currency_has_an_id_that_comes_back() {
        let all = all();
        assert!(all.len() > 150, "{}", all.len());
        for c in &all {
            assert_eq!(CurrencyId::from_uuid(c.id.uuid()), c.id);
            assert_eq!(c.id.to_string().parse::<CurrencyId>().expect("a code"), c.id);
            assert_eq!(minor_units(c.id.code()).expect("known"), c.minor_units as u32);
        }
        assert!(all.windows(2).all(|w| w[0].id < w[1].id));
    }
}
