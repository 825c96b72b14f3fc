//! Sales orders and their lines.

use std::collections::HashMap;

use chrono::NaiveDate;
use domain::crm::opportunities::OpportunityId;
use domain::directory::companies::CompanyId;
use domain::directory::parties::PartyId;
use domain::kernel::{Amount, Id};
use domain::sales::orders::{SalesOrder, SalesOrderLine};
use uuid::Uuid;

use crate::inventory::reservations::rows;
use crate::value::Scalar;
use crate::{Conn, Result, Statement, list, record, sql};

record! {
    sales_orders: SalesOrder {
        id: uid, company_id: uid, number: opt(text), status: word, fulfilment_status: word, billing_status: word, is_on_hold: bool,
        status_reason: opt(text), customer_id: uid, customer_reference: opt(text), opportunity_id: opt(uid), warehouse_id: opt(uid),
        order_date: date, requested_date: opt(date), ship_to: opt(json), currency: text, exchange_rate: rate, prices_include_tax: bool,
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
}

fn complete(db: &mut Conn, orders: &mut [SalesOrder]) -> Result<()> {
    let ids: Vec<Uuid> = orders.iter().map(|o| o.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<SalesOrderLine>(db, "order_id", &ids)? {
        lines.entry(line.order_id).or_default().push(line);
    }
    for order in orders {
        order.lines = lines.remove(&order.id).unwrap_or_default();
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

/// The order drafted from an opportunity.
pub fn of_opportunity(db: &mut Conn, opportunity: OpportunityId) -> Result<Option<Uuid>> {
    let row = sql!("SELECT id FROM sales_orders WHERE opportunity_id = {} AND status <> 'cancelled' LIMIT 1", opportunity.uuid());
    Ok(row.first::<(Uuid,)>(db)?.map(|r| r.0))
}

/// The last orders of a party that are under way, newest first: ids.
pub fn open_of(db: &mut Conn, customer: PartyId, companies: &[Uuid], limit: i64) -> Result<Vec<Uuid>> {
    let rows = sql!(
        "SELECT id FROM sales_orders WHERE customer_id = {} AND company_id IN ({}) AND status IN ('draft', 'confirmed') ORDER BY id DESC LIMIT {}",
        customer.uuid(),
        list(companies),
        limit
    );
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// (open orders, last order date) of a party.
pub fn summary(db: &mut Conn, customer: PartyId, companies: &[Uuid]) -> Result<(i64, Option<NaiveDate>)> {
    let open = sql!(
        "SELECT COUNT(*) FROM sales_orders WHERE customer_id = {} AND company_id IN ({}) AND status IN ('draft', 'confirmed')",
        customer.uuid(),
        list(companies)
    );
    let last = sql!(
        "SELECT MAX(order_date) FROM sales_orders WHERE customer_id = {} AND company_id IN ({}) AND status IN ('confirmed', 'closed')",
        customer.uuid(),
        list(companies)
    );
    let count = open.first::<(i64,)>(db)?.map_or(0, |r| r.0);
    Ok((count, last.first::<(Option<NaiveDate>,)>(db)?.and_then(|r| r.0)))
}

/// The orders that hold these lines: (line, order).
pub fn orders_of_lines(db: &mut Conn, lines: &[Uuid]) -> Result<Vec<(Uuid, Uuid)>> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    sql!("SELECT id, order_id FROM sales_order_lines WHERE id IN ({}) ORDER BY order_id, id", list(lines)).load(db)
}
