//! The chart of accounts of a company.

use domain::accounting::accounts::{Account, AccountPatch, NewAccount};
use domain::directory::currencies;
use domain::ids::AccountId;

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Account>("accounting/accounts", "The chart of accounts. Every company starts with a complete one.");
    n.searched(Words::titled("name").codes(&["code"]).with_company());
    n.list("List accounts.")
        .filter(&["code", "account_type", "control", "heading", "archived"])
        .search(&["code", "name"])
        .sort(&["code", "name"]);
    n.create(create, "Create an account.").fails(&[currencies::UNKNOWN_CURRENCY]);
    n.read("Get an account.");
    n.update(update, "Change an account. Its number and type stay; an archived account takes no new postings.")
        .fails(&[currencies::UNKNOWN_CURRENCY]);
    n.delete(delete, "Delete an account that was never used.");
}

fn check(account: &Account) -> Result<()> {
    if let Some(currency) = &account.currency {
        currencies::minor_units(currency).map_err(|p| p.under("/currency"))?;
    }
    Ok(())
}

fn create(cx: &mut Cx, new: NewAccount) -> Result<Account> {
    cx.company(new.company_id)?;
    let account = Account::new(cx.new_id(), new, cx.now);
    check(&account)?;
    cx.create(account)
}

fn update(cx: &mut Cx, id: AccountId, patch: AccountPatch) -> Result<Account> {
    let before = cx.load_for_update::<Account>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    check(&after)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: AccountId) -> Result<()> {
    let account = cx.load_for_update::<Account>(id)?;
    cx.remove(account)
}
