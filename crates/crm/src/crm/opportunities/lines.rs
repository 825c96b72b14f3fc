//! Operations on the lines of opportunities. A line is written with its deal and has its version.

use domain::crm::opportunities::NOT_OPEN;
use domain::crm::opportunities::NewOpportunityLine;
use domain::crm::opportunities::Opportunity;
use domain::crm::opportunities::OpportunityLine;
use domain::crm::opportunities::OpportunityLineId;
use domain::crm::opportunities::OpportunityLinePatch;
use domain::crm::opportunities::lines::{EMPTY_LINE, NEGATIVE_PRICE, NO_QUANTITY, PRICE_MISSING, ProductFacts, TOO_MANY_LINES};
use domain::crm::percentages::NOT_A_PERCENTAGE;
use domain::crm::pipelines::Pipeline;
use domain::directory::products::{ARCHIVED, Product, ProductKind};
use domain::ids::{CompanyId, OpportunityId, ProductId};
use domain::inventory::stock::AvailabilityOf;
use platform::directory::units::check_whole;
use platform::prelude::*;

use super::{stage_of, store};

const REFUSALS: &[Code] = &[NOT_OPEN, NOT_A_PERCENTAGE, EMPTY_LINE, NO_QUANTITY, NEGATIVE_PRICE, PRICE_MISSING, TOO_MANY_LINES, ARCHIVED];

pub fn operations(n: &mut platform::table::Noun<'_, Opportunity>) {
    let mut p = n.part::<OpportunityLine>("lines");
    p.list_with(list, "List the lines of an opportunity. Lines of stocked products say how much is available now.")
        .filter(&["product_id"])
        .expand::<Product>("product", "product_id");
    p.create(create, "Add a line to an open opportunity, after the last one.").fails(REFUSALS);
    p.read_with(read, "Get a line of an opportunity.").expand::<Product>("product", "product_id");
    p.update(update, "Change a line of an open opportunity.").fails(REFUSALS);
    p.delete(delete, "Delete a line of an open opportunity.").fails(REFUSALS);
}

fn list(cx: &mut Cx, id: OpportunityId, mut list: List) -> Result<Page<OpportunityLine>> {
    let deal = cx.find::<Opportunity>(id)?;
    list.only("opportunity_id", id.uuid());
    let mut page = cx.page::<OpportunityLine>(list)?;
    page.data.iter_mut().for_each(|l| l.version = deal.version);
    fill_availability(cx, deal.company_id, &mut page.data)?;
    Ok(page)
}

fn read(cx: &mut Cx, id: OpportunityId, line: OpportunityLineId) -> Result<OpportunityLine> {
    let deal = cx.find::<Opportunity>(id)?;
    shown(cx, deal, line)
}

/// A line as it is answered: with what is available of its product.
fn shown(cx: &mut Cx, deal: Opportunity, line: OpportunityLineId) -> Result<OpportunityLine> {
    let mut found = [one(&deal, line)?];
    fill_availability(cx, deal.company_id, &mut found)?;
    let [found] = found;
    Ok(found)
}

fn create(cx: &mut Cx, id: OpportunityId, new: NewOpportunityLine) -> Result<OpportunityLine> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    before.must_be_open()?;
    before.room_for_a_line()?;
    let mut lines = before.lines.clone();
    let made = build_one(cx, id, new, lines.len(), &before.currency)?;
    let line = made.id;
    lines.push(made);
    let after = keep(cx, &before, lines)?;
    shown(cx, after, line)
}

fn update(cx: &mut Cx, id: OpportunityId, line: OpportunityLineId, patch: OpportunityLinePatch) -> Result<OpportunityLine> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    before.must_be_open()?;
    let changed = one(&before, line)?.change(patch, &before.currency)?;
    check_whole(cx, changed.product_id.map(|p| ("/quantity".to_string(), p, changed.quantity)))?;
    let lines = before.lines.iter().map(|l| if l.id == line { changed.clone() } else { l.clone() }).collect();
    let after = keep(cx, &before, lines)?;
    shown(cx, after, line)
}

fn delete(cx: &mut Cx, id: OpportunityId, line: OpportunityLineId) -> Result<()> {
    let before = cx.load_for_update::<Opportunity>(id)?;
    before.must_be_open()?;
    one(&before, line)?;
    let mut lines: Vec<OpportunityLine> = before.lines.iter().filter(|l| l.id != line).cloned().collect();
    for (i, line) in lines.iter_mut().enumerate() {
        line.position = place(i);
    }
    keep(cx, &before, lines).map(drop)
}

fn keep(cx: &mut Cx, before: &Opportunity, lines: Vec<OpportunityLine>) -> Result<Opportunity> {
    let pipeline = cx.find::<Pipeline>(before.pipeline_id)?;
    let after = before.clone().with_lines(lines, stage_of(&pipeline, before)?, cx.now)?;
    store(cx, before, after, &pipeline, "updated", None)
}

fn one(deal: &Opportunity, line: OpportunityLineId) -> Result<OpportunityLine> {
    let found = deal.lines.iter().find(|l| l.id == line).cloned();
    found.ok_or_else(|| problems::not_found.with(format!("There is no line {line} in this opportunity.")))
}

fn place(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX - 1) + 1
}

/// Builds the lines of a deal in their order; places of problems are relative to the list.
pub(crate) fn build(cx: &mut Cx, deal: OpportunityId, new: Vec<NewOpportunityLine>, currency: &str) -> Result<Vec<OpportunityLine>> {
    let ids: Vec<ProductId> = new.iter().filter_map(|l| l.product_id).collect();
    let products = if ids.is_empty() { Vec::new() } else { cx.find_all::<Product>(&ids)? };
    let mut out = Vec::with_capacity(new.len());
    for (i, line) in new.into_iter().enumerate() {
        let facts = facts_of(&products, line.product_id, currency);
        let built = facts.and_then(|facts| line.build(cx.new_id(), deal, place(i), facts, currency));
        out.push(built.map_err(|p| p.under(&format!("/{i}")))?);
    }
    let pieces: Vec<_> = out.iter().enumerate().filter_map(|(i, l)| Some((format!("/{i}/quantity"), l.product_id?, l.quantity))).collect();
    check_whole(cx, pieces)?;
    Ok(out)
}

fn build_one(cx: &mut Cx, deal: OpportunityId, new: NewOpportunityLine, index: usize, currency: &str) -> Result<OpportunityLine> {
    let products = match new.product_id {
        Some(id) => cx.find_all::<Product>(&[id])?,
        None => Vec::new(),
    };
    let facts = facts_of(&products, new.product_id, currency)?;
    check_whole(cx, new.product_id.map(|p| ("/quantity".to_string(), p, new.quantity)))?;
    new.build(cx.new_id(), deal, place(index), facts, currency)
}

fn facts_of(products: &[Product], id: Option<ProductId>, currency: &str) -> Result<Option<ProductFacts>> {
    let Some(id) = id else { return Ok(None) };
    let Some(product) = products.iter().find(|p| p.id == id) else {
        return Err(problems::unknown_reference.field("/product_id", format!("There is no product {id}.")));
    };
    if product.archived_at.is_some() {
        return Err(ARCHIVED.field("/product_id", format!("{} is archived.", product.sku)));
    }
    let price = product.sales_price.filter(|_| product.currency.as_deref() == Some(currency));
    Ok(Some(ProductFacts { name: product.name.clone(), price }))
}

/// Says on each line of a stocked product how much of it the company could promise now.
pub(crate) fn fill_availability(cx: &mut Cx, company: CompanyId, lines: &mut [OpportunityLine]) -> Result<()> {
    let ids: Vec<ProductId> = lines.iter().filter_map(|l| l.product_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let products = cx.find_all::<Product>(&ids)?;
    let stocked: Vec<ProductId> = products.iter().filter(|p| p.kind == ProductKind::Stocked).map(|p| p.id).collect();
    let found = cx.ask::<AvailabilityOf>((company, &stocked))?;
    for line in lines.iter_mut() {
        let stocked = line.product_id.filter(|id| stocked.contains(id));
        line.available = stocked.map(|id| found.iter().find(|a| a.product_id == id).map_or(Quantity::ZERO, |a| a.available));
    }
    Ok(())
}
