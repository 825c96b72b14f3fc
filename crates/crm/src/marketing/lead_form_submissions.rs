//! What is sent to capture forms: taken from anybody, judged, kept, and made into a lead with a touch. The answer is the
//! same for strangers and for people we know. What is refused is kept too, in a transaction of its own.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::crm::leads::touches::TouchKind;
use domain::crm::leads::{Lead, NewLead, steps};
use domain::identity::visibility::FieldClass;
use domain::ids::{LeadId, TouchpointId};
use domain::kernel::Failure;
use domain::marketing::lead_form_submissions::*;
use domain::marketing::lead_forms::{LeadForm, LeadFormWording};
use domain::marketing::touchpoints::NewTouchpoint;
use domain::marketing::touchpoints::Touchpoint;
use domain::marketing::touchpoints::WRONG_TIME;
use domain::marketing::touchpoints::event_time;
use persistence::crm::leads;
use persistence::marketing::{lead_form_submissions as rows, lead_forms};
use platform::prelude::*;
use platform::{Caller, Companies};

use super::touchpoints;
use crate::crm::assignment_rules;
use crate::crm::leads::scores;

/// The largest body in bytes.
const MOST_BYTES: usize = 64 << 10;
const MINUTE: TimeDelta = TimeDelta::seconds(60);

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<LeadFormSubmission>(
        "marketing/lead-form-submissions",
        "What was sent to capture forms, good or bad, with the consent given.",
    );
    n.about(&[("lead_id", Lead::TABLE)]);
    n.masked(FieldClass::Personal, &["ip_address"]);
    n.list_with(list, "List submissions, the newest first.")
        .filter(&["form_id", "status", "reason", "lead_id", "email", "ip_address", "consent", "received_at", "occurred_at"])
        .sort(&["received_at", "occurred_at"])
        .expand::<LeadForm>("form", "form_id")
        .expand::<Lead>("lead", "lead_id");
    n.read("Get a submission.").expand::<LeadForm>("form", "form_id").expand::<Lead>("lead", "lead_id");
    let submit = t.command_outside_on::<LeadFormKey, _, _>("submit_lead_form", "public/forms/{key}/submissions", "key", submit, SUBMIT);
    submit.public().max_body(MOST_BYTES).fails(steps::REFUSALS).fails(&[CLOSED, TOKEN_REUSED, UNKNOWN_WORDING, WRONG_TIME]).tag =
        "marketing/lead-form-submissions".into();
}

const SUBMIT: &str = "Send a capture form. For the web sites of a company, by the public key of the form. It makes a lead, or adds a \
touch to the open lead with the same e-mail address, and says neither which nor anything else that is known. The same token with the \
same content has no second effect. The consent is kept with its exact wording, time and address.";

fn list(cx: &mut Cx, mut list: List) -> Result<Page<LeadFormSubmission>> {
    list.newest_first();
    cx.page(list)
}

/// Takes a submission; what is refused is remembered before the refusal is answered.
fn submit(origin: &Origin, key: &str, sent: SubmitLeadForm) -> Result<SubmissionReceipt> {
    let form = origin.read(|cx| Ok(lead_forms::by_key(cx.db(), key)?))?;
    let form = Arc::new(form.ok_or_else(|| problems::not_found.with("There is no such form."))?);
    let caller = Arc::new(Caller {
        id: form.id.to_string(),
        name: form.name.clone(),
        companies: Companies::These([form.company_id].into()),
        address: origin.caller.address,
        user_agent: origin.caller.user_agent.clone(),
        ..Caller::anonymous()
    });
    let sent = Arc::new(sent);
    let (f, s) = (form.clone(), sent.clone());
    let taken = origin.write_as(&caller, move |cx| take(cx, &f, &s));
    if let Err(p) = &taken
        && matches!(p.code().failure, Failure::Invalid | Failure::Conflict | Failure::Malformed)
    {
        let (f, s, p) = (form, sent.clone(), p.clone());
        origin.write_as(&caller, move |cx| {
            let refused = Kept {
                status: SubmissionStatus::Refused,
                reason: Some(p.code().code.into()),
                detail: Some(words_of(&p)),
                email: f.email_in(&s.fields),
                ..Kept::default()
            };
            keep(cx, &f, &s, refused).map(drop)
        })?;
    }
    taken.map(|()| SubmissionReceipt { token: sent.token.clone(), received: true })
}

/// A refusal in words, with the places.
fn words_of(p: &Problem) -> String {
    let places = p.errors().iter().map(|e| format!("{}: {}", e.pointer.as_deref().unwrap_or_default(), e.message));
    let all: Vec<String> = if p.errors().is_empty() { vec![p.to_string()] } else { places.collect() };
    all.join("; ").chars().take(2000).collect()
}

/// What is kept of a submission beside what was sent.
struct Kept {
    status: SubmissionStatus,
    reason: Option<String>,
    detail: Option<String>,
    occurred_at: Option<DateTime<Utc>>,
    wording: Option<LeadFormWording>,
    email: Option<String>,
    lead: Option<LeadId>,
    touchpoint: Option<TouchpointId>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            status: SubmissionStatus::Accepted,
            reason: None,
            detail: None,
            occurred_at: None,
            wording: None,
            email: None,
            lead: None,
            touchpoint: None,
        }
    }
}

fn keep(cx: &mut Cx, form: &LeadForm, sent: &SubmitLeadForm, kept: Kept) -> Result<LeadFormSubmission> {
    let submission = LeadFormSubmission {
        id: cx.new_id(),
        form_id: form.id,
        company_id: form.company_id,
        status: kept.status,
        reason: kept.reason,
        detail: kept.detail,
        token: sent.token.clone(),
        fields: sent.fields.clone(),
        origin: sent.origin.clone(),
        anonymous_id: sent.anonymous_id.clone(),
        email: kept.email,
        occurred_at: kept.occurred_at.unwrap_or(cx.now),
        received_at: cx.now,
        ip_address: cx.caller.address.map(|a| a.to_string()),
        consent: sent.consent,
        consent_version: kept.wording.as_ref().map(|w| w.consent_version),
        consent_topic: kept.wording.as_ref().map(|w| w.topic.clone()),
        consent_channel: kept.wording.as_ref().map(|w| w.channel),
        consent_text: kept.wording.map(|w| w.text),
        lead_id: kept.lead,
        touchpoint_id: kept.touchpoint,
    };
    cx.insert_all(std::slice::from_ref(&submission))?;
    Ok(submission)
}

fn take(cx: &mut Cx, form: &LeadForm, sent: &SubmitLeadForm) -> Result<()> {
    leads::take_turns_on(cx.db(), vec![format!("{}:{}", form.id, sent.token)])?;
    if let Some(known) = rows::by_token(cx.db(), form.id, &sent.token)? {
        let same = known.fields == sent.fields && known.consent == sent.consent && known.origin == sent.origin;
        return if same { Ok(()) } else { Err(TOKEN_REUSED.field("/token", "Make a new token for a new submission.")) };
    }
    within_limits(cx, form)?;
    cx.ensure(form.is_active, CLOSED, || "The form is closed.".into())?;
    let occurred_at = event_time(sent.occurred_at, cx.now, "/occurred_at")?;
    if let Some(sign) = machine(form, sent, occurred_at) {
        let spam = Kept {
            status: SubmissionStatus::Spam,
            reason: Some(sign.into()),
            occurred_at: Some(occurred_at),
            email: form.email_in(&sent.fields),
            ..Kept::default()
        };
        return keep(cx, form, sent, spam).map(drop);
    }
    let wording = wording_of(cx, form, sent)?;
    let new = form.lead_of(&sent.fields)?;
    let lead = settle_lead(cx, form, sent, new).map_err(|p| form.in_own_fields(p))?;
    let touch = touch_of(cx, form, sent, lead.id, occurred_at)?;
    let kept = Kept {
        occurred_at: Some(occurred_at),
        wording,
        email: lead.email.clone(),
        lead: Some(lead.id),
        touchpoint: Some(touch.id),
        ..Kept::default()
    };
    let submission = keep(cx, form, sent, kept)?;
    // The ledger of consents hears this: the evidence is in it.
    cx.emit(Event {
        kind: "lead_form.submitted".into(),
        subject: lead.id.to_string(),
        company: Some(form.company_id),
        party: None,
        version: 1,
        data: serde_json::to_value(&submission).map_err(|e| problems::internal.with(e.to_string()))?,
        previous: None,
    });
    Ok(())
}

/// Counted in the database, so that it holds over all replicas.
fn within_limits(cx: &mut Cx, form: &LeadForm) -> Result<()> {
    let address = cx.caller.address.map(|a| a.to_string());
    let since = cx.now - MINUTE;
    let (all, own) = rows::since(cx.db(), form.id, address.as_deref(), since)?;
    match all >= form.max_per_minute.into() || own >= form.max_per_minute_of_address.into() {
        true => Err(problems::too_many_requests.with("The form takes no more for the moment.").after_seconds(60)),
        false => Ok(()),
    }
}

/// The words that were consented to, when something was.
fn wording_of(cx: &mut Cx, form: &LeadForm, sent: &SubmitLeadForm) -> Result<Option<LeadFormWording>> {
    if !sent.consent {
        return Ok(None);
    }
    let shown = sent.consent_version.or(form.consent_version.filter(|_| form.consent.is_some()));
    let found = match shown {
        Some(number) => lead_forms::wording(cx.db(), form.id, number)?,
        None => None,
    };
    match found {
        Some(wording) => Ok(Some(wording)),
        None => Err(UNKNOWN_WORDING.field("/consent_version", "Say which wording was shown.")),
    }
}

/// The open lead with the same e-mail address as it is, or a new one with an owner. A stranger's word changes no lead
/// that is known.
fn settle_lead(cx: &mut Cx, form: &LeadForm, sent: &SubmitLeadForm, mut new: NewLead) -> Result<Lead> {
    new.utm = sent.origin.marks();
    let lead = Lead::new(cx.new_id(), new, cx.now)?;
    if let Some(email) = lead.email.clone() {
        leads::take_turns_on(cx.db(), vec![email.to_lowercase()])?;
        if let Some(known) = leads::open_by_email(cx.db(), form.company_id, &email)? {
            return cx.find::<Lead>(known);
        }
    }
    let lead = assignment_rules::on_arrival(cx, lead, form.use_assignment_rules, form.default_owner_id)?;
    let lead = assignment_rules::arrived(cx, lead, false)?;
    scores::renew(cx, lead)
}

/// The touch of a submission. Earlier touches of the same visitor become those of the lead.
fn touch_of(cx: &mut Cx, form: &LeadForm, sent: &SubmitLeadForm, lead: LeadId, occurred_at: DateTime<Utc>) -> Result<Touchpoint> {
    let new = NewTouchpoint {
        company_id: form.company_id,
        kind: TouchKind::FormSubmission,
        occurred_at: Some(occurred_at),
        anonymous_id: sent.anonymous_id.clone(),
        lead_id: Some(lead),
        contact_id: None,
        party_id: None,
        origin: sent.origin.clone(),
    };
    let touch = Touchpoint::new(cx.new_id(), new, cx.now)?;
    let touch = touchpoints::record(cx, touch)?;
    if let Some(visitor) = sent.anonymous_id.clone() {
        touchpoints::identified(cx, form.company_id, visitor, touch.subject())?;
    }
    Ok(touch)
}
