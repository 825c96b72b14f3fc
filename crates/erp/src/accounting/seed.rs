//! What a new company's books start with: the chart of accounts, account determination, policy, and the fiscal years around
//! today. Written in the transaction that creates the company, in batches.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use domain::accounting::account_determinations::AccountDetermination;
use domain::accounting::accounts::Account;
use domain::accounting::accounts::chart::{ACCOUNTS, DETERMINATIONS, Mark};
use domain::accounting::fiscal_years::{FiscalYear, year_start};
use domain::accounting::policies::AccountingPolicy;
use domain::directory::companies::Company;
use domain::ids::{AccountId, CompanyId};
use persistence::record;

use super::periods::periods_of;
use platform::prelude::*;

/// The day from which everything that comes with a company holds.
fn always() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default()
}

/// Hears `company.created` and opens its books.
pub fn open_books(cx: &mut Cx, event: &Event) -> Result<()> {
    let Some(id) = event.company else { return Ok(()) };
    // whoever creates a company need not have a grant on it yet
    let Some(company) = record::find::<Company>(cx.db(), id.uuid())? else { return Ok(()) };
    let accounts = accounts(cx, id);
    let numbers: BTreeMap<&str, AccountId> = accounts.iter().map(|a| (&*a.code, a.id)).collect();
    let rules = determinations(cx, id, &numbers);
    cx.insert_all(&accounts)?;
    cx.insert_all(&rules)?;
    let policy = AccountingPolicy {
        id: cx.new_id(),
        company_id: id,
        entry_self_approval_limit: None,
        payment_self_approval_limit: None,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    cx.insert_all(&[policy])?;
    years(cx, &company)
}

fn accounts(cx: &Cx, company_id: CompanyId) -> Vec<Account> {
    let made = ACCOUNTS.iter().map(|(code, mark, account_type, name)| {
        let contra = *mark == Mark::Contra;
        Account {
            id: cx.new_id(),
            company_id,
            code: (*code).into(),
            name: (*name).into(),
            account_type: *account_type,
            normal_side: account_type.normal_side(contra),
            heading: *mark == Mark::Heading,
            control: *mark == Mark::Control,
            contra,
            currency: None,
            archived: false,
            version: 1,
            created_at: cx.now,
            updated_at: cx.now,
        }
    });
    made.collect()
}

fn determinations(cx: &Cx, company_id: CompanyId, numbers: &BTreeMap<&str, AccountId>) -> Vec<AccountDetermination> {
    let made = DETERMINATIONS.iter().filter_map(|(role, item_class, code)| {
        Some(AccountDetermination {
            id: cx.new_id(),
            company_id,
            role: *role,
            item_class: *item_class,
            party_class: None,
            account_id: *numbers.get(code)?,
            valid_from_date: always(),
            version: 1,
            created_at: cx.now,
            updated_at: cx.now,
        })
    });
    made.collect()
}

/// The fiscal year of today, the one before and the one after.
fn years(cx: &mut Cx, company: &Company) -> Result<()> {
    let this = year_start(cx.today(company), company.fiscal_year_start_month.max(1) as u32);
    let starts = [this.checked_sub_months(Months::new(12)), Some(this), this.checked_add_months(Months::new(12))];
    for start in starts.into_iter().flatten() {
        let year = FiscalYear::new(cx.new_id(), company.id, start, cx.now)?;
        let periods = periods_of(cx, &year);
        cx.insert_all(&[year])?;
        cx.insert_all(&periods)?;
    }
    Ok(())
}
