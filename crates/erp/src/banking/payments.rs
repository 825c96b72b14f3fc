//! Payments of customers and refunds to them: drafting, posting, and saying what they are for.

use domain::accounting::policies::{AccountingPolicy, SELF_APPROVAL_PAYMENT, is_self_approval, with_author};
use domain::accounting::posting::{AccountRef, Journal, ModuleClass, Posting, PostingLine, Role};
use domain::banking::payments as rules;
use domain::banking::payments::{NewPayment, Payment, PaymentDirection, PaymentPatch, PaymentStatus, ReversePayment};
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::directory::exchange_rates::NO_RATE;
use domain::directory::parties::{self, Party};
use domain::ids::{PartyId, PaymentId};
use domain::kernel::{Decimals, round};
use domain::receivables::allocations::{Allocation, NewAllocation, OTHER_CURRENCY, OTHER_PARTY, TOO_EARLY, Unallocate, standing};
use domain::receivables::credit_notes::CreditNote;
use domain::receivables::invoices::Invoice;
use domain::receivables::open_items::EntryCause;
use domain::receivables::settlement::{needs, take};
use persistence::receivables::open_items as stored;

use crate::accounting::posting;
use crate::banking::refunds;
use crate::receivables::invoices::exchange_rate;
use crate::receivables::open_items::ledger;
use crate::receivables::open_items::ledger::Opening;
use crate::receivables::settlement;
use crate::receivables::settlement::Source;
use domain::accounting::journal_entries::JournalEntry;
use platform::prelude::*;
use platform::questions::{Explanation, Questions, id_in};

const REFUSALS: &[Code] =
    &[rules::NOT_POSITIVE, currencies::UNKNOWN_CURRENCY, NO_RATE, parties::NOT_A_CUSTOMER, parties::ARCHIVED, OTHER_PARTY, OTHER_CURRENCY];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Payment>("banking/payments", "Money from customers, and back to them.");
    n.takes_tags();
    n.searched(Words::numbered(&["number", "reference"]));
    n.list("List payments.")
        .filter(&["status", "direction", "party_id", "number", "payment_date"])
        .search(&["number", "reference"])
        .sort(&["payment_date"])
        .expand::<Party>("party", "party_id")
        .figures(
            Figures::by(&["status", "direction", "method", "party_id", "currency", "company_id"])
                .money("currency", &["amount", "fee", "unallocated"])
                .company_money(&["amount_company"])
                .dates(&["payment_date", "created_at", "posted_at"]),
        );
    n.create(create, "Create a payment. It starts as a draft and may say which invoices it settles when it is posted.").fails(REFUSALS);
    n.bulk(create);
    n.read("Get a payment.").expand::<Party>("party", "party_id");
    n.update(update, "Change a draft payment.").fails(REFUSALS).fails(&[rules::NOT_A_DRAFT]);
    n.delete(delete, "Delete a draft payment.").fails(&[rules::NOT_A_DRAFT]);
    n.action("post", post, "Post a payment. Puts it into the books and settles what it says; the rest stays as open credit.")
        .fails(&[rules::NOT_A_DRAFT, rules::NOT_POSTED, SELF_APPROVAL_PAYMENT])
        .fails(posting::REFUSALS)
        .fails(settlement::REFUSALS);
    n.action_with(
        "allocate",
        allocate,
        "Use a payment for an invoice, wholly or in part. Early-payment discount and tolerance follow the payment terms; more than is open is refused.",
    )
    .fails(&[rules::NOT_POSTED, rules::NOTHING_LEFT])
    .fails(posting::REFUSALS)
    .fails(settlement::REFUSALS);
    n.action_with("unallocate", unallocate, "Take an allocation back. The invoice is open again and the money free.")
        .fails(&[rules::NOT_POSTED])
        .fails(posting::REFUSALS)
        .fails(settlement::REFUSALS);
    n.action_with(
        "reverse",
        reverse,
        "Reverse a payment, as when the bank returns it. Whatever it settled is open again, its entry is posted with the sides exchanged, and nothing of it is left.",
    )
    .fails(&[rules::NOT_POSTED, rules::REFUNDED, rules::NOT_POSITIVE])
    .fails(posting::REFUSALS)
    .fails(settlement::REFUSALS);
}

/// Drafts a payment.
pub fn create(cx: &mut Cx, new: NewPayment) -> Result<Payment> {
    let company = cx.company(new.company_id)?;
    let party = cx.refer_itself::<Party>("/party_id", new.party_id)?;
    check_payer(cx, &party)?;
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
        exchange_rate_agreed: new.exchange_rate.is_some(),
        amount: new.amount,
        fee: new.fee,
        amount_company: Amount::ZERO,
        unallocated: Amount::ZERO,
        allocate_to: new.allocate_to,
        allocations: Vec::new(),
        journal_entry_id: None,
        reversal_date: None,
        reversal_reason: None,
        reversal_entry_id: None,
        created_by: cx.caller.user_id,
        authors: cx.caller.user_id.into_iter().collect(),
        posted_at: None,
        metadata: new.metadata,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let payment = checked(cx, payment, &company)?;
    cx.create(payment)
}

/// Money is booked whoever it comes from or goes to: customers, also archived ones, and whoever was one.
fn check_payer(cx: &mut Cx, party: &Party) -> Result<()> {
    if party.merged_into.is_some() {
        return party.check_usable("/party_id");
    }
    let known = party.is_customer || stored::known(cx.db(), party.id.uuid())?;
    match known {
        true => Ok(()),
        false => Err(parties::NOT_A_CUSTOMER.field("/party_id", format!("{} is not a customer.", party.name))),
    }
}

fn checked(cx: &mut Cx, payment: Payment, company: &Company) -> Result<Payment> {
    currencies::check_money(payment.amount, &payment.currency, "/amount")?;
    currencies::check_money(payment.fee, &payment.currency, "/fee")?;
    let to = &payment.allocate_to;
    let invoices = cx.find_all::<Invoice>(&to.iter().filter_map(|a| a.invoice_id).collect::<Vec<_>>())?;
    let notes = cx.find_all::<CreditNote>(&to.iter().filter_map(|a| a.credit_note_id).collect::<Vec<_>>())?;
    let paid = cx.find_all::<Payment>(&to.iter().filter_map(|a| a.payment_id).collect::<Vec<_>>())?;
    for (i, a) in to.iter().enumerate() {
        let unknown = |field: &str, id: String| {
            problems::unknown_reference.field(format!("/allocate_to/{i}/{field}"), format!("There is no {id} in the company."))
        };
        // what is refused when it is posted is refused when it is said
        let suits = |field: &str, party: PartyId, currency: &str| {
            settlement::same((payment.party_id, &payment.currency), (party, currency))
                .map_err(|p| p.under(&format!("/allocate_to/{i}/{field}")))
        };
        if let Some(id) = a.invoice_id {
            let of = invoices.iter().find(|k| k.id == id && k.company_id == company.id);
            let of = of.ok_or_else(|| unknown("invoice_id", id.to_string()))?;
            suits("invoice_id", of.customer_id, &of.currency)?;
        }
        if let Some(id) = a.credit_note_id {
            let of = notes.iter().find(|k| k.id == id && k.company_id == company.id);
            let of = of.ok_or_else(|| unknown("credit_note_id", id.to_string()))?;
            suits("credit_note_id", of.customer_id, &of.currency)?;
        }
        if let Some(id) = a.payment_id {
            let of = paid.iter().find(|k| k.id == id && k.company_id == company.id && k.direction == PaymentDirection::In);
            let of = of.ok_or_else(|| unknown("payment_id", id.to_string()))?;
            suits("payment_id", of.party_id, &of.currency)?;
        }
        if let Some(amount) = a.amount {
            currencies::check_money(amount, &payment.currency, &format!("/allocate_to/{i}/amount"))?;
        }
        settlement::check_named(a, payment.direction == PaymentDirection::Out).map_err(|p| p.under(&format!("/allocate_to/{i}")))?;
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
    if rerated.is_some() || (redated && !before.exchange_rate_agreed) {
        after.exchange_rate = exchange_rate(cx, &company, &after.currency, after.payment_date, rerated)?;
        after.exchange_rate_agreed = rerated.is_some();
    }
    let mut after = checked(cx, after, &company)?;
    if !after.is_same_in_substance(&before) {
        after.authors = with_author(after.authors, cx.caller.user_id);
    }
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: PaymentId) -> Result<()> {
    let payment = cx.load_for_update::<Payment>(id)?;
    payment.must_be_draft()?;
    cx.remove(payment)
}

/// Who wrote an outgoing payment above the company's limit may not post it.
fn approve(cx: &mut Cx, payment: &Payment) -> Result<()> {
    if payment.direction == PaymentDirection::In {
        return Ok(());
    }
    let policy = cx.by::<AccountingPolicy>("company_id", payment.company_id.uuid())?.pop();
    let limit = policy.and_then(|p| p.payment_self_approval_limit);
    // what was drafted before authors were kept has at least its maker
    let authors = with_author(payment.authors.clone(), payment.created_by);
    let own = is_self_approval(cx.caller.user_id, &authors, payment.amount_company, limit);
    cx.ensure(!own, SELF_APPROVAL_PAYMENT, || {
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
        promised: Amount::ZERO,
        wanted: Amount::ZERO,
        refund: payment.direction == PaymentDirection::Out,
        targets: Default::default(),
    })
}

/// Posts a draft, takes its number and settles what it says.
pub fn post(cx: &mut Cx, id: PaymentId) -> Result<Payment> {
    let before = cx.load_for_update::<Payment>(id)?;
    before.must_be_draft()?;
    approve(cx, &before)?;
    let mut source = source(cx, &before, before.amount)?;
    let receivable = posting::account_of(cx, &source.company, Role::Receivable, before.payment_date)?;
    let posting = Posting {
        company_id: before.company_id,
        journal: Journal::Cash,
        class: ModuleClass::Ar,
        posting_date: before.payment_date,
        source: Some(id.to_string()),
        description: before.reference.clone().unwrap_or_else(|| "Payment".into()),
        currency: (before.currency != source.company.currency).then(|| (before.currency.clone(), before.exchange_rate)),
        lines: before.posting_lines(source.company.minor_units())?.into_iter().map(|l| l.booked(Role::Receivable, receivable)).collect(),
    };
    let entry = posting::post(cx, posting)?;
    let mut after = before.clone();
    after.journal_entry_id = entry.map(|e| e.id);
    // settling needs the items, and the number comes last
    ledger::open(cx, &Opening::payment(&before, "", receivable), &source.company)?;
    after.posted_at = Some(cx.now);
    let settles = refunds::settles(cx, &source, &before.allocate_to)?;
    let shares = needs(&before.allocate_to, &settles);
    for (i, (asked, (promised, wanted))) in before.allocate_to.iter().zip(shares).enumerate() {
        (source.promised, source.wanted) = (promised, wanted);
        let (made, used) = refunds::allocate(cx, &source, asked).map_err(|p| match p.errors().is_empty() {
            true => p,
            false => p.under(&format!("/allocate_to/{i}")),
        })?;
        source.available -= used;
        after.allocations.push(made);
    }
    let after = after.settled(source.available);
    cx.save_numbered(&before, after, "posted", (before.company_id, "PAY", before.payment_date), |cx, after, number| {
        stored::set_number(cx.db(), &id.to_string(), &number)?;
        after.number = Some(number);
        Ok(())
    })
}

fn allocate(cx: &mut Cx, id: PaymentId, asked: NewAllocation) -> Result<Payment> {
    let before = cx.load_for_update::<Payment>(id)?;
    before.must_have_left()?;
    if let Some(amount) = asked.amount {
        currencies::check_money(amount, &before.currency, "/amount")?;
    }
    let source = source(cx, &before, before.unallocated)?;
    let (made, used) = refunds::allocate(cx, &source, &asked)?;
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
    refunds::release(cx, &made)?;
    let mut after = before.clone();
    after.allocations.push(made);
    let after = after.settled(before.unallocated + freed);
    cx.save(&before, after, "unallocated")
}

/// Takes a payment back: what it settled is open again from that day on, and its own item closes.
fn reverse(cx: &mut Cx, id: PaymentId, how: ReversePayment) -> Result<Payment> {
    let before = cx.load_for_update::<Payment>(id)?;
    before.must_be_reversible()?;
    currencies::check_money(how.fee, &before.currency, "/fee")?;
    if how.fee.is_negative() {
        return Err(rules::NOT_POSITIVE.field("/fee", "A fee is not negative."));
    }
    let company = cx.company(before.company_id)?;
    let mut used: Vec<Allocation> = standing(&before.allocations).cloned().collect();
    used.sort_by_key(|a| (a.invoice_id, a.credit_note_id, a.id));
    let document = id.to_string();
    // before what happened to it last, less of it would be open than is taken back
    let first = stored::lock_of(cx.db(), &document)?.iter().map(|i| i.last_entry_date).max().unwrap_or(before.payment_date);
    let day = how.reversal_date.unwrap_or_else(|| cx.today(&company).max(first));
    if day < first {
        return Err(TOO_EARLY.field("/reversal_date", format!("The payment and what it was used for are of {first} at the latest.")));
    }
    let mut after = before.clone();
    for a in &used {
        let undone = settlement::turn_back(cx, &company, &document, a, day)?;
        refunds::release(cx, &undone)?;
        after.allocations.push(undone);
    }
    let mut own = stored::lock_of(cx.db(), &document)?;
    let changes = take(&mut own, before.amount, EntryCause::Reversal, company.minor_units())?;
    let mut lines = match before.journal_entry_id {
        None => Vec::new(),
        Some(entry) => cx.find::<JournalEntry>(entry)?.lines,
    }
    .into_iter()
    .map(|l| PostingLine::signed(AccountRef::Id(l.account_id), l.credit - l.debit).in_currency(-l.amount_currency))
    .collect::<Vec<_>>();
    let fee = Amount::exact(round(how.fee.get() * before.exchange_rate.get(), company.minor_units()))?;
    lines.push(PostingLine::debit(AccountRef::Role(Role::BankCharges, None), fee).in_currency(how.fee));
    let transit = if before.direction == PaymentDirection::In { Role::ReceiptsInTransit } else { Role::PaymentsInTransit };
    lines.push(PostingLine::credit(AccountRef::Role(transit, None), fee).in_currency(how.fee));
    let posting = Posting {
        company_id: company.id,
        journal: Journal::Cash,
        class: ModuleClass::Ar,
        posting_date: day,
        source: Some(document),
        description: format!("Reversal of {}: {}", before.number.clone().unwrap_or_default(), how.reason).chars().take(500).collect(),
        currency: (before.currency != company.currency).then(|| (before.currency.clone(), before.exchange_rate)),
        lines: lines.into_iter().map(|l| l.party(before.party_id)).collect(),
    };
    let entry = posting::post(cx, posting)?;
    ledger::change(cx, company.id, None, day, &changes)?;
    let after = after.reversed(day, how.reason, entry.map(|e| e.id));
    cx.save(&before, after, "reversed")
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
