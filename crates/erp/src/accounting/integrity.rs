//! The proofs of the books: checks that recompute them, and the calculation behind a figure.

use domain::accounting::journal_entries::JournalEntry;
use domain::banking::payments::Payment;
use domain::ids::{CreditNoteId, InvoiceId, JournalEntryId, JournalLineId, PaymentId};
use domain::kernel::Id;
use domain::receivables::credit_notes::CreditNote;
use domain::receivables::invoices::Invoice;
use domain::receivables::invoices::lines::{DocumentTax, InvoiceLine};
use domain::tax::engine::TaxComputation;
use persistence::accounting::integrity as stored;
use platform::questions::{Check, Explanation, Questions};

use platform::prelude::*;

pub fn questions(q: &mut Questions) {
    q.check(checks);
    q.numbered::<Invoice>("INV");
    q.numbered::<CreditNote>("CN");
    q.numbered::<Payment>("PAY");
    for series in ["GJ", "SJ", "PJ", "CJ", "IJ", "YJ"] {
        q.numbered::<JournalEntry>(series);
    }
    q.explain(InvoiceId::PREFIX, invoice);
    q.explain(CreditNoteId::PREFIX, credit_note);
    q.explain(PaymentId::PREFIX, payment);
    q.explain(JournalEntryId::PREFIX, journal_entry);
}

fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let db = cx.db();
    let entries = stored::count(db, "journal_entries")?;
    let lines = stored::count(db, "journal_lines")?;
    let items = stored::count(db, "open_items")?;
    let company = |id| domain::ids::CompanyId::from_uuid(id);
    let unbalanced = stored::unbalanced(db)?.into_iter();
    let unbalanced = unbalanced.map(|(id, n, by)| format!("{} has {n} lines and differs by {by}", JournalEntryId::from_uuid(id))).collect();
    let trial = stored::trial_balance(db)?.into_iter().map(|(c, by)| format!("{} differs by {by}", company(c))).collect();
    let running = stored::balances(db)?.into_iter().map(|(account, month, d, c)| {
        let account = domain::ids::AccountId::from_uuid(account);
        format!("{account} in {month}: debits differ by {d}, credits by {c}")
    });
    let running = running.collect();
    let receivable = stored::receivables(db)?.into_iter().filter(|(_, ledger, open)| ledger != open);
    let receivable = receivable.map(|(c, ledger, open)| format!("{}: ledger {ledger}, open items {open}", company(c))).collect();
    let broken = stored::items(db)?.into_iter();
    let broken = broken.map(|(id,)| format!("{} is not what its entries say", domain::ids::OpenItemId::from_uuid(id))).collect();
    Ok(vec![
        Check::of(
            "journal_entries_balance",
            "Every posted entry has at least two lines and its debits equal its credits; a draft is not in the ledger.",
            entries,
            unbalanced,
        ),
        Check::of("trial_balance", "All debits of a company equal all its credits.", lines, trial),
        Check::of("account_balances", "The running balance of every account and month is the sum of its lines.", lines, running),
        Check::of("receivables", "The receivable accounts equal the open items of customers.", items, receivable),
        Check::of("open_items", "What is open of an item is the sum of its dated entries.", items, broken),
    ])
}

fn id<I: Id>(text: &str) -> Result<I> {
    text.parse().map_err(|_| problems::not_found.with(format!("There is nothing with the id {text}.")))
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
    cx.demand("receivables.invoices.read")?;
    let i = cx.find::<Invoice>(id::<InvoiceId>(text)?)?;
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
    cx.demand("receivables.credit_notes.read")?;
    let c = cx.find::<CreditNote>(id::<CreditNoteId>(text)?)?;
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

fn payment(cx: &mut Cx, text: &str) -> Result<Explanation> {
    cx.demand("banking.payments.read")?;
    let p = cx.find::<Payment>(id::<PaymentId>(text)?)?;
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

fn journal_entry(cx: &mut Cx, text: &str) -> Result<Explanation> {
    cx.demand("accounting.journal_entries.read")?;
    let e = cx.find::<JournalEntry>(id::<JournalEntryId>(text)?)?;
    let why = match &e.source {
        Some(source) => {
            format!("sum of the debits, which equals the sum of the credits; posted by {source}, accounts by account determination")
        }
        None => "sum of the debits, which equals the sum of the credits; entered by hand".to_string(),
    };
    let lines = e.lines.iter().map(|l| {
        let side = if l.debit.is_zero() { "credit" } else { "debit" };
        let inputs = vec![
            Explanation::given(format!("amount in {}", l.currency), l.amount_currency),
            Explanation::given("exchange rate", l.exchange_rate),
        ];
        let id: JournalLineId = l.id;
        Explanation::of(
            side,
            if l.debit.is_zero() { l.credit } else { l.debit },
            "amount × exchange rate, rounded half away from zero",
            inputs,
        )
        .at(id)
    });
    let lines = lines.collect();
    Ok(Explanation::of("total", e.total, why, lines).at(e.id))
}
