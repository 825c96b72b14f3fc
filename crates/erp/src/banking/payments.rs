//! Payments of customers and refunds to them: drafting, posting, and saying what they are for.

use domain::accounting::policies::{AccountingPolicy, SELF_APPROVAL_PAYMENT};
use domain::accounting::posting::{Journal, ModuleClass, Posting};
use domain::banking::payments as rules;
use domain::banking::payments::{NewPayment, Payment, PaymentDirection, PaymentPatch, PaymentStatus};
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::directory::exchange_rates::NO_RATE;
use domain::directory::parties::{self, Party};
use domain::ids::PaymentId;
use domain::receivables::allocations::{Allocation, NewAllocation, Unallocate};
use domain::receivables::invoices::Invoice;

use crate::accounting::posting;
use crate::receivables::invoices::exchange_rate;
use crate::receivables::open_items::ledger;
use crate::receivables::open_items::ledger::Opening;
use crate::receivables::settlement;
use crate::receivables::settlement::Source;
use platform::prelude::*;
use platform::questions::{Explanation, Questions, id_in};

const REFUSALS: &[Code] =
    &[rules::NOT_POSITIVE, currencies::UNKNOWN_CURRENCY, NO_RATE, parties::NOT_A_CUSTOMER, parties::ARCHIVED, parties::BLOCKED];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Payment>("banking/payments", "Money from customers, and back to them.");
    n.list("List payments.")
        .filter(&["status", "direction", "party_id", "number", "payment_date"])
        .search(&["number", "reference"])
        .sort(&["payment_date"])
        .expand::<Party>("party", "party_id");
    n.create(create, "Create a payment. It starts as a draft and may say which invoices it settles when it is posted.").fails(REFUSALS);
    n.bulk(create);
    n.read("Get a payment.").expand::<Party>("party", "party_id");
    n.update(update, "Change a draft payment.").fails(REFUSALS).fails(&[rules::NOT_A_DRAFT]);
    n.delete(delete, "Delete a draft payment.").fails(&[rules::NOT_A_DRAFT]);
    n.action("post", post, "Post a payment. Puts it into the books and settles what it says; the rest stays as open credit.")
        .fails(&[rules::NOT_A_DRAFT, SELF_APPROVAL_PAYMENT])
        .fails(posting::REFUSALS)
        .fails(settlement::REFUSALS);
    n.action_with(
        "allocate",
        allocate,
        "Use a payment for an invoice, wholly or in part. Early-payment discount and tolerance follow the payment terms; more than is open is refused.",
    )
    .fails(&[rules::NOT_POSTED])
    .fails(posting::REFUSALS)
    .fails(settlement::REFUSALS);
    n.action_with("unallocate", unallocate, "Take an allocation back. The invoice is open again and the money free.")
        .fails(&[rules::NOT_POSTED])
        .fails(posting::REFUSALS)
        .fails(settlement::REFUSALS);
}

/// Drafts a payment.
pub fn create(cx: &mut Cx, new: NewPayment) -> Result<Payment> {
    let company = cx.company(new.company_id)?;
    let party = cx.refer::<Party>("/party_id", new.party_id)?;
    party.check_customer("/party_id")?;
    let date = new.payment_date.unwrap_or_else(|| cx.today(&company));
    let currency = new.currency.unwrap_or_else(|| company.currency.clone());
    let rate = exchange_rate(cx, &company, &currency, date, new.exchange_rate)?;
    let payment = Payment {
        id: cx.new_id(),
        company_id: company.id,
        number: None,
        status: PaymentStatus::Draft,
        direction: new.direction,
        party_id: party.id,
        payment_date: date,
        method: new.method,
        reference: new.reference,
        currency,
        exchange_rate: rate,
        amount: new.amount,
        fee: new.fee,
        amount_company: Amount::ZERO,
        unallocated: Amount::ZERO,
        allocate_to: new.allocate_to,
        allocations: Vec::new(),
        journal_entry_id: None,
        created_by: cx.caller.user_id,
        posted_at: None,
        metadata: new.metadata,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let payment = checked(cx, payment, &company)?;
    cx.create(payment)
}

fn checked(cx: &mut Cx, payment: Payment, company: &Company) -> Result<Payment> {
    currencies::check_money(payment.amount, &payment.currency, "/amount")?;
    currencies::check_money(payment.fee, &payment.currency, "/fee")?;
    let ids: Vec<_> = payment.allocate_to.iter().filter_map(|a| a.invoice_id).collect();
    let known = cx.find_all::<Invoice>(&ids)?;
    for (i, a) in payment.allocate_to.iter().enumerate() {
        if let Some(id) = a.invoice_id
            && !known.iter().any(|k| k.id == id && k.company_id == company.id)
        {
            return Err(problems::unknown_reference
                .field(format!("/allocate_to/{i}/invoice_id"), format!("There is no invoice {id} in the company.")));
        }
        if let Some(amount) = a.amount {
            currencies::check_money(amount, &payment.currency, &format!("/allocate_to/{i}/amount"))?;
        }
    }
    payment.check(company.minor_units())
}

fn update(cx: &mut Cx, id: PaymentId, patch: PaymentPatch) -> Result<Payment> {
    let before = cx.load_for_update::<Payment>(id)?;
    before.must_be_draft()?;
    let company = cx.company(before.company_id)?;
    let (rerated, redated) = (patch.exchange_rate, patch.payment_date.is_some());
    let mut after = before.clone();
    patch.apply(&mut after);
    if rerated.is_some() || redated {
        after.exchange_rate = exchange_rate(cx, &company, &after.currency, after.payment_date, rerated)?;
    }
    let after = checked(cx, after, &company)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: PaymentId) -> Result<()> {
    let payment = cx.load_for_update::<Payment>(id)?;
    payment.must_be_draft()?;
    cx.remove(payment)
}

/// Who made an outgoing payment above the company's limit may not post it.
fn approve(cx: &mut Cx, payment: &Payment) -> Result<()> {
    let policy = cx.by::<AccountingPolicy>("company_id", payment.company_id.uuid())?.pop();
    let limit = policy.and_then(|p| p.payment_self_approval_limit);
    let own = payment.created_by.is_some() && payment.created_by == cx.caller.user_id;
    let above = payment.direction == PaymentDirection::Out && limit.is_some_and(|l| payment.amount_company > l);
    cx.ensure(!(own && above), SELF_APPROVAL_PAYMENT, || {
        format!(
            "The payment of {} is above the limit of {}; somebody else has to post it.",
            payment.amount_company,
            limit.unwrap_or_default()
        )
    })
}

fn source(cx: &mut Cx, payment: &Payment, available: Amount) -> Result<Source> {
    Ok(Source {
        company: cx.company(payment.company_id)?,
        party: payment.party_id,
        document: payment.id.to_string(),
        payment: Some(payment.id),
        credit_note: None,
        currency: payment.currency.clone(),
        rate: payment.exchange_rate,
        date: payment.payment_date,
        available,
        refund: payment.direction == PaymentDirection::Out,
    })
}

/// Posts a draft, takes its number and settles what it says.
pub fn post(cx: &mut Cx, id: PaymentId) -> Result<Payment> {
    let before = cx.load_for_update::<Payment>(id)?;
    before.must_be_draft()?;
    approve(cx, &before)?;
    let mut source = source(cx, &before, before.amount)?;
    let posting = Posting {
        company_id: before.company_id,
        journal: Journal::Cash,
        class: ModuleClass::Ar,
        posting_date: before.payment_date,
        source: Some(id.to_string()),
        description: before.reference.clone().unwrap_or_else(|| "Payment".into()),
        currency: (before.currency != source.company.currency).then(|| (before.currency.clone(), before.exchange_rate)),
        lines: before.posting_lines(source.company.minor_units())?,
    };
    let entry = posting::post(cx, posting)?;
    let mut after = before.clone();
    after.journal_entry_id = entry.map(|e| e.id);
    let number = cx.number(before.company_id, "PAY", before.payment_date)?;
    ledger::open(cx, &Opening::payment(&before, &number), &source.company)?;
    after.number = Some(number);
    after.posted_at = Some(cx.now);
    let mut planned: Vec<(usize, &NewAllocation)> = before.allocate_to.iter().enumerate().collect();
    planned.sort_by_key(|(_, a)| (a.invoice_id, a.credit_note_id));
    for (i, asked) in planned {
        let (made, used) = settlement::allocate(cx, &source, asked).map_err(|p| match p.errors().is_empty() {
            true => p,
            false => p.under(&format!("/allocate_to/{i}")),
        })?;
        source.available -= used;
        after.allocations.push(made);
    }
    let after = after.settled(source.available);
    cx.save(&before, after, "posted")
}

fn allocate(cx: &mut Cx, id: PaymentId, asked: NewAllocation) -> Result<Payment> {
    let before = cx.load_for_update::<Payment>(id)?;
    before.must_be_posted()?;
    if let Some(amount) = asked.amount {
        currencies::check_money(amount, &before.currency, "/amount")?;
    }
    let source = source(cx, &before, before.unallocated)?;
    let (made, used) = settlement::allocate(cx, &source, &asked)?;
    let mut after = before.clone();
    after.allocations.push(made);
    let after = after.settled(before.unallocated - used);
    cx.save(&before, after, "allocated")
}

fn unallocate(cx: &mut Cx, id: PaymentId, asked: Unallocate) -> Result<Payment> {
    let before = cx.load_for_update::<Payment>(id)?;
    before.must_be_posted()?;
    let source = source(cx, &before, before.unallocated)?;
    let (made, freed): (Allocation, Amount) = settlement::undo(cx, &source, &asked)?;
    let mut after = before.clone();
    after.allocations.push(made);
    let after = after.settled(before.unallocated + freed);
    cx.save(&before, after, "unallocated")
}

/// What payments answer to the others.
pub fn questions(q: &mut Questions) {
    q.numbered::<Payment>("PAY");
    q.explain(PaymentId::PREFIX, explain);
}

fn explain(cx: &mut Cx, text: &str) -> Result<Explanation> {
    cx.require("banking.payments.read")?;
    let p = cx.find::<Payment>(id_in::<PaymentId>(text)?)?;
    let mut inputs = vec![Explanation::given("amount", p.amount)];
    for a in &p.allocations {
        let parts = vec![
            Explanation::given("discount", a.discount),
            Explanation::given("write-off", a.write_off),
            Explanation::given("overpaid", a.overpaid),
            Explanation::given("exchange gain", a.exchange_gain),
        ];
        let on = format!("allocated on {}; negative when it undoes another", a.effective_date);
        let to = a.invoice_id.map(|i| i.to_string()).or(a.credit_note_id.map(|c| c.to_string())).unwrap_or_default();
        inputs.push(Explanation::of(format!("allocation to {to}"), a.amount, on, parts).at(a.id));
    }
    Ok(Explanation::of("unallocated", p.unallocated, "amount less allocations and overpayments kept", inputs).at(p.id))
}
