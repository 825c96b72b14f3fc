//! The ledger of attribution. A fact of a deal or of its documents lets the figures of that deal be asked for anew; what differs
//! from what was written is a restatement, and the difference is credited to the touches by every model, in the transaction of
//! the fact. Whatever was missed is found by the next fact, or by the timer for deals that wait.

use chrono::{DateTime, TimeDelta, Utc};
use domain::crm::leads::Lead;
use domain::crm::opportunities::{Opportunity, OpportunityStatus};
use domain::directory::parties::Party;
use domain::ids::{AttributionDealId, AttributionModelId, CompanyId, LeadId, OpportunityId, PartyId};
use domain::marketing::attribution::{AttributionBasis, DealOrigin};
use domain::marketing::attribution_credits::{AttributionCredit, AttributionDeal, AttributionDealStatus, AttributionRestatement};
use domain::marketing::attribution_models::AttributionModel;
use domain::marketing::touchpoints::{Subject, Touchpoint};
use persistence::marketing::{attribution_credits as rows, attribution_models as model_rows};
use platform::prelude::*;
use platform::questions;
use platform::questions::Check;

use super::attribution_models;
use crate::marketing::attribution_restatements::{Cause, credit_anew, restate};

/// So many deals are credited in the transaction of a touch or of a model; more wait for the timer.
const AT_ONCE: i64 = 10;
const BATCH: i64 = 200;
/// A deal with more touches than this is credited by the timer when it gets another one.
const MANY_TOUCHES: i32 = 100;

use AttributionBasis::{Bookings, Cash, Invoiced, Margin, Pipeline};

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<AttributionDeal>("marketing/attribution-deals", "The deals that may be credited, with their figures by the books.");
    n.list("List deals. Opportunities, orders without one, and invoices without an order, with what they brought.")
        .filter(&["opportunity_id", "order_id", "invoice_id", "party_id", "lead_id", "status", "converted_at"])
        .expand::<Opportunity>("opportunity", "opportunity_id")
        .expand::<Party>("party", "party_id")
        .expand::<Lead>("lead", "lead_id");
    n.read("Get a deal.")
        .expand::<Opportunity>("opportunity", "opportunity_id")
        .expand::<Party>("party", "party_id")
        .expand::<Lead>("lead", "lead_id");
    let mut n = t.noun::<AttributionRestatement>(
        "marketing/attribution-restatements",
        "Every change of a figure of a deal, and the fact that caused it.",
    );
    n.list("List restatements.")
        .filter(&["deal_id", "opportunity_id", "basis", "day", "reason", "cause_id"])
        .sort(&["day"])
        .expand::<AttributionDeal>("deal", "deal_id");
    n.read("Get a restatement.").expand::<AttributionDeal>("deal", "deal_id");
    let mut n = t.noun::<AttributionCredit>("marketing/attribution-credits", "What touches earned, change by change.");
    n.list(LIST)
        .filter(&["deal_id", "opportunity_id", "restatement_id", "basis", "day", "touchpoint_id"])
        .filter(&["campaign_id", "campaign", "channel", "source", "medium"])
        .filter_by::<AttributionModelId>("model_id", "Only rows of this model, and those that hold for every model.", rows::of_model)
        .flag("unattributed", "Only rows that no touch earned, or all others.", rows::is_unattributed)
        .sort(&["day"])
        .expand::<Touchpoint>("touchpoint", "touchpoint_id")
        .expand::<AttributionDeal>("deal", "deal_id");
    n.read("Get a credit.").expand::<Touchpoint>("touchpoint", "touchpoint_id").expand::<AttributionDeal>("deal", "deal_id");
    t.each("marketing.attribution.equip", TimeDelta::minutes(1), AT_ONCE, without_models, attribution_models::equip);
    t.each("marketing.attribution.restate", TimeDelta::minutes(1), BATCH, waiting, restate_one);
    t.each("marketing.attribution.catch_up", TimeDelta::minutes(1), 1, behind, go_on);
}

const LIST: &str = "List credits. Those of a model sum to what its reports show; without a touch: what nobody earned.";

// ---- facts --------------------------------------------------------------------------------------

/// Says which facts are heard.
pub fn reactions(r: &mut Reactions) {
    for kind in OPPORTUNITY {
        r.on(kind, on_opportunity);
    }
    r.on("sales_order.confirmed", on_order);
    r.on("sales_order.cancelled", on_order);
    r.on("invoice.posted", on_invoice);
    r.on("credit_note.posted", on_credit_note);
    for paid in ["invoice.partially_paid", "invoice.paid", "invoice.reopened"] {
        r.on(paid, on_payment);
    }
    r.on("credit_note.refunded", on_refund);
    r.on("credit_note.reopened", on_refund);
    r.on("delivery.shipped", on_goods);
    r.on("customer_return.received", on_goods);
    r.on("delivery.recosted", on_goods);
    r.on("customer_return.recosted", on_goods);
    r.on("touchpoint.recorded", on_touch);
    r.on("touchpoint.identified", on_people);
    r.on("lead.converted", on_lead);
    r.on("relationship.created", on_people);
    r.on("relationship.deleted", on_people);
    r.on("party.merged", on_merge);
    r.on("party.unmerged", on_merge);
}

const OPPORTUNITY: [&str; 6] = [
    "opportunity.created",
    "opportunity.updated",
    "opportunity.stage_changed",
    "opportunity.won",
    "opportunity.lost",
    "opportunity.reopened",
];

/// The id in a field of a fact.
fn said<I: Id>(event: &Event, field: &str) -> Option<I> {
    event.data[field].as_str().and_then(|text| text.parse().ok())
}

fn on_opportunity(cx: &mut Cx, event: &Event) -> Result<()> {
    match event.subject.parse() {
        Ok(id) => follow_opportunity(cx, id, &Cause::of(event)),
        Err(_) => Ok(()),
    }
}

fn follow_opportunity(cx: &mut Cx, id: OpportunityId, cause: &Cause) -> Result<()> {
    let Some(opportunity) = persistence::record::find::<Opportunity>(cx.db(), id.uuid())? else { return Ok(()) };
    let before = deal_of(cx, &opportunity)?;
    let mut deal = before.clone();
    deal.party_id = opportunity.party_id;
    let documents = rows::documents_of(cx.db(), deal.id)?;
    let ordered = !documents.is_empty() && !questions::deal_figures(cx, deal.company_id, &documents, &[Bookings])?.is_empty();
    deal.status = match opportunity.status {
        _ if ordered => AttributionDealStatus::Won,
        OpportunityStatus::Won => AttributionDealStatus::Won,
        OpportunityStatus::Lost => AttributionDealStatus::Lost,
        OpportunityStatus::Open => AttributionDealStatus::Open,
    };
    if !ordered {
        deal.converted_at = opportunity.closed_at.filter(|_| opportunity.status == OpportunityStatus::Won);
    }
    // another customer or another end is another journey
    let anew = (before.party_id, before.converted_at) != (deal.party_id, deal.converted_at);
    restate(cx, deal, &before, &[Pipeline, Bookings], cause, anew)
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
        ..blank(cx, opportunity.company_id, opportunity.party_id)
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

fn blank(cx: &Cx, company_id: CompanyId, party_id: PartyId) -> AttributionDeal {
    AttributionDeal {
        id: cx.new_id(),
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

/// The deal that a document belongs to, before and as converted. Only of a document that no deal is known to have led to the back
/// office is asked where it came from.
fn deal_with(cx: &mut Cx, document: &str) -> Result<Option<(AttributionDeal, AttributionDeal)>> {
    let mut at = None;
    let before = match rows::deal_with(cx.db(), document)? {
        Some(known) => known,
        None => {
            let Some(origin) = questions::deal_origin(cx, document)? else { return Ok(None) };
            at = origin.at;
            match rows::deal_with(cx.db(), &origin.document)? {
                Some(known) => known,
                None => {
                    let deal = new_deal(cx, &origin)?;
                    rows::note_document(cx.db(), deal.id, &origin.document)?;
                    deal
                }
            }
        }
    };
    let mut deal = before.clone();
    deal.converted_at = deal.converted_at.or(at).or(Some(cx.now));
    deal.status = AttributionDealStatus::Won;
    Ok(Some((before, deal)))
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
    let deal = AttributionDeal {
        order_id: origin.document.parse().ok(),
        invoice_id: origin.document.parse().ok(),
        started_at: origin.at.unwrap_or(cx.now),
        ..blank(cx, origin.company, origin.party)
    };
    note(cx, deal)
}

fn on_document(cx: &mut Cx, event: &Event, document: &str, bases: &[AttributionBasis]) -> Result<()> {
    let Some((before, deal)) = deal_with(cx, document)? else { return Ok(()) };
    let anew = before.converted_at != deal.converted_at;
    restate(cx, deal, &before, bases, &Cause::of(event), anew)
}

fn on_order(cx: &mut Cx, event: &Event) -> Result<()> {
    // a draft that is given up was never booked
    let was_draft = event.was("status").is_some_and(|was| was == "draft");
    if event.kind == "sales_order.cancelled" && was_draft {
        return Ok(());
    }
    on_document(cx, event, &event.subject, &[Pipeline, Bookings])?;
    match said::<OpportunityId>(event, "opportunity_id").filter(|_| event.kind == "sales_order.cancelled") {
        Some(opportunity) => follow_opportunity(cx, opportunity, &Cause::of(event)),
        None => Ok(()),
    }
}

fn on_invoice(cx: &mut Cx, event: &Event) -> Result<()> {
    on_document(cx, event, billed(event), &[Invoiced, Margin])
}

fn on_credit_note(cx: &mut Cx, event: &Event) -> Result<()> {
    match event.data["invoice_id"].as_str() {
        Some(invoice) => on_document(cx, event, invoice, &[Invoiced, Margin]),
        None => Ok(()),
    }
}

fn on_payment(cx: &mut Cx, event: &Event) -> Result<()> {
    on_document(cx, event, billed(event), &[Cash])
}

fn on_refund(cx: &mut Cx, event: &Event) -> Result<()> {
    match event.data["invoice_id"].as_str() {
        Some(invoice) => on_document(cx, event, invoice, &[Cash]),
        None => Ok(()),
    }
}

fn on_goods(cx: &mut Cx, event: &Event) -> Result<()> {
    match event.data["order_id"].as_str() {
        Some(order) => on_document(cx, event, order, &[Margin]),
        None => Ok(()),
    }
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

/// Companies without models, which get theirs.
fn without_models(cx: &mut Cx, limit: i64) -> Result<Vec<CompanyId>> {
    Ok(model_rows::companies_without(cx.db(), limit)?)
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
