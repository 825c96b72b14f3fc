//! Operations on accounting policies: how each company keeps its books.

use domain::accounting::policies::{AccountingPolicy, AccountingPolicyPatch};
use domain::ids::AccountingPolicyId;

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<AccountingPolicy>("accounting/policies", "How each company keeps its books; one for each company, made with it.");
    n.list("List accounting policies.");
    n.read("Get an accounting policy.");
    n.update(update, "Change an accounting policy.");
}

fn update(cx: &mut Cx, id: AccountingPolicyId, patch: AccountingPolicyPatch) -> Result<AccountingPolicy> {
    let before = cx.load_for_update::<AccountingPolicy>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    cx.save(&before, after, "updated")
}
