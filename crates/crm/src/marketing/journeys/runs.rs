//! What happens on the way through journeys. Each person is a row with the moment at which it goes on, so that a restart
//! changes nothing; the clock takes those whose moment has come, in small batches, and walks each of them to the next wait
//! or to the end. Messages go out by the campaigns of the version, in jobs of their own, at most once for each enrolment.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::crm::activities::{ActivityKind, ActivityPriority, NewActivity};
use domain::crm::leads::Lead;
use domain::directory::contacts::{Contact, ContactPatch};
use domain::directory::parties::{Party, PartyPatch};
use domain::directory::tags::Tag;
use domain::ids::{JourneyEnrollmentId, JourneyId, JourneyVersionId, LeadId, PartyId, SegmentId, UserId};
use domain::kernel::StringEnum;
use domain::marketing::campaigns::members::{CampaignMember, ExclusionReason, MemberStatus};
use domain::marketing::journey_enrollments::{EnrollmentStatus, JourneyEnrollment, JourneyOutcome};
use domain::marketing::journeys::steps::following;
use domain::marketing::journeys::{
    EntryKind, Journey, JourneyCondition, JourneyFact, JourneyStatus, JourneyStep, JourneyVersion, StepKind,
};
use domain::marketing::segments::Segment;
use domain::platform::calendars::Calendar;
use persistence::marketing::campaigns::members;
use persistence::marketing::{journey_enrollments as people, journeys as rows};
use persistence::{RETRY, Uuid, record};
use platform::identity::users;
use platform::prelude::*;

use crate::crm::activities;
use crate::marketing::campaigns::delivery;
use crate::marketing::{journeys, segments};

/// People who go on in one tick of the clock.
const BATCH: i64 = 100;
/// Journeys looked at in one tick for people who enter by a segment or are at a goal.
const JOURNEYS: i64 = 5;
/// People who enter or reach the goal by a segment in one tick and journey.
const CROWD: i64 = 200;
/// How often a journey is looked at.
const LOOK: TimeDelta = TimeDelta::minutes(5);

/// The follower by which facts begin and end journeys.
pub const FOLLOWER: &str = "marketing.journeys";

const KEEPS: &str = "Journeys that begin or reach their goal with an event: who enters, and who has arrived.";

/// The facts that journeys begin or end with.
const FACTS: [&str; 13] = [
    "party.created",
    "party.updated",
    "lead.created",
    "lead.qualified",
    "lead.converted",
    "lead_form.submitted",
    "opportunity.won",
    "opportunity.lost",
    "quote.accepted",
    "sales_order.confirmed",
    "delivery.shipped",
    "invoice.posted",
    "case.resolved",
];

pub(crate) fn operations(t: &mut Table) {
    // what people were sent cannot be sent again: it begins with the facts after its first start
    t.follow(FOLLOWER, KEEPS, &FACTS, |cx, fact| heard(cx, &fact.event));
    t.every("marketing.journeys.enter", TimeDelta::minutes(1), look);
    t.every("marketing.journeys.run", TimeDelta::seconds(15), run);
}

/// Tells what happened to somebody on the way: `journey.enrolled` and its like.
pub fn told(cx: &mut Cx, verb: &str, enrollment: &JourneyEnrollment) {
    cx.emit(Event { kind: format!("journey.{verb}"), ..Event::of(verb, enrollment) });
}

/// Stores somebody on the way and tells it.
fn keep(cx: &mut Cx, before: &JourneyEnrollment, mut after: JourneyEnrollment, verb: &str) -> Result<JourneyEnrollment> {
    after.bump(cx.now);
    if !record::update(cx.db(), &after, Some(before.version))? {
        return Err(RETRY.with("Somebody else changed it at the same time."));
    }
    cx.emit(Event { kind: format!("journey.{verb}"), ..Event::change(verb, before, &after) });
    Ok(after)
}

/// Ends somebody's way. A message that waits is not sent, unless all steps were done and it is the last one.
pub fn end(cx: &mut Cx, before: JourneyEnrollment, outcome: JourneyOutcome) -> Result<JourneyEnrollment> {
    let after = before.clone().end(outcome, cx.now)?;
    if !matches!(outcome, JourneyOutcome::Finished | JourneyOutcome::ExitStep) {
        members::drop_of(cx.db(), before.id)?;
    }
    let verb = if after.status == EnrollmentStatus::Completed { "completed" } else { "exited" };
    keep(cx, &before, after, verb)
}

// ---- entering -----------------------------------------------------------------------------------

/// Lets people enter who are in a segment, and ends the way of those who are in the segment that is the goal.
fn look(cx: &mut Cx) -> Result<()> {
    let now = cx.now;
    for journey in rows::to_look_at(cx.db(), now - LOOK, JOURNEYS)? {
        let id = journey.id;
        let full = cx.savepoint(|cx| look_at(cx, &journey)).unwrap_or_else(|p| {
            log::warn!("the journey {id} could not be looked at: {p}");
            false
        });
        // one with more to do comes again with the next tick
        rows::looked_at(cx.db(), id, Some(if full { now - LOOK } else { now }))?;
    }
    Ok(())
}

/// Whether there may be more.
fn look_at(cx: &mut Cx, journey: &Journey) -> Result<bool> {
    let now = cx.now;
    let mut full = false;
    if let Some(version) = rows::current(cx.db(), journey)?
        && let (EntryKind::Segment, Some(segment)) = (version.entry.kind, version.entry.segment_id)
    {
        let segment = cx.find::<Segment>(segment)?;
        let condition = segments::membership(cx, &segment)?;
        let entered = people::enter(cx.db(), &version, EntryKind::Segment, condition, now, CROWD)?;
        full |= entered.len() as i64 == CROWD;
        entered.iter().for_each(|e| told(cx, "enrolled", e));
    }
    for version in rows::with_goal_segment(cx.db(), journey.id)? {
        let Some(segment) = version.goal.as_ref().and_then(|g| g.segment_id) else { continue };
        let segment = cx.find::<Segment>(segment)?;
        let condition = segments::membership(cx, &segment)?;
        let there = people::at_goal(cx.db(), &version, condition, CROWD)?;
        full |= there.len() as i64 == CROWD;
        for enrollment in there {
            end(cx, enrollment, JourneyOutcome::GoalReached)?;
        }
    }
    Ok(full)
}

/// What happened, in the word of journeys, and to whom.
fn fact_of(event: &Event) -> Option<(JourneyFact, Uuid)> {
    let fact = match &*event.kind {
        "party.created" | "party.updated" => {
            let was = event.was("is_customer").is_some_and(|was| *was == true);
            let is = event.data["is_customer"] == true;
            Some(JourneyFact::BecameCustomer).filter(|_| is && !was)?
        }
        kind => JourneyFact::from_word(&kind.replace('.', "_"))?,
    };
    let lead = || event.subject.parse::<LeadId>().ok().map(Id::uuid);
    let contact = || event.data["contact_id"].as_str()?.parse::<domain::ids::ContactId>().ok().map(Id::uuid);
    let party = || event.party.map(Id::uuid);
    let who = match fact {
        JourneyFact::LeadCreated | JourneyFact::LeadQualified | JourneyFact::LeadConverted | JourneyFact::FormSubmitted => lead(),
        JourneyFact::BecameCustomer => event.subject.parse::<PartyId>().ok().map(Id::uuid),
        JourneyFact::CaseResolved => contact().or_else(party),
        _ => party(),
    };
    Some((fact, who?))
}

/// Who somebody is by now that a fact names: a lead may have become a contact or a party, a party another one.
fn by_now(cx: &mut Cx, who: Uuid) -> Result<Uuid> {
    if let Some(lead) = record::find::<Lead>(cx.db(), who)? {
        let became = lead.converted_contact_id.map(Id::uuid).or(lead.converted_party_id.map(Id::uuid));
        return Ok(became.unwrap_or(who));
    }
    let party = record::find::<Party>(cx.db(), who)?;
    Ok(party.and_then(|p| p.merged_into).map_or(who, Id::uuid))
}

/// Whoever something happens to enters the journeys that begin with it, and has completed those that are for it.
fn heard(cx: &mut Cx, event: &Event) -> Result<()> {
    let Some((fact, said)) = fact_of(event) else { return Ok(()) };
    let now = cx.now;
    let who = by_now(cx, said)?;
    let mut there = people::bound_for(cx.db(), fact, who)?;
    if who != said {
        there.extend(people::bound_for(cx.db(), fact, said)?);
    }
    if let Some(party) = event.party.map(Id::uuid).filter(|p| *p != who) {
        there.extend(people::bound_for(cx.db(), fact, party)?);
    }
    let mut seen = HashSet::new();
    for enrollment in there {
        let ours = event.company.is_none_or(|c| c == enrollment.company_id);
        if ours && seen.insert(enrollment.id.uuid()) {
            end(cx, enrollment, JourneyOutcome::GoalReached)?;
        }
    }
    for version in rows::entered_by(cx.db(), fact, event.company)? {
        let form = version.entry.form_id.map(|id| id.to_string());
        if form.is_some_and(|f| event.data["form_id"] != *f) {
            continue;
        }
        let entered = people::enter(cx.db(), &version, EntryKind::Fact, people::is_one_of(&[who]), now, 1)?;
        entered.iter().for_each(|e| told(cx, "enrolled", e));
    }
    Ok(())
}

// ---- going on -----------------------------------------------------------------------------------

/// What a tick knows already.
#[derive(Default)]
struct Known {
    versions: HashMap<JourneyVersionId, JourneyVersion>,
    archived: HashMap<JourneyId, bool>,
    /// Who of the batch is at the goal.
    at_goal: HashSet<JourneyEnrollmentId>,
}

/// Lets everybody go on whose moment has come.
fn run(cx: &mut Cx) -> Result<()> {
    let now = cx.now;
    let batch = people::due(cx.db(), now, BATCH)?;
    let known = prepare(cx, &batch)?;
    for enrollment in batch {
        let id = enrollment.id;
        if let Err(p) = cx.savepoint(|cx| go_on(cx, &known, enrollment.clone())) {
            log::warn!("{id} cannot go on and leaves the journey: {p}");
            end(cx, enrollment, JourneyOutcome::Failed)?;
        }
    }
    Ok(())
}

/// Versions, states and goals of a batch, each asked for once.
fn prepare(cx: &mut Cx, batch: &[JourneyEnrollment]) -> Result<Known> {
    let mut known = Known::default();
    for enrollment in batch {
        if !known.archived.contains_key(&enrollment.journey_id) {
            let journey = cx.find::<Journey>(enrollment.journey_id)?;
            known.archived.insert(journey.id, journey.status == JourneyStatus::Archived);
        }
        if !known.versions.contains_key(&enrollment.journey_version_id) {
            let version = journeys::version_of(cx, enrollment)?;
            known.versions.insert(version.id, version);
        }
    }
    for version in known.versions.values() {
        let Some(segment) = version.goal.as_ref().and_then(|g| g.segment_id) else { continue };
        let here: Vec<&JourneyEnrollment> = batch.iter().filter(|e| e.journey_version_id == version.id).collect();
        let subjects: Vec<Uuid> = here.iter().filter_map(|e| person(e)).collect();
        let there: HashSet<Uuid> = in_segment(cx, segment, &subjects)?.into_iter().collect();
        known.at_goal.extend(here.iter().filter(|e| person(e).is_some_and(|p| there.contains(&p))).map(|e| e.id));
    }
    Ok(known)
}

/// The id of the person inside.
fn person(e: &JourneyEnrollment) -> Option<Uuid> {
    e.party_id.map(Id::uuid).or(e.contact_id.map(Id::uuid)).or(e.lead_id.map(Id::uuid))
}

/// Those of these people who are in a segment now.
fn in_segment(cx: &mut Cx, segment: SegmentId, subjects: &[Uuid]) -> Result<Vec<Uuid>> {
    let segment = cx.find::<Segment>(segment)?;
    let condition = segments::membership(cx, &segment)?;
    Ok(people::among(cx.db(), subjects, condition)?)
}

/// What a step leads to.
enum Then<'v> {
    Step(Option<&'v JourneyStep>),
    Wait(DateTime<Utc>),
    End(JourneyOutcome),
}

/// Walks somebody to the next wait or to the end.
fn go_on(cx: &mut Cx, known: &Known, enrollment: JourneyEnrollment) -> Result<()> {
    if known.archived.get(&enrollment.journey_id).copied().unwrap_or_default() {
        return end(cx, enrollment, JourneyOutcome::JourneyArchived).map(drop);
    }
    if known.at_goal.contains(&enrollment.id) {
        return end(cx, enrollment, JourneyOutcome::GoalReached).map(drop);
    }
    let version = known.versions.get(&enrollment.journey_version_id).ok_or(problems::internal)?;
    let begun = enrollment.step.as_deref();
    let mut at = match begun.and_then(|key| version.steps.iter().find(|s| s.key == key)) {
        Some(step) => following(&version.steps, &step.key, step.next.as_deref()),
        None => version.steps.first(),
    };
    let mut before = enrollment;
    while let Some(step) = at {
        let now = cx.now;
        let then = match people::visit(cx.db(), before.id, &step.key, now)? {
            true => take(cx, version, &before, step)?,
            // it was done before: by no means again
            false => Then::Step(following(&version.steps, &step.key, step.next.as_deref())),
        };
        match then {
            Then::Step(next) => at = next,
            Then::Wait(until) => {
                let after = before.clone().wait(&step.key, until, now);
                return keep(cx, &before, after, "waiting").map(drop);
            }
            Then::End(outcome) => {
                before.step = Some(step.key.clone());
                return end(cx, before, outcome).map(drop);
            }
        }
        before.step = Some(step.key.clone());
    }
    end(cx, before, JourneyOutcome::Finished).map(drop)
}

/// Does one step.
fn take<'v>(cx: &mut Cx, version: &'v JourneyVersion, e: &JourneyEnrollment, step: &'v JourneyStep) -> Result<Then<'v>> {
    let now = cx.now;
    let ahead = following(&version.steps, &step.key, step.next.as_deref());
    match step.kind {
        StepKind::Send => send(cx, version, e, step, ahead),
        StepKind::Wait => {
            let Some(wait) = &step.wait else { return Ok(Then::Step(ahead)) };
            let hours = match wait.calendar_id {
                Some(id) => Some(cx.find::<Calendar>(id)?.hours()?),
                None => None,
            };
            let until = wait.until(now, hours.as_ref())?;
            Ok(if until > now { Then::Wait(until) } else { Then::Step(ahead) })
        }
        StepKind::Branch => {
            let holds = match &step.condition {
                Some(condition) => holds(cx, version, e, condition)?,
                None => false,
            };
            let lead = if holds { &step.then } else { &step.otherwise };
            people::note(cx.db(), e.id, &step.key, if holds { "then" } else { "otherwise" })?;
            Ok(Then::Step(following(&version.steps, &step.key, lead.as_deref())))
        }
        StepKind::Tag => {
            tag(cx, e, step)?;
            Ok(Then::Step(ahead))
        }
        StepKind::Activity => {
            let made = activity(cx, e, step)?;
            people::note(cx.db(), e.id, &step.key, &made)?;
            Ok(Then::Step(ahead))
        }
        StepKind::Exit => Ok(Then::End(JourneyOutcome::ExitStep)),
    }
}

/// Writes a message; whoever is in the quiet hours waits for it.
fn send<'v>(
    cx: &mut Cx,
    version: &JourneyVersion,
    e: &JourneyEnrollment,
    step: &JourneyStep,
    ahead: Option<&'v JourneyStep>,
) -> Result<Then<'v>> {
    let (Some(campaign), Some(subject)) = (version.campaign_of(&step.key), person(e)) else { return Err(problems::internal.into()) };
    let Some(member) = delivery::write_one(cx, campaign, e.id, subject)? else {
        return Ok(Then::End(JourneyOutcome::Gone));
    };
    let result = member.exclusion_reason.map_or(member.status.as_str(), StringEnum::as_str);
    people::note(cx.db(), e.id, &step.key, result)?;
    Ok(match (member.status, member.exclusion_reason) {
        (MemberStatus::Queued, _) => match member.due_at.filter(|due| *due > cx.now) {
            Some(due) => Then::Wait(due),
            None => Then::Step(ahead),
        },
        (_, Some(ExclusionReason::NoAddress)) => Then::End(JourneyOutcome::NoAddress),
        (_, Some(ExclusionReason::Suppressed)) => Then::End(JourneyOutcome::Suppressed),
        (_, Some(ExclusionReason::NoConsent)) => Then::End(JourneyOutcome::NoConsent),
        _ => Then::Step(ahead),
    })
}

/// What became of the message of a step.
fn message(cx: &mut Cx, version: &JourneyVersion, e: &JourneyEnrollment, step: &str) -> Result<Option<CampaignMember>> {
    match version.campaign_of(step) {
        Some(campaign) => Ok(members::of_enrollment(cx.db(), campaign, e.id)?),
        None => Ok(None),
    }
}

fn holds(cx: &mut Cx, version: &JourneyVersion, e: &JourneyEnrollment, asked: &JourneyCondition) -> Result<bool> {
    if let Some(step) = &asked.opened {
        return Ok(message(cx, version, e, step)?.is_some_and(|m| m.opened_at.is_some()));
    }
    if let Some(step) = &asked.clicked {
        return Ok(message(cx, version, e, step)?.is_some_and(|m| m.clicked_at.is_some()));
    }
    match (asked.segment_id, person(e)) {
        (Some(segment), Some(subject)) => Ok(!in_segment(cx, segment, &[subject])?.is_empty()),
        _ => Ok(false),
    }
}

/// Gives and takes tags. Leads have none.
fn tag(cx: &mut Cx, e: &JourneyEnrollment, step: &JourneyStep) -> Result<()> {
    let changed = |had: &[Tag]| {
        let mut tags: Vec<Tag> = had.iter().filter(|t| Some(&t.0) != step.remove_tag.as_ref()).cloned().collect();
        if let Some(tag) = step.add_tag.as_ref().filter(|t| !tags.iter().any(|had| had.0 == **t)) {
            tags.push(Tag(tag.clone()));
        }
        Some(tags).filter(|t| *t != had)
    };
    if let Some(id) = e.party_id {
        let before = cx.load_for_update::<Party>(id)?;
        if let Some(tags) = changed(&before.tags) {
            let after = before.clone().change(PartyPatch { tags: Some(tags), ..Default::default() }, cx.now)?;
            cx.save(&before, after, "updated")?;
        }
    }
    if let Some(id) = e.contact_id {
        let before = cx.load_for_update::<Contact>(id)?;
        if let Some(tags) = changed(&before.tags) {
            let after = before.clone().change(ContactPatch { tags: Some(tags), ..Default::default() }, cx.now)?;
            cx.save(&before, after, "updated")?;
        }
    }
    Ok(())
}

/// Gives the owner of the person something to do; its id.
fn activity(cx: &mut Cx, e: &JourneyEnrollment, step: &JourneyStep) -> Result<String> {
    let owner: Option<UserId> = match (e.party_id, e.contact_id, e.lead_id) {
        (Some(id), _, _) => cx.find::<Party>(id)?.owner_id,
        (_, Some(id), _) => cx.find::<Contact>(id)?.owner_id,
        (_, _, Some(id)) => cx.find::<Lead>(id)?.owner_id,
        _ => None,
    };
    let owner = users::if_active(cx, owner)?;
    let new = NewActivity {
        company_id: e.company_id,
        kind: ActivityKind::Task,
        subject: step.subject.clone().unwrap_or_default(),
        body: None,
        regarding_id: e.person(),
        participants: vec![],
        owner_id: owner,
        priority: ActivityPriority::Normal,
        due_at: step.due_in_days.map(|days| cx.now + TimeDelta::days(days.into())),
        time_zone: None,
        completed_at: None,
        outcome: None,
        metadata: Default::default(),
    };
    Ok(activities::create(cx, new)?.id.to_string())
}
