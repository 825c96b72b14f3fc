//! Refunds of payments: paying back what of an incoming payment was not used, and taking that back again.

use domain::banking::payments::{Payment, PaymentDirection};
use domain::ids::PaymentId;
use domain::receivables::allocations::{Allocation, NewAllocation};
use domain::receivables::credit_notes::CreditNote;

use crate::receivables::settlement;
use crate::receivables::settlement::{Credit, Source};
use platform::prelude::*;

/// Settles as asked, also a refund with an incoming payment; the allocation, and how much of the source it used.
pub fn allocate(cx: &mut Cx, source: &Source, asked: &NewAllocation) -> Result<(Allocation, Amount)> {
    match (asked.invoice_id, asked.credit_note_id, asked.payment_id) {
        (None, None, Some(id)) if source.refund => pay_back(cx, source, asked, id),
        _ => settlement::allocate(cx, source, asked),
    }
}

/// What each target needs to be settled, in the order given. The targets are locked, in the order of their ids.
pub fn settles(cx: &mut Cx, source: &Source, asked: &[NewAllocation]) -> Result<Vec<Amount>> {
    let mut out = vec![Amount::ZERO; asked.len()];
    let mut order: Vec<usize> = (0..asked.len()).collect();
    order.sort_by_key(|i| (asked[*i].invoice_id, asked[*i].credit_note_id, asked[*i].payment_id));
    for i in order {
        let one = &asked[i];
        let found = if let Some(id) = one.invoice_id {
            settlement::settles(cx, source, one, id)
        } else if let Some(id) = one.credit_note_id {
            settlement::target::<CreditNote>(cx, "/credit_note_id", id).map(|n| n.unallocated)
        } else if let Some(id) = one.payment_id {
            settlement::target::<Payment>(cx, "/payment_id", id).map(|p| p.unallocated)
        } else {
            Ok(Amount::ZERO)
        };
        out[i] = found.map_err(|p| if p.errors().is_empty() { p } else { p.under(&format!("/allocate_to/{i}")) })?;
    }
    Ok(out)
}

fn pay_back(cx: &mut Cx, source: &Source, asked: &NewAllocation, id: PaymentId) -> Result<(Allocation, Amount)> {
    let before = settlement::target::<Payment>(cx, "/payment_id", id)?;
    let fits = before.company_id == source.company.id && before.direction == PaymentDirection::In;
    cx.ensure(fits, problems::unknown_reference, || "A refund pays back an incoming payment of the same company.".into())?;
    before.must_be_posted()?;
    let credit = Credit {
        document: id.to_string(),
        number: before.number.clone().unwrap_or_default(),
        party: before.party_id,
        currency: before.currency.clone(),
        rate: before.exchange_rate,
        date: before.payment_date,
        left: before.unallocated,
    };
    let row = Allocation { refunded_payment_id: Some(id), ..settlement::blank(cx, source, source.date) };
    let made = settlement::refund(cx, source, asked, &credit, row)?;
    let mut after = before.clone();
    after.allocations.push(made.clone());
    let after = after.settled(before.unallocated - made.amount);
    cx.save(&before, after, "refunded")?;
    let amount = made.amount;
    Ok((made, amount))
}

/// Gives the payment that a refund paid back what an allocation that is undone took of it; `undone` has the opposite sign.
pub fn release(cx: &mut Cx, undone: &Allocation) -> Result<()> {
    let Some(id) = undone.refunded_payment_id else { return Ok(()) };
    let before = cx.load_for_update::<Payment>(id)?;
    let mut after = before.clone();
    after.allocations.push(undone.clone());
    let after = after.settled(before.unallocated - undone.amount);
    cx.save(&before, after, "reopened")?;
    Ok(())
}
