//! Operations on tax codes.

use domain::accounting::accounts::Account;
use domain::ids::TaxCodeId;
use domain::tax::codes::{NewTaxCode, TaxCode, TaxCodePatch, check_rates};

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<TaxCode>("tax/codes", "Taxes on documents, with rates by date.");
    n.list("List tax codes.").filter(&["code", "treatment", "archived"]).search(&["code", "name"]).sort(&["code"]);
    n.create(create, "Create a tax code.");
    n.read("Get a tax code.");
    n.update(update, "Change a tax code. Posted documents keep the rate they were posted with; an archived code is not put on new ones.");
}

fn create(cx: &mut Cx, new: NewTaxCode) -> Result<TaxCode> {
    cx.company(new.company_id)?;
    let code = TaxCode::new(cx.new_id(), new, cx.now)?;
    check_tax_account(cx, &code)?;
    cx.create(code)
}

fn check_tax_account(cx: &mut Cx, code: &TaxCode) -> Result<()> {
    let Some(id) = code.account_id else { return Ok(()) };
    let account = cx.refer::<Account>("/account_id", id)?;
    let fits = account.company_id == code.company_id && !account.heading && !account.archived;
    cx.ensure(fits, problems::unknown_reference, || "The account of a tax takes postings and belongs to the company.".into())
}

fn update(cx: &mut Cx, id: TaxCodeId, mut patch: TaxCodePatch) -> Result<TaxCode> {
    let before = cx.load_for_update::<TaxCode>(id)?;
    patch.rates = patch.rates.map(check_rates).transpose()?;
    let mut after = before.clone();
    patch.apply(&mut after);
    check_tax_account(cx, &after)?;
    cx.save(&before, after, "updated")
}
