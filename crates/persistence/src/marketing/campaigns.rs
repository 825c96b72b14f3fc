//! Rows of campaigns and their variants, and the campaigns that something is to be done about.

pub mod codes;
pub mod members;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{CampaignId, JobId, JourneyId};
use domain::kernel::Id;
use domain::marketing::campaigns::members::CampaignMember;
use domain::marketing::campaigns::{Campaign, CampaignVariant};
use uuid::Uuid;

use crate::personal::{Personal, To, by, null, word};
use crate::{Conn, Result, record, sql};

record! {
    campaigns: Campaign {
        id: uid, company_id: uid, name: text, status: word, segment_id: opt(uid), journey_id: opt(uid), topic: opt(text), from_name: opt(text),
        reply_to: opt(text), variables: json, quiet_hours: opt(json), frequency_cap: opt(json), scheduled_at: opt(instant),
        launched_at: opt(instant), audience_at: opt(instant), audience_count: opt(int), ready_at: opt(instant), completed_at: opt(instant),
        cancelled_at: opt(instant), job_id: opt(uid), version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |c| crate::search_text(&[&c.name]) }
    unstored { variants }
    complete = complete
}
record! {
    campaign_variants: CampaignVariant {
        id: uid, campaign_id: uid, position: small, name: text, template_id: uid, template_revision: opt(int), share_percent: small,
    }
}

fn complete(db: &mut Conn, rows: &mut [Campaign]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|c| c.id.uuid()).collect();
    let mut variants: HashMap<_, Vec<_>> = HashMap::new();
    for variant in record::by::<CampaignVariant>(db, "campaign_id", &ids)? {
        variants.entry(variant.campaign_id).or_default().push(variant);
    }
    for row in rows {
        row.variants = variants.remove(&row.id).unwrap_or_default();
    }
    Ok(())
}

/// Writes down which revisions of its templates a campaign sends.
pub fn pin(db: &mut Conn, campaign: &Campaign) -> Result<()> {
    for variant in &campaign.variants {
        record::update(db, variant, None)?;
    }
    Ok(())
}

/// Notes which job works for a campaign. A note of ours: it does not count as a change.
pub fn set_job(db: &mut Conn, campaign: CampaignId, job: JobId) -> Result<usize> {
    sql!("UPDATE campaigns SET job_id = {} WHERE id = {}", job.uuid(), campaign.uuid()).execute(db)
}

/// Whether a job works for a campaign, or is about to.
pub fn is_worked_for(db: &mut Conn, campaign: &Campaign) -> Result<bool> {
    let Some(job) = campaign.job_id else { return Ok(false) };
    let found = sql!("SELECT id FROM jobs WHERE id = {} AND status IN ('queued', 'running')", job.uuid());
    Ok(found.first::<(Uuid,)>(db)?.is_some())
}

/// The campaigns of a journey that are not over, the oldest first.
pub fn of_journey(db: &mut Conn, journey: JourneyId) -> Result<Vec<Campaign>> {
    let mut s = record::select::<Campaign>();
    s.append(sql!(" WHERE journey_id = {} AND status IN ('running', 'paused') ORDER BY id", journey.uuid()));
    record::load(db, &s)
}

/// Up to `limit` scheduled campaigns whose moment has come.
pub fn to_launch(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<CampaignId>> {
    let due =
        sql!("SELECT id FROM campaigns WHERE status = 'scheduled' AND scheduled_at <= {} ORDER BY scheduled_at, id LIMIT {}", now, limit);
    Ok(due.load::<(Uuid,)>(db)?.into_iter().map(|r| CampaignId::from_uuid(r.0)).collect())
}

/// Up to `limit` running campaigns that no job works for although there is something to do: an audience to freeze, a
/// message that is due, or an end to write down. Whether the audience is ready.
pub fn idle(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<(CampaignId, bool)>> {
    let found = sql!(
        "SELECT c.id, c.ready_at FROM campaigns c WHERE c.status = 'running' \
         AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = c.job_id AND j.status IN ('queued', 'running')) \
         AND (c.ready_at IS NULL \
         OR (c.journey_id IS NULL \
         AND NOT EXISTS (SELECT 1 FROM campaign_members w WHERE w.campaign_id = c.id AND w.status IN ('queued', 'sending'))) \
         OR EXISTS (SELECT 1 FROM campaign_members m WHERE m.campaign_id = c.id AND m.status = 'sending') \
         OR EXISTS (SELECT 1 FROM campaign_members m WHERE m.campaign_id = c.id AND m.status = 'queued' AND m.due_at <= {})) \
         ORDER BY c.id LIMIT {}",
        now,
        limit
    );
    let rows = found.load::<(Uuid, Option<DateTime<Utc>>)>(db)?;
    Ok(rows.into_iter().map(|(id, ready)| (CampaignId::from_uuid(id), ready.is_some())).collect())
}

/// What `campaign_members` holds of a person.
pub const MEMBERS: Personal = Personal::of::<CampaignMember>()
    .ways(&[by("party_id", To::Party), by("contact_id", To::Contact), by("lead_id", To::Lead), by("subject", To::Anyone)])
    .columns(&[
        word("name"),
        null("first_name"),
        null("last_name"),
        null("email"),
        null("email_key"),
        null("language"),
        null("time_zone"),
        null("note"),
    ])
    .plain(&["country", "variant", "status", "exclusion_reason"])
    .also(
        ", exclusion_reason = CASE WHEN status IN ('pending', 'queued') THEN 'no_address' ELSE exclusion_reason END, \
         status = CASE WHEN status IN ('pending', 'queued') THEN 'excluded' ELSE status END",
    );
