//! Promises of stock.

use chrono::{DateTime, Utc};
use domain::ids::SalesOrderId;
use domain::inventory::reservations::Reservation;
use domain::kernel::{Id, Quantity};
use uuid::Uuid;

use crate::value::Scalar;
use crate::{Conn, Result, Statement, list, record, sql};

record! {
    reservations: Reservation {
        id: uid, company_id: uid, kind: word, product_id: uid, warehouse_id: uid, location_id: uid, quantity: quantity,
        order_id: opt(uid), order_line_id: opt(uid), note: opt(text), version: int, created_at: instant, updated_at: instant,
    }
}

/// The hard reservations of an order, oldest first.
pub fn of_order(db: &mut Conn, order: SalesOrderId) -> Result<Vec<Reservation>> {
    let mut statement = record::select::<Reservation>();
    statement.append(sql!(" WHERE order_id = {} AND kind = 'hard' ORDER BY id", order.uuid()));
    record::load(db, &statement)
}

/// The hard reservations of a product at a place, the youngest first.
pub fn at_place(db: &mut Conn, product: Uuid, location: Uuid) -> Result<Vec<Reservation>> {
    let mut statement = record::select::<Reservation>();
    statement.append(sql!(" WHERE product_id = {} AND location_id = {} AND kind = 'hard' ORDER BY id DESC", product, location));
    record::load(db, &statement)
}

/// The statements by which these reservations are gone, and those are for so many from now on; for [`crate::write_together`].
pub fn changes(gone: &[Uuid], left: &[(Uuid, Quantity)], now: DateTime<Utc>) -> Vec<Statement> {
    let mut out = Vec::new();
    if !gone.is_empty() {
        out.push(sql!("DELETE FROM reservations WHERE id IN ({})", list(gone)));
    }
    if !left.is_empty() {
        let mut statement = Statement::new("UPDATE reservations SET quantity = v.column2, version = version + 1, updated_at = ");
        statement.push(now.put()).sql(" FROM (VALUES ");
        rows(&mut statement, left.iter().map(|(id, quantity)| vec![id.put(), quantity.put()]));
        statement.sql(") AS v WHERE reservations.id = v.column1");
        out.push(statement);
    }
    out
}

/// `(a, b), (c, d)` as bound values.
pub(crate) fn rows(to: &mut Statement, rows: impl IntoIterator<Item = Vec<crate::Value>>) {
    for (i, row) in rows.into_iter().enumerate() {
        to.sql(if i == 0 { "(" } else { ", (" }).values(row).sql(")");
    }
}
