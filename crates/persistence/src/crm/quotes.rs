//! Rows of quotes, with their lines and the order they became read along.

pub mod lines;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::Entity;
use domain::crm::quotes::{Quote, QuoteLine};
use domain::directory::personal_data::Terms;
use domain::ids::{OpportunityId, PartyId, QuoteId};
use domain::kernel::{Amount, Id};
use uuid::Uuid;

use crate::companies::and_of;
use crate::personal::{Personal, To, blank, by, names, null, object, unnamed, word};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Only, Result, Statement, record, sql};

crate::record! {
    quotes: Quote {
        id: uid, company_id: uid, number: opt(text), revision: small, previous_revision_id: opt(uid), superseded_by_id: opt(uid),
        status: word, title: text, opportunity_id: opt(uid), wins_opportunity: bool, party_id: uid, contact_id: opt(uid),
        owner_id: opt(uid), seller: json, customer: json, shipping_address: opt(json), quote_date: date, valid_until: date,
        expires_at: opt(instant), payment_terms_days: small, currency: text, prices_include_tax: bool, freight_amount: amount,
        freight_tax_class: word, freight_gross: amount, net_total: amount, tax_total: amount, total: amount, taxes: json,
        note: opt(text), customer_reference: opt(text), answer: opt(json), win_problem: opt(text), sent_at: opt(instant),
        converted_at: opt(instant), metadata: json, version: int, created_at: instant, updated_at: instant,
    }
    derived { search: text = |q| search(q) }
    unstored { sales_order_id, link, lines }
    complete = complete
}

fn search(q: &Quote) -> String {
    let or = |t: &Option<String>| t.clone().unwrap_or_default();
    crate::search_text(&[&q.title, &q.customer.name, &or(&q.number), &or(&q.customer_reference)])
}

fn complete(db: &mut Conn, rows: &mut [Quote]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|q| q.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<QuoteLine>(db, "quote_id", &ids)? {
        lines.entry(line.quote_id).or_default().push(line);
    }
    let converted: Vec<String> = rows.iter().filter(|q| q.converted_at.is_some()).map(|q| q.id.to_string()).collect();
    let mut orders = orders_of(db, &converted)?;
    for quote in rows {
        quote.lines = lines.remove(&quote.id).unwrap_or_default();
        quote.lines.iter_mut().for_each(|l| l.version = quote.version);
        quote.sales_order_id = orders.remove(&quote.id.to_string()).and_then(|id| id.parse().ok());
    }
    Ok(())
}

/// The orders that came from these quotes.
fn orders_of(db: &mut Conn, quotes: &[String]) -> Result<HashMap<String, String>> {
    if quotes.is_empty() {
        return Ok(HashMap::new());
    }
    let found = sql!("SELECT from_id, to_id FROM links WHERE from_id IN ({}) AND kind = 'orders'", crate::list(quotes));
    Ok(found.load::<(String, String)>(db)?.into_iter().collect())
}

/// Quotes that wait for an answer although their time is over, the longest over first.
pub fn overdue(db: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<QuoteId>> {
    let due = sql!("SELECT id FROM quotes WHERE status = 'sent' AND expires_at <= {} ORDER BY expires_at, id LIMIT {}", now, limit);
    Ok(due.load::<(Uuid,)>(db)?.into_iter().map(|r| QuoteId::from_uuid(r.0)).collect())
}

/// The accepted quote that becomes the order of a deal: of several the one that was accepted first. None when one of the deal's
/// quotes is an order already.
pub fn accepted_of(db: &mut Conn, deal: OpportunityId) -> Result<Option<QuoteId>> {
    let found = sql!(
        "SELECT id FROM quotes WHERE opportunity_id = {} AND status = 'accepted' \
         AND NOT EXISTS (SELECT 1 FROM quotes o WHERE o.opportunity_id = {} AND o.status = 'converted') \
         ORDER BY answer ->> 'at', id LIMIT 1",
        deal.uuid(),
        deal.uuid()
    );
    Ok(found.first::<(Uuid,)>(db)?.map(|r| QuoteId::from_uuid(r.0)))
}

/// Whether a deal has a quote that was sent and is neither rejected nor over.
pub fn stands(db: &mut Conn, deal: OpportunityId, now: DateTime<Utc>) -> Result<bool> {
    let found = sql!(
        "SELECT id FROM quotes WHERE opportunity_id = {} AND (status IN ('accepted', 'converted') OR status = 'sent' AND expires_at > {}) LIMIT 1",
        deal.uuid(),
        now
    );
    Ok(found.first::<(Uuid,)>(db)?.is_some())
}

/// The numbers that quotes of a company have with a prefix, each once whatever the revisions.
pub fn numbers(db: &mut Conn, company: Uuid, prefix: &str) -> Result<Vec<String>> {
    let found = sql!("SELECT number FROM quotes WHERE company_id = {} AND revision = 1 AND number LIKE {}", company, format!("{prefix}%"));
    Ok(found.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// How many quotes of a party are drafts or with the customer.
pub fn open_count(db: &mut Conn, party: PartyId, seen: &Statement) -> Result<i64> {
    let mut s = sql!("SELECT COUNT(*) FROM quotes WHERE party_id = {} AND status IN ('draft', 'sent')", party.uuid());
    s.append(and_of(seen));
    Ok(s.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// The latest quotes of a party, without those that a revision took the place of.
pub fn latest(db: &mut Conn, party: PartyId, seen: &Statement, limit: i64) -> Result<Vec<Quote>> {
    let mut s = record::select::<Quote>();
    s.append(sql!(" WHERE party_id = {} AND status <> 'superseded'", party.uuid())).append(and_of(seen));
    s.append(sql!(" ORDER BY id DESC LIMIT {}", limit));
    record::load_bare(db, &s)
}

/// Quotes whose figures do not add up: id, net, tax, total, the sum of the lines with tax, and freight with tax.
pub fn unsound(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount, Amount, Amount, Amount)>> {
    sql!(
        "SELECT q.id, q.net_total, q.tax_total, q.total, COALESCE(SUM(l.gross_amount), 0), q.freight_gross FROM quotes q \
         LEFT JOIN quote_lines l ON l.quote_id = q.id WHERE {} GROUP BY q.id, q.net_total, q.tax_total, q.total, q.freight_gross \
         HAVING q.net_total + q.tax_total <> q.total OR COALESCE(SUM(l.gross_amount), 0) + q.freight_gross <> q.total LIMIT 100",
        only.on("q.company_id")
    )
    .load(db)
}

/// Converted quotes that are not exactly one order.
pub fn without_their_order(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, i64)>> {
    sql!(
        "SELECT q.id, COUNT(o.id) FROM quotes q LEFT JOIN sales_orders o ON o.quote_id = q.id WHERE q.status = 'converted' AND {} \
         GROUP BY q.id HAVING COUNT(o.id) <> 1 LIMIT 100",
        only.on("q.company_id")
    )
    .load(db)
}

/// How many quotes there are.
pub fn count(db: &mut Conn, only: &Only) -> Result<i64> {
    Ok(sql!("SELECT COUNT(*) FROM quotes WHERE {}", only.on("company_id")).first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// A quote to somebody else loses whom it was sent to and who signed it, not what was offered.
fn lose_reader(db: &mut Conn, ids: &[Uuid], terms: &Terms, now: DateTime<Utc>) -> Result<()> {
    for quote in record::find_all::<Quote>(db, ids)? {
        let mut left = quote.without_reader(terms);
        left.bump(now);
        record::update(db, &left, None)?;
    }
    Ok(())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Quote>()
    .ways(&[
        by("party_id", To::Party),
        names("contact_id", To::Contact),
        names("answer", To::Mailbox).where_either("lower(answer ->> 'email') IN ({})", "lower(json_extract(answer, '$.email')) IN ({})"),
    ])
    .columns(&[
        word("title"),
        null("note"),
        null("customer_reference"),
        null("shipping_address"),
        null("answer"),
        null("win_problem"),
        object("customer"),
        object("metadata"),
        blank("search"),
    ])
    .plain(&["number", "status", "seller", "currency", "freight_tax_class", "taxes"])
    .part(lose_reader);

/// What `quote_lines` holds of a person.
pub const LINES: Personal = Personal::table("quote_lines")
    .ways(&[by("quote_id", To::Row("quotes"))])
    .columns(&[unnamed("description")])
    .plain(&["tax_class", "tax_code_ids"]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] =
    &[Reference::to_party::<Quote>("party_id", OnMerge::Follow), Reference::to_contact::<Quote>("contact_id", OnMerge::Follow)];
