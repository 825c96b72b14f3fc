//! All data of one person in one answer, and its erasure. What the person is called and reached by goes from the person's own
//! rows, from all that the front office wrote, from orders and deliveries, from facts and from kept answers. Posted documents
//! and the ledger stay as law wants them. Areas with data of their own hear `party.erased` and `contact.erased`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::crm::leads::Lead;
use domain::directory::contacts::Contact;
use domain::directory::parties::{Party, PartyKind};
use domain::directory::personal_data::{CHAIN_BROKEN, ERASED, ErasePerson, IN_BUSINESS, NOT_A_PERSON, PersonalData, Terms};
use domain::fact_text::unpacked;
use domain::ids::{ContactId, JobId, LeadId, PartyId};
use domain::platform::jobs::Job;
use persistence::directory::personal_data::{self as rows, Person, Portion, Seed};
use persistence::directory::{contacts, parties};
use persistence::platform::redactions;
use persistence::platform::sequence::Placed;
use persistence::{Engine, record};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::caller::Companies;
use crate::prelude::*;
use crate::redaction;
use crate::table::Input;
use crate::work::{self, Work};

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
cannot be taken back. Where there is much, a job does it (`erasure_job_id`); `erased_at` is null until it has ended.";

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

/// How many rows and facts lose the person in one transaction, which on SQLite nobody else writes beside.
const AT_ONCE: usize = 400;
/// The same of one part of an erasure in parts.
const PART: usize = 100;
/// The job that erases a person of whom there is more.
const KIND: &str = "erasure";

/// What an erasure is about, found before its transaction.
pub struct Extent {
    /// How many rows and facts.
    size: usize,
    parties: Vec<Uuid>,
}

/// What the job is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Asked {
    #[serde(default)]
    party_id: Option<PartyId>,
    #[serde(default)]
    contact_id: Option<ContactId>,
    #[serde(default)]
    lead_id: Option<LeadId>,
    reason: Option<String>,
}

impl Asked {
    fn seed(&self) -> Option<Seed> {
        let party = self.party_id.map(|id| Seed::Party(id.uuid(), true));
        party.or(self.contact_id.map(|id| Seed::Contact(id.uuid()))).or(self.lead_id.map(|id| Seed::Lead(id.uuid())))
    }
}

pub fn operations(t: &mut Table) {
    t.long_work(KIND, erase_in_parts);
}

fn extent(origin: &Origin, seed: Option<Seed>) -> Result<Extent> {
    let Some(seed) = seed else { return Ok(Extent { size: 0, parties: Vec::new() }) };
    origin.app.read(&origin.caller, |cx| {
        let person = Person::find(cx.db(), seed)?;
        let facts = redactions::numbers_of_person(cx.db(), &person.parties, &person.subjects())?;
        Ok(Extent { size: person.found.row_count() + facts.len(), parties: person.parties })
    })
}

fn at<I: std::str::FromStr>(input: &Input) -> Option<I> {
    input.path.first().and_then(|text| text.parse().ok())
}

/// How much there is of the party that the path names.
pub fn extent_of_party(origin: &Origin, input: &Input) -> Result<Extent> {
    extent(origin, at::<PartyId>(input).map(|id| Seed::Party(id.uuid(), true)))
}

/// How much there is of the contact that the path names.
pub fn extent_of_contact(origin: &Origin, input: &Input) -> Result<Extent> {
    extent(origin, at::<ContactId>(input).map(|id| Seed::Contact(id.uuid())))
}

/// How much there is of the lead that the path names.
pub fn extent_of_lead(origin: &Origin, input: &Input) -> Result<Extent> {
    extent(origin, at::<LeadId>(input).map(|id| Seed::Lead(id.uuid())))
}

/// Erases the data of a party that is a person.
pub fn erase_party(cx: &mut Cx, id: PartyId, body: ErasePerson) -> Result<Party> {
    let party = cx.load_for_update::<Party>(id)?;
    party.check_erasable()?;
    let asked = Asked { party_id: Some(id), contact_id: None, lead_id: None, reason: body.reason };
    match begin(cx, &party, party.erasure_job_id, asked)? {
        None => cx.find::<Party>(id),
        Some(job) if party.erasure_job_id == Some(job) => Ok(party),
        Some(job) => cx.save(&party, Party { erasure_job_id: Some(job), ..party.clone() }, "updated"),
    }
}

/// Erases the data of a contact.
pub fn erase_contact(cx: &mut Cx, id: ContactId, body: ErasePerson) -> Result<Contact> {
    let contact = cx.load_for_update::<Contact>(id)?;
    contact.check_changeable()?;
    let asked = Asked { party_id: None, contact_id: Some(id), lead_id: None, reason: body.reason };
    match begin(cx, &contact, contact.erasure_job_id, asked)? {
        None => cx.find::<Contact>(id),
        Some(job) if contact.erasure_job_id == Some(job) => Ok(contact),
        Some(job) => cx.save(&contact, Contact { erasure_job_id: Some(job), ..contact.clone() }, "updated"),
    }
}

/// Erases the data of a lead, and of the person it became.
pub fn erase_lead(cx: &mut Cx, id: LeadId, body: ErasePerson) -> Result<Lead> {
    let lead = cx.load_for_update::<Lead>(id)?;
    let asked = Asked { party_id: None, contact_id: None, lead_id: Some(id), reason: body.reason };
    match begin(cx, &lead, lead.erasure_job_id, asked)? {
        None => cx.find::<Lead>(id),
        Some(job) if lead.erasure_job_id == Some(job) => Ok(lead),
        Some(job) => cx.save(&lead, Lead { erasure_job_id: Some(job), ..lead.clone() }, "updated"),
    }
}

/// Erases at once where there is little; else the job that does it: the one that is at it, or a new one.
fn begin<T: Entity>(cx: &mut Cx, asked: &T, under_way: Option<JobId>, how: Asked) -> Result<Option<JobId>> {
    let Some(seed) = how.seed() else { return Err(problems::internal.into()) };
    let extent = cx.prepared::<Extent>()?;
    if extent.size <= AT_ONCE
        && let Some(told) = erase(cx, seed, asked, &how.reason, &Done::default())?
    {
        tell(cx, told);
        return Ok(None);
    }
    check_business(cx, &extent.parties)?;
    if let Some(job) = under_way
        && is_at_it(cx, job)?
    {
        return Ok(Some(job));
    }
    Ok(Some(work::start(cx, KIND, &how)?.id))
}

/// Whether the job has not ended.
fn is_at_it(cx: &mut Cx, job: JobId) -> Result<bool> {
    let found = record::find::<Job>(cx.db(), job.uuid())?;
    Ok(found.is_some_and(|job| job.finished_at.is_none()))
}

fn check_business(cx: &mut Cx, parties: &[Uuid]) -> Result<()> {
    let ids: Vec<PartyId> = parties.iter().map(|id| Id::from_uuid(*id)).collect();
    let open = rows::open_business(cx.db(), &ids)?;
    cx.ensure(open.is_empty(), IN_BUSINESS, || format!("There are {}.", open.join(", ")))
}

/// What an erasure in parts has done. A job that dies begins anew: doing a part again changes nothing more.
#[derive(Debug, Clone, Default)]
struct Done {
    portions: Vec<Portion>,
    facts: BTreeSet<i64>,
}

impl Done {
    fn len(&self) -> usize {
        self.facts.len() + self.portions.iter().map(Portion::len).sum::<usize>()
    }
    /// Finds the person; rows that are done are passed over when they are emptied.
    fn find(&self, cx: &mut Cx, seed: Seed) -> Result<Person> {
        let mut person = Person::find(cx.db(), seed)?;
        person.found.without(&self.portions);
        Ok(person)
    }
    /// The numbers of the person's facts that are not done, with what each is about.
    fn facts_of(&self, cx: &mut Cx, person: &Person) -> Result<BTreeMap<i64, String>> {
        let mut found = redactions::numbers_of_person(cx.db(), &person.parties, &person.subjects())?;
        found.retain(|number, _| !self.facts.contains(number));
        Ok(found)
    }
}

/// What is to be done before the person's own rows are emptied.
struct Plan {
    portions: Vec<Portion>,
    facts: Vec<Vec<i64>>,
    terms: Arc<Terms>,
    parties: Arc<Vec<Uuid>>,
    others: Arc<BTreeSet<String>>,
    /// How many rows and facts that is.
    size: usize,
}

impl Plan {
    fn make(cx: &mut Cx, seed: Seed, done: &Done) -> Result<Self> {
        let person = done.find(cx, seed)?;
        let portions = person.portions(PART);
        let own: BTreeSet<&String> = person.names().iter().collect();
        let mut facts = done.facts_of(cx, &person)?;
        // by those that tell of the person the person is known until the end
        facts.retain(|_, subject| !own.contains(subject));
        let numbers: Vec<i64> = facts.into_keys().collect();
        let size = portions.iter().map(Portion::len).sum::<usize>() + numbers.len();
        let terms = Arc::new(learn(cx, &person)?);
        let facts = numbers.chunks(PART).map(<[i64]>::to_vec).collect();
        let others = Arc::new(person.found.subjects_about_others());
        Ok(Self { portions, facts, terms, parties: Arc::new(person.parties), others, size })
    }
}

/// The job: reads what there is, takes the person out of it part by part, and at last out of what came meanwhile and the person's own
/// rows, in one transaction that tells of it.
fn erase_in_parts(work: &mut Work) -> Result<Value> {
    let asked: Asked = work.input()?;
    let Some(seed) = asked.seed() else { return Err(problems::internal.into()) };
    let (app, caller) = (work.app().clone(), work.caller().clone());
    let mut done = Done::default();
    loop {
        let plan = app.read(&caller, |cx| Plan::make(cx, seed, &done))?;
        let total = Some((done.len() + plan.size) as i64);
        if plan.size <= AT_ONCE {
            let (asked, known) = (asked.clone(), Arc::new(done.clone()));
            if app.write(&caller, move |cx| finish(cx, &asked, seed, &known))? {
                return Ok(json!({ "rows": done.portions.iter().map(Portion::len).sum::<usize>(), "facts": done.facts.len() }));
            }
            continue;
        }
        for portion in plan.portions {
            let (one, terms) = (portion.clone(), plan.terms.clone());
            app.write(&caller, move |cx| {
                let now = cx.now;
                one.wipe(cx.db(), &terms, now)?;
                Ok(redactions::forget_answers(cx.db(), &one.subjects())?)
            })?;
            done.portions.push(portion);
            work.step(done.len() as i64, total)?;
        }
        for numbers in plan.facts {
            let (asked, part, terms) = (asked.clone(), numbers.clone(), plan.terms.clone());
            let (parties, others) = (plan.parties.clone(), plan.others.clone());
            app.write(&caller, move |cx| redact_part(cx, &asked, &part, &terms, &parties, &others))?;
            done.facts.extend(numbers);
            work.step(done.len() as i64, total)?;
        }
    }
}

/// Takes the person out of some facts; a fact vouches for it.
fn redact_part(cx: &mut Cx, asked: &Asked, numbers: &[i64], terms: &Terms, parties: &[Uuid], others: &BTreeSet<String>) -> Result<()> {
    let facts = redactions::numbered(cx.db(), numbers)?;
    check_chain(cx, &facts)?;
    let told = match (asked.party_id, asked.contact_id, asked.lead_id) {
        (Some(id), ..) => record::find::<Party>(cx.db(), id.uuid())?.map(|p| Event::of("redacted", &p)),
        (_, Some(id), _) => record::find::<Contact>(cx.db(), id.uuid())?.map(|c| Event::of("redacted", &c)),
        (_, _, Some(id)) => record::find::<Lead>(cx.db(), id.uuid())?.map(|l| Event::of("redacted", &l)),
        _ => None,
    };
    let Some(told) = told else { return Ok(()) };
    let id = Uuid::now_v7();
    let done = redaction::redact(cx.db(), id, &told.subject, &facts, parties, others, terms)?;
    if done.facts > 0 {
        let data = json!({ "id": told.subject, "erasure_id": id, "redactions": done.facts, "redactions_digest": done.digest });
        cx.emit(Event { data, ..told });
    }
    Ok(())
}

/// Ends an erasure in parts; false when so much came meanwhile that there are parts again.
fn finish(cx: &mut Cx, asked: &Asked, seed: Seed, done: &Done) -> Result<bool> {
    cx.consequence(|cx| {
        let told = match (asked.party_id, asked.contact_id, asked.lead_id) {
            (Some(id), ..) => match record::find_to_change::<Party>(cx.db(), id.uuid())? {
                Some(party) if party.erased_at.is_none() => erase(cx, seed, &party, &asked.reason, done)?,
                _ => return Ok(true),
            },
            (_, Some(id), _) => match record::find_to_change::<Contact>(cx.db(), id.uuid())? {
                Some(contact) if contact.erased_at.is_none() => erase(cx, seed, &contact, &asked.reason, done)?,
                _ => return Ok(true),
            },
            (_, _, Some(id)) => match record::find_to_change::<Lead>(cx.db(), id.uuid())? {
                Some(lead) => erase(cx, seed, &lead, &asked.reason, done)?,
                None => return Ok(true),
            },
            _ => return Ok(true),
        };
        let Some(told) = told else { return Ok(false) };
        tell(cx, told);
        Ok(true)
    })
}

/// What the person is called and reached by, now and as facts tell it of earlier.
fn learn(cx: &mut Cx, person: &Person) -> Result<Terms> {
    let mut terms = Terms::default();
    person.own(cx.db())?.iter().for_each(|row| terms.learn(row));
    let numbers: Vec<i64> = redactions::numbers_of_person(cx.db(), &[], person.names())?.into_keys().collect();
    for fact in redactions::numbered(cx.db(), &numbers)?.iter().map(|p| &p.fact) {
        terms.learn(&unpacked(fact.data.clone()));
        fact.previous.iter().for_each(|p| terms.learn(&unpacked(p.clone())));
    }
    Ok(terms)
}

fn check_chain(cx: &mut Cx, facts: &[Placed]) -> Result<()> {
    match redaction::broken(cx.db(), facts)? {
        None => Ok(()),
        Some(seq) => Err(CHAIN_BROKEN.with(format!("Event {seq} was changed after it was written. Find out why first."))),
    }
}

/// Empties everything about the person that is not done: the rows that lead there, facts, kept answers, and at last the person's own
/// parties and contacts. The facts that tell of it, that of the one which was asked for first; it vouches for the redactions. Nothing
/// when there is more than one transaction should do.
fn erase<T: Entity>(cx: &mut Cx, seed: Seed, asked: &T, reason: &Option<String>, before: &Done) -> Result<Option<Vec<Event>>> {
    let (now, subject) = (cx.now, asked.id().to_string());
    let id = Uuid::now_v7();
    let first = before.find(cx, seed)?;
    hold(cx, &first)?;
    // from here on nobody refers to those anew; what was written until then is found now
    let person = if cx.engine() == Engine::Sqlite { first } else { before.find(cx, seed)? };
    let (parties, contacts) = hold(cx, &person)?;
    check_business(cx, &person.parties)?;
    redaction::number_all(cx.db())?;
    let found = before.facts_of(cx, &person)?;
    let own: BTreeSet<&String> = person.names().iter().collect();
    let by_others = found.values().filter(|subject| !own.contains(subject)).count();
    if person.found.row_count() + by_others > 4 * AT_ONCE {
        return Ok(None);
    }
    let numbers: Vec<i64> = found.into_keys().collect();
    let terms = learn(cx, &person)?;
    let facts = redactions::numbered(cx.db(), &numbers)?;
    check_chain(cx, &facts)?;
    let others = person.found.subjects_about_others();
    let done = redaction::redact(cx.db(), id, &subject, &facts, &person.parties, &others, &terms)?;
    person.wipe(cx.db(), &terms, now)?;
    redactions::forget_answers(cx.db(), &person.subjects())?;

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
            data.insert("erasure_reason".into(), reason.clone().into());
            if i == 0 {
                data.insert("redactions".into(), done.facts.into());
                data.insert("redactions_digest".into(), done.digest.clone().into());
            }
        }
    }
    Ok(Some(told))
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
