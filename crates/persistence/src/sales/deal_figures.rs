//! What a document of a deal brought: orders, invoices, credit notes, payments, and what the goods cost. Every query goes by the
//! id of one document.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CompanyId, CreditNoteId, InvoiceId, OpportunityId, PartyId, SalesOrderId};
use domain::kernel::{Amount, Id, Rate};
use uuid::Uuid;

use crate::{Conn, Result, sql};

/// Company, customer, opportunity and moment of confirmation of an order.
pub type OrderOrigin = (CompanyId, PartyId, Option<OpportunityId>, Option<DateTime<Utc>>);

/// Where an order came from.
pub fn origin_of_order(db: &mut Conn, order: Uuid) -> Result<Option<OrderOrigin>> {
    let found = sql!("SELECT company_id, customer_id, opportunity_id, confirmed_at FROM sales_orders WHERE id = {}", order);
    let row = found.first::<(Uuid, Uuid, Option<Uuid>, Option<DateTime<Utc>>)>(db)?;
    Ok(row.map(|r| (Id::from_uuid(r.0), Id::from_uuid(r.1), r.2.map(Id::from_uuid), r.3)))
}

/// Where an invoice came from: company, customer, order, moment of posting.
pub fn origin_of_invoice(db: &mut Conn, invoice: Uuid) -> Result<Option<(CompanyId, PartyId, Option<String>, Option<DateTime<Utc>>)>> {
    let found = sql!("SELECT company_id, customer_id, order_id, posted_at FROM invoices WHERE id = {}", invoice);
    let row = found.first::<(Uuid, Uuid, Option<String>, Option<DateTime<Utc>>)>(db)?;
    Ok(row.map(|r| (Id::from_uuid(r.0), Id::from_uuid(r.1), r.2, r.3)))
}

/// Day, amount before tax and rate of an order that is confirmed or done with.
pub fn booked(db: &mut Conn, order: SalesOrderId) -> Result<Vec<(NaiveDate, Amount, Rate)>> {
    let found = sql!(
        "SELECT order_date, net_total, exchange_rate FROM sales_orders WHERE id = {} AND status IN ('confirmed', 'closed')",
        order.uuid()
    );
    found.load(db)
}

/// What bills a customer, or takes that back.
#[derive(Debug, Clone, Copy)]
pub enum Billed {
    Invoice(InvoiceId),
    CreditNote(CreditNoteId),
}

/// What it posted to income accounts, by day; without early-payment discounts that a credit note takes back.
pub fn invoiced(db: &mut Conn, billed: Billed) -> Result<Vec<(NaiveDate, Amount)>> {
    let found = match billed {
        Billed::Invoice(id) => sql!(
            "SELECT i.invoice_date, SUM(l.credit - l.debit) FROM invoices i \
             JOIN journal_lines l ON l.journal_entry_id = i.journal_entry_id JOIN accounts a ON a.id = l.account_id AND a.account_type = 'income' \
             WHERE i.id = {} GROUP BY i.invoice_date",
            id.uuid()
        ),
        Billed::CreditNote(id) => sql!(
            "SELECT n.credit_date, SUM(l.credit - l.debit) FROM credit_notes n \
             JOIN journal_lines l ON l.journal_entry_id = n.journal_entry_id JOIN accounts a ON a.id = l.account_id AND a.account_type = 'income' \
             AND l.account_id NOT IN (SELECT d.account_id FROM account_determinations d WHERE d.role = 'cash_discounts') \
             WHERE n.id = {} GROUP BY n.credit_date",
            id.uuid()
        ),
    };
    found.load(db)
}

/// What payments settled of an invoice less what was taken back, or what was paid out of a credit note, by day; in the company's
/// currency at the rates of the payments.
pub fn paid(db: &mut Conn, billed: Billed) -> Result<Vec<(NaiveDate, Amount)>> {
    let found = match billed {
        Billed::Invoice(id) => sql!(
            "SELECT a.effective_date, SUM(e.amount_company) FROM allocations a \
             JOIN item_entries e ON e.allocation_id = a.id AND e.cause = 'allocation' JOIN open_items o ON o.id = e.item_id AND o.kind = 'payment' \
             WHERE a.invoice_id = {} AND a.payment_id IS NOT NULL GROUP BY a.effective_date ORDER BY a.effective_date",
            id.uuid()
        ),
        Billed::CreditNote(id) => sql!(
            "SELECT a.effective_date, SUM(e.amount_company) FROM allocations a \
             JOIN item_entries e ON e.allocation_id = a.id AND e.cause = 'allocation' JOIN open_items o ON o.id = e.item_id AND o.kind = 'refund' \
             WHERE a.credit_note_id = {} AND a.payment_id IS NOT NULL GROUP BY a.effective_date ORDER BY a.effective_date",
            id.uuid()
        ),
    };
    found.load(db)
}

/// What the goods of a delivery or a return cost by the value ledger, by day: what left less what came back to stock, and what was
/// corrected since.
pub fn cost(db: &mut Conn, document: &str) -> Result<Vec<(NaiveDate, Amount)>> {
    let found = sql!(
        "SELECT day, SUM(cost) FROM (\
         SELECT entry_date AS day, -amount AS cost FROM value_entries WHERE source_id = {} AND quantity <> 0 \
         UNION ALL SELECT c.entry_date, -c.amount FROM value_entries b JOIN value_entries c ON c.applies_to_id = b.id \
         AND c.kind = 'correction' WHERE b.source_id = {}) AS moved GROUP BY day ORDER BY day",
        document,
        document
    );
    found.load(db)
}
