//! Does the stock agree with its ledgers? Each question names what does not.

use domain::ids::StockLevelId;
use domain::kernel::{Amount, Id, Quantity};
use uuid::Uuid;

use crate::{Conn, Only, Result, sql};

/// Stock rows that differ from the sum of their moves: (id, on hand, sum of moves).
pub fn stock_unlike_moves(db: &mut Conn, only: &Only) -> Result<Vec<(String, Quantity, Quantity)>> {
    let rows = sql!(
        "SELECT s.id, s.on_hand, COALESCE(m.q, 0) FROM stock_levels s LEFT JOIN (\
           SELECT product_id, location_id, SUM(q) AS q FROM (\
             SELECT product_id, to_location_id AS location_id, quantity AS q FROM stock_moves \
             UNION ALL SELECT product_id, from_location_id, -quantity FROM stock_moves) e GROUP BY product_id, location_id\
         ) m ON m.product_id = s.product_id AND m.location_id = s.location_id WHERE s.on_hand <> COALESCE(m.q, 0) AND {} ORDER BY s.id",
        only.on("s.company_id")
    )
    .load::<(Uuid, Quantity, Quantity)>(db)?;
    Ok(named(rows))
}

/// Products that were moved to a real location without a stock row: (product, location) ids.
pub fn moves_without_stock(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid)>> {
    sql!(
        "SELECT DISTINCT m.product_id, m.to_location_id FROM stock_moves m JOIN locations l ON l.id = m.to_location_id \
         LEFT JOIN stock_levels s ON s.product_id = m.product_id AND s.location_id = m.to_location_id \
         WHERE l.warehouse_id IS NOT NULL AND s.id IS NULL AND {} ORDER BY m.product_id, m.to_location_id",
        only.on("m.company_id")
    )
    .load(db)
}

/// Stock rows whose promised quantity differs from the sum of the hard reservations: (id, reserved, sum).
pub fn reserved_unlike_reservations(db: &mut Conn, only: &Only) -> Result<Vec<(String, Quantity, Quantity)>> {
    let rows = sql!(
        "SELECT s.id, s.reserved, COALESCE(r.q, 0) FROM stock_levels s LEFT JOIN (\
           SELECT product_id, location_id, SUM(quantity) AS q FROM reservations WHERE kind = 'hard' GROUP BY product_id, location_id\
         ) r ON r.product_id = s.product_id AND r.location_id = s.location_id WHERE s.reserved <> COALESCE(r.q, 0) AND {} ORDER BY s.id",
        only.on("s.company_id")
    )
    .load::<(Uuid, Quantity, Quantity)>(db)?;
    Ok(named(rows))
}

/// Running costs that differ from the value ledger: (company, product, value, sum of entries).
pub fn costs_unlike_entries(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid, Amount, Amount)>> {
    sql!(
        "SELECT c.company_id, c.product_id, c.value, COALESCE(e.a, 0) FROM product_costs c LEFT JOIN (\
           SELECT company_id, product_id, SUM(amount) AS a, SUM(quantity) AS q FROM value_entries GROUP BY company_id, product_id\
         ) e ON e.company_id = c.company_id AND e.product_id = c.product_id \
         WHERE (c.value <> COALESCE(e.a, 0) OR c.quantity <> COALESCE(e.q, 0)) AND {} ORDER BY c.company_id, c.product_id",
        only.on("c.company_id")
    )
    .load(db)
}

/// Running costs whose quantity differs from what is on hand: (company, product, owned, on hand).
pub fn costs_unlike_stock(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid, Quantity, Quantity)>> {
    sql!(
        "SELECT c.company_id, c.product_id, c.quantity, COALESCE(s.q, 0) FROM product_costs c LEFT JOIN (\
           SELECT company_id, product_id, SUM(on_hand) AS q FROM stock_levels GROUP BY company_id, product_id\
         ) s ON s.company_id = c.company_id AND s.product_id = c.product_id \
         WHERE c.quantity <> COALESCE(s.q, 0) AND {} ORDER BY c.company_id, c.product_id",
        only.on("c.company_id")
    )
    .load(db)
}

/// What the stock of each company is worth by the value ledger.
pub fn value_by_company(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount)>> {
    sql!("SELECT company_id, SUM(value) FROM product_costs WHERE {} GROUP BY company_id ORDER BY company_id", only.on("company_id"))
        .load(db)
}

fn named(rows: Vec<(Uuid, Quantity, Quantity)>) -> Vec<(String, Quantity, Quantity)> {
    rows.into_iter().map(|(id, a, b)| (StockLevelId::from_uuid(id).to_string(), a, b)).collect()
}

/// How many rows of these companies a table of this area has.
pub fn rows(db: &mut Conn, table: &'static str, only: &Only) -> Result<i64> {
    let mut count = crate::Statement::new(format!("SELECT COUNT(*) FROM {table} WHERE "));
    Ok(count.append(only.on("company_id")).first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// The balance of a company's inventory accounts in the general ledger.
pub fn inventory_accounts(db: &mut Conn, company: Uuid) -> Result<Amount> {
    let balance = sql!(
        "SELECT COALESCE(SUM(l.debit - l.credit), 0) FROM journal_lines l JOIN accounts a ON a.id = l.account_id \
         WHERE l.company_id = {} AND a.code IN ('1200', '1220', '1230')",
        company
    );
    Ok(balance.first::<(Amount,)>(db)?.map(|r| r.0).unwrap_or_default())
}
