//! How values look in a query: the same forms that the document shows, and no others. What parsers of the libraries take
//! beyond them (a sign before a whole number, leading zeros, a year of five digits) is refused, so that one value has one form.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
pub(crate) use domain::kernel::is_decimal;

/// A decimal.
pub(crate) const DECIMAL: &str = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,10})?$";

/// Years that a day or instant in a body may be in. Terms and durations added to one of them stay within the years that have four digits.
const YEARS: std::ops::RangeInclusive<i32> = 1..=8999;

/// Whether it is a number without leading zeros: `7`, `-12`.
fn is_whole(digits: &str, most: usize) -> bool {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain && (1..=most).contains(&digits.len()) && (digits.len() == 1 || !digits.starts_with('0'))
}

/// A whole number.
pub(crate) fn whole(raw: &str) -> Option<i64> {
    is_whole(raw.strip_prefix('-').unwrap_or(raw), 18).then(|| raw.parse().ok()).flatten()
}

/// A day that is asked about, `2026-01-31`: any with a year of four digits, as `9999-12-31` is a usual way to say "ever".
pub(crate) fn day(raw: &str) -> Option<NaiveDate> {
    let plain = raw.len() == 10 && raw.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    plain.then(|| raw.parse::<NaiveDate>().ok()).flatten().filter(|d| d.year() >= 1)
}

/// A day that is stored.
pub(crate) fn stored_day(raw: &str) -> Option<NaiveDate> {
    day(raw).filter(|d| YEARS.contains(&d.year()))
}

/// An instant, `2026-01-31T12:00:00Z` (RFC 3339).
pub(crate) fn instant(raw: &str) -> Option<DateTime<Utc>> {
    let plain = (20..=40).contains(&raw.len()) && raw.as_bytes()[..4].iter().all(u8::is_ascii_digit);
    let read = plain.then(|| DateTime::parse_from_rfc3339(raw).ok()).flatten()?.with_timezone(&Utc);
    YEARS.contains(&read.year()).then_some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_has_one_form() {
        for good in ["0", "7", "-12", "100"] {
            assert!(whole(good).is_some() && is_decimal(good), "{good}");
        }
        for bad in ["", "-", "+1", "01", "-01", "1 ", "1e3", "1_000"] {
            assert!(whole(bad).is_none() && !is_decimal(bad), "{bad}");
        }
        assert!(is_decimal("0.50") && is_decimal("-1.0000000001"));
        for bad in ["1.", ".5", "-.5", "01.5", "1.5.2", "1,5", "0.00000000001"] {
            assert!(!is_decimal(bad), "{bad}");
        }
    }

    #[test]
    fn a_year_has_four_digits() {
        assert!(day("2026-02-28").is_some() && day("0999-01-01").is_some());
        for bad in
            ["+10000-01-01", "10000-01-01", "0000-01-01", "2026-02-30", "2026-2-03", "26-02-03", "2026-02-03T00:00:00Z", "-001-01-01"]
        {
            assert!(day(bad).is_none(), "{bad}");
        }
        assert!(day("9999-12-31").is_some() && stored_day("9999-12-31").is_none() && stored_day("8999-12-31").is_some());
        assert!(instant("2026-01-31T12:00:00Z").is_some() && instant("2026-01-31T12:00:00.123456+02:00").is_some());
        for bad in ["+10000-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "2026-01-31", "2026-01-31T12:00:00", "99999999999999999999"] {
            assert!(instant(bad).is_none(), "{bad}");
        }
    }
}
