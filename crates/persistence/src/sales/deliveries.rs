//! Deliveries and their lines.

use std::collections::HashMap;

use domain::ids::PartyId;
use domain::kernel::Id;
use domain::sales::deliveries::{Delivery, DeliveryLine};
use uuid::Uuid;

use crate::inventory::reservations::rows;
use crate::personal::{Personal, To, by, null, object, unnamed};
use crate::value::Scalar;
use crate::{Conn, Result, Statement, list, record, sql};

record! {
    deliveries: Delivery {
        id: uid, company_id: uid, number: opt(text), status: word, order_id: uid, customer_id: uid, warehouse_id: uid, delivery_date: date,
        ship_to: opt(json), carrier: opt(text), tracking_number: opt(text), cost_total: amount, journal_entry_id: opt(uid), note: opt(text),
        metadata: json, shipped_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    unstored { lines }
    complete = complete
}
record! {
    delivery_lines: DeliveryLine {
        id: uid, delivery_id: uid, position: small, order_line_id: uid, product_id: uid, description: text, quantity: quantity,
        stock_quantity: quantity, unit_cost: opt(price), cost_amount: amount, quantity_returned: quantity, cost_returned: amount,
        serial_numbers: json,
    }
}

fn complete(db: &mut Conn, all: &mut [Delivery]) -> Result<()> {
    let ids: Vec<Uuid> = all.iter().map(|d| d.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<DeliveryLine>(db, "delivery_id", &ids)? {
        lines.entry(line.delivery_id).or_default().push(line);
    }
    for d in all {
        d.lines = lines.remove(&d.id).unwrap_or_default();
    }
    Ok(())
}

/// Writes what the lines cost.
pub fn store_costs(db: &mut Conn, lines: &[DeliveryLine]) -> Result<usize> {
    let mut done = 0;
    for chunk in lines.chunks(500) {
        let mut statement = Statement::new("UPDATE delivery_lines SET unit_cost = v.column2, cost_amount = v.column3 FROM (VALUES ");
        let cells = |l: &DeliveryLine| vec![l.id.uuid().put(), l.unit_cost.unwrap_or_default().put(), l.cost_amount.put()];
        rows(&mut statement, chunk.iter().map(cells));
        statement.sql(") AS v WHERE delivery_lines.id = v.column1");
        done += statement.execute(db)?;
    }
    Ok(done)
}

/// Writes what came back of the lines.
pub fn store_returns(db: &mut Conn, lines: &[DeliveryLine]) -> Result<usize> {
    let mut done = 0;
    for chunk in lines.chunks(500) {
        let mut statement =
            Statement::new("UPDATE delivery_lines SET quantity_returned = v.column2, cost_returned = v.column3 FROM (VALUES ");
        rows(&mut statement, chunk.iter().map(|l| vec![l.id.uuid().put(), l.quantity_returned.put(), l.cost_returned.put()]));
        statement.sql(") AS v WHERE delivery_lines.id = v.column1");
        done += statement.execute(db)?;
    }
    Ok(done)
}

/// The latest deliveries to a customer, newest first, without their lines.
pub fn latest(db: &mut Conn, customer: PartyId, companies: Option<&[Uuid]>, limit: i64) -> Result<Vec<Delivery>> {
    let mut found = record::select::<Delivery>();
    found.append(sql!(" WHERE customer_id = {}", customer.uuid()));
    if let Some(companies) = companies {
        found.append(sql!(" AND company_id IN ({})", list(companies)));
    }
    found.append(sql!(" ORDER BY id DESC LIMIT {}", limit));
    record::load_bare(db, &found)
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Delivery>()
    .ways(&[by("customer_id", To::Party)])
    .columns(&[null("ship_to"), null("note"), null("tracking_number"), object("metadata")])
    .plain(&["number", "status", "carrier"]);

/// What `delivery_lines` holds of a person.
pub const LINES: Personal = Personal::table("delivery_lines")
    .ways(&[by("delivery_id", To::Row("deliveries"))])
    .columns(&[unnamed("description")])
    .plain(&["serial_numbers"]);
