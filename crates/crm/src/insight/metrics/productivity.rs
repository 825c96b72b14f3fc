//! Productivity: what came of what people did.

use std::collections::BTreeMap;

use domain::crm::activities::ActivityKind;
use domain::crm::figures::MetricSide;
use domain::directory::exchange_rates::NO_RATE;
use domain::insight::metrics::Closed;
use domain::insight::metrics::WRONG_RANGE;
use domain::insight::metrics::check_range;
use domain::insight::metrics::groups::MetricGrouping;
use domain::insight::metrics::productivity::{
    ActivityKindFigure, ProductivityFigures, ProductivityFilter, ProductivityGrouping, ProductivityMetric, mean_minutes, per_activity,
    ratio,
};
use domain::kernel::StringEnum;
use persistence::insight::metrics as rows;
use persistence::insight::metrics::{Key, Whose};
use platform::prelude::*;

use super::{sides, sums};
use crate::crm::forecasts::Rates;
use crate::insight::metrics::groups::{Days, Question, Slice, between, instants};

pub fn operations(t: &mut Table) {
    let op = t.report("insight/metrics/productivity", productivity, TEXT);
    op.fails(&[WRONG_RANGE, NO_RATE, problems::amount_out_of_range]).counts_visible().tag = "insight/metrics".into();
}

const TEXT: &str = "Get what came of what people did. Of each user or team: what was won for each activity done, activities by kind, \
opportunities created and won, and how long leads waited for an answer. A number of activities alone is no productivity.";

const DEFINITION: &str = "opportunities won, closed between the two days, at the spot rate of the day of closing, by their owner; of \
tasks, calls, meetings and e-mails done between the two days, by the user who had to do them, notes left out; opportunities and leads \
created between the two days, in the company's time zone, by their owner as it is now; the time from the creation of a lead to its first \
call, meeting, e-mail, qualification or refusal, around the clock, over those answered";

/// What is known of a user or a team.
#[derive(Default)]
struct Known {
    closed: Closed,
    done: BTreeMap<String, i64>,
    created: i64,
    /// Leads, those answered, and the microseconds those waited.
    leads: (i64, i64, i64),
}

fn productivity(cx: &mut Cx, f: ProductivityFilter) -> Result<ProductivityMetric> {
    check_range(f.from_date, f.to_date)?;
    let by = match f.group_by.unwrap_or(ProductivityGrouping::Owner) {
        ProductivityGrouping::Owner => MetricGrouping::Owner,
        ProductivityGrouping::Team => MetricGrouping::Team,
    };
    let q = Question::judged(cx, f.company_id, f.owner_id, f.team_id, Some(by), f.compare)?;
    let mut rates = Rates::new();
    let load = |cx: &mut Cx, whose: &Whose<'_>, days: Days| {
        let (from, to) = instants(&q.company, days);
        let mut out: BTreeMap<Key, Known> = BTreeMap::new();
        for (key, closed) in sums(cx, &q.company, &mut rates, whose, days)? {
            out.entry(key).or_default().closed = closed;
        }
        for (key, kind, n) in rows::activities_done(cx.db(), whose, from, to)? {
            out.entry(key).or_default().done.insert(kind, n);
        }
        for (key, (created, _)) in rows::created(cx.db(), whose, from, to)? {
            out.entry(key).or_default().created = created;
        }
        for (key, leads) in rows::leads_answered(cx.db(), whose, from, to)? {
            out.entry(key).or_default().leads = leads;
        }
        Ok(out)
    };
    let figures = |slice: &Slice<'_>, known: &Known, days: Days| {
        let (from, to) = instants(&q.company, days);
        let done = |kind: &str| q.list("activities", slice, &format!("status=done&kind={kind}&{}", between("completed_at", from, to)));
        let created = between("created_at", from, to);
        let count = known.done.values().sum();
        let side =
            |text: &str, count: i64, path: String| MetricSide { text: text.into(), count, amount: Amount::ZERO, drill_down: Some(path) };
        let kinds = ActivityKind::ALL.iter().filter_map(|kind| {
            let count = *known.done.get(kind.as_str())?;
            Some(ActivityKindFigure { kind: *kind, count, drill_down: done(kind.as_str()) })
        });
        let (leads, answered, waited) = known.leads;
        Ok(ProductivityFigures {
            currency: q.company.currency.clone(),
            numerator: sides(&q, slice, &known.closed, days)?.0,
            denominator: side("tasks, calls, meetings and e-mails done", count, done("task,call,meeting,email")),
            amount_per_activity: per_activity(known.closed.won_amount, count, &q.company)?,
            activities_per_won: ratio(count, known.closed.won)?,
            activities: kinds.collect(),
            opportunities_created: side("opportunities created in the period", known.created, q.deals(slice, &created)),
            leads: side("leads created in the period", leads, q.list("leads", slice, &created)),
            leads_answered: side(
                "those of them that were answered by now",
                answered,
                q.list("leads", slice, &format!("has_response=true&{created}")),
            ),
            average_response_minutes: mean_minutes(waited, answered)?,
        })
    };
    let parts = q.parts(cx, (f.from_date, f.to_date), load, figures, |k| k.closed.won + k.done.values().sum::<i64>())?;
    Ok(ProductivityFigures::answer(DEFINITION, parts))
}
