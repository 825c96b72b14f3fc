//! Operations on loss reasons.

use domain::crm::loss_reasons::{DUPLICATE_NAME, LossReason, LossReasonPatch, NewLossReason};
use domain::ids::{CompanyId, LossReasonId};
use persistence::crm::loss_reasons as rows;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<LossReason>("crm/loss-reasons", "Why deals are lost, as a company counts it.");
    n.list("List loss reasons.").filter(&["name"]).search(&["name_key"]).sort(&["name"]);
    n.create(create, "Create a loss reason. Its name is unique in the company.").fails(&[DUPLICATE_NAME]);
    n.read("Get a loss reason.");
    n.update(update, "Change a loss reason.").fails(&[DUPLICATE_NAME]);
    n.action("archive", archive, "Archive a loss reason. No opportunity is lost for it any more.");
    n.action("restore", restore, "Bring a loss reason back from the archive.");
}

fn free(cx: &mut Cx, company: CompanyId, name: &str, own: Option<LossReasonId>) -> Result<()> {
    match rows::named(cx.db(), company, name)? {
        Some(other) if own.is_none_or(|own| own.uuid() != other) => {
            Err(DUPLICATE_NAME.field("/name", format!("There is a loss reason called {name}.")))
        }
        _ => Ok(()),
    }
}

fn create(cx: &mut Cx, new: NewLossReason) -> Result<LossReason> {
    cx.company(new.company_id)?;
    let made = LossReason::new(cx.new_id(), new, cx.now)?;
    free(cx, made.company_id, &made.name, None)?;
    cx.create(made)
}

fn update(cx: &mut Cx, id: LossReasonId, patch: LossReasonPatch) -> Result<LossReason> {
    let before = cx.load_for_update::<LossReason>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    free(cx, after.company_id, &after.name, Some(id))?;
    cx.save(&before, after, "updated")
}

fn archive(cx: &mut Cx, id: LossReasonId) -> Result<LossReason> {
    let before = cx.load_for_update::<LossReason>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: LossReasonId) -> Result<LossReason> {
    let before = cx.load_for_update::<LossReason>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}
