//! Phone numbers: kept as given, and beside it in a form that compares.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::{Code, Findings, Result};

/// The text is not a phone number.
pub const INVALID_PHONE: Code = Code::invalid("phone.invalid", "This is not a phone number.");

/// A phone number of somebody.
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
    /// country code, else only its digits.
    #[serde(default)]
    #[schema(max_length = 40, read_only)]
    pub normalised: String,
}

/// The form that compares: `+` and digits for an international number (`00` counts as `+`), else the digits alone.
pub fn normalise(text: &str) -> Result<String> {
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
    if bad || count < 3 || count > if international { 15 } else { 20 } || digits.starts_with("+0") || extension.len() > 12 {
        return Err(INVALID_PHONE.field("", format!("{text:?} is not a phone number.")));
    }
    Ok(digits)
}

/// Normalises a list; exactly one of a list that is not empty becomes primary. Places are relative to the list.
pub fn normalise_all(list: Vec<PhoneNumber>) -> Result<Vec<PhoneNumber>> {
    let mut found = Findings::default();
    let mut out: Vec<PhoneNumber> = Vec::with_capacity(list.len());
    for (i, mut p) in list.into_iter().enumerate() {
        if let Some(normalised) = found.take(&format!("/{i}/number"), normalise(&p.number)) {
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
        ] {
            assert_eq!(normalise(given).expect(given), normal, "{given}");
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
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = normalise(&text);
        }
    }
}
