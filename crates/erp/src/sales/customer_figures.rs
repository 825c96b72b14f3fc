//! What customers bought, as the front office asks for it: revenue by the ledger, cost by what was delivered.

use chrono::NaiveDate;
use domain::ids::{AccountId, CompanyId, PartyId};
use domain::insight::metrics::customers::{CustomerFigures, CustomerNarrow, PurchaseHistory, SalesAsk, SalesFacts, Spending};
use persistence::accounting::acquisition_costs;
use persistence::sales::{customer_figures as rows, purchase_histories};
use platform::prelude::*;
use platform::questions::{CustomerAnswers, Questions};

pub fn questions(q: &mut Questions) {
    q.answer_customers(CustomerAnswers { facts, scores, page, histories, spending });
}

fn facts(cx: &mut Cx, ask: &SalesAsk) -> Result<SalesFacts> {
    Ok(rows::facts(cx.db(), ask)?)
}

fn scores(cx: &mut Cx, ask: &SalesAsk) -> Result<Vec<(i32, i32, i32, i64, Amount)>> {
    Ok(rows::scores(cx.db(), ask)?)
}

fn page(cx: &mut Cx, ask: &SalesAsk, which: &CustomerNarrow, after: Option<PartyId>, limit: i64) -> Result<(Vec<CustomerFigures>, i64)> {
    Ok(rows::page(cx.db(), ask, which, after, limit)?)
}

fn histories(cx: &mut Cx, company: CompanyId, until: NaiveDate, party: Option<PartyId>, limit: i64) -> Result<Vec<PurchaseHistory>> {
    Ok(purchase_histories::of_company(cx.db(), company, until, party, limit)?)
}

fn spending(cx: &mut Cx, company: CompanyId, days: (NaiveDate, NaiveDate), accounts: &[AccountId]) -> Result<Vec<Spending>> {
    Ok(acquisition_costs::spending(cx.db(), company, days.0, days.1, accounts)?)
}
