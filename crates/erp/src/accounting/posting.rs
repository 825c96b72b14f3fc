//! The one door into the ledger. Other services say what happened in roles; accounts, period, number and running balances
//! follow here, in the transaction of the fact. Nothing else writes journal lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::accounting::account_determinations::{Rule, determine};
use domain::accounting::accounts::Account;
use domain::accounting::fiscal_years::first_of_month;
use domain::accounting::journal_entries::{EntryStatus, JournalEntry, JournalLine};
use domain::accounting::periods::{Period, PeriodStatus};
use domain::accounting::posting::{AccountRef, ItemClass, POSTING_RULE_MISSING, Posting, PostingLine, Role};
use domain::accounting::{accounts, journal_entries as entries, periods};
use domain::directory::companies::Company;
use domain::ids::{AccountId, CompanyId, JournalEntryId};
use domain::kernel::{Decimals, StringEnum};
use persistence::RETRY;
use persistence::accounting::{account_determinations, balances, journal_entries as stored};

use crate::accounting::periods::{admit, admit_tax};
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

/// Posts an entry: judges the period under its lock, resolves roles, and writes entry and lines; at the end of the transaction
/// it adds to the running balances, takes the number and tells `journal_entry.posted`. The answer is the entry before that. The
/// lock is that of the document and asked whatever its amounts are; lines of zero in both currencies are dropped, and the answer
/// is `None` when nothing is left. A line with a tax code asks the tax lock too, also when its tax is zero: its base is a figure
/// of the tax return.
///
/// # Errors
/// One of [`REFUSALS`].
pub fn post(cx: &mut Cx, posting: Posting) -> Result<Option<JournalEntry>> {
    let period = admit(cx, posting.company_id, posting.posting_date, posting.class)?;
    let mut lines = posting.lines;
    if lines.iter().any(|l| l.tax_code_id.is_some()) {
        admit_tax(cx, &period)?;
    }
    lines.retain(|l| !l.is_nothing());
    if lines.is_empty() {
        return Ok(None);
    }
    let company = cx.find::<Company>(posting.company_id)?;
    let accounts = resolve(cx, &company, &lines, posting.posting_date)?;
    let (currency, rate) = posting.currency.unwrap_or_else(|| (company.currency.clone(), Rate::ONE));
    let id = cx.new_id::<JournalEntryId>();
    let mut written = Vec::with_capacity(lines.len());
    for (position, (line, account)) in (1..).zip(lines.into_iter().zip(accounts)) {
        account.accepts(&currency, false)?;
        let net = line.balance();
        let amount = line.amount_currency.unwrap_or(net);
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
            amount_currency: amount,
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
        authors: cx.caller.user_id.into_iter().collect(),
        posted_at: None,
        metadata: BTreeMap::new(),
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let entry = book(cx, entry, written, true, &period)?;
    if let Some(source) = &entry.source {
        cx.link(source, entry.id, "posts")?;
    }
    // every posting of a company adds to the same balances and takes a number of the same few series: all documents are
    // locked before, all balances before all series
    let booked = entry.clone();
    cx.at_the_end(move |cx| {
        add_up(cx, &booked)?;
        cx.at_the_end(move |cx| {
            let posted = number(cx, booked)?;
            cx.emit(Event::of("posted", &posted));
            Ok(())
        });
        Ok(())
    });
    Ok(Some(entry))
}

/// The rules of a company by which roles are accounts, read once in a transaction.
#[derive(Clone)]
struct Rules(Arc<Vec<Rule>>);

pub(crate) fn rules_of(cx: &mut Cx, company: CompanyId) -> Result<Arc<Vec<Rule>>> {
    Ok(cx.once(company.uuid(), |conn| account_determinations::rules(conn, company.uuid()).map(|all| Rules(Arc::new(all))))?.0)
}

/// The account that a role means on a day.
pub(crate) fn account_of(cx: &mut Cx, company: &Company, role: Role, date: chrono::NaiveDate) -> Result<AccountId> {
    let rules = rules_of(cx, company.id)?;
    determine(&rules, role, None, None, date).ok_or_else(|| missing(company, role, None, date))
}

fn missing(company: &Company, role: Role, item: Option<ItemClass>, date: chrono::NaiveDate) -> Problem {
    let item = item.map_or(String::new(), |i| format!(" and item class {}", i.as_str()));
    POSTING_RULE_MISSING.with(format!("Company {} has no account for role {}{item} on {date}.", company.code, role.as_str()))
}

/// The account of each line, in order: one query for the rules and one for the accounts.
fn resolve(cx: &mut Cx, company: &Company, lines: &[PostingLine], date: chrono::NaiveDate) -> Result<Vec<Account>> {
    let by_role = lines.iter().any(|l| matches!(l.account, AccountRef::Role(..)));
    let rules = if by_role { rules_of(cx, company.id)? } else { Arc::default() };
    let mut ids: Vec<AccountId> = Vec::with_capacity(lines.len());
    for line in lines {
        ids.push(match line.account {
            AccountRef::Id(id) => id,
            AccountRef::Role(role, item) => determine(&rules, role, item, None, date).ok_or_else(|| missing(company, role, item, date))?,
        });
    }
    let found: BTreeMap<AccountId, Account> = cx.find_all::<Account>(&ids)?.into_iter().map(|a| (a.id, a)).collect();
    let known = |id: &AccountId| found.get(id).filter(|a| a.company_id == company.id).cloned();
    ids.iter()
        .map(|id| known(id).ok_or_else(|| problems::unknown_reference.with(format!("There is no account {id} in the company."))))
        .collect()
}

/// Writes a draft's lines into the ledger and turns it posted: balances first, the number last. `new` when the entry is
/// not in the database yet; `period` is the one that holds its day and admits it. The caller tells what happened.
pub(crate) fn write(cx: &mut Cx, entry: JournalEntry, lines: Vec<JournalLine>, new: bool, period: &Period) -> Result<JournalEntry> {
    let booked = book(cx, entry, lines, new, period)?;
    add_up(cx, &booked)?;
    number(cx, booked)
}

/// Writes the lines. Nothing else does, so this is where the tax lock is asked about the accounts of taxes. The entry is a draft
/// until it gets its number in the same transaction.
fn book(cx: &mut Cx, mut entry: JournalEntry, lines: Vec<JournalLine>, new: bool, period: &Period) -> Result<JournalEntry> {
    if period.tax != PeriodStatus::Open {
        let carriers = account_determinations::tax_accounts(cx.db(), entry.company_id.uuid())?;
        if lines.iter().any(|l| l.tax_code_id.is_some() || carriers.contains(&l.account_id)) {
            admit_tax(cx, period)?;
        }
    }
    entry.total = JournalEntry::must_balance(&lines)?;
    Amount::exact(entry.total.get())?;
    match new {
        true => cx.insert_both(std::slice::from_ref(&entry), &lines)?,
        false => cx.insert_all(&lines)?,
    }
    entry.drafted = Vec::new();
    entry.lines = lines;
    Ok(entry)
}

/// Adds the lines to the running balances.
fn add_up(cx: &mut Cx, entry: &JournalEntry) -> Result<()> {
    let mut sums = BTreeMap::new();
    for line in &entry.lines {
        let sum: &mut (Amount, Amount) = sums.entry(line.account_id.uuid()).or_default();
        sum.0 += line.debit;
        sum.1 += line.credit;
    }
    Ok(balances::add(cx.db(), entry.company_id.uuid(), first_of_month(entry.posting_date), &sums)?)
}

/// Gives a booked entry its number, by which it is posted.
fn number(cx: &mut Cx, mut entry: JournalEntry) -> Result<JournalEntry> {
    let series = cx.series(entry.company_id, entry.journal.series(), entry.posting_date)?;
    entry.posted_at = Some(cx.now);
    let number = stored::mark_posted(cx.db(), &entry, &series)?;
    entry.number = Some(number.ok_or_else(|| RETRY.with("The entry is gone."))?);
    entry.status = EntryStatus::Posted;
    Ok(entry)
}
