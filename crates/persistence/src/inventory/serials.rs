//! Rows of serial numbers.

use domain::ids::{DeliveryLineId, PartyId, ProductId};
use domain::inventory::serials::Serial;
use domain::kernel::Id;
use domain::sales::deliveries::DeliveryLine;
use uuid::Uuid;

use crate::reference::{OnMerge, Reference};
use crate::value::Scalar;
use crate::{Conn, Result, Statement, Value, list, record, sql};

crate::record! {
    serials: Serial {
        id: uid, company_id: uid, product_id: uid, number: text, status: word, customer_id: uid, delivery_id: uid,
        delivery_line_id: uid, shipped_at: instant, returned_at: opt(instant), version: int, created_at: instant, updated_at: instant,
    }
}

/// The pieces of a product with these numbers, locked until the transaction ends.
pub fn of_product(db: &mut Conn, product: ProductId, numbers: &[String]) -> Result<Vec<Serial>> {
    let mut out = Vec::new();
    for some in numbers.chunks(500) {
        let mut found = record::select::<Serial>();
        found.append(sql!(" WHERE product_id = {} AND number IN ({})", product.uuid(), list(some)));
        super::for_change(db, &mut found);
        out.extend(record::load::<Serial>(db, &found)?);
    }
    Ok(out)
}

/// The pieces that left with a line of a delivery and are still out, locked until the transaction ends.
pub fn out_of_line(db: &mut Conn, line: DeliveryLineId) -> Result<Vec<Serial>> {
    let mut found = record::select::<Serial>();
    found.append(sql!(" WHERE delivery_line_id = {} AND status = 'shipped' ORDER BY number", line.uuid()));
    super::for_change(db, &mut found);
    record::load(db, &found)
}

/// The latest pieces of a customer, of these companies or of all, and how many are with the customer.
pub fn of_customer(db: &mut Conn, customer: PartyId, companies: Option<&[Uuid]>, limit: i64) -> Result<(i64, Vec<Serial>)> {
    let mut scope = sql!(" WHERE customer_id = {}", customer.uuid());
    if let Some(companies) = companies {
        scope.append(sql!(" AND company_id IN ({})", list(companies)));
    }
    let mut count = Statement::new("SELECT COUNT(*) FROM serials");
    count.append(scope.clone()).sql(" AND status = 'shipped'");
    let mut latest = record::select::<Serial>();
    latest.append(scope).append(sql!(" ORDER BY shipped_at DESC, id DESC LIMIT {}", limit));
    Ok((count.first::<(i64,)>(db)?.map_or(0, |r| r.0), record::load(db, &latest)?))
}

/// Writes which pieces leave on the lines of a draft.
pub fn store_numbers(db: &mut Conn, lines: &[DeliveryLine]) -> Result<()> {
    for line in lines {
        let numbers = serde_json::Value::from(line.serial_numbers.clone());
        let mut s = Statement::new("UPDATE delivery_lines SET serial_numbers = ");
        s.push(numbers.put()).sql(" WHERE id = ").push(Value::Uid(line.id.uuid())).execute(db)?;
    }
    Ok(())
}

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<Serial>("customer_id", OnMerge::Follow)];
