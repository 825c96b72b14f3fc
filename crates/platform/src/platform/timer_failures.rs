//! What the clock could not do for one record, as administrators see it.

use domain::platform::timer_failures::TimerFailure;

use crate::caller::Companies;
use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<TimerFailure>("platform/timer-failures", "Scheduled work that failed for single records.");
    n.list_with(list, LIST).filter(&["timer", "subject"]);
}

const LIST: &str = "List failures of scheduled work. The work goes on for all other records; these are tried again at growing \
intervals, and an entry disappears when it succeeds. Callers without a grant on every company see none.";

fn list(cx: &mut Cx, mut list: List) -> Result<Page<TimerFailure>> {
    if cx.caller.companies != Companies::All {
        list.condition(Condition::Null("id", true));
    }
    cx.page(list)
}
