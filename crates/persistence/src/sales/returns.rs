//! Returns and their lines.

use std::collections::HashMap;

use domain::kernel::{Amount, Id, Quantity};
use domain::sales::returns::{CustomerReturn, CustomerReturnLine};
use uuid::Uuid;

use crate::inventory::reservations::rows;
use crate::personal::{Personal, To, by, null, object};
use crate::reference::{OnMerge, Reference};
use crate::value::Scalar;
use crate::{Conn, Only, Result, Statement, list, record, sql};

record! {
    customer_returns: CustomerReturn {
        id: uid, company_id: uid, number: opt(text), status: word, delivery_id: uid, order_id: uid, customer_id: uid, warehouse_id: uid,
        return_date: date, reason: opt(text), cost_total: amount, journal_entry_id: opt(uid), metadata: json, authorized_at: opt(instant),
        received_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
    unstored { lines }
    complete = complete
}
record! {
    customer_return_lines: CustomerReturnLine {
        id: uid, return_id: uid, position: small, delivery_line_id: uid, order_line_id: uid, product_id: uid, quantity: quantity,
        unit_id: opt(uid), quantity_received: quantity, quantity_restocked: quantity, quantity_credited: quantity, cost_amount: amount,
    }
    unstored { quantity_creditable }
}

fn complete(db: &mut Conn, all: &mut [CustomerReturn]) -> Result<()> {
    let ids: Vec<Uuid> = all.iter().map(|r| r.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<CustomerReturnLine>(db, "return_id", &ids)? {
        lines.entry(line.return_id).or_default().push(line);
    }
    for r in all.iter_mut() {
        r.lines = lines.remove(&r.id).unwrap_or_default();
    }
    let open = all.iter_mut().flat_map(|r| &mut r.lines).filter(|l| l.quantity_received > l.quantity_credited);
    creditable(db, open.collect())
}

/// Fills in how many of these lines can be credited: no more than was invoiced beyond what the customer kept, and than the invoices
/// still have.
fn creditable(db: &mut Conn, mut lines: Vec<&mut CustomerReturnLine>) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = lines.iter().map(|l| l.order_line_id.uuid()).collect();
    let surplus: HashMap<Uuid, Quantity> =
        sql!("SELECT id, quantity_invoiced - (quantity_shipped - quantity_returned) FROM sales_order_lines WHERE id IN ({})", list(&ids))
            .load::<(Uuid, Quantity)>(db)?
            .into_iter()
            .collect();
    let texts: Vec<String> = lines.iter().map(|l| l.order_line_id.to_string()).collect();
    let mut billed: HashMap<String, Quantity> = HashMap::new();
    for (_, _, line, quantity) in super::orders::invoice_lines_of(db, &texts)? {
        *billed.entry(line).or_default() += quantity;
    }
    for l in &mut lines {
        let most = [
            Some(l.quantity_received - l.quantity_credited),
            surplus.get(&l.order_line_id.uuid()).copied(),
            billed.get(&l.order_line_id.to_string()).copied(),
        ];
        let least = most.into_iter().map(Option::unwrap_or_default).min().unwrap_or_default();
        l.quantity_creditable = if least.is_positive() { least } else { Quantity::ZERO };
    }
    Ok(())
}

/// The return that a credit note was drafted for, and the order lines of these lines of invoices.
pub fn credited_by(db: &mut Conn, note: &str, invoice_lines: &[Uuid]) -> Result<(Option<String>, HashMap<Uuid, String>)> {
    let found = sql!("SELECT from_id FROM links WHERE to_id = {} AND kind = 'credits' ORDER BY id LIMIT 1", note);
    let of = found.first::<(String,)>(db)?.map(|r| r.0);
    if of.is_none() || invoice_lines.is_empty() {
        return Ok((of, HashMap::new()));
    }
    let lines = sql!("SELECT id, order_line_id FROM invoice_lines WHERE id IN ({}) AND order_line_id IS NOT NULL", list(invoice_lines));
    Ok((of, lines.load::<(Uuid, String)>(db)?.into_iter().collect()))
}

/// Writes how far the lines have come.
pub fn store_progress(db: &mut Conn, lines: &[CustomerReturnLine]) -> Result<usize> {
    let mut done = 0;
    for chunk in lines.chunks(500) {
        let mut statement = Statement::new(
            "UPDATE customer_return_lines SET quantity_received = v.column2, quantity_restocked = v.column3, quantity_credited = v.column4, \
             cost_amount = v.column5 FROM (VALUES ",
        );
        rows(
            &mut statement,
            chunk.iter().map(|l| {
                let quantities = [l.quantity_received, l.quantity_restocked, l.quantity_credited];
                std::iter::once(l.id.uuid().put()).chain(quantities.map(Scalar::put)).chain([l.cost_amount.put()]).collect()
            }),
        );
        statement.sql(") AS v WHERE customer_return_lines.id = v.column1");
        done += statement.execute(db)?;
    }
    Ok(done)
}

/// Returns whose cost is not the sum of their lines: (return, cost, sum).
pub fn costs_unlike_lines(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT r.id, r.cost_total, COALESCE(SUM(l.cost_amount), 0) FROM customer_returns r \
         LEFT JOIN customer_return_lines l ON l.return_id = r.id WHERE {} GROUP BY r.id, r.cost_total \
         HAVING r.cost_total <> COALESCE(SUM(l.cost_amount), 0) ORDER BY r.id LIMIT 100",
        only.on("r.company_id")
    )
    .load(db)
}

/// The costs of returns of which something came in.
pub fn costs(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount)>> {
    sql!("SELECT id, cost_total FROM customer_returns WHERE received_at IS NOT NULL AND {}", only.on("company_id")).load(db)
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<CustomerReturn>()
    .ways(&[by("customer_id", To::Party)])
    .columns(&[null("reason"), object("metadata")])
    .plain(&["number", "status"]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<CustomerReturn>("customer_id", OnMerge::Follow)];
