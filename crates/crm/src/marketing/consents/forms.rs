//! Consent given in a form on the web: a row of the ledger, or a message that asks for a confirmation.

use chrono::{DateTime, Utc};
use domain::ids::LeadFormId;
use domain::kernel::StringEnum;
use domain::marketing::consent_confirmations::{ALREADY_GRANTED, ASKED_ALREADY, NewConsentConfirmation};
use domain::marketing::consents::{ConsentChannel, ConsentEvidence, ConsentStatus, LawfulBasis, NewConsent};
use domain::marketing::lead_forms::LeadForm;
use platform::prelude::*;

use super::super::consent_confirmations;

/// What somebody agreed to in a form on the web, in the words that were shown there.
pub fn heard(cx: &mut Cx, event: &Event) -> Result<()> {
    let of = |name: &str| event.data[name].as_str().map(String::from);
    let channel = of("consent_channel").as_deref().and_then(ConsentChannel::from_word);
    let (Some(channel), Some(true), Some(lead)) = (channel, event.data["consent"].as_bool(), of("lead_id")) else { return Ok(()) };
    if let Some(asked) = double_opt_in(cx, event)? {
        let address = of("email").filter(|_| channel == ConsentChannel::Email);
        let lead_id = lead.parse().ok();
        let (Some(address), Some(_)) = (address, lead_id) else { return Ok(()) };
        let new = NewConsentConfirmation { lead_id, topic: of("consent_topic"), wording: of("consent_text"), ..asked };
        return match consent_confirmations::ask(cx, new, address) {
            // a stranger's word takes nothing from who has consented, and asks nobody twice
            Err(p) if [ALREADY_GRANTED, ASKED_ALREADY].contains(&p.code()) => Ok(()),
            done => done.map(drop),
        };
    }
    let form = of("form_id").unwrap_or_default();
    let said_at = of("occurred_at").and_then(|t| t.parse::<DateTime<Utc>>().ok()).unwrap_or(cx.now);
    let evidence = ConsentEvidence {
        wording_version: Some(format!("{form} {}", event.data["consent_version"])),
        wording: of("consent_text"),
        source: Some(format!("form {form}")),
        ip_address: of("ip_address"),
        user_agent: cx.caller.user_agent.clone().map(|a| a.chars().take(500).collect()),
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
    super::record_at(cx, new, of("email").as_deref()).map(drop)
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
