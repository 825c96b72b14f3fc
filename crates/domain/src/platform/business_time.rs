//! Working time: which moment is so many working hours after another, and how many lie between two. Pure functions of a
//! calendar's hours. Clocks that are put forward or back are respected: an interval lasts as long as it really does on
//! that day, and a time that the clocks skip or show twice is its first moment.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::kernel::{Code, Result, moment_of};

/// The calendar has so many holidays that the working time is not there within [`MOST_DAYS`].
pub const OUT_OF_REACH: Code = Code::invalid("calendar.out_of_reach", "The calendar does not have that much working time.");

/// How far ahead is looked, in days: twenty years.
pub const MOST_DAYS: u32 = 7305;

/// The hours of a calendar, ready to compute with.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: Tz,
    /// For each day from Monday: intervals in minutes since midnight, in order and without overlap.
    week: [Vec<(u32, u32)>; 7],
    holidays: BTreeSet<NaiveDate>,
}

impl Hours {
    /// `week` from Monday, in minutes since midnight, in order and without overlap.
    pub fn new(zone: Tz, week: [Vec<(u32, u32)>; 7], holidays: BTreeSet<NaiveDate>) -> Self {
        Self { zone, week, holidays }
    }
    /// Every hour of every day.
    pub fn around_the_clock() -> Self {
        Self::new(Tz::UTC, std::array::from_fn(|_| vec![(0, 24 * 60)]), BTreeSet::new())
    }
    fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.zone).date_naive()
    }
    /// The working intervals of a day, in UTC.
    fn windows(&self, day: NaiveDate) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> + '_ {
        let minutes: &[(u32, u32)] = match self.holidays.contains(&day) {
            true => &[],
            false => &self.week[day.weekday().num_days_from_monday() as usize],
        };
        minutes.iter().map(move |(from, to)| (moment_of(self.zone, day, *from), moment_of(self.zone, day, *to)))
    }
}

/// The moment that is `duration` of working time after `start`. A deadline exactly at closing time stays on that day;
/// nothing or less than nothing is due at `start` itself.
///
/// # Errors
/// [`OUT_OF_REACH`] when there is not that much working time in the next twenty years.
pub fn add_business(start: DateTime<Utc>, duration: TimeDelta, hours: &Hours) -> Result<DateTime<Utc>> {
    if duration <= TimeDelta::zero() {
        return Ok(start);
    }
    let mut left = duration;
    // a day earlier, because clocks that are put back may show the day before again
    let mut day = hours.day_of(start) - Days::new(1);
    for _ in 0..MOST_DAYS {
        for (from, to) in hours.windows(day) {
            let from = from.max(start);
            if from >= to {
                continue;
            }
            if left <= to - from {
                return Ok(from + left);
            }
            left -= to - from;
        }
        day = day + Days::new(1);
    }
    Err(OUT_OF_REACH.with("There are too few working hours in the next twenty years."))
}

/// The working time from `from` to `to`; none when `to` is not later.
pub fn business_between(from: DateTime<Utc>, to: DateTime<Utc>, hours: &Hours) -> TimeDelta {
    let mut sum = TimeDelta::zero();
    if to <= from {
        return sum;
    }
    let mut day = hours.day_of(from) - Days::new(1);
    let last = hours.day_of(to) + Days::new(1);
    while day <= last {
        for (opens, closes) in hours.windows(day) {
            let (opens, closes) = (opens.max(from), closes.min(to));
            if opens < closes {
                sum += closes - opens;
            }
        }
        day = day + Days::new(1);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FRIDAY: usize = 4;

    fn hours(zone: &str, days: std::ops::RangeInclusive<usize>, intervals: &[(u32, u32)], holidays: &[&str]) -> Hours {
        let week =
            std::array::from_fn(|d| if days.contains(&d) { intervals.iter().map(|(f, t)| (f * 60, t * 60)).collect() } else { vec![] });
        Hours::new(zone.parse().expect("a zone"), week, holidays.iter().map(|d| d.parse().expect("a day")).collect())
    }
    fn utc(text: &str) -> DateTime<Utc> {
        let long = if text.len() == 16 { format!("{text}:00Z") } else { text.to_string() };
        long.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }
    fn h(n: i64) -> TimeDelta {
        TimeDelta::hours(n)
    }
    fn due(start: &str, hours_of_work: i64, by: &Hours) -> DateTime<Utc> {
        add_business(utc(start), h(hours_of_work), by).expect("in reach")
    }

    /// G11: the holiday and the weekend do not count, and a hold carries what remains.
    #[test]
    fn eight_hours_over_a_long_weekend() {
        let office = hours("UTC", 0..=FRIDAY, &[(9, 17)], &["2026-05-25"]);
        assert_eq!(due("2026-05-22T16:00", 8, &office), utc("2026-05-26T16:00"));
        let used = business_between(utc("2026-05-22T16:00"), utc("2026-05-22T16:30"), &office);
        let resumed = add_business(utc("2026-05-26T10:00"), h(8) - used, &office);
        assert_eq!(resumed.expect("in reach"), utc("2026-05-27T09:30"));
    }

    /// SLA-03 and SLA-05: a deadline exactly at closing time stays on that day.
    #[test]
    fn response_and_resolution_around_closing_time() {
        let shop = hours("UTC", 0..=6, &[(10, 18)], &["2019-03-05"]);
        for (opened, response, resolution) in
            [("2019-03-04T07:00", "2019-03-04T14:00", "2019-03-04T16:00"), ("2019-03-04T14:00", "2019-03-04T18:00", "2019-03-06T12:00")]
        {
            assert_eq!((due(opened, 4, &shop), due(opened, 6, &shop)), (utc(response), utc(resolution)), "{opened}");
        }
    }

    /// SLA-08: working time until the first response, on the same and on the next day.
    #[test]
    fn working_time_until_the_first_response() {
        let office = hours("UTC", 0..=FRIDAY, &[(10, 18)], &[]);
        for (opened, answered, seconds) in [
            ("2021-06-28T11:00", "2021-06-28T12:00", 3600),
            ("2021-06-28T12:00", "2021-06-28T20:00", 21600),
            ("2021-06-28T06:00", "2021-06-28T12:00", 7200),
            ("2021-06-28T19:00", "2021-06-28T20:00", 0),
            ("2021-06-27T10:00", "2021-06-27T11:00", 0),
            ("2021-06-28T06:00", "2021-06-29T06:00", 28800),
            ("2021-06-28T06:00", "2021-06-29T11:00", 32400),
            ("2021-06-28T06:00", "2021-06-29T20:00", 57600),
            ("2021-06-25T06:00", "2021-06-26T11:00", 28800),
        ] {
            assert_eq!(business_between(utc(opened), utc(answered), &office).num_seconds(), seconds, "{opened} to {answered}");
        }
    }

    #[test]
    fn lunch_does_not_count() {
        let office = hours("UTC", 0..=FRIDAY, &[(9, 12), (13, 17)], &[]);
        assert_eq!(due("2026-05-20T11:30", 1, &office), utc("2026-05-20T13:30"));
        assert_eq!(due("2026-05-20T12:30", 4, &office), utc("2026-05-20T17:00"));
        assert_eq!(business_between(utc("2026-05-20T11:00"), utc("2026-05-20T14:00"), &office), h(2));
    }

    #[test]
    fn hours_are_by_the_clocks_of_the_zone_in_summer_and_winter() {
        let berlin = hours("Europe/Berlin", 0..=FRIDAY, &[(9, 17)], &[]);
        // 09:00 is 08:00 UTC before the change of 29 March 2026 and 07:00 UTC after it
        assert_eq!(due("2026-03-27T15:30", 1, &berlin), utc("2026-03-30T07:30"));
        assert_eq!(due("2026-10-23T14:30", 1, &berlin), utc("2026-10-26T08:30"));
        let night = hours("Europe/Berlin", 0..=6, &[(0, 24)], &[]);
        let day = |from, to| business_between(utc(from), utc(to), &night);
        assert_eq!(day("2026-03-28T23:00", "2026-03-29T22:00"), h(23), "the day the clocks go forward");
        assert_eq!(day("2026-10-24T22:00", "2026-10-25T23:00"), h(25), "the day the clocks go back");
    }

    #[test]
    fn a_time_that_clocks_skip_or_show_twice_is_its_first_moment() {
        let early = hours("Europe/Berlin", 6..=6, &[(2, 4)], &[]);
        let between = |day: &str| business_between(utc(&format!("{day}T00:00")) - h(24), utc(&format!("{day}T00:00")) + h(24), &early);
        assert_eq!(between("2026-03-29"), h(1), "02:00 is skipped; it opens at 03:00");
        assert_eq!(between("2026-10-25"), h(3), "02:00 comes twice; it opens at the first");
        let samoa = hours("Pacific/Apia", 0..=6, &[(9, 17)], &[]);
        assert_eq!(business_between(utc("2011-12-29T10:00"), utc("2011-12-31T10:00"), &samoa), h(2 * 8), "Friday 30 December never came");
    }

    #[test]
    fn nothing_is_due_at_once_and_too_much_is_refused() {
        let office = hours("UTC", 0..=0, &[(9, 10)], &[]);
        assert_eq!(due("2026-05-23T12:00", 0, &office), utc("2026-05-23T12:00"));
        let never = hours("UTC", 0..=FRIDAY, &[], &[]);
        assert_eq!(add_business(utc("2026-05-23T12:00"), h(1), &never).expect_err("never").code(), OUT_OF_REACH);
        assert_eq!(business_between(utc("2026-05-26T12:00"), utc("2026-05-25T12:00"), &office), TimeDelta::zero());
        assert_eq!(due("2026-05-23T12:00", 30, &Hours::around_the_clock()), utc("2026-05-24T18:00"));
    }

    fn any_hours() -> impl Strategy<Value = Hours> {
        const ZONES: &[&str] =
            &["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia"];
        let day = proptest::collection::vec(0u32..1440, 0..3).prop_map(|cuts| {
            let mut cuts: Vec<u32> = cuts.into_iter().flat_map(|c| [c, (c + 97).min(1440)]).collect();
            cuts.sort_unstable();
            cuts.chunks(2).filter(|c| c[0] < c[1]).map(|c| (c[0], c[1])).collect::<Vec<_>>()
        });
        let week = proptest::array::uniform7(day);
        let holidays = proptest::collection::vec(0u64..400, 0..20);
        (proptest::sample::select(ZONES), week, holidays).prop_map(|(zone, mut week, off)| {
            week[2].extend(if week[2].is_empty() { vec![(600, 720)] } else { vec![] });
            let first: NaiveDate = "2026-01-01".parse().expect("a day");
            Hours::new(zone.parse().expect("a zone"), week, off.into_iter().map(|d| first + Days::new(d)).collect())
        })
    }

    proptest! {
        #[test]
        fn adding_and_measuring_agree(by in any_hours(), start in 0i64..31_536_000, seconds in 0i64..720_000) {
            let start = utc("2026-01-01T00:00") + TimeDelta::seconds(start);
            let duration = TimeDelta::seconds(seconds);
            let end = add_business(start, duration, &by).expect("in reach");
            prop_assert_eq!(business_between(start, end, &by), duration);
        }

        #[test]
        fn stops_on_the_way_change_nothing(by in any_hours(), start in 0i64..31_536_000, a in 1i64..200_000, b in 1i64..200_000) {
            let start = utc("2026-01-01T00:00") + TimeDelta::seconds(start);
            let (a, b) = (TimeDelta::seconds(a), TimeDelta::seconds(b));
            let stop = add_business(start, a, &by).expect("in reach");
            prop_assert_eq!(add_business(stop, b, &by).expect("in reach"), add_business(start, a + b, &by).expect("in reach"));
        }
    }
}
