//! What a new company's books start with: the chart of accounts, account determination, taxes, payment terms, policy, and
//! the fiscal years around today. Written in the transaction that creates the company, in batches.

use std::collections::BTreeMap;

use chrono::{Months, NaiveDate};
use domain::accounting::account_determinations::AccountDetermination;
use domain::accounting::accounts::Account;
use domain::accounting::accounts::chart::{ACCOUNTS, DETERMINATIONS, Mark};
use domain::accounting::fiscal_years::{FiscalYear, year_start};
use domain::accounting::policies::AccountingPolicy;
use domain::directory::companies::Company;
use domain::directory::products::TaxClass;
use domain::directory::terms::TaxStatus;
use domain::ids::{AccountId, CompanyId};
use domain::receivables::payment_terms::{PaymentTerm, TermInstalment};
use domain::tax::codes::{TaxCode, TaxRate};
use domain::tax::engine::{TaxComputation, TaxTreatment};
use domain::tax::rules::TaxRule;
use persistence::record;

use super::periods::periods_of;
use platform::prelude::*;

/// The day from which everything that comes with a company holds.
fn always() -> NaiveDate {
    NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default()
}

/// Hears `company.created` and opens its books.
pub fn open_books(cx: &mut Cx, event: &Event) -> Result<()> {
    let Some(id) = event.company else { return Ok(()) };
    // whoever creates a company need not have a grant on it yet
    let Some(company) = record::find::<Company>(cx.db(), id.uuid())? else { return Ok(()) };
    let accounts = accounts(cx, id);
    let numbers: BTreeMap<&str, AccountId> = accounts.iter().map(|a| (&*a.code, a.id)).collect();
    let rules = determinations(cx, id, &numbers);
    cx.insert_all(&accounts)?;
    cx.insert_all(&rules)?;
    taxes(cx, id)?;
    terms(cx, &company)?;
    let policy = AccountingPolicy {
        id: cx.new_id(),
        company_id: id,
        entry_self_approval_limit: None,
        payment_self_approval_limit: None,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    cx.insert_all(&[policy])?;
    years(cx, &company)
}

fn accounts(cx: &Cx, company_id: CompanyId) -> Vec<Account> {
    let made = ACCOUNTS.iter().map(|(code, mark, account_type, name)| {
        let contra = *mark == Mark::Contra;
        Account {
            id: cx.new_id(),
            company_id,
            code: (*code).into(),
            name: (*name).into(),
            account_type: *account_type,
            normal_side: account_type.normal_side(contra),
            heading: *mark == Mark::Heading,
            control: *mark == Mark::Control,
            contra,
            currency: None,
            archived: false,
            version: 1,
            created_at: cx.now,
            updated_at: cx.now,
        }
    });
    made.collect()
}

fn determinations(cx: &Cx, company_id: CompanyId, numbers: &BTreeMap<&str, AccountId>) -> Vec<AccountDetermination> {
    let made = DETERMINATIONS.iter().filter_map(|(role, item_class, code)| {
        Some(AccountDetermination {
            id: cx.new_id(),
            company_id,
            role: *role,
            item_class: *item_class,
            party_class: None,
            account_id: *numbers.get(code)?,
            valid_from_date: always(),
            version: 1,
            created_at: cx.now,
            updated_at: cx.now,
        })
    });
    made.collect()
}

/// Tax codes with rates to be adjusted to the country, and the rules that choose them: the class of the product at home,
/// zero for exports, nothing for exempt customers.
fn taxes(cx: &mut Cx, company_id: CompanyId) -> Result<()> {
    let code = |cx: &Cx, code: &str, name: &str, treatment, rate: i32| TaxCode {
        id: cx.new_id(),
        company_id,
        code: code.into(),
        name: name.into(),
        computation: TaxComputation::Percent,
        treatment,
        price_includes_tax: false,
        affects_base: false,
        rates: vec![TaxRate { valid_from_date: always(), rate: Rate::from(rate) }],
        account_id: None,
        archived: false,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let standard = code(cx, "STD", "Standard rate", TaxTreatment::Taxable, 20);
    let reduced = code(cx, "RED", "Reduced rate", TaxTreatment::Taxable, 10);
    let zero = code(cx, "ZERO", "Zero rate", TaxTreatment::ZeroRated, 0);
    let exempt = code(cx, "EXEMPT", "Exempt", TaxTreatment::Exempt, 0);
    let reverse = code(cx, "RC", "Reverse charge", TaxTreatment::ReverseCharge, 20);
    let rule = |cx: &Cx, tax_class, tax_status, of: &TaxCode| TaxRule {
        id: cx.new_id(),
        company_id,
        tax_class,
        tax_status,
        tax_code_ids: vec![of.id],
        valid_from_date: always(),
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let rules = [
        rule(cx, Some(TaxClass::Standard), None, &standard),
        rule(cx, Some(TaxClass::Reduced), None, &reduced),
        rule(cx, Some(TaxClass::Zero), None, &zero),
        rule(cx, Some(TaxClass::Exempt), None, &exempt),
        rule(cx, None, Some(TaxStatus::Foreign), &zero),
        rule(cx, None, Some(TaxStatus::Exempt), &exempt),
    ];
    cx.insert_all(&[standard, reduced, zero, exempt, reverse])?;
    cx.insert_all(&rules)
}

fn terms(cx: &mut Cx, company: &Company) -> Result<()> {
    let term = |cx: &Cx, code: &str, name: &str, days, discount: i32, discount_days| PaymentTerm {
        id: cx.new_id(),
        company_id: company.id,
        code: code.into(),
        name: name.into(),
        instalments: vec![TermInstalment::net(days)],
        discount_percent: Rate::from(discount),
        discount_days,
        tolerance: Amount::ZERO,
        archived: false,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    let halves = [30, 60].map(|days| TermInstalment { percent: Rate::from(50), ..TermInstalment::net(days) });
    let halves = PaymentTerm { instalments: halves.into(), ..term(cx, "HALF-30-60", "Half after 30 days, half after 60", 0, 0, 0) };
    let all = [
        term(cx, "NOW", "At once", 0, 0, 0),
        term(cx, "NET30", "Net 30 days", 30, 0, 0),
        term(cx, "2-10-NET30", "2 % within 10 days, net 30 days", 30, 2, 10),
        halves,
    ];
    cx.insert_all(&all)
}

/// The fiscal year of today, the one before and the one after.
fn years(cx: &mut Cx, company: &Company) -> Result<()> {
    let this = year_start(cx.today(company), company.fiscal_year_start_month.max(1) as u32);
    let starts = [this.checked_sub_months(Months::new(12)), Some(this), this.checked_add_months(Months::new(12))];
    for start in starts.into_iter().flatten() {
        let year = FiscalYear::new(cx.new_id(), company.id, start, cx.now)?;
        let periods = periods_of(cx, &year);
        cx.insert_all(&[year])?;
        cx.insert_all(&periods)?;
    }
    Ok(())
}
