//! The time that an application goes by.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, SubsecRound, Utc};

/// The time. Tests may set it.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Now, to the microsecond, as both databases keep it.
    pub fn now(&self) -> DateTime<Utc> {
        match self.0.load(Ordering::Relaxed) {
            0 => Utc::now().trunc_subsecs(6),
            micros => DateTime::from_timestamp_micros(micros).unwrap_or_else(Utc::now),
        }
    }
    /// The moment at which the clock was stopped, when it was.
    pub fn stopped(&self) -> Option<DateTime<Utc>> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            micros => DateTime::from_timestamp_micros(micros),
        }
    }
    /// Stops the clock at a moment; `None` lets it run.
    pub fn set(&self, at: Option<DateTime<Utc>>) {
        self.0.store(at.map_or(0, |t| t.timestamp_micros()), Ordering::Relaxed);
    }
}
