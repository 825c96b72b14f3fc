//! Operations on business calendars.

use domain::ids::CalendarId;
use domain::platform::calendars::{Calendar, CalendarPatch, NewCalendar, REFUSALS};

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Calendar>("platform/calendars", "When people work: hours of the week, time zone and holidays.");
    n.list("List business calendars.").filter(&["name", "time_zone"]).search(&["name"]).sort(&["name"]);
    n.create(create, "Create a business calendar. Breaks are the gaps between the working intervals of a day.").fails(REFUSALS);
    n.read("Get a business calendar.");
    n.update(update, UPDATE).fails(REFUSALS);
}

const UPDATE: &str = "Change a business calendar. Hours and holidays are replaced whole. A job moves what is \
not due yet of open cases that count by it; what was missed stays missed.";

fn create(cx: &mut Cx, new: NewCalendar) -> Result<Calendar> {
    let made = Calendar::new(cx.new_id(), new, cx.now)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: CalendarId, patch: CalendarPatch) -> Result<Calendar> {
    let before = cx.load_for_update::<Calendar>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}
