//! How values look in a query: the same forms that the document shows, and no others. What parsers of the libraries take
//! beyond them (a sign before a whole number, leading zeros, a year of five digits) is refused, so that one value has one form.

use chrono::{DateTime, Datelike, Days as Count, Months, NaiveDate, Utc};
use domain::Result;
use domain::directory::companies::CompanySummary;
use domain::ids::CompanyId;
pub(crate) use domain::kernel::is_decimal;
use domain::kernel::{day_at, start_of_day};

use crate::caller::Companies;
use crate::cx::Cx;

/// A decimal.
pub(crate) const DECIMAL: &str = r"^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,10})?$";

/// What stands for a day by its distance from today.
macro_rules! relative {
    () => {
        r"(today|(start|end)_of_(week|month|quarter|year))([+-][1-9][0-9]{0,3}[dwmy])?"
    };
}
/// A day, by its date or by its distance from today.
pub(crate) const DAY: &str = concat!(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|", relative!(), ")$");
/// An instant, or a day by its distance from today.
pub(crate) const MOMENT: &str = concat!(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]{8,20}([Zz]|[+-][0-9]{2}:[0-9]{2})|", relative!(), ")$");
/// What the document says of days and instants in filters, by the names of their schemas.
pub const FILTER_SCHEMAS: [(&str, &str, &str); 2] = [
    (FILTER_DAY, DAY, "A day such as `2026-01-31`, or by its distance from today: `today`, `start_of_week`, `end_of_month`, `today-7d`."),
    (
        FILTER_INSTANT,
        MOMENT,
        "An instant such as `2026-01-31T12:00:00Z`, or a whole day by its distance from today: `today`, `start_of_week`, `today-7d`.",
    ),
];
pub(crate) const FILTER_DAY: &str = "FilterDay";
pub(crate) const FILTER_INSTANT: &str = "FilterInstant";

/// The days that stand for `today` and its like: those of the caller's time zone; of a caller without one those of the company that
/// is asked about, or of the only company of the caller; else those of UTC.
pub(crate) struct Days {
    today: NaiveDate,
    time_zone: String,
}

impl Days {
    /// As the query needs them: most queries name no such day, and read nothing for it.
    pub(crate) fn asked(cx: &mut Cx, query: &[(String, String)]) -> Result<Self> {
        let named = query.iter().any(|(_, value)| ["today", "start_of_", "end_of_"].iter().any(|word| value.starts_with(word)));
        let time_zone = match cx.caller.time_zone {
            Some(zone) => zone.name().to_string(),
            None if named => of_company(cx, query)?,
            None => "UTC".into(),
        };
        Ok(Self { today: day_at(cx.now, &time_zone), time_zone })
    }
    /// The first moment of a day.
    pub(crate) fn begin(&self, day: NaiveDate) -> DateTime<Utc> {
        start_of_day(day, &self.time_zone)
    }
    /// The day for which such a word stands.
    pub(crate) fn relative(&self, raw: &str) -> Option<NaiveDate> {
        let (word, distance) = match raw.find(['+', '-']) {
            Some(at) => (&raw[..at], Some(&raw[at..])),
            None => (raw, None),
        };
        let day = named(word, self.today)?;
        match distance {
            Some(distance) => moved(day, distance).filter(|d| YEARS.contains(&d.year())),
            None => Some(day),
        }
    }
}

fn of_company(cx: &mut Cx, query: &[(String, String)]) -> Result<String> {
    let asked = query.iter().find(|(name, _)| name == "company_id").and_then(|(_, value)| value.parse::<CompanyId>().ok());
    let only = match &cx.caller.companies {
        Companies::These(ids) if ids.len() == 1 => ids.first().copied(),
        _ => None,
    };
    let company = match asked.or(only) {
        Some(id) => cx.find_all::<CompanySummary>(&[id])?.pop(),
        None => None,
    };
    Ok(company.map_or_else(|| "UTC".into(), |c| c.time_zone))
}

/// The first or last day of a stretch of time around a day. Weeks begin on Monday.
fn named(word: &str, today: NaiveDate) -> Option<NaiveDate> {
    let first_of = |month: u32| NaiveDate::from_ymd_opt(today.year(), month, 1);
    let (end, stretch) = match word {
        "today" => return Some(today),
        _ => word.strip_prefix("start_of_").map(|s| (false, s)).or_else(|| word.strip_prefix("end_of_").map(|s| (true, s)))?,
    };
    let (first, months) = match stretch {
        "week" => {
            let first = today - Count::new(today.weekday().num_days_from_monday().into());
            return Some(if end { first + Count::new(6) } else { first });
        }
        "month" => (first_of(today.month())?, 1),
        "quarter" => (first_of(today.month0() / 3 * 3 + 1)?, 3),
        "year" => (first_of(1)?, 12),
        _ => return None,
    };
    if end { first.checked_add_months(Months::new(months))?.pred_opt() } else { Some(first) }
}

/// The day at a distance such as `-7d`.
fn moved(day: NaiveDate, distance: &str) -> Option<NaiveDate> {
    let back = distance.starts_with('-');
    let (number, unit) = distance.get(1..)?.split_at_checked(distance.len().checked_sub(2)?)?;
    let digits = (1..=4).contains(&number.len()) && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit());
    let n: u32 = digits.then(|| number.parse().ok()).flatten()?;
    let days = |n: u64| if back { day.checked_sub_days(Count::new(n)) } else { day.checked_add_days(Count::new(n)) };
    let months = |n: u32| if back { day.checked_sub_months(Months::new(n)) } else { day.checked_add_months(Months::new(n)) };
    match unit {
        "d" => days(n.into()),
        "w" => days(u64::from(n) * 7),
        "m" => months(n),
        "y" => months(n * 12),
        _ => None,
    }
}

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
    fn days_are_named_by_their_distance_from_today() {
        let days = Days { today: NaiveDate::from_ymd_opt(2026, 5, 14).expect("a Thursday"), time_zone: "Europe/Berlin".into() };
        let is = |raw: &str, day: &str| assert_eq!(days.relative(raw).map(|d| d.to_string()).as_deref(), Some(day), "{raw}");
        is("today", "2026-05-14");
        is("today-7d", "2026-05-07");
        is("today+2w", "2026-05-28");
        is("start_of_week", "2026-05-11");
        is("end_of_week", "2026-05-17");
        is("start_of_month", "2026-05-01");
        is("end_of_month-1m", "2026-04-30");
        is("start_of_quarter", "2026-04-01");
        is("end_of_quarter", "2026-06-30");
        is("start_of_year-1y", "2025-01-01");
        is("end_of_year", "2026-12-31");
        for bad in [
            "",
            "Today",
            "today-",
            "today-0d",
            "today-7",
            "today+07d",
            "today-7h",
            "start_of_day",
            "start_of_",
            "today-99999d",
            "-7d",
            "today-9999y",
        ] {
            assert!(days.relative(bad).is_none(), "{bad}");
        }
        assert_eq!(days.begin(days.today).to_rfc3339(), "2026-05-13T22:00:00+00:00");
        let pattern = |text: &str, raw: &str| jsonschema::is_valid(&serde_json::json!({ "pattern": text }), &serde_json::json!(raw));
        assert!(pattern(DAY, "today-7d") && pattern(DAY, "2026-01-31") && !pattern(DAY, "tomorrow"));
        assert!(pattern(MOMENT, "2026-01-31T12:00:00.123456+02:00") && pattern(MOMENT, "today") && !pattern(MOMENT, "2026-01-31"));
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
