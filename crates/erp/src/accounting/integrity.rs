//! The proofs of the ledger: checks that recompute it, and the calculation behind an entry.

use domain::accounting::journal_entries::JournalEntry;
use domain::ids::{AccountId, CompanyId, JournalEntryId, JournalLineId};
use domain::kernel::Id;
use persistence::accounting::integrity as stored;
use platform::questions::{Check, Explanation, Questions};

use platform::prelude::*;

pub fn questions(q: &mut Questions) {
    q.check(checks);
    for series in ["GJ", "SJ", "PJ", "CJ", "IJ", "YJ"] {
        q.numbered::<JournalEntry>(series);
    }
    q.explain(JournalEntryId::PREFIX, explain);
}

fn checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let only = &cx.only();
    let db = cx.db();
    let entries = stored::count(db, "journal_entries", only)?;
    let lines = stored::count(db, "journal_lines", only)?;
    let unbalanced = stored::unbalanced(db, only)?.into_iter();
    let unbalanced = unbalanced.map(|(id, n, by)| format!("{} has {n} lines and differs by {by}", JournalEntryId::from_uuid(id))).collect();
    let trial =
        stored::trial_balance(db, only)?.into_iter().map(|(c, by)| format!("{} differs by {by}", CompanyId::from_uuid(c))).collect();
    let running = stored::balances(db, only)?.into_iter().map(|(account, month, d, c)| {
        let account = AccountId::from_uuid(account);
        format!("{account} in {month}: debits differ by {d}, credits by {c}")
    });
    let running = running.collect();
    Ok(vec![
        Check::of(
            "journal_entries_balance",
            "Every posted entry has at least two lines and its debits equal its credits; a draft is not in the ledger.",
            entries,
            unbalanced,
        ),
        Check::of("trial_balance", "All debits of a company equal all its credits.", lines, trial),
        Check::of("account_balances", "The running balance of every account and month is the sum of its lines.", lines, running),
    ])
}

fn explain(cx: &mut Cx, text: &str) -> Result<Explanation> {
    cx.require("accounting.journal_entries.read")?;
    let e = cx.find::<JournalEntry>(platform::questions::id_in::<JournalEntryId>(text)?)?;
    let why = match &e.source {
        Some(source) => {
            format!("sum of the debits, which equals the sum of the credits; posted by {source}, accounts by account determination")
        }
        None => "sum of the debits, which equals the sum of the credits; entered by hand".to_string(),
    };
    let lines = e.lines.iter().map(|l| {
        let side = if l.debit.is_zero() { "credit" } else { "debit" };
        let inputs = vec![
            Explanation::given(format!("amount in {}", l.currency), l.amount_currency),
            Explanation::given("exchange rate", l.exchange_rate),
        ];
        let id: JournalLineId = l.id;
        Explanation::of(
            side,
            if l.debit.is_zero() { l.credit } else { l.debit },
            "amount × exchange rate, rounded half away from zero",
            inputs,
        )
        .at(id)
    });
    let lines = lines.collect();
    Ok(Explanation::of("total", e.total, why, lines).at(e.id))
}
