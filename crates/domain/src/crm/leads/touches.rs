//! How a lead was touched: the first and the last touch, as the lead remembers them. The touches themselves belong to
//! marketing.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::TouchpointId;

crate::string_enum! {
    /// What the visitor did.
    pub enum TouchKind {
        /// Looked at a page.
        PageView = "page_view",
        /// Sent a form.
        FormSubmission = "form_submission",
        /// Opened a message.
        EmailOpen = "email_open",
        /// Followed a link of a message.
        EmailClick = "email_click",
        /// Followed an advertisement.
        AdClick = "ad_click",
        /// Took a file.
        Download = "download",
        /// Came to an event.
        EventAttendance = "event_attendance",
        /// Wrote in a chat.
        Chat = "chat",
        /// Asked for no more messages.
        Unsubscribe = "unsubscribe",
        /// A message could not be delivered.
        Bounce = "bounce",
        /// Anything else.
        Other = "other",
    }
    /// By which way the visitor came.
    pub enum TouchChannel {
        /// By itself: no source, no campaign, no referrer but our own.
        Direct = "direct",
        /// A result of a search.
        OrganicSearch = "organic_search",
        /// An advertisement beside a search.
        PaidSearch = "paid_search",
        /// A social network.
        Social = "social",
        /// A message.
        Email = "email",
        /// Another advertisement.
        Display = "display",
        /// A link on another site.
        Referral = "referral",
        /// A marked link of another kind.
        Campaign = "campaign",
    }
    /// Whose click id it is.
    pub enum ClickIdKind {
        /// Google Ads.
        Gclid = "gclid",
        /// Microsoft Advertising.
        Msclkid = "msclkid",
        /// Meta.
        Fbclid = "fbclid",
        /// LinkedIn.
        LiFatId = "li_fat_id",
        /// TikTok.
        Ttclid = "ttclid",
        /// X.
        Twclid = "twclid",
        /// Somebody else.
        Other = "other",
    }
}

/// The first or last touch of a lead, by the time of the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TouchSummary {
    /// The touchpoint.
    pub touchpoint_id: TouchpointId,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// What the visitor did.
    pub kind: TouchKind,
    /// By which way the visitor came.
    pub channel: TouchChannel,
    /// `utm_source` in normal form.
    #[schema(required, max_length = 200)]
    pub source: Option<String>,
    /// `utm_medium` in normal form.
    #[schema(required, max_length = 200)]
    pub medium: Option<String>,
    /// `utm_campaign` in normal form.
    #[schema(required, max_length = 200)]
    pub campaign: Option<String>,
}
