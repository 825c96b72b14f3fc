//! Rows of the ledger of attribution, what stands in it, and the touches that lead to a deal.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::crm::leads::touches::TouchChannel;
use domain::ids::{AttributionDealId, AttributionModelId, CampaignId, CompanyId, OpportunityId};
use domain::kernel::{Amount, Id, StringEnum};
use domain::marketing::attribution::markov::Path;
use domain::marketing::attribution::{AttributionBasis, AttributionGroup, CreditKey, PathTouch};
use domain::marketing::attribution_credits::{AttributionCredit, AttributionDeal, AttributionRestatement};
use domain::marketing::touchpoints::Subject;
use uuid::Uuid;

use crate::reference::{OnMerge, Reference};
use crate::{Condition, Conn, Engine, Only, Result, Statement, list, record, sql};

record! {
    attribution_deals: AttributionDeal {
        id: uid, company_id: uid, opportunity_id: opt(uid), order_id: opt(uid), invoice_id: opt(uid), party_id: uid, lead_id: opt(uid),
        status: word, started_at: instant, lead_created_at: opt(instant), opportunity_created_at: opt(instant), converted_at: opt(instant),
        touch_count: small, pipeline: amount, bookings: amount, invoiced: amount, cash: amount, margin: amount, is_stale: bool,
        version: int, created_at: instant, updated_at: instant,
    }
}
record! {
    attribution_restatements: AttributionRestatement {
        id: uid, company_id: uid, deal_id: uid, opportunity_id: opt(uid), basis: word, day: date, before_amount: amount,
        after_amount: amount, change_amount: amount, reason: text, cause_id: opt(text), version: int, created_at: instant,
    }
}
record! {
    attribution_credits: AttributionCredit {
        id: uid, company_id: uid, model_id: opt(uid), deal_id: uid, opportunity_id: opt(uid), restatement_id: uid, basis: word, day: date,
        touchpoint_id: opt(uid), campaign_id: opt(uid), campaign: opt(text), channel: opt(word), source: opt(text), medium: opt(text),
        weight: rate, amount: amount, version: int, created_at: instant,
    }
}

/// Touches of a deal that are looked at: the latest ones, and the first.
pub const MOST_TOUCHES: i64 = 1000;

// ---- deals --------------------------------------------------------------------------------------

fn locked(db: &mut Conn, mut s: Statement) -> Result<Option<AttributionDeal>> {
    if db.engine() == Engine::Postgres {
        s.sql(" FOR NO KEY UPDATE");
    }
    Ok(record::load(db, &s)?.pop())
}

/// The deal that an opportunity is, locked until the transaction ends.
pub fn deal_of(db: &mut Conn, opportunity: OpportunityId) -> Result<Option<AttributionDeal>> {
    let mut s = record::select::<AttributionDeal>();
    s.append(sql!(" WHERE opportunity_id = {}", opportunity.uuid()));
    locked(db, s)
}

/// The deal that led to a document, locked until the transaction ends.
pub fn deal_with(db: &mut Conn, document: &str) -> Result<Option<AttributionDeal>> {
    let mut s = record::select::<AttributionDeal>();
    s.append(sql!(" WHERE id = (SELECT deal_id FROM attribution_documents WHERE document_id = {})", document));
    locked(db, s)
}

/// Remembers that a deal led to an order, or to an invoice without one, and when that was confirmed or posted.
pub fn note_document(db: &mut Conn, deal: AttributionDealId, document: &str, at: Option<DateTime<Utc>>) -> Result<usize> {
    sql!(
        "INSERT INTO attribution_documents (document_id, deal_id, at) VALUES ({}, {}, {}) ON CONFLICT (document_id) DO NOTHING",
        document,
        deal.uuid(),
        at
    )
    .execute(db)
}

/// When the first document of a deal was confirmed or posted; of orders, when `booked`, only those that count as booked.
pub fn first_document(db: &mut Conn, deal: AttributionDealId, booked: bool) -> Result<Option<DateTime<Utc>>> {
    let mut s = sql!("SELECT MIN(d.at) FROM attribution_documents d WHERE d.deal_id = {}", deal.uuid());
    if booked {
        s.sql(" AND EXISTS (SELECT 1 FROM attribution_figures f WHERE f.document_id = d.document_id AND f.basis = 'bookings')");
    }
    Ok(s.first::<(Option<DateTime<Utc>>,)>(db)?.and_then(|r| r.0))
}

/// Whether a deal has bookings beside those of this document.
pub fn is_booked_beside(db: &mut Conn, deal: AttributionDealId, document: &str) -> Result<bool> {
    let found = sql!(
        "SELECT document_id FROM attribution_figures WHERE deal_id = {} AND basis = 'bookings' AND document_id <> {} LIMIT 1",
        deal.uuid(),
        document
    );
    Ok(found.first::<(String,)>(db)?.is_some())
}

/// `AND id IN (…)`: deals of these people; nothing when nobody is named.
fn of_people(whose: Subject) -> Option<Statement> {
    let mut each = Vec::new();
    if let Some(opportunity) = whose.opportunity {
        each.push(sql!("opportunity_id = {}", opportunity.uuid()));
    }
    if let Some(party) = whose.party {
        each.push(sql!("party_id = {}", party.uuid()));
    }
    if let Some(contact) = whose.contact {
        each.push(sql!("party_id IN (SELECT party_id FROM relationships WHERE contact_id = {})", contact.uuid()));
    }
    if let Some(lead) = whose.lead {
        each.push(sql!("lead_id = {}", lead.uuid()));
    }
    if each.is_empty() {
        return None;
    }
    let mut s = Statement::new(" AND id IN (");
    for (i, one) in each.into_iter().enumerate() {
        s.sql(if i == 0 { "" } else { " UNION ALL " }).sql("SELECT id FROM attribution_deals WHERE ").append(one);
    }
    s.sql(")");
    Some(s)
}

/// Notes that deals must be credited anew, because of a touch at this moment by these people; how many. A note of ours: it does not
/// count as a change. Deals that were converted before are not concerned.
pub fn mark_stale(db: &mut Conn, company: Option<CompanyId>, whose: Subject, at: Option<DateTime<Utc>>) -> Result<usize> {
    let Some(people) = of_people(whose) else { return Ok(0) };
    // lost deals, too: they may be opened again, and a rebuild counts their touches
    let mut s = sql!("UPDATE attribution_deals SET is_stale = {} WHERE 1 = 1", true);
    if let Some(company) = company {
        s.append(sql!(" AND company_id = {}", company.uuid()));
    }
    if let Some(at) = at {
        s.append(sql!(" AND (converted_at IS NULL OR converted_at >= {})", at));
    }
    s.append(people);
    s.execute(db)
}

/// Up to `limit` deals of these people that must be credited anew.
pub fn stale_of(db: &mut Conn, company: Option<CompanyId>, whose: Subject, limit: i64) -> Result<Vec<AttributionDealId>> {
    let Some(people) = of_people(whose) else { return Ok(Vec::new()) };
    let mut s = Statement::new("SELECT id FROM attribution_deals WHERE is_stale");
    if let Some(company) = company {
        s.append(sql!(" AND company_id = {}", company.uuid()));
    }
    s.append(people).append(sql!(" ORDER BY id LIMIT {}", limit));
    Ok(s.load::<(Uuid,)>(db)?.into_iter().map(|r| AttributionDealId::from_uuid(r.0)).collect())
}

/// How many deals there are.
pub fn count_deals(db: &mut Conn, only: &Only) -> Result<i64> {
    Ok(sql!("SELECT COUNT(*) FROM attribution_deals WHERE {}", only.on("company_id")).first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Up to `limit` deals that must be credited anew.
pub fn stale(db: &mut Conn, limit: i64) -> Result<Vec<AttributionDealId>> {
    let found = sql!("SELECT id FROM attribution_deals WHERE is_stale ORDER BY id LIMIT {}", limit);
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| AttributionDealId::from_uuid(r.0)).collect())
}

/// Up to `limit` deals of a company after this one.
pub fn deals_after(db: &mut Conn, company: CompanyId, after: Option<AttributionDealId>, limit: i64) -> Result<Vec<AttributionDealId>> {
    // no id is before the one of zeros
    let after = after.map_or(Uuid::nil(), |a| a.uuid());
    let found =
        sql!("SELECT id FROM attribution_deals WHERE company_id = {} AND id > {} ORDER BY id LIMIT {}", company.uuid(), after, limit);
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| AttributionDealId::from_uuid(r.0)).collect())
}

// ---- journeys -----------------------------------------------------------------------------------

/// The touches that count for an account and a deal between two moments, the earliest first: those of the party, of its contacts,
/// of the opportunity and of its lead. At most [`MOST_TOUCHES`] of the latest, and the first.
pub fn touches(db: &mut Conn, deal: &AttributionDeal, since: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<PathTouch>> {
    let one = |order: &'static str, limit: i64| {
        let mut each = vec![
            sql!("touchpoints t WHERE t.party_id = {}", deal.party_id.uuid()),
            sql!("relationships r JOIN touchpoints t ON t.contact_id = r.contact_id WHERE r.party_id = {}", deal.party_id.uuid()),
        ];
        each.extend(deal.opportunity_id.map(|id| sql!("touchpoints t WHERE t.opportunity_id = {}", id.uuid())));
        each.extend(deal.lead_id.map(|id| sql!("touchpoints t WHERE t.lead_id = {}", id.uuid())));
        let mut s = Statement::new("SELECT id, occurred_at, channel, source, medium, campaign, campaign_id FROM (");
        for (i, whose) in each.into_iter().enumerate() {
            s.sql(if i == 0 { "" } else { " UNION " });
            s.sql("SELECT t.id, t.occurred_at, t.channel, t.source, t.medium, t.campaign, t.campaign_id FROM ").append(whose);
            // the company must not be what rows are looked up by: it has many, the account has few
            s.append(sql!(
                " AND COALESCE(t.company_id, t.company_id) = {} AND t.occurred_at >= {} AND t.occurred_at <= {} \
                 AND t.kind NOT IN ('unsubscribe', 'bounce')",
                deal.company_id.uuid(),
                since,
                until
            ));
        }
        s.sql(") AS met ORDER BY ").sql(order).append(sql!(" LIMIT {}", limit));
        s
    };
    type Row = (Uuid, DateTime<Utc>, String, Option<String>, Option<String>, Option<String>, Option<Uuid>);
    let touch = |r: Row| PathTouch {
        id: Id::from_uuid(r.0),
        occurred_at: r.1,
        channel: TouchChannel::from_word(&r.2).unwrap_or(TouchChannel::Direct),
        source: r.3,
        medium: r.4,
        campaign: r.5,
        campaign_id: r.6.map(CampaignId::from_uuid),
    };
    let mut found: Vec<PathTouch> = one("occurred_at DESC, id DESC", MOST_TOUCHES).load::<Row>(db)?.into_iter().map(touch).collect();
    if found.len() as i64 == MOST_TOUCHES {
        let first = one("occurred_at, id", 1).first::<Row>(db)?.map(touch);
        found.extend(first.filter(|f| found.last().is_some_and(|l| l.id != f.id)));
    }
    found.reverse();
    Ok(found)
}

/// The journeys of up to `limit` of the latest decided deals of a company, of which a Markov model learns.
pub fn decided(db: &mut Conn, company: CompanyId, limit: i64) -> Result<Vec<AttributionDeal>> {
    let mut s = record::select::<AttributionDeal>();
    s.append(sql!(
        " WHERE company_id = {} AND status IN ('won', 'lost') AND touch_count > 0 ORDER BY id DESC LIMIT {}",
        company.uuid(),
        limit
    ));
    record::load(db, &s)
}

/// The journeys of up to `limit` of the latest disqualified leads: they led to nothing.
pub fn disqualified(db: &mut Conn, company: CompanyId, lookback_days: i32, limit: i64) -> Result<Vec<Path>> {
    let found = sql!(
        "SELECT t.lead_id, t.channel, t.occurred_at, COALESCE(l.disqualified_at, l.updated_at) FROM (SELECT id, disqualified_at, updated_at FROM leads WHERE company_id = {} \
         AND status = 'disqualified' ORDER BY id DESC LIMIT {}) AS l JOIN touchpoints t ON t.lead_id = l.id \
         WHERE t.kind NOT IN ('unsubscribe', 'bounce') ORDER BY t.lead_id, t.occurred_at, t.id",
        company.uuid(),
        limit
    );
    let mut paths: BTreeMap<Uuid, Vec<TouchChannel>> = BTreeMap::new();
    for (lead, channel, at, ended) in found.load::<(Uuid, String, DateTime<Utc>, DateTime<Utc>)>(db)? {
        let inside = at <= ended && at >= ended - chrono::TimeDelta::days(lookback_days.into());
        if let Some(channel) = TouchChannel::from_word(&channel).filter(|_| inside) {
            paths.entry(lead).or_default().push(channel);
        }
    }
    Ok(paths.into_values().map(|channels| (channels, false)).collect())
}

// ---- what stands --------------------------------------------------------------------------------

fn bases(of: &[AttributionBasis]) -> Vec<String> {
    of.iter().map(|b| b.as_str().to_string()).collect()
}

fn basis(word: &str) -> AttributionBasis {
    AttributionBasis::from_word(word).unwrap_or(AttributionBasis::Invoiced)
}

/// Sums by basis and day.
pub type Days = BTreeMap<(AttributionBasis, NaiveDate), Amount>;

/// What a document brought as far as is written, of these kinds of money.
pub fn figures_of(db: &mut Conn, document: &str, of: &[AttributionBasis]) -> Result<Days> {
    let found =
        sql!("SELECT basis, day, amount FROM attribution_figures WHERE document_id = {} AND basis IN ({})", document, list(&bases(of)));
    let rows = found.load::<(String, NaiveDate, Amount)>(db)?;
    Ok(rows.into_iter().map(|(b, day, amount)| ((basis(&b), day), amount)).collect())
}

/// Writes what a document brought of these kinds of money, in place of what was written.
pub fn keep_figures(db: &mut Conn, deal: AttributionDealId, document: &str, of: &[AttributionBasis], figures: &Days) -> Result<()> {
    sql!("DELETE FROM attribution_figures WHERE document_id = {} AND basis IN ({})", document, list(&bases(of))).execute(db)?;
    let row = |(&(basis, day), &amount): (&(AttributionBasis, NaiveDate), &Amount)| {
        sql!("({}, {}, {}, {}, {})", document, basis.as_str(), day, deal.uuid(), amount)
    };
    put(db, "INSERT INTO attribution_figures (document_id, basis, day, deal_id, amount) VALUES ", figures.iter().map(row))
}

/// Runs an INSERT with these rows, when there are any.
fn put(db: &mut Conn, insert: &'static str, rows: impl Iterator<Item = Statement>) -> Result<()> {
    let rows: Vec<Statement> = rows.collect();
    for part in rows.chunks(500) {
        let mut s = Statement::new(insert);
        for (i, row) in part.iter().enumerate() {
            s.sql(if i == 0 { "" } else { ", " }).append(row.clone());
        }
        s.execute(db)?;
    }
    Ok(())
}

/// From which day on, for each kind of money; from the first where no day is named.
pub type Since = [(AttributionBasis, Option<NaiveDate>)];

/// ` WHERE deal_id = … AND (basis = … AND day >= … OR …)`
fn since(deal: AttributionDealId, from: &Since) -> Statement {
    let mut s = sql!(" WHERE deal_id = {} AND (", deal.uuid());
    for (i, (basis, day)) in from.iter().enumerate() {
        s.sql(if i == 0 { "" } else { " OR " }).append(sql!("basis = {}", basis.as_str()));
        if let Some(day) = day {
            s.append(sql!(" AND day >= {}", *day));
        }
    }
    s.sql(if from.is_empty() { "FALSE)" } else { ")" });
    s
}

/// What a deal brought on each day, as far as is written.
pub fn days(db: &mut Conn, deal: AttributionDealId, from: &Since) -> Result<Days> {
    let mut s = Statement::new("SELECT basis, day, amount FROM attribution_days");
    s.append(since(deal, from));
    Ok(s.load::<(String, NaiveDate, Amount)>(db)?.into_iter().map(|(b, day, amount)| ((basis(&b), day), amount)).collect())
}

/// Writes what a deal brought on each day, in place of what was written from there on.
pub fn keep_days(db: &mut Conn, deal: AttributionDealId, from: &Since, days: &Days) -> Result<()> {
    let mut gone = Statement::new("DELETE FROM attribution_days");
    gone.append(since(deal, from)).execute(db)?;
    let row = |(&(basis, day), &amount): (&(AttributionBasis, NaiveDate), &Amount)| {
        sql!("({}, {}, {}, {})", deal.uuid(), basis.as_str(), day, amount)
    };
    put(db, "INSERT INTO attribution_days (deal_id, basis, day, amount) VALUES ", days.iter().map(row))
}

/// What the credits of a deal sum to by their place, as far as is written.
pub fn shares(db: &mut Conn, deal: AttributionDealId, from: &Since) -> Result<BTreeMap<CreditKey, Amount>> {
    let some = |id: Uuid| (!id.is_nil()).then_some(id);
    let mut s = Statement::new("SELECT model_id, basis, day, touchpoint_id, amount FROM attribution_shares");
    s.append(since(deal, from));
    let rows = s.load::<(Uuid, String, NaiveDate, Uuid, Amount)>(db)?;
    let key = |m: Uuid, b: &str, day, t: Uuid| (some(m).map(Id::from_uuid), basis(b), day, some(t).map(Id::from_uuid));
    Ok(rows.into_iter().map(|(m, b, day, t, amount)| (key(m, &b, day, t), amount)).collect())
}

/// Writes what the credits of a deal sum to, in place of what was written from there on.
pub fn keep_shares(db: &mut Conn, deal: AttributionDealId, from: &Since, shares: &BTreeMap<CreditKey, Amount>) -> Result<()> {
    let mut gone = Statement::new("DELETE FROM attribution_shares");
    gone.append(since(deal, from)).execute(db)?;
    let row = |(&(model, basis, day, touch), &amount): (&CreditKey, &Amount)| {
        let (model, touch) = (model.map_or(Uuid::nil(), Id::uuid), touch.map_or(Uuid::nil(), Id::uuid));
        sql!("({}, {}, {}, {}, {}, {})", deal.uuid(), basis.as_str(), day, model, touch, amount)
    };
    let insert = "INSERT INTO attribution_shares (deal_id, basis, day, model_id, touchpoint_id, amount) VALUES ";
    put(db, insert, shares.iter().filter(|(_, amount)| !amount.is_zero()).map(row))
}

/// Deletes up to `limit` deals with all that the ledger has of them, which is derived anew; whether none was left. A deal goes as a
/// whole, so that what is left agrees with itself. The database refuses it at all other times.
pub fn clear(db: &mut Conn, limit: i64) -> Result<bool> {
    let some = sql!("SELECT id FROM attribution_deals ORDER BY id LIMIT {}", limit);
    let deals: Vec<Uuid> = some.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect();
    if deals.is_empty() {
        return Ok(true);
    }
    for of_deal in [
        "attribution_credits",
        "attribution_restatements",
        "attribution_shares",
        "attribution_days",
        "attribution_figures",
        "attribution_documents",
    ] {
        let mut s = Statement::new("DELETE FROM ");
        s.sql(of_deal).append(sql!(" WHERE deal_id IN ({})", list(&deals))).execute(db)?;
    }
    sql!("DELETE FROM attribution_deals WHERE id IN ({})", list(&deals)).execute(db)?;
    Ok(false)
}

/// The pipeline is what stands now: its credits of a deal go before they are written anew.
pub fn clear_pipeline(db: &mut Conn, deal: AttributionDealId) -> Result<usize> {
    sql!("DELETE FROM attribution_credits WHERE deal_id = {} AND basis = 'pipeline'", deal.uuid()).execute(db)
}

// ---- reports ------------------------------------------------------------------------------------

/// What a report is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    pub company: CompanyId,
    pub model: AttributionModelId,
    pub basis: AttributionBasis,
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
}

impl Ask {
    fn days(&self, s: &mut Statement) {
        if let Some(from) = self.from {
            s.append(sql!(" AND day >= {}", from));
        }
        if let Some(to) = self.to {
            s.append(sql!(" AND day <= {}", to));
        }
    }
    fn credits(&self, what: &'static str) -> Statement {
        let mut s = Statement::new(what);
        s.append(sql!(
            " FROM attribution_credits c WHERE company_id = {} AND model_id = {} AND basis = {}",
            self.company.uuid(),
            self.model.uuid(),
            self.basis.as_str()
        ));
        self.days(&mut s);
        s
    }
}

/// All changes of figures: their sum, and of how many deals.
pub fn total(db: &mut Conn, ask: &Ask) -> Result<(Amount, i64)> {
    let mut s = sql!(
        "SELECT SUM(change_amount), COUNT(DISTINCT deal_id) FROM attribution_restatements WHERE company_id = {} AND basis = {}",
        ask.company.uuid(),
        ask.basis.as_str()
    );
    ask.days(&mut s);
    Ok(s.first::<(Option<Amount>, i64)>(db)?.map_or((Amount::ZERO, 0), |r| (r.0.unwrap_or_default(), r.1)))
}

/// What touches earned, those of a campaign alone when one is named: the sum, and of how many deals.
pub fn earned(db: &mut Conn, ask: &Ask, campaign: Option<CampaignId>) -> Result<(Amount, i64)> {
    let mut s = ask.credits("SELECT SUM(amount), COUNT(DISTINCT deal_id)");
    match campaign {
        Some(campaign) => s.append(sql!(" AND campaign_id = {}", campaign.uuid())),
        None => s.sql(" AND touchpoint_id IS NOT NULL"),
    };
    Ok(s.first::<(Option<Amount>, i64)>(db)?.map_or((Amount::ZERO, 0), |r| (r.0.unwrap_or_default(), r.1)))
}

/// How many deals have something that no touch earned.
pub fn unearned_deals(db: &mut Conn, ask: &Ask) -> Result<i64> {
    let mut s = Statement::new("SELECT COUNT(*) FROM (SELECT deal_id FROM (");
    s.append(ask.credits("SELECT deal_id, amount")).sql(" AND touchpoint_id IS NULL UNION ALL ");
    s.append(sql!(
        "SELECT deal_id, amount FROM attribution_credits WHERE company_id = {} AND model_id IS NULL AND basis = {}",
        ask.company.uuid(),
        ask.basis.as_str()
    ));
    ask.days(&mut s);
    s.sql(") AS parts GROUP BY deal_id HAVING SUM(amount) <> 0) AS found");
    Ok(s.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// A group of touches: an id, a word, a name of it, and what it earned.
pub type GroupRow = (Option<Uuid>, Option<String>, Option<String>, Amount);

/// What groups of touches earned, those that earned most first.
pub fn groups(db: &mut Conn, ask: &Ask, by: AttributionGroup, limit: i64) -> Result<Vec<GroupRow>> {
    let (what, group) = match by {
        AttributionGroup::Campaign => (
            "SELECT campaign_id, CASE WHEN campaign_id IS NULL THEN campaign END AS word, \
             (SELECT name FROM campaigns g WHERE g.id = c.campaign_id) AS name, SUM(amount) AS earned",
            "campaign_id, CASE WHEN campaign_id IS NULL THEN campaign END",
        ),
        AttributionGroup::Channel => ("SELECT NULL AS id, channel AS word, NULL AS name, SUM(amount) AS earned", "channel"),
        AttributionGroup::Source => ("SELECT NULL AS id, source AS word, NULL AS name, SUM(amount) AS earned", "source"),
        AttributionGroup::Medium => ("SELECT NULL AS id, medium AS word, NULL AS name, SUM(amount) AS earned", "medium"),
        AttributionGroup::Touchpoint => ("SELECT touchpoint_id, NULL AS word, NULL AS name, SUM(amount) AS earned", "touchpoint_id"),
        AttributionGroup::Deal => (
            "SELECT deal_id, NULL AS word, (SELECT p.name FROM attribution_deals d JOIN parties p ON p.id = d.party_id WHERE d.id = c.deal_id) \
             AS name, SUM(amount) AS earned",
            "deal_id",
        ),
    };
    let mut s = ask.credits(what);
    s.sql(" AND touchpoint_id IS NOT NULL GROUP BY ").sql(group);
    s.append(sql!(" HAVING SUM(amount) <> 0 ORDER BY earned DESC, 1, 2 LIMIT {}", limit));
    s.load::<GroupRow>(db)
}

/// Credits of a model, and those that hold for every model.
pub fn of_model(model: Uuid) -> Condition {
    Condition::Other(sql!("(model_id = {} OR model_id IS NULL)", model))
}

/// Credits without a touch, or with one.
pub fn is_unattributed(_: DateTime<Utc>, wanted: bool) -> Condition {
    Condition::Null("touchpoint_id", wanted)
}

// ---- proofs -------------------------------------------------------------------------------------

/// Deals whose figure is not the sum of its changes: id, basis, figure, sum.
pub fn unlike_changes(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, String, Amount, Amount)>> {
    let mut s = Statement::default();
    for (i, b) in AttributionBasis::ALL.iter().enumerate() {
        s.sql(if i == 0 { "" } else { " UNION ALL " }).append(sql!("SELECT d.id, {}, d.", b.as_str())).sql(b.as_str());
        s.append(sql!(
            ", COALESCE((SELECT SUM(r.change_amount) FROM attribution_restatements r WHERE r.deal_id = d.id AND r.basis = {}), 0) \
             FROM attribution_deals d WHERE d.",
            b.as_str()
        ));
        s.sql(b.as_str());
        s.append(sql!(
            " <> COALESCE((SELECT SUM(r.change_amount) FROM attribution_restatements r WHERE r.deal_id = d.id AND r.basis = {}), 0) AND {}",
            b.as_str(),
            only.on("d.company_id")
        ));
    }
    s.load(db)
}

/// Deals and models whose credits do not sum to the figure: id, basis, figure, sum. Models that are behind are left out.
pub fn unlike_credits(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, String, Amount, Amount)>> {
    sql!(
        "SELECT f.deal_id, f.basis, f.amount, COALESCE(c.amount, 0) FROM (SELECT r.deal_id, r.company_id, r.basis, SUM(r.change_amount) AS amount \
         FROM attribution_restatements r GROUP BY r.deal_id, r.company_id, r.basis) AS f \
         JOIN attribution_models m ON m.company_id = f.company_id AND m.is_ready \
         LEFT JOIN (SELECT deal_id, basis, model_id, SUM(amount) AS amount FROM attribution_credits WHERE model_id IS NOT NULL \
         GROUP BY deal_id, basis, model_id) AS c ON c.deal_id = f.deal_id AND c.basis = f.basis AND c.model_id = m.id \
         LEFT JOIN (SELECT deal_id, basis, SUM(amount) AS amount FROM attribution_credits WHERE model_id IS NULL GROUP BY deal_id, basis) AS n \
         ON n.deal_id = f.deal_id AND n.basis = f.basis \
         WHERE f.amount <> COALESCE(c.amount, 0) + COALESCE(n.amount, 0) AND {} LIMIT 100",
        only.on("f.company_id")
    )
    .load(db)
}

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<AttributionDeal>("party_id", OnMerge::Follow)];
