//! Operations on quotas.

use domain::crm::quotas::{DUPLICATE, NewQuota, Quota, QuotaPatch, REFUSALS};
use domain::directory::companies::Company;
use domain::identity::users::User;
use domain::ids::QuotaId;
use persistence::crm::quotas as rows;
use platform::prelude::*;

use super::forecasts::seen;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Quota>("crm/quotas", "What a user, or a company as a whole, is to sell in a fiscal period.");
    n.seen_by(seen);
    n.list("List quotas. Who may not see all forecasts has the own and those of managed teams.")
        .filter(&["user_id", "period", "start_date"])
        .sort(&["start_date", "amount"]);
    n.create(create, "Create a quota. There is one for each user and fiscal period, and one for the company as a whole.").fails(REFUSALS);
    n.read("Get a quota.");
    n.update(update, "Change a quota. User and period stay.").fails(REFUSALS);
    n.delete(delete, "Delete a quota.");
}

fn create(cx: &mut Cx, new: NewQuota) -> Result<Quota> {
    let company = cx.company(new.company_id)?;
    if let Some(user) = new.user_id {
        cx.refer::<User>("/user_id", user)?;
    }
    let quota = Quota::new(cx.new_id(), &company, new, cx.now)?;
    if rows::exists(cx.db(), &quota)? {
        return Err(DUPLICATE.field("/date", format!("The {} from {} has a quota already.", quota.period, quota.start_date)));
    }
    cx.create(quota)
}

fn update(cx: &mut Cx, id: QuotaId, patch: QuotaPatch) -> Result<Quota> {
    let before = cx.load_for_update::<Quota>(id)?;
    let company = cx.find::<Company>(before.company_id)?;
    let after = before.clone().change(patch, &company, cx.now)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: QuotaId) -> Result<()> {
    let quota = cx.load_for_update::<Quota>(id)?;
    cx.remove(quota)
}
