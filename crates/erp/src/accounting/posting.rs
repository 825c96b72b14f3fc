//! The one door into the ledger. Other services say what happened in roles; accounts, period, number and running balances
//! follow here, in the transaction of the fact. Nothing else writes journal lines.

use std::collections::BTreeMap;

use domain::accounting::account_determinations::determine;
use domain::accounting::accounts::Account;
use domain::accounting::fiscal_years::first_of_month;
use domain::accounting::journal_entries::{EntryStatus, JournalEntry, JournalLine};
use domain::accounting::posting::{AccountRef, POSTING_RULE_MISSING, Posting, PostingLine};
use domain::accounting::{accounts, journal_entries as entries, periods};
use domain::directory::companies::Company;
use domain::ids::{AccountId, JournalEntryId};
use domain::kernel::{Decimals, Word};
use persistence::accounting::{account_determinations, balances, journal_entries as stored};

use crate::accounting::periods::admit;
use platform::prelude::*;

/// What a posting can be refused with; operations that post declare these.
pub const REFUSALS: &[Code] = &[
    POSTING_RULE_MISSING,
    periods::PERIOD_CLOSED,
    periods::PERIOD_SOFT_CLOSED,
    periods::PERIOD_NOT_OPEN,
    periods::PERIOD_MISSING,
    accounts::ACCOUNT_IS_HEADING,
    accounts::ACCOUNT_IS_ARCHIVED,
    accounts::ACCOUNT_CURRENCY,
    entries::UNBALANCED,
    entries::TOO_FEW_LINES,
];

/// Posts an entry at once: resolves roles, judges the period under its lock, writes entry, lines and running balances,
/// takes the number and tells `journal_entry.posted`. Lines of zero are dropped; `None` when nothing is left.
///
/// # Errors
/// One of [`REFUSALS`].
pub fn post(cx: &mut Cx, posting: Posting) -> Result<Option<JournalEntry>> {
    let mut lines = posting.lines;
    lines.retain(|l| !l.balance().is_zero());
    if lines.is_empty() {
        return Ok(None);
    }
    let company = cx.find::<Company>(posting.company_id)?;
    admit(cx, company.id, posting.posting_date, posting.class)?;
    let accounts = resolve(cx, &company, &lines, posting.posting_date)?;
    let (currency, rate) = posting.currency.unwrap_or_else(|| (company.currency.clone(), Rate::ONE));
    let id = cx.new_id::<JournalEntryId>();
    let mut written = Vec::with_capacity(lines.len());
    for (position, (line, account)) in (1..).zip(lines.into_iter().zip(accounts)) {
        account.accepts(&currency, false)?;
        let net = line.balance();
        let amount = line.amount_currency.unwrap_or(net.abs());
        written.push(JournalLine {
            id: cx.new_id(),
            company_id: company.id,
            journal_entry_id: id,
            position,
            posting_date: posting.posting_date,
            account_id: account.id,
            debit: if net.is_negative() { Amount::ZERO } else { net },
            credit: if net.is_negative() { -net } else { Amount::ZERO },
            currency: currency.clone(),
            amount_currency: if net.is_negative() { -amount } else { amount },
            exchange_rate: rate,
            party_id: line.party_id,
            product_id: line.product_id,
            tax_code_id: line.tax_code_id,
            dimensions: BTreeMap::new(),
            description: line.description,
            source: posting.source.clone(),
            version: 1,
            created_at: cx.now,
        });
    }
    let entry = JournalEntry {
        id,
        company_id: company.id,
        number: None,
        journal: posting.journal,
        class: posting.class,
        status: EntryStatus::Draft,
        posting_date: posting.posting_date,
        description: posting.description,
        source: posting.source,
        reverses_id: None,
        reversed_by_id: None,
        total: Amount::ZERO,
        lines: Vec::new(),
        drafted: Vec::new(),
        created_by: cx.caller.user_id,
        posted_at: None,
        metadata: BTreeMap::new(),
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let entry = write(cx, entry, written, true)?;
    if let Some(source) = &entry.source {
        cx.link(source, entry.id, "posts")?;
    }
    cx.emit(Event::of("posted", &entry));
    Ok(Some(entry))
}

/// The account of each line, in order: one query for the rules and one for the accounts.
fn resolve(cx: &mut Cx, company: &Company, lines: &[PostingLine], date: chrono::NaiveDate) -> Result<Vec<Account>> {
    let mut roles: Vec<_> = lines.iter().filter_map(|l| if let AccountRef::Role(r, _) = l.account { Some(r) } else { None }).collect();
    roles.sort_unstable();
    roles.dedup();
    let rules = if roles.is_empty() { Vec::new() } else { account_determinations::rules(cx.db(), company.id.uuid(), &roles)? };
    let mut ids: Vec<AccountId> = Vec::with_capacity(lines.len());
    for line in lines {
        ids.push(match line.account {
            AccountRef::Id(id) => id,
            AccountRef::Role(role, item) => determine(&rules, role, item, None, date).ok_or_else(|| {
                let item = item.map_or(String::new(), |i| format!(" and item class {}", i.as_str()));
                POSTING_RULE_MISSING.with(format!("Company {} has no account for role {}{item} on {date}.", company.code, role.as_str()))
            })?,
        });
    }
    let found: BTreeMap<AccountId, Account> = cx.find_all::<Account>(&ids)?.into_iter().map(|a| (a.id, a)).collect();
    let known = |id: &AccountId| found.get(id).filter(|a| a.company_id == company.id).cloned();
    ids.iter()
        .map(|id| known(id).ok_or_else(|| problems::unknown_reference.with(format!("There is no account {id} in the company."))))
        .collect()
}

/// Writes a draft's lines into the ledger and turns it posted: balances first, the number last. `new` when the entry is
/// not in the database yet. The caller tells what happened.
pub(crate) fn write(cx: &mut Cx, mut entry: JournalEntry, lines: Vec<JournalLine>, new: bool) -> Result<JournalEntry> {
    entry.total = JournalEntry::must_balance(&lines)?;
    Amount::exact(entry.total.get())?;
    if new {
        cx.insert_all(std::slice::from_ref(&entry))?;
    }
    cx.insert_all(&lines)?;
    let mut sums = BTreeMap::new();
    for line in &lines {
        let sum: &mut (Amount, Amount) = sums.entry(line.account_id.uuid()).or_default();
        sum.0 += line.debit;
        sum.1 += line.credit;
    }
    let number = cx.number(entry.company_id, entry.journal.series(), entry.posting_date)?;
    balances::add(cx.db(), entry.company_id.uuid(), first_of_month(entry.posting_date), &sums)?;
    entry.posted_at = Some(cx.now);
    stored::mark_posted(cx.db(), &entry, &number)?;
    entry.status = EntryStatus::Posted;
    entry.number = Some(number);
    entry.drafted = Vec::new();
    entry.lines = lines;
    Ok(entry)
}
