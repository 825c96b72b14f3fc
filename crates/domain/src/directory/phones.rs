//! Phone numbers: kept as given, and beside it in a form that compares: E.164 wherever the country is known, by the
//! number itself or by the address of its owner.

use phonenumber::{Mode, country};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{Code, Findings, Result};

/// The text is not a phone number.
pub const INVALID_PHONE: Code = Code::invalid("phone.invalid", "This is not a phone number.");

/// A phone number of a party or contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneNumber {
    /// The number as it was given.
    #[schema(min_length = 3, max_length = 40, example = "+1 (509) 555-0123")]
    pub number: String,
    /// What it is for, as free text.
    #[serde(default)]
    #[schema(max_length = 50, example = "office")]
    pub label: Option<String>,
    /// The one to use first. When none is, the first of the list becomes it.
    #[serde(default)]
    pub primary: bool,
    /// Computed by the server and never taken from a request: E.164 (`+15095550123`) when the number was given with its
    /// country code or is a number of the country of its owner's address, else only its digits.
    #[serde(default)]
    #[schema(max_length = 40, read_only)]
    pub normalised: String,
}

/// Reads the numbering plans of all countries. The first number does it otherwise, and who sent it waits.
pub fn prepare() {
    drop(e164("+15095550123"));
}

/// As [`normalise_in`], of somebody whose country is not known.
pub fn normalise(text: &str) -> Result<String> {
    normalise_in(text, None)
}

/// The form that compares: E.164 for an international number (`00` counts as `+`) and for one that is valid in the country
/// (ISO 3166-1 alpha-2), else the digits alone.
pub fn normalise_in(text: &str, in_country: Option<&str>) -> Result<String> {
    let text = text.trim();
    let (number, extension) = text.split_once(['x', '#', ';']).unwrap_or((text, ""));
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '.' | '/' | '\u{a0}');
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let plus = number.starts_with('+') || number.starts_with("(+");
    let bad = !number.chars().all(allowed) || number.matches('+').count() > usize::from(plus);
    let digits = if plus { digits } else { digits.strip_prefix("00").map_or(digits.clone(), |d| format!("+{d}")) };
    let digits = if plus { format!("+{digits}") } else { digits };
    let international = digits.starts_with('+');
    let count = digits.len() - usize::from(international);
    if bad || count < 3 || count > if international { 16 } else { 20 } || digits.starts_with("+0") || extension.len() > 12 {
        return Err(INVALID_PHONE.field("", format!("{text:?} is not a phone number.")));
    }
    let known = match international {
        true => e164(&without_trunk_zero(number, &digits)),
        false => in_country.and_then(|c| e164_of(&digits, c)),
    };
    match known.unwrap_or(digits) {
        long if long.starts_with('+') && long.len() > 16 => Err(INVALID_PHONE.field("", format!("{text:?} is not a phone number."))),
        normal => Ok(normal),
    }
}

/// An international number as it is dialled: the `(0)` that is written for callers from inside the country goes. In Italy,
/// San Marino and the Vatican the zero is part of the number.
fn without_trunk_zero(number: &str, digits: &str) -> String {
    let keeps = ["+39", "+378", "+379"].iter().any(|c| digits.starts_with(c));
    match number.split_once("(0)") {
        Some((before, after)) if !keeps && before.chars().any(|c| c.is_ascii_digit()) => {
            let shown: String = before.chars().chain(after.chars()).filter(char::is_ascii_digit).collect();
            format!("+{}", if digits.len() == shown.len() + 2 { &shown } else { shown.trim_start_matches("00") })
        }
        _ => digits.to_string(),
    }
}

/// The number in E.164, when its country code is one.
fn e164(digits: &str) -> Option<String> {
    phonenumber::parse(None, digits).ok().map(|n| n.format().mode(Mode::E164).to_string())
}

/// The national number in E.164, when it is a number of this country.
fn e164_of(digits: &str, in_country: &str) -> Option<String> {
    let country: country::Id = in_country.parse().ok()?;
    let number = phonenumber::parse(Some(country), digits).ok()?;
    number.is_valid().then(|| number.format().mode(Mode::E164).to_string())
}

/// Normalises a list of somebody in this country; exactly one of a list that is not empty becomes primary. Places are relative
/// to the list.
pub fn normalise_all(list: Vec<PhoneNumber>, in_country: Option<&str>) -> Result<Vec<PhoneNumber>> {
    let mut found = Findings::default();
    let mut out: Vec<PhoneNumber> = Vec::with_capacity(list.len());
    for (i, mut p) in list.into_iter().enumerate() {
        if let Some(normalised) = found.take(&format!("/{i}/number"), normalise_in(&p.number, in_country)) {
            p.normalised = normalised;
        }
        if p.primary && out.iter().any(|o| o.primary) {
            found.add(INVALID_PHONE, format!("/{i}/primary"), "Only one number can be primary.");
        }
        out.push(p);
    }
    found.done()?;
    if !out.iter().any(|p| p.primary)
        && let Some(first) = out.first_mut()
    {
        first.primary = true;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn international_numbers_become_e164_and_others_their_digits() {
        for (given, normal) in [
            ("+1 (509) 555-0123", "+15095550123"),
            ("0049 30 901820", "+4930901820"),
            ("030-0074321", "0300074321"),
            ("(5) 555-4729", "55554729"),
            ("0621-08460", "062108460"),
            ("+44 20 7946 0958 x12", "+442079460958"),
            ("555.0123", "5550123"),
            ("+49 (0)30 9018201", "+49309018201"),
            ("0049 (0)30 9018201", "+49309018201"),
            ("+44 (0)20 7946 0958", "+442079460958"),
            ("+39 (0)6 698 83333", "+390669883333"),
        ] {
            assert_eq!(normalise(given).expect(given), normal, "{given}");
        }
    }

    #[test]
    fn a_national_number_is_one_of_the_country_of_the_address() {
        for (given, country, normal) in [
            ("030 9018201", "DE", "+49309018201"),
            ("020 7946 0958", "GB", "+442079460958"),
            ("(509) 555-0123", "US", "+15095550123"),
            ("06 698 83333", "IT", "+390669883333"),
            ("03-3224-5000", "JP", "+81332245000"),
            ("+44 (0)20 7946 0958", "DE", "+442079460958"),
            ("12345", "DE", "12345"),
            ("030 9018201", "ZZ", "0309018201"),
        ] {
            assert_eq!(normalise_in(given, Some(country)).expect(given), normal, "{given} in {country}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for bad in ["", "+", "12", "call me", "+0 123 456", "+1234567890123456", "12+34+56", "555-CALL"] {
            assert!(normalise(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}", number in "[+0-9 ()-]{0,24}", country in "[A-Z]{2}") {
            let _ = normalise_in(&text, Some(&country));
            if let Ok(once) = normalise_in(&number, Some(&country)) {
                prop_assert_eq!(normalise_in(&once, Some(&country)).expect("normal"), once);
            }
        }
    }
}
