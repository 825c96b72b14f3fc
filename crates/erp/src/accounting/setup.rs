//! What a company's books are set up with: account determination, tax codes and rules, payment terms, the policy.

use domain::accounting::account_determinations::{AccountDetermination, AccountDeterminationPatch, NewAccountDetermination};
use domain::accounting::accounts;
use domain::accounting::accounts::Account;
use domain::accounting::policies::{AccountingPolicy, AccountingPolicyPatch};
use domain::ids::{AccountDeterminationId, AccountId, AccountingPolicyId, CompanyId, PaymentTermId, TaxCodeId, TaxRuleId};
use domain::receivables::payment_terms;
use domain::receivables::payment_terms::{NewPaymentTerm, PaymentTerm, PaymentTermPatch};
use domain::tax::codes::{NewTaxCode, TaxCode, TaxCodePatch, check_rates};
use domain::tax::rules::{NewTaxRule, TaxRule, TaxRulePatch};

use platform::prelude::*;

pub fn operations(t: &mut Table) {
    determinations(t);
    taxes(t);
    let mut n =
        t.noun::<PaymentTerm>("receivables/payment-terms", "When invoices are due, in how many parts, and what early payment is worth.");
    n.list("List payment terms.").filter(&["code", "archived"]).search(&["code", "name"]).sort(&["code"]);
    n.create(create_term, "Create a payment term.").fails(&[payment_terms::NOT_A_HUNDRED, payment_terms::BAD_DISCOUNT]);
    n.read("Get a payment term.");
    n.update(update_term, "Change a payment term. Posted invoices keep the schedule they were posted with.")
        .fails(&[payment_terms::NOT_A_HUNDRED, payment_terms::BAD_DISCOUNT]);
    n.delete(delete_term, "Delete a payment term that was never used.");

    let mut n = t.noun::<AccountingPolicy>("accounting/policies", "How each company keeps its books; one for each company, made with it.");
    n.list("List accounting policies.");
    n.read("Get an accounting policy.");
    n.update(update_policy, "Change an accounting policy.");
}

fn determinations(t: &mut Table) {
    let mut n = t.noun::<AccountDetermination>(
        "accounting/account-determinations",
        "Which account serves a role in automatic postings. The most specific rule that holds on the posting date wins.",
    );
    n.list("List account determinations.").filter(&["role", "item_class", "account_id"]);
    n.create(create_determination, "Create an account determination, for example another revenue account from a date on.")
        .fails(&[accounts::ACCOUNT_IS_HEADING, accounts::ACCOUNT_IS_ARCHIVED]);
    n.read("Get an account determination.");
    n.update(update_determination, "Change the account of a determination.")
        .fails(&[accounts::ACCOUNT_IS_HEADING, accounts::ACCOUNT_IS_ARCHIVED]);
    n.delete(delete_determination, "Delete an account determination. Postings that need it are refused afterwards.");
}

fn taxes(t: &mut Table) {
    let mut n = t.noun::<TaxCode>("tax/codes", "Taxes on documents, with rates by date.");
    n.list("List tax codes.").filter(&["code", "treatment", "archived"]).search(&["code", "name"]).sort(&["code"]);
    n.create(create_code, "Create a tax code.");
    n.read("Get a tax code.");
    n.update(
        update_code,
        "Change a tax code. Posted documents keep the rate they were posted with; an archived code is not put on new ones.",
    );

    let mut n = t.noun::<TaxRule>("tax/rules", "Which taxes go on a line, by product and customer.");
    n.list("List tax rules.").filter(&["tax_class", "tax_status"]);
    n.create(create_rule, "Create a tax rule.");
    n.read("Get a tax rule.");
    n.update(update_rule, "Change the taxes of a rule.");
    n.delete(delete_rule, "Delete a tax rule. Lines that need it are refused afterwards.");
}

/// The account at `pointer`, of this company and open to automatic postings.
fn account_of(cx: &mut Cx, pointer: &str, company: CompanyId, id: AccountId) -> Result<()> {
    let account = cx.refer::<Account>(pointer, id)?;
    if account.company_id != company {
        return Err(problems::unknown_reference.field(pointer, "The account belongs to another company."));
    }
    account.accepts(account.currency.as_deref().unwrap_or_default(), false)
}

fn create_determination(cx: &mut Cx, new: NewAccountDetermination) -> Result<AccountDetermination> {
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

fn update_determination(cx: &mut Cx, id: AccountDeterminationId, patch: AccountDeterminationPatch) -> Result<AccountDetermination> {
    let before = cx.change::<AccountDetermination>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    account_of(cx, "/account_id", after.company_id, after.account_id)?;
    cx.save(&before, after, "updated")
}

fn delete_determination(cx: &mut Cx, id: AccountDeterminationId) -> Result<()> {
    let rule = cx.change::<AccountDetermination>(id)?;
    cx.remove(rule)
}

fn create_code(cx: &mut Cx, new: NewTaxCode) -> Result<TaxCode> {
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

fn update_code(cx: &mut Cx, id: TaxCodeId, mut patch: TaxCodePatch) -> Result<TaxCode> {
    let before = cx.change::<TaxCode>(id)?;
    patch.rates = patch.rates.map(check_rates).transpose()?;
    let mut after = before.clone();
    patch.apply(&mut after);
    check_tax_account(cx, &after)?;
    cx.save(&before, after, "updated")
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

fn create_rule(cx: &mut Cx, new: NewTaxRule) -> Result<TaxRule> {
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

fn update_rule(cx: &mut Cx, id: TaxRuleId, patch: TaxRulePatch) -> Result<TaxRule> {
    let before = cx.change::<TaxRule>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    codes_of(cx, "/tax_code_ids", after.company_id, &after.tax_code_ids)?;
    cx.save(&before, after, "updated")
}

fn delete_rule(cx: &mut Cx, id: TaxRuleId) -> Result<()> {
    let rule = cx.change::<TaxRule>(id)?;
    cx.remove(rule)
}

fn create_term(cx: &mut Cx, new: NewPaymentTerm) -> Result<PaymentTerm> {
    cx.company(new.company_id)?;
    let term = PaymentTerm::new(cx.new_id(), new, cx.now)?;
    cx.create(term)
}

fn update_term(cx: &mut Cx, id: PaymentTermId, patch: PaymentTermPatch) -> Result<PaymentTerm> {
    let before = cx.change::<PaymentTerm>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    after.check()?;
    cx.save(&before, after, "updated")
}

fn delete_term(cx: &mut Cx, id: PaymentTermId) -> Result<()> {
    let term = cx.change::<PaymentTerm>(id)?;
    cx.remove(term)
}

fn update_policy(cx: &mut Cx, id: AccountingPolicyId, patch: AccountingPolicyPatch) -> Result<AccountingPolicy> {
    let before = cx.change::<AccountingPolicy>(id)?;
    let mut after = before.clone();
    patch.apply(&mut after);
    cx.save(&before, after, "updated")
}
