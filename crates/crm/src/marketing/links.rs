//! The links in messages: what they look like, and what happens when somebody follows one. They are signed and nothing of
//! them is stored; whoever holds one needs no account. Looking at a link of unsubscription changes nothing, because mail
//! scanners look at every link; sending it back does (RFC 8058).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::crm::leads::touches::TouchKind;
use domain::directory::companies::Company;
use domain::directory::emails::shortened;
use domain::ids::CampaignMemberId;
use domain::marketing::campaigns::Campaign;
use domain::marketing::campaigns::members::{CampaignMember, is_program};
use domain::marketing::consents::{ConsentChannel, ConsentEvidence, ConsentReason, ConsentStatus, ConsentSubject, LawfulBasis, NewConsent};
use domain::marketing::touchpoints::NewTouchpoint;
use domain::marketing::touchpoints::TouchOrigin;
use persistence::marketing::campaigns::members;
use platform::prelude::*;
use platform::signed::{self, LINK_INVALID, Signer};
use platform::table::Binary;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};

use super::consent_confirmations::who_now;
use super::{consents, messages, pages, touchpoints};
use crate::marketing::consents::links;

const OPEN: &str = "campaign.open";
const CLICK: &str = "campaign.click";
const UNSUBSCRIBE: &str = "campaign.unsubscribe";

pub(crate) fn operations(t: &mut Table) {
    t.tag("marketing/links", "The links in messages of campaigns; no credentials are needed.");
    t.download_outside(
        "marketing/links/open",
        open,
        "Get the tracking pixel that records that a message was opened. Opens by programs are counted separately.",
    )
    .linked()
    .fails(signed::REFUSALS)
    .tag = "marketing/links".into();
    t.redirect_outside(
        "marketing/links/click",
        click,
        "Follow a link of a message. It redirects to the address that was in the message, and nowhere else.",
    )
    .linked()
    .fails(signed::REFUSALS)
    .tag = "marketing/links".into();
    let looked = t.report_outside("marketing/links/unsubscribe", show, SHOW);
    looked.linked().page(pages::UNSUBSCRIBE).fails(signed::REFUSALS).tag = "marketing/links".into();
    let done = t.command_without_body_outside_transaction("unsubscribe", "marketing/links/unsubscribe", unsubscribe, DO);
    done.linked().page(pages::UNSUBSCRIBE).fails(signed::REFUSALS).tag = "marketing/links".into();
}

const SHOW: &str = "Show what a link of unsubscription is about. It changes nothing: send it back with POST to unsubscribe. A browser, \
which asks for text/html, gets a page with a button that does so.";
const DO: &str = "Unsubscribe. One click after RFC 8058, without an account: a form that comes along is not read. Consent to the topic of the \
campaign is withdrawn, or to everything by e-mail when the campaign has no topic or `everything` is set. It holds for the mailbox: every \
party, contact and lead that has it. Doing it again changes nothing.";

/// A link.
#[derive(Debug, Deserialize, IntoParams)]
pub struct LinkFilter {
    /// The token of the link.
    #[param(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    link: String,
}

/// A link to an address.
#[derive(Debug, Deserialize, IntoParams)]
pub struct ClickFilter {
    /// The token of the link.
    #[param(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    link: String,
    /// The target address; the one that was signed.
    #[param(min_length = 8, max_length = 2000, pattern = "^[!-~]{8,2000}$")]
    url: String,
}

/// A link of unsubscription.
#[derive(Debug, Deserialize, IntoParams)]
pub struct UnsubscribeFilter {
    /// The token of the link.
    #[param(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    link: String,
    /// Whether nothing at all is wanted by e-mail any more; false when left out.
    everything: Option<bool>,
}

/// What a link of unsubscription is about.
#[derive(Debug, Serialize, ToSchema)]
pub struct Unsubscription {
    /// The address, shortened.
    #[schema(max_length = 254, example = "a…@example.com")]
    pub address: String,
    /// Who wrote.
    #[schema(max_length = 200)]
    pub company: String,
    /// The topic; null for everything by e-mail.
    #[schema(required, max_length = 100)]
    pub topic: Option<String>,
    /// Whether messages like this one still come.
    pub subscribed: bool,
    /// The language of the reader, when it is known.
    #[schema(required, max_length = 20)]
    pub language: Option<String>,
}

// ---- making links -------------------------------------------------------------------------------

/// Makes the links of many messages.
pub struct Links {
    signer: Signer,
    base: String,
}

impl Links {
    pub fn new(cx: &mut Cx, base: String) -> Result<Self> {
        Ok(Self { signer: signed::signer(cx)?, base })
    }
    fn link(&self, name: &str, pairs: &[(&str, &str)]) -> Result<String> {
        let query = serde_urlencoded::to_string(pairs).map_err(|e| problems::internal.with(e.to_string()))?;
        Ok(format!("{}/v1/marketing/links/{name}?{query}", self.base))
    }
    /// Where a reader unsubscribes.
    pub fn unsubscribe(&self, member: CampaignMemberId) -> Result<String> {
        self.link("unsubscribe", &[("link", &self.signer.sign(UNSUBSCRIBE, &member.to_string(), None)?)])
    }
    /// Where a reader says which topics are wanted.
    pub fn preferences(&self, member: &CampaignMember) -> Result<String> {
        let token = links::preference_token(&self.signer, member.company_id, &subject_of(member))?;
        Ok(links::preference_url(&self.base, &token))
    }
    /// The HTML with its links led over here and a picture at its end. Our own links and those that are no web addresses
    /// stay as they are.
    pub fn track(&self, html: &str, member: CampaignMemberId) -> Result<String> {
        let mut out = String::with_capacity(html.len() + 512);
        let mut rest = html;
        while let Some((at, quote)) = next_link(rest) {
            let (before, after) = rest.split_at(at);
            out.push_str(before);
            let Some(end) = after.find(quote) else {
                rest = after;
                break;
            };
            let (raw, tail) = after.split_at(end);
            let url = raw.trim().replace("&amp;", "&");
            let web = url.starts_with("http://") || url.starts_with("https://");
            if web && !url.starts_with(&self.base) && (8..=2000).contains(&url.chars().count()) {
                let token = self.signer.sign(CLICK, &subject(member, &url), None)?;
                out.push_str(&self.link("click", &[("link", &token), ("url", &url)])?.replace('&', "&amp;"));
            } else {
                out.push_str(raw);
            }
            rest = tail;
        }
        out.push_str(rest);
        let seen = self.link("open", &[("link", &self.signer.sign(OPEN, &member.to_string(), None)?)])?;
        let picture = format!("<img src=\"{seen}\" width=\"1\" height=\"1\" alt=\"\">");
        let end = out.to_ascii_lowercase().rfind("</body>").unwrap_or(out.len());
        out.insert_str(end, &picture);
        Ok(out)
    }
}

/// Where the next address of a link begins, and the quote that ends it.
fn next_link(html: &str) -> Option<(usize, char)> {
    let lower = html.to_ascii_lowercase();
    let double = lower.find("href=\"").map(|at| (at + 6, '"'));
    let single = lower.find("href='").map(|at| (at + 6, '\''));
    double.into_iter().chain(single).min()
}

/// What a link to an address is signed about: the reader and a hash of the address.
fn subject(member: CampaignMemberId, url: &str) -> String {
    format!("{member}:{}", URL_SAFE_NO_PAD.encode(&Sha256::digest(url)[..16]))
}

// ---- following links ----------------------------------------------------------------------------

/// A picture of one transparent dot.
const DOT: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// Links are worked on in the name of the program: who holds one has no rights of the own.
fn system(origin: &Origin) -> Arc<Caller> {
    Arc::new(Caller { address: origin.caller.address, ..Caller::system() })
}

fn member_of(text: &str) -> Result<CampaignMemberId> {
    text.parse().map_err(|_| LINK_INVALID.into())
}

/// Notes a visit.
fn visit(
    origin: &Origin,
    id: CampaignMemberId,
    page: Option<String>,
    note: fn(CampaignMember, bool, chrono::DateTime<chrono::Utc>) -> CampaignMember,
) -> Result<()> {
    let agent = origin.caller.user_agent.clone();
    origin.write_as(&system(origin), move |cx| {
        let Some(member) = members::find_to_change(cx.db(), id)? else { return Err(LINK_INVALID.into()) };
        let program = is_program(agent.as_deref(), member.sent_at, cx.now);
        let after = note(member.clone(), program, cx.now);
        members::store(cx.db(), &after)?;
        if page.is_none() && member.opened_at.is_none() && after.opened_at.is_some() {
            messages::tell(cx, "opened", &after);
        }
        if after.click_count > member.click_count {
            messages::tell(cx, "clicked", &after);
        }
        touched(cx, &member, &after, page.as_deref())
    })
}

/// The first time that a person looked at a message, and every link that a person followed, is a touch of the campaign.
fn touched(cx: &mut Cx, before: &CampaignMember, after: &CampaignMember, page: Option<&str>) -> Result<()> {
    let kind = match page {
        Some(_) if after.click_count > before.click_count => TouchKind::EmailClick,
        None if before.opened_at.is_none() && after.opened_at.is_some() => TouchKind::EmailOpen,
        _ => return Ok(()),
    };
    if after.lead_id.is_none() && after.contact_id.is_none() && after.party_id.is_none() {
        return Ok(());
    }
    let lead = after.lead_id.filter(|_| after.contact_id.is_none() && after.party_id.is_none());
    let new = NewTouchpoint {
        company_id: after.company_id,
        kind,
        occurred_at: None,
        anonymous_id: None,
        lead_id: lead,
        contact_id: after.contact_id,
        party_id: after.party_id,
        origin: TouchOrigin { landing_page: page.map(Into::into), ..TouchOrigin::default() },
    };
    touchpoints::of_message(cx, new, after.campaign_id)
}

fn open(origin: &Origin, asked: LinkFilter) -> Result<Binary> {
    let id = origin.read(|cx| signed::open(cx, OPEN, &asked.link))?;
    visit(origin, member_of(&id)?, None, CampaignMember::open)?;
    Ok(Binary { media_type: "image/gif".into(), file_name: "dot.gif".into(), etag: None, bytes: DOT.to_vec() })
}

fn click(origin: &Origin, asked: ClickFilter) -> Result<String> {
    let about = origin.read(|cx| signed::open(cx, CLICK, &asked.link))?;
    let id = member_of(about.split(':').next().unwrap_or_default())?;
    // the address is not in the token, its hash is
    if about != subject(id, &asked.url) || asked.url.chars().any(char::is_control) {
        return Err(LINK_INVALID.into());
    }
    visit(origin, id, Some(asked.url.clone()), CampaignMember::click)?;
    Ok(asked.url)
}

/// The reader and the campaign of a link of unsubscription.
fn of_link(cx: &mut Cx, token: &str) -> Result<(CampaignMember, Campaign)> {
    let id = member_of(&signed::open(cx, UNSUBSCRIBE, token)?)?;
    let member = members::find_to_change(cx.db(), id)?.ok_or(LINK_INVALID)?;
    let campaign = persistence::record::find::<Campaign>(cx.db(), member.campaign_id.uuid())?.ok_or(LINK_INVALID)?;
    Ok((member, campaign))
}

fn about(cx: &mut Cx, member: &CampaignMember, campaign: &Campaign, topic: Option<String>) -> Result<Unsubscription> {
    let company = persistence::record::find::<Company>(cx.db(), campaign.company_id.uuid())?;
    let subscribed = !is_withdrawn(cx, member, topic.as_deref())?;
    Ok(Unsubscription {
        address: shortened(member.email.as_deref().unwrap_or_default()),
        company: company.map(|c| c.name).unwrap_or_default(),
        topic,
        subscribed,
        language: member.language.clone(),
    })
}

/// Whether the reader has forbidden it already, or somebody with the same mailbox.
fn is_withdrawn(cx: &mut Cx, member: &CampaignMember, topic: Option<&str>) -> Result<bool> {
    let reader = who_now(cx, subject_of(member))?;
    let reason = consents::judged(cx, &reader, member.email.as_deref(), topic)?.reason;
    Ok(matches!(reason, ConsentReason::OptedOut | ConsentReason::Withdrawn))
}

/// The reader: what a lead became goes before the lead.
fn subject_of(member: &CampaignMember) -> ConsentSubject {
    let (contact_id, party_id) = (member.contact_id, member.party_id.filter(|_| member.contact_id.is_none()));
    let lead_id = member.lead_id.filter(|_| contact_id.is_none() && party_id.is_none());
    ConsentSubject { party_id, contact_id, lead_id }
}

fn show(origin: &Origin, asked: UnsubscribeFilter) -> Result<Unsubscription> {
    let everything = asked.everything.unwrap_or(false);
    let system = system(origin);
    let origin = Origin { caller: system, ..origin.clone() };
    origin.read(|cx| {
        let id = member_of(&signed::open(cx, UNSUBSCRIBE, &asked.link)?)?;
        let member = persistence::record::find::<CampaignMember>(cx.db(), id.uuid())?.ok_or(LINK_INVALID)?;
        let campaign = persistence::record::find::<Campaign>(cx.db(), member.campaign_id.uuid())?.ok_or(LINK_INVALID)?;
        let topic = campaign.topic.clone().filter(|_| !everything);
        about(cx, &member, &campaign, topic)
    })
}

fn unsubscribe(origin: &Origin, asked: UnsubscribeFilter) -> Result<Unsubscription> {
    let everything = asked.everything.unwrap_or(false);
    let (address, agent) = (origin.address(), origin.caller.user_agent.clone());
    let token = asked.link;
    origin.write_as(&system(origin), move |cx| {
        let (member, campaign) = of_link(cx, &token)?;
        let topic = campaign.topic.clone().filter(|_| !everything);
        if !is_withdrawn(cx, &member, topic.as_deref())? {
            let evidence = ConsentEvidence {
                source: Some(format!("link of unsubscription in {}", campaign.id)),
                ip_address: address.clone(),
                user_agent: agent.clone(),
                ..Default::default()
            };
            let reader = who_now(cx, subject_of(&member))?;
            let new = NewConsent {
                party_id: reader.party_id,
                contact_id: reader.contact_id,
                lead_id: reader.lead_id,
                channel: ConsentChannel::Email,
                topic: topic.clone(),
                status: ConsentStatus::Withdrawn,
                lawful_basis: LawfulBasis::Consent,
                effective_at: None,
                expires_at: None,
                evidence,
            };
            consents::record_at(cx, new, member.email.as_deref())?;
        }
        if member.unsubscribed_at.is_none() {
            let after = member.clone().unsubscribe(cx.now);
            members::store(cx.db(), &after)?;
            messages::tell(cx, "unsubscribed", &after);
        }
        about(cx, &member, &campaign, topic)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_whatever_their_quotes() {
        assert_eq!(next_link("<a HREF='x'>"), Some((9, '\'')));
        assert_eq!(next_link("<a href=\"x\"> <a href='y'>"), Some((9, '"')));
        assert_eq!(next_link("<a>"), None);
    }

    #[test]
    fn a_link_is_about_one_reader_and_one_address() {
        let id: CampaignMemberId = Id::from_uuid(persistence::Uuid::from_u128(7));
        let subject = subject(id, "https://shop.example/a");
        assert!(subject.starts_with(&format!("{id}:")) && subject.len() < 200);
        assert_ne!(subject, super::subject(id, "https://shop.example/b"));
    }
}
