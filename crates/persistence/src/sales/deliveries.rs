//! Deliveries and their lines.

use std::collections::{HashMap, HashSet};

use domain::ids::PartyId;
use domain::kernel::{Amount, Id};
use domain::sales::deliveries::{Delivery, DeliveryLine, DeliveryStatus};
use uuid::Uuid;

use crate::inventory::reservations::rows;
use crate::personal::{Personal, To, by, null, object, unnamed};
use crate::reference::{OnMerge, Reference};
use crate::value::Scalar;
use crate::{Conn, Only, Result, Statement, list, record, sql};

record! {
    deliveries: Delivery {
        id: uid, company_id: uid, number: opt(text), status: word, order_id: uid, customer_id: uid, warehouse_id: uid, delivery_date: date,
        ship_to: opt(json), carrier: opt(text), tracking_number: opt(text), cost_total: amount, journal_entry_id: opt(uid), note: opt(text),
        metadata: json, shipped_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    unstored { lines, order_is_on_hold }
    complete = complete
}
record! {
    delivery_lines: DeliveryLine {
        id: uid, delivery_id: uid, position: small, order_line_id: uid, product_id: uid, description: text, quantity: quantity,
        unit_id: opt(uid), stock_quantity: quantity, unit_cost: opt(price), cost_amount: amount, quantity_returned: quantity, cost_returned: amount,
        serial_numbers: json,
    }
}

fn complete(db: &mut Conn, all: &mut [Delivery]) -> Result<()> {
    let ids: Vec<Uuid> = all.iter().map(|d| d.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<DeliveryLine>(db, "delivery_id", &ids)? {
        lines.entry(line.delivery_id).or_default().push(line);
    }
    let orders: Vec<Uuid> = all.iter().filter(|d| d.status == DeliveryStatus::Draft).map(|d| d.order_id.uuid()).collect();
    let held: HashSet<Uuid> = match orders.is_empty() {
        true => HashSet::new(),
        false => {
            let held = sql!("SELECT id FROM sales_orders WHERE id IN ({}) AND is_on_hold", list(&orders));
            held.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect()
        }
    };
    for d in all {
        d.order_is_on_hold = held.contains(&d.order_id.uuid());
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

/// The draft deliveries of an order.
pub fn drafts_of(db: &mut Conn, order: Uuid) -> Result<Vec<Delivery>> {
    let mut found = record::select::<Delivery>();
    found.append(sql!(" WHERE order_id = {} AND status = 'draft' ORDER BY id", order));
    record::load(db, &found)
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

/// Shipped deliveries whose cost is not the sum of their lines: (delivery, cost, sum).
pub fn costs_unlike_lines(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT d.id, d.cost_total, COALESCE(SUM(l.cost_amount), 0) FROM deliveries d LEFT JOIN delivery_lines l ON l.delivery_id = d.id \
         WHERE d.status = 'shipped' AND {} GROUP BY d.id, d.cost_total HAVING d.cost_total <> COALESCE(SUM(l.cost_amount), 0) \
         ORDER BY d.id LIMIT 100",
        only.on("d.company_id")
    )
    .load(db)
}

/// Delivery lines whose returned cost is not that of their returns: (line, cost returned, sum of returns).
pub fn returned_unlike_returns(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT l.id, l.cost_returned, COALESCE(r.c, 0) FROM delivery_lines l JOIN deliveries d ON d.id = l.delivery_id LEFT JOIN (\
           SELECT delivery_line_id, SUM(cost_amount) AS c FROM customer_return_lines GROUP BY delivery_line_id\
         ) r ON r.delivery_line_id = l.id WHERE l.cost_returned <> COALESCE(r.c, 0) AND {} ORDER BY l.id LIMIT 100",
        only.on("d.company_id")
    )
    .load(db)
}

/// The costs of shipped deliveries.
pub fn costs(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount)>> {
    sql!("SELECT id, cost_total FROM deliveries WHERE status = 'shipped' AND {}", only.on("company_id")).load(db)
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

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<Delivery>("customer_id", OnMerge::Follow)];
