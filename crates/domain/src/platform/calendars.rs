//! Business calendars: when people work, in which time zone, and the days on which they do not. How long something
//! takes in working time is computed in [`super::business_time`].

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::business_time::Hours;
use crate::ids::CalendarId;
use crate::kernel::{Code, Findings, Result, problems};

crate::words! {
    /// A day of the week.
    pub enum Weekday {
        Monday = "monday",
        Tuesday = "tuesday",
        Wednesday = "wednesday",
        Thursday = "thursday",
        Friday = "friday",
        Saturday = "saturday",
        Sunday = "sunday",
    }
}

/// The time zone is not in the IANA data base.
pub const UNKNOWN_TIME_ZONE: Code = Code::invalid("calendar.unknown_time_zone", "There is no time zone with this name.");
/// An interval ends before or when it begins.
pub const EMPTY_INTERVAL: Code = Code::invalid("calendar.empty_interval", "A working interval must end after it begins.");
/// Two intervals of one day overlap.
pub const OVERLAPPING_INTERVALS: Code = Code::invalid("calendar.overlapping_intervals", "Two working intervals overlap.");
/// A week has less than [`LEAST_WEEK_MINUTES`] of working time, so that targets would be out of reach.
pub const TOO_LITTLE_TIME: Code = Code::invalid("calendar.too_little_working_time", "The week has too little working time.");
/// A holiday is listed twice.
pub const DOUBLED_HOLIDAY: Code = Code::invalid("calendar.doubled_holiday", "A day is listed twice as a holiday.");
/// What the rules of a calendar can answer.
pub const REFUSALS: &[Code] = &[UNKNOWN_TIME_ZONE, EMPTY_INTERVAL, OVERLAPPING_INTERVALS, TOO_LITTLE_TIME, DOUBLED_HOLIDAY];

/// Working time that a week has at least, in minutes.
pub const LEAST_WEEK_MINUTES: u32 = 60;

/// A stretch of working time on one day of the week. A break such as lunch is the gap between two of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkingInterval {
    /// The day.
    pub day: Weekday,
    /// When it begins, by the clocks of the time zone.
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$", example = "09:00")]
    pub from: String,
    /// When it ends; `24:00` is the end of the day.
    #[schema(min_length = 5, max_length = 5, pattern = "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", example = "17:00")]
    pub to: String,
}

/// A day without working time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The day.
    pub date: NaiveDate,
    /// What is celebrated.
    #[schema(min_length = 1, max_length = 100, example = "Whit Monday")]
    pub name: String,
}

/// When people work.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Calendar {
    /// The id.
    pub id: CalendarId,
    /// What it is called. Each name is there once.
    #[schema(max_length = 100, example = "Berlin office")]
    pub name: String,
    /// The IANA time zone whose clocks the hours are by.
    #[schema(max_length = 64, example = "Europe/Berlin")]
    pub time_zone: String,
    /// The working hours of a week, by day and time.
    #[schema(max_items = 100)]
    pub working_hours: Vec<WorkingInterval>,
    /// Days without working time, the earliest first.
    #[schema(max_items = 1000)]
    pub holidays: Vec<Holiday>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Calendar, CalendarId, "calendar" }

/// A business calendar to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCalendar {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Berlin office")]
    pub name: String,
    /// The IANA time zone whose clocks the hours are by.
    #[schema(min_length = 1, max_length = 64, example = "Europe/Berlin")]
    pub time_zone: String,
    /// The working hours of a week, at least one hour in all. Intervals of one day may touch and must not overlap.
    #[schema(min_items = 1, max_items = 100, example = json!([{"day": "monday", "from": "09:00", "to": "17:00"}]))]
    pub working_hours: Vec<WorkingInterval>,
    /// Days without working time.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub holidays: Vec<Holiday>,
}

crate::patch! {
    /// Changes to a business calendar. What was due already stays due when it was; what is not due yet, and what is computed
    /// from now on, follows the changed hours.
    pub struct CalendarPatch for Calendar {
        /// What it is called.
        set name: String [min_length = 1, max_length = 100],
        /// The IANA time zone whose clocks the hours are by.
        set time_zone: String [min_length = 1, max_length = 64],
        /// The working hours of a week; replaced whole.
        set working_hours: Vec<WorkingInterval> [min_items = 1, max_items = 100],
        /// Days without working time; replaced whole.
        set holidays: Vec<Holiday> [max_items = 1000],
    }
}

/// Minutes since midnight of `HH:MM`, at most 24:00.
pub(super) fn minutes(text: &str) -> Option<u32> {
    let (hours, rest) = text.split_once(':')?;
    let (hours, rest) = (hours.parse::<u32>().ok()?, rest.parse::<u32>().ok()?);
    Some(hours * 60 + rest).filter(|m| rest < 60 && *m <= 24 * 60)
}

impl Calendar {
    /// A new calendar, its intervals and holidays in order. Fails with [`REFUSALS`].
    pub fn new(id: CalendarId, new: NewCalendar, now: DateTime<Utc>) -> Result<Self> {
        let NewCalendar { name, time_zone, working_hours, holidays } = new;
        Self { id, name, time_zone, working_hours, holidays, created_at: now, updated_at: now, version: 1 }.tidied()
    }
    /// The calendar with these changes. Fails with [`REFUSALS`].
    pub fn change(mut self, patch: CalendarPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    /// The hours to compute with.
    ///
    /// # Errors
    /// Its time zone or an interval cannot be read, which no stored calendar has.
    pub fn hours(&self) -> Result<Hours> {
        let zone = self.time_zone.parse().map_err(|_| UNKNOWN_TIME_ZONE.with(self.time_zone.clone()))?;
        let mut week: [Vec<(u32, u32)>; 7] = Default::default();
        for interval in &self.working_hours {
            let read = minutes(&interval.from).zip(minutes(&interval.to));
            week[interval.day as usize].push(read.ok_or_else(|| EMPTY_INTERVAL.with(format!("{}–{}", interval.from, interval.to)))?);
        }
        week.iter_mut().for_each(|day| day.sort_unstable());
        Ok(Hours::new(zone, week, self.holidays.iter().map(|h| h.date).collect()))
    }
    fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        self.name = self.name.trim().to_string();
        if self.name.is_empty() {
            found.add(problems::invalid_body, "/name", "It must not be blank.");
        }
        if self.time_zone.parse::<chrono_tz::Tz>().is_err() {
            found.add(UNKNOWN_TIME_ZONE, "/time_zone", format!("{:?} is not in the IANA data base.", self.time_zone));
        }
        let mut taken: Vec<(Weekday, u32, u32)> = Vec::new();
        for (i, interval) in self.working_hours.iter().enumerate() {
            let at = format!("/working_hours/{i}");
            match (minutes(&interval.from), minutes(&interval.to)) {
                (Some(from), Some(to)) if from < to => {
                    if taken.iter().any(|(day, f, t)| *day == interval.day && from < *t && *f < to) {
                        found.add(OVERLAPPING_INTERVALS, at, format!("It overlaps another interval of {}.", interval.day));
                    }
                    taken.push((interval.day, from, to));
                }
                _ => found.add(EMPTY_INTERVAL, at, format!("{} is not before {}.", interval.from, interval.to)),
            }
        }
        let week: u32 = taken.iter().map(|(_, from, to)| to - from).sum();
        if week < LEAST_WEEK_MINUTES {
            found.add(TOO_LITTLE_TIME, "/working_hours", format!("A week has at least {LEAST_WEEK_MINUTES} minutes."));
        }
        let mut days = BTreeSet::new();
        for (i, holiday) in self.holidays.iter().enumerate() {
            if !days.insert(holiday.date) {
                found.add(DOUBLED_HOLIDAY, format!("/holidays/{i}/date"), format!("{} is listed before.", holiday.date));
            }
        }
        found.done()?;
        self.working_hours.sort_by(|a, b| (a.day, &a.from).cmp(&(b.day, &b.from)));
        self.holidays.sort_by_key(|h| h.date);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;

    fn make(body: serde_json::Value) -> Result<Calendar> {
        let mut base =
            json!({"name": "Office", "time_zone": "Europe/Berlin", "working_hours": [{"day": "monday", "from": "09:00", "to": "17:00"}]});
        base.as_object_mut().expect("object").extend(body.as_object().expect("object").clone());
        let new = serde_json::from_value(base).expect("readable");
        Calendar::new(CalendarId::from_uuid(uuid::Uuid::nil()), new, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn each_rule_has_its_own_code() {
        for (body, code) in [
            (json!({"time_zone": "Mars/Olympus"}), UNKNOWN_TIME_ZONE),
            (
                json!({"working_hours": [{"day": "monday", "from": "17:00", "to": "09:00"}, {"day": "tuesday", "from": "09:00", "to": "17:00"}]}),
                EMPTY_INTERVAL,
            ),
            (
                json!({"working_hours": [{"day": "monday", "from": "09:00", "to": "12:00"}, {"day": "monday", "from": "11:59", "to": "17:00"}]}),
                OVERLAPPING_INTERVALS,
            ),
            (json!({"working_hours": [{"day": "monday", "from": "09:00", "to": "09:59"}]}), TOO_LITTLE_TIME),
            (json!({"holidays": [{"date": "2026-05-25", "name": "a"}, {"date": "2026-05-25", "name": "b"}]}), DOUBLED_HOLIDAY),
            (json!({"name": "  "}), problems::invalid_body),
        ] {
            assert_eq!(make(body.clone()).expect_err("refused").code(), code, "{body}");
        }
    }

    #[test]
    fn intervals_may_touch_and_come_in_order() {
        let made = make(json!({"working_hours": [
            {"day": "tuesday", "from": "09:00", "to": "24:00"}, {"day": "monday", "from": "13:00", "to": "17:00"}, {"day": "monday", "from": "09:00", "to": "13:00"}]}));
        let hours = made.expect("made").working_hours;
        let shown: Vec<_> = hours.iter().map(|h| (h.day.to_string(), h.from.as_str())).collect();
        assert_eq!(shown, [("monday".into(), "09:00"), ("monday".into(), "13:00"), ("tuesday".into(), "09:00")]);
    }
}
