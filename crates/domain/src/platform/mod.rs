//! What belongs to no business area: facts as they are read, jobs, files, document flow, numbers, working hours.

pub mod aggregates;
pub mod attachments;
pub mod business_time;
pub mod calendars;
pub mod comments;
pub mod files;
pub mod followers;
pub mod forms;
pub mod jobs;
pub mod notifications;
pub mod number_series;
pub mod record_tags;
pub mod records;
pub mod reminders;
pub mod saved_views;
pub mod search;
pub mod timer_failures;
pub mod trace;
pub mod watchers;
