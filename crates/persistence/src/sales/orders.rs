//! Sales orders and their lines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{CompanyId, OpportunityId, PartyId, QuoteId};
use domain::kernel::{Amount, Id};
use domain::sales::orders::{SalesOrder, SalesOrderLine};
use uuid::Uuid;

use crate::inventory::reservations::rows;
use crate::personal::{Personal, To, by, null, object, unnamed};
use crate::value::Scalar;
use crate::{Conn, Result, Statement, list, record, sql};

record! {
    sales_orders: SalesOrder {
        id: uid, company_id: uid, number: opt(text), status: word, fulfilment_status: word, billing_status: word, is_on_hold: bool,
        status_reason: opt(text), customer_id: uid, customer_reference: opt(text), opportunity_id: opt(uid), quote_id: opt(uid), warehouse_id: opt(uid),
        order_date: date, requested_date: opt(date), ship_to: opt(json), payment_terms_days: opt(small), currency: text, exchange_rate: rate, prices_include_tax: bool,
        allow_backorder: bool, freight_amount: amount, freight_tax_class: word, freight_gross: amount, freight_invoiced: amount,
        net_total: amount, tax_total: amount, total: amount, unshipped_amount: amount, unbilled_amount: amount, credit_status: word,
        note: opt(text), metadata: json, confirmed_at: opt(instant), cancelled_at: opt(instant), closed_at: opt(instant), version: int,
        created_at: instant, updated_at: instant,
    }
    unstored { lines }
    complete = complete
}
record! {
    sales_order_lines: SalesOrderLine {
        id: uid, order_id: uid, position: small, product_id: opt(uid), description: text, is_stocked: bool, quantity: quantity,
        unit_id: opt(uid), unit_factor: rate, unit_price: price, discount_percent: rate, line_amount: amount, tax_class: word,
        tax_code_ids: json, net_amount: amount, tax_amount: amount, gross_amount: amount, quantity_reserved: quantity,
        quantity_shipped: quantity, quantity_returned: quantity, quantity_invoiced: quantity, quantity_cancelled: quantity,
    }
    unstored { version }
}

fn complete(db: &mut Conn, orders: &mut [SalesOrder]) -> Result<()> {
    let ids: Vec<Uuid> = orders.iter().map(|o| o.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<SalesOrderLine>(db, "order_id", &ids)? {
        lines.entry(line.order_id).or_default().push(line);
    }
    for order in orders {
        order.lines = lines.remove(&order.id).unwrap_or_default();
        order.lines.iter_mut().for_each(|l| l.version = order.version);
    }
    Ok(())
}

/// Writes how far the lines have come, in one statement; figures of the order itself do not change.
pub fn store_progress(db: &mut Conn, lines: &[SalesOrderLine]) -> Result<usize> {
    let mut done = 0;
    for chunk in lines.chunks(500) {
        let mut statement = Statement::new(
            "UPDATE sales_order_lines SET quantity_reserved = v.column2, quantity_shipped = v.column3, quantity_returned = v.column4, \
             quantity_invoiced = v.column5, quantity_cancelled = v.column6 FROM (VALUES ",
        );
        rows(
            &mut statement,
            chunk.iter().map(|l| {
                let quantities = [l.quantity_reserved, l.quantity_shipped, l.quantity_returned, l.quantity_invoiced, l.quantity_cancelled];
                std::iter::once(l.id.uuid().put()).chain(quantities.map(Scalar::put)).collect()
            }),
        );
        statement.sql(") AS v WHERE sales_order_lines.id = v.column1");
        done += statement.execute(db)?;
    }
    Ok(done)
}

/// What a customer will owe a company beyond what was invoiced: (for goods shipped, for the rest).
pub fn exposure(db: &mut Conn, company: CompanyId, customer: PartyId) -> Result<(Amount, Amount)> {
    let sums = sql!(
        "SELECT COALESCE(SUM(unbilled_amount), 0), COALESCE(SUM(unshipped_amount), 0) FROM sales_orders \
         WHERE customer_id = {} AND company_id = {} AND status = 'confirmed'",
        customer.uuid(),
        company.uuid()
    );
    Ok(sums.first(db)?.unwrap_or_default())
}

/// The companies that have confirmed orders of a customer.
pub fn companies_of(db: &mut Conn, customer: PartyId) -> Result<Vec<CompanyId>> {
    let rows = sql!("SELECT DISTINCT company_id FROM sales_orders WHERE customer_id = {} AND status = 'confirmed'", customer.uuid());
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| CompanyId::from_uuid(r.0)).collect())
}

/// The order drafted from an opportunity.
pub fn of_opportunity(db: &mut Conn, opportunity: OpportunityId) -> Result<Option<Uuid>> {
    let row = sql!("SELECT id FROM sales_orders WHERE opportunity_id = {} AND status <> 'cancelled' LIMIT 1", opportunity.uuid());
    Ok(row.first::<(Uuid,)>(db)?.map(|r| r.0))
}

/// Whether a quote has become an order.
pub fn has_of_quote(db: &mut Conn, quote: QuoteId) -> Result<bool> {
    let row = sql!("SELECT id FROM sales_orders WHERE quote_id = {}", quote.uuid());
    Ok(row.first::<(Uuid,)>(db)?.is_some())
}

/// How many orders of a party are confirmed, and its latest orders, newest first: ids.
pub fn latest(db: &mut Conn, customer: PartyId, companies: Option<&[Uuid]>, limit: i64) -> Result<(i64, Vec<Uuid>)> {
    let mut scope = sql!(" FROM sales_orders WHERE customer_id = {}", customer.uuid());
    if let Some(companies) = companies {
        scope.append(sql!(" AND company_id IN ({})", list(companies)));
    }
    let mut open = Statement::new("SELECT COUNT(*)");
    open.append(scope.clone()).sql(" AND status = 'confirmed'");
    let mut last = Statement::new("SELECT id");
    last.append(scope).append(sql!(" ORDER BY id DESC LIMIT {}", limit));
    let count = open.first::<(i64,)>(db)?.map_or(0, |r| r.0);
    Ok((count, last.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect()))
}

/// Companies that a customer ever ordered at.
pub fn all_companies_of(db: &mut Conn, customer: PartyId) -> Result<Vec<CompanyId>> {
    let rows = sql!("SELECT DISTINCT company_id FROM sales_orders WHERE customer_id = {} ORDER BY company_id", customer.uuid());
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| CompanyId::from_uuid(r.0)).collect())
}

/// Of the orders of a customer at a company that were confirmed by a moment: how many were neither closed nor cancelled by
/// then, and the latest.
pub fn confirmed_by(db: &mut Conn, customer: PartyId, company: CompanyId, moment: DateTime<Utc>, limit: i64) -> Result<(i64, Vec<Uuid>)> {
    let by = sql!(
        " FROM sales_orders WHERE customer_id = {} AND company_id = {} AND confirmed_at < {}",
        customer.uuid(),
        company.uuid(),
        moment
    );
    let mut open = Statement::new("SELECT COUNT(*)");
    open.append(by.clone()).append(sql!(
        " AND (closed_at IS NULL OR closed_at >= {}) AND (cancelled_at IS NULL OR cancelled_at >= {})",
        moment,
        moment
    ));
    let mut last = Statement::new("SELECT id");
    last.append(by).append(sql!(" ORDER BY id DESC LIMIT {}", limit));
    let count = open.first::<(i64,)>(db)?.map_or(0, |r| r.0);
    Ok((count, last.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect()))
}

/// What draft invoices of an order already hold: (order line as text, quantity), and the freight on them.
pub fn drafted(db: &mut Conn, order: &str) -> Result<(Vec<(String, domain::kernel::Quantity)>, Amount)> {
    let lines = sql!(
        "SELECT l.order_line_id, SUM(l.quantity) FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id \
         WHERE i.order_id = {} AND i.status = 'draft' AND l.order_line_id IS NOT NULL GROUP BY l.order_line_id",
        order
    )
    .load(db)?;
    let freight = sql!(
        "SELECT l.unit_price FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id \
         WHERE i.order_id = {} AND i.status = 'draft' AND l.order_line_id IS NULL AND l.item_class = 'freight'",
        order
    )
    .load::<(domain::kernel::UnitPrice,)>(db)?;
    let freight = freight.into_iter().filter_map(|f| Amount::try_from(f.0.get()).ok()).sum();
    Ok((lines, freight))
}

/// The posted invoice lines that bill these order lines, newest invoice first: (invoice, invoice line, order line, quantity).
pub fn invoice_lines_of(db: &mut Conn, lines: &[String]) -> Result<Vec<(Uuid, Uuid, String, domain::kernel::Quantity)>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    sql!(
        "SELECT l.invoice_id, l.id, l.order_line_id, l.quantity FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id \
         WHERE l.order_line_id IN ({}) AND i.status <> 'draft' ORDER BY l.invoice_id DESC, l.id",
        list(lines)
    )
    .load(db)
}

/// Orders whose shipped quantities differ from their shipped deliveries: (line, shipped, sum of deliveries).
pub fn shipped_unlike_deliveries(db: &mut Conn) -> Result<Vec<(Uuid, domain::kernel::Quantity, domain::kernel::Quantity)>> {
    sql!(
        "SELECT l.id, l.quantity_shipped, COALESCE(d.q, 0) FROM sales_order_lines l LEFT JOIN (\
           SELECT dl.order_line_id, SUM(dl.quantity) AS q FROM delivery_lines dl JOIN deliveries d ON d.id = dl.delivery_id \
           WHERE d.status = 'shipped' GROUP BY dl.order_line_id\
         ) d ON d.order_line_id = l.id WHERE l.quantity_shipped <> COALESCE(d.q, 0) ORDER BY l.id"
    )
    .load(db)
}

/// How many order lines there are.
pub fn count_lines(db: &mut Conn) -> Result<i64> {
    Ok(sql!("SELECT COUNT(*) FROM sales_order_lines").first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<SalesOrder>()
    .ways(&[by("customer_id", To::Party), by("quote_id", To::Row("quotes"))])
    .columns(&[null("customer_reference"), null("ship_to"), null("note"), null("status_reason"), object("metadata")])
    .plain(&["number", "status", "fulfilment_status", "billing_status", "currency", "freight_tax_class", "credit_status"]);

/// What `sales_order_lines` holds of a person.
pub const LINES: Personal = Personal::table("sales_order_lines")
    .ways(&[by("order_id", To::Row("sales_orders"))])
    .columns(&[unnamed("description")])
    .plain(&["tax_class", "tax_code_ids"]);
