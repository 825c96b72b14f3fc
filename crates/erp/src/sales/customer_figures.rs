//! What customers bought, as the front office asks for it: revenue by the ledger, cost by what was delivered.

use chrono::NaiveDate;
use domain::ids::{AccountId, CompanyId, PartyId};
use domain::insight::metrics::customers::{
    AcquisitionCosts, CustomerFacts, CustomerFigures, CustomerNarrow, CustomerScores, FiguresOfCustomers, PurchaseHistories,
    PurchaseHistory, SalesAsk, SalesFacts, ScoresOfCustomers, Spending,
};
use persistence::accounting::acquisition_costs;
use persistence::sales::{customer_figures as rows, purchase_histories};
use platform::prelude::*;
use platform::questions::Questions;

pub fn questions(q: &mut Questions) {
    q.answer::<CustomerFacts>(facts);
    q.answer::<ScoresOfCustomers>(scores);
    q.answer::<FiguresOfCustomers>(page);
    q.answer::<PurchaseHistories>(histories);
    q.answer::<AcquisitionCosts>(spending);
}

fn facts(cx: &mut Cx, ask: &SalesAsk) -> Result<SalesFacts> {
    Ok(rows::facts(cx.db(), ask)?)
}

fn scores(cx: &mut Cx, ask: &SalesAsk) -> Result<CustomerScores> {
    Ok(rows::scores(cx.db(), ask)?)
}

type Page<'a> = (&'a SalesAsk, &'a CustomerNarrow, Option<PartyId>, i64);

fn page(cx: &mut Cx, (ask, which, after, limit): Page) -> Result<(Vec<CustomerFigures>, i64)> {
    Ok(rows::page(cx.db(), ask, which, after, limit)?)
}

type Until = (CompanyId, NaiveDate, Option<PartyId>, i64);

fn histories(cx: &mut Cx, (company, until, party, limit): Until) -> Result<Vec<PurchaseHistory>> {
    Ok(purchase_histories::of_company(cx.db(), company, until, party, limit)?)
}

type Between<'a> = (CompanyId, (NaiveDate, NaiveDate), &'a [AccountId]);

fn spending(cx: &mut Cx, (company, days, accounts): Between) -> Result<Vec<Spending>> {
    Ok(acquisition_costs::spending(cx.db(), company, days.0, days.1, accounts)?)
}
