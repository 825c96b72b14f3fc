//! Operations on suppressed addresses.

use domain::ids::SuppressionId;
use domain::marketing::suppressions::{ALREADY_SUPPRESSED, NewSuppression, Suppression, WRONG_ADDRESS};
use persistence::marketing::suppressions as rows;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Suppression>("marketing/suppressions", "Addresses that get nothing any more, whatever was agreed to.");
    n.list("List suppressed addresses.").filter(&["channel", "address", "reason"]).search(&["address"]);
    n.create(create, "Suppress an address. Campaigns leave it out from now on.").fails(&[WRONG_ADDRESS, ALREADY_SUPPRESSED]);
    n.read("Get a suppressed address.");
    n.delete(delete, "Let an address receive again. What its owner said stays in the consent ledger.");
}

fn create(cx: &mut Cx, new: NewSuppression) -> Result<Suppression> {
    let row = Suppression::new(cx.new_id(), new, cx.now)?;
    match rows::add(cx.db(), &row)? {
        true => {
            cx.emit(Event::of("created", &row));
            Ok(row)
        }
        false => Err(ALREADY_SUPPRESSED.field("/address", "This address is suppressed already.")),
    }
}

fn delete(cx: &mut Cx, id: SuppressionId) -> Result<()> {
    let row = cx.load_for_update::<Suppression>(id)?;
    cx.remove(row)
}
