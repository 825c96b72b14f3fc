//! What happens after a launch, in jobs that may die at any step. Who is in the audience is found at one moment, by a read
//! that nobody waits for, and kept; members are made of it and judged a part at a time, each part in a short transaction
//! that may be repeated, so that other writers get their turn in between; then messages go out in small batches: a batch is marked as on its way and that is
//! committed, then the mail server is spoken to, then what became of it is written down. A batch whose sender died is
//! found on its way and given up as unknown, never sent again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::directory::companies::Company;
use domain::ids::{CampaignId, JourneyEnrollmentId};
use domain::kernel::StringEnum;
use domain::marketing::campaigns::members::{CampaignMember, ExclusionReason, MemberStatus};
use domain::marketing::campaigns::quiet_hours::zones_of;
use domain::marketing::campaigns::{Campaign, CampaignStatus, NO_MAIL_SERVER};
use domain::marketing::segments::Segment;
use domain::marketing::suppressions::SuppressionReason;
use domain::marketing::templates::{Content, Template, rendering};
use persistence::marketing::campaigns::members;
use persistence::marketing::{campaigns as rows, segments as segment_rows};
use persistence::record;
use platform::mail::{LANES, Mailer, Outgoing, Sent};
use platform::platform::jobs;
use platform::prelude::*;
use platform::work::Work;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::marketing::links::Links;
use crate::marketing::{campaigns, messages, segments, templates};

/// The job that freezes and judges the audience.
pub const LAUNCH: &str = "campaign_launch";
/// The job that sends.
const DELIVERY: &str = "campaign_delivery";
/// The job that drops whoever was not written to when a campaign ended.
const ENDING: &str = "campaign_ending";
/// Messages that are claimed at once. So many at most are unknown after a crash.
const BATCH: i64 = 25;
/// After this time a job lets others have their turn; another one goes on.
const TURN: Duration = Duration::from_secs(20);
/// Campaigns looked at in one tick of the clock.
const CAMPAIGNS: i64 = 20;

/// The reasons that concern one reader alone. They are asked of all before doubles are: of two with one address, the first
/// who may get it gets it.
const REASONS: [ExclusionReason; 4] =
    [ExclusionReason::NoAddress, ExclusionReason::Suppressed, ExclusionReason::NoConsent, ExclusionReason::FrequencyCap];
/// Those that may have come up since the launch.
const AGAIN: [ExclusionReason; 3] = [ExclusionReason::Suppressed, ExclusionReason::NoConsent, ExclusionReason::FrequencyCap];

pub(crate) fn operations(t: &mut Table) {
    t.work(LAUNCH, judge_audience);
    t.work(DELIVERY, deliver);
    t.work(ENDING, drop_all);
    t.every("marketing.campaigns.dispatch", TimeDelta::seconds(15), dispatch);
}

/// What the jobs are asked with.
#[derive(Debug, Serialize, Deserialize)]
pub struct Asked {
    pub campaign_id: CampaignId,
}

/// Launches what is scheduled for now, and finds a job for what goes on without one: readers whose quiet hours are over,
/// messages to be tried again, work whose job has failed.
fn dispatch(cx: &mut Cx) -> Result<()> {
    if cx.app().mail.get().is_none() {
        return Ok(());
    }
    let now = cx.now;
    for id in rows::to_launch(cx.db(), now, CAMPAIGNS)? {
        if let Err(p) = cx.savepoint(|cx| campaigns::launch(cx, id)) {
            log::warn!("the campaign {id} could not be launched and is a draft again: {p}");
            let before = cx.load_for_update::<Campaign>(id)?;
            let after = before.clone().unschedule(now)?;
            cx.save(&before, after, "launch_failed")?;
        }
    }
    for (id, ready) in rows::idle(cx.db(), now, CAMPAIGNS)? {
        let job = jobs::start(cx, if ready { DELIVERY } else { LAUNCH }, &Asked { campaign_id: id })?;
        rows::set_job(cx.db(), id, job.id)?;
    }
    Ok(())
}

/// Starts the job that goes on with a campaign.
pub fn go_on(cx: &mut Cx, campaign: &Campaign) -> Result<()> {
    let kind = if campaign.ready_at.is_some() { DELIVERY } else { LAUNCH };
    let job = jobs::start(cx, kind, &Asked { campaign_id: campaign.id })?;
    rows::set_job(cx.db(), campaign.id, job.id)?;
    Ok(())
}

// ---- the audience -------------------------------------------------------------------------------

fn judge_audience(work: &mut Work) -> Result<Value> {
    let id = work.input::<Asked>()?.campaign_id;
    let (app, caller) = (work.app().clone(), work.caller().clone());
    let Some(total) = find_audience(&app, &caller, id)? else { return Ok(json!({ "ended": true })) };
    // everybody is looked at three times: made a member, judged alone, judged among the others and put into the queue
    let mut done = 0;
    work.step(done, Some(total * 3))?;
    while let Some(made) = app.write(&caller, move |cx| make_members(cx, id))? {
        done += made;
        work.step(done.min(total), Some(total * 3))?;
    }
    for (lap, step) in [judge_part as Step, queue_part].into_iter().enumerate() {
        let (mut after, mut seen) = (Uuid::nil(), total * (lap as i64 + 1));
        while let Some((stretch, members)) = app.write(&caller, move |cx| step(cx, id, after))? {
            (after, seen) = (stretch.end(), seen + members);
            work.step(seen, Some(total * 3))?;
        }
    }
    let Some(queued) = app.write(&caller, move |cx| ready(cx, id))? else { return Ok(json!({ "ended": true })) };
    Ok(json!({ "audience": total, "queued": queued }))
}

/// A step over the members after a subject: which they were, and how many. Nothing when there are no more, or when the
/// campaign has ended.
type Step = fn(&mut Cx, CampaignId, Uuid) -> Result<Option<(members::Stretch, i64)>>;

/// The campaign, locked, unless it has ended.
fn going_on(cx: &mut Cx, id: CampaignId) -> Result<Option<Campaign>> {
    let campaign = cx.load_for_update::<Campaign>(id)?;
    Ok(matches!(campaign.status, CampaignStatus::Running | CampaignStatus::Paused).then_some(campaign))
}

/// Finds who is in the audience, once, in a snapshot that holds no writer up; how many, or nothing when the campaign has
/// ended.
fn find_audience(app: &Arc<App>, caller: &Arc<Caller>, id: CampaignId) -> Result<Option<i64>> {
    let found = app.read(caller, |cx| {
        let campaign = cx.find::<Campaign>(id)?;
        if campaign.audience_at.is_some() {
            return Ok(None);
        }
        let segment = cx.find::<Segment>(campaign.segment_id.ok_or(problems::internal)?)?;
        let (filter, ground) = segments::grounds(cx, &segment)?;
        let condition = segment_rows::is_member(&segment, filter.as_ref(), &ground);
        Ok(Some((members::audience(cx.db(), &campaign, condition)?, cx.now)))
    })?;
    app.write(caller, move |cx| {
        let Some(before) = going_on(cx, id)? else { return Ok(None) };
        // another job may have been faster
        let Some((ids, at)) = found.as_ref().filter(|_| before.audience_at.is_none()) else {
            return Ok(Some(before.audience_count.unwrap_or_default()));
        };
        members::keep_audience(cx.db(), &before, ids)?;
        let count = ids.len() as i64;
        let after = Campaign { audience_at: Some(*at), audience_count: Some(count), updated_at: cx.now, ..before.clone() };
        cx.save(&before, after, "audience_frozen")?;
        Ok(Some(count))
    })
}

/// Makes members of the next part of the audience; how many ids it had, or nothing when there is no more.
fn make_members(cx: &mut Cx, id: CampaignId) -> Result<Option<i64>> {
    let Some(campaign) = going_on(cx, id)? else { return Ok(None) };
    let Some(part) = members::take_part(cx.db(), &campaign)? else { return Ok(None) };
    let segment = cx.find::<Segment>(campaign.segment_id.ok_or(problems::internal)?)?;
    members::freeze(cx.db(), &campaign, segment.audience.member().as_str(), &part)?;
    Ok(Some(part.len() as i64))
}

/// Judges the next members, each alone.
fn judge_part(cx: &mut Cx, id: CampaignId, after: Uuid) -> Result<Option<(members::Stretch, i64)>> {
    let Some(campaign) = going_on(cx, id)? else { return Ok(None) };
    let Some((stretch, found)) = members::stretch(cx.db(), &campaign, after)? else { return Ok(None) };
    let now = cx.now;
    for reason in REASONS {
        members::exclude(cx.db(), &campaign, reason, &members::Scope::Pending(stretch), now)?;
    }
    Ok(Some((stretch, found)))
}

/// Takes out doubles among the next members and puts the others into the queue, each after the quiet hours of the place.
fn queue_part(cx: &mut Cx, id: CampaignId, after: Uuid) -> Result<Option<(members::Stretch, i64)>> {
    let Some(campaign) = going_on(cx, id)? else { return Ok(None) };
    let Some((stretch, found)) = members::stretch(cx.db(), &campaign, after)? else { return Ok(None) };
    let now = cx.now;
    members::exclude(cx.db(), &campaign, ExclusionReason::DuplicateEmail, &members::Scope::Pending(stretch), now)?;
    members::queue(cx.db(), &campaign, stretch, now)?;
    if let Some(quiet) = &campaign.quiet_hours {
        let company = cx.find::<Company>(campaign.company_id)?;
        let (mut known, mut sleeping) = (HashMap::new(), BTreeMap::<_, Vec<Uuid>>::new());
        for (subject, zone, country) in members::places(cx.db(), &campaign, stretch)? {
            let zones = || zones_of(zone.as_deref(), country.as_deref(), &company.time_zone);
            let next = *known.entry((zone.clone(), country.clone())).or_insert_with(|| quiet.next_allowed(now, &zones()));
            if next > now {
                sleeping.entry(next).or_default().push(subject);
            }
        }
        for (next, subjects) in sleeping {
            members::wait(cx.db(), &campaign, &subjects, next)?;
        }
    }
    Ok(Some((stretch, found)))
}

/// Everybody was judged: sending starts. How many are in the queue; nothing when the campaign has ended.
fn ready(cx: &mut Cx, id: CampaignId) -> Result<Option<i64>> {
    let Some(before) = going_on(cx, id)? else { return Ok(None) };
    let queued = members::waiting(cx.db(), &before)?;
    if before.ready_at.is_some() {
        return Ok(Some(queued));
    }
    let after = Campaign { ready_at: Some(cx.now), updated_at: cx.now, ..before.clone() };
    let after = cx.save(&before, after, "audience_judged")?;
    if after.status == CampaignStatus::Running {
        go_on(cx, &after)?;
    }
    Ok(Some(queued))
}

/// Drops whoever was not written to when a campaign ends: so many at once as are quick, the others by a job. Nobody in the
/// queue of a campaign that has ended is written to.
pub fn drop_rest(cx: &mut Cx, campaign: &Campaign) -> Result<()> {
    members::forget_parts(cx.db(), campaign)?;
    if members::drop_rest(cx.db(), campaign.id.uuid())? == members::PART {
        jobs::start(cx, ENDING, &Asked { campaign_id: campaign.id })?;
    }
    Ok(())
}

fn drop_all(work: &mut Work) -> Result<Value> {
    let id = work.input::<Asked>()?.campaign_id;
    let (app, caller) = (work.app().clone(), work.caller().clone());
    let mut dropped = 0;
    loop {
        let more = app.write(&caller, move |cx| Ok(members::drop_rest(cx.db(), id.uuid())?))?;
        dropped += more as i64;
        work.step(dropped, None)?;
        if more < members::PART {
            return Ok(json!({ "dropped": dropped }));
        }
    }
}

/// Lets the readers of a place wait while it is quiet there; whether it is.
fn wait_for_morning(cx: &mut Cx, campaign: &Campaign, place: &(Option<String>, Option<String>)) -> Result<bool> {
    let Some(quiet) = &campaign.quiet_hours else { return Ok(false) };
    let company = cx.find::<Company>(campaign.company_id)?;
    let zones = zones_of(place.0.as_deref(), place.1.as_deref(), &company.time_zone);
    let next = quiet.next_allowed(cx.now, &zones);
    if next <= cx.now {
        return Ok(false);
    }
    members::postpone(cx.db(), campaign, place, next)?;
    Ok(true)
}

// ---- one reader ---------------------------------------------------------------------------------

/// Writes to somebody who has come to a step of a journey: judged like everybody in an audience, queued after the quiet
/// hours of the place, and at most once for each enrolment. Nothing when there is nobody to write to.
pub fn write_one(cx: &mut Cx, id: CampaignId, enrollment: JourneyEnrollmentId, subject: Uuid) -> Result<Option<CampaignMember>> {
    let campaign = record::find::<Campaign>(cx.db(), id.uuid())?.ok_or(problems::internal)?;
    if !members::join(cx.db(), &campaign, enrollment, subject)? {
        return Ok(None);
    }
    let (now, alone) = (cx.now, members::Stretch::Only(subject));
    for reason in REASONS.into_iter().filter(|r| *r != ExclusionReason::DuplicateEmail) {
        members::exclude(cx.db(), &campaign, reason, &members::Scope::Pending(alone), now)?;
    }
    members::queue(cx.db(), &campaign, alone, now)?;
    let Some(member) = members::of_enrollment(cx.db(), id, enrollment)? else { return Ok(None) };
    if member.status != MemberStatus::Queued {
        return Ok(Some(member));
    }
    let waits = wait_for_morning(cx, &campaign, &(member.time_zone, member.country))?;
    if !waits && campaign.status == CampaignStatus::Running && !rows::is_worked_for(cx.db(), &campaign)? {
        go_on(cx, &campaign)?;
    }
    Ok(members::of_enrollment(cx.db(), id, enrollment)?)
}

// ---- sending ------------------------------------------------------------------------------------

/// What every message of a campaign is made from.
struct MessageTemplate {
    campaign: Campaign,
    shared: serde_json::Map<String, Value>,
    contents: HashMap<String, Content>,
    links: Links,
}

/// What is to be done next.
enum Next {
    Send(Vec<CampaignMember>),
    /// Nobody's turn has come.
    Rest,
    /// The campaign does not run.
    Stop,
}

fn deliver(work: &mut Work) -> Result<Value> {
    let id = work.input::<Asked>()?.campaign_id;
    let (app, caller) = (work.app().clone(), work.caller().clone());
    let mailer = app.mail.get().ok_or(NO_MAIL_SERVER)?;
    // only one job sends for a campaign; what is on its way now was left there by one that died
    let lost = app.write(&caller, move |cx| Ok(members::give_up(cx.db(), id.uuid())?))?;
    if lost > 0 {
        log::warn!("{lost} messages of {id} were on their way when their sender died; they are not sent again");
    }
    let links = mailer.links().to_string();
    let template = app.read(&caller, |cx| prepare(cx, id, links))?;
    if !mailer.is_there() {
        return Err(problems::unavailable.with("The mail server does not answer."));
    }
    let (began, mut sent) = (Instant::now(), 0);
    loop {
        match app.write(&caller, move |cx| next(cx, id))? {
            Next::Stop | Next::Rest => break,
            Next::Send(batch) => {
                sent += batch.len() as i64;
                send(&app, &caller, &mailer, &template, batch)?;
            }
        }
        work.step(sent, None)?;
        if began.elapsed() > TURN {
            app.write(&caller, move |cx| {
                let campaign = cx.find::<Campaign>(id)?;
                go_on(cx, &campaign)
            })?;
            break;
        }
    }
    Ok(json!({ "handed_over": sent, "unknown": lost }))
}

fn prepare(cx: &mut Cx, id: CampaignId, links: String) -> Result<MessageTemplate> {
    let campaign = cx.find::<Campaign>(id)?;
    let company = cx.find::<Company>(campaign.company_id)?;
    let mut contents = HashMap::new();
    for variant in &campaign.variants {
        let template = cx.find::<Template>(variant.template_id)?;
        contents.insert(variant.name.clone(), templates::content_of(cx, &template, variant.template_revision)?);
    }
    let shared = campaigns::shared_values(&campaign, &company.name);
    Ok(MessageTemplate { shared, contents, links: Links::new(cx, links)?, campaign })
}

/// The next batch, marked as on its way.
fn next(cx: &mut Cx, id: CampaignId) -> Result<Next> {
    let campaign = cx.find::<Campaign>(id)?;
    if campaign.status != CampaignStatus::Running || campaign.ready_at.is_none() {
        return Ok(Next::Stop);
    }
    let now = cx.now;
    let ids = members::due(cx.db(), &campaign, now, BATCH)?;
    if ids.is_empty() {
        return rest_or_complete(cx, id, &campaign);
    }
    members::hold_mailboxes(cx.db(), &campaign, &ids, now)?;
    for reason in AGAIN {
        members::exclude(cx.db(), &campaign, reason, &members::Scope::Queued(&ids), now)?;
    }
    if campaign.quiet_hours.is_some() {
        let known: Vec<CampaignMember> = record::find_all(cx.db(), &ids)?;
        let mut places: Vec<_> = known.into_iter().map(|m| (m.time_zone, m.country)).collect();
        places.sort();
        places.dedup();
        for place in places {
            wait_for_morning(cx, &campaign, &place)?;
        }
    }
    Ok(Next::Send(members::take(cx.db(), &ids, now)?))
}

/// When nobody's turn has come: the campaign is complete when nobody is left.
fn rest_or_complete(cx: &mut Cx, id: CampaignId, campaign: &Campaign) -> Result<Next> {
    // readers of a journey come one by one, and its campaigns end with it
    if campaign.journey_id.is_none() && members::waiting(cx.db(), campaign)? == 0 {
        let before = cx.load_for_update::<Campaign>(id)?;
        if before.status == CampaignStatus::Running {
            let after = before.clone().complete(cx.now)?;
            cx.save(&before, after, "completed")?;
        }
    }
    Ok(Next::Rest)
}

/// Hands a batch to the mail server, outside of any transaction, and writes down what became of it.
fn send(app: &Arc<App>, caller: &Arc<Caller>, mailer: &Mailer, template: &MessageTemplate, batch: Vec<CampaignMember>) -> Result<()> {
    let outcomes = hand_over(&batch, |member| match write_to(template, member) {
        Ok(message) => mailer.send(&message),
        Err(p) => Sent::Refused(said(&p)),
    });
    let outcomes: Vec<(CampaignMember, Sent)> = batch.into_iter().zip(outcomes).collect();
    app.write(caller, move |cx| {
        for (member, outcome) in &outcomes {
            settle(cx, member, outcome)?;
        }
        Ok(())
    })
}

/// Hands the messages of a batch over, several at once, since most of the time of each is waiting for the mail server; what
/// became of them, in their order. Each lane keeps a connection of the mailer's pool busy.
fn hand_over(batch: &[CampaignMember], send: impl Fn(&CampaignMember) -> Sent + Sync) -> Vec<Sent> {
    let next = AtomicUsize::new(0);
    let lane = || {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(member) = batch.get(i) else { return done };
            done.push((i, send(member)));
        }
    };
    let mut outcomes = vec![Sent::Unknown("The sender stopped while the message was on its way.".into()); batch.len()];
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES.min(batch.len())).map(|_| scope.spawn(lane)).collect();
        for done in lanes.into_iter().filter_map(|lane| lane.join().ok()) {
            done.into_iter().for_each(|(i, sent)| outcomes[i] = sent);
        }
    });
    outcomes
}

/// A refusal with its places in one text.
fn said(p: &Problem) -> String {
    let places = p.errors().iter().map(|e| format!("{}: {}", e.pointer.as_deref().unwrap_or_default(), e.message));
    format!("{}: {}", p.code().code, places.collect::<Vec<_>>().join("; ")).chars().take(400).collect()
}

fn settle(cx: &mut Cx, member: &CampaignMember, outcome: &Sent) -> Result<()> {
    let now = cx.now;
    let (status, sent_at, note) = match outcome {
        Sent::Accepted(_) => (MemberStatus::Sent, Some(now), None),
        Sent::NoMailbox(note) => (MemberStatus::Bounced, Some(now), Some(note)),
        Sent::Refused(note) => (MemberStatus::Failed, None, Some(note)),
        Sent::Unknown(note) => (MemberStatus::Unknown, None, Some(note)),
        Sent::Later(note) => {
            members::try_later(cx.db(), member.id, now, note)?;
            return Ok(());
        }
    };
    members::settle(cx.db(), member.id, status, sent_at, note.map(String::as_str))?;
    messages::tell(cx, status.as_str(), member);
    if let (Sent::NoMailbox(note), Some(address)) = (outcome, &member.email) {
        campaigns::suppress(cx, address, SuppressionReason::HardBounce, Some(note.clone()))?;
    }
    Ok(())
}

/// The message to one reader.
fn write_to(template: &MessageTemplate, member: &CampaignMember) -> Result<Outgoing> {
    let address = member.email.clone().unwrap_or_default();
    let content = member.variant.as_ref().and_then(|v| template.contents.get(v)).ok_or(problems::internal)?;
    let unsubscribe = template.links.unsubscribe(member.id)?;
    let values = values_of(&template.shared, member, &unsubscribe, &template.links.preferences(member)?);
    let rendered = rendering::render(content, &values)?;
    Ok(Outgoing {
        to_name: member.name.clone(),
        to_address: address,
        from_name: template.campaign.from_name.clone(),
        reply_to: template.campaign.reply_to.clone(),
        subject: rendered.subject,
        html: rendered.html.map(|html| template.links.track(&html, member.id)).transpose()?,
        text: rendered.text,
        unsubscribe: Some(unsubscribe),
        id: member.id.to_string(),
    })
}

/// The values of a message. What is not known of the reader is left out, so that a template without a default is refused.
fn values_of(shared: &serde_json::Map<String, Value>, m: &CampaignMember, unsubscribe: &str, preferences: &str) -> Value {
    let known = [
        ("name", Some(&m.name)),
        ("first_name", m.first_name.as_ref()),
        ("last_name", m.last_name.as_ref()),
        ("email", m.email.as_ref()),
        ("language", m.language.as_ref()),
        ("country", m.country.as_ref()),
    ];
    let recipient: serde_json::Map<String, Value> =
        known.into_iter().filter_map(|(name, value)| value.map(|v| (name.to_string(), json!(v)))).collect();
    let mut values = shared.clone();
    values.insert("recipient".into(), recipient.into());
    values.insert("unsubscribe_url".into(), json!(unsubscribe));
    values.insert("preferences_url".into(), json!(preferences));
    values.into()
}

/// The values of a reader of whom everything is known, to try a template with.
pub fn values_of_sample(campaign: &Campaign) -> Value {
    let at: DateTime<Utc> = campaign.created_at;
    let text = |t: &str| Some(t.to_string());
    let sample = CampaignMember {
        id: Id::from_uuid(campaign.id.uuid()),
        campaign_id: campaign.id,
        company_id: campaign.company_id,
        enrollment_id: None,
        party_id: None,
        contact_id: None,
        lead_id: None,
        name: "Ana Trujillo".into(),
        first_name: text("Ana"),
        last_name: text("Trujillo"),
        email: text("ana@example.com"),
        language: text("en"),
        country: text("MX"),
        time_zone: None,
        variant: None,
        status: MemberStatus::Queued,
        exclusion_reason: None,
        due_at: Some(at),
        sent_at: None,
        opened_at: None,
        clicked_at: None,
        converted_at: None,
        bounced_at: None,
        complained_at: None,
        unsubscribed_at: None,
        open_count: 0,
        click_count: 0,
        bot_count: 0,
        note: None,
    };
    values_of(&campaigns::shared_values(campaign, "Company"), &sample, "https://example.com/unsubscribe", "https://example.com/preferences")
}
