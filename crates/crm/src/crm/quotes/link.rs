//! The public link of a quote: what it looks like, and which quote it opens.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::crm::quotes::steps::LINK_DAYS;
use domain::crm::quotes::{Quote, QuoteLink};
use domain::ids::QuoteId;
use persistence::record;
use platform::prelude::*;
use platform::{Companies, signed};

/// What the links are for; nothing else opens with them.
const PURPOSE: &str = "quote";
/// Where links lead.
pub(crate) const PLACE: &str = "crm/quote-links";

/// The link of a quote that was sent. It outlives the validity of the quote, so that the customer can read what it was.
pub(crate) fn link(cx: &mut Cx, quote: &Quote) -> Result<QuoteLink> {
    let expires_at = quote.expires_at.unwrap_or(cx.now) + TimeDelta::days(LINK_DAYS);
    let token = signed::sign(cx, PURPOSE, &quote.id.to_string(), Some(expires_at))?;
    Ok(QuoteLink { path: format!("/v1/{PLACE}/{token}"), token, expires_at })
}

/// The quote that a link leads to. From here on the caller may see its company and nothing else.
pub(crate) fn opened(cx: &mut Cx, token: &str) -> Result<Quote> {
    let subject = signed::open(cx, PURPOSE, token)?;
    let id: QuoteId = subject.parse().map_err(|_| signed::LINK_INVALID)?;
    let quote = record::find::<Quote>(cx.db(), id.uuid())?.ok_or(signed::LINK_INVALID)?;
    cx.caller = Arc::new(Caller { companies: Companies::These(BTreeSet::from([quote.company_id])), ..(*cx.caller).clone() });
    Ok(quote)
}
