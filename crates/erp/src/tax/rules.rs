//! Operations on tax rules: which taxes go on a line.

use domain::ids::{CompanyId, TaxCodeId, TaxRuleId};
use domain::tax::codes::TaxCode;
use domain::tax::rules::{NewTaxRule, TaxRule, TaxRulePatch};

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<TaxRule>("tax/rules", "Which taxes go on a line, by product and customer.");
    n.list("List tax rules.").filter(&["tax_class", "tax_status"]);
    n.create(create, "Create a tax rule.");
    n.read("Get a tax rule.");
    n.update(update, "Change the taxes of a rule.");
    n.delete(delete, "Delete a tax rule. Lines that need it are refused afterwards.");
}

/// Tax codes at `pointer`, all of this company.
fn codes_of(cx: &mut Cx, pointer: &str, company: CompanyId, ids: &[TaxCodeId]) -> Result<()> {
    let found = cx.find_all::<TaxCode>(ids)?;
    for (i, id) in ids.iter().enumerate() {
        if !found.iter().any(|c| c.id == *id && c.company_id == company) {
            return Err(problems::unknown_reference.field(format!("{pointer}/{i}"), format!("There is no tax code {id} in the company.")));
        }
    }
    Ok(())
}

fn create(cx: &mut Cx, new: NewTaxRule) -> Result<TaxRule> {
    cx.company(new.company_id)?;
    codes_of(cx, "/tax_code_ids", new.company_id, &new.tax_code_ids)?;
    let rule = TaxRule {
        id: cx.new_id(),
        company_id: new.company_id,
        tax_class: new.tax_class,
        tax_status: new.tax_status,
        tax_code_ids: new.tax_code_ids,
        valid_from_date: new.valid_from_date,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    cx.create(rule)
}

fn update(cx: &mut Cx, id: TaxRuleId, patch: TaxRulePatch) -> Result<TaxRule> {
    let before = cx.load_for_update::<TaxRule>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    codes_of(cx, "/tax_code_ids", after.company_id, &after.tax_code_ids)?;
    cx.save(&before, after, "updated")
}

fn delete(cx: &mut Cx, id: TaxRuleId) -> Result<()> {
    let rule = cx.load_for_update::<TaxRule>(id)?;
    cx.remove(rule)
}
