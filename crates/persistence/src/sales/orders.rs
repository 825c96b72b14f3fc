//! Sales orders and their lines.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::accounting::posting::ItemClass;
use domain::ids::{CompanyId, OpportunityId, PartyId, QuoteId};
use domain::kernel::{Amount, Decimals, Id, Quantity, StringEnum, UnitPrice, round_to};
use domain::sales::orders::{SalesOrder, SalesOrderLine, SalesOrderStatus};
use uuid::Uuid;

use crate::companies::and_of;
use crate::inventory::reservations::rows;
use crate::personal::{Personal, To, by, null, object, unnamed};
use crate::reference::{OnMerge, Reference};
use crate::value::Scalar;
use crate::{Conn, Only, Result, Statement, list, record, sql};

record! {
    sales_orders: SalesOrder {
        id: uid, company_id: uid, number: opt(text), status: word, fulfilment_status: word, billing_status: word, is_on_hold: bool,
        status_reason: opt(text), customer_id: uid, customer_reference: opt(text), opportunity_id: opt(uid), quote_id: opt(uid), owner_id: opt(uid), warehouse_id: opt(uid),
        order_date: date, requested_date: opt(date), ship_to: opt(json), payment_terms_days: opt(small), currency: text, exchange_rate: rate, exchange_rate_agreed: bool, prices_include_tax: bool,
        allow_backorder: bool, freight_amount: amount, freight_tax_class: word, freight_gross: amount, freight_invoiced: amount,
        net_total: amount, tax_total: amount, total: amount, unshipped_amount: amount, unbilled_amount: amount, credit_status: word,
        note: opt(text), metadata: json, confirmed_at: opt(instant), cancelled_at: opt(instant), closed_at: opt(instant), version: int,
        created_at: instant, updated_at: instant,
    }
    unstored { lines, freight_drafted }
    complete = complete
}
record! {
    sales_order_lines: SalesOrderLine {
        id: uid, order_id: uid, position: small, product_id: opt(uid), description: text, is_stocked: bool, quantity: quantity,
        unit_id: opt(uid), unit_factor: rate, unit_price: price, discount_percent: rate, line_amount: amount, tax_class: word,
        tax_code_ids: json, net_amount: amount, tax_amount: amount, gross_amount: amount, quantity_reserved: quantity,
        quantity_shipped: quantity, quantity_returned: quantity, quantity_invoiced: quantity, quantity_cancelled: quantity,
    }
    unstored { version, quantity_drafted }
}

fn complete(db: &mut Conn, orders: &mut [SalesOrder]) -> Result<()> {
    let ids: Vec<Uuid> = orders.iter().map(|o| o.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<SalesOrderLine>(db, "order_id", &ids)? {
        lines.entry(line.order_id).or_default().push(line);
    }
    for order in orders.iter_mut() {
        order.lines = lines.remove(&order.id).unwrap_or_default();
        order.lines.iter_mut().for_each(|l| l.version = order.version);
    }
    let billable: Vec<&mut SalesOrder> = orders.iter_mut().filter(|o| o.status == SalesOrderStatus::Confirmed).collect();
    drafted(db, billable)
}

/// Fills in what of these orders stands on draft invoices.
fn drafted(db: &mut Conn, mut orders: Vec<&mut SalesOrder>) -> Result<()> {
    if orders.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = orders.iter().map(|o| o.id.to_string()).collect();
    let rows = sql!(
        "SELECT i.order_id, l.order_line_id, l.item_class, l.quantity, l.unit_price FROM invoices i \
         JOIN invoice_lines l ON l.invoice_id = i.id WHERE i.order_id IN ({}) AND i.status = 'draft'",
        list(&ids)
    )
    .load::<(String, Option<String>, String, Quantity, UnitPrice)>(db)?;
    for (order, line, class, quantity, price) in rows {
        let Some(order) = orders.iter_mut().find(|o| o.id.to_string() == order) else { continue };
        match line {
            Some(line) => {
                for l in order.lines.iter_mut().filter(|l| l.id.to_string() == line) {
                    l.quantity_drafted += quantity;
                }
            }
            None if class == ItemClass::Freight.as_str() => {
                order.freight_drafted += Amount::try_from(round_to(quantity.get() * price.get(), Amount::SCALE)).unwrap_or_default();
            }
            None => {}
        }
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

/// How many orders of a party that the caller may see are confirmed and have something left to ship or invoice, and the latest of
/// them, newest first: ids.
pub fn latest(db: &mut Conn, customer: PartyId, seen: &Statement, limit: i64) -> Result<(i64, Vec<Uuid>)> {
    let mut scope = sql!(" FROM sales_orders WHERE customer_id = {}", customer.uuid());
    scope.append(and_of(seen));
    let mut open = Statement::new("SELECT COUNT(*)");
    open.append(scope.clone()).sql(" AND status = 'confirmed' AND NOT (fulfilment_status = 'shipped' AND billing_status = 'billed')");
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

/// Of the orders of a customer at a company that the caller may see and that were confirmed by a moment: how many were neither closed
/// nor cancelled by then, and the latest.
pub fn confirmed_by(
    db: &mut Conn,
    seen: &Statement,
    customer: PartyId,
    company: CompanyId,
    moment: DateTime<Utc>,
    limit: i64,
) -> Result<(i64, Vec<Uuid>)> {
    let mut by = sql!(
        " FROM sales_orders WHERE customer_id = {} AND company_id = {} AND confirmed_at < {}",
        customer.uuid(),
        company.uuid(),
        moment
    );
    by.append(and_of(seen));
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

/// The posted invoice lines that bill these order lines, newest invoice first: (invoice, invoice line, order line, how many stand on
/// no credit note, posted or draft).
pub fn invoice_lines_of(db: &mut Conn, lines: &[String]) -> Result<Vec<(Uuid, Uuid, String, Quantity)>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    sql!(
        "SELECT l.invoice_id, l.id, l.order_line_id, l.quantity - COALESCE(\
           (SELECT SUM(c.quantity) FROM credit_note_lines c WHERE c.invoice_line_id = l.id), 0) \
         FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id \
         WHERE l.order_line_id IN ({}) AND i.status <> 'draft' ORDER BY l.invoice_id DESC, l.id",
        list(lines)
    )
    .load(db)
}

/// The confirmed orders of a company that wait for some of these products, in the order in which they were confirmed.
pub fn waiting(db: &mut Conn, company: CompanyId, products: &[Uuid]) -> Result<Vec<Uuid>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sql!(
        "SELECT o.id FROM sales_orders o WHERE o.company_id = {} AND o.status = 'confirmed' AND o.warehouse_id IS NOT NULL AND o.id IN (\
           SELECT l.order_id FROM sales_order_lines l WHERE l.product_id IN ({}) AND l.is_stocked \
           AND l.quantity > l.quantity_cancelled + l.quantity_shipped \
           AND l.quantity - l.quantity_cancelled - l.quantity_shipped > l.quantity_reserved\
         ) ORDER BY o.confirmed_at, o.id",
        company.uuid(),
        list(products)
    );
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// The draft order of an opportunity.
pub fn draft_of_opportunity(db: &mut Conn, opportunity: OpportunityId) -> Result<Vec<Uuid>> {
    let rows = sql!("SELECT id FROM sales_orders WHERE opportunity_id = {} AND status = 'draft' ORDER BY id", opportunity.uuid());
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Orders whose shipped quantities differ from their shipped deliveries: (line, shipped, sum of deliveries).
pub fn shipped_unlike_deliveries(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Quantity, Quantity)>> {
    sql!(
        "SELECT l.id, l.quantity_shipped, COALESCE(d.q, 0) FROM sales_order_lines l JOIN sales_orders o ON o.id = l.order_id LEFT JOIN (\
           SELECT dl.order_line_id, SUM(dl.quantity) AS q FROM delivery_lines dl JOIN deliveries d ON d.id = dl.delivery_id \
           WHERE d.status = 'shipped' GROUP BY dl.order_line_id\
         ) d ON d.order_line_id = l.id WHERE l.quantity_shipped <> COALESCE(d.q, 0) AND {} ORDER BY l.id",
        only.on("o.company_id")
    )
    .load(db)
}

/// Orders whose totals are not the sums of their lines and freight: (order, total, sum).
pub fn totals_unlike_lines(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT o.id, o.total, o.freight_gross + COALESCE(SUM(l.gross_amount), 0) FROM sales_orders o \
         LEFT JOIN sales_order_lines l ON l.order_id = o.id WHERE {} GROUP BY o.id, o.total, o.net_total, o.tax_total, o.freight_gross \
         HAVING o.total <> o.freight_gross + COALESCE(SUM(l.gross_amount), 0) OR o.total <> o.net_total + o.tax_total \
         ORDER BY o.id LIMIT 100",
        only.on("o.company_id")
    )
    .load(db)
}

/// Order lines whose returned quantities differ from what their returns took in: (line, returned, sum of returns).
pub fn returned_unlike_returns(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Quantity, Quantity)>> {
    sql!(
        "SELECT l.id, l.quantity_returned, COALESCE(r.q, 0) FROM sales_order_lines l JOIN sales_orders o ON o.id = l.order_id LEFT JOIN (\
           SELECT order_line_id, SUM(quantity_received) AS q FROM customer_return_lines GROUP BY order_line_id\
         ) r ON r.order_line_id = l.id WHERE l.quantity_returned <> COALESCE(r.q, 0) AND {} ORDER BY l.id LIMIT 100",
        only.on("o.company_id")
    )
    .load(db)
}

/// Order lines and how many of them count as invoiced, of those of which any do.
pub fn invoiced(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Quantity)>> {
    sql!(
        "SELECT l.id, l.quantity_invoiced FROM sales_order_lines l JOIN sales_orders o ON o.id = l.order_id \
         WHERE l.quantity_invoiced <> 0 AND {}",
        only.on("o.company_id")
    )
    .load(db)
}

/// What posted invoices bill of order lines, less what posted credit notes take back: (order line, quantity).
pub fn billed(db: &mut Conn, only: &Only) -> Result<Vec<(String, Quantity)>> {
    sql!(
        "SELECT line, SUM(q) FROM (\
           SELECT l.order_line_id AS line, l.quantity AS q FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id \
           WHERE l.order_line_id IS NOT NULL AND i.status <> 'draft' AND {} \
           UNION ALL SELECT l.order_line_id, -c.quantity FROM credit_note_lines c JOIN credit_notes n ON n.id = c.credit_note_id \
           JOIN invoice_lines l ON l.id = c.invoice_line_id WHERE l.order_line_id IS NOT NULL AND n.status <> 'draft' AND {}\
         ) AS x GROUP BY line HAVING SUM(q) <> 0",
        only.on("i.company_id"),
        only.on("n.company_id")
    )
    .load(db)
}

/// How many order lines these companies have.
pub fn count_lines(db: &mut Conn, only: &Only) -> Result<i64> {
    let count = sql!("SELECT COUNT(*) FROM sales_order_lines l JOIN sales_orders o ON o.id = l.order_id WHERE {}", only.on("o.company_id"));
    Ok(count.first::<(i64,)>(db)?.map_or(0, |r| r.0))
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

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<SalesOrder>("customer_id", OnMerge::Follow)];
