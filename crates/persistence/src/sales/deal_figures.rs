//! What a deal brought, by its documents: orders, invoices, credit notes, payments, and what the goods cost. Every query goes by
//! the ids of the documents of one deal.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CompanyId, CustomerReturnId, DeliveryId, OpportunityId, PartyId, SalesOrderId};
use domain::kernel::{Amount, Id, Rate};
use uuid::Uuid;

use crate::{Conn, Result, list, sql};

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

/// Day, amount before tax and rate of those orders that are confirmed or done with.
pub fn booked(db: &mut Conn, orders: &[Uuid]) -> Result<Vec<(NaiveDate, Amount, Rate)>> {
    let found = sql!(
        "SELECT order_date, net_total, exchange_rate FROM sales_orders WHERE id IN ({}) AND status IN ('confirmed', 'closed') ORDER BY id",
        list(orders)
    );
    found.load(db)
}

/// The posted invoices of these orders.
pub fn invoices_of(db: &mut Conn, orders: &[SalesOrderId]) -> Result<Vec<Uuid>> {
    let texts: Vec<String> = orders.iter().map(ToString::to_string).collect();
    let found = sql!("SELECT id FROM invoices WHERE order_id IN ({}) AND posted_at IS NOT NULL", list(&texts));
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// What these invoices and their credit notes posted to income accounts, by day; without early-payment discounts, neither
/// when they are given nor when a credit note takes them back.
pub fn invoiced(db: &mut Conn, invoices: &[Uuid]) -> Result<Vec<(NaiveDate, Amount)>> {
    let found = sql!(
        "SELECT day, SUM(revenue) FROM (\
         SELECT i.invoice_date AS day, l.credit - l.debit AS revenue FROM invoices i \
         JOIN journal_lines l ON l.journal_entry_id = i.journal_entry_id JOIN accounts a ON a.id = l.account_id AND a.account_type = 'income' \
         WHERE i.id IN ({}) \
         UNION ALL SELECT n.credit_date, l.credit - l.debit FROM credit_notes n \
         JOIN journal_lines l ON l.journal_entry_id = n.journal_entry_id JOIN accounts a ON a.id = l.account_id AND a.account_type = 'income' \
         AND l.account_id NOT IN (SELECT d.account_id FROM account_determinations d WHERE d.role = 'cash_discounts') \
         WHERE n.invoice_id IN ({})) AS posted GROUP BY day ORDER BY day",
        list(invoices),
        list(invoices)
    );
    found.load(db)
}

/// What payments settled of these invoices, less what was taken back and what was paid out of their credit notes, by day; in the
/// company's currency at the rates of the payments.
pub fn paid(db: &mut Conn, invoices: &[Uuid]) -> Result<Vec<(NaiveDate, Amount)>> {
    let found = sql!(
        "SELECT day, SUM(amount) FROM (\
         SELECT a.effective_date AS day, e.amount_company AS amount FROM allocations a \
         JOIN item_entries e ON e.allocation_id = a.id AND e.cause = 'allocation' JOIN open_items o ON o.id = e.item_id AND o.kind = 'payment' \
         WHERE a.invoice_id IN ({}) AND a.payment_id IS NOT NULL \
         UNION ALL SELECT a.effective_date, e.amount_company FROM credit_notes n JOIN allocations a ON a.credit_note_id = n.id \
         JOIN item_entries e ON e.allocation_id = a.id AND e.cause = 'allocation' JOIN open_items o ON o.id = e.item_id AND o.kind = 'refund' \
         WHERE n.invoice_id IN ({}) AND a.payment_id IS NOT NULL) AS moved GROUP BY day ORDER BY day",
        list(invoices),
        list(invoices)
    );
    found.load(db)
}

/// The deliveries and returns of these orders, as texts.
pub fn goods_of(db: &mut Conn, orders: &[Uuid]) -> Result<Vec<String>> {
    let deliveries = sql!("SELECT id FROM deliveries WHERE order_id IN ({}) AND shipped_at IS NOT NULL", list(orders));
    let returns = sql!("SELECT id FROM customer_returns WHERE order_id IN ({}) AND received_at IS NOT NULL", list(orders));
    let mut out: Vec<String> = deliveries.load::<(Uuid,)>(db)?.into_iter().map(|r| DeliveryId::from_uuid(r.0).to_string()).collect();
    out.extend(returns.load::<(Uuid,)>(db)?.into_iter().map(|r| CustomerReturnId::from_uuid(r.0).to_string()));
    Ok(out)
}

/// What the goods of these deliveries and returns cost by the value ledger, by day: what left less what came back to stock, and what
/// was corrected since.
pub fn cost(db: &mut Conn, documents: &[String]) -> Result<Vec<(NaiveDate, Amount)>> {
    if documents.is_empty() {
        return Ok(Vec::new());
    }
    let found = sql!(
        "SELECT day, SUM(cost) FROM (\
         SELECT entry_date AS day, -amount AS cost FROM value_entries WHERE source_id IN ({}) AND quantity <> 0 \
         UNION ALL SELECT c.entry_date, -c.amount FROM value_entries b JOIN value_entries c ON c.applies_to_id = b.id \
         AND c.kind = 'correction' WHERE b.source_id IN ({})) AS moved GROUP BY day ORDER BY day",
        list(documents),
        list(documents)
    );
    found.load(db)
}
