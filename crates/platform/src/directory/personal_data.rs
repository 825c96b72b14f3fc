//! All data of one person in one answer, and its erasure. What the person is called and reached by goes from the person's own
//! rows, from all that the front office wrote, from orders and deliveries, from facts and from kept answers. Posted documents
//! and the ledger stay as law wants them. Areas with data of their own hear `party.erased` and `contact.erased`.

use domain::directory::contacts::Contact;
use domain::directory::emails;
use domain::directory::parties::Party;
use domain::directory::personal_data::{CHAIN_BROKEN, ERASED, ErasePerson, IN_BUSINESS, NOT_A_PERSON, PersonalData, Terms};
use domain::ids::{ContactId, PartyId};
use domain::kernel::encode;
use persistence::directory::personal_data::{self as rows, Person};
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

pub const EXPORT: &str = "Get all data of one person. Every row that leads to the person, as the API shows it, leads with the same \
e-mail address, and everything that happened; rows of companies without a grant are left out and counted in `withheld`.";
pub const ERASE: &str = "Erase the data of one person. Names, addresses, texts and identifiers go from the person, from leads, deals, \
activities, cases and their messages, orders and deliveries, from events and from kept answers; posted invoices and the ledger stay \
as law wants them. Quotes to an organisation lose the person they were sent to and who signed, not what was offered and accepted; and the audit trail can still be verified. It cannot be taken back.";

/// Everything that is kept about a party.
pub fn of_party(cx: &mut Cx, id: PartyId, _: NoFilter) -> Result<PersonalData> {
    let all = with_merged(cx, id)?;
    let mails = addresses(all.iter().flat_map(|p| &p.emails));
    let ids: Vec<PartyId> = all.iter().map(|p| p.id).collect();
    let person = Person::find(cx.db(), &ids, &[], &mails)?;
    export(cx, &person)
}

/// Everything that is kept about a contact.
pub fn of_contact(cx: &mut Cx, id: ContactId, _: NoFilter) -> Result<PersonalData> {
    let all = contact_with_merged(cx, id)?;
    let ids: Vec<ContactId> = all.iter().map(|c| c.id).collect();
    let person = Person::find(cx.db(), &[], &ids, &addresses(all.iter().flat_map(|c| &c.emails)))?;
    export(cx, &person)
}

/// The party, and those that were merged into it.
fn with_merged(cx: &mut Cx, id: PartyId) -> Result<Vec<Party>> {
    let party = cx.find::<Party>(id)?;
    let gone = parties::merged_into(cx.db(), id)?;
    let mut all = vec![party];
    all.extend(cx.find_all::<Party>(&gone)?);
    Ok(all)
}

/// The contact, and those that were merged into it.
fn contact_with_merged(cx: &mut Cx, id: ContactId) -> Result<Vec<Contact>> {
    let contact = cx.find::<Contact>(id)?;
    let gone = contacts::merged_into(cx.db(), id)?;
    let mut all = vec![contact];
    all.extend(cx.find_all::<Contact>(&gone)?);
    Ok(all)
}

fn addresses<'a>(mails: impl IntoIterator<Item = &'a emails::EmailAddress>) -> Vec<String> {
    let spellings = |m: &emails::EmailAddress| [m.address.clone(), emails::key(&m.address)];
    mails.into_iter().flat_map(spellings).collect()
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
    let all = with_merged(cx, id)?;
    let ids: Vec<PartyId> = all.iter().map(|p| p.id).collect();
    parties::lock_out(cx.db(), id)?;
    let open = rows::open_business(cx.db(), &ids)?;
    if !open.is_empty() {
        return Err(IN_BUSINESS.with(format!("There are {}.", open.join(", "))));
    }
    let person = Person::find(cx.db(), &ids, &[], &addresses(all.iter().flat_map(|p| &p.emails)))?;
    let mut left = Vec::new();
    for one in &all {
        let mut after = one.erased(cx.now);
        after.bump(cx.now);
        left.push(after);
    }
    let erasure = erase(cx, &person, &id.to_string(), all.iter().map(json).collect())?;
    for one in &left {
        record::update(cx.db(), one, None)?;
        parties::write_lookups(cx.db(), one)?;
    }
    tell(cx, &left[0], &erasure, body);
    Ok(left.swap_remove(0))
}

/// Erases the data of a contact.
pub fn erase_contact(cx: &mut Cx, id: ContactId, body: ErasePerson) -> Result<Contact> {
    let contact = cx.load_for_update::<Contact>(id)?;
    contact.check_changeable()?;
    let all = contact_with_merged(cx, id)?;
    contacts::lock_out(cx.db(), id)?;
    let ids: Vec<ContactId> = all.iter().map(|c| c.id).collect();
    let person = Person::find(cx.db(), &[], &ids, &addresses(all.iter().flat_map(|c| &c.emails)))?;
    let mut left = Vec::new();
    for one in &all {
        let mut after = one.erased(cx.now);
        after.bump(cx.now);
        left.push(after);
    }
    let erasure = erase(cx, &person, &id.to_string(), all.iter().map(json).collect())?;
    for one in &left {
        record::update(cx.db(), one, None)?;
        contacts::write_lookups(cx.db(), one)?;
    }
    tell(cx, &left[0], &erasure, body);
    Ok(left.swap_remove(0))
}

/// One erasure, and what the fact about it says.
struct Erasure {
    id: Uuid,
    done: redaction::Done,
}

/// Empties everything about the person but the person's own row.
fn erase(cx: &mut Cx, person: &Person, subject: &str, own: Vec<Value>) -> Result<Erasure> {
    let now = cx.now;
    let id = Uuid::now_v7();
    let mut person = person.clone();
    let mut terms = Terms::default();
    own.iter().chain(&person.leads(cx.db())?).for_each(|row| terms.learn(row));
    let mut needles: Vec<String> = own.iter().filter_map(|row| row["id"].as_str().map(String::from)).collect();
    let mails = own.iter().flat_map(|row| row["emails"].as_array().into_iter().flatten());
    needles.extend(mails.filter_map(|m| m["address"].as_str().map(String::from)));
    // what the person took part in may say as much as what is about the person
    for activity in rows::leave_activities(cx.db(), &needles, now)? {
        if !person.activities.contains(&activity) {
            person.activities.push(activity);
        }
    }

    let facts = redaction::facts_of(cx.db(), &person.parties, &person.subjects())?;
    if let Some(seq) = redaction::broken(cx.db(), &facts)? {
        return Err(CHAIN_BROKEN.with(format!("Event {seq} was changed after it was written. Find out why first.")));
    }
    // earlier names and addresses stand in the facts about the person
    let about: Vec<String> = own.iter().filter_map(|row| row["id"].as_str().map(String::from)).collect();
    for fact in facts.iter().map(|p| &p.fact).filter(|f| about.contains(&f.subject) || f.subject.starts_with("lead_")) {
        terms.learn(&fact.data);
        fact.previous.iter().for_each(|p| terms.learn(p));
    }
    let done = redaction::redact(cx.db(), id, subject, &facts, &person.parties, &terms)?;
    person.wipe(cx.db(), &terms, now)?;
    needles.extend(terms.iter().map(String::from));
    needles.extend(person.leads.iter().map(|l| encode("lead", *l)));
    redactions::forget_answers(cx.db(), &needles)?;
    Ok(Erasure { id, done })
}

/// Plain data with string keys always has a JSON form.
fn json<T: Entity>(of: &T) -> Value {
    serde_json::to_value(of).unwrap_or(Value::Null)
}

fn tell<T: Entity>(cx: &mut Cx, left: &T, erasure: &Erasure, body: ErasePerson) {
    let mut event = Event::of("erased", left);
    if let Some(data) = event.data.as_object_mut() {
        data.insert("erasure_id".into(), erasure.id.to_string().into());
        data.insert("erasure_reason".into(), body.reason.into());
        data.insert("redactions".into(), erasure.done.facts.into());
        data.insert("redactions_digest".into(), erasure.done.digest.clone().into());
    }
    cx.emit(event);
}
