//! Operations on activities. What one is about is known by what was last told of it, so that documents of the back
//! office need not be read.

use domain::crm::activities::*;
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::identity::users::{DISABLED, User};
use domain::ids::{ActivityId, CaseId, CompanyId, ContactId, PartyId, TeamId};
use persistence::crm::activities as rows;
use persistence::directory::teams;
use platform::facts;
use platform::identity::users;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Activity>("crm/activities", "What people do, did or mean to do: tasks, calls, meetings, e-mails, notes.");
    n.searched(Words::titled("subject").details(&["body", "outcome", "participants.email"]));
    n.owned_by("owner_id").takes_tags();
    n.list_with(list, "List activities.")
        .filter(&["kind", "status", "priority", "owner_id", "regarding_id", "lead_id", "opportunity_id", "party_id"])
        .filter(&["due_at", "completed_at"])
        .filter_by::<TeamId>("owner_team_id", "The owner is in this team or in a team below it.", teams::owned_by)
        .flag(
            "has_owner_team",
            "`true`: the owner is in a team of the company; `false`: the owner is in none, or there is no owner.",
            teams::activity_has_team,
        )
        .flag("has_owner", "Only rows with an owner, or without.", teams::has_owner)
        .filter_by::<ContactId>("contact_id", "This contact takes part, or the row is about it.", rows::with_contact)
        .filter_by::<CaseId>("case_id", "The row is about this case.", rows::about_case)
        .filter_text("participant_email", "Somebody with this e-mail address takes part.", rows::with_mailbox)
        .flag("overdue", "Only rows that are due and neither done nor cancelled, or all others.", rows::overdue)
        .search(&["search"])
        .sort(&["due_at", "completed_at"])
        .expand::<Party>("party", "party_id")
        .figures(Figures::by(&["kind", "status", "priority", "owner_id", "party_id", "company_id"]).dates(&[
            "created_at",
            "due_at",
            "completed_at",
        ]))
        .expand::<Lead>("lead", "lead_id")
        .expand::<Opportunity>("opportunity", "opportunity_id");
    n.create(create, CREATE).fails(REFUSALS).fails(&[DISABLED]);
    n.bulk(create);
    n.read_with(read, "Get an activity.")
        .expand::<Party>("party", "party_id")
        .expand::<Lead>("lead", "lead_id")
        .expand::<Opportunity>("opportunity", "opportunity_id");
    n.update(update, "Change an activity that is neither done nor cancelled. Notes can always be corrected.")
        .fails(REFUSALS)
        .fails(&[FINISHED, DISABLED]);
    n.delete(delete, "Delete an activity that was not done, or a note.").fails(&[DONE_STAYS]);
    n.action("start", start, "Begin an activity.");
    n.action_with("complete", complete, "Complete an activity, with what came of it.").fails(&[FINISHED]);
    n.action("cancel", cancel, "Cancel an activity: it will not be done.").fails(&[FINISHED]);
    n.action_with("reschedule", reschedule, "Give an activity another due time. A later one counts as a postponement.")
        .fails(&[FINISHED, UNKNOWN_TIME_ZONE]);
}

const CREATE: &str = "Create an activity about exactly one thing: a lead, opportunity, party, contact or document. With `completed_at` it records something already done; notes are completed at once.";

fn list(cx: &mut Cx, list: List) -> Result<Page<Activity>> {
    let mut page = cx.page::<Activity>(list)?;
    page.data = page.data.into_iter().map(|a| a.seen_at(cx.now)).collect();
    Ok(page)
}

fn read(cx: &mut Cx, id: ActivityId) -> Result<Activity> {
    Ok(cx.find::<Activity>(id)?.seen_at(cx.now))
}

pub(crate) fn create(cx: &mut Cx, mut new: NewActivity) -> Result<Activity> {
    let company = cx.company(new.company_id)?;
    let about = regarded(cx, &mut new.regarding_id)?;
    check_people(cx, new.owner_id, &mut new.participants)?;
    new.owner_id = new.owner_id.or(cx.caller.user_id);
    let made = Activity::new(cx.new_id(), new, &about, &company.time_zone, cx.now)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: ActivityId, mut patch: ActivityPatch) -> Result<Activity> {
    let before = cx.load_for_update::<Activity>(id)?;
    check_people(
        cx,
        patch.owner_id.flatten().filter(|owner| before.owner_id != Some(*owner)),
        patch.participants.as_deref_mut().unwrap_or_default(),
    )?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: ActivityId) -> Result<()> {
    let activity = cx.load_for_update::<Activity>(id)?;
    activity.must_be_removable()?;
    cx.remove(activity)
}

fn start(cx: &mut Cx, id: ActivityId) -> Result<Activity> {
    let before = cx.load_for_update::<Activity>(id)?;
    let after = before.clone().start(cx.now)?;
    cx.save(&before, after, "started")
}

fn complete(cx: &mut Cx, id: ActivityId, what: CompleteActivity) -> Result<Activity> {
    let before = cx.load_for_update::<Activity>(id)?;
    let after = before.clone().complete(what, cx.now)?;
    cx.save(&before, after, "completed")
}

fn cancel(cx: &mut Cx, id: ActivityId) -> Result<Activity> {
    let before = cx.load_for_update::<Activity>(id)?;
    let after = before.clone().cancel(cx.now)?;
    cx.save(&before, after, "cancelled")
}

fn reschedule(cx: &mut Cx, id: ActivityId, to: RescheduleActivity) -> Result<Activity> {
    let before = cx.load_for_update::<Activity>(id)?;
    let after = before.clone().reschedule(to, cx.now)?;
    cx.save(&before, after, "rescheduled")
}

/// What an activity is about, which must exist for the caller. Who was merged away becomes who stands for it.
fn regarded(cx: &mut Cx, given: &mut String) -> Result<Regarded> {
    let id = &*given.clone();
    const AT: &str = "/regarding_id";
    let kind = regardable(id)?;
    let about = |company: Option<CompanyId>, party: Option<PartyId>| Regarded { kind, company, party };
    if let Ok(lead) = id.parse() {
        let lead = cx.refer::<Lead>(AT, lead)?;
        return Ok(about(Some(lead.company_id), lead.converted_party_id));
    }
    if let Ok(deal) = id.parse() {
        let deal = cx.refer::<Opportunity>(AT, deal)?;
        return Ok(about(Some(deal.company_id), Some(deal.party_id)));
    }
    if let Ok(party) = id.parse() {
        let party = cx.refer::<Party>(AT, party)?;
        *given = party.id.to_string();
        return Ok(about(None, Some(party.id)));
    }
    if let Ok(contact) = id.parse() {
        *given = cx.refer::<Contact>(AT, contact)?.id.to_string();
        return Ok(about(None, None));
    }
    let known = rows::last_told(cx.db(), id)?;
    let known = known.map(|(company, party)| about(company.map(CompanyId::from_uuid), party.map(PartyId::from_uuid)));
    let known = match facts::sees(cx, id, kind, &serde_json::Value::Null)? {
        true => known,
        false => None,
    };
    let visible = known.filter(|k| k.company.is_none_or(|c| cx.caller.companies.contain(c)));
    visible.ok_or_else(|| problems::unknown_reference.field(AT, format!("There is no {} {id}.", kind.replace('_', " "))))
}

fn check_people(cx: &mut Cx, owner: Option<domain::ids::UserId>, participants: &mut [Participant]) -> Result<()> {
    if let Some(owner) = owner {
        users::refer_active(cx, "/owner_id", owner)?;
    }
    for (i, p) in participants.iter_mut().enumerate() {
        if let Some(contact) = p.contact_id {
            p.contact_id = Some(cx.refer::<Contact>(&format!("/participants/{i}/contact_id"), contact)?.id);
        }
        if let Some(user) = p.user_id {
            cx.refer::<User>(&format!("/participants/{i}/user_id"), user)?;
        }
    }
    Ok(())
}
