//! The consent ledger: recording, checking, and what happens to consent when leads are converted, parties are merged and
//! people are erased.

pub mod forms;
pub mod links;

use std::collections::HashMap;

use domain::crm::leads::Lead;
use domain::directory::address_keys::AddressKind;
use domain::directory::contacts::Contact;
use domain::directory::emails;
use domain::directory::parties::Party;
use domain::identity::visibility::FieldClass;
use domain::ids::{CompanyId, ContactId, PartyId};
use domain::kernel::decode;
use domain::marketing::consents::{
    AddressWord, CheckConsent, CheckedConsent, CheckedConsents, Consent, ConsentChannel, ConsentReason, ConsentStatus, ConsentSubject,
    LastWord, NewConsent, REFUSALS, Verdict, judge_at,
};
use persistence::Uuid;
use persistence::marketing::campaigns::members;
use persistence::marketing::{consents as rows, segments, suppressions};
use platform::prelude::*;
use platform::questions::Check;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::people::PEOPLE;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Consent>("marketing/consents", "Who allowed or forbade what. A ledger: rows are added and never changed.");
    n.about(PEOPLE);
    n.masked(FieldClass::Personal, &["evidence.ip_address", "evidence.user_agent"]);
    n.list("List what was said, the oldest first.")
        .filter(&["party_id", "contact_id", "lead_id", "channel", "topic", "status", "effective_at"])
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id");
    n.create(record, RECORD).fails(REFUSALS);
    n.bulk(record);
    n.read("Get a row of the ledger.").expand::<Party>("party", "party_id").expand::<Contact>("contact", "contact_id");
    t.command("check_consents", "marketing/consents/check", check, CHECK).read_only().fails(REFUSALS).fails(&[problems::not_found]);
}

const RECORD: &str = "Record a consent or a withdrawal. The latest entry decides, a withdrawal wins against a grant of the same moment, a double opt-in that is pending is no consent, and a withdrawal without a topic dominates all topics of the channel.";
const CHECK: &str = "Check who may be written to. Answers for each subject whether a message may be sent over the channel about the topic, \
why, and which row of the ledger decides. Suppressed addresses and numbers are refused even to transactional messages, and a refusal by one person holds for everybody with the same mailbox or number.";

/// Adds a row. Also for other nouns, as the link by which somebody unsubscribes.
pub fn record(cx: &mut Cx, new: NewConsent) -> Result<Consent> {
    record_at(cx, new, None)
}

/// As [`record`], of what was said at a mailbox, which need not be among the subject's any more.
pub fn record_at(cx: &mut Cx, mut new: NewConsent, mailbox: Option<&str>) -> Result<Consent> {
    new.subject().one()?;
    let company = stand_in(cx, &mut new)?;
    let hash = hash_of(&serde_json::to_value(&new.evidence).unwrap_or(Value::Null));
    let consent = Consent::new(cx.new_id(), new, company, hash, cx.now)?;
    add(cx, consent, mailbox)
}

/// Stores a row with its evidence and the last words, and tells it without what identifies a person. What was carried over was
/// said at the mailboxes of whom it was carried from, and is no word of others.
fn add(cx: &mut Cx, consent: Consent, mailbox: Option<&str>) -> Result<Consent> {
    cx.insert_all(std::slice::from_ref(&consent))?;
    let subject = consent.subject().one()?;
    let kind = consent.channel.addresses();
    let mut hashes = Vec::new();
    if consent.status != ConsentStatus::PendingDoi && consent.carried_from_id.is_none() {
        let known = rows::addresses_of(cx.db(), kind, &[subject])?.remove(&subject).unwrap_or_default();
        hashes.extend(known.iter().map(|a| kind.hash(a)));
        hashes.extend(mailbox.map(|m| kind.hash(&emails::key(m))));
        hashes.sort_unstable();
        hashes.dedup();
    }
    rows::note(cx.db(), &consent, subject, &hashes)?;
    cx.emit(Event::of("recorded", &Consent { evidence: None, ..consent.clone() }));
    Ok(consent)
}

/// SHA-256 of the evidence in hexadecimal.
fn hash_of(evidence: &Value) -> String {
    Sha256::digest(evidence.to_string()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Refuses a subject that does not exist for the caller, and puts who stands for it in its place; the company of a lead.
fn stand_in(cx: &mut Cx, new: &mut NewConsent) -> Result<Option<CompanyId>> {
    if let Some(id) = new.party_id {
        new.party_id = Some(cx.refer::<Party>("/party_id", id)?.id);
    }
    if let Some(id) = new.contact_id {
        new.contact_id = Some(cx.refer::<Contact>("/contact_id", id)?.id);
    }
    match new.lead_id {
        Some(id) => Ok(Some(cx.refer::<Lead>("/lead_id", id)?.company_id)),
        None => Ok(None),
    }
}

fn check(cx: &mut Cx, asked: CheckConsent) -> Result<CheckedConsents> {
    for (i, subject) in asked.subjects.iter().enumerate() {
        subject.one().map_err(|p| p.under(&format!("/subjects/{i}")))?;
    }
    let stands = must_exist(cx, &asked.subjects)?;
    let kind = asked.channel.addresses();
    let words = rows::last_words(cx.db(), &stands)?;
    let addresses: HashMap<Uuid, Vec<String>> = rows::addresses_of(cx.db(), kind, &stands)?
        .into_iter()
        .map(|(id, known)| (id, known.iter().map(|a| kind.hash(a)).collect()))
        .collect();
    let all: Vec<String> = addresses.values().flatten().cloned().collect();
    let suppressed = suppressions::among(cx.db(), asked.channel, &all)?;
    let said = rows::address_words(cx.db(), &all)?;
    let answer = |(subject, id): (&ConsentSubject, &Uuid)| {
        let known = addresses.get(id).map(Vec::as_slice).unwrap_or_default();
        let words: &[LastWord] = words.get(id).map(Vec::as_slice).unwrap_or_default();
        let at: Vec<AddressWord> = known.iter().filter_map(|a| said.get(a)).flatten().cloned().collect();
        let verdict = if !known.is_empty() && known.iter().all(|a| suppressed.contains(a)) {
            Verdict { allowed: false, reason: ConsentReason::Suppressed, consent: None }
        } else if asked.transactional {
            Verdict { allowed: true, reason: ConsentReason::Transactional, consent: None }
        } else {
            judge_at(words, &at, asked.channel, asked.topic.as_deref(), cx.now)
        };
        CheckedConsent {
            party_id: subject.party_id,
            contact_id: subject.contact_id,
            lead_id: subject.lead_id,
            allowed: verdict.allowed,
            reason: verdict.reason,
            consent_id: verdict.consent,
        }
    };
    Ok(CheckedConsents { results: asked.subjects.iter().zip(&stands).map(answer).collect() })
}

/// What holds for somebody at one mailbox, by their own words and those of whoever else has it.
pub(crate) fn judged(
    cx: &mut Cx,
    subject: &ConsentSubject,
    mailbox: Option<&str>,
    topic: Option<&str>,
) -> Result<domain::marketing::consents::Verdict> {
    let words = words_of(cx, subject.one()?)?;
    let at = mailbox_words(cx, mailbox)?;
    Ok(judge_at(&words, &at, ConsentChannel::Email, topic, cx.now))
}

/// What was last said at a mailbox.
pub(crate) fn mailbox_words(cx: &mut Cx, mailbox: Option<&str>) -> Result<Vec<AddressWord>> {
    let Some(mailbox) = mailbox else { return Ok(Vec::new()) };
    let hash = AddressKind::Mailbox.hash(&emails::key(mailbox));
    Ok(rows::address_words(cx.db(), std::slice::from_ref(&hash))?.remove(&hash).unwrap_or_default())
}

/// Refuses the first subject that does not exist for the caller; who stands for each.
pub(crate) fn must_exist(cx: &mut Cx, subjects: &[ConsentSubject]) -> Result<Vec<Uuid>> {
    let parties: Vec<PartyId> = subjects.iter().filter_map(|s| s.party_id).collect();
    let contacts: Vec<ContactId> = subjects.iter().filter_map(|s| s.contact_id).collect();
    let leads: Vec<_> = subjects.iter().filter_map(|s| s.lead_id).collect();
    let mut known: HashMap<Uuid, Uuid> = HashMap::new();
    known.extend(cx.survivors::<Party>(&parties)?.into_iter().map(|(id, stands)| (id.uuid(), stands.uuid())));
    known.extend(cx.survivors::<Contact>(&contacts)?.into_iter().map(|(id, stands)| (id.uuid(), stands.uuid())));
    known.extend(cx.find_all::<Lead>(&leads)?.iter().map(|l| (l.id.uuid(), l.id.uuid())));
    let mut stands = Vec::with_capacity(subjects.len());
    for (i, subject) in subjects.iter().enumerate() {
        let unknown = || problems::unknown_reference.field(format!("/subjects/{i}"), "There is no such party, contact or lead.");
        stands.push(*known.get(&subject.one()?).ok_or_else(unknown)?);
    }
    Ok(stands)
}

// ---- what others tell ---------------------------------------------------------------------------

/// What a lead allowed, the person it became allows: the contact, or the party when there is no contact.
pub fn carry_over(cx: &mut Cx, event: &Event) -> Result<()> {
    let of = |name: &str| event.data[name].as_str();
    let contact: Option<ContactId> = of("converted_contact_id").and_then(|id| id.parse().ok());
    let party: Option<PartyId> = of("converted_party_id").and_then(|id| id.parse().ok());
    let Some(lead) = event.subject.parse::<domain::ids::LeadId>().ok() else { return Ok(()) };
    let to = match (contact, party) {
        (Some(id), _) => ConsentSubject { contact_id: Some(id), ..Default::default() },
        (None, Some(id)) => ConsentSubject { party_id: Some(id), ..Default::default() },
        (None, None) => return Ok(()),
    };
    let words = words_of(cx, lead.uuid())?;
    let own = words_of(cx, to.one()?)?;
    for word in words.iter().filter(|w| own.iter().all(|o| (o.channel, &o.topic) != (w.channel, &w.topic) || w.prevails_over(o))) {
        let from = cx.find::<Consent>(word.consent)?;
        let carried = from.carried(cx.new_id(), to, cx.now);
        add(cx, carried, None)?;
    }
    members::become_person(cx.db(), lead.uuid(), contact.map(Id::uuid), party.map(Id::uuid))?;
    Ok(())
}

/// In a merge the strictest word stays, and the winner takes the place of the loser in segments and campaigns. The rows of the one
/// that is merged away stay with it.
pub fn keep_strictest(cx: &mut Cx, event: &Event) -> Result<()> {
    let (Some(to), Some(loser)) = (one_of(event, "winner_id"), one_of(event, "loser_id")) else { return Ok(()) };
    let (winner, loser) = (to.one()?, loser.one()?);
    members::follow(cx.db(), loser, winner)?;
    segments::follow(cx.db(), loser, winner)?;
    let own = words_of(cx, winner)?;
    for word in words_of(cx, loser)? {
        let rival = own.iter().find(|o| (o.channel, &o.topic) == (word.channel, &word.topic));
        if rival.is_some_and(|o| !word.is_stricter_than(o)) {
            continue;
        }
        let from = cx.find::<Consent>(word.consent)?;
        // it counts from the merge on, also against a later word of the winner
        let effective_at = if rival.is_some() { cx.now } else { from.effective_at };
        let carried = Consent { effective_at, ..from.carried(cx.new_id(), to, cx.now) };
        add(cx, carried, None)?;
    }
    Ok(())
}

/// What the winner did with messages to the loser stays; from now on both speak for themselves again, and what the loser had
/// said counts no more for the winner.
pub fn part_again(cx: &mut Cx, event: &Event) -> Result<()> {
    let now = cx.now;
    if let (Some(winner), Some(loser)) = (one_of(event, "winner_id"), one_of(event, "loser_id")) {
        let (winner, loser) = (winner.one()?, loser.one()?);
        members::go_back(cx.db(), loser, winner)?;
        let merge = event.data["merge_id"].as_str().and_then(|id| id.rsplit_once('_').and_then(|(prefix, _)| decode(prefix, id)));
        rows::take_back(cx.db(), winner, loser, merge.ok_or(problems::internal)?, now)?;
    }
    Ok(())
}

/// The party or contact that a fact names under `name`.
fn one_of(event: &Event, name: &str) -> Option<ConsentSubject> {
    let id = event.data[name].as_str()?;
    let subject = ConsentSubject { party_id: id.parse().ok(), contact_id: id.parse().ok(), ..Default::default() };
    (subject.party_id.is_some() || subject.contact_id.is_some()).then_some(subject)
}

/// Who is erased leaves no evidence behind but its hash.
pub fn forget(cx: &mut Cx, event: &Event) -> Result<()> {
    let subject = event.subject.rsplit_once('_').and_then(|(prefix, _)| decode(prefix, &event.subject));
    if let Some(subject) = subject {
        segments::erase(cx.db(), subject)?;
    }
    Ok(())
}

fn words_of(cx: &mut Cx, subject: Uuid) -> Result<Vec<LastWord>> {
    Ok(rows::last_words(cx.db(), &[subject])?.remove(&subject).unwrap_or_default())
}

/// The last words are those of the ledger.
pub fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    // subjects are shared by companies, and so is what they said
    if !cx.caller.companies.are_all() {
        return Ok(Vec::new());
    }
    let (examined, wrong) = rows::wrong_states(cx.db())?;
    let rule = "The last word for each subject, channel and topic is the one of the consent ledger.";
    Ok(vec![Check::of("consent_states", rule, examined, wrong.iter().map(ToString::to_string).collect())])
}
