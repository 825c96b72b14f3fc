//! Rows of business calendars. Hours and holidays are read and written whole.

use domain::platform::calendars::Calendar;

crate::record! {
    calendars: Calendar {
        id: uid, name: text, time_zone: text, working_hours: json, holidays: json, created_at: instant, updated_at: instant,
        version: int,
    }
}
