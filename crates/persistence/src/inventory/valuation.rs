//! The value ledger, and the running cost of each product of a company.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CompanyId, ProductId};
use domain::inventory::valuation::{ProductCost, ValueEntry};
use domain::kernel::{Amount, Id, Quantity};
use uuid::Uuid;

use super::for_change;
use super::reservations::rows;
use crate::ledger::Ledger;
use crate::value::{Kind, Scalar};
use crate::{Conn, Result, Statement, Value, list, record, sql};

record! {
    value_entries: ValueEntry {
        id: uid, company_id: uid, product_id: uid, kind: word, quantity: quantity, amount: amount, source_id: text,
        source_line_id: opt(text), entry_date: date, valuation_date: date, applies_to_id: opt(uid), covered_by_id: opt(uid),
        account_id: opt(uid), counter_account_id: opt(uid), created_at: instant,
    }
}
record! {
    product_costs: ProductCost {
        id: uid, company_id: uid, product_id: uid, quantity: quantity, value: amount, last_unit_cost: price,
        account_id: opt(uid), last_entry_date: opt(date), version: int, updated_at: instant,
    }
}

/// The running costs of these products, locked, by product.
pub fn lock(db: &mut Conn, company: CompanyId, products: &[Uuid]) -> Result<Vec<ProductCost>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = record::select::<ProductCost>();
    statement.append(sql!(" WHERE company_id = {} AND product_id IN ({}) ORDER BY product_id", company.uuid(), list(products)));
    for_change(db, &mut statement);
    record::load(db, &statement)
}

/// Rows of zero for products without a cost; those that exist already stay as they are.
pub fn open(db: &mut Conn, new: &[ProductCost]) -> Result<usize> {
    if new.is_empty() {
        return Ok(0);
    }
    let mut statement = Statement::new(
        "INSERT INTO product_costs (id, company_id, product_id, quantity, value, last_unit_cost, account_id, last_entry_date, version, \
         updated_at) VALUES ",
    );
    rows(
        &mut statement,
        new.iter().map(|c| {
            let mut values = Vec::new();
            crate::Record::put(c, &mut values);
            values
        }),
    );
    statement.sql(" ON CONFLICT (company_id, product_id) DO NOTHING");
    statement.execute(db)
}

/// Writes the figures of rows that are locked.
pub fn store(db: &mut Conn, costs: &[ProductCost], now: DateTime<Utc>) -> Result<usize> {
    if costs.is_empty() {
        return Ok(0);
    }
    let mut statement = Statement::new(
        "UPDATE product_costs SET quantity = v.column2, value = v.column3, last_unit_cost = v.column4, account_id = v.column5, \
         last_entry_date = v.column6, version = version + 1, updated_at = ",
    );
    statement.push(now.put()).sql(" FROM (VALUES ");
    let cells = |c: &ProductCost| {
        let account = c.account_id.map_or(Value::Null(Kind::Uid), |a| a.uuid().put());
        let date = c.last_entry_date.map_or(Value::Null(Kind::Date), Scalar::put);
        vec![c.id.uuid().put(), c.quantity.put(), c.value.put(), c.last_unit_cost.put(), account, date]
    };
    rows(&mut statement, costs.iter().map(cells));
    statement.sql(") AS v WHERE product_costs.id = v.column1");
    statement.execute(db)
}

/// What is owned and what it is worth, by product: now, or as the entries up to a date say.
pub fn of_company(
    db: &mut Conn,
    company: CompanyId,
    as_of: Option<NaiveDate>,
    product: Option<ProductId>,
) -> Result<Vec<(Uuid, Quantity, Amount)>> {
    let mut statement = match as_of {
        None => sql!(
            "SELECT product_id, quantity, value FROM product_costs WHERE company_id = {} AND (quantity <> 0 OR value <> 0)",
            company.uuid()
        ),
        Some(date) => {
            sql!(
                "SELECT product_id, SUM(quantity), SUM(amount) FROM value_entries WHERE company_id = {} AND entry_date <= {}",
                company.uuid(),
                date
            )
        }
    };
    if let Some(product) = product {
        statement.append(sql!(" AND product_id = {}", product.uuid()));
    }
    if as_of.is_some() {
        statement.sql(" GROUP BY product_id HAVING SUM(quantity) <> 0 OR SUM(amount) <> 0");
    }
    statement.sql(" ORDER BY product_id");
    statement.load(db)
}

/// What is owned of a product at the end of a business date and what it is worth, by the days for which entries count.
pub fn at(db: &mut Conn, company: CompanyId, product: ProductId, date: NaiveDate) -> Result<(Quantity, Amount)> {
    let sums = sql!(
        "SELECT COALESCE(SUM(quantity), 0), COALESCE(SUM(amount), 0) FROM value_entries \
         WHERE company_id = {} AND product_id = {} AND valuation_date <= {}",
        company.uuid(),
        product.uuid(),
        date
    );
    Ok(sums.first(db)?.unwrap_or_default())
}

/// What moved of a product and what changed of its value on each business date until `date`, the earliest first.
pub fn days(db: &mut Conn, company: CompanyId, product: ProductId, date: NaiveDate) -> Result<Vec<(NaiveDate, Quantity, Amount)>> {
    sql!(
        "SELECT valuation_date, SUM(quantity), SUM(amount) FROM value_entries \
         WHERE company_id = {} AND product_id = {} AND valuation_date <= {} GROUP BY valuation_date ORDER BY valuation_date",
        company.uuid(),
        product.uuid(),
        date
    )
    .load(db)
}

/// The entries of a product that count for days after `date`, or all of them, in the order of those days.
pub fn after(db: &mut Conn, company: CompanyId, product: ProductId, date: Option<NaiveDate>) -> Result<Vec<ValueEntry>> {
    let mut statement = record::select::<ValueEntry>();
    statement.append(sql!(" WHERE company_id = {} AND product_id = {}", company.uuid(), product.uuid()));
    if let Some(date) = date {
        statement.append(sql!(" AND valuation_date > {}", date));
    }
    statement.sql(" ORDER BY valuation_date, id");
    record::load(db, &statement)
}

/// The last movement of a product until the end of a business date: quantity and amount as it was first valued.
pub fn last_movement(db: &mut Conn, company: CompanyId, product: ProductId, date: NaiveDate) -> Result<Option<(Quantity, Amount)>> {
    sql!(
        "SELECT quantity, amount FROM value_entries WHERE company_id = {} AND product_id = {} AND valuation_date <= {} \
         AND quantity <> 0 ORDER BY valuation_date DESC, id DESC LIMIT 1",
        company.uuid(),
        product.uuid(),
        date
    )
    .first(db)
}

/// These entries, and all that apply to them and count until the end of a business date, or at all: corrections and returns.
pub fn with_applied(db: &mut Conn, ids: &[Uuid], date: Option<NaiveDate>) -> Result<Vec<ValueEntry>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut statement = record::select::<ValueEntry>();
    statement.append(sql!(" WHERE (id IN ({}) OR applies_to_id IN ({}))", list(ids), list(ids)));
    if let Some(date) = date {
        statement.append(sql!(" AND valuation_date <= {}", date));
    }
    statement.sql(" ORDER BY id");
    record::load(db, &statement)
}

/// The entry by which the goods of a line of a delivery left.
pub fn issue_of(db: &mut Conn, document: &str, line: &str) -> Result<Option<Uuid>> {
    let found = sql!(
        "SELECT id FROM value_entries WHERE source_id = {} AND source_line_id = {} AND quantity < 0 ORDER BY id LIMIT 1",
        document,
        line
    );
    Ok(found.first::<(Uuid,)>(db)?.map(|r| r.0))
}

/// The documents whose goods were re-costed by a document: their ids as text.
pub fn corrected_by(db: &mut Conn, document: &str) -> Result<Vec<String>> {
    let found = sql!(
        "SELECT DISTINCT b.source_id FROM value_entries c JOIN value_entries b ON b.id = c.applies_to_id \
         WHERE c.source_id = {} AND c.kind = 'correction' ORDER BY b.source_id",
        document
    );
    Ok(found.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// What the movements of the lines of a document changed the value of stock by, with all corrections: by line. What scrapped goods
/// took off again on their return is left out.
pub fn worth_of_lines(db: &mut Conn, document: &str) -> Result<Vec<(String, Amount)>> {
    sql!(
        "SELECT line, SUM(amount) FROM (\
           SELECT b.source_line_id AS line, b.amount FROM value_entries b WHERE b.source_id = {} AND b.quantity <> 0 \
           AND NOT (b.quantity < 0 AND b.applies_to_id IS NOT NULL) \
           UNION ALL SELECT b.source_line_id, c.amount FROM value_entries b JOIN value_entries c ON c.applies_to_id = b.id \
           AND c.kind = 'correction' WHERE b.source_id = {} AND b.quantity <> 0 \
           AND NOT (b.quantity < 0 AND b.applies_to_id IS NOT NULL)) AS parts WHERE line IS NOT NULL GROUP BY line ORDER BY line",
        document,
        document
    )
    .load(db)
}

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "value_entries", columns: &[] }];
