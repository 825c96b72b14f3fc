//! Running sums per account and month, kept in the transaction that posts. A sum is spread over up to sixteen rows on
//! PostgreSQL, so that concurrent postings to one account do not wait for each other; readers add the rows up.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::kernel::Amount;
use uuid::Uuid;

use crate::{Bind, Conn, Engine, Result, Statement, sql};

/// Adds to the sums of accounts in a month: account, debit, credit.
pub fn add(db: &mut Conn, company: Uuid, month: NaiveDate, sums: &BTreeMap<Uuid, (Amount, Amount)>) -> Result<()> {
    let slot: i64 = match db.engine() {
        Engine::Sqlite => 0,
        Engine::Postgres => i64::from(rand::random::<u8>() % 16),
    };
    let mut statement = Statement::new("INSERT INTO account_balances (company_id, account_id, month, slot, debit, credit) VALUES ");
    // in the order of the accounts, so that two postings never wait for each other crosswise
    for (i, (account, (debit, credit))) in sums.iter().enumerate() {
        statement.sql(if i == 0 { "(" } else { ", (" });
        company.bind(&mut statement);
        statement.sql(", ");
        account.bind(&mut statement);
        statement.sql(", ");
        month.bind(&mut statement);
        statement.sql(", ");
        slot.bind(&mut statement);
        statement.sql(", ");
        debit.bind(&mut statement);
        statement.sql(", ");
        credit.bind(&mut statement);
        statement.sql(")");
    }
    statement.sql(
        " ON CONFLICT (account_id, month, slot) DO UPDATE SET debit = account_balances.debit + excluded.debit, \
         credit = account_balances.credit + excluded.credit",
    );
    statement.execute(db)?;
    Ok(())
}

/// Sums per account over whole months, from `from` (included) to `before` (excluded): account, debit, credit.
pub fn months(db: &mut Conn, company: Uuid, from: Option<NaiveDate>, before: NaiveDate) -> Result<Vec<(Uuid, Amount, Amount)>> {
    let from = from.unwrap_or(NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN));
    sql!(
        "SELECT account_id, SUM(debit), SUM(credit) FROM account_balances WHERE company_id = {} AND month >= {} AND month < {} \
         GROUP BY account_id",
        company,
        from,
        before
    )
    .load(db)
}

/// Sums per account over the lines from `from` to `to`, both included; for the broken months at the ends.
pub fn lines(db: &mut Conn, company: Uuid, from: NaiveDate, to: NaiveDate) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT account_id, SUM(debit), SUM(credit) FROM journal_lines \
         WHERE company_id = {} AND posting_date >= {} AND posting_date <= {} GROUP BY account_id",
        company,
        from,
        to
    )
    .load(db)
}
