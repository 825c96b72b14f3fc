//! The consent ledger: recording, checking, and what happens to consent when leads are converted, parties are merged and
//! people are erased.

pub mod links;

use chrono::{DateTime, Utc};
use domain::crm::leads::Lead;
use domain::directory::contacts::Contact;
use domain::directory::parties::Party;
use domain::identity::visibility::FieldClass;
use domain::ids::{CompanyId, ContactId, LeadFormId, PartyId};
use domain::kernel::Word;
use domain::marketing::consent_confirmations::{ALREADY_GRANTED, ASKED_ALREADY, NewConsentConfirmation};
use domain::marketing::consents::{
    CheckConsent, CheckedConsent, CheckedConsents, Consent, ConsentChannel, ConsentEvidence, ConsentReason, ConsentStatus, ConsentSubject,
    LastWord, LawfulBasis, NewConsent, REFUSALS, Verdict, judge,
};
use domain::marketing::lead_forms::LeadForm;
use persistence::Uuid;
use persistence::marketing::campaigns::members;
use persistence::marketing::{consent_confirmations, consents as rows, segments, suppressions};
use platform::prelude::*;
use platform::questions::Check;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::consent_confirmations as confirmations;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Consent>("marketing/consents", "Who allowed or forbade what. A ledger: rows are added and never changed.");
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

const RECORD: &str = "Record that somebody allowed or forbade something. The last word counts, a withdrawal wins against a grant of the \
same moment, a double opt-in that is pending is no consent, and a withdrawal without a topic dominates all topics of the channel.";
const CHECK: &str = "Check who may be written to. Answers for each subject whether a message may be sent over the channel about the topic, \
why, and which row of the ledger decides. Suppressed addresses are refused even to transactional messages.";

/// Adds a row. Also for other nouns, as the link by which somebody unsubscribes.
pub fn record(cx: &mut Cx, new: NewConsent) -> Result<Consent> {
    let subject = new.subject();
    subject.one()?;
    let company = company_of(cx, &subject, "")?;
    let hash = hash_of(&serde_json::to_value(&new.evidence).unwrap_or(Value::Null));
    let consent = Consent::new(cx.new_id(), new, company, hash, cx.now)?;
    add(cx, consent)
}

/// Stores a row with its evidence and the last word, and tells it without what identifies a person.
fn add(cx: &mut Cx, consent: Consent) -> Result<Consent> {
    cx.insert_all(std::slice::from_ref(&consent))?;
    let subject = consent.subject().one()?;
    rows::note(cx.db(), &consent, subject)?;
    cx.emit(Event::of("recorded", &Consent { evidence: None, ..consent.clone() }));
    Ok(consent)
}

/// SHA-256 of the evidence in hexadecimal.
fn hash_of(evidence: &Value) -> String {
    Sha256::digest(evidence.to_string()).iter().map(|b| format!("{b:02x}")).collect()
}

/// Refuses a subject that does not exist for the caller; the company of a lead.
fn company_of(cx: &mut Cx, subject: &ConsentSubject, at: &str) -> Result<Option<CompanyId>> {
    if let Some(id) = subject.party_id {
        cx.refer::<Party>(&format!("{at}/party_id"), id)?;
    }
    if let Some(id) = subject.contact_id {
        cx.refer::<Contact>(&format!("{at}/contact_id"), id)?;
    }
    match subject.lead_id {
        Some(id) => Ok(Some(cx.refer::<Lead>(&format!("{at}/lead_id"), id)?.company_id)),
        None => Ok(None),
    }
}

fn check(cx: &mut Cx, asked: CheckConsent) -> Result<CheckedConsents> {
    let mut subjects = Vec::with_capacity(asked.subjects.len());
    for (i, subject) in asked.subjects.iter().enumerate() {
        subjects.push(subject.one().map_err(|p| p.under(&format!("/subjects/{i}")))?);
    }
    must_exist(cx, &asked.subjects)?;
    let words = rows::last_words(cx.db(), &subjects)?;
    let addresses = match asked.channel {
        ConsentChannel::Email => rows::addresses_of(cx.db(), &subjects)?,
        _ => Default::default(),
    };
    let all: Vec<String> = addresses.values().flatten().cloned().collect();
    let suppressed = suppressions::among(cx.db(), asked.channel.as_str(), &all)?;
    let answer = |(subject, id): (&ConsentSubject, &Uuid)| {
        let known = addresses.get(id).map(Vec::as_slice).unwrap_or_default();
        let words: &[LastWord] = words.get(id).map(Vec::as_slice).unwrap_or_default();
        let verdict = if !known.is_empty() && known.iter().all(|a| suppressed.contains(a)) {
            Verdict { allowed: false, reason: ConsentReason::Suppressed, consent: None }
        } else if asked.transactional {
            Verdict { allowed: true, reason: ConsentReason::Transactional, consent: None }
        } else {
            judge(words, asked.channel, asked.topic.as_deref(), cx.now)
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
    Ok(CheckedConsents { results: asked.subjects.iter().zip(&subjects).map(answer).collect() })
}

/// Refuses the first subject that does not exist for the caller.
pub(crate) fn must_exist(cx: &mut Cx, subjects: &[ConsentSubject]) -> Result<()> {
    let parties: Vec<PartyId> = subjects.iter().filter_map(|s| s.party_id).collect();
    let contacts: Vec<ContactId> = subjects.iter().filter_map(|s| s.contact_id).collect();
    let leads: Vec<_> = subjects.iter().filter_map(|s| s.lead_id).collect();
    let mut known: Vec<Uuid> = cx.find_all::<Party>(&parties)?.iter().map(|p| p.id.uuid()).collect();
    known.extend(cx.find_all::<Contact>(&contacts)?.iter().map(|c| c.id.uuid()));
    known.extend(cx.find_all::<Lead>(&leads)?.iter().map(|l| l.id.uuid()));
    for (i, subject) in subjects.iter().enumerate() {
        if !known.contains(&subject.one()?) {
            return Err(problems::unknown_reference.field(format!("/subjects/{i}"), "There is no such party, contact or lead."));
        }
    }
    Ok(())
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
        add(cx, carried)?;
    }
    Ok(())
}

/// What somebody agreed to in a form on the web, in the words that were shown there.
pub fn from_form(cx: &mut Cx, event: &Event) -> Result<()> {
    let of = |name: &str| event.data[name].as_str().map(String::from);
    let channel = of("consent_channel").as_deref().and_then(ConsentChannel::from_word);
    let (Some(channel), Some(true), Some(lead)) = (channel, event.data["consent"].as_bool(), of("lead_id")) else { return Ok(()) };
    if let Some(asked) = double_opt_in(cx, event)? {
        let address = of("email").filter(|_| channel == ConsentChannel::Email);
        let lead_id = lead.parse().ok();
        let (Some(address), Some(_)) = (address, lead_id) else { return Ok(()) };
        let new = NewConsentConfirmation { lead_id, topic: of("consent_topic"), wording: of("consent_text"), ..asked };
        return match confirmations::ask(cx, new, address) {
            // a stranger's word takes nothing from who has consented, and asks nobody twice
            Err(p) if [ALREADY_GRANTED, ASKED_ALREADY].contains(&p.code()) => Ok(()),
            done => done.map(drop),
        };
    }
    let said_at = of("occurred_at").and_then(|t| t.parse::<DateTime<Utc>>().ok()).unwrap_or(cx.now);
    let evidence = ConsentEvidence {
        wording_version: Some(format!("{} {}", event.subject, event.data["consent_version"])),
        wording: of("consent_text"),
        source: Some(format!("form {}", event.subject)),
        ip_address: of("ip_address"),
        user_agent: None,
    };
    let new = NewConsent {
        party_id: None,
        contact_id: None,
        lead_id: lead.parse().ok(),
        channel,
        topic: of("consent_topic"),
        status: ConsentStatus::Granted,
        lawful_basis: LawfulBasis::Consent,
        effective_at: Some(said_at.min(cx.now)),
        expires_at: None,
        evidence,
    };
    record(cx, new).map(drop)
}

/// What is to be asked when the form that was sent asks for a confirmation.
fn double_opt_in(cx: &mut Cx, event: &Event) -> Result<Option<NewConsentConfirmation>> {
    let Some(id) = event.data["form_id"].as_str().and_then(|id| id.parse::<LeadFormId>().ok()) else { return Ok(None) };
    let form = persistence::record::find::<LeadForm>(cx.db(), id.uuid())?;
    let Some((form, consent)) = form.and_then(|f| f.consent.clone().filter(|c| c.double_opt_in).map(|c| (f, c))) else { return Ok(None) };
    Ok(Some(NewConsentConfirmation {
        company_id: form.company_id,
        party_id: None,
        contact_id: None,
        lead_id: None,
        topic: None,
        wording_version: format!("{id} {}", event.data["consent_version"]),
        wording: None,
        source: format!("form {id}"),
        confirm_url: consent.confirm_url,
    }))
}

/// In a merge the strictest word stays, and the winner takes the place of the loser in segments and campaigns. The rows of the one that is merged away stay with it.
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
        add(cx, carried)?;
    }
    Ok(())
}

/// What the winner did with messages to the loser stays; from now on both speak for themselves again.
pub fn part_again(cx: &mut Cx, event: &Event) -> Result<()> {
    if let (Some(winner), Some(loser)) = (one_of(event, "winner_id"), one_of(event, "loser_id")) {
        members::go_back(cx.db(), loser.one()?, winner.one()?)?;
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
    let subject = event.subject.parse::<PartyId>().map(Id::uuid).or_else(|_| event.subject.parse::<ContactId>().map(Id::uuid));
    let now = cx.now;
    if let Ok(subject) = subject {
        rows::erase_evidence(cx.db(), subject)?;
        members::erase(cx.db(), subject)?;
        segments::erase(cx.db(), subject)?;
        consent_confirmations::erase(cx.db(), &[subject], now)?;
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
