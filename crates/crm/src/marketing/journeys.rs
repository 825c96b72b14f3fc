//! Operations on journeys: writing them, publishing versions, pausing and ending them, and letting people enter. What
//! happens on the way is in [`self::runs`].

pub mod runs;

use domain::crm::leads::Lead;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::ids::JourneyId;
use domain::kernel::StringEnum;
use domain::marketing::campaigns::stats::Counts;
use domain::marketing::campaigns::{Campaign, NO_MAIL_SERVER, NO_UNSUBSCRIBE_LINK, TEMPLATE_ARCHIVED};
use domain::marketing::journey_enrollments::{EnrollmentStatus, JourneyEnrollment};
use domain::marketing::journeys::stats::{JourneyOutcomes, JourneyStats, JourneyStepStats};
use domain::marketing::journeys::{
    EnrollInJourney, EnrolledInJourney, EntryKind, Journey, JourneyMessage, JourneyPatch, JourneyVersion, NOBODY, NOT_A_DRAFT,
    NOT_PUBLISHED, NewJourney, OTHER_COMPANY, REFUSALS, steps,
};
use domain::marketing::lead_forms::LeadForm;
use domain::marketing::segments::Segment;
use domain::marketing::templates::{RENDERING, Template};
use domain::platform::calendars::Calendar;
use persistence::marketing::campaigns::members;
use persistence::marketing::{campaigns as campaign_rows, journey_enrollments as people, journeys as rows};
use persistence::{Uuid, record};
use platform::followers;
use platform::prelude::*;

use super::{campaigns, segments};
use crate::marketing::campaigns::delivery;

/// People who enter at once.
pub const MOST: i64 = 500;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Journey>("marketing/journeys", "A series of steps over time: messages, waits, branches, tasks.");
    n.searched(Words::titled("name").details(&["description", "topic"]));
    n.list("List journeys.").filter(&["status", "topic"]).search(&["search"]).sort(&["name"]);
    n.create(create, CREATE).fails(REFUSALS);
    n.read("Get a journey.");
    n.update(update, "Change a journey. What is published stays as it is until it is published again.").fails(REFUSALS);
    n.delete(delete, "Delete a journey that was never published.").fails(&[NOT_A_DRAFT]);
    n.action("publish", publish, PUBLISH)
        .fails(&[OTHER_COMPANY, TEMPLATE_ARCHIVED, NO_UNSUBSCRIBE_LINK, NO_MAIL_SERVER])
        .fails(&[problems::unknown_reference])
        .fails(RENDERING);
    n.action("pause", pause, "Pause a journey. No one enters or advances; messages already in transit are still sent.");
    n.action("resume", resume, "Resume a paused journey. Enrolments that are due advance at once.");
    n.action("archive", archive, "Archive a journey. Everybody enrolled leaves, and waiting messages are not sent.");
    n.command_on("enroll", enroll, ENROLL).fails(&[NOT_PUBLISHED, NOBODY, OTHER_COMPANY, problems::unknown_reference]);
    n.page_of::<JourneyEnrollment>("enrollments", list_enrollments, "List who is or was on the way through a journey.")
        .filter(&["status", "outcome", "step", "party_id", "contact_id", "lead_id", "created_at", "ended_at"])
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Lead>("lead", "lead_id");
    n.page_of::<JourneyVersion>("versions", list_versions, "List what was published of a journey, the oldest first.");
    n.view("stats", stats, STATS).counts_all(&[]).rests_on(runs::FOLLOWER);
    runs::operations(t);
}

const CREATE: &str = "Create a journey. It starts as a draft. Steps are walked in their order; `next`, `then` and `otherwise` lead to \
later steps. People enter by hand, by a segment that is looked at every five minutes, or by a fact.";
const PUBLISH: &str = "Publish a journey as it is written now. It becomes a version that never changes, with the contents that its \
templates have now; people enter the newest version, and those already enrolled stay on theirs.";
const ENROLL: &str = "Let people enter a journey by hand: named ones, or everybody in a segment, 500 at once. Who is on the way already \
or is kept out by the re-entry policy is passed over.";
const STATS: &str = "Get what became of a journey: how many entered, where they are and how it ended, and for each step of each version \
how many came to it and what became of its messages.";

fn create(cx: &mut Cx, new: NewJourney) -> Result<Journey> {
    cx.company(new.company_id)?;
    let journey = Journey::new(cx.new_id(), new, cx.now)?;
    of_one_company(cx, &journey)?;
    cx.create(journey)
}

/// Segments, templates and forms exist and are of the journey's company, calendars exist.
fn of_one_company(cx: &mut Cx, journey: &Journey) -> Result<()> {
    let other = |place: String, what: &str| OTHER_COMPANY.field(place, format!("The {what} is of another company."));
    for (place, id) in steps::segments_of(&journey.entry, journey.goal.as_ref(), &journey.steps) {
        if cx.refer::<Segment>(&place, id)?.company_id != journey.company_id {
            return Err(other(place, "segment"));
        }
    }
    if let Some(id) = journey.entry.form_id
        && cx.refer::<LeadForm>("/entry/form_id", id)?.company_id != journey.company_id
    {
        return Err(other("/entry/form_id".into(), "form"));
    }
    for (i, step) in journey.steps.iter().enumerate() {
        let place = format!("/steps/{i}/template_id");
        if let Some(id) = step.template_id
            && cx.refer::<Template>(&place, id)?.company_id != journey.company_id
        {
            return Err(other(place, "template"));
        }
        if let Some(id) = step.wait.as_ref().and_then(|w| w.calendar_id) {
            cx.refer::<Calendar>(&format!("/steps/{i}/wait/calendar_id"), id)?;
        }
    }
    Ok(())
}

fn update(cx: &mut Cx, id: JourneyId, patch: JourneyPatch) -> Result<Journey> {
    let before = cx.load_for_update::<Journey>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    of_one_company(cx, &after)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: JourneyId) -> Result<()> {
    let journey = cx.load_for_update::<Journey>(id)?;
    journey.must_be_unpublished()?;
    cx.remove(journey)
}

fn publish(cx: &mut Cx, id: JourneyId) -> Result<Journey> {
    let before = cx.load_for_update::<Journey>(id)?;
    // the state is judged before what is published is
    before.clone().publish(cx.new_id(), vec![], cx.now)?;
    of_one_company(cx, &before)?;
    let mut messages = Vec::new();
    for (step, template) in before.sends() {
        let campaign = before.campaign(&step, template, (cx.new_id(), cx.new_id()), cx.now);
        let revisions = campaigns::sendable(cx, &campaign)?;
        let campaign = campaign.with_revisions(&revisions);
        let campaign = cx.create(campaign)?;
        cx.insert_all(&campaign.variants)?;
        messages.push(JourneyMessage { step, campaign_id: campaign.id });
    }
    let (after, version) = before.clone().publish(cx.new_id(), messages, cx.now)?;
    cx.insert_all(std::slice::from_ref(&version))?;
    let asked = steps::segments_of(&version.entry, version.goal.as_ref(), &version.steps);
    rows::uses(cx.db(), version.id, &asked.into_iter().map(|(_, id)| id).collect::<Vec<_>>())?;
    let after = cx.save(&before, after, "published")?;
    rows::looked_at(cx.db(), id, None)?;
    Ok(after)
}

/// Does something to the campaigns that a journey sends by.
fn with_campaigns(
    cx: &mut Cx,
    id: JourneyId,
    verb: &str,
    step: fn(Campaign, chrono::DateTime<chrono::Utc>) -> Result<Campaign>,
) -> Result<()> {
    let now = cx.now;
    for before in campaign_rows::of_journey(cx.db(), id)? {
        let after = step(before.clone(), now)?;
        cx.save(&before, after, verb)?;
    }
    Ok(())
}

fn pause(cx: &mut Cx, id: JourneyId) -> Result<Journey> {
    let before = cx.load_for_update::<Journey>(id)?;
    let after = before.clone().pause(cx.now)?;
    with_campaigns(cx, id, "paused", Campaign::pause)?;
    cx.save(&before, after, "paused")
}

fn resume(cx: &mut Cx, id: JourneyId) -> Result<Journey> {
    let before = cx.load_for_update::<Journey>(id)?;
    let after = before.clone().resume(cx.now)?;
    with_campaigns(cx, id, "resumed", Campaign::resume)?;
    cx.save(&before, after, "resumed")
}

fn archive(cx: &mut Cx, id: JourneyId) -> Result<Journey> {
    let before = cx.load_for_update::<Journey>(id)?;
    let after = before.clone().archive(cx.now)?;
    for campaign in campaign_rows::of_journey(cx.db(), id)? {
        delivery::drop_rest(cx, &campaign)?;
    }
    with_campaigns(cx, id, "completed", Campaign::complete)?;
    // they leave in batches, by the clock
    let now = cx.now;
    people::hurry(cx.db(), id, now)?;
    cx.save(&before, after, "archived")
}

fn enroll(cx: &mut Cx, id: JourneyId, who: EnrollInJourney) -> Result<EnrolledInJourney> {
    let journey = cx.load_for_update::<Journey>(id)?;
    journey.must_be_published()?;
    let version = rows::current(cx.db(), &journey)?.ok_or(NOT_PUBLISHED)?;
    let mut named: Vec<Uuid> = Vec::new();
    named.extend(known::<Party>(cx, "party_ids", &who.party_ids)?);
    named.extend(known::<Contact>(cx, "contact_ids", &who.contact_ids)?);
    named.extend(known::<Lead>(cx, "lead_ids", &who.lead_ids)?);
    named.sort_unstable();
    named.dedup();
    let now = cx.now;
    let (entered, skipped, has_more) = match who.segment_id {
        Some(segment) if named.is_empty() => {
            let segment = cx.refer::<Segment>("/segment_id", segment)?;
            if segment.company_id != journey.company_id {
                return Err(OTHER_COMPANY.field("/segment_id", "The segment is of another company."));
            }
            let condition = segments::membership(cx, &segment)?;
            let entered = people::enter(cx.db(), &version, EntryKind::ByHand, condition, now, MOST)?;
            let full = entered.len() as i64 == MOST;
            (entered, 0, full)
        }
        None if !named.is_empty() => {
            let entered = people::enter(cx.db(), &version, EntryKind::ByHand, people::is_one_of(&named), now, named.len() as i64)?;
            let skipped = named.len() - entered.len();
            (entered, skipped as i32, false)
        }
        _ => return Err(NOBODY.with("Name people or a segment, not both.")),
    };
    entered.iter().for_each(|e| runs::told(cx, "enrolled", e));
    Ok(EnrolledInJourney { enrollment_ids: entered.iter().map(|e| e.id).collect(), skipped, has_more })
}

/// The ids in a field of the body; refuses one that leads to nobody.
fn known<T: Entity + Record>(cx: &mut Cx, field: &str, named: &[T::Id]) -> Result<Vec<Uuid>> {
    let found: Vec<Uuid> = cx.find_all::<T>(named)?.iter().map(|row| row.id().uuid()).collect();
    let ids: Vec<Uuid> = named.iter().map(|id| id.uuid()).collect();
    match ids.iter().position(|id| !found.contains(id)) {
        Some(i) => Err(problems::unknown_reference.field(format!("/{field}/{i}"), "There is nobody with this id.")),
        None => Ok(ids),
    }
}

fn list_enrollments(cx: &mut Cx, id: JourneyId, mut list: List) -> Result<Page<JourneyEnrollment>> {
    cx.find::<Journey>(id)?;
    list.only("journey_id", id.uuid());
    cx.page(list)
}

fn list_versions(cx: &mut Cx, id: JourneyId, mut list: List) -> Result<Page<JourneyVersion>> {
    cx.find::<Journey>(id)?;
    list.only("journey_id", id.uuid());
    cx.page(list)
}

fn stats(cx: &mut Cx, id: JourneyId, _: NoFilter) -> Result<JourneyStats> {
    cx.find::<Journey>(id)?;
    let as_of = followers::as_of(cx, runs::FOLLOWER)?;
    let mut out = JourneyStats {
        journey_id: id,
        as_of_seq: as_of.seq,
        as_of_at: as_of.at,
        entered: 0,
        active: 0,
        waiting: 0,
        completed: 0,
        exited: 0,
        outcomes: vec![],
        steps: vec![],
    };
    for (status, outcome, count) in people::tally(cx.db(), id)? {
        out.entered += count;
        match EnrollmentStatus::from_word(&status) {
            Some(EnrollmentStatus::Active) => out.active += count,
            Some(EnrollmentStatus::Waiting) => out.waiting += count,
            Some(EnrollmentStatus::Completed) => out.completed += count,
            _ => out.exited += count,
        }
        if let Some(word) = outcome {
            out.outcomes.push(JourneyOutcomes { outcome: people::outcome(&word)?, count });
        }
    }
    let reached = people::tally_steps(cx.db(), id)?;
    for version in rows::versions(cx.db(), id)? {
        for step in &version.steps {
            let found = reached.iter().find(|(number, key, _, _)| *number == version.number && *key == step.key);
            let campaign_id = version.campaign_of(&step.key);
            let counts = match campaign_id {
                Some(campaign) => {
                    let found = members::counts(cx.db(), campaign.uuid())?;
                    Some(found.iter().fold(Counts::default(), |sum, (_, c)| sum.plus(*c)))
                }
                None => None,
            };
            out.steps.push(JourneyStepStats {
                version: version.number,
                step: step.key.clone(),
                kind: step.kind,
                reached: found.map_or(0, |f| f.2),
                here: found.map_or(0, |f| f.3),
                campaign_id,
                counts,
                rates: counts.map(|c| c.rates()),
            });
        }
    }
    Ok(out)
}

/// The version that somebody is on, whoever asks.
pub fn version_of(cx: &mut Cx, enrollment: &JourneyEnrollment) -> Result<JourneyVersion> {
    let found = record::find::<JourneyVersion>(cx.db(), enrollment.journey_version_id.uuid())?;
    Ok(found.ok_or(problems::internal)?)
}
