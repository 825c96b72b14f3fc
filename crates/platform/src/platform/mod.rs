//! The platform's own resources: facts and what is read from them, files, jobs and the proof of the books. What runs in a job is said by its area.

pub mod attachments;
pub mod audit_chain;
pub mod audit_log;
pub mod calendars;
pub mod comments;
pub mod event_stream;
pub mod events;
pub mod explain;
pub mod files;
pub mod followers;
pub mod forms;
pub mod integrity;
pub mod jobs;
pub mod link_keys;
pub mod notifications;
pub mod number_series;
pub mod record_tags;
pub mod reminders;
pub mod saved_views;
pub mod search;
pub mod timer_failures;
pub mod trace;
pub mod verifications;
pub mod watchers;

use crate::prelude::*;
use crate::questions::Questions;

/// The operations of this area.
pub fn operations(t: &mut Table) {
    calendars::operations(t);
    files::operations(t);
    followers::operations(t);
    jobs::operations(t);
    link_keys::operations(t);
    verifications::operations(t);
    events::operations(t);
    forms::operations(t);
    audit_chain::operations(t);
    audit_log::operations(t);
    timer_failures::operations(t);
    trace::operations(t);
    explain::operations(t);
    integrity::operations(t);
    number_series::operations(t);
    saved_views::operations(t);
    comments::operations(t);
    attachments::operations(t);
    watchers::operations(t);
    notifications::operations(t);
    notifications::settings::operations(t);
    notifications::digests::operations(t);
    reminders::operations(t);
    record_tags::operations(t);
    search::operations(t);
}

/// What this area answers to the others.
pub fn questions(q: &mut Questions) {
    q.check_what_is_new(audit_chain::new_links, audit_chain::whole);
    q.check(number_series::check);
}
