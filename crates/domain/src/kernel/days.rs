//! Days of a place: which one it is there, and its first moment. A zone that is not known counts as UTC.

use chrono::{DateTime, Datelike, Days, LocalResult, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The longest time that clocks ever skipped is a day, when an island changed sides of the date line.
const MOST_SKIPPED_MINUTES: u32 = 24 * 60;

crate::string_enum! {
    /// A span of the calendar that figures are given for, one after the other. Weeks begin on Mondays.
    pub enum Interval {
        /// A day.
        Day = "day",
        /// A week, from Monday to Sunday.
        Week = "week",
        /// A calendar month.
        Month = "month",
        /// A quarter of a calendar year.
        Quarter = "quarter",
        /// A calendar year.
        Year = "year",
    }
}

impl Interval {
    /// The first day of the span that a day is in.
    pub fn start_of(self, day: NaiveDate) -> NaiveDate {
        let first = |month: u32| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
        match self {
            Interval::Day => day,
            Interval::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())).unwrap_or(day),
            Interval::Month => first(day.month()),
            Interval::Quarter => first((day.month() - 1) / 3 * 3 + 1),
            Interval::Year => first(1),
        }
    }
    /// The last day of the span that a day is in.
    pub fn end_of(self, day: NaiveDate) -> NaiveDate {
        let start = self.start_of(day);
        let next = match self {
            Interval::Day => start.checked_add_days(Days::new(1)),
            Interval::Week => start.checked_add_days(Days::new(7)),
            Interval::Month => start.checked_add_months(Months::new(1)),
            Interval::Quarter => start.checked_add_months(Months::new(3)),
            Interval::Year => start.checked_add_months(Months::new(12)),
        };
        next.and_then(|n| n.pred_opt()).unwrap_or(day)
    }
    /// The spans from one day to another, each with its first and last day, cut at both ends; `None` when there are more than `most`.
    pub fn spans(self, from: NaiveDate, to: NaiveDate, most: usize) -> Option<Vec<(NaiveDate, NaiveDate)>> {
        let mut out = Vec::new();
        let mut at = from;
        while at <= to {
            if out.len() == most {
                return None;
            }
            let end = self.end_of(at).min(to);
            out.push((at, end));
            match end.succ_opt() {
                Some(next) => at = next,
                None => break,
            }
        }
        Some(out)
    }
}

/// The calendar day of an instant in a time zone.
pub fn day_at(at: DateTime<Utc>, time_zone: &str) -> NaiveDate {
    at.with_timezone(&zone_of(time_zone)).date_naive()
}

/// The first moment of a day in a time zone; where the clocks skip midnight, the moment at which they go on.
pub fn start_of_day(day: NaiveDate, time_zone: &str) -> DateTime<Utc> {
    moment_of(zone_of(time_zone), day, 0)
}

/// The first moment at which the clocks show a time of a day, in minutes since midnight, or, when they skip it, the moment at
/// which they go on.
pub fn moment_of(zone: Tz, day: NaiveDate, minute: u32) -> DateTime<Utc> {
    let wanted = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(minute.into());
    let mut local = wanted;
    for _ in 0..=MOST_SKIPPED_MINUTES {
        match zone.from_local_datetime(&local) {
            LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => return at.with_timezone(&Utc),
            LocalResult::None => local += TimeDelta::minutes(1),
        }
    }
    wanted.and_utc()
}

fn zone_of(time_zone: &str) -> Tz {
    time_zone.parse().unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: &str) -> DateTime<Utc> {
        s.parse().expect("an instant")
    }

    #[test]
    fn spans_follow_the_calendar() {
        let day = |s: &str| s.parse::<NaiveDate>().expect("a day");
        for (interval, given, start, end) in [
            (Interval::Day, "2024-02-29", "2024-02-29", "2024-02-29"),
            (Interval::Week, "2024-12-31", "2024-12-30", "2025-01-05"),
            (Interval::Week, "2024-12-30", "2024-12-30", "2025-01-05"),
            (Interval::Week, "2025-01-05", "2024-12-30", "2025-01-05"),
            (Interval::Month, "2024-02-10", "2024-02-01", "2024-02-29"),
            (Interval::Quarter, "2025-12-31", "2025-10-01", "2025-12-31"),
            (Interval::Quarter, "2025-01-01", "2025-01-01", "2025-03-31"),
            (Interval::Year, "2025-07-04", "2025-01-01", "2025-12-31"),
        ] {
            assert_eq!((interval.start_of(day(given)), interval.end_of(day(given))), (day(start), day(end)), "{interval} {given}");
        }
        let spans = Interval::Month.spans(day("2025-01-15"), day("2025-03-02"), 3).expect("few");
        assert_eq!(
            spans,
            [("2025-01-15", "2025-01-31"), ("2025-02-01", "2025-02-28"), ("2025-03-01", "2025-03-02")].map(|(a, b)| (day(a), day(b)))
        );
        assert_eq!(Interval::Month.spans(day("2025-01-15"), day("2025-03-02"), 2), None);
    }

    #[test]
    fn days_begin_with_the_first_moment_of_the_place() {
        for (day, zone, start) in [
            ("2026-07-01", "Europe/Berlin", "2026-06-30T22:00:00Z"),
            ("2026-01-01", "Europe/Berlin", "2025-12-31T23:00:00Z"),
            ("2026-01-01", "America/New_York", "2026-01-01T05:00:00Z"),
            ("2026-01-01", "Pacific/Kiritimati", "2025-12-31T10:00:00Z"),
            // clocks go from 00:00 to 01:00
            ("2026-09-06", "America/Santiago", "2026-09-06T04:00:00Z"),
            // clocks go from 01:00 back to 00:00: midnight is there twice
            ("2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"),
            // a day that was skipped begins with the next one
            ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00Z"),
            ("2026-01-01", "nonsense", "2026-01-01T00:00:00Z"),
        ] {
            assert_eq!(start_of_day(day.parse().expect("a day"), zone), at(start), "{day} {zone}");
        }
    }

    #[test]
    fn a_day_begins_on_itself() {
        for zone in ["Pacific/Kiritimati", "Pacific/Niue", "America/Santiago", "Asia/Kathmandu", "UTC"] {
            for day in (0..800).filter_map(|n| NaiveDate::from_ymd_opt(2025, 1, 1)?.checked_add_days(chrono::Days::new(n))) {
                let start = start_of_day(day, zone);
                assert_eq!(day_at(start, zone), day, "{zone}");
                assert_eq!(day_at(start - TimeDelta::seconds(1), zone), day.pred_opt().expect("a day before"), "{zone}");
            }
        }
    }
}
