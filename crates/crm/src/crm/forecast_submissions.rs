//! Operations on submissions of forecasts.

use domain::crm::forecast_submissions::{Basis, ForecastSubmission, NewForecastSubmission, REFUSALS};
use domain::crm::forecasts::{ForecastFilter, ForecastMethod, Period, PeriodKind};
use domain::directory::exchange_rates::NO_RATE;
use domain::identity::users::User;
use platform::prelude::*;

use super::forecasts::{SEE_ALL, compute, seen, sight};

pub fn operations(t: &mut Table) {
    let mut n =
        t.noun::<ForecastSubmission>("crm/forecast-submissions", "What users commit to for a fiscal period, on top of their deals.");
    n.seen_by(seen);
    n.list("List submissions of forecasts. Who may not see all forecasts has the own and those of managed teams.")
        .filter(&["user_id", "submitted_by_user_id", "period", "start_date", "method"])
        .sort(&["start_date", "commit_amount"]);
    n.create(create, CREATE).fails(REFUSALS).fails(&[NO_RATE]);
    n.read("Get a submission of a forecast.");
}

const CREATE: &str = "Submit a forecast. What is committed to, less what the deals say at that moment, is the adjustment that forecasts \
of the period show from then on; the deals and their figures never change by it. For the whole company it needs the permission to see \
all forecasts, for others that or to manage their team.";

fn create(cx: &mut Cx, new: NewForecastSubmission) -> Result<ForecastSubmission> {
    let company = cx.company(new.company_id)?;
    let user = match (new.whole_company, new.user_id) {
        (true, Some(_)) => return Err(problems::invalid_body.field("/user_id", "It is for a user or for the whole company.")),
        (true, None) => None,
        (false, given) => {
            let user = given.or(cx.caller.user_id);
            Some(user.ok_or_else(|| problems::invalid_body.field("/user_id", "Say whose forecast it is."))?)
        }
    };
    if !sight(cx)?.reaches(user) {
        let detail = format!("To submit for others needs {SEE_ALL}, or to manage their team.");
        return Err(problems::missing_scope.with(detail));
    }
    if let Some(user) = user {
        cx.refer::<User>("/user_id", user)?;
    }
    let today = cx.today(&company);
    let method = new.method.unwrap_or(ForecastMethod::Weighted);
    let period = Period::of(new.period.unwrap_or(PeriodKind::Month), new.date.unwrap_or(today), company.fiscal_year_start_month);
    let asked = ForecastFilter {
        company_id: company.id,
        period: Some(period.kind),
        date: Some(period.start),
        method: Some(method),
        group_by: None,
        pipeline_id: None,
        owner_id: user,
        team_id: None,
        territory_id: None,
    };
    let forecast = compute(cx, &company, &asked)?.total.forecast_amount;
    let basis = Basis {
        id: cx.new_id(),
        company: &company,
        user_id: user,
        submitted_by_user_id: cx.caller.user_id,
        period,
        method,
        forecast,
        today,
        now: cx.now,
    };
    let made = new.build(basis)?;
    cx.create_as(made, "submitted")
}
