//! Does the stock agree with its ledgers? Each question names what does not.

use chrono::NaiveDate;
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

/// Days on which the value ledger and an inventory account differ: (company, account, day, value ledger, account). The accounts are
/// those that the entries name and those that any rule determines for stock.
pub fn value_unlike_accounts(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid, NaiveDate, Amount, Amount)>> {
    sql!(
        "SELECT company_id, account_id, day, SUM(v), SUM(b) FROM (\
           SELECT company_id, account_id, entry_date AS day, amount AS v, 0 AS b FROM value_entries WHERE account_id IS NOT NULL AND {} \
           UNION ALL SELECT l.company_id, l.account_id, l.posting_date, 0, l.debit - l.credit FROM journal_lines l WHERE {} AND l.account_id IN (\
             SELECT account_id FROM value_entries WHERE account_id IS NOT NULL \
             UNION SELECT account_id FROM account_determinations WHERE role = 'inventory')\
         ) AS x GROUP BY company_id, account_id, day HAVING SUM(v) <> SUM(b) ORDER BY company_id, account_id, day LIMIT 100",
        only.on("company_id"),
        only.on("l.company_id")
    )
    .load(db)
}

/// Entries of the value ledger with a value and no account: entry.
pub fn values_without_account(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid,)>> {
    let nowhere =
        sql!("SELECT id FROM value_entries WHERE account_id IS NULL AND amount <> 0 AND {} ORDER BY id LIMIT 100", only.on("company_id"));
    nowhere.load(db)
}

/// Days on which another quantity was valued than moved in and out of the warehouses: (company, product, day, valued, moved).
pub fn values_unlike_moves(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid, NaiveDate, Quantity, Quantity)>> {
    sql!(
        "SELECT company_id, product_id, day, SUM(v), SUM(m) FROM (\
           SELECT company_id, product_id, entry_date AS day, quantity AS v, 0 AS m FROM value_entries WHERE quantity <> 0 AND {} \
           UNION ALL SELECT m.company_id, m.product_id, m.move_date, 0, m.quantity FROM stock_moves m JOIN locations l \
           ON l.id = m.to_location_id WHERE l.warehouse_id IS NOT NULL AND {} \
           UNION ALL SELECT m.company_id, m.product_id, m.move_date, 0, -m.quantity FROM stock_moves m JOIN locations l \
           ON l.id = m.from_location_id WHERE l.warehouse_id IS NOT NULL AND {}\
         ) AS x GROUP BY company_id, product_id, day HAVING SUM(v) <> SUM(m) ORDER BY company_id, product_id, day LIMIT 100",
        only.on("company_id"),
        only.on("m.company_id"),
        only.on("m.company_id")
    )
    .load(db)
}

/// Days at whose end a product had value and no goods, or value below zero with goods: (company, product, day, quantity, value). A day
/// counts what was corrected for it later.
pub fn value_without_goods(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid, NaiveDate, Quantity, Amount)>> {
    sql!(
        "SELECT company_id, product_id, day, q, a FROM (\
           SELECT company_id, product_id, day, SUM(q) OVER w AS q, SUM(a) OVER w AS a FROM (\
             SELECT company_id, product_id, valuation_date AS day, SUM(quantity) AS q, SUM(amount) AS a FROM value_entries \
             WHERE {} GROUP BY company_id, product_id, valuation_date\
           ) AS days WINDOW w AS (PARTITION BY company_id, product_id ORDER BY day)\
         ) AS x WHERE (q = 0 AND a <> 0) OR (q > 0 AND a < 0) OR (q < 0 AND a > 0) ORDER BY company_id, product_id, day LIMIT 100",
        only.on("company_id")
    )
    .load(db)
}

/// Posted adjustments whose total is not the sum of their lines: (adjustment, total, sum).
pub fn adjustments_unlike_lines(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT a.id, a.total_value, COALESCE(SUM(l.value), 0) FROM stock_adjustments a \
         LEFT JOIN stock_adjustment_lines l ON l.adjustment_id = a.id WHERE a.status = 'posted' AND {} GROUP BY a.id, a.total_value \
         HAVING a.total_value <> COALESCE(SUM(l.value), 0) ORDER BY a.id LIMIT 100",
        only.on("a.company_id")
    )
    .load(db)
}

/// The totals of posted adjustments.
pub fn adjustment_totals(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount)>> {
    sql!("SELECT id, total_value FROM stock_adjustments WHERE status = 'posted' AND {}", only.on("company_id")).load(db)
}

/// What the goods of each document of a kind changed the value of stock by, with all corrections; `pattern` as in LIKE. What scrapped
/// goods took off again on their return is left out.
pub fn worth_of_documents(db: &mut Conn, only: &Only, pattern: &str) -> Result<Vec<(String, Amount)>> {
    sql!(
        "SELECT source_id, SUM(amount) FROM (\
           SELECT b.source_id, b.amount FROM value_entries b WHERE b.source_id LIKE {} AND b.quantity <> 0 \
           AND NOT (b.quantity < 0 AND b.applies_to_id IS NOT NULL) AND {} \
           UNION ALL SELECT b.source_id, c.amount FROM value_entries b JOIN value_entries c ON c.applies_to_id = b.id \
           AND c.kind = 'correction' WHERE b.source_id LIKE {} AND b.quantity <> 0 \
           AND NOT (b.quantity < 0 AND b.applies_to_id IS NOT NULL) AND {}) AS parts GROUP BY source_id",
        pattern,
        only.on("b.company_id"),
        pattern,
        only.on("b.company_id")
    )
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
