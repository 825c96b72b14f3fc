//! What a lead becomes: whom it is a duplicate of, the party, the contact, their relationship and the opportunity, in
//! one transaction. Parties and contacts are made the way the directory makes them.

use std::collections::BTreeMap;

use domain::crm::activities::Activity;
use domain::crm::leads::steps::Converted;
use domain::crm::leads::{AMBIGUOUS, ConvertLead, DUPLICATE, Lead, LeadConversion, LeadDeal, OnDuplicate, PartyOrigin};
use domain::crm::opportunities::NewOpportunity;
use domain::directory::addresses::LeadAddress;
use domain::directory::companies::Company;
use domain::directory::contacts::{Contact, NewContact};
use domain::directory::emails::EmailAddress;
use domain::directory::parties::{AddressPurpose, NewParty, Party, PartyAddress, PartyKind};
use domain::directory::phones::PhoneNumber;
use domain::directory::relationships::{NewRelationship, Relationship};
use domain::ids::{ContactId, LeadId, PartyId};
use domain::marketing::touchpoints::Subject;
use persistence::crm::{activities, leads as rows};
use persistence::directory::{contacts as contact_rows, parties as party_rows};
use persistence::marketing::touchpoints;
use platform::directory::{contacts, parties, relationships};
use platform::identity::users;
use platform::prelude::*;

use crate::crm::opportunities::{begin, prefix_pointers};

/// Organisations that may share an e-mail domain and still be meant by it.
const MOST_OF_A_DOMAIN: i64 = 3;

/// Who may be meant by a lead.
#[derive(Default)]
struct Matches {
    /// Parties, and why.
    parties: BTreeMap<PartyId, String>,
    /// People with the same e-mail address.
    contacts: Vec<ContactId>,
}

/// Converts a lead; once converted, answers what it became.
pub fn convert(cx: &mut Cx, id: LeadId, how: ConvertLead) -> Result<LeadConversion> {
    let before = cx.load_for_update::<Lead>(id)?;
    if let Some(done) = before.conversion() {
        return Ok(done);
    }
    before.must_be_convertible()?;
    let company = cx.find::<Company>(before.company_id)?;
    // Two leads of one person must not make two parties at once.
    rows::take_turns(cx.db(), &before)?;
    let found = look_for(cx, &before)?;
    // an owner who left meanwhile gets nothing new
    let from = Lead { owner_id: users::if_active(cx, before.owner_id)?, ..before.clone() };
    let (party, origin) = settle_party(cx, &from, &how, &found)?;
    let contact = settle_contact(cx, &from, how.on_duplicate, &found, party)?;
    let opportunity = match how.create_opportunity {
        true => {
            let new = deal_of(&from, how.opportunity, party, contact);
            Some(begin(cx, &company, new, Some(&before)).map_err(|p| prefix_pointers("/opportunity", p))?.id)
        }
        false => None,
    };
    carry_activities(cx, id, opportunity.map(|o| o.to_string()), party)?;
    let became = Subject { lead: Some(id), contact, party: Some(party), opportunity };
    touchpoints::carry(cx.db(), id, became)?;
    let after = before.clone().convert(Converted { party, origin, contact, opportunity }, cx.now)?;
    let after = cx.save(&before, after, "converted")?;
    match opportunity {
        Some(opportunity) => cx.link(id, opportunity, "converted_to")?,
        None => cx.link(id, party, "converted_to")?,
    }
    after.conversion().ok_or_else(|| problems::internal.into())
}

fn emails_of(lead: &Lead) -> Vec<EmailAddress> {
    let email = |address: &String| EmailAddress { address: address.clone(), label: None, primary: true };
    lead.email.iter().map(email).collect()
}

fn phones_of(lead: &Lead) -> Vec<PhoneNumber> {
    let phone = |number: &String| PhoneNumber { number: number.clone(), label: None, primary: true, normalised: String::new() };
    lead.phone.iter().map(phone).collect()
}

/// Parties and people that share an e-mail address, tax number or external id with the lead, and organisations that share
/// the domain of its e-mail address.
fn look_for(cx: &mut Cx, lead: &Lead) -> Result<Matches> {
    let mut found = Matches::default();
    let mut note = |id: PartyId, why: &str| {
        let reasons = found.parties.entry(id).or_default();
        reasons.push_str(if reasons.is_empty() { "" } else { ", " });
        reasons.push_str(why);
    };
    let mut probe = new_party(lead);
    probe.emails = emails_of(lead);
    let probe = Party::new(cx.new_id(), probe, cx.now)?;
    if let Some(external) = &lead.external_id
        && let Some(id) = party_rows::by_external_id(cx.db(), external)?
    {
        note(id, "external id");
    }
    for id in party_rows::by_tax_id(cx.db(), &probe)? {
        note(id, "tax number");
    }
    for (id, _) in party_rows::by_emails(cx.db(), &probe)? {
        note(id, "e-mail address");
    }
    let person = Contact::new(cx.new_id(), new_contact(lead, "?".into(), None), cx.now)?;
    let company = cx.find::<Company>(lead.company_id)?;
    let today = cx.today(&company);
    if let Some(domain) = lead.own_domain() {
        // A domain that many have is a service and not an organisation.
        let same = rows::organisations_of_domain(cx.db(), &domain, today, MOST_OF_A_DOMAIN + 1)?;
        if same.len() as i64 <= MOST_OF_A_DOMAIN {
            same.into_iter().for_each(|id| note(id, "e-mail domain"));
        }
    }
    let mut people = Vec::new();
    for (id, _) in contact_rows::by_emails(cx.db(), &person)? {
        people.push(id);
        for r in cx.by::<Relationship>("contact_id", id.uuid())? {
            if r.holds_on(today) {
                note(r.party_id, "e-mail address of a contact");
            }
        }
    }
    found.contacts = people;
    let known = cx.find_all::<Party>(&found.parties.keys().copied().collect::<Vec<_>>())?;
    found.parties.retain(|id, _| known.iter().any(|p| p.id == *id && p.archived_at.is_none()));
    Ok(found)
}

/// The party of the lead: the one that was named, the one that was found, or a new one.
fn settle_party(cx: &mut Cx, lead: &Lead, how: &ConvertLead, found: &Matches) -> Result<(PartyId, PartyOrigin)> {
    if let Some(named) = how.party_id {
        return Ok((cx.refer::<Party>("/party_id", named)?.id, PartyOrigin::Linked));
    }
    let candidates: Vec<PartyId> = found.parties.keys().copied().collect();
    match (how.on_duplicate, &candidates[..]) {
        (OnDuplicate::Reject, []) if found.contacts.is_empty() => {}
        (OnDuplicate::Reject, _) => return Err(refusal(cx, DUPLICATE, "/on_duplicate", found)?),
        (OnDuplicate::Link, [one]) => return Ok((*one, PartyOrigin::Linked)),
        (OnDuplicate::Link, [_, _, ..]) => return Err(refusal(cx, AMBIGUOUS, "/party_id", found)?),
        (OnDuplicate::Link, []) | (OnDuplicate::Create, _) => {}
    }
    let mut new = new_party(lead);
    // What another party is known by outside cannot be given to a second one.
    if how.on_duplicate == OnDuplicate::Create
        && let Some(external) = &lead.external_id
        && party_rows::by_external_id(cx.db(), external)?.is_some()
    {
        new.external_ids.clear();
    }
    Ok((parties::create(cx, new)?.id, PartyOrigin::Created))
}

/// The refusal that names all candidates, one place each.
fn refusal(cx: &mut Cx, code: Code, pointer: &str, found: &Matches) -> Result<Problem> {
    let mut errors = Vec::new();
    let may_read = |cx: &Cx, noun: &str| cx.caller.may(&format!("directory.{noun}.read"));
    if may_read(cx, "parties") {
        let known = cx.find_all::<Party>(&found.parties.keys().copied().collect::<Vec<_>>())?;
        for (id, why) in &found.parties {
            let name = known.iter().find(|p| p.id == *id).map_or("", |p| &p.name);
            let error = FieldError::body(pointer, code.code, format!("{id} {name} has the same {why}."));
            errors.push(error.param("id", id).param("name", name).param("shared", why));
        }
    }
    if may_read(cx, "contacts") && code == DUPLICATE {
        for contact in cx.find_all::<Contact>(&found.contacts)? {
            let error = FieldError::body(pointer, code.code, format!("{} {} has the same e-mail address.", contact.id, contact.name));
            errors.push(error.param("id", contact.id).param("name", &contact.name).param("shared", "e-mail address"));
        }
    }
    if errors.is_empty() {
        errors.push(FieldError::body(pointer, code.code, "There is a party or contact that you may not read."));
    }
    Ok(code.at(errors))
}

/// The person of the lead and the relationship to the party; nobody when the lead names no person.
fn settle_contact(cx: &mut Cx, lead: &Lead, on_duplicate: OnDuplicate, found: &Matches, party: PartyId) -> Result<Option<ContactId>> {
    let Some((first_name, last_name)) = lead.person_names() else { return Ok(None) };
    let company = cx.find::<Company>(lead.company_id)?;
    let today = cx.today(&company);
    let mut reusable = None;
    if on_duplicate != OnDuplicate::Create {
        for contact in cx.find_all::<Contact>(&found.contacts)? {
            let serves = cx.by::<Relationship>("contact_id", contact.id.uuid())?;
            let here = serves.iter().any(|r| r.party_id == party && r.holds_on(today));
            if contact.archived_at.is_none() && (here || reusable.is_none()) {
                reusable = Some((contact.id, here));
            }
        }
    }
    let (contact, related) = match reusable {
        Some(known) => known,
        None => (contacts::create(cx, new_contact(lead, last_name, first_name))?.id, false),
    };
    if !related {
        let new = NewRelationship {
            contact_id: contact,
            party_id: party,
            title: lead.job_title.clone(),
            role: None,
            from_date: None,
            to_date: None,
            is_primary: false,
        };
        relationships::create(cx, new)?;
    }
    Ok(Some(contact))
}

fn new_party(lead: &Lead) -> NewParty {
    let person = lead.organisation_name.is_none() && lead.is_person();
    let name = match (&lead.organisation_name, lead.person_names()) {
        (Some(organisation), _) => organisation.clone(),
        (None, Some((Some(first), last))) => format!("{first} {last}"),
        (None, Some((None, last))) => last,
        (None, None) => lead.name.clone(),
    };
    // The person's own address belongs to the contact; a party of several people does not get it.
    let own = lead.organisation_name.is_none() || !lead.is_person();
    let address = |address| PartyAddress { purpose: AddressPurpose::Billing, primary: true, address };
    NewParty {
        kind: if person { PartyKind::Person } else { PartyKind::Organisation },
        code: None,
        name,
        legal_name: None,
        tax_id: lead.tax_id.clone(),
        is_customer: false,
        is_vendor: false,
        customer_terms: Default::default(),
        vendor_terms: Default::default(),
        addresses: lead.address.iter().filter_map(LeadAddress::whole).map(address).collect(),
        emails: if own { emails_of(lead) } else { Vec::new() },
        phones: if own { phones_of(lead) } else { Vec::new() },
        website: lead.website.clone(),
        external_ids: lead.external_id.iter().cloned().collect(),
        parent_id: None,
        owner_id: lead.owner_id,
        tags: Vec::new(),
        metadata: BTreeMap::new(),
        allow_duplicate: true,
    }
}

fn new_contact(lead: &Lead, last_name: String, first_name: Option<String>) -> NewContact {
    NewContact {
        first_name,
        last_name,
        salutation: None,
        language: None,
        emails: emails_of(lead),
        phones: phones_of(lead),
        address: None,
        external_ids: Vec::new(),
        owner_id: lead.owner_id,
        tags: Vec::new(),
        metadata: BTreeMap::new(),
        allow_duplicate: true,
    }
}

fn deal_of(lead: &Lead, deal: LeadDeal, party_id: PartyId, contact_id: Option<ContactId>) -> NewOpportunity {
    NewOpportunity {
        company_id: lead.company_id,
        name: deal.name.unwrap_or_else(|| lead.name.chars().take(200).collect()),
        party_id,
        contact_id,
        pipeline_id: deal.pipeline_id,
        stage_id: deal.stage_id,
        currency: deal.currency,
        amount_source: None,
        amount: deal.amount,
        probability_percent: None,
        forecast_category: None,
        expected_close_date: deal.expected_close_date,
        owner_id: lead.owner_id,
        source: lead.source.clone(),
        territory_id: None,
        description: lead.description.clone(),
        competitor: None,
        lines: Vec::new(),
        splits: Vec::new(),
        contact_roles: Vec::new(),
        competitor_ids: Vec::new(),
        metadata: BTreeMap::new(),
    }
}

/// What was done about the lead is now about what it became.
fn carry_activities(cx: &mut Cx, lead: LeadId, opportunity: Option<String>, party: PartyId) -> Result<()> {
    let (id, kind) = match opportunity {
        Some(id) => (id, "opportunity"),
        None => (party.to_string(), "party"),
    };
    for activity in activities::of_lead(cx.db(), lead)? {
        let before = cx.load_for_update::<Activity>(activity)?;
        let after = before.clone().moved_to(id.clone(), kind, Some(party), cx.now);
        cx.save(&before, after, "moved")?;
    }
    Ok(())
}
