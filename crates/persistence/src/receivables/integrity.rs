//! Queries that recompute what customers owe. Each answers the violations of its rule.

use domain::kernel::Amount;
use uuid::Uuid;

use crate::{Conn, Only, Result, sql};

/// The receivable accounts of each company against its open items: company, ledger, items.
pub fn receivables(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    let ledger = sql!(
        "SELECT b.company_id, SUM(b.debit - b.credit) FROM account_balances b WHERE b.account_id IN \
         (SELECT account_id FROM account_determinations WHERE role = 'receivable') AND {} GROUP BY b.company_id",
        only.on("b.company_id")
    )
    .load::<(Uuid, Amount)>(db)?;
    let items = sql!("SELECT company_id, SUM(outstanding_company) FROM open_items WHERE {} GROUP BY company_id", only.on("company_id"));
    let items = items.load::<(Uuid, Amount)>(db)?;
    let items: std::collections::HashMap<_, _> = items.into_iter().collect();
    let mut out: Vec<_> = ledger.into_iter().map(|(c, l)| (c, l, items.get(&c).copied().unwrap_or_default())).collect();
    out.extend(items.iter().filter(|(c, _)| !out.iter().any(|o| o.0 == **c)).map(|(c, i)| (*c, Amount::ZERO, *i)).collect::<Vec<_>>());
    Ok(out)
}

/// Items whose open amount is not the sum of their entries: item.
pub fn items(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid,)>> {
    sql!(
        "SELECT i.id FROM open_items i LEFT JOIN item_entries e ON e.item_id = i.id WHERE {} GROUP BY i.id, i.outstanding, i.outstanding_company \
         HAVING COALESCE(SUM(e.amount), 0) <> i.outstanding OR COALESCE(SUM(e.amount_company), 0) <> i.outstanding_company LIMIT 100",
        only.on("i.company_id")
    )
    .load(db)
}
