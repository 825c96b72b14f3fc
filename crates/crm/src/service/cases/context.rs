//! A case with all that belongs to it and to its customer: one answer from one snapshot. What is of the back office is
//! asked of it.

use domain::directory::contacts::Contact;
use domain::directory::overview::TOP;
use domain::directory::overview::{FinanceOfParty, OrdersOfParty};
use domain::directory::parties::Party;
use domain::ids::{CaseId, PartyId};
use domain::inventory::serials::SerialsOfCustomer;
use domain::sales::delivery_overview::DeliveriesOfParty;
use domain::service::cases::Case;
use domain::service::cases::context::*;
use domain::service::cases::messages::CaseMessage;
use domain::service::kb_articles::KbArticle;
use persistence::service::cases as rows;
use platform::prelude::*;

use super::clocks;
use crate::service::cases;

pub(crate) fn context(cx: &mut Cx, id: CaseId, _: NoFilter) -> Result<CaseContext> {
    let case = cx.find::<Case>(id)?;
    let sla = clocks::measured(cx, &case)?;
    let mut latest = List::first(LATEST_MESSAGES);
    latest.condition(cases::of_thread(cx, id)?).newest_first();
    let mut messages = cx.page::<CaseMessage>(latest)?.data;
    messages.reverse();

    let mut withheld = Vec::new();
    let mut may = |cx: &Cx, permission: &str, section| {
        let may = cx.caller.may(permission);
        if !may {
            withheld.push(section);
        }
        may
    };
    let (mut party, mut contact, mut orders, mut deliveries, mut serials, mut finance) = (None, None, None, None, None, None);
    if let Some(id) = case.party_id {
        if may(cx, "directory.parties.read", CaseContextSection::Party) {
            party = cx.find_all::<Party>(&[id])?.pop();
        }
        if may(cx, "sales.orders.read", CaseContextSection::Orders) {
            orders = Some(cx.ask::<OrdersOfParty>(id)?);
        }
        if may(cx, "sales.deliveries.read", CaseContextSection::Deliveries) {
            deliveries = Some(cx.ask::<DeliveriesOfParty>(id)?);
        }
        if may(cx, "inventory.serials.read", CaseContextSection::Serials) {
            serials = Some(cx.ask::<SerialsOfCustomer>(id)?);
        }
        if may(cx, "receivables.invoices.read", CaseContextSection::Finance) {
            finance = Some(cx.ask::<FinanceOfParty>(id)?);
        }
    }
    let mut articles = Vec::new();
    if !case.kb_article_ids.is_empty() && may(cx, "service.kb_articles.read", CaseContextSection::KbArticles) {
        articles = cx.find_all::<KbArticle>(&case.kb_article_ids)?;
        articles.sort_by_key(|a| case.kb_article_ids.iter().position(|i| *i == a.id));
    }
    if let Some(id) = case.contact_id
        && may(cx, "directory.contacts.read", CaseContextSection::Contact)
    {
        contact = cx.find_all::<Contact>(&[id])?.pop();
    }
    Ok(CaseContext {
        taken_at: cx.now,
        other_cases: others(cx, &case)?,
        links: links(id, case.party_id),
        case,
        sla,
        messages,
        kb_articles: articles.into_iter().map(|a| KbArticleSummary { id: a.id, title: a.title, status: a.status }).collect(),
        party,
        contact,
        orders,
        deliveries,
        serials,
        finance,
        withheld,
    })
}

/// Other cases of the customer that are at work, of the caller's companies.
fn others(cx: &mut Cx, case: &Case) -> Result<Vec<CaseSummary>> {
    let Some(party) = case.party_id else { return Ok(Vec::new()) };
    let mut list = List::first(TOP + 1);
    list.only("party_id", party.uuid()).condition(rows::is_open(cx.now, true)).newest_first();
    let found = cx.page::<Case>(list)?.data.into_iter().filter(|c| c.id != case.id);
    Ok(found.take(TOP as usize).map(CaseSummary::from).collect())
}

fn links(id: CaseId, party: Option<PartyId>) -> CaseContextLinks {
    let of = |path: &str| party.map(|p| format!("{path}{p}"));
    CaseContextLinks {
        messages: format!("/v1/service/cases/{id}/messages"),
        cases: of("/v1/service/cases?party_id="),
        orders: of("/v1/sales/orders?customer_id="),
        deliveries: of("/v1/sales/deliveries?customer_id="),
        serials: of("/v1/inventory/serials?customer_id="),
        invoices: of("/v1/receivables/invoices?customer_id="),
        timeline: party.map(|p| format!("/v1/directory/parties/{p}/timeline")),
    }
}
