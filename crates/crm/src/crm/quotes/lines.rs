//! Operations on the lines of quotes. A line is written with its quote and has its version.

use domain::crm::quotes::steps::NOT_A_DRAFT;
use domain::crm::quotes::*;
use domain::directory::products::Product;
use domain::ids::QuoteId;
use platform::prelude::*;
use platform::table::Noun;

use super::{PRICE_REFUSALS, fresh, kept, price, store};

pub fn operations(n: &mut Noun<Quote>) {
    let mut p = n.part::<QuoteLine>("lines");
    p.list_with(list, "List the lines of a quote.").filter(&["product_id"]).expand::<Product>("product", "product_id");
    p.create(create, "Add a line to a draft, after the last one.").fails(&[NOT_A_DRAFT]).fails(PRICE_REFUSALS);
    p.read_with(read, "Get a line of a quote.").expand::<Product>("product", "product_id");
    p.update(update, "Change a line of a draft.").fails(&[NOT_A_DRAFT]).fails(PRICE_REFUSALS);
    p.delete(delete, "Take a line off a draft. Later lines move up.").fails(&[NOT_A_DRAFT]).fails(PRICE_REFUSALS);
}

fn list(cx: &mut Cx, id: QuoteId, mut list: List) -> Result<Page<QuoteLine>> {
    let quote = cx.find::<Quote>(id)?;
    list.only("quote_id", id.uuid());
    let mut page = cx.page::<QuoteLine>(list)?;
    page.data.iter_mut().for_each(|l| l.version = quote.version);
    Ok(page)
}

fn read(cx: &mut Cx, id: QuoteId, line: QuoteLineId) -> Result<QuoteLine> {
    of(&cx.find::<Quote>(id)?, line).cloned()
}

fn of(quote: &Quote, line: QuoteLineId) -> Result<&QuoteLine> {
    let found = quote.lines.iter().find(|l| l.id == line);
    found.ok_or_else(|| problems::not_found.with(format!("The quote has no line {line}.")))
}

fn create(cx: &mut Cx, id: QuoteId, new: NewQuoteLine) -> Result<QuoteLine> {
    let before = cx.load_for_update::<Quote>(id)?;
    before.must_be_draft()?;
    let mut wanted = kept(&before);
    let at = format!("/lines/{}", wanted.len());
    wanted.extend(fresh(cx, vec![new]));
    let added = wanted.last().map(|w| w.0);
    let after = priced(cx, &before, wanted, &at)?;
    added.and_then(|id| after.lines.iter().find(|l| l.id == id).cloned()).ok_or_else(|| problems::internal.into())
}

fn update(cx: &mut Cx, id: QuoteId, line: QuoteLineId, patch: QuoteLinePatch) -> Result<QuoteLine> {
    let mut before = cx.load_for_update::<Quote>(id)?;
    of(&before, line)?;
    before.must_be_draft()?;
    let unchanged = before.clone();
    let at = before.lines.iter().position(|l| l.id == line).unwrap_or_default();
    patch.apply(&mut before.lines[at]);
    let after = priced(cx, &unchanged, kept(&before), &format!("/lines/{at}"))?;
    of(&after, line).cloned()
}

fn delete(cx: &mut Cx, id: QuoteId, line: QuoteLineId) -> Result<()> {
    let before = cx.load_for_update::<Quote>(id)?;
    of(&before, line)?;
    before.must_be_draft()?;
    let wanted = kept(&before).into_iter().filter(|w| w.0 != line).collect();
    priced(cx, &before, wanted, "/lines").map(drop)
}

/// The quote with these lines. `at` is where the line of the body stands among them.
fn priced(cx: &mut Cx, before: &Quote, wanted: super::Wanted, at: &str) -> Result<Quote> {
    let mut after = before.clone();
    price(cx, &mut after, wanted).map_err(|p| p.out_of(at))?;
    store(cx, before, after, "updated")
}
