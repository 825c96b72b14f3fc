//! The arithmetic of settling: how much an allocation settles, what early payment takes off, which open items change by
//! how much in both currencies, and what that means for the books. Pure; who may settle what is judged elsewhere.

use crate::kernel::Decimal;
use chrono::NaiveDate;

use crate::accounting::posting::{AccountRef, PostingLine, Role};
use crate::ids::{OpenItemId, PartyId, TaxCodeId};
use crate::kernel::{Amount, Decimals, Result, allocate, round};
use crate::receivables::allocations::{Allocation, NewAllocation, OVER_ALLOCATED};
use crate::receivables::composition::Composition;
use crate::receivables::invoices::Invoice;
use crate::receivables::open_items::{EntryCause, OpenItem};
use crate::receivables::parts::{Both, Parts};
use crate::tax::engine::TaxComputation;

/// What early payment takes off: part net, part tax.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discount {
    /// Amount before tax.
    pub net: Amount,
    /// The taxes.
    pub taxes: Vec<(TaxCodeId, Amount)>,
}

impl Discount {
    pub fn total(&self) -> Amount {
        self.net + self.taxes.iter().map(|t| t.1).sum()
    }
}

/// Whether a payment of this day is in time for the early-payment discount of the invoice.
pub fn in_time(invoice: &Invoice, paid_on: Option<NaiveDate>) -> bool {
    matches!((paid_on, invoice.discount_until_date), (Some(paid), Some(until)) if paid <= until) && invoice.discount_percent.is_positive()
}

/// The early-payment discount of an invoice as it stands: its percentage of what was not credited, net and each percentage
/// tax by itself, less what was given already. Taxes per unit are not reduced.
pub fn early_discount(invoice: &Invoice, of: &Composition, places: u32) -> Result<Discount> {
    let factor = invoice.discount_percent.get() / Decimal::ONE_HUNDRED;
    let part = |sold: Amount, given: Amount| -> Result<Amount> {
        Ok((Amount::exact(round(sold.get() * factor, places))? - given).max(Amount::ZERO))
    };
    let percent = invoice.taxes.iter().filter(|t| t.computation == TaxComputation::Percent && !t.amount.is_zero());
    let taxes = percent.map(|t| Ok((t.tax_code_id, part(of.sold.tax(t.tax_code_id).amount, of.given.tax(t.tax_code_id).amount)?)));
    Ok(Discount { net: part(of.sold.net.amount, of.given.net.amount)?, taxes: taxes.collect::<Result<_>>()? })
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

/// What an invoice can be settled with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Means {
    /// What the payment or credit note has left.
    pub available: Amount,
    /// What of it others get by a stated amount.
    pub promised: Amount,
    /// What of it others need to be settled, without a stated amount.
    pub wanted: Amount,
    /// It is money, so small differences are let go and kept.
    pub money: bool,
    /// Nothing else of the customer is open, so that what is a little too much has no other use.
    pub last: bool,
}

/// The least that settles the invoice, when this discount is granted.
pub fn least(invoice: &Invoice, granted: &Discount) -> Amount {
    invoice.outstanding - granted.total().min(invoice.outstanding)
}

/// What the allocations of a payment need: stated amounts, or what settles the invoice. For each: what is promised to the
/// others that come after it, and what they want.
pub fn needs(asked: &[NewAllocation], settles: &[Amount]) -> Vec<(Amount, Amount)> {
    let mut out = Vec::with_capacity(asked.len());
    let (mut promised, mut wanted) = (Amount::ZERO, Amount::ZERO);
    for (a, settles) in asked.iter().zip(settles).rev() {
        out.push((promised, wanted));
        match a.amount {
            Some(amount) => promised += amount,
            None => wanted += *settles,
        }
    }
    out.reverse();
    out
}

/// Decides what an allocation of `asked` (as much as possible when `None`) settles. `granted` is the early-payment discount
/// that may be taken.
pub fn plan(invoice: &Invoice, asked: Option<Amount>, means: &Means, granted: &Discount, places: u32) -> Result<Plan> {
    let open = invoice.outstanding;
    let least = least(invoice, granted);
    let free = means.available - means.promised;
    // Whoever pays exactly what is due after discount, or a little more, settles all of it.
    let amount = asked.unwrap_or_else(|| (free - means.wanted).max(least).min(open).min(free));
    if !amount.is_positive() || amount > means.available || amount > open {
        let most = means.available.min(open);
        return Err(OVER_ALLOCATED
            .field("/amount", format!("{amount} is not between zero and {most}, the smaller of what is left and what is open.")));
    }
    let discount = if amount >= least { scaled(granted, open - amount, places)? } else { Discount::default() };
    let rest = open - amount - discount.total();
    let spare = free - means.wanted - amount;
    let forgiven = means.money && rest.is_positive() && rest <= invoice.tolerance && !spare.is_positive();
    let kept =
        means.money && means.last && rest.is_zero() && discount.total().is_zero() && spare.is_positive() && spare <= invoice.tolerance;
    Ok(Plan { amount, discount, write_off: if forgiven { rest } else { Amount::ZERO }, overpaid: if kept { spare } else { Amount::ZERO } })
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
    /// The discount in both currencies, as it was posted.
    pub discount: Parts,
}

/// The entry that keeps the control account equal to the items after these changes: discount to 4110 and the tax
/// accounts, differences to 6600, what the rates moved to 7010 or 7020. At one rate there is no currency gain; a cent
/// left by rounding goes to the rounding account. Each item is settled on the account where it is booked.
pub fn effect(
    changes: &[Change],
    discount: &Discount,
    booked_on: impl Fn(OpenItemId) -> AccountRef,
    tax_account: impl Fn(TaxCodeId) -> AccountRef,
    same_rate: bool,
    party: PartyId,
    places: u32,
) -> Result<Effect> {
    let of = |cause: EntryCause| changes.iter().filter(|c| c.cause == cause).map(|c| c.amount_company).sum::<Amount>();
    let role = |r| AccountRef::Role(r, None);
    let mut lines: Vec<PostingLine> = Vec::new();
    for (account, amount) in by_account(changes, booked_on) {
        lines.push(PostingLine::signed(account, amount));
    }
    let discounted = -of(EntryCause::Discount);
    let weights: Vec<Decimal> = std::iter::once(discount.net).chain(discount.taxes.iter().map(|t| t.1)).map(Amount::get).collect();
    let mut given = Parts::default();
    if !discounted.is_zero() {
        let mut shares = allocate(discounted.get(), &weights, places).into_iter();
        let company = Amount::exact(shares.next().unwrap_or_default())?;
        given.net = Both { amount: discount.net, company };
        lines.push(PostingLine::signed(role(Role::CashDiscounts), company));
        for ((code, amount), share) in discount.taxes.iter().zip(shares) {
            let company = Amount::exact(share)?;
            given.taxes.insert(*code, Both { amount: *amount, company });
            lines.push(PostingLine::signed(tax_account(*code), company).tax_code(*code));
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
    Ok(Effect { lines, exchange_gain: gain, discount: given })
}

/// The sums of changes by the account where their items are booked, in the order of their first appearance.
pub fn by_account(changes: &[Change], booked_on: impl Fn(OpenItemId) -> AccountRef) -> Vec<(AccountRef, Amount)> {
    let mut out: Vec<(AccountRef, Amount)> = Vec::new();
    for c in changes {
        let account = booked_on(c.item_id);
        match out.iter_mut().find(|o| o.0 == account) {
            Some(o) => o.1 += c.amount_company,
            None => out.push((account, c.amount_company)),
        }
    }
    out
}

/// What undoing an allocation gives back of its discount: all of it, but for what credit notes took back since, which the
/// customer was credited less.
pub fn discount_undone(original: &Allocation, of: &Composition) -> Parts {
    original.discount_parts().at_most(&of.given)
}

/// The changes that undo those of an allocation, of the discount only as much as `undone`; the last of them take what stays.
pub fn turned(changes: Vec<Change>, original: &Parts, undone: &Parts) -> Vec<Change> {
    let (all, undone) = (original.total(), undone.total());
    let (mut stays, mut stays_company) = (all.amount - undone.amount, all.company - undone.company);
    let mut out: Vec<Change> = changes
        .into_iter()
        .rev()
        .map(|c| {
            let mut back = Change { amount: -c.amount, amount_company: -c.amount_company, ..c };
            if back.cause == EntryCause::Discount {
                let (part, company) = (stays.min(back.amount), stays_company.min(back.amount_company));
                back.amount -= part;
                back.amount_company -= company;
                stays -= part;
                stays_company -= company;
            }
            back
        })
        .collect();
    out.reverse();
    out
}

#[cfg(test)]
mod tests;
