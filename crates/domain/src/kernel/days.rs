//! Days of a place: which one it is there, and its first moment. A zone that is not known counts as UTC.

use chrono::{DateTime, LocalResult, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// The longest time that clocks ever skipped is a day, when an island changed sides of the date line.
const MOST_SKIPPED_MINUTES: u32 = 24 * 60;

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
