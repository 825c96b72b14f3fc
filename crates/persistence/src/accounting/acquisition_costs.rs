//! What was spent to win customers, as the ledger says.

use chrono::NaiveDate;
use domain::ids::{AccountId, CompanyId};
use domain::insight::metrics::customers::Spending;
use domain::kernel::{Amount, Id};
use uuid::Uuid;

use crate::{Conn, Engine, Result, Statement, sql};

/// Debits less credits between two days by campaign and month: of these accounts, or without any of the lines of expense
/// accounts that have a dimension `campaign` or `sales`.
pub fn spending(db: &mut Conn, company: CompanyId, from: NaiveDate, to: NaiveDate, accounts: &[AccountId]) -> Result<Vec<Spending>> {
    let dimension = |name: &str| match db.engine() {
        Engine::Sqlite => format!("json_extract(l.dimensions, '$.{name}')"),
        Engine::Postgres => format!("(l.dimensions ->> '{name}')"),
    };
    let (campaign, sales) = (dimension("campaign"), dimension("sales"));
    let month = crate::crm::forecasts::month_of(db.engine(), "l.posting_date");
    let mut s = Statement::new(format!(
        "SELECT campaign, month, COUNT(*), SUM(amount) FROM (SELECT {campaign} AS campaign, {month} AS month, l.debit - l.credit AS amount \
         FROM journal_lines l JOIN accounts a ON a.id = l.account_id"
    ));
    s.append(sql!(" WHERE l.company_id = {} AND l.posting_date >= {} AND l.posting_date <= {}", company.uuid(), from, to));
    match accounts {
        [] => s.sql(format!(" AND a.account_type = 'expense' AND ({campaign} IS NOT NULL OR {sales} IS NOT NULL)")),
        some => {
            let ids: Vec<Uuid> = some.iter().map(|a| a.uuid()).collect();
            s.append(sql!(" AND l.account_id IN ({})", crate::list(&ids)))
        }
    };
    s.sql(") d GROUP BY campaign, month ORDER BY month, campaign");
    s.load::<(Option<String>, NaiveDate, i64, Amount)>(db)
}
