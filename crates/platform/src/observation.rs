//! What an operator watches beside the requests: the work that waits. Asked of the database when somebody looks.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::Result;
use persistence::platform::{jobs, sequence, settings};

use crate::app::App;

/// The work that waits, as the database has it.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Committed events that have no place in the feed yet.
    pub unnumbered: i64,
    /// How long the oldest of them has waited.
    pub lag_seconds: i64,
    /// Jobs by kind and state.
    pub jobs: Vec<(String, String, i64)>,
    /// When each timer last ran, on whichever replica.
    pub timers: Vec<(String, DateTime<Utc>)>,
}

impl Observation {
    /// Looks now.
    ///
    /// # Errors
    /// The database does not answer.
    pub fn of(app: &Arc<App>) -> Result<Self> {
        let now = app.clock.now();
        app.db.read(|conn| {
            let (unnumbered, oldest) = sequence::lag(conn)?;
            let lag_seconds = oldest.map_or(0, |at| (now - at).num_seconds().max(0));
            let timers = settings::turns(conn, crate::timers::TURN)?;
            let timers = timers.into_iter().map(|(id, at)| (id.trim_start_matches(crate::timers::TURN).to_string(), at)).collect();
            Ok(Self { unnumbered, lag_seconds, jobs: jobs::counts(conn)?, timers })
        })
    }
}
