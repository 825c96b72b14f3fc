//! Rows of opportunities, with their lines and the next activity read along.

pub mod changes;
pub mod lines;
pub mod team;

use chrono::{DateTime, Utc};
use domain::crm::opportunities::changes::OpportunityChange;
use domain::crm::opportunities::{Opportunity, OpportunityLine};
use domain::ids::OpportunityId;
use domain::kernel::Id;
use uuid::Uuid;

use crate::personal::{Personal, To, blank, by, names, null, object, unnamed, word};
use crate::reference::{OnMerge, Reference};
use crate::{Condition, Conn, Result, record, sql};

crate::record! {
    opportunities: Opportunity {
        id: uid, company_id: uid, name: text, status: word, party_id: uid, contact_id: opt(uid), pipeline_id: uid,
        stage_id: uid, stage_entered_at: instant, last_activity_at: opt(instant), stalls_at: opt(instant),
        stalled_at: opt(instant), currency: text, amount_source: word, amount: amount,
        probability_percent: rate, probability_is_manual: bool, weighted_amount: amount, forecast_category: word,
        forecast_category_is_manual: bool, expected_close_date: opt(date), close_date_pushes: small, owner_id: opt(uid),
        source_lead_id: opt(uid), source: opt(text), campaign: opt(text), territory_id: opt(uid), description: opt(text), loss_reason: opt(text),
        loss_reason_id: opt(uid), competitor: opt(text), competitor_id: opt(uid),
        closed_date: opt(date), closed_at: opt(instant), days_to_close: opt(small), metadata: json, version: int, created_at: instant,
        updated_at: instant,
    }
    derived { search: text = |o| search(o) }
    unstored { next_activity_at, lines, splits, contact_roles, competitors }
    complete = complete
}

fn search(o: &Opportunity) -> String {
    let or = |t: &Option<String>| t.clone().unwrap_or_default();
    crate::search_text(&[&o.name, &or(&o.source), &or(&o.competitor), &or(&o.description)])
}

fn complete(db: &mut Conn, rows: &mut [Opportunity]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|o| o.id.uuid()).collect();
    let place = |rows: &[Opportunity], id: Uuid| rows.iter().position(|o| o.id.uuid() == id);
    for mut line in record::by::<OpportunityLine>(db, "opportunity_id", &ids)? {
        if let Some(at) = place(rows, line.opportunity_id.uuid()) {
            line.version = rows[at].version;
            rows[at].lines.push(line);
        }
    }
    self::team::complete(db, rows, &ids)?;
    let next = sql!(
        "SELECT opportunity_id, MIN(due_at) FROM activities WHERE opportunity_id IN ({}) AND status IN ('planned', 'in_progress') \
         AND due_at IS NOT NULL GROUP BY opportunity_id",
        crate::list(&ids)
    );
    for (id, due) in next.load::<(Uuid, Option<DateTime<Utc>>)>(db)? {
        if let Some(at) = place(rows, id) {
            rows[at].next_activity_at = due;
        }
    }
    Ok(())
}

/// Deals with something still to be done about them, or without.
pub fn has_next_activity(_: DateTime<Utc>, wanted: bool) -> Condition {
    let exists = "EXISTS (SELECT 1 FROM activities a WHERE a.opportunity_id = opportunities.id AND a.status IN ('planned', 'in_progress'))";
    Condition::Other(crate::Statement::new(if wanted { exists.to_string() } else { format!("NOT {exists}") }))
}

/// Open deals that wait longer than their stage allows, or all others.
pub fn stalled(now: DateTime<Utc>, wanted: bool) -> Condition {
    let mut s = crate::Statement::new(if wanted { "" } else { "NOT " });
    s.append(sql!("(status = 'open' AND stalls_at IS NOT NULL AND stalls_at <= {})", now));
    Condition::Other(s)
}

/// Deals that count for a user: with a share in them, or their owner when nobody has one.
pub fn counts_for(user: Uuid) -> Condition {
    Condition::Other(sql!(
        "(EXISTS (SELECT 1 FROM opportunity_splits s WHERE s.opportunity_id = opportunities.id AND s.user_id = {}) OR (owner_id = {} \
         AND NOT EXISTS (SELECT 1 FROM opportunity_splits s WHERE s.opportunity_id = opportunities.id)))",
        user,
        user
    ))
}

/// Deals that count for somebody, or for nobody.
pub fn has_seller(_: DateTime<Utc>, wanted: bool) -> Condition {
    let seller = "(owner_id IS NOT NULL OR EXISTS (SELECT 1 FROM opportunity_splits s WHERE s.opportunity_id = opportunities.id))";
    Condition::Other(crate::Statement::new(if wanted { seller.to_string() } else { format!("NOT {seller}") }))
}

/// Deals that count for somebody in a team or below it: by a share, or as owner when nobody has one.
pub fn sold_by_team(team: Uuid) -> Condition {
    let mut s =
        crate::Statement::new("(EXISTS (SELECT 1 FROM opportunity_splits s WHERE s.opportunity_id = opportunities.id AND s.user_id IN (");
    s.append(crate::directory::teams::users_of(team)).sql(")) OR (owner_id IN (").append(crate::directory::teams::users_of(team));
    s.sql(") AND NOT EXISTS (SELECT 1 FROM opportunity_splits s WHERE s.opportunity_id = opportunities.id)))");
    Condition::Other(s)
}

/// Deals that count for somebody who is in a team of their company, or only for others and nobody.
pub fn has_seller_team(_: DateTime<Utc>, wanted: bool) -> Condition {
    // as forecasts count: each share, or the owner
    let team = "SELECT 1 FROM team_members m WHERE m.company_id = opportunities.company_id AND m.user_id = ";
    let seller = |exists: &str| {
        format!(
            "(EXISTS (SELECT 1 FROM opportunity_splits s WHERE s.opportunity_id = opportunities.id AND {exists} ({team} s.user_id)) OR \
             ({exists} ({team} owner_id) AND NOT EXISTS (SELECT 1 FROM opportunity_splits s WHERE s.opportunity_id = opportunities.id)))"
        )
    };
    Condition::Other(crate::Statement::new(seller(if wanted { "EXISTS" } else { "NOT EXISTS" })))
}

/// Deals in a territory or below it.
pub fn in_territory(territory: Uuid) -> Condition {
    let mut s = crate::Statement::new("territory_id IN (");
    s.append(crate::directory::territories::ids_of(territory)).sql(")");
    Condition::Other(s)
}

/// Deals in a territory, or in none.
pub fn has_territory(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("territory_id", !wanted)
}

/// Deals with a source, or without.
pub fn has_source(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("source", !wanted)
}

/// Deals with a campaign, or without.
pub fn has_campaign(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("campaign", !wanted)
}

/// Deals with an expected close, or without.
pub fn has_expected_close_date(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("expected_close_date", !wanted)
}

/// Deals that are or were in a stage.
pub fn reached(stage: Uuid) -> Condition {
    let stage = domain::ids::StageId::from_uuid(stage).to_string();
    Condition::Other(sql!(
        "EXISTS (SELECT 1 FROM opportunity_changes c WHERE c.opportunity_id = opportunities.id AND c.field = 'stage' AND c.new_value = {})",
        stage
    ))
}

/// Deals in which a competitor is named.
pub fn contested_by(competitor: Uuid) -> Condition {
    Condition::Other(sql!(
        "(competitor_id = {} OR EXISTS (SELECT 1 FROM opportunity_competitors c WHERE c.opportunity_id = opportunities.id \
         AND c.competitor_id = {}))",
        competitor,
        competitor
    ))
}

/// Open deals that stall and were not found so yet, the longest waiting first.
pub fn to_stall(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<OpportunityId>> {
    let found = sql!(
        "SELECT id FROM opportunities WHERE status = 'open' AND stalled_at IS NULL AND stalls_at <= {} ORDER BY stalls_at, id LIMIT {}",
        now,
        limit
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| OpportunityId::from_uuid(r.0)).collect())
}

/// Keeps when an open deal was last worked on. It is no change of the deal itself: its version stays.
pub fn touch(db: &mut Conn, deal: &Opportunity) -> Result<()> {
    let s = sql!(
        "UPDATE opportunities SET last_activity_at = {}, stalls_at = {}, stalled_at = {} WHERE id = {}",
        deal.last_activity_at,
        deal.stalls_at,
        deal.stalled_at,
        deal.id.uuid()
    );
    s.execute(db).map(drop)
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Opportunity>()
    .ways(&[
        by("party_id", To::Party),
        names("contact_id", To::Contact),
        names("source_lead_id", To::Lead),
        names("id", To::Lead).where_is("id IN (SELECT converted_opportunity_id FROM leads WHERE id IN ({}))"),
    ])
    .columns(&[word("name"), null("description"), null("competitor"), null("loss_reason"), object("metadata"), blank("search")])
    .plain(&["status", "currency", "amount_source", "forecast_category", "source", "campaign"]);

/// What `opportunity_changes` holds of a person.
pub const CHANGES: Personal = Personal::of::<OpportunityChange>()
    .ways(&[by("opportunity_id", To::Row("opportunities"))])
    .columns(&[unnamed("old_value"), unnamed("new_value"), unnamed("old_label"), unnamed("new_label"), unnamed("reason")])
    .plain(&["field"]);

/// What `opportunity_lines` holds of a person.
pub const LINES: Personal =
    Personal::table("opportunity_lines").ways(&[by("opportunity_id", To::Row("opportunities"))]).columns(&[unnamed("description")]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_party::<Opportunity>("party_id", OnMerge::Follow), Reference::to_contact::<Opportunity>("contact_id", OnMerge::Follow)];
