//! Stock adjustments and their lines.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::inventory::adjustments::{StockAdjustment, StockAdjustmentLine};
use domain::kernel::{Id, Quantity};
use uuid::Uuid;

use super::reservations::rows;
use crate::value::Scalar;
use crate::{Conn, Result, Statement, list, record, sql};

record! {
    stock_adjustments: StockAdjustment {
        id: uid, company_id: uid, number: opt(text), status: word, reason: word, warehouse_id: uid, location_id: uid,
        adjustment_date: date, counted_at: opt(instant), note: opt(text), total_value: amount, metadata: json, posted_at: opt(instant), version: int,
        created_at: instant, updated_at: instant,
    }
    unstored { lines }
    complete = complete
}
record! {
    stock_adjustment_lines: StockAdjustmentLine {
        id: uid, adjustment_id: uid, position: small, product_id: uid, location_id: uid, quantity_delta: opt(quantity),
        counted_quantity: opt(quantity), unit_cost: opt(price), value: opt(amount),
    }
}

fn complete(db: &mut Conn, all: &mut [StockAdjustment]) -> Result<()> {
    let ids: Vec<Uuid> = all.iter().map(|a| a.id.uuid()).collect();
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for line in record::by::<StockAdjustmentLine>(db, "adjustment_id", &ids)? {
        lines.entry(line.adjustment_id).or_default().push(line);
    }
    for a in all {
        a.lines = lines.remove(&a.id).unwrap_or_default();
    }
    Ok(())
}

/// Writes what posting found out: the change and its value.
pub fn store_results(db: &mut Conn, lines: &[StockAdjustmentLine]) -> Result<usize> {
    let mut done = 0;
    for chunk in lines.chunks(500) {
        let mut statement = Statement::new("UPDATE stock_adjustment_lines SET quantity_delta = v.column2, value = v.column3 FROM (VALUES ");
        rows(
            &mut statement,
            chunk.iter().map(|l| vec![l.id.uuid().put(), l.quantity_delta.unwrap_or_default().put(), l.value.unwrap_or_default().put()]),
        );
        statement.sql(") AS v WHERE stock_adjustment_lines.id = v.column1");
        done += statement.execute(db)?;
    }
    Ok(done)
}

/// What counts of a day found at places up to a moment of it and posted after that moment: product, location, the change.
pub fn found_by_earlier_counts(
    db: &mut Conn,
    places: &[(Uuid, Uuid)],
    date: NaiveDate,
    moment: DateTime<Utc>,
) -> Result<Vec<(Uuid, Uuid, Quantity)>> {
    let (products, locations): (Vec<Uuid>, Vec<Uuid>) = places.iter().copied().unzip();
    sql!(
        "SELECT l.product_id, l.location_id, SUM(l.quantity_delta) FROM stock_adjustments a \
         JOIN stock_adjustment_lines l ON l.adjustment_id = a.id WHERE a.adjustment_date = {} AND a.reason = 'count' \
         AND a.status = 'posted' AND a.counted_at <= {} AND a.posted_at > {} AND l.product_id IN ({}) AND l.location_id IN ({}) \
         GROUP BY l.product_id, l.location_id",
        date,
        moment,
        moment,
        list(&products),
        list(&locations)
    )
    .load(db)
}

/// Places that were counted after a date, or on it after a moment, in counts that are posted: product, location.
pub fn counted_after(db: &mut Conn, places: &[(Uuid, Uuid)], date: NaiveDate, moment: Option<DateTime<Utc>>) -> Result<Vec<(Uuid, Uuid)>> {
    let (products, locations): (Vec<Uuid>, Vec<Uuid>) = places.iter().copied().unzip();
    let mut statement = Statement::new(
        "SELECT DISTINCT l.product_id, l.location_id FROM stock_adjustments a JOIN stock_adjustment_lines l ON l.adjustment_id = a.id \
         WHERE a.reason = 'count' AND a.status = 'posted'",
    );
    statement.append(sql!(" AND l.product_id IN ({}) AND l.location_id IN ({})", list(&products), list(&locations)));
    statement.append(sql!(" AND (a.adjustment_date > {}", date));
    if let Some(moment) = moment {
        statement.append(sql!(" OR a.adjustment_date = {} AND (a.counted_at IS NULL OR a.counted_at > {})", date, moment));
    }
    statement.sql(")").load(db)
}
