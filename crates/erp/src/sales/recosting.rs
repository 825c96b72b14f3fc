//! Documents follow the value ledger: when a movement has earlier or later goods costed anew, the deliveries, returns and
//! adjustments that moved them say what they cost now.

use std::collections::HashMap;

use domain::ids::{CustomerReturnId, DeliveryId, StockAdjustmentId};
use domain::sales::deliveries::Delivery;
use domain::sales::returns::CustomerReturn;
use persistence::inventory::valuation;
use persistence::sales::{deliveries, returns};
use platform::prelude::*;

use crate::inventory::adjustments;
use crate::inventory::ledger::may_have_corrected;

/// A document moved goods: those whose cost it corrected are told. What it costs itself it knows, but for returns, of which more
/// may come in.
pub fn follow(cx: &mut Cx, event: &Event) -> Result<()> {
    if !may_have_corrected(cx, &event.subject) {
        return Ok(());
    }
    let knows_its_own = event.kind != "customer_return.received";
    for document in valuation::corrected_by(cx.db(), &event.subject)? {
        if knows_its_own && document == event.subject {
            continue;
        }
        if let Ok(id) = document.parse::<DeliveryId>() {
            delivery(cx, id)?;
        } else if let Ok(id) = document.parse::<CustomerReturnId>() {
            customer_return(cx, id)?;
        } else if let Ok(id) = document.parse::<StockAdjustmentId>() {
            adjustments::revalue(cx, id)?;
        }
    }
    Ok(())
}

fn delivery(cx: &mut Cx, id: DeliveryId) -> Result<()> {
    let before = cx.load_late::<Delivery>(id)?;
    let worth = valuation::worth_of_lines(cx.db(), &id.to_string())?;
    let costs: HashMap<String, Amount> = worth.into_iter().map(|(line, amount)| (line, -amount)).collect();
    let after = before.clone().recost(&costs);
    deliveries::store_costs(cx.db(), &after.lines)?;
    cx.save(&before, after, "recosted")?;
    Ok(())
}

/// What came back costs something else, and so does what is said of it on the delivery.
fn customer_return(cx: &mut Cx, id: CustomerReturnId) -> Result<()> {
    let before = cx.load_late::<CustomerReturn>(id)?;
    let left_with = cx.load_late::<Delivery>(before.delivery_id)?;
    let costs: HashMap<String, Amount> = valuation::worth_of_lines(cx.db(), &id.to_string())?.into_iter().collect();
    let (mut after, mut delivery) = (before.clone(), left_with.clone());
    for line in &mut after.lines {
        let Some(cost) = costs.get(&line.id.to_string()).copied() else { continue };
        for of in delivery.lines.iter_mut().filter(|d| d.id == line.delivery_line_id) {
            of.cost_returned += cost - line.cost_amount;
        }
        line.cost_amount = cost;
    }
    after.cost_total = after.lines.iter().map(|l| l.cost_amount).sum();
    returns::store_progress(cx.db(), &after.lines)?;
    deliveries::store_returns(cx.db(), &delivery.lines)?;
    cx.save(&left_with, delivery, "recosted")?;
    cx.save(&before, after, "recosted")?;
    Ok(())
}
