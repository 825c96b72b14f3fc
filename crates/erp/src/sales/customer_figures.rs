//! What customers bought, as the front office asks for it: revenue by the ledger, cost by what was delivered.

use domain::crm::customer_metrics::{CustomerFigures, CustomerNarrow, SalesAsk, SalesFacts};
use domain::directory::parties::PartyId;
use persistence::sales::customer_figures as rows;
use platform::prelude::*;
use platform::questions::{CustomerAnswers, Questions};

pub fn questions(q: &mut Questions) {
    q.answer_customers(CustomerAnswers { facts, scores, page });
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
