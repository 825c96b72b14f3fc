//! Double opt-in: asking by a message whether a consent is meant, and what happens when its link is followed. A message is
//! marked as on its way before the mail server is spoken to, so it goes out at most once.

use chrono::TimeDelta;
use domain::crm::leads::Lead;
use domain::directory::companies::Company;
use domain::directory::contacts::Contact;
use domain::directory::emails;
use domain::directory::parties::Party;
use domain::ids::ConsentConfirmationId;
use domain::marketing::campaigns::NO_MAIL_SERVER;
use domain::marketing::consent_confirmations::{
    ALREADY_GRANTED, ASKED_ALREADY, ConfirmationStatus, ConsentConfirmation, NO_ADDRESS, NewConsentConfirmation, REFUSALS, REST, letter,
};
use domain::marketing::consents as ledger;
use domain::marketing::consents::{ConsentChannel, ConsentEvidence, ConsentReason, ConsentStatus, ConsentSubject, LawfulBasis, NewConsent};
use persistence::marketing::{consent_confirmations as rows, suppressions};
use persistence::record;
use platform::mail::{Outgoing, Sent};
use platform::platform::jobs;
use platform::prelude::*;
use platform::signed;
use platform::work::Work;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::consents;
use super::people::PEOPLE;

/// What a link in such a message is for.
pub const PURPOSE: &str = "consent.confirm";
/// The job that sends one message.
const DELIVERY: &str = "consent_confirmation";
/// Messages looked at in one tick of the clock.
const BATCH: i64 = 50;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<ConsentConfirmation>("marketing/consent-confirmations", "Messages that ask whether a consent is meant (double opt-in).");
    n.about(PEOPLE);
    n.list("List messages that ask for a confirmation.")
        .filter(&["party_id", "contact_id", "lead_id", "topic", "status", "expires_at", "created_at"])
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Lead>("lead", "lead_id");
    n.create(create, CREATE).fails(REFUSALS).fails(ledger::REFUSALS);
    n.read("Get a message that asks for a confirmation.")
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Lead>("lead", "lead_id");
    t.work(DELIVERY, deliver);
    t.each("marketing.consent_confirmations.dispatch", TimeDelta::seconds(15), BATCH, idle, go);
}

const CREATE: &str = "Ask a person by e-mail to confirm a consent (double opt-in). A pending row is added to the ledger, which is no consent yet; the link in the message, valid for seven days, adds the granted one with its evidence. Without a mail server the message waits for one.";

#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    consent_confirmation_id: ConsentConfirmationId,
}

fn create(cx: &mut Cx, mut new: NewConsentConfirmation) -> Result<ConsentConfirmation> {
    cx.company(new.company_id)?;
    new.subject().one()?;
    consents::must_exist(cx, &[new.subject()]).map_err(|p| p.out_of("/subjects/0"))?;
    let who = who_now(cx, new.subject())?;
    (new.party_id, new.contact_id, new.lead_id) = (who.party_id, who.contact_id, who.lead_id);
    let id = who.one()?;
    let address = rows::primary_address(cx.db(), id)?;
    let address = address.ok_or_else(|| NO_ADDRESS.with("There is no e-mail address to ask at."))?;
    ask(cx, new, address)
}

/// Adds the pending row and puts the message into the queue. Fails with [`ALREADY_GRANTED`] and [`ASKED_ALREADY`].
pub fn ask(cx: &mut Cx, new: NewConsentConfirmation, address: String) -> Result<ConsentConfirmation> {
    let subject = new.subject().one()?;
    let said = consents::judged(cx, &new.subject(), Some(&address), new.topic.as_deref())?;
    cx.ensure(said.reason != ConsentReason::Granted, ALREADY_GRANTED, || "It is granted already.".into())?;
    let since = cx.now - REST;
    let asked = rows::asked_since(cx.db(), subject, new.topic.as_deref(), &address, since)?;
    cx.ensure(!asked, ASKED_ALREADY, || "Wait an hour before you ask again.".into())?;
    let evidence = evidence_of(&new.wording_version, new.wording.as_deref(), new.source.clone());
    let pending = consents::record(cx, row(new.subject(), new.topic.clone(), ConsentStatus::PendingDoi, evidence))?;
    let asked = ConsentConfirmation::new(cx.new_id(), new, address, &pending, cx.now);
    rows::queue(cx.db(), &asked, subject)?;
    cx.emit(Event::of("requested", &asked.told()));
    if cx.app().mail.get().is_some() {
        go(cx, asked.id)?;
    }
    Ok(asked)
}

fn evidence_of(version: &str, wording: Option<&str>, source: String) -> ConsentEvidence {
    ConsentEvidence {
        wording_version: Some(version.to_string()),
        wording: wording.map(str::to_string),
        source: Some(source),
        ..Default::default()
    }
}

/// A row about e-mail.
pub fn row(about: ConsentSubject, topic: Option<String>, status: ConsentStatus, evidence: ConsentEvidence) -> NewConsent {
    NewConsent {
        party_id: about.party_id,
        contact_id: about.contact_id,
        lead_id: about.lead_id,
        channel: ConsentChannel::Email,
        topic,
        status,
        lawful_basis: LawfulBasis::Consent,
        effective_at: None,
        expires_at: None,
        evidence,
    }
}

fn go(cx: &mut Cx, id: ConsentConfirmationId) -> Result<()> {
    let job = jobs::start(cx, DELIVERY, &Asked { consent_confirmation_id: id })?;
    rows::set_job(cx.db(), id, job.id)?;
    Ok(())
}

/// Messages that have no job: to be tried again, or left behind by one that failed.
fn idle(cx: &mut Cx, limit: i64) -> Result<Vec<ConsentConfirmationId>> {
    let now = cx.now;
    match cx.app().mail.get() {
        Some(_) => Ok(rows::idle(cx.db(), now, limit)?),
        None => Ok(Vec::new()),
    }
}

fn deliver(work: &mut Work) -> Result<Value> {
    let id = work.input::<Asked>()?.consent_confirmation_id;
    let (app, caller) = (work.app().clone(), work.caller().clone());
    let mailer = app.mail.get().ok_or(NO_MAIL_SERVER)?;
    if !mailer.is_there() {
        return Err(problems::unavailable.with("The mail server does not answer."));
    }
    let links = mailer.links().to_string();
    let Some(message) = app.write(&caller, move |cx| take(cx, id, &links))? else { return Ok(json!({ "handed_over": false })) };
    let outcome = mailer.send(&message);
    let taken = matches!(outcome, Sent::Accepted(_));
    app.write(&caller, move |cx| {
        let now = cx.now;
        let (status, note) = match &outcome {
            Sent::Accepted(_) => (ConfirmationStatus::Sent, None),
            Sent::NoMailbox(note) | Sent::Refused(note) => (ConfirmationStatus::Failed, Some(note)),
            Sent::Unknown(note) => (ConfirmationStatus::Unknown, Some(note)),
            Sent::Later(note) => {
                rows::try_later(cx.db(), id, note, now)?;
                return Ok(());
            }
        };
        rows::settle(cx.db(), id, status, note.map(String::as_str), now)?;
        Ok(())
    })?;
    Ok(json!({ "handed_over": taken }))
}

/// The message, marked as on its way; nothing when it is not to be sent.
fn take(cx: &mut Cx, id: ConsentConfirmationId, links: &str) -> Result<Option<Outgoing>> {
    let now = cx.now;
    let Some(asked) = rows::find_to_change(cx.db(), id)? else { return Ok(None) };
    let (Some(address), ConfirmationStatus::Queued) = (asked.email.clone(), asked.status) else {
        // on its way already: its sender died, and nobody knows
        let note = "The server stopped while the message was on its way.";
        if asked.status == ConfirmationStatus::Sending {
            rows::settle(cx.db(), id, ConfirmationStatus::Unknown, Some(note), now)?;
        }
        return Ok(None);
    };
    if asked.expires_at <= now {
        rows::settle(cx.db(), id, ConfirmationStatus::Failed, Some("It came too late."), now)?;
        return Ok(None);
    }
    let hash = ConsentChannel::Email.addresses().hash(&emails::key(&address));
    if !suppressions::among(cx.db(), ConsentChannel::Email, &[hash])?.is_empty() {
        rows::settle(cx.db(), id, ConfirmationStatus::Suppressed, None, now)?;
        return Ok(None);
    }
    let company = record::find::<Company>(cx.db(), asked.company_id.uuid())?.map(|c| c.name).unwrap_or_default();
    let token = signed::sign(cx, PURPOSE, &id.to_string(), Some(asked.expires_at))?;
    let page = asked.confirm_url.clone().unwrap_or_else(|| format!("{links}/v1/marketing/links/confirmation"));
    let link = format!("{page}{}link={token}", if page.contains('?') { '&' } else { '?' });
    let (subject, text) = letter(&company, asked.topic.as_deref(), asked.wording.as_deref(), &link);
    match rows::take(cx.db(), id)? {
        true => Ok(Some(Outgoing { to_address: address, subject, text: Some(text), id: id.to_string(), ..Default::default() })),
        false => Ok(None),
    }
}

/// Grants what was asked for, once; whoever follows the link again changes nothing.
pub fn confirm(cx: &mut Cx, before: ConsentConfirmation, address: Option<String>, agent: Option<String>) -> Result<ConsentConfirmation> {
    if before.status == ConfirmationStatus::Confirmed {
        return Ok(before);
    }
    let evidence = ConsentEvidence {
        ip_address: address,
        user_agent: agent.map(|a| a.chars().take(500).collect()),
        ..evidence_of(&before.wording_version, before.wording.as_deref(), format!("double opt-in {}, {}", before.id, before.source))
    };
    let who = who_now(cx, before.subject())?;
    let new = row(who, before.topic.clone(), ConsentStatus::Granted, evidence);
    let granted = consents::record_at(cx, new, before.email.as_deref())?;
    let mut after = before.clone().confirmed(granted.id, cx.now);
    after.bump(cx.now);
    rows::store(cx.db(), &after)?;
    cx.emit(Event::change("confirmed", &before.told(), &after.told()));
    Ok(after)
}

/// Who somebody is now: a lead may have become a contact or a party, and those may have been merged away.
pub fn who_now(cx: &mut Cx, asked: ConsentSubject) -> Result<ConsentSubject> {
    let mut who = asked;
    if let Some(lead) = asked.lead_id {
        let lead = record::find::<Lead>(cx.db(), lead.uuid())?;
        who = match lead.map(|l| (l.converted_contact_id, l.converted_party_id)) {
            Some((Some(id), _)) => ConsentSubject { contact_id: Some(id), ..Default::default() },
            Some((None, Some(id))) => ConsentSubject { party_id: Some(id), ..Default::default() },
            _ => asked,
        };
    }
    if let Some(id) = who.contact_id {
        who.contact_id = Some(record::find::<Contact>(cx.db(), id.uuid())?.and_then(|c| c.merged_into).unwrap_or(id));
    }
    if let Some(id) = who.party_id {
        who.party_id = Some(record::find::<Party>(cx.db(), id.uuid())?.and_then(|p| p.merged_into).unwrap_or(id));
    }
    Ok(who)
}
