//! What is on hand and promised. Rows are locked in one order (product, then location) and changed by statements that
//! carry their own guard, so that nothing is promised twice whoever comes first.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CompanyId, WarehouseId};
use domain::inventory::stock::{StockAsOfFilter, StockAsOfLine, StockAvailability, StockAvailabilityLine, StockLevel};
use domain::kernel::{Id, Quantity};
use uuid::Uuid;

use super::for_change;
use super::reservations::rows;
use crate::value::Scalar;
use crate::{Conn, Result, Statement, list, record, sql, write_together};

record! {
    stock_levels: StockLevel {
        id: uid, company_id: uid, product_id: uid, warehouse_id: uid, location_id: uid, on_hand: quantity, reserved: quantity,
        negative_allowed: bool, version: int, updated_at: instant,
    }
    unstored { available }
    complete = complete
}

fn complete(_: &mut Conn, rows: &mut [StockLevel]) -> Result<()> {
    for row in rows {
        row.available = row.on_hand - row.reserved;
    }
    Ok(())
}

/// The stock of these products in all warehouses of a company, locked, by product and location.
pub fn lock(db: &mut Conn, company: CompanyId, products: &[Uuid]) -> Result<Vec<StockLevel>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = record::select::<StockLevel>();
    statement.append(sql!(
        " WHERE company_id = {} AND product_id IN ({}) ORDER BY product_id, location_id",
        company.uuid(),
        list(products)
    ));
    for_change(db, &mut statement);
    record::load(db, &statement)
}

/// Rows of zero for products that never were at a location; those that exist already stay as they are.
pub fn open(db: &mut Conn, new: &[StockLevel]) -> Result<usize> {
    if new.is_empty() {
        return Ok(0);
    }
    let columns = "(id, company_id, product_id, warehouse_id, location_id, on_hand, reserved, negative_allowed, version, updated_at)";
    let mut statement = Statement::new(format!("INSERT INTO stock_levels {columns} VALUES "));
    rows(
        &mut statement,
        new.iter().map(|s| {
            let mut values = Vec::new();
            crate::Record::put(s, &mut values);
            values
        }),
    );
    statement.sql(" ON CONFLICT (product_id, location_id) DO NOTHING");
    statement.execute(db)
}

/// A change of one stock row.
#[derive(Debug, Clone, Copy)]
pub struct Change {
    pub id: Uuid,
    /// Added to what is on hand.
    pub on_hand: Quantity,
    /// Added to what is promised.
    pub reserved: Quantity,
}

/// Makes all the changes or tells that the stock does not allow one of them; then the transaction must end. Each row is named
/// once. What belongs to the changes, such as moves and reservations, is written together with them.
pub fn change(db: &mut Conn, changes: &[Change], with: Vec<Statement>, now: DateTime<Utc>) -> Result<bool> {
    if changes.is_empty() {
        for statement in with {
            statement.execute(db)?;
        }
        return Ok(true);
    }
    let mut statement = Statement::new(
        "UPDATE stock_levels SET on_hand = on_hand + v.column2, reserved = reserved + v.column3, version = version + 1, updated_at = ",
    );
    statement.push(now.put()).sql(" FROM (VALUES ");
    rows(&mut statement, changes.iter().map(|c| vec![c.id.put(), c.on_hand.put(), c.reserved.put()]));
    statement.sql(
        ") AS v WHERE stock_levels.id = v.column1 AND reserved + v.column3 >= 0 \
         AND (negative_allowed OR on_hand + v.column2 >= reserved + v.column3)",
    );
    Ok(write_together(db, with, statement)? == changes.len())
}

/// Whether stock of a company may fall below zero from now on.
pub fn allow_negative(db: &mut Conn, company: CompanyId, allowed: bool, now: DateTime<Utc>) -> Result<usize> {
    sql!(
        "UPDATE stock_levels SET negative_allowed = {}, version = version + 1, updated_at = {} WHERE company_id = {} AND negative_allowed <> {}",
        allowed,
        now,
        company.uuid(),
        allowed
    )
    .execute(db)
}

/// Whether more is promised than is on hand anywhere in the company.
pub fn any_negative(db: &mut Conn, company: CompanyId) -> Result<bool> {
    let found = sql!("SELECT 1 FROM stock_levels WHERE company_id = {} AND on_hand < reserved LIMIT 1", company.uuid());
    Ok(found.first::<(i64,)>(db)?.is_some())
}

/// What can be promised of these products now, in the order asked, over the given companies or one warehouse.
pub fn availability(
    db: &mut Conn,
    products: &[Uuid],
    companies: Option<&[Uuid]>,
    warehouse: Option<WarehouseId>,
) -> Result<StockAvailability> {
    let mut scope = Statement::default();
    if let Some(companies) = companies {
        scope.append(sql!(" AND company_id IN ({})", list(companies)));
    }
    if let Some(warehouse) = warehouse {
        scope.append(sql!(" AND warehouse_id = {}", warehouse.uuid()));
    }
    let mut stock = sql!("SELECT product_id, SUM(on_hand), SUM(reserved) FROM stock_levels WHERE product_id IN ({})", list(products));
    stock.append(scope.clone()).sql(" GROUP BY product_id");
    let mut soft = sql!("SELECT product_id, SUM(quantity) FROM reservations WHERE kind = 'soft' AND product_id IN ({})", list(products));
    soft.append(scope).sql(" GROUP BY product_id");
    let stock = stock.load::<(Uuid, Quantity, Quantity)>(db)?;
    let soft = soft.load::<(Uuid, Quantity)>(db)?;
    let line = |product: &Uuid| {
        let (on_hand, reserved) = stock.iter().find(|r| r.0 == *product).map_or_else(Default::default, |r| (r.1, r.2));
        let soft_reserved = soft.iter().find(|r| r.0 == *product).map(|r| r.1).unwrap_or_default();
        StockAvailabilityLine { product_id: Id::from_uuid(*product), on_hand, reserved, available: on_hand - reserved, soft_reserved }
    };
    Ok(StockAvailability { lines: products.iter().map(line).collect() })
}

/// What was on hand at the end of a business date: the sum of the moves up to then.
pub fn as_of(db: &mut Conn, filter: &StockAsOfFilter) -> Result<Vec<StockAsOfLine>> {
    let side = |location: &'static str, sign: &'static str| {
        let mut part = Statement::new(format!("SELECT product_id, {location} AS location_id, {sign}quantity AS q FROM stock_moves"));
        part.append(sql!(" WHERE company_id = {} AND move_date <= {}", filter.company_id.uuid(), filter.as_of));
        if let Some(product) = filter.product_id {
            part.append(sql!(" AND product_id = {}", product.uuid()));
        }
        part
    };
    let mut statement = Statement::new("SELECT m.product_id, l.warehouse_id, m.location_id, SUM(m.q) FROM (");
    statement.append(side("to_location_id", "")).sql(" UNION ALL ").append(side("from_location_id", "-"));
    statement.sql(") m JOIN locations l ON l.id = m.location_id WHERE l.warehouse_id IS NOT NULL");
    if let Some(warehouse) = filter.warehouse_id {
        statement.append(sql!(" AND l.warehouse_id = {}", warehouse.uuid()));
    }
    statement.sql(" GROUP BY m.product_id, l.warehouse_id, m.location_id HAVING SUM(m.q) <> 0 ORDER BY m.product_id, m.location_id");
    let rows = statement.load::<(Uuid, Uuid, Uuid, Quantity)>(db)?;
    Ok(rows
        .into_iter()
        .map(|(p, w, l, on_hand)| StockAsOfLine {
            product_id: Id::from_uuid(p),
            warehouse_id: Id::from_uuid(w),
            location_id: Id::from_uuid(l),
            on_hand,
        })
        .collect())
}

/// Of the given places, those whose stock would have been below zero at the end of `date` or of a later day with a move.
/// Each is given as (product, location, what is on hand in the end); what moved since is taken back, day by day.
pub fn short_after(db: &mut Conn, places: &[(Uuid, Uuid, Quantity)], date: NaiveDate) -> Result<Vec<(Uuid, Uuid)>> {
    let products: Vec<Uuid> = places.iter().map(|p| p.0).collect();
    let locations: Vec<Uuid> = places.iter().map(|p| p.1).collect();
    let side = |location: &'static str, sign: &'static str| {
        let mut part =
            Statement::new(format!("SELECT product_id, {location} AS location_id, move_date, {sign}quantity AS q FROM stock_moves"));
        part.append(sql!(" WHERE product_id IN ({}) AND move_date > {} AND ", list(&products), date));
        part.sql(location).append(sql!(" IN ({})", list(&locations)));
        part
    };
    let mut statement = Statement::new("SELECT product_id, location_id, move_date, SUM(q) FROM (");
    statement.append(side("to_location_id", "")).sql(" UNION ALL ").append(side("from_location_id", "-"));
    statement.sql(") m GROUP BY product_id, location_id, move_date ORDER BY move_date DESC");
    let days = statement.load::<(Uuid, Uuid, NaiveDate, Quantity)>(db)?;
    let short = places.iter().filter(|(product, location, end)| {
        let mut level = *end;
        let mut low = level.is_negative();
        for day in days.iter().filter(|d| d.0 == *product && d.1 == *location) {
            level -= day.3;
            low |= level.is_negative();
        }
        low
    });
    Ok(short.map(|p| (p.0, p.1)).collect())
}

/// By how much the stock of these places changed after a business date, and on that day itself after a moment: (product, location,
/// change).
pub fn moved_since(
    db: &mut Conn,
    places: &[(Uuid, Uuid)],
    date: NaiveDate,
    moment: Option<DateTime<Utc>>,
) -> Result<Vec<(Uuid, Uuid, Quantity)>> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let products: Vec<Uuid> = places.iter().map(|p| p.0).collect();
    let locations: Vec<Uuid> = places.iter().map(|p| p.1).collect();
    let side = |location: &'static str, sign: &'static str| {
        let mut part = Statement::new(format!("SELECT product_id, {location} AS location_id, {sign}quantity AS q FROM stock_moves"));
        part.append(sql!(" WHERE product_id IN ({}) AND (move_date > {}", list(&products), date));
        if let Some(moment) = moment {
            part.append(sql!(" OR (move_date = {} AND moved_at > {})", date, moment));
        }
        part.sql(") AND ").sql(location).append(sql!(" IN ({})", list(&locations)));
        part
    };
    let mut statement = Statement::new("SELECT product_id, location_id, SUM(q) FROM (");
    statement.append(side("to_location_id", "")).sql(" UNION ALL ").append(side("from_location_id", "-"));
    statement.sql(") m GROUP BY product_id, location_id");
    statement.load(db)
}
