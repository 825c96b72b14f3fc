//! Operations on companies. Creating one tells `company.created`, by which other areas set up what a company needs.

use domain::directory::companies::{Company, CompanyPatch, CompanySummary, NewCompany, REFUSALS};
use domain::ids::CompanyId;

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    t.expands_everywhere::<CompanySummary>();
    let mut n = t.noun::<Company>("directory/companies", "The legal entities whose books are kept.");
    n.searched(Words::titled("name").codes(&["code", "tax_id"]).details(&["legal_name"]));
    n.list("List companies. Only those that the caller has a grant on.").filter(&["code", "currency"]).search(&["search"]).sort(&["name"]);
    n.create(create, "Create a company. Its chart of accounts, tax codes and periods are set up with it. Currency and fiscal year are fixed from then on.")
        .fails(REFUSALS);
    n.read("Get a company.");
    n.update(update, "Change a company. Documents that exist keep what they were made with.").fails(REFUSALS);
}

fn create(cx: &mut Cx, new: NewCompany) -> Result<Company> {
    let company = Company::new(cx.new_id(), new, cx.now)?;
    cx.create(company)
}

fn update(cx: &mut Cx, id: CompanyId, patch: CompanyPatch) -> Result<Company> {
    let before = cx.load_for_update::<Company>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    cx.save(&before, after, "updated")
}
