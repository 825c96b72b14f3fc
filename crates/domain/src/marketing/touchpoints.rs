//! Touchpoints: every contact of a visitor with us, with where it came from. What the browser said is kept as it was
//! said and in a form that compares. A visitor is anonymous until somebody says who it is.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::crm::campaign_names;
use crate::crm::leads::Utm;
use crate::crm::leads::touches::{ClickIdKind, TouchChannel, TouchKind, TouchSummary};
use crate::directory::search::normalise;
use crate::ids::{CampaignId, CompanyId, ContactId, LeadId, OpportunityId, PartyId, TouchpointId};
use crate::kernel::text::trimmed;
use crate::kernel::{Code, Result};

/// The touch says neither an anonymous id nor whom it is known to be from.
pub const NOBODY: Code = Code::invalid("touchpoint.nobody", "Say the anonymous id of the visitor or who it is.");
/// Several different people are named.
pub const SEVERAL: Code = Code::invalid("touchpoint.several_subjects", "Name a lead, or a contact and its party, not both.");
/// The time lies in the future or too far back.
pub const WRONG_TIME: Code = Code::invalid("touchpoint.wrong_time", "The time of the event cannot be right.");

/// Clocks of visitors may be ahead by this.
pub const AHEAD: TimeDelta = TimeDelta::minutes(5);
/// Events may be told this long after they happened.
pub const LATE: TimeDelta = TimeDelta::days(731);

/// A contact of a visitor with us. Its marks are kept as they were said, and in the form that compares beside it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Touchpoint {
    /// The id.
    pub id: TouchpointId,
    /// The company that was met.
    pub company_id: CompanyId,
    /// What the visitor did.
    pub kind: TouchKind,
    /// When it happened, by the clock of the visitor.
    pub occurred_at: DateTime<Utc>,
    /// The id that the visitor's browser keeps.
    #[schema(required, max_length = 100)]
    pub anonymous_id: Option<String>,
    /// The lead that it is from.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// The contact that it is from.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The party that it is from.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The opportunity that its lead became.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
    /// By which way the visitor came, as far as the marks tell.
    pub channel: TouchChannel,
    /// The marks of the link as they were said.
    pub utm: Utm,
    /// `utm_source` in lower case with single spaces.
    #[schema(required, max_length = 200)]
    pub source: Option<String>,
    /// `utm_medium` in the same form.
    #[schema(required, max_length = 200)]
    pub medium: Option<String>,
    /// `utm_campaign` in the same form.
    #[schema(required, max_length = 200)]
    pub campaign: Option<String>,
    /// The campaign of the company that the touch came about by: that of the message, or the one that `utm_campaign` names by its
    /// id or its name.
    #[schema(required)]
    pub campaign_id: Option<CampaignId>,
    /// The page before, as it was said.
    #[schema(required, max_length = 2000)]
    pub referrer: Option<String>,
    /// The host of the page before, in lower case and without `www.`.
    #[schema(required, max_length = 255)]
    pub referrer_host: Option<String>,
    /// The page, as it was said.
    #[schema(required, max_length = 2000)]
    pub landing_page: Option<String>,
    /// The page without scheme, query and closing slash.
    #[schema(required, max_length = 2000)]
    pub landing_path: Option<String>,
    /// The click id, as it was said or as the page's address has it.
    #[schema(required, max_length = 500)]
    pub click_id: Option<String>,
    /// Whose click id it is.
    #[schema(required)]
    pub click_id_kind: Option<ClickIdKind>,
    /// When we heard of it.
    pub created_at: DateTime<Utc>,
    /// Counts the changes, from 1: it changes when it becomes known who it is from.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { undated Touchpoint, TouchpointId, "touchpoint", company: |o| Some(o.company_id), party: |o| o.party_id }

/// A touch to record. Marks and click id that are left out are read from the address of the landing page.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTouchpoint {
    /// The company that was met.
    pub company_id: CompanyId,
    /// What the visitor did.
    pub kind: TouchKind,
    /// When it happened; now when left out.
    #[serde(default)]
    pub occurred_at: Option<DateTime<Utc>>,
    /// The id that the visitor's browser keeps.
    #[serde(default)]
    #[schema(min_length = 8, max_length = 100, pattern = "^[A-Za-z0-9._-]+$", example = "v-7f3a9c1e")]
    pub anonymous_id: Option<String>,
    /// The lead that it is from, when that is known.
    #[serde(default)]
    pub lead_id: Option<LeadId>,
    /// The contact that it is from, when that is known.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// The party that it is from, when that is known.
    #[serde(default)]
    pub party_id: Option<PartyId>,
    /// Where the visitor came from.
    #[serde(default)]
    pub origin: TouchOrigin,
}

/// Where a visitor came from, as the browser says it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TouchOrigin {
    /// The marks of the link.
    #[serde(default)]
    pub utm: Utm,
    /// The page before.
    #[serde(default)]
    #[schema(max_length = 2000, format = "line", example = "https://www.google.com/")]
    pub referrer: Option<String>,
    /// The page that was met first, with its query.
    #[serde(default)]
    #[schema(max_length = 2000, format = "line", example = "https://example.com/beans?utm_source=newsletter&utm_medium=email")]
    pub landing_page: Option<String>,
    /// The click id of an advertisement.
    #[serde(default)]
    #[schema(max_length = 500, format = "line")]
    pub click_id: Option<String>,
}

impl TouchOrigin {
    /// The marks that were said, and for those left out what the address of the page says.
    pub fn marks(&self) -> Utm {
        marks(self.utm.clone(), self.landing_page.as_deref().and_then(|p| Url::parse(p.trim()).ok()).as_ref())
    }
}

/// Who an anonymous visitor is: a lead, or a contact, a party or both.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifyVisitor {
    /// The company that was met.
    pub company_id: CompanyId,
    /// The id that the visitor's browser keeps.
    #[schema(min_length = 8, max_length = 100, pattern = "^[A-Za-z0-9._-]+$", example = "v-7f3a9c1e")]
    pub anonymous_id: String,
    /// The lead.
    #[serde(default)]
    pub lead_id: Option<LeadId>,
    /// The contact.
    #[serde(default)]
    pub contact_id: Option<ContactId>,
    /// The party.
    #[serde(default)]
    pub party_id: Option<PartyId>,
}

/// What became known of a visitor.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Identification {
    /// The company that was met.
    pub company_id: CompanyId,
    /// The id that the visitor's browser keeps.
    #[schema(max_length = 100)]
    pub anonymous_id: String,
    /// The lead.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// The contact.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The party.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// How many earlier touches were nobody's and are now known to be from there.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub linked_touches: i64,
}

/// Who a touch is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subject {
    pub lead: Option<LeadId>,
    pub contact: Option<ContactId>,
    pub party: Option<PartyId>,
    pub opportunity: Option<OpportunityId>,
}

impl Subject {
    pub fn is_nobody(&self) -> bool {
        self.lead.is_none() && self.contact.is_none() && self.party.is_none()
    }
    /// Refuses a lead beside a contact or party. Fails with [`SEVERAL`].
    pub fn check(&self) -> Result<()> {
        match self.lead.is_some() && (self.contact.is_some() || self.party.is_some()) {
            true => Err(SEVERAL.field("/lead_id", "A lead stands for itself; name it alone.")),
            false => Ok(()),
        }
    }
}

/// The time of an event as the visitor's clock has it, when it can be right. Fails with [`WRONG_TIME`].
pub fn event_time(said: Option<DateTime<Utc>>, now: DateTime<Utc>, pointer: &str) -> Result<DateTime<Utc>> {
    match said {
        None => Ok(now),
        Some(at) if at > now + AHEAD => Err(WRONG_TIME.field(pointer, "It lies in the future.")),
        Some(at) if at < now - LATE => Err(WRONG_TIME.field(pointer, "It lies more than two years back.")),
        Some(at) => Ok(at),
    }
}

impl Touchpoint {
    /// A touch with its marks in normal form. Fails with [`NOBODY`], [`SEVERAL`] and [`WRONG_TIME`].
    pub fn new(id: TouchpointId, new: NewTouchpoint, now: DateTime<Utc>) -> Result<Self> {
        let subject = Subject { lead: new.lead_id, contact: new.contact_id, party: new.party_id, opportunity: None };
        subject.check()?;
        if subject.is_nobody() && new.anonymous_id.is_none() {
            return Err(NOBODY.field("/anonymous_id", "Give the id that the visitor's browser keeps, or say who it is."));
        }
        let occurred_at = event_time(new.occurred_at, now, "/occurred_at")?;
        let origin = new.origin;
        let (referrer, landing_page) = (trimmed(origin.referrer), trimmed(origin.landing_page));
        let page = landing_page.as_deref().and_then(|p| Url::parse(p).ok());
        let utm = marks(origin.utm, page.as_ref());
        let (click_id, click_id_kind) = click(trimmed(origin.click_id), page.as_ref());
        let form = |t: &Option<String>| t.as_deref().map(normalise).filter(|t| !t.is_empty());
        let referrer_host = referrer.as_deref().and_then(|r| Url::parse(r).ok()).as_ref().and_then(host);
        let (source, medium) = (form(&utm.source), form(&utm.medium));
        let own = page.as_ref().and_then(host);
        let channel = channel(new.kind, source.as_deref(), medium.as_deref(), click_id_kind, referrer_host.as_deref(), own.as_deref());
        Ok(Self {
            id,
            company_id: new.company_id,
            kind: new.kind,
            occurred_at,
            anonymous_id: new.anonymous_id,
            lead_id: subject.lead,
            contact_id: subject.contact,
            party_id: subject.party,
            opportunity_id: None,
            channel,
            source,
            medium,
            campaign: utm.campaign.as_deref().map(campaign_names::normal).filter(|c| !c.is_empty()),
            campaign_id: None,
            utm,
            referrer,
            referrer_host,
            landing_page,
            landing_path: page.as_ref().and_then(path),
            click_id,
            click_id_kind,
            created_at: now,
            version: 1,
        })
    }
    /// The touch as known to be from somebody.
    pub fn from(mut self, subject: Subject) -> Self {
        (self.lead_id, self.contact_id, self.party_id, self.opportunity_id) =
            (subject.lead, subject.contact, subject.party, subject.opportunity);
        self
    }
    /// The touch as one that a campaign brought about.
    pub fn by(mut self, campaign: Option<CampaignId>) -> Self {
        self.campaign_id = campaign.or(self.campaign_id);
        self
    }
    pub fn subject(&self) -> Subject {
        Subject { lead: self.lead_id, contact: self.contact_id, party: self.party_id, opportunity: self.opportunity_id }
    }
    pub fn summary(&self) -> TouchSummary {
        TouchSummary {
            touchpoint_id: self.id,
            occurred_at: self.occurred_at,
            kind: self.kind,
            channel: self.channel,
            source: self.source.clone(),
            medium: self.medium.clone(),
            campaign: self.campaign.clone(),
        }
    }
}

/// The marks that were said, and for those left out what the address of the page says.
fn marks(said: Utm, page: Option<&Url>) -> Utm {
    let query = |name: &str| page.and_then(|p| p.query_pairs().find(|(k, _)| k == name).map(|(_, v)| v.into_owned()));
    let one = |said: Option<String>, name: &str| {
        let value = trimmed(said).or_else(|| trimmed(query(name)))?;
        Some(value.chars().take(200).collect())
    };
    Utm {
        source: one(said.source, "utm_source"),
        medium: one(said.medium, "utm_medium"),
        campaign: one(said.campaign, "utm_campaign"),
        term: one(said.term, "utm_term"),
        content: one(said.content, "utm_content"),
    }
}

/// The click id and whose it is: known by the name of the parameter that carries it.
fn click(said: Option<String>, page: Option<&Url>) -> (Option<String>, Option<ClickIdKind>) {
    for kind in ClickIdKind::ALL.iter().filter(|k| **k != ClickIdKind::Other) {
        let name = kind.to_string();
        let found = page.and_then(|p| p.query_pairs().find(|(k, v)| *k == name && !v.is_empty()).map(|(_, v)| v.into_owned()));
        if let Some(id) = found.filter(|id| said.as_ref().is_none_or(|s| s == id)) {
            return (Some(id.chars().take(500).collect()), Some(*kind));
        }
    }
    let kind = said.is_some().then_some(ClickIdKind::Other);
    (said, kind)
}

/// The host in lower case, without `www.`.
fn host(url: &Url) -> Option<String> {
    let host = url.host_str()?.to_lowercase();
    Some(host.strip_prefix("www.").unwrap_or(&host).to_string())
}

/// Host and path without a closing slash.
fn path(url: &Url) -> Option<String> {
    Some(format!("{}{}", host(url)?, url.path().trim_end_matches('/')))
}

const SEARCHES: [&str; 8] = ["google.", "bing.", "duckduckgo.", "yahoo.", "ecosia.", "baidu.", "yandex.", "startpage."];
const NETWORKS: [&str; 10] =
    ["facebook.", "instagram.", "linkedin.", "twitter.", "x.com", "t.co", "youtube.", "tiktok.", "reddit.", "xing."];

/// Whether a host is one of these, or below one of them.
fn is_one_of(host: &str, of: &[&str]) -> bool {
    of.iter().any(|name| match name.ends_with('.') {
        true => host.starts_with(name) || host.contains(&format!(".{name}")),
        false => host == *name || host.ends_with(&format!(".{name}")),
    })
}

/// By which way a visitor came: marks first, then the click id, then the page before.
fn channel(
    kind: TouchKind,
    source: Option<&str>,
    medium: Option<&str>,
    click: Option<ClickIdKind>,
    referrer: Option<&str>,
    own: Option<&str>,
) -> TouchChannel {
    if matches!(kind, TouchKind::EmailOpen | TouchKind::EmailClick | TouchKind::Unsubscribe | TouchKind::Bounce) {
        return TouchChannel::Email;
    }
    match medium {
        Some("email" | "e-mail" | "newsletter") => return TouchChannel::Email,
        Some("cpc" | "ppc" | "paidsearch" | "paid search" | "sem") => return TouchChannel::PaidSearch,
        Some("social" | "social-media" | "social media" | "paid-social" | "paid social" | "sm") => return TouchChannel::Social,
        Some("display" | "banner" | "cpm" | "retargeting" | "affiliate") => return TouchChannel::Display,
        Some("organic") => return TouchChannel::OrganicSearch,
        Some("referral") => return TouchChannel::Referral,
        _ => {}
    }
    match click {
        Some(ClickIdKind::Gclid | ClickIdKind::Msclkid) => return TouchChannel::PaidSearch,
        Some(ClickIdKind::Fbclid | ClickIdKind::LiFatId | ClickIdKind::Ttclid | ClickIdKind::Twclid) => return TouchChannel::Social,
        _ => {}
    }
    if source.is_some() || medium.is_some() {
        return TouchChannel::Campaign;
    }
    match referrer {
        Some(host) if Some(host) == own => TouchChannel::Direct,
        Some(host) if is_one_of(host, &SEARCHES) => TouchChannel::OrganicSearch,
        Some(host) if is_one_of(host, &NETWORKS) => TouchChannel::Social,
        Some(_) => TouchChannel::Referral,
        None if kind == TouchKind::AdClick => TouchChannel::Display,
        None => TouchChannel::Direct,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000, 0).expect("a time")
    }

    fn touch(origin: serde_json::Value) -> Touchpoint {
        let body =
            json!({"company_id": "co_00000000000000000000000001", "kind": "page_view", "anonymous_id": "v-12345678", "origin": origin});
        Touchpoint::new(Id::from_uuid(Default::default()), serde_json::from_value(body).expect("a body"), now()).expect("a touch")
    }

    #[test]
    fn marks_are_kept_raw_and_in_a_form_that_compares() {
        let t = touch(
            json!({"landing_page": "https://www.Example.com/Beans/?utm_source=News%20Letter&utm_medium=EMAIL&utm_campaign=Spring&gclid=abc",
            "utm": {"campaign": " Summer  Sale "}, "referrer": "https://www.Google.de/search?q=x"}),
        );
        assert_eq!((t.utm.source.as_deref(), t.source.as_deref()), (Some("News Letter"), Some("news letter")));
        assert_eq!((t.utm.campaign.as_deref(), t.campaign.as_deref()), (Some("Summer  Sale"), Some("summer sale")));
        assert_eq!((t.medium.as_deref(), t.channel), (Some("email"), TouchChannel::Email));
        assert_eq!((t.landing_path.as_deref(), t.referrer_host.as_deref()), (Some("example.com/Beans"), Some("google.de")));
        assert_eq!((t.click_id.as_deref(), t.click_id_kind), (Some("abc"), Some(ClickIdKind::Gclid)));
    }

    #[test]
    fn the_channel_follows_from_the_marks_then_the_click_then_the_referrer() {
        for (origin, wanted) in [
            (json!({}), TouchChannel::Direct),
            (json!({"referrer": "https://example.com/a", "landing_page": "https://www.example.com/b"}), TouchChannel::Direct),
            (json!({"referrer": "https://www.google.com/"}), TouchChannel::OrganicSearch),
            (json!({"referrer": "https://m.facebook.com/"}), TouchChannel::Social),
            (json!({"referrer": "https://t.co/x"}), TouchChannel::Social),
            (json!({"referrer": "https://blog.example.net/"}), TouchChannel::Referral),
            (json!({"utm": {"medium": "CPC"}, "referrer": "https://www.google.com/"}), TouchChannel::PaidSearch),
            (json!({"landing_page": "https://example.com/?gclid=1"}), TouchChannel::PaidSearch),
            (json!({"utm": {"source": "fair"}}), TouchChannel::Campaign),
            (json!({"utm": {"medium": "banner"}}), TouchChannel::Display),
        ] {
            assert_eq!(touch(origin.clone()).channel, wanted, "{origin}");
        }
    }

    #[test]
    fn the_time_of_the_event_counts_when_it_can_be_right() {
        let minutes = |n| now() + TimeDelta::minutes(n);
        assert_eq!(event_time(None, now(), "").expect("now"), now());
        assert_eq!(event_time(Some(minutes(-90)), now(), "").expect("earlier"), minutes(-90));
        assert_eq!(event_time(Some(minutes(4)), now(), "").expect("a little ahead"), minutes(4));
        for wrong in [minutes(6), minutes(-60 * 24 * 732)] {
            assert_eq!(event_time(Some(wrong), now(), "").expect_err("refused").code(), WRONG_TIME);
        }
    }

    #[test]
    fn a_touch_is_from_somebody() {
        let company = "co_00000000000000000000000001";
        let lead = "lead_00000000000000000000000001";
        let party = "pty_00000000000000000000000001";
        for (body, code) in [
            (json!({"company_id": company, "kind": "chat"}), NOBODY),
            (json!({"company_id": company, "kind": "chat", "lead_id": lead, "party_id": party}), SEVERAL),
        ] {
            let new = serde_json::from_value(body).expect("a body");
            assert_eq!(Touchpoint::new(Id::from_uuid(Default::default()), new, now()).expect_err("refused").code(), code);
        }
    }
}
