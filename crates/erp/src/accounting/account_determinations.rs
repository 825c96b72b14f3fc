//! Operations on account determination: which account serves a role in automatic postings.

use domain::accounting::account_determinations::{AccountDetermination, AccountDeterminationPatch, NewAccountDetermination};
use domain::accounting::accounts::{self, Account};
use domain::ids::{AccountDeterminationId, AccountId, CompanyId};

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<AccountDetermination>(
        "accounting/account-determinations",
        "Which account serves a role in automatic postings. The most specific rule that holds on the posting date wins.",
    );
    n.list("List account determinations.").filter(&["role", "item_class", "account_id"]);
    n.create(create, "Create an account determination, for example another revenue account from a date on.")
        .fails(&[accounts::ACCOUNT_IS_HEADING, accounts::ACCOUNT_IS_ARCHIVED]);
    n.read("Get an account determination.");
    n.update(update, "Change the account of a determination.").fails(&[accounts::ACCOUNT_IS_HEADING, accounts::ACCOUNT_IS_ARCHIVED]);
    n.delete(delete, "Delete an account determination. Postings that need it are refused afterwards.");
}

/// The account at `pointer`, of this company and open to automatic postings.
fn account_of(cx: &mut Cx, pointer: &str, company: CompanyId, id: AccountId) -> Result<()> {
    let account = cx.refer::<Account>(pointer, id)?;
    if account.company_id != company {
        return Err(problems::unknown_reference.field(pointer, "The account belongs to another company."));
    }
    account.accepts(account.currency.as_deref().unwrap_or_default(), false)
}

fn create(cx: &mut Cx, new: NewAccountDetermination) -> Result<AccountDetermination> {
    cx.company(new.company_id)?;
    account_of(cx, "/account_id", new.company_id, new.account_id)?;
    let rule = AccountDetermination {
        id: cx.new_id(),
        company_id: new.company_id,
        role: new.role,
        item_class: new.item_class,
        party_class: new.party_class,
        account_id: new.account_id,
        valid_from_date: new.valid_from_date,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    cx.create(rule)
}

fn update(cx: &mut Cx, id: AccountDeterminationId, patch: AccountDeterminationPatch) -> Result<AccountDetermination> {
    let before = cx.load_for_update::<AccountDetermination>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    account_of(cx, "/account_id", after.company_id, after.account_id)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: AccountDeterminationId) -> Result<()> {
    let rule = cx.load_for_update::<AccountDetermination>(id)?;
    cx.remove(rule)
}
