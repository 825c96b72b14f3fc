//! What people do about their consent without an account, by links that are signed: confirm it, and say which topics they
//! want. Looking at a link changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::directory::companies::Company;
use domain::directory::contacts::Contact;
use domain::directory::emails::shortened;
use domain::ids::CompanyId;
use domain::marketing::consent_confirmations::{ConsentConfirmation, UNKNOWN_TOPIC};
use domain::marketing::consents::{
    ConsentChannel, ConsentEvidence, ConsentReason, ConsentStatus, ConsentSubject, LastWord, NewConsent, judge_at,
};
use persistence::marketing::{consent_confirmations as rows, consents as consent_rows};
use persistence::record;
use platform::prelude::*;
use platform::signed::{self, LINK_INVALID, Signer};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::marketing::consent_confirmations::{PURPOSE, who_now};
use crate::marketing::{consent_confirmations as confirmations, consents, pages};

const PREFERENCES: &str = "consent.preferences";
/// Topics that are offered.
const MOST_TOPICS: i64 = 100;

pub fn operations(t: &mut Table) {
    let asked = t.report_outside("marketing/links/confirmation", show, SHOW);
    asked.linked().page(pages::CONFIRMATION).fails(signed::REFUSALS).tag = "marketing/links".into();
    let done = t.command_without_body_outside_transaction("confirm_consent", "marketing/links/confirmation", confirm, CONFIRM);
    done.linked().page(pages::CONFIRMATION).fails(signed::REFUSALS).tag = "marketing/links".into();
    let asked = t.report_outside("marketing/links/preferences", centre, CENTRE);
    asked.linked().page(pages::PREFERENCES).fails(signed::REFUSALS).tag = "marketing/links".into();
    let set = t.command_outside("set_preferences", "marketing/links/preferences", set, SET);
    set.public().page(pages::PREFERENCES).fails(signed::REFUSALS).fails(&[UNKNOWN_TOPIC]).tag = "marketing/links".into();
    t.command("make_preference_link", "marketing/consents/preference-link", make_link, LINK)
        .read_only()
        .fails(domain::marketing::consents::REFUSALS)
        .fails(&[problems::unknown_reference]);
}

const SHOW: &str = "Show what a request for confirmation is about. It changes nothing: send it back with POST to confirm. A browser, which \
asks for text/html, gets a page with a button that does so.";
const CENTRE: &str =
    "List the topics a person receives e-mail about. It changes nothing. A browser, which asks for text/html, gets a page with a form.";
const CONFIRM: &str = "Confirm a consent that is pending, without an account: a form that comes along is not read. The grant is added to \
the ledger with its evidence. Doing it again changes nothing.";
const SET: &str = "Say which topics are wanted by e-mail, without an account. Topics left out stay as they are; `everything` false is an \
opt-out that dominates every topic, and true lifts it. Doing it again changes nothing.";
const LINK: &str = "Create the link to a person's preference centre, to be put into a message. Messages of campaigns have it as \
`preferences_url`.";

/// A link of somebody.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ConsentLinkFilter {
    /// The token of the link.
    #[param(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    link: String,
}

/// A consent that is to be confirmed, or was.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConfirmedConsent {
    /// The address, shortened.
    #[schema(max_length = 254, example = "a…@example.com")]
    pub address: String,
    /// Who writes.
    #[schema(max_length = 200)]
    pub company: String,
    /// The topic; null for anything by e-mail.
    #[schema(required, max_length = 100)]
    pub topic: Option<String>,
    /// Whether messages come now; not when everything was opted out of.
    pub subscribed: bool,
    /// Whether it is confirmed; not before the link was sent back.
    pub confirmed: bool,
    /// The language of the reader, when it is known.
    #[schema(required, max_length = 20)]
    pub language: Option<String>,
}

/// E-mail preferences of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreferenceCentre {
    /// The address, shortened.
    #[schema(max_length = 254, example = "a…@example.com")]
    pub address: String,
    /// Who writes.
    #[schema(max_length = 200)]
    pub company: String,
    /// False when everything by e-mail was opted out of.
    pub everything: bool,
    /// The topics that the company writes about, and those that were ever decided on.
    #[schema(max_items = 200)]
    pub topics: Vec<TopicPreference>,
    /// The language of the reader, when it is known.
    #[schema(required, max_length = 20)]
    pub language: Option<String>,
}

/// Whether a person receives messages about a topic.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicPreference {
    /// The topic.
    #[schema(max_length = 100, example = "newsletter")]
    pub topic: String,
    /// Whether messages about it come.
    pub subscribed: bool,
}

/// Preferences of a person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPreferences {
    /// The token of the link.
    #[schema(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    pub link: String,
    /// For each topic whether messages are wanted.
    #[serde(default)]
    #[schema(schema_with = wishes)]
    pub topics: BTreeMap<String, bool>,
    /// Whether anything is wanted by e-mail at all.
    #[serde(default)]
    pub everything: Option<bool>,
}

fn wishes() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    use utoipa::openapi::schema::AdditionalProperties;
    use utoipa::openapi::{ObjectBuilder, Type};
    let wanted = ObjectBuilder::new().schema_type(Type::Boolean);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("For each topic whether messages are wanted; at most 200."))
        .additional_properties(Some(AdditionalProperties::RefOr(wanted.into())))
        .max_properties(Some(200))
        .into()
}

/// Whose link to make.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPreferenceLink {
    /// The company that writes.
    pub company_id: CompanyId,
    /// The party.
    #[serde(default)]
    pub party_id: Option<domain::ids::PartyId>,
    /// The contact.
    #[serde(default)]
    pub contact_id: Option<domain::ids::ContactId>,
    /// The lead.
    #[serde(default)]
    pub lead_id: Option<domain::ids::LeadId>,
}

/// The link to a preference centre.
#[derive(Debug, Serialize, ToSchema)]
pub struct PreferenceLink {
    /// The token of the link.
    #[schema(max_length = 400)]
    pub link: String,
    /// The address of the link; null while no mail server is configured.
    #[schema(required, max_length = 2000)]
    pub url: Option<String>,
}

/// Links are worked on in the name of the program: who holds one has no rights of the own.
fn system(origin: &Origin) -> Arc<Caller> {
    Arc::new(Caller { address: origin.caller.address, ..Caller::system() })
}

fn company_name(cx: &mut Cx, id: CompanyId) -> Result<String> {
    Ok(record::find::<Company>(cx.db(), id.uuid())?.map(|c| c.name).unwrap_or_default())
}

fn words_of(cx: &mut Cx, subject: &ConsentSubject) -> Result<Vec<LastWord>> {
    let id = subject.one()?;
    Ok(consent_rows::last_words(cx.db(), &[id])?.remove(&id).unwrap_or_default())
}

// ---- confirming ---------------------------------------------------------------------------------

fn asked_by(cx: &mut Cx, token: &str, to_change: bool) -> Result<ConsentConfirmation> {
    let id: domain::ids::ConsentConfirmationId = signed::open(cx, PURPOSE, token)?.parse().map_err(|_| LINK_INVALID)?;
    let found = match to_change {
        true => rows::find_to_change(cx.db(), id)?,
        false => record::find(cx.db(), id.uuid())?,
    };
    // who was erased is not asked any more
    Ok(found.filter(|c| c.email.is_some()).ok_or(LINK_INVALID)?)
}

/// What the link is about, as it is now.
fn told(cx: &mut Cx, c: &ConsentConfirmation) -> Result<ConfirmedConsent> {
    let who = who_now(cx, c.subject())?;
    Ok(ConfirmedConsent {
        address: shortened(c.email.as_deref().unwrap_or_default()),
        company: company_name(cx, c.company_id)?,
        topic: c.topic.clone(),
        subscribed: consents::judged(cx, &who, c.email.as_deref(), c.topic.as_deref())?.allowed,
        confirmed: c.confirmed_at.is_some(),
        language: language_of(cx, &who)?,
    })
}

/// The language somebody is written to in; known of contacts.
fn language_of(cx: &mut Cx, who: &ConsentSubject) -> Result<Option<String>> {
    let Some(id) = who.contact_id else { return Ok(None) };
    Ok(record::find::<Contact>(cx.db(), id.uuid())?.and_then(|c| c.language))
}

fn show(origin: &Origin, asked: ConsentLinkFilter) -> Result<ConfirmedConsent> {
    let origin = Origin { caller: system(origin), ..origin.clone() };
    origin.read(|cx| {
        let c = asked_by(cx, &asked.link, false)?;
        told(cx, &c)
    })
}

fn confirm(origin: &Origin, asked: ConsentLinkFilter) -> Result<ConfirmedConsent> {
    let (address, agent) = (origin.address(), origin.caller.user_agent.clone());
    let token = asked.link;
    origin.write_as(&system(origin), move |cx| {
        let before = asked_by(cx, &token, true)?;
        let after = confirmations::confirm(cx, before, address.clone(), agent.clone())?;
        told(cx, &after)
    })
}

// ---- the preference centre ----------------------------------------------------------------------

/// The token of the link to somebody's preference centre.
pub fn preference_token(signer: &Signer, company: CompanyId, person: &ConsentSubject) -> Result<String> {
    let ids = [person.party_id.map(|i| i.to_string()), person.contact_id.map(|i| i.to_string()), person.lead_id.map(|i| i.to_string())];
    let id = ids.into_iter().flatten().next().ok_or(problems::internal)?;
    signer.sign(PREFERENCES, &format!("{company}:{id}"), None)
}

/// The address of that link.
pub fn preference_url(base: &str, token: &str) -> String {
    format!("{base}/v1/marketing/links/preferences?link={token}")
}

fn make_link(cx: &mut Cx, asked: NewPreferenceLink) -> Result<PreferenceLink> {
    cx.company(asked.company_id)?;
    let person = ConsentSubject { party_id: asked.party_id, contact_id: asked.contact_id, lead_id: asked.lead_id };
    person.one()?;
    consents::must_exist(cx, &[person]).map_err(|p| p.out_of("/subjects/0"))?;
    let link = preference_token(&signed::signer(cx)?, asked.company_id, &person)?;
    let url = cx.app().mail.get().map(|mailer| preference_url(mailer.links(), &link));
    Ok(PreferenceLink { link, url })
}

/// The company and the person of a link, who may have become somebody else.
fn behind(cx: &mut Cx, token: &str) -> Result<(CompanyId, ConsentSubject)> {
    let subject = signed::open(cx, PREFERENCES, token)?;
    let (company, person) = subject.split_once(':').ok_or(LINK_INVALID)?;
    let company = company.parse().map_err(|_| LINK_INVALID)?;
    let asked = ConsentSubject { party_id: person.parse().ok(), contact_id: person.parse().ok(), lead_id: person.parse().ok() };
    asked.one().map_err(|_| LINK_INVALID)?;
    Ok((company, who_now(cx, asked)?))
}

/// What somebody gets, and the last words it follows from.
fn state(cx: &mut Cx, company: CompanyId, person: &ConsentSubject) -> Result<(PreferenceCentre, Vec<LastWord>)> {
    let words = words_of(cx, person)?;
    let address = rows::primary_address(cx.db(), person.one()?)?;
    let at = consents::mailbox_words(cx, address.as_deref())?;
    let mut topics = rows::topics_of(cx.db(), company.uuid(), MOST_TOPICS)?;
    let own = words.iter().filter(|w| w.channel == ConsentChannel::Email).filter_map(|w| w.topic.clone());
    topics.extend(own.take(MOST_TOPICS as usize));
    topics.sort();
    topics.dedup();
    let now = cx.now;
    let allowed = |topic: &str| judge_at(&words, &at, ConsentChannel::Email, Some(topic), now).allowed;
    let topics = topics.into_iter().map(|topic| TopicPreference { subscribed: allowed(&topic), topic }).collect();
    let everything = judge_at(&words, &at, ConsentChannel::Email, None, now).reason != ConsentReason::OptedOut;
    let centre = PreferenceCentre {
        address: shortened(&address.unwrap_or_default()),
        company: company_name(cx, company)?,
        everything,
        topics,
        language: language_of(cx, person)?,
    };
    Ok((centre, words))
}

fn centre(origin: &Origin, asked: ConsentLinkFilter) -> Result<PreferenceCentre> {
    let origin = Origin { caller: system(origin), ..origin.clone() };
    origin.read(|cx| {
        let (company, person) = behind(cx, &asked.link)?;
        Ok(state(cx, company, &person)?.0)
    })
}

fn set(origin: &Origin, wanted: SetPreferences) -> Result<PreferenceCentre> {
    let (address, agent) = (origin.address(), origin.caller.user_agent.clone());
    origin.write_as(&system(origin), move |cx| {
        let (company, person) = behind(cx, &wanted.link)?;
        let (now, words) = state(cx, company, &person)?;
        let evidence = ConsentEvidence {
            wording_version: Some("preference-centre".into()),
            source: Some("preference centre".into()),
            ip_address: address.clone(),
            user_agent: agent.clone(),
            ..Default::default()
        };
        let said = |topic: Option<String>, wanted: bool| -> NewConsent {
            let status = if wanted { ConsentStatus::Granted } else { ConsentStatus::Withdrawn };
            confirmations::row(person, topic, status, evidence.clone())
        };
        for (topic, wish) in &wanted.topics {
            let Some(known) = now.topics.iter().find(|t| t.topic == *topic) else {
                return Err(UNKNOWN_TOPIC.field(format!("/topics/{topic}"), "The company does not write about this topic."));
            };
            let word = words.iter().find(|w| w.channel == ConsentChannel::Email && w.topic.as_ref() == Some(topic));
            let last = word.map(|w| w.status);
            // what is said already is not said again; of an opt-out of everything the topics keep their own words
            let same = if *wish {
                last == Some(ConsentStatus::Granted) && (known.subscribed || !now.everything)
            } else {
                last == Some(ConsentStatus::Withdrawn)
            };
            if !same {
                consents::record(cx, said(Some(topic.clone()), *wish))?;
            }
        }
        if let Some(wish) = wanted.everything.filter(|w| *w != now.everything) {
            consents::record(cx, said(None, wish))?;
        }
        Ok(state(cx, company, &person)?.0)
    })
}
