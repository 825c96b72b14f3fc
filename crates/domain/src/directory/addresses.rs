//! A postal address as a value. Documents copy it, so that changing a party's address never rewrites an old invoice.

use iso_currency::Country;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{Code, Result};

/// The country is not one of ISO 3166-1.
pub const UNKNOWN_COUNTRY: Code = Code::invalid("address.unknown_country", "There is no country with this code.");

/// An address whose first line is given as `$line1`: the two differ in nothing else.
macro_rules! postal_address {
    ($(#[$about:meta])* $name:ident { $(#[$line:meta])* line1: $line1:ty }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(#[$line])*
            #[schema(min_length = 1, max_length = 200, example = "12 Orchestra Terrace")]
            pub line1: $line1,
            /// The second line.
            #[serde(default)]
            #[schema(max_length = 200)]
            pub line2: Option<String>,
            /// City or town.
            #[serde(default)]
            #[schema(max_length = 100, example = "Walla Walla")]
            pub city: Option<String>,
            /// State, province or county.
            #[serde(default)]
            #[schema(max_length = 100)]
            pub region: Option<String>,
            /// Postal code.
            #[serde(default)]
            #[schema(max_length = 20, example = "99362")]
            pub postal_code: Option<String>,
            /// Country, ISO 3166-1 alpha-2.
            #[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "US")]
            pub country: String,
        }

        impl $name {
            /// Refuses a country that does not exist; the place is `/country` of the address.
            pub fn check(&self) -> Result<()> {
                check_country(&self.country)
            }
        }
    };
}

postal_address! {
    /// A postal address.
    Address {
        /// Street and number, or the first line.
        line1: String
    }
}

postal_address! {
    /// A postal address as far as it is known: often the country alone, from a form.
    LeadAddress {
        /// Street and number, or the first line. Without it the address does not go to the party that the lead becomes.
        #[serde(default)]
        line1: Option<String>
    }
}

impl LeadAddress {
    /// The address of a party, when it is whole.
    pub fn whole(&self) -> Option<Address> {
        let LeadAddress { line1, line2, city, region, postal_code, country } = self.clone();
        line1.map(|line1| Address { line1, line2, city, region, postal_code, country })
    }
}

/// Refuses a country that does not exist; the place is `/country`.
pub fn check_country(code: &str) -> Result<()> {
    match known_country(code) {
        true => Ok(()),
        false => Err(UNKNOWN_COUNTRY.field("/country", format!("{code} is not an ISO 3166-1 code."))),
    }
}

fn known_country(code: &str) -> bool {
    code.parse::<Country>().is_ok_and(|c| c != Country::Unspecified) || code == "XK"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_must_exist() {
        for (code, known) in [("US", true), ("DE", true), ("GB", true), ("XK", true), ("ZZ", false), ("us", false), ("USA", false)] {
            assert_eq!(known_country(code), known, "{code}");
        }
    }
}

/// A country, ISO 3166-1 alpha-2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "DE")]
pub struct CountryCode(pub String);
