//! Everything about one party in one answer and one snapshot. Each area answers for itself; this only gathers.

use chrono::{NaiveDate, TimeDelta};
use domain::directory::contacts::Contact;
use domain::directory::overview::{
    DAY_AHEAD, FinanceOfParty, FinanceOfPartyAsOf, FrontOfParty, NOT_OF_A_DAY, OF_A_DAY, OrdersOfParty, OrdersOfPartyAsOf, OverviewAsOf,
    OverviewFilter, OverviewLinks, PartyContact, PartyOverview, SECTIONS, TOP,
};
use domain::directory::relationships::Relationship;
use domain::ids::PartyId;
use persistence::directory::relationships;

use super::{contact_preferences, timeline};
use crate::prelude::*;
use crate::table::names_of;

/// What the parameters can be refused for.
pub const REFUSALS: &[Code] = &[NOT_OF_A_DAY, DAY_AHEAD];

/// What is asked for, and what of it the caller may not read.
struct Asked {
    included: Vec<String>,
    withheld: Vec<String>,
}

impl Asked {
    /// Whether a section is wanted and may be read; one that is wanted and may not be is named.
    fn wants(&mut self, cx: &Cx, permission: &str, section: &str) -> bool {
        let (wanted, may) = (self.includes(section), cx.caller.may(permission));
        if wanted && !may {
            self.withheld.push(section.to_string());
        }
        wanted && may
    }
    fn includes(&self, section: &str) -> bool {
        self.included.iter().any(|name| name == section)
    }
}

/// The overview of a party. Sections that the caller may not read are null and named.
pub fn of_party(cx: &mut Cx, id: PartyId, filter: OverviewFilter) -> Result<PartyOverview> {
    let party = timeline::stands_for(cx, id)?;
    let id = party.id;
    let app = cx.app().clone();
    let known: Vec<&str> = SECTIONS.into_iter().chain(app.questions.joined.iter().map(|j| j.name)).collect();
    let possible = if filter.as_of.is_some() { OF_A_DAY.to_vec() } else { known.clone() };
    let included = match &filter.include {
        Some(names) => names_of("include", names, &known)?,
        None => possible.iter().map(ToString::to_string).collect(),
    };
    if let Some(name) = included.iter().find(|name| !possible.contains(&&***name)) {
        return Err(NOT_OF_A_DAY.with(format!("The section {name} is only known as it is now.")));
    }
    let mut asked = Asked { included, withheld: Vec::new() };
    let mut out = PartyOverview {
        taken_at: cx.now,
        contacts: Vec::new(),
        crm: None,
        sales: None,
        finance: None,
        sections: Vec::new(),
        as_of: None,
        included: asked.included.clone(),
        timeline: Vec::new(),
        withheld: Vec::new(),
        links: links(id),
        party,
    };
    match filter.as_of {
        Some(day) => out.as_of = Some(of_a_day(cx, id, day, &mut asked)?),
        None => of_now(cx, id, &mut asked, &mut out)?,
    }
    out.withheld = asked.withheld;
    Ok(out)
}

fn of_a_day(cx: &mut Cx, id: PartyId, day: NaiveDate, asked: &mut Asked) -> Result<OverviewAsOf> {
    // somewhere it may be the day already
    if day > (cx.now + TimeDelta::hours(14)).date_naive() {
        return Err(DAY_AHEAD.with(format!("It is {} at most.", (cx.now + TimeDelta::hours(14)).date_naive())));
    }
    let orders = asked.wants(cx, "sales.orders.read", "sales").then(|| cx.ask::<OrdersOfPartyAsOf>((id, day))).transpose()?;
    let balances = asked.wants(cx, "receivables.invoices.read", "finance").then(|| cx.ask::<FinanceOfPartyAsOf>((id, day))).transpose()?;
    Ok(OverviewAsOf { as_of_date: day, balances, orders })
}

fn of_now(cx: &mut Cx, id: PartyId, asked: &mut Asked, out: &mut PartyOverview) -> Result<()> {
    if asked.wants(cx, "directory.contacts.read", "contacts") {
        out.contacts = contacts_of(cx, id)?;
    }
    if asked.wants(cx, "crm.opportunities.read", "crm") {
        out.crm = Some(cx.ask::<FrontOfParty>(id)?);
        // parts of that section have permissions of their own
        for (permission, part) in [("crm.leads.read", "leads"), ("crm.activities.read", "activities")] {
            if !cx.caller.may(permission) {
                asked.withheld.push(part.to_string());
            }
        }
    }
    out.sales = asked.wants(cx, "sales.orders.read", "sales").then(|| cx.ask::<OrdersOfParty>(id)).transpose()?;
    out.finance = asked.wants(cx, "receivables.invoices.read", "finance").then(|| cx.ask::<FinanceOfParty>(id)).transpose()?;
    let app = cx.app().clone();
    for joined in &app.questions.joined {
        if asked.wants(cx, joined.permission, joined.name) {
            out.sections.push((joined.tell)(cx, id)?);
        }
    }
    if asked.includes("timeline") {
        out.timeline = timeline::of_party(cx, id, List::first(TOP))?.data;
    }
    Ok(())
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
        invoices: format!("/v1/receivables/invoices?customer_id={id}"),
    }
}
