//! Operations on service level policies and the versions of their terms.

use domain::ids::{CalendarId, SlaPolicyId};
use domain::platform::calendars::Calendar;
use domain::service::sla_policies::{ARCHIVED, DEFAULT_POLICY, NewSlaPolicy, REFUSALS, SlaPolicy, SlaPolicyPatch, SlaPolicyVersion};
use persistence::service::sla_policies as rows;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<SlaPolicy>("service/sla-policies", "Within how much working time cases are answered and resolved.");
    n.list("List service level policies.")
        .filter(&["name", "is_default", "calendar_id"])
        .sort(&["name"])
        .expand::<Calendar>("calendar", "calendar_id");
    n.create(create, CREATE).fails(REFUSALS);
    n.read("Get a service level policy.").expand::<Calendar>("calendar", "calendar_id");
    n.update(update, UPDATE).fails(REFUSALS).fails(&[ARCHIVED]);
    n.action("make-default", make_default, MAKE_DEFAULT).fails(&[ARCHIVED]);
    n.action("archive", archive, "Archive a service level policy. New cases do not get it; those that have it keep it.")
        .fails(&[ARCHIVED, DEFAULT_POLICY]);
    n.page_of::<SlaPolicyVersion>("versions", versions, "List the versions of the terms of a policy, the oldest first.");
}

const CREATE: &str = "Create a service level policy. Its targets count by the working time of its calendar. The first policy of a \
company becomes its default.";
const UPDATE: &str = "Change a service level policy. Changed terms become a new version: it applies to cases that begin after it, and \
each case keeps the version it began with.";
const MAKE_DEFAULT: &str = "Make a service level policy the default of its company: it applies to new cases without an entitlement.";

fn create(cx: &mut Cx, new: NewSlaPolicy) -> Result<SlaPolicy> {
    cx.company(new.company_id)?;
    let hours = calendar(cx, new.calendar_id)?.hours()?;
    let is_default = rows::default_of(cx.db(), new.company_id)?.is_none();
    let made = SlaPolicy::new(cx.new_id(), new, &hours, cx.now)?;
    let made = cx.create(SlaPolicy { is_default, ..made })?;
    let terms = made.terms(cx.new_id());
    cx.insert_all(&[terms])?;
    Ok(made)
}

fn update(cx: &mut Cx, id: SlaPolicyId, patch: SlaPolicyPatch) -> Result<SlaPolicy> {
    let before = cx.load_for_update::<SlaPolicy>(id)?;
    let hours = calendar(cx, patch.calendar_id.unwrap_or(before.calendar_id))?.hours()?;
    let after = before.clone().change(patch, &hours, cx.now)?;
    let after = cx.save(&before, after, "updated")?;
    if after.terms_version != before.terms_version {
        let terms = SlaPolicyVersion { created_at: cx.now, ..after.terms(cx.new_id()) };
        cx.insert_all(&[terms])?;
    }
    Ok(after)
}

fn calendar(cx: &mut Cx, id: CalendarId) -> Result<Calendar> {
    cx.refer::<Calendar>("/calendar_id", id)
}

fn make_default(cx: &mut Cx, id: SlaPolicyId) -> Result<SlaPolicy> {
    let before = cx.load_for_update::<SlaPolicy>(id)?;
    let after = before.clone().make_default(cx.now)?;
    if before.is_default {
        return Ok(before);
    }
    // the one before steps back first: a company has one default at every instant
    if let Some(other) = rows::default_of(cx.db(), before.company_id)? {
        let old = cx.load_for_update::<SlaPolicy>(other)?;
        let stepped_back = SlaPolicy { is_default: false, updated_at: cx.now, ..old.clone() };
        cx.save(&old, stepped_back, "updated")?;
    }
    cx.save(&before, after, "made_default")
}

fn archive(cx: &mut Cx, id: SlaPolicyId) -> Result<SlaPolicy> {
    let before = cx.load_for_update::<SlaPolicy>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn versions(cx: &mut Cx, id: SlaPolicyId, mut list: List) -> Result<Page<SlaPolicyVersion>> {
    cx.find::<SlaPolicy>(id)?;
    list.only("sla_policy_id", id.uuid());
    cx.page(list)
}
