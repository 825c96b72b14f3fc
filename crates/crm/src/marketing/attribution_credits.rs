//! The ledger of attribution. It follows the facts of deals and of their documents: the figures of the document are asked for
//! anew; what differs from what was written is a restatement, and the difference is credited to the touches by every model. The
//! transaction of an order or an invoice knows nothing of it. Deals that wait for their touches are credited by the timer.

use chrono::{DateTime, TimeDelta, Utc};
use domain::crm::leads::Lead;
use domain::crm::opportunities::Opportunity;
use domain::directory::parties::Party;
use domain::identity::visibility::FieldClass;
use domain::ids::{AttributionDealId, AttributionModelId, CompanyId, InvoiceId, LeadId, OpportunityId, PartyId, SalesOrderId};
use domain::kernel::StringEnum;
use domain::marketing::attribution::OriginOfDocument;
use domain::marketing::attribution::{AttributionBasis, DealOrigin};
use domain::marketing::attribution_credits::{AttributionCredit, AttributionDeal, AttributionDealStatus, AttributionRestatement};
use domain::marketing::attribution_models::AttributionModel;
use domain::marketing::touchpoints::{Subject, Touchpoint};
use domain::sales::orders::SalesOrder;
use persistence::identity::visibility;
use persistence::marketing::{attribution_credits as rows, attribution_models as model_rows};
use platform::followers::Fact;
use platform::prelude::*;
use platform::questions::Check;

use crate::marketing::attribution_restatements::{Cause, Changed, credit_anew, restate};

/// So many deals are credited in the transaction of a touch or of a model; more wait for the timer.
const AT_ONCE: i64 = 10;
const BATCH: i64 = 200;
/// A deal with more touches than this is credited by the timer when it gets another one.
const MANY_TOUCHES: i32 = 100;

use AttributionBasis::{Bookings, Cash, Invoiced, Margin};

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<AttributionDeal>("marketing/attribution-deals", "The deals that may be credited, with their figures by the books.");
    n.seen_by(deals_seen);
    n.masked(FieldClass::Margin, &["margin"]);
    n.list("List deals. Opportunities, orders without one, and invoices without an order, with what they brought.")
        .filter(&["opportunity_id", "order_id", "invoice_id", "party_id", "lead_id", "status", "converted_at"])
        .expand::<Opportunity>("opportunity", "opportunity_id")
        .expand::<Party>("party", "party_id")
        .expand::<Lead>("lead", "lead_id")
        .rests_on(FOLLOWER);
    n.read("Get a deal.")
        .expand::<Opportunity>("opportunity", "opportunity_id")
        .expand::<Party>("party", "party_id")
        .expand::<Lead>("lead", "lead_id")
        .rests_on(FOLLOWER);
    let mut n = t.noun::<AttributionRestatement>(
        "marketing/attribution-restatements",
        "Every change of a figure of a deal, and the fact that caused it.",
    );
    n.seen_by(restatements_seen);
    n.list("List restatements.")
        .filter(&["deal_id", "opportunity_id", "basis", "day", "reason", "cause_id"])
        .sort(&["day"])
        .expand::<AttributionDeal>("deal", "deal_id")
        .rests_on(FOLLOWER);
    n.read("Get a restatement.").expand::<AttributionDeal>("deal", "deal_id");
    let mut n = t.noun::<AttributionCredit>("marketing/attribution-credits", "What touches earned, change by change.");
    n.seen_by(credits_seen);
    n.list(LIST)
        .filter(&["deal_id", "opportunity_id", "restatement_id", "basis", "day", "touchpoint_id"])
        .filter(&["campaign_id", "campaign", "channel", "source", "medium"])
        .filter_by::<AttributionModelId>("model_id", "Only rows of this model, and those that hold for every model.", rows::of_model)
        .flag("unattributed", "Only rows that no touch earned, or all others.", rows::is_unattributed)
        .sort(&["day"])
        .expand::<Touchpoint>("touchpoint", "touchpoint_id")
        .expand::<AttributionDeal>("deal", "deal_id")
        .rests_on(FOLLOWER);
    n.read("Get a credit.").expand::<Touchpoint>("touchpoint", "touchpoint_id").expand::<AttributionDeal>("deal", "deal_id");
    t.each("marketing.attribution.restate", TimeDelta::minutes(1), BATCH, waiting, restate_one);
    t.each("marketing.attribution.catch_up", TimeDelta::minutes(1), 1, behind, go_on);
    t.follow(FOLLOWER, KEEPS, &FACTS, heard).rebuilt_by(clear);
}

/// Deals are as visible as the opportunity or order that each of them is, and those of invoices as the customer.
fn deals_seen(cx: &mut Cx) -> Result<Option<Condition>> {
    let by = [("opportunity_id", Opportunity::TABLE), ("order_id", SalesOrder::TABLE)];
    let of_documents = cx.leading_to_visible(AttributionDeal::TABLE, &by)?;
    let of_customers = cx.leading_to_visible(AttributionDeal::TABLE, &[("party_id", Party::TABLE)])?;
    let others = of_customers.map(|c| visibility::unless_leading(AttributionDeal::TABLE, &["opportunity_id", "order_id"], &c));
    Ok(visibility::all_of(of_documents.into_iter().chain(others).collect()))
}

fn restatements_seen(cx: &mut Cx) -> Result<Option<Condition>> {
    of_deals_seen(cx, AttributionRestatement::TABLE)
}

fn credits_seen(cx: &mut Cx) -> Result<Option<Condition>> {
    of_deals_seen(cx, AttributionCredit::TABLE)
}

/// What is written of deals is as visible as the deals; margins need their permission.
fn of_deals_seen(cx: &mut Cx, table: &'static str) -> Result<Option<Condition>> {
    let mut conditions: Vec<Condition> = cx.leading_to_visible(table, &[("deal_id", AttributionDeal::TABLE)])?.into_iter().collect();
    if !cx.caller.sees(FieldClass::Margin) {
        conditions.push(visibility::without("basis", Margin.as_str()));
    }
    Ok(visibility::all_of(conditions))
}

const LIST: &str = "List credits. Those of a model sum to what its reports show; those without a touchpoint hold the unattributed part.";

// ---- facts --------------------------------------------------------------------------------------

/// The follower that keeps the ledger.
pub const FOLLOWER: &str = "marketing.attribution";

const KEEPS: &str = "The ledger of attribution: what deals brought by the books, and what touches and campaigns earned of it.";

const FACTS: [&str; 26] = [
    "opportunity.created",
    "opportunity.updated",
    "opportunity.stage_changed",
    "opportunity.won",
    "opportunity.lost",
    "opportunity.reopened",
    "sales_order.confirmed",
    "sales_order.cancelled",
    "invoice.posted",
    "invoice.partially_paid",
    "invoice.paid",
    "invoice.reopened",
    "credit_note.posted",
    "credit_note.refunded",
    "credit_note.reopened",
    "delivery.shipped",
    "delivery.recosted",
    "customer_return.received",
    "customer_return.recosted",
    "touchpoint.recorded",
    "touchpoint.identified",
    "lead.converted",
    "relationship.created",
    "relationship.deleted",
    "party.merged",
    "party.unmerged",
];

/// Deals deleted in one transaction before a rebuild.
const CLEAR: i64 = 25;

/// What follows from a fact. Whatever it says, the ledger is made to agree with how its document stands now, so that a fact may
/// come late, or twice.
fn heard(cx: &mut Cx, fact: &Fact) -> Result<()> {
    let event = &fact.event;
    match &*event.kind {
        "sales_order.confirmed" | "sales_order.cancelled" => on_order(cx, fact),
        "invoice.posted" => on_document(cx, fact, billed(event), &[Invoiced, Margin]),
        "invoice.partially_paid" | "invoice.paid" | "invoice.reopened" => on_document(cx, fact, billed(event), &[Cash]),
        "credit_note.posted" => on_part(cx, fact, "invoice_id", &[Invoiced, Margin]),
        "credit_note.refunded" | "credit_note.reopened" => on_part(cx, fact, "invoice_id", &[Cash]),
        "delivery.shipped" | "customer_return.received" | "delivery.recosted" | "customer_return.recosted" => {
            on_part(cx, fact, "order_id", &[Margin])
        }
        "touchpoint.recorded" => on_touch(cx, event),
        "lead.converted" => on_lead(cx, event),
        "party.merged" | "party.unmerged" => on_merge(cx, event),
        kind if kind.starts_with("opportunity.") => on_opportunity(cx, event),
        _ => on_people(cx, event),
    }
}

fn clear(cx: &mut Cx) -> Result<bool> {
    Ok(rows::clear(cx.db(), CLEAR)?)
}

/// The id in a field of a fact.
fn said<I: Id>(event: &Event, field: &str) -> Option<I> {
    event.data[field].as_str().and_then(|text| text.parse().ok())
}

fn on_opportunity(cx: &mut Cx, event: &Event) -> Result<()> {
    let Ok(id) = event.subject.parse::<OpportunityId>() else { return Ok(()) };
    let Some(opportunity) = persistence::record::find::<Opportunity>(cx.db(), id.uuid())? else { return Ok(()) };
    let deal = deal_of(cx, &opportunity)?;
    restate(cx, &deal, vec![Changed::opportunity(id)], &Cause::of(event), false)
}

/// The deal that an opportunity is.
fn deal_of(cx: &mut Cx, opportunity: &Opportunity) -> Result<AttributionDeal> {
    if let Some(known) = rows::deal_of(cx.db(), opportunity.id)? {
        return Ok(known);
    }
    let lead = match opportunity.source_lead_id {
        Some(lead) => persistence::record::find::<Lead>(cx.db(), lead.uuid())?,
        None => None,
    };
    let deal = AttributionDeal {
        opportunity_id: Some(opportunity.id),
        lead_id: opportunity.source_lead_id,
        started_at: opportunity.created_at,
        lead_created_at: lead.map(|l| l.created_at),
        opportunity_created_at: Some(opportunity.created_at),
        ..blank(cx, opportunity.id, opportunity.company_id, opportunity.party_id)
    };
    note(cx, deal)
}

/// Keeps a new deal. When somebody else noted it at the same moment, the work is done again.
fn note(cx: &mut Cx, deal: AttributionDeal) -> Result<AttributionDeal> {
    match persistence::record::insert(cx.db(), std::slice::from_ref(&deal)) {
        Ok(()) => Ok(deal),
        Err(persistence::Error::Unique(_)) => Err(persistence::RETRY.with("The deal was noted at the same time.")),
        Err(other) => Err(other.into()),
    }
}

/// A deal has the number of what it is, so that a rebuild gives it the same id.
fn blank(cx: &Cx, of: impl Id, company_id: CompanyId, party_id: PartyId) -> AttributionDeal {
    AttributionDeal {
        id: AttributionDealId::from_uuid(of.uuid()),
        company_id,
        opportunity_id: None,
        order_id: None,
        invoice_id: None,
        party_id,
        lead_id: None,
        status: AttributionDealStatus::Open,
        started_at: cx.now,
        lead_created_at: None,
        opportunity_created_at: None,
        converted_at: None,
        touch_count: 0,
        pipeline: Amount::ZERO,
        bookings: Amount::ZERO,
        invoiced: Amount::ZERO,
        cash: Amount::ZERO,
        margin: Amount::ZERO,
        // nobody has looked for touches yet
        is_stale: true,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    }
}

/// The deal that led to an order, or to an invoice without one. Only of a document that no deal is known to have led to the back
/// office is asked where it came from.
fn deal_with(cx: &mut Cx, document: &str, at: DateTime<Utc>) -> Result<Option<AttributionDeal>> {
    if let Some(known) = rows::deal_with(cx.db(), document)? {
        return Ok(Some(known));
    }
    let Some(origin) = cx.ask::<OriginOfDocument>(document)? else { return Ok(None) };
    if let Some(known) = rows::deal_with(cx.db(), &origin.document)? {
        return Ok(Some(known));
    }
    let deal = new_deal(cx, &origin)?;
    rows::note_document(cx.db(), deal.id, &origin.document, origin.at.or(Some(at)))?;
    Ok(Some(deal))
}

/// The order of an invoice that a fact is about, or the invoice.
fn billed(event: &Event) -> &str {
    event.data["order_id"].as_str().unwrap_or(&event.subject)
}

/// The deal of a document that none is known of.
fn new_deal(cx: &mut Cx, origin: &DealOrigin) -> Result<AttributionDeal> {
    if let Some(id) = origin.opportunity
        && let Some(opportunity) = persistence::record::find::<Opportunity>(cx.db(), id.uuid())?
    {
        return deal_of(cx, &opportunity);
    }
    let (order_id, invoice_id) = (origin.document.parse::<SalesOrderId>().ok(), origin.document.parse::<InvoiceId>().ok());
    let started_at = origin.at.unwrap_or(cx.now);
    let blank = match (order_id, invoice_id) {
        (Some(order), _) => blank(cx, order, origin.company, origin.party),
        (_, Some(invoice)) => blank(cx, invoice, origin.company, origin.party),
        _ => return Err(problems::internal.with(format!("{} is no deal", origin.document))),
    };
    note(cx, AttributionDeal { order_id, invoice_id, started_at, ..blank })
}

/// A fact about a document: what it brought is asked for anew. `root` is the order it belongs to, or the invoice.
fn on_document(cx: &mut Cx, fact: &Fact, root: &str, bases: &'static [AttributionBasis]) -> Result<()> {
    let Some(deal) = deal_with(cx, root, fact.at)? else { return Ok(()) };
    let changed = Changed { document: fact.event.subject.clone(), bases };
    restate(cx, &deal, vec![changed], &Cause::of(&fact.event), false)
}

/// As [`on_document`], of one that names its root in a field; without it, it belongs to no deal.
fn on_part(cx: &mut Cx, fact: &Fact, field: &str, bases: &'static [AttributionBasis]) -> Result<()> {
    match fact.event.data[field].as_str() {
        Some(root) => on_document(cx, fact, root, bases),
        None => Ok(()),
    }
}

fn on_order(cx: &mut Cx, fact: &Fact) -> Result<()> {
    let event = &fact.event;
    // a draft that is given up was never booked
    let was_draft = event.was("status").is_some_and(|was| was == "draft");
    if event.kind == "sales_order.cancelled" && was_draft {
        return Ok(());
    }
    on_document(cx, fact, &event.subject, &[Bookings])
}

fn on_touch(cx: &mut Cx, event: &Event) -> Result<()> {
    let whose = subject_of(event);
    let at = event.data["occurred_at"].as_str().and_then(|t| t.parse::<DateTime<Utc>>().ok());
    waits(cx, event.company, whose, at, &Cause::of(event))
}

fn subject_of(event: &Event) -> Subject {
    Subject {
        lead: said::<LeadId>(event, "lead_id"),
        contact: said(event, "contact_id"),
        party: said(event, "party_id"),
        opportunity: said(event, "opportunity_id"),
    }
}

/// Somebody turned out to be somebody: all touches of theirs are new to the deals.
fn on_people(cx: &mut Cx, event: &Event) -> Result<()> {
    let mut whose = subject_of(event);
    if event.noun() == "relationship" {
        whose = Subject { party: whose.party, ..Subject::default() };
    }
    waits(cx, event.company, whose, None, &Cause::of(event))
}

fn on_lead(cx: &mut Cx, event: &Event) -> Result<()> {
    let whose = Subject {
        lead: None,
        contact: None,
        party: said(event, "converted_party_id"),
        opportunity: said(event, "converted_opportunity_id"),
    };
    waits(cx, event.company, whose, None, &Cause::of(event))
}

fn on_merge(cx: &mut Cx, event: &Event) -> Result<()> {
    for field in ["winner_id", "loser_id"] {
        let party = said::<PartyId>(event, field);
        rows::mark_stale(cx.db(), None, Subject { party, ..Subject::default() }, None)?;
    }
    Ok(())
}

/// The deals of these people are credited anew: a few with few touches at once, the others by the timer.
fn waits(cx: &mut Cx, company: Option<CompanyId>, whose: Subject, at: Option<DateTime<Utc>>, cause: &Cause) -> Result<()> {
    if rows::mark_stale(cx.db(), company, whose, at)? == 0 {
        return Ok(());
    }
    for id in rows::stale_of(cx.db(), company, whose, AT_ONCE)? {
        credit_anew(cx, id, cause, MANY_TOUCHES)?;
    }
    Ok(())
}

// ---- catching up --------------------------------------------------------------------------------

/// Credits the next deals of a company by a model that is behind; the model as it stands then.
pub fn catch_up(cx: &mut Cx, model: AttributionModel) -> Result<AttributionModel> {
    if model.is_ready {
        return Ok(model);
    }
    let next = rows::deals_after(cx.db(), model.company_id, model.credited_through, BATCH)?;
    let cause = Cause { reason: "attribution_model.changed".into(), id: Some(model.id.to_string()) };
    for &id in &next {
        credit_anew(cx, id, &cause, i32::MAX)?;
    }
    let is_ready = (next.len() as i64) < BATCH;
    let credited_through = if is_ready { None } else { next.last().copied() };
    let after = AttributionModel { is_ready, credited_through, ..model };
    // how far it has come is a note of ours and no change of the model
    persistence::record::update(cx.db(), &after, Some(after.version))?;
    Ok(after)
}

/// Deals that wait to be credited.
fn waiting(cx: &mut Cx, limit: i64) -> Result<Vec<AttributionDealId>> {
    Ok(rows::stale(cx.db(), limit)?)
}

fn restate_one(cx: &mut Cx, id: AttributionDealId) -> Result<()> {
    let cause = Cause { reason: "touchpoints.changed".into(), id: None };
    credit_anew(cx, id, &cause, i32::MAX).map(drop)
}

/// Models that are behind.
fn behind(cx: &mut Cx, limit: i64) -> Result<Vec<AttributionModelId>> {
    Ok(model_rows::behind(cx.db(), limit)?)
}

fn go_on(cx: &mut Cx, id: AttributionModelId) -> Result<()> {
    let model = cx.load_for_update::<AttributionModel>(id)?;
    catch_up(cx, model).map(drop)
}

/// Does the ledger of attribution agree with the figures of the deals?
pub fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let only = &cx.only();
    let shown = |(deal, basis, figure, sum): (persistence::Uuid, String, Amount, Amount)| {
        format!("{}: {basis} is {figure}, the ledger sums to {sum}", AttributionDealId::from_uuid(deal))
    };
    let changes: Vec<String> = rows::unlike_changes(cx.db(), only)?.into_iter().map(shown).collect();
    let credits: Vec<String> = rows::unlike_credits(cx.db(), only)?.into_iter().map(shown).collect();
    let deals = rows::count_deals(cx.db(), only)?;
    Ok(vec![
        Check::of("attribution_figures", "A figure of a deal is the sum of its restatements.", deals, changes),
        Check::of("attribution_credits", "By every model, credits of a deal sum to its figure.", deals, credits),
    ])
}
