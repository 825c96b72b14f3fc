//! Rows of scoring models, and what scores are computed from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::crm::lead_scoring_models::{EngagementKind, LeadScoringModel};
use domain::crm::leads::Lead;
use domain::crm::leads::scores::{Engagement, GradeChange};
use domain::ids::{CompanyId, LeadId};
use domain::kernel::{Id, Rate, StringEnum};
use uuid::Uuid;

use crate::{Conn, Error, Result, record, sql};

crate::record! {
    lead_scoring_models: LeadScoringModel {
        id: uid, company_id: uid, model_version: int, name: text, status: word, fit_rules: json, engagement_rules: json,
        grades: json, activated_at: opt(instant), retired_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
}

/// The model that scores the leads of a company.
pub fn active(db: &mut Conn, company: CompanyId) -> Result<Option<LeadScoringModel>> {
    let mut s = record::select::<LeadScoringModel>();
    s.append(sql!(" WHERE company_id = {} AND status = 'active'", company.uuid()));
    Ok(record::load(db, &s)?.pop())
}

/// The number of the latest model of a company; zero before the first.
pub fn latest_version(db: &mut Conn, company: CompanyId) -> Result<i64> {
    let row =
        sql!("SELECT MAX(model_version) FROM lead_scoring_models WHERE company_id = {}", company.uuid()).first::<(Option<i64>,)>(db)?;
    Ok(row.and_then(|r| r.0).unwrap_or_default())
}

/// What these leads did: their touches, and the calls, meetings and e-mails about them that are done.
pub fn engagements(db: &mut Conn, leads: &[LeadId]) -> Result<BTreeMap<LeadId, Vec<Engagement>>> {
    type Row = (Uuid, String, DateTime<Utc>, Option<String>, Option<String>);
    let ids: Vec<Uuid> = leads.iter().map(|l| l.uuid()).collect();
    let rows = sql!(
        "SELECT lead_id, kind, occurred_at, campaign, landing_path FROM touchpoints WHERE lead_id IN ({}) \
         UNION ALL SELECT lead_id, CASE kind WHEN 'call' THEN 'call_done' WHEN 'meeting' THEN 'meeting_done' ELSE 'email_done' END, \
         completed_at, NULL, NULL FROM activities \
         WHERE lead_id IN ({}) AND status = 'done' AND kind IN ('call', 'meeting', 'email') AND completed_at IS NOT NULL \
         ORDER BY 1, 3",
        crate::list(&ids),
        crate::list(&ids)
    )
    .load::<Row>(db)?;
    let mut out: BTreeMap<LeadId, Vec<Engagement>> = BTreeMap::new();
    for (lead, kind, occurred_at, campaign, path) in rows {
        let kind = EngagementKind::from_word(&kind).ok_or_else(|| Error::Broken(format!("unknown engagement {kind}")))?;
        out.entry(LeadId::from_uuid(lead)).or_default().push(Engagement { kind, occurred_at, campaign, path });
    }
    Ok(out)
}

/// The open leads of a company after an id, in the order of ids.
pub fn open_leads(db: &mut Conn, company: CompanyId, after: Option<LeadId>, limit: i64) -> Result<Vec<LeadId>> {
    let after = after.map_or(Uuid::nil(), |id| id.uuid());
    let rows = sql!(
        "SELECT id FROM leads WHERE company_id = {} AND id > {} AND status IN ('new', 'working', 'qualified') ORDER BY id LIMIT {}",
        company.uuid(),
        after,
        limit
    )
    .load::<(Uuid,)>(db)?;
    Ok(rows.into_iter().map(|r| LeadId::from_uuid(r.0)).collect())
}

/// Open leads that have a score and were last looked at before a moment, the longest ago first.
pub fn to_regrade(db: &mut Conn, before: DateTime<Utc>, limit: i64) -> Result<Vec<LeadId>> {
    let rows = sql!(
        "SELECT id FROM leads WHERE score IS NOT NULL AND status IN ('new', 'working', 'qualified') AND score_checked_at <= {} \
         ORDER BY score_checked_at, id LIMIT {}",
        before,
        limit
    )
    .load::<(Uuid,)>(db)?;
    Ok(rows.into_iter().map(|r| LeadId::from_uuid(r.0)).collect())
}

/// Remembers when the scores of these leads were looked at. It is no change of the leads: their versions stay.
pub fn looked_at(db: &mut Conn, leads: &[LeadId], now: DateTime<Utc>) -> Result<()> {
    let ids: Vec<Uuid> = leads.iter().map(|l| l.uuid()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    sql!("UPDATE leads SET score_checked_at = {} WHERE id IN ({})", now, crate::list(&ids)).execute(db).map(drop)
}

/// The newest open leads of a company.
pub fn newest_leads(db: &mut Conn, company: CompanyId, limit: i64) -> Result<Vec<Lead>> {
    let mut s = record::select::<Lead>();
    s.append(sql!(" WHERE company_id = {} AND status IN ('new', 'working', 'qualified') ORDER BY id DESC LIMIT {}", company.uuid(), limit));
    record::load(db, &s)
}

/// Stores a lead whose score moved within its grade: that is counted as a change of the lead and told to nobody.
pub fn store_quietly(db: &mut Conn, lead: &Lead) -> Result<bool> {
    record::update(db, lead, Some(lead.version - 1))
}

/// Notes a change of the grade. The number of the change is unique for each lead, so none is noted twice.
pub fn note_change(db: &mut Conn, id: Uuid, before: Option<&str>, lead: &Lead, now: DateTime<Utc>) -> Result<()> {
    sql!(
        "INSERT INTO lead_grade_changes (id, lead_id, ordinal, from_grade, to_grade, score, model_version, changed_at) \
         VALUES ({}, {}, {}, {}, {}, {}, {}, {})",
        id,
        lead.id.uuid(),
        lead.grade_changes,
        before,
        lead.grade.as_deref(),
        lead.score.unwrap_or_default(),
        lead.scoring_model_version.unwrap_or_default(),
        now
    )
    .execute(db)?;
    Ok(())
}

/// The latest changes of the grade of a lead, the newest first.
pub fn changes(db: &mut Conn, lead: LeadId, limit: i64) -> Result<Vec<GradeChange>> {
    type Row = (Option<String>, Option<String>, Rate, i64, DateTime<Utc>);
    let rows = sql!(
        "SELECT from_grade, to_grade, score, model_version, changed_at FROM lead_grade_changes WHERE lead_id = {} \
         ORDER BY ordinal DESC LIMIT {}",
        lead.uuid(),
        limit
    )
    .load::<Row>(db)?;
    let change = |(from_grade, to_grade, score, model_version, changed_at): Row| GradeChange {
        from_grade,
        to_grade,
        score,
        model_version,
        changed_at,
    };
    Ok(rows.into_iter().map(change).collect())
}
