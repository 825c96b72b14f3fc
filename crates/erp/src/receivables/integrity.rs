//! The proofs of what customers owe: checks that recompute it, and the calculations behind invoices and credit notes.

use domain::ids::{AccountId, CompanyId, CreditNoteId, InvoiceId, JournalEntryId, OpenItemId, PaymentId};
use domain::kernel::Id;
use domain::receivables::credit_notes::CreditNote;
use domain::receivables::invoices::lines::InvoiceLine;
use domain::receivables::invoices::{Invoice, OPENING_SERIES, SERIES};
use domain::tax::calculations::DocumentTax;
use domain::tax::engine::TaxComputation;
use persistence::accounting::integrity::count;
use persistence::receivables::integrity as stored;
use platform::questions::{Check, Explanation, Questions, id_in};

use platform::prelude::*;

pub fn questions(q: &mut Questions) {
    q.check(checks);
    q.numbered::<Invoice>(SERIES);
    q.numbered::<Invoice>(OPENING_SERIES);
    q.numbered::<CreditNote>("CN");
    q.explain(InvoiceId::PREFIX, invoice);
    q.explain(CreditNoteId::PREFIX, credit_note);
}

fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let only = &cx.only();
    let db = cx.db();
    let items = count(db, "open_items", only)?;
    let receivable = stored::receivables(db, only)?.into_iter().map(|(company, account, day, ledger, open)| {
        let (company, account) = (CompanyId::from_uuid(company), AccountId::from_uuid(account));
        format!("{company}, {account} on {day}: ledger {ledger}, open items {open}")
    });
    let receivable = receivable.collect();
    let broken = stored::items(db, only)?.into_iter();
    let broken = broken.map(|(id,)| format!("{} is not what its entries say", OpenItemId::from_uuid(id))).collect();
    let documents = count(db, "invoices", only)? + count(db, "credit_notes", only)?;
    let invoice = |(id, says, found): (uuid::Uuid, Amount, Amount)| format!("{} says {says}, found {found}", InvoiceId::from_uuid(id));
    let note = |(id, says, found): (uuid::Uuid, Amount, Amount)| format!("{} says {says}, found {found}", CreditNoteId::from_uuid(id));
    let payment = |(id, says, found): (uuid::Uuid, Amount, Amount)| format!("{} says {says}, found {found}", PaymentId::from_uuid(id));
    let mut totals: Vec<String> = stored::invoices(db, only)?.into_iter().map(invoice).collect();
    totals.extend(stored::credit_notes(db, only)?.into_iter().map(note));
    let mut settled: Vec<String> = stored::settled_invoices(db, only)?.into_iter().map(invoice).collect();
    settled.extend(stored::credited_invoices(db, only)?.into_iter().map(invoice));
    settled.extend(stored::used_credit_notes(db, only)?.into_iter().map(note));
    settled.extend(stored::used_payments(db, only)?.into_iter().map(payment));
    let taxed = stored::taxes(db, only)?.into_iter().map(|(what, id, says, found)| match what.as_str() {
        "invoice" => format!("{}: tax {says}, by code {found}", InvoiceId::from_uuid(id)),
        _ => format!("{}: tax {says}, by code {found}", CreditNoteId::from_uuid(id)),
    });
    let mut taxed: Vec<String> = taxed.collect();
    taxed.extend(stored::uncoded_taxes(db, only)?.into_iter().map(|(entry, account, amount)| {
        format!("{}: {amount} on {} without a tax code", JournalEntryId::from_uuid(entry), AccountId::from_uuid(account))
    }));
    Ok(vec![
        Check::of(
            "receivables",
            "The receivable accounts equal the open items of customers, account by account and day by day.",
            items,
            receivable,
        ),
        Check::of("open_items", "What is open of an item is the sum of its dated entries.", items, broken),
        Check::of("receivable_totals", "Invoices and credit notes are the sums of their lines, less the discount.", documents, totals),
        Check::of(
            "settlements",
            "What is open or left of invoices, credit notes and payments is what their allocations and credit notes leave.",
            documents,
            settled,
        ),
        Check::of(
            "taxes",
            "The tax of documents is posted by tax code, and nothing else is posted to accounts of taxes by documents.",
            documents,
            taxed,
        ),
    ])
}

fn taxes(of: &[DocumentTax]) -> Vec<Explanation> {
    of.iter()
        .map(|t| {
            let how = match t.computation {
                TaxComputation::Percent => "base × rate ÷ 100",
                TaxComputation::FixedPerUnit => "rate × quantity",
            };
            let inputs = vec![Explanation::given("base", t.base), Explanation::given("rate", t.rate)];
            let rule = format!("{how}, {}; rounded half away from zero to the minor unit", t.treatment);
            Explanation::of(format!("tax {}", t.code), t.amount, rule, inputs).at(t.tax_code_id)
        })
        .collect()
}

fn line(of: &InvoiceLine) -> Explanation {
    let inputs = vec![
        Explanation::given("quantity", of.quantity),
        Explanation::given("unit price", of.unit_price),
        Explanation::given("discount per cent", of.discount_percent),
    ];
    let price = "quantity × unit price × (100 − discount) ÷ 100, rounded half away from zero, less the taxes that the price contains";
    let mut parts = vec![Explanation::of("net", of.net, price, inputs)];
    parts.extend(taxes(&of.taxes));
    Explanation::of(
        format!("line {}: {}", of.position, of.description).chars().take(200).collect::<String>(),
        of.gross,
        "net and taxes",
        parts,
    )
    .at(of.id)
}

fn invoice(cx: &mut Cx, text: &str) -> Result<Explanation> {
    cx.require("receivables.invoices.read")?;
    let i = cx.find::<Invoice>(id_in::<InvoiceId>(text)?)?;
    let rounding = format!("sum over the lines; tax is rounded {}", i.rounding.to_string().replace('_', " "));
    let mut inputs = vec![
        Explanation::of("net", i.net, "sum of the nets of the lines", i.lines.iter().map(line).collect()),
        Explanation::of("tax", i.tax, rounding, taxes(&i.taxes)),
    ];
    let rate = vec![Explanation::given("total", i.total), Explanation::given("exchange rate", i.exchange_rate)];
    inputs.push(Explanation::of("total in company currency", i.total_company, "total × exchange rate, rounded half away from zero", rate));
    let open = vec![Explanation::given("total", i.total), Explanation::given("credited", i.credited)];
    inputs.push(Explanation::of(
        "outstanding",
        i.outstanding,
        "total less what payments, credit notes, discounts and write-offs settled",
        open,
    ));
    Ok(Explanation::of("total", i.total, "net plus tax", inputs).at(i.id))
}

fn credit_note(cx: &mut Cx, text: &str) -> Result<Explanation> {
    cx.require("receivables.credit_notes.read")?;
    let c = cx.find::<CreditNote>(id_in::<CreditNoteId>(text)?)?;
    let lines = c.lines.iter().map(|l| {
        let share = vec![Explanation::given("quantity", l.quantity)];
        let rule = "the part of the invoice line that is taken back; the last part takes what rounding left";
        Explanation::of(format!("line {}", l.position), l.net, rule, share).at(l.invoice_line_id)
    });
    let lines = lines.collect();
    let inputs = vec![
        Explanation::of("net", c.net, "sum of the lines", lines),
        Explanation::of("tax", c.tax, "the taxes of the invoice, at its rates, in proportion", taxes(&c.taxes)),
    ];
    Ok(Explanation::of("total", c.total, "net plus tax", inputs).at(c.id))
}
