//! What the customer does with the public link of a quote, without an account: see it, accept it, reject it. The link is all
//! there is to know who it is, so what is known of an answer is kept as evidence.

use std::sync::Arc;

use domain::crm::quotes::answers::{AcceptQuoteByLink, PublicQuote, RejectQuoteByLink};
use domain::crm::quotes::*;
use platform::pdf::UNPRINTABLE;
use platform::prelude::*;

use super::quotes::link::{PLACE, opened};
use super::quotes::store;
use crate::crm::quotes::pdf;
use crate::crm::quotes::steps::{ANSWER_REFUSALS, win_with};

pub fn operations(t: &mut Table) {
    t.tag(PLACE, "What customers do with the public link of a quote, without an account.");
    t.by_link("get_quote_by_link", PLACE, see, "Get a quote by its public link, as its recipient sees it.");
    t.by_link_with("accept_quote_by_link", PLACE, "accept", accept, ACCEPT).fails(ANSWER_REFUSALS);
    t.by_link_with("reject_quote_by_link", PLACE, "reject", reject, "Reject a quote by its public link, with a reason.")
        .fails(ANSWER_REFUSALS);
    t.download_by_link("download_quote_by_link", PLACE, "pdf", pdf::by_link, "Get a quote as PDF by its public link.")
        .makes("application/pdf")
        .fails(&[UNPRINTABLE]);
}

const ACCEPT: &str = "Accept a quote by its public link. Your name and e-mail address are your signature; they are kept together with \
the time, the network address and the program that the acceptance came from.";

fn see(cx: &mut Cx, token: &str) -> Result<PublicQuote> {
    let quote = opened(cx, token)?;
    Ok(PublicQuote::of(&quote, cx.now))
}

fn accept(cx: &mut Cx, token: &str, who: AcceptQuoteByLink) -> Result<PublicQuote> {
    let id = opened(cx, token)?.id;
    crate::crm::quotes::steps::lock_deal_first(cx, id, None)?;
    let before = cx.load_for_update::<Quote>(id)?;
    let answer = evidence(cx, who.signature(cx.now)?);
    let after = before.clone().answered(answer, who.customer_reference, cx.now)?;
    let after = store(cx, &before, after, "accepted")?;
    let wins = after.wins_opportunity;
    let after = win_with(cx, after, wins)?;
    Ok(PublicQuote::of(&after, cx.now))
}

fn reject(cx: &mut Cx, token: &str, why: RejectQuoteByLink) -> Result<PublicQuote> {
    let id = opened(cx, token)?.id;
    let before = cx.load_for_update::<Quote>(id)?;
    let answer = evidence(cx, why.signature(cx.now)?);
    let after = before.clone().answered(answer, None, cx.now)?;
    let after = store(cx, &before, after, "rejected")?;
    Ok(PublicQuote::of(&after, cx.now))
}

/// The answer with what is known of where it came from. Who signed stands in the data of the fact, where an erasure reaches
/// it, and not among the actors, which never change.
fn evidence(cx: &mut Cx, mut answer: QuoteAnswer) -> QuoteAnswer {
    answer.address = cx.caller.address.map(|a| a.to_string());
    answer.user_agent = cx.caller.user_agent.clone();
    cx.caller = Arc::new(Caller { name: "The customer, by a link".into(), ..(*cx.caller).clone() });
    answer
}
