//! Rows of invoices and their lines.

use std::collections::HashMap;

use domain::ids::InvoiceId;
use domain::kernel::Id;
use domain::receivables::invoices::Invoice;
use domain::receivables::invoices::lines::InvoiceLine;
use uuid::Uuid;

use crate::personal::{Personal, To, by, kept, object};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, Value, record};

crate::record! {
    invoices: Invoice {
        id: uid, company_id: uid, number: opt(text), status: word, customer_id: uid, customer_name: text,
        customer_tax_id: opt(text), billing_address: opt(json), reference: opt(text), order_id: opt(text), currency: text,
        exchange_rate: rate, exchange_rate_agreed: bool, invoice_date: date, opening_date: opt(date), payment_term_id: opt(uid), payment_terms_days: opt(small), due_date: opt(date), discount_until_date: opt(date),
        discount_percent: rate, tolerance: amount, rounding: word, prices_include_tax: bool, taxes: json, instalments: json,
        net: amount, tax: amount, total: amount, total_company: amount, outstanding: amount, credited: amount, written_off: amount,
        journal_entry_id: opt(uid), created_by: opt(uid), posted_at: opt(instant), metadata: json, version: int,
        created_at: instant, updated_at: instant,
    }
    unstored { lines }
    complete = complete
}

crate::record! {
    invoice_lines: InvoiceLine {
        id: uid, company_id: uid, invoice_id: uid, position: small, product_id: opt(uid), item_class: word, description: text,
        quantity: quantity, unit_id: opt(uid), unit_price: price, discount_percent: rate, tax_code_ids: json, taxes: json, net: amount, tax: amount,
        gross: amount, order_line_id: opt(text), version: int, created_at: instant,
    }
}

fn complete(db: &mut Conn, rows: &mut [Invoice]) -> Result<()> {
    let ids: Vec<Uuid> = rows.iter().map(|i| i.id.uuid()).collect();
    let mut lines: HashMap<InvoiceId, Vec<InvoiceLine>> = HashMap::new();
    for line in record::by::<InvoiceLine>(db, "invoice_id", &ids)? {
        lines.entry(line.invoice_id).or_default().push(line);
    }
    for invoice in rows {
        invoice.lines = lines.remove(&invoice.id).unwrap_or_default();
    }
    Ok(())
}

/// The invoices of a customer in the books of these companies (`None` for all), the latest first; without their lines.
pub fn latest_of(db: &mut Conn, customer: Uuid, companies: Option<&[Uuid]>, limit: i64) -> Result<Vec<Invoice>> {
    let mut statement = record::select::<Invoice>();
    statement.sql(" WHERE customer_id = ").push(Value::Uid(customer)).sql(" AND status <> 'draft'");
    if let Some(companies) = companies {
        statement.append(crate::sql!(" AND company_id IN ({})", crate::list(companies)));
    }
    statement.sql(" ORDER BY id DESC LIMIT ").push(Value::Int(limit));
    record::load_bare(db, &statement)
}

/// The invoices of a customer that are not fully settled, the longest due first; without their lines.
pub fn open_of(db: &mut Conn, customer: Uuid) -> Result<Vec<Invoice>> {
    let mut statement = record::select::<Invoice>();
    statement.sql(" WHERE customer_id = ").push(Value::Uid(customer));
    statement.sql(" AND status IN ('posted', 'partially_paid') ORDER BY due_date, id");
    record::load_bare(db, &statement)
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Invoice>()
    .ways(&[by("customer_id", To::Party)])
    .columns(&[kept("customer_name"), kept("customer_tax_id"), kept("billing_address"), kept("reference"), object("metadata")])
    .plain(&["number", "status", "order_id", "currency", "rounding", "taxes", "instalments"]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<Invoice>("customer_id", OnMerge::Follow)];
