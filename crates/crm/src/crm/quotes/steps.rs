//! The steps of a quote: sending, the answer, revision, conversion, and the end of its validity. Every step to an order goes
//! through `convert_now`, whoever takes it.

use domain::crm::opportunities::{Opportunity, OpportunityStatus};
use domain::crm::quotes::answers::{AcceptQuote, RejectQuote, ReviseQuote};
use domain::crm::quotes::steps::*;
use domain::crm::quotes::*;
use domain::directory::companies::Company;
use domain::directory::parties::Party;
use domain::ids::{OpportunityId, QuoteId};
use domain::kernel::Failure;
use persistence::crm::quotes as rows;
use platform::directory::parties;
use platform::prelude::*;
use platform::table::Noun;

use super::link;
use super::{PRICE_REFUSALS, kept, price, print_names, store};
use crate::crm::opportunities;

/// Quotes that expire in one turn of the clock at most.
pub const BATCH: i64 = 200;

/// What answering a quote can be refused with.
pub const ANSWER_REFUSALS: &[Code] = &[NOT_SENT, EXPIRED, SUPERSEDED];

/// What the back office can answer when it drafts the order of a quote.
const ORDER_REFUSALS: &[Code] = &[
    domain::directory::parties::BLOCKED,
    domain::directory::parties::NOT_A_CUSTOMER,
    domain::directory::exchange_rates::NO_RATE,
    domain::directory::addresses::UNKNOWN_COUNTRY,
    domain::sales::orders::OPPORTUNITY_ORDERED,
];

pub fn operations(n: &mut Noun<Quote>) {
    n.action("send", send, SEND).shown_once(&["link"]).fails(PRICE_REFUSALS).fails(&[NOT_A_DRAFT, EMPTY, VALIDITY_PAST, VALIDITY_TOO_LONG]);
    n.action_with("accept", accept, ACCEPT).fails(ANSWER_REFUSALS);
    n.action_with("reject", reject, "Write down that the customer said no. The reason is required.").fails(ANSWER_REFUSALS);
    n.action_with("revise", revise, REVISE).fails(&[NOT_REVISABLE, TOO_MANY_REVISIONS, VALIDITY_PAST, VALIDITY_TOO_LONG]);
    n.action("convert", convert, CONVERT).fails(&[NOT_ACCEPTED]).fails(PRICE_REFUSALS).fails(ORDER_REFUSALS);
}

const SEND: &str = "Send a quote: it gets its number, today's taxes and names, and does not change any more. The answer has the public \
link, this once; give it to the customer, who needs no account to see, accept or reject the quote.";
const ACCEPT: &str = "Record the customer's acceptance. When the quote or the request says so, the opportunity is won with it and \
the order drafted; what prevents that is given in `win_problem` and does not undo the acceptance.";
const REVISE: &str = "Make the next revision of a quote that was sent, rejected or expired: a draft with the same number. The old one is \
superseded at once, and its link answers nothing any more.";
const CONVERT: &str = "Make a sales order of an accepted quote, as a draft and in the same transaction: the same lines, prices, \
discounts, days to pay, addresses and remark. A quote that is an order already is answered as it is; there are never two.";

fn send(cx: &mut Cx, id: QuoteId) -> Result<Quote> {
    let before = cx.load_for_update::<Quote>(id)?;
    let company = cx.find::<Company>(before.company_id)?;
    let party = cx.find::<Party>(before.party_id)?;
    let (today, ends) = (cx.today(&company), cx.end_of(&company, before.valid_until));
    let mut after = before.clone().send(today, ends, cx.now)?;
    print_names(cx, &mut after, &company, &party)?;
    let lines = kept(&after);
    price(cx, &mut after, lines)?;
    let link = link::link(cx, &after)?;
    if after.number.is_none() {
        after.number = Some(cx.number(company.id, "QUO", today)?);
    }
    let mut sent = store(cx, &before, after, "sent")?;
    sent.link = Some(link);
    Ok(sent)
}

fn accept(cx: &mut Cx, id: QuoteId, how: AcceptQuote) -> Result<Quote> {
    lock_deal_first(cx, id, how.win_opportunity)?;
    let before = cx.load_for_update::<Quote>(id)?;
    let answer = by_user(cx, true, how.name, how.email, None);
    let after = before.clone().answered(answer, how.customer_reference, cx.now)?;
    let after = store(cx, &before, after, "accepted")?;
    let wins = how.win_opportunity.unwrap_or(after.wins_opportunity);
    win_with(cx, after, wins)
}

fn reject(cx: &mut Cx, id: QuoteId, why: RejectQuote) -> Result<Quote> {
    let before = cx.load_for_update::<Quote>(id)?;
    let answer = by_user(cx, false, None, None, Some(why.reason));
    let after = before.clone().answered(answer, None, cx.now)?;
    store(cx, &before, after, "rejected")
}

fn by_user(cx: &Cx, accepted: bool, name: Option<String>, email: Option<String>, reason: Option<String>) -> QuoteAnswer {
    QuoteAnswer {
        accepted,
        at: cx.now,
        channel: AnswerChannel::User,
        name,
        email,
        reason,
        address: None,
        user_agent: None,
        user_id: cx.caller.user_id,
    }
}

/// Locks the opportunity that an acceptance wins before the quote is locked: whoever wins it otherwise locks it first, too.
pub(crate) fn lock_deal_first(cx: &mut Cx, id: QuoteId, wins: Option<bool>) -> Result<()> {
    let seen = cx.find::<Quote>(id)?;
    if let Some(deal) = seen.opportunity_id.filter(|_| wins.unwrap_or(seen.wins_opportunity)) {
        persistence::record::find_to_change::<Opportunity>(cx.db(), deal.uuid())?;
    }
    Ok(())
}

/// Wins the opportunity of an accepted quote. The acceptance is a fact: what stands against the win is written down.
pub(crate) fn win_with(cx: &mut Cx, accepted: Quote, wins: bool) -> Result<Quote> {
    let Some(deal) = accepted.opportunity_id.filter(|_| wins) else { return Ok(accepted) };
    let refused = match cx.savepoint(|cx| win_deal(cx, accepted.id, deal)) {
        Ok(()) => return cx.find::<Quote>(accepted.id),
        Err(p) if matches!(p.code().failure, Failure::Conflict | Failure::Invalid | Failure::NotFound) => p,
        Err(p) => return Err(p),
    };
    let told = format!("{} ({})", refused, refused.code().code).chars().take(500).collect();
    let after = Quote { win_problem: Some(told), ..accepted.clone() };
    store(cx, &accepted, after, "win_refused")
}

/// An open deal is won, which makes its accepted quote an order; the quote of one that is won already follows it.
fn win_deal(cx: &mut Cx, quote: QuoteId, deal: OpportunityId) -> Result<()> {
    if cx.find::<Opportunity>(deal)?.status == OpportunityStatus::Open {
        opportunities::win(cx, deal)?;
        return cx.run_reactions();
    }
    convert_now(cx, quote).map(drop)
}

fn revise(cx: &mut Cx, id: QuoteId, how: ReviseQuote) -> Result<Quote> {
    let before = cx.load_for_update::<Quote>(id)?;
    let company = cx.find::<Company>(before.company_id)?;
    let (today, now, next) = (cx.today(&company), cx.now, cx.new_id());
    let (old, new) = before.clone().revise(&how, next, || cx.new_id(), today, now)?;
    let made = cx.create_as(new, "revised")?;
    cx.insert_all(&made.lines)?;
    cx.save(&before, old, "superseded")?;
    cx.link(before.id, made.id, "revisions")?;
    Ok(made)
}

fn convert(cx: &mut Cx, id: QuoteId) -> Result<Quote> {
    let before = cx.load_for_update::<Quote>(id)?;
    if before.status == QuoteStatus::Converted { Ok(before) } else { convert_now(cx, id) }
}

/// Makes an order of an accepted quote; the back office hears of it before this is done.
fn convert_now(cx: &mut Cx, id: QuoteId) -> Result<Quote> {
    let before = cx.load_for_update::<Quote>(id)?;
    let after = before.clone().convert(cx.now)?;
    parties::make_customer(cx, after.party_id)?;
    store(cx, &before, after, "converted")?;
    cx.run_reactions()?;
    cx.find::<Quote>(id)
}

/// A deal was won: its accepted quote becomes the order. The front office hears of it first, and the back office finds the
/// order and drafts no other from the lines of the deal.
pub fn convert_with_deal(cx: &mut Cx, event: &Event) -> Result<()> {
    let Ok(deal) = event.subject.parse::<OpportunityId>() else { return Ok(()) };
    match rows::accepted_of(cx.db(), deal)? {
        Some(quote) => convert_now(cx, quote).map(drop),
        None => Ok(()),
    }
}

/// Whether the customer of a deal has a quote for it that still stands; stages may ask for one.
pub fn quoted(cx: &mut Cx, deal: OpportunityId) -> Result<bool> {
    let now = cx.now;
    Ok(rows::stands(cx.db(), deal, now)?)
}

/// Quotes whose validity is over.
pub fn overdue(cx: &mut Cx, limit: i64) -> Result<Vec<QuoteId>> {
    let now = cx.now;
    Ok(rows::overdue(cx.db(), now, limit)?)
}

/// Ends a quote whose validity is over. It is ended once, because it is locked and looked at again.
pub fn expire(cx: &mut Cx, id: QuoteId) -> Result<()> {
    let before = cx.load_for_update::<Quote>(id)?;
    match before.clone().expire(cx.now) {
        Some(after) => store(cx, &before, after, "expired").map(drop),
        None => Ok(()),
    }
}
