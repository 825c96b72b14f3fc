//! Operations on payment terms, and those that a new company starts with.

use domain::ids::PaymentTermId;
use domain::receivables::payment_terms::{self, NewPaymentTerm, PaymentTerm, PaymentTermPatch, TermInstalment};

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<PaymentTerm>("receivables/payment-terms", "When invoices are due, in how many parts, and what early payment is worth.");
    n.list("List payment terms.").filter(&["code", "archived"]).search(&["code", "name"]).sort(&["code"]);
    n.create(create, "Create a payment term.").fails(&[payment_terms::NOT_A_HUNDRED, payment_terms::BAD_DISCOUNT]);
    n.read("Get a payment term.");
    n.update(update, "Change a payment term. Posted invoices keep the schedule they were posted with.")
        .fails(&[payment_terms::NOT_A_HUNDRED, payment_terms::BAD_DISCOUNT]);
    n.delete(delete, "Delete a payment term that was never used.");
}

fn create(cx: &mut Cx, new: NewPaymentTerm) -> Result<PaymentTerm> {
    cx.company(new.company_id)?;
    let term = PaymentTerm::new(cx.new_id(), new, cx.now)?;
    cx.create(term)
}

fn update(cx: &mut Cx, id: PaymentTermId, patch: PaymentTermPatch) -> Result<PaymentTerm> {
    let before = cx.load_for_update::<PaymentTerm>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    after.check()?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: PaymentTermId) -> Result<()> {
    let term = cx.load_for_update::<PaymentTerm>(id)?;
    cx.remove(term)
}

/// Hears `company.created` and gives the company its first payment terms.
pub fn seed(cx: &mut Cx, event: &Event) -> Result<()> {
    let Some(company_id) = event.company else { return Ok(()) };
    let term = |cx: &Cx, code: &str, name: &str, days, discount: i32, discount_days| PaymentTerm {
        id: cx.new_id(),
        company_id,
        code: code.into(),
        name: name.into(),
        instalments: vec![TermInstalment::net(days)],
        discount_percent: Rate::from(discount),
        discount_days,
        tolerance: Amount::ZERO,
        archived: false,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let halves = [30, 60].map(|days| TermInstalment { percent: Rate::from(50), ..TermInstalment::net(days) });
    let halves = PaymentTerm { instalments: halves.into(), ..term(cx, "HALF-30-60", "Half after 30 days, half after 60", 0, 0, 0) };
    let all = [
        term(cx, "NOW", "At once", 0, 0, 0),
        term(cx, "NET30", "Net 30 days", 30, 0, 0),
        term(cx, "2-10-NET30", "2 % within 10 days, net 30 days", 30, 2, 10),
        halves,
    ];
    cx.insert_all(&all)
}
