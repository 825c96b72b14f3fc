//! Queries that recompute the books. Each answers what breaks its rule, at most a hundred rows, and nothing when all is
//! well.

use domain::kernel::Amount;
use uuid::Uuid;

use crate::{Conn, Engine, Only, Result, Statement, sql};

/// Posted entries whose lines do not balance or are fewer than two, and drafts with lines: entry, lines, difference.
pub fn unbalanced(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, i64, Amount)>> {
    sql!(
        "SELECT e.id, COUNT(l.id), COALESCE(SUM(l.debit - l.credit), 0) FROM journal_entries e LEFT JOIN journal_lines l ON l.journal_entry_id = e.id \
         WHERE {} GROUP BY e.id, e.status HAVING CASE e.status WHEN 'draft' THEN COUNT(l.id) > 0 \
         ELSE COUNT(l.id) < 2 OR COALESCE(SUM(l.debit - l.credit), 0) <> 0 END LIMIT 100",
        only.on("e.company_id")
    )
    .load(db)
}

/// How many rows of these companies a table has.
pub fn count(db: &mut Conn, table: &'static str, only: &Only) -> Result<i64> {
    let mut statement = Statement::new("SELECT COUNT(*) FROM ");
    statement.sql(table).sql(" WHERE ").append(only.on("company_id"));
    Ok(statement.first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// Companies whose debits and credits differ: company, difference.
pub fn trial_balance(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount)>> {
    sql!(
        "SELECT company_id, SUM(debit - credit) FROM journal_lines WHERE {} GROUP BY company_id HAVING SUM(debit - credit) <> 0 LIMIT 100",
        only.on("company_id")
    )
    .load(db)
}

/// Accounts and months whose running sum is not that of the lines: account, month, difference of debits, of credits.
pub fn balances(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, String, Amount, Amount)>> {
    let (from_date, from_month) = match db.engine() {
        Engine::Postgres => ("to_char(posting_date, 'YYYY-MM')", "to_char(month, 'YYYY-MM')"),
        Engine::Sqlite => ("substr(posting_date, 1, 7)", "substr(month, 1, 7)"),
    };
    let mut statement = Statement::new("SELECT account_id, m, SUM(d), SUM(c) FROM (SELECT account_id, ");
    statement.sql(from_date).sql(" AS m, debit AS d, credit AS c FROM journal_lines WHERE ").append(only.on("company_id"));
    statement.sql(" UNION ALL SELECT account_id, ").sql(from_month);
    statement.sql(" AS m, -debit AS d, -credit AS c FROM account_balances WHERE ").append(only.on("company_id"));
    statement.sql(") x GROUP BY account_id, m HAVING SUM(d) <> 0 OR SUM(c) <> 0 LIMIT 100");
    statement.load(db)
}
