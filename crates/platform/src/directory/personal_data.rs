//! All data of one person in one answer, and its erasure. What the person is called and reached by goes from the person's own
//! rows, from all that the front office wrote, from orders and deliveries, from facts and from kept answers. Posted documents
//! and the ledger stay as law wants them. Areas with data of their own hear `party.erased` and `contact.erased`.

use domain::crm::leads::Lead;
use domain::directory::contacts::Contact;
use domain::directory::parties::{Party, PartyKind};
use domain::directory::personal_data::{CHAIN_BROKEN, ERASED, ErasePerson, IN_BUSINESS, NOT_A_PERSON, PersonalData, Terms};
use domain::fact_text::unpacked;
use domain::ids::{ContactId, LeadId, PartyId};
use persistence::directory::personal_data::{self as rows, Person, Seed};
use persistence::directory::{contacts, parties};
use persistence::platform::redactions;
use persistence::record;
use serde_json::Value;
use uuid::Uuid;

use crate::caller::Companies;
use crate::prelude::*;
use crate::redaction;

/// The permission to see all data of one person at once.
pub const MAY_EXPORT: &str = "directory.personal_data.export";
/// The permission to erase it.
pub const MAY_ERASE: &str = "directory.personal_data.erase";
/// What an erasure can be refused for.
pub const REFUSALS: &[Code] = &[NOT_A_PERSON, IN_BUSINESS, ERASED, CHAIN_BROKEN];

pub const EXPORT: &str = "Get all data of one person, whichever records stand for the person: those merged away, a lead and the party and \
contact that it became, leads with the same e-mail address, contacts and people with the same address and name. Every row that leads \
there, as the API shows it, and everything that happened; rows of companies without a grant are left out and counted in `withheld`.";
pub const ERASE: &str = "Erase the data of one person, whichever records stand for the person, as in the export. Names, addresses, texts and identifiers go from the person, from leads, deals, \
activities, cases and their messages, orders and deliveries, from events and from kept answers; posted invoices and the ledger stay \
as law wants them. Quotes to an organisation lose the person they were sent to and who signed, not what was offered and accepted; suppressed addresses stay suppressed by their hash; and the audit trail can still be verified. It \
cannot be taken back.";

/// Everything that is kept about a party.
pub fn of_party(cx: &mut Cx, id: PartyId, _: NoFilter) -> Result<PersonalData> {
    let party = cx.find::<Party>(id)?;
    let person = Person::find(cx.db(), Seed::Party(id.uuid(), party.kind == PartyKind::Person))?;
    export(cx, &person)
}

/// Everything that is kept about a contact.
pub fn of_contact(cx: &mut Cx, id: ContactId, _: NoFilter) -> Result<PersonalData> {
    cx.find::<Contact>(id)?;
    let person = Person::find(cx.db(), Seed::Contact(id.uuid()))?;
    export(cx, &person)
}

/// Everything that is kept about a lead.
pub fn of_lead(cx: &mut Cx, id: LeadId, _: NoFilter) -> Result<PersonalData> {
    cx.find::<Lead>(id)?;
    let person = Person::find(cx.db(), Seed::Lead(id.uuid()))?;
    export(cx, &person)
}

fn export(cx: &mut Cx, person: &Person) -> Result<PersonalData> {
    let mut records = person.export(cx.db())?;
    let mut events = person.events(cx.db())?;
    let before: usize = records.iter().map(|r| r.rows.len()).sum::<usize>() + events.len();
    if let Companies::These(granted) = &cx.caller.companies {
        let granted: Vec<String> = granted.iter().map(|c| c.to_string()).collect();
        let may = |row: &Value| row["company_id"].as_str().is_none_or(|c| granted.iter().any(|g| g == c));
        records.iter_mut().for_each(|r| r.rows.retain(may));
        events.retain(|e| e.company_id.is_none_or(|c| cx.caller.companies.contain(c)));
    }
    let after: usize = records.iter().map(|r| r.rows.len()).sum::<usize>() + events.len();
    records.retain(|r| !r.rows.is_empty());
    Ok(PersonalData { taken_at: cx.now, records, events, withheld: (before - after) as i64 })
}

/// Erases the data of a party that is a person.
pub fn erase_party(cx: &mut Cx, id: PartyId, body: ErasePerson) -> Result<Party> {
    let party = cx.load_for_update::<Party>(id)?;
    party.check_erasable()?;
    let told = erase(cx, Seed::Party(id.uuid(), true), &party, body)?;
    tell(cx, told);
    cx.find::<Party>(id)
}

/// Erases the data of a contact.
pub fn erase_contact(cx: &mut Cx, id: ContactId, body: ErasePerson) -> Result<Contact> {
    let contact = cx.load_for_update::<Contact>(id)?;
    contact.check_changeable()?;
    let told = erase(cx, Seed::Contact(id.uuid()), &contact, body)?;
    tell(cx, told);
    cx.find::<Contact>(id)
}

/// Erases the data of a lead, and of the person it became.
pub fn erase_lead(cx: &mut Cx, id: LeadId, body: ErasePerson) -> Result<Lead> {
    let lead = cx.load_for_update::<Lead>(id)?;
    let told = erase(cx, Seed::Lead(id.uuid()), &lead, body)?;
    tell(cx, told);
    cx.find::<Lead>(id)
}

/// Empties everything about the person: the rows that lead there, facts, kept answers, and at last the person's own parties and
/// contacts. The facts that tell of it, that of the one which was asked for first; it vouches for the redactions.
fn erase<T: Entity>(cx: &mut Cx, seed: Seed, asked: &T, body: ErasePerson) -> Result<Vec<Event>> {
    let (now, subject) = (cx.now, asked.id().to_string());
    let id = Uuid::now_v7();
    let first = Person::find(cx.db(), seed)?;
    hold(cx, &first)?;
    // from here on nobody refers to those anew; what was written until then is found now
    let person = Person::find(cx.db(), seed)?;
    let (parties, contacts) = hold(cx, &person)?;
    let ids: Vec<PartyId> = parties.iter().map(|p| p.id).collect();
    let open = rows::open_business(cx.db(), &ids)?;
    if !open.is_empty() {
        return Err(IN_BUSINESS.with(format!("There are {}.", open.join(", "))));
    }
    let mut terms = Terms::default();
    let own = person.own(cx.db())?;
    own.iter().for_each(|row| terms.learn(row));
    let subjects = person.subjects();

    let facts = redaction::facts_of(cx.db(), &person.parties, &subjects)?;
    if let Some(seq) = redaction::broken(cx.db(), &facts)? {
        return Err(CHAIN_BROKEN.with(format!("Event {seq} was changed after it was written. Find out why first.")));
    }
    // earlier names and addresses stand in the facts about the person
    let about: Vec<&str> = own.iter().filter_map(|row| row["id"].as_str()).collect();
    for fact in facts.iter().map(|p| &p.fact).filter(|f| about.contains(&&*f.subject)) {
        terms.learn(&unpacked(fact.data.clone()));
        fact.previous.iter().for_each(|p| terms.learn(&unpacked(p.clone())));
    }
    let others = person.found.subjects_about_others();
    let done = redaction::redact(cx.db(), id, &subject, &facts, &person.parties, &others, &terms)?;
    person.wipe(cx.db(), &terms, now)?;
    redactions::forget_answers(cx.db(), &subjects)?;

    let mut told = Vec::new();
    for one in &parties {
        let mut left = one.erased(now);
        left.bump(now);
        record::update(cx.db(), &left, None)?;
        parties::write_lookups(cx.db(), &left)?;
        told.push((left.merged_into.is_some(), Event::of("erased", &left)));
    }
    for one in &contacts {
        let mut left = one.erased(now);
        left.bump(now);
        record::update(cx.db(), &left, None)?;
        contacts::write_lookups(cx.db(), &left)?;
        told.push((left.merged_into.is_some(), Event::of("erased", &left)));
    }
    for lead in person.leads.clone() {
        if let Some(left) = record::find::<Lead>(cx.db(), lead)? {
            told.push((false, Event::of("erased", &left)));
        }
    }
    // who was merged away is spoken for by who stayed
    let mut told: Vec<Event> = told.into_iter().filter(|(gone, _)| !gone).map(|(_, event)| event).collect();
    told.sort_by_key(|e| e.subject != subject);
    for (i, event) in told.iter_mut().enumerate() {
        if let Some(data) = event.data.as_object_mut() {
            data.insert("erasure_id".into(), id.to_string().into());
            data.insert("erasure_reason".into(), body.reason.clone().into());
            if i == 0 {
                data.insert("redactions".into(), done.facts.into());
                data.insert("redactions_digest".into(), done.digest.clone().into());
            }
        }
    }
    Ok(told)
}

/// The parties and contacts that are the person, locked, and nobody makes new references to them.
fn hold(cx: &mut Cx, person: &Person) -> Result<(Vec<Party>, Vec<Contact>)> {
    let (mut ids, mut people) = (person.parties.clone(), person.contacts.clone());
    ids.sort_unstable();
    people.sort_unstable();
    let (mut held, mut contacts_held) = (Vec::new(), Vec::new());
    for id in ids {
        parties::lock_out(cx.db(), Id::from_uuid(id))?;
        held.extend(record::find_to_change::<Party>(cx.db(), id)?.filter(|p| p.erased_at.is_none()));
    }
    for id in people {
        contacts::lock_out(cx.db(), Id::from_uuid(id))?;
        contacts_held.extend(record::find_to_change::<Contact>(cx.db(), id)?.filter(|c| c.erased_at.is_none()));
    }
    Ok((held, contacts_held))
}

fn tell(cx: &mut Cx, told: Vec<Event>) {
    told.into_iter().for_each(|event| cx.emit(event));
}
