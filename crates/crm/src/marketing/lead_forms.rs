//! Operations on capture forms. What is sent to them is taken by [`super::lead_form_submissions`].

use domain::identity::users::DISABLED;
use domain::ids::LeadFormId;
use domain::marketing::lead_forms::*;
use platform::identity::users;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<LeadForm>("marketing/lead-forms", "Forms that take leads from the web, and the wording of the consent they ask for.");
    n.list("List capture forms.").filter(&["is_active"]).sort(&["name"]);
    n.create(create, CREATE).fails(REFUSALS).fails(&[DISABLED]);
    n.read("Get a capture form.");
    n.update(update, UPDATE).fails(REFUSALS).fails(&[DISABLED]);
    n.delete(delete, "Delete a capture form that nothing was sent to. Others are closed with `is_active`.");
    n.page_of::<LeadFormWording>("wordings", wordings, "List the wordings that a capture form has shown, the newest first.");
}

const CREATE: &str =
    "Create a capture form. It gets a public key, which allows submitting to `POST /v1/public/forms/{key}/submissions` and not reading.";
const UPDATE: &str = "Change a capture form. A changed wording of the consent gets the next number; the earlier ones are kept verbatim.";

fn check(cx: &mut Cx, owner: Option<domain::ids::UserId>) -> Result<()> {
    match owner {
        Some(owner) => users::refer_active(cx, "/default_owner_id", owner).map(drop),
        None => Ok(()),
    }
}

fn create(cx: &mut Cx, new: NewLeadForm) -> Result<LeadForm> {
    cx.company(new.company_id)?;
    check(cx, new.default_owner_id)?;
    let key = format!("f_{}", uuid::Uuid::new_v4().simple());
    let form = LeadForm::new(cx.new_id(), key, new, cx.now)?;
    let form = cx.create(form)?;
    keep_wording(cx, &form)?;
    Ok(form)
}

fn keep_wording(cx: &mut Cx, form: &LeadForm) -> Result<()> {
    match form.wording(cx.new_id(), cx.now) {
        Some(wording) => cx.insert_all(&[wording]),
        None => Ok(()),
    }
}

fn update(cx: &mut Cx, id: LeadFormId, patch: LeadFormPatch) -> Result<LeadForm> {
    let before = cx.load_for_update::<LeadForm>(id)?;
    check(cx, patch.default_owner_id.flatten().filter(|owner| before.default_owner_id != Some(*owner)))?;
    let after = before.clone().change(patch, cx.now)?;
    let after = cx.save(&before, after, "updated")?;
    if after.consent_version != before.consent_version {
        keep_wording(cx, &after)?;
    }
    Ok(after)
}

fn delete(cx: &mut Cx, id: LeadFormId) -> Result<()> {
    let form = cx.load_for_update::<LeadForm>(id)?;
    cx.remove(form)
}

fn wordings(cx: &mut Cx, id: LeadFormId, mut list: List) -> Result<Page<LeadFormWording>> {
    cx.find::<LeadForm>(id)?;
    list.only("form_id", id.uuid()).newest_first();
    cx.page(list)
}
