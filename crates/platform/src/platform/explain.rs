//! Why a number is what it is: the calculation behind a record, answered by the area that made it.

use domain::platform::trace::AnyId;

use crate::prelude::*;
use crate::questions::Explanation;

pub fn operations(t: &mut Table) {
    t.tag("platform/explain", "Why a number is what it is.");
    t.report_on::<AnyId, NoFilter, Explanation>("platform/explain", "id", explain, EXPLAIN)
        .named("explain_record")
        .permission("platform.explain.read");
}

const EXPLAIN: &str = "Explain a record. The tree of values, rules and roundings behind an invoice, an order, a stock value and so on. \
Reading the record itself must be allowed too; figures that the record hides are null. Records without a calculation are not found.";

fn explain(cx: &mut Cx, id: AnyId, _: NoFilter) -> Result<Explanation> {
    let explainer = cx.app().questions.explainers.get(id.prefix()).copied();
    match explainer {
        Some(answer) => {
            let mut why = answer(cx, &id.to_string())?;
            why.cover(&cx.caller);
            Ok(why)
        }
        None => Err(problems::not_found.with(format!("There is no explanation for {id}."))),
    }
}
