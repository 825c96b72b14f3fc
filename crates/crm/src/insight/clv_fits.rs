//! What is learnt of customers: by a job, outside of every transaction, and kept.

use std::sync::Arc;

use domain::directory::companies::Company;
use domain::identity::visibility::FieldClass;
use domain::ids::{ClvFitId, CompanyId};
use domain::insight::clv_fits::{ClvFit, ClvSimulation, FitClv, NO_FIT, SimulateClv, WRONG_HISTORY, simulate};
use domain::platform::jobs::Job;
use persistence::insight::clv_fits as rows;
use platform::platform::jobs;
use platform::prelude::*;
use platform::work::Work;
use serde_json::{Value, json};

use crate::insight::metrics::customer_groups::histories;

const KIND: &str = "clv_fit";

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<ClvFit>("insight/clv-fits", "What was learnt of how long and how often customers buy, and for how much.");
    n.masked(FieldClass::Margin, &["margins"]);
    n.list("List what was learnt of customers.").filter(&["as_of_date"]).sort(&["as_of_date"]);
    n.read("Get what was learnt of customers.");
    t.long_work(KIND, run);
    t.job("fit_clv", "insight/clv-fits/fit", start, FIT).tag = "insight/clv-fits".into();
    let op = t.command("simulate_clv", "insight/clv-fits/simulate", |_, asked: SimulateClv| try_on(&asked), SIMULATE);
    op.read_only().max_body(4 << 20).fails(&[NO_FIT, WRONG_HISTORY, problems::amount_out_of_range]).tag = "insight/clv-fits".into();
}

const FIT: &str = "Learn from the customers of a company. By maximum likelihood, from the days of their invoices that were not credited in \
full, how they buy (BG/NBD, time in weeks), and from their margins what a purchase brings (Gamma-Gamma). At most 50000 customers; what was \
learnt today is kept and not learnt again. The result of the job has `clv_fit_id`, `customers` and `repeat_customers`; it fails with \
`clv_fit.no_fit` where the customers are too few or too much alike.";
const SIMULATE: &str = "Try the models of customers on histories. Nothing is kept: the answer has the most likely parameters and what they \
expect of the first histories.";

fn try_on(asked: &SimulateClv) -> Result<ClvSimulation> {
    simulate(asked)
}

fn start(cx: &mut Cx, what: FitClv) -> Result<Job> {
    cx.company(what.company_id)?;
    jobs::start(cx, KIND, &what)
}

fn told(fit: &ClvFit) -> Value {
    json!({ "clv_fit_id": fit.id, "customers": fit.customers, "repeat_customers": fit.repeat_customers })
}

fn run(work: &mut Work) -> Result<Value> {
    let company = work.input::<FitClv>()?.company_id;
    let (app, caller) = (work.app().clone(), work.caller().clone());
    work.step(0, Some(1))?;
    learn(&app, &caller, company).map(|fit| told(&fit))
}

/// Learns from the customers of a company, once a day. It takes seconds, in no transaction.
///
/// # Errors
/// `clv_fit.no_fit`, `metric.too_many_customers`.
pub fn learn(app: &Arc<App>, caller: &Arc<Caller>, company: CompanyId) -> Result<ClvFit> {
    let (known, customers, today, now) = app.read(caller, |cx| {
        let company = cx.find::<Company>(company)?;
        let today = cx.today(&company);
        let known = rows::latest(cx.db(), company.id)?.filter(|fit| fit.as_of_date == today);
        let customers = if known.is_some() { Vec::new() } else { histories(cx, company.id, today)? };
        Ok((known, customers, today, cx.now))
    })?;
    if let Some(fit) = known {
        return Ok(fit);
    }
    // the search for the likeliest takes seconds and nobody's connection
    let fit = ClvFit::of(ClvFitId::from_uuid(uuid::Uuid::now_v7()), company, &customers, today, now)?;
    app.write(caller, move |cx| {
        // somebody may have learnt the same meanwhile
        match rows::latest(cx.db(), company)?.filter(|known| known.as_of_date == today) {
            Some(known) => Ok(known),
            None => cx.create_as(fit.clone(), "fitted"),
        }
    })
}
