//! The arithmetic of settling: how much an allocation settles, what early payment takes off, which open items change by
//! how much in both currencies, and what that means for the books. Pure; who may settle what is judged elsewhere.

use crate::kernel::Decimal;
use chrono::NaiveDate;

use crate::accounting::posting::{AccountRef, PostingLine, Role};
use crate::ids::{OpenItemId, PartyId, TaxCodeId};
use crate::kernel::{Amount, Decimals, Result, allocate, round};
use crate::receivables::allocations::OVER_ALLOCATED;
use crate::receivables::invoices::Invoice;
use crate::receivables::open_items::{EntryCause, OpenItem};
use crate::tax::engine::TaxComputation;

/// What early payment takes off: part net, part tax.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discount {
    /// Without tax.
    pub net: Amount,
    /// The taxes.
    pub taxes: Vec<(TaxCodeId, Amount)>,
}

impl Discount {
    pub fn total(&self) -> Amount {
        self.net + self.taxes.iter().map(|t| t.1).sum()
    }
}

/// The early-payment discount of an invoice as it stands: its percentage of the net and of every percentage tax, less
/// what was credited. Taxes per unit are not reduced.
fn early_discount(invoice: &Invoice, places: u32) -> Result<Discount> {
    let factor = invoice.discount_percent.get() / Decimal::ONE_HUNDRED * invoice.kept_part();
    let part = |a: Amount| Amount::exact(round(a.get() * factor, places));
    let percent = invoice.taxes.iter().filter(|t| t.computation == TaxComputation::Percent && !t.amount.is_zero());
    let taxes = percent.map(|t| Ok((t.tax_code_id, part(t.amount)?))).collect::<Result<_>>()?;
    Ok(Discount { net: part(invoice.net)?, taxes })
}

/// What one allocation does to an invoice.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How much.
    pub amount: Amount,
    pub discount: Discount,
    /// What is missing and let go.
    pub write_off: Amount,
    /// What is too much and kept.
    pub overpaid: Amount,
}

/// Decides what an allocation of `asked` (as much as possible when `None`) settles. `available` is what the payment or
/// credit note has left; `paid_on` is the day of a payment whose discount may be taken.
pub fn plan(invoice: &Invoice, asked: Option<Amount>, available: Amount, paid_on: Option<NaiveDate>, places: u32) -> Result<Plan> {
    let open = invoice.outstanding;
    let in_time = match (paid_on, invoice.discount_until_date) {
        (Some(paid), Some(until)) => paid <= until,
        _ => false,
    };
    let granted = if in_time { early_discount(invoice, places)? } else { Discount::default() };
    let least = open - granted.total().min(open);
    let amount = match asked {
        Some(a) => a,
        // Whoever pays exactly what is due after discount, or a little more, settles all of it.
        None => available.min(open),
    };
    if !amount.is_positive() || amount > available || amount > open {
        return Err(OVER_ALLOCATED.field("/amount", format!("{amount} is not between zero and the smaller of {available} and {open}.")));
    }
    let discount = if amount >= least { scaled(&granted, open - amount, places)? } else { Discount::default() };
    let rest = open - amount - discount.total();
    let forgiven = paid_on.is_some() && rest.is_positive() && rest <= invoice.tolerance;
    let extra = available - amount;
    let kept = paid_on.is_some() && rest.is_zero() && discount.total().is_zero() && extra.is_positive() && extra <= invoice.tolerance;
    Ok(Plan { amount, discount, write_off: if forgiven { rest } else { Amount::ZERO }, overpaid: if kept { extra } else { Amount::ZERO } })
}

/// A discount cut down to `total`, in the same proportions.
fn scaled(full: &Discount, total: Amount, places: u32) -> Result<Discount> {
    if total == full.total() {
        return Ok(full.clone());
    }
    let weights: Vec<Decimal> = std::iter::once(full.net).chain(full.taxes.iter().map(|t| t.1)).map(Amount::get).collect();
    let mut parts = allocate(total.get(), &weights, places).into_iter();
    let net = Amount::exact(parts.next().unwrap_or_default())?;
    let taxes = full.taxes.iter().zip(parts).map(|((id, _), p)| Ok((*id, Amount::exact(p)?))).collect::<Result<_>>()?;
    Ok(Discount { net, taxes })
}

/// A change of one open item, signed, in both currencies.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub item_id: OpenItemId,
    pub cause: EntryCause,
    /// How much.
    pub amount: Amount,
    pub amount_company: Amount,
}

/// Whether so much can be taken off an item from a day on: on no day since is less of it open. `entries` are its dated
/// changes summed by day, the first first.
pub fn open_since(entries: &[(NaiveDate, Amount)], day: NaiveDate, taken: Amount) -> bool {
    let (mut open, mut then, mut enough) = (Amount::ZERO, Amount::ZERO, true);
    for (date, amount) in entries {
        open += *amount;
        if *date <= day {
            then = open;
        } else {
            enough &= open.abs() >= taken.abs();
        }
    }
    enough && then.abs() >= taken.abs()
}

/// Takes `amount` (without sign) off the items in the order given, oldest due first, and notes it on them. The company's
/// part follows in proportion; the last part of an item takes what is left, so that it closes at zero in both currencies.
pub fn take(items: &mut [OpenItem], amount: Amount, cause: EntryCause, places: u32) -> Result<Vec<Change>> {
    let mut left = amount;
    let mut out = Vec::new();
    for item in items.iter_mut().filter(|i| !i.outstanding.is_zero()) {
        if left.is_zero() {
            break;
        }
        let open = item.outstanding.abs();
        let part = left.min(open);
        let company = if part == open {
            item.outstanding_company
        } else {
            Amount::exact(round(item.outstanding_company.get() * part.get() / open.get(), places))?
        };
        let signed = if item.outstanding.is_negative() { -part } else { part };
        item.outstanding -= signed;
        item.outstanding_company -= company;
        left -= part;
        out.push(Change { item_id: item.id, cause, amount: -signed, amount_company: -company });
    }
    if !left.is_zero() {
        return Err(OVER_ALLOCATED.with(format!("{left} more than what is open.")));
    }
    Ok(out)
}

/// What an allocation means for the ledger, and the realised gain in it.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// The lines.
    pub lines: Vec<PostingLine>,
    pub exchange_gain: Amount,
}

/// The entry that keeps the control account equal to the items after these changes: discount to 4110 and the tax
/// accounts, differences to 6600, what the rates moved to 7010 or 7020. At one rate there is no currency gain; a cent
/// left by rounding goes to the rounding account.
pub fn effect(
    changes: &[Change],
    discount: &Discount,
    tax_account: impl Fn(TaxCodeId) -> AccountRef,
    same_rate: bool,
    party: PartyId,
    places: u32,
) -> Result<Effect> {
    let of = |cause: EntryCause| changes.iter().filter(|c| c.cause == cause).map(|c| c.amount_company).sum::<Amount>();
    let role = |r| AccountRef::Role(r, None);
    let mut lines = Vec::new();
    let total: Amount = changes.iter().map(|c| c.amount_company).sum();
    lines.push(PostingLine::signed(role(Role::Receivable), total));
    let discounted = -of(EntryCause::Discount);
    let weights: Vec<Decimal> = std::iter::once(discount.net).chain(discount.taxes.iter().map(|t| t.1)).map(Amount::get).collect();
    let accounts = std::iter::once(role(Role::CashDiscounts)).chain(discount.taxes.iter().map(|t| tax_account(t.0)));
    if !discounted.is_zero() {
        for (account, part) in accounts.zip(allocate(discounted.get(), &weights, places)) {
            lines.push(PostingLine::signed(account, Amount::exact(part)?));
        }
    }
    lines.push(PostingLine::signed(role(Role::PaymentDifferences), -of(EntryCause::Tolerance)));
    let moved = of(EntryCause::Allocation);
    let gain = if same_rate { Amount::ZERO } else { moved };
    let against = match () {
        () if same_rate => Role::RoundingDifferences,
        () if moved.is_negative() => Role::RealisedLoss,
        () => Role::RealisedGain,
    };
    lines.push(PostingLine::signed(role(against), -moved));
    lines.retain(|l| !l.balance().is_zero());
    // Without any effect beyond the control account itself there is nothing to post.
    let lines = if lines.len() < 2 { Vec::new() } else { lines.into_iter().map(|l| l.party(party)).collect() };
    Ok(Effect { lines, exchange_gain: gain })
}

#[cfg(test)]
mod tests;
