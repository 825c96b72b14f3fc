//! The value ledger, and the running cost of each product of a company.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{CompanyId, ProductId};
use domain::inventory::valuation::{ProductCost, ValueEntry};
use domain::kernel::{Amount, Id, Quantity};
use uuid::Uuid;

use super::for_change;
use super::reservations::rows;
use crate::value::Scalar;
use crate::{Conn, Result, Statement, list, record, sql};

record! {
    value_entries: ValueEntry {
        id: uid, company_id: uid, product_id: uid, kind: word, quantity: quantity, amount: amount, source_id: text,
        source_line_id: opt(text), entry_date: date, created_at: instant,
    }
}
record! {
    product_costs: ProductCost {
        id: uid, company_id: uid, product_id: uid, quantity: quantity, value: amount, last_unit_cost: price, version: int, updated_at: instant,
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
        "INSERT INTO product_costs (id, company_id, product_id, quantity, value, last_unit_cost, version, updated_at) VALUES ",
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
        "UPDATE product_costs SET quantity = v.column2, value = v.column3, last_unit_cost = v.column4, version = version + 1, updated_at = ",
    );
    statement.push(now.put()).sql(" FROM (VALUES ");
    rows(&mut statement, costs.iter().map(|c| vec![c.id.uuid().put(), c.quantity.put(), c.value.put(), c.last_unit_cost.put()]));
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
