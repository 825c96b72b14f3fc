//! Everything about one party in one answer and one snapshot. Each area answers for itself; this only gathers.

use domain::directory::contacts::Contact;
use domain::directory::overview::{OverviewLinks, PartyContact, PartyOverview, TOP};
use domain::directory::parties::PartyId;
use domain::directory::relationships::Relationship;
use persistence::directory::relationships;

use super::{contact_preferences, timeline};
use crate::prelude::*;
use crate::questions;

/// The overview of a party. Sections that the caller may not read are null and named.
pub fn of_party(cx: &mut Cx, id: PartyId, _: NoFilter) -> Result<PartyOverview> {
    let party = timeline::stands_for(cx, id)?;
    let id = party.id;
    let mut withheld = Vec::new();
    let mut may = |cx: &Cx, permission: &str, section: &str| {
        let may = cx.caller.may(permission);
        if !may {
            withheld.push(section.to_string());
        }
        may
    };
    let contacts = match may(cx, "directory.contacts.read", "contacts") {
        true => contacts_of(cx, id)?,
        false => Vec::new(),
    };
    let crm = may(cx, "crm.opportunities.read", "crm").then(|| questions::crm_overview(cx, id)).transpose()?;
    if crm.is_some() {
        // parts of that section have permissions of their own
        may(cx, "crm.leads.read", "leads");
        may(cx, "crm.activities.read", "activities");
    }
    let sales = may(cx, "sales.orders.read", "sales").then(|| questions::sales_overview(cx, id)).transpose()?;
    let finance = may(cx, "accounting.invoices.read", "finance").then(|| questions::finance_overview(cx, id)).transpose()?;
    let app = cx.app().clone();
    let mut sections = Vec::with_capacity(app.questions.joined.len());
    for joined in &app.questions.joined {
        if may(cx, joined.permission, joined.name) {
            sections.push((joined.tell)(cx, id)?);
        }
    }
    let latest = timeline::of_party(cx, id, List::first(TOP))?.data;
    Ok(PartyOverview { taken_at: cx.now, contacts, crm, sales, finance, sections, timeline: latest, withheld, links: links(id), party })
}

fn contacts_of(cx: &mut Cx, id: PartyId) -> Result<Vec<PartyContact>> {
    let today = cx.now.date_naive();
    let current = relationships::current(cx.db(), id, today, TOP)?;
    let found = cx.find_all::<Relationship>(&current.iter().map(|c| c.0).collect::<Vec<_>>())?;
    let people = cx.find_all::<Contact>(&current.iter().map(|c| c.1).collect::<Vec<_>>())?;
    let likings = contact_preferences::of_contacts(cx, &people)?;
    let pair = |(r, c): &(_, _)| {
        let relationship = found.iter().find(|f| f.id == *r)?.clone();
        let contact = people.iter().find(|p| p.id == *c)?.clone();
        let preferences = likings.iter().filter(|l| l.contact_id == *c).take(TOP as usize).cloned().collect();
        Some(PartyContact { relationship, contact, preferences })
    };
    Ok(current.iter().filter_map(pair).collect())
}

fn links(id: PartyId) -> OverviewLinks {
    OverviewLinks {
        relationships: format!("/v1/directory/relationships?party_id={id}"),
        timeline: format!("/v1/directory/parties/{id}/timeline"),
        opportunities: format!("/v1/crm/opportunities?party_id={id}"),
        orders: format!("/v1/sales/orders?customer_id={id}"),
        invoices: format!("/v1/accounting/invoices?customer_id={id}"),
    }
}
