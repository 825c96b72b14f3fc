//! Returns and their lines.

use std::collections::HashMap;

use domain::kernel::Id;
use domain::sales::returns::{CustomerReturn, CustomerReturnLine};
use uuid::Uuid;

use crate::inventory::reservations::rows;
use crate::personal::{Personal, To, by, null, object};
use crate::value::Scalar;
use crate::{Conn, Result, Statement, record};

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
        quantity_received: quantity, quantity_restocked: quantity, quantity_credited: quantity, cost_amount: amount,
    }
}

fn complete(db: &mut Conn, all: &mut [CustomerReturn]) -> Result<()> {
    let ids: Vec<Uuid> = all.iter().map(|r| r.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<CustomerReturnLine>(db, "return_id", &ids)? {
        lines.entry(line.return_id).or_default().push(line);
    }
    for r in all {
        r.lines = lines.remove(&r.id).unwrap_or_default();
    }
    Ok(())
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

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<CustomerReturn>()
    .ways(&[by("customer_id", To::Party)])
    .columns(&[null("reason"), object("metadata")])
    .plain(&["number", "status"]);
