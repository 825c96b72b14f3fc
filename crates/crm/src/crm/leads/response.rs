//! The report on how long leads wait for their first response.

use chrono::{Days, SecondsFormat};
use domain::crm::leads::Lead;
use domain::crm::leads::response::{LeadResponseFilter, LeadResponseReport, ResponseFigures, by_owner};
use domain::crm::reports::WRONG_PERIOD;
use domain::directory::companies::Company;
use domain::platform::business_time::Hours;
use domain::platform::calendars::Calendar;
use persistence::crm::leads as rows;
use platform::prelude::*;

/// Days of one report at most.
const MOST_DAYS: i64 = 366;

pub fn operations(t: &mut Table) {
    t.report("crm/reports/lead-response", report, TEXT).fails(&[WRONG_PERIOD, problems::amount_out_of_range]).counts_visible().tag =
        "crm/reports".into();
}

const TEXT: &str = "Get how long leads wait for their first response. Working time of the calendar counts, from the moment a lead came \
in until the first call, meeting or e-mail that was done, or its qualification or refusal. Leads that still wait are counted apart.";

fn report(cx: &mut Cx, asked: LeadResponseFilter) -> Result<LeadResponseReport> {
    let company = cx.find::<Company>(asked.company_id)?;
    let hours = match asked.calendar_id {
        Some(id) => cx.find::<Calendar>(id)?.hours().map_err(|p| problems::internal.with(p.to_string()))?,
        None => Hours::around_the_clock(),
    };
    let today = cx.today(&company);
    let to = asked.to_date.unwrap_or(today);
    let from = asked.from_date.or_else(|| to.checked_sub_days(Days::new(30))).unwrap_or(to);
    let days = (to - from).num_days();
    let end = to.checked_add_days(Days::new(1)).filter(|_| (0..MOST_DAYS).contains(&days));
    let end = end.ok_or_else(|| WRONG_PERIOD.with(format!("From {from} to {to}: the report takes 1 to {MOST_DAYS} days.")))?;
    if asked.target_minutes.is_some_and(|t| !(1..=1_000_000).contains(&t)) {
        return Err(platform::bad_parameter("target_minutes", "1 to 1000000."));
    }
    let (begin, end) = (company.start_of(from), company.start_of(end));
    let seen = cx.counted_rows_as::<Lead>("leads")?;
    let waits = rows::waits(cx.db(), &seen, company.id, begin, end)?;
    let text = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    Ok(LeadResponseReport {
        definition: "working minutes from the creation of a lead to its first response; percentiles are by nearest rank".into(),
        numerator: "leads answered within the target".into(),
        denominator: "all leads created in the days, whatever became of them".into(),
        company_id: company.id,
        from_date: from,
        to_date: to,
        calendar_id: asked.calendar_id,
        target_minutes: asked.target_minutes,
        total: ResponseFigures::of(waits.iter(), &hours, asked.target_minutes, cx.now)?,
        owners: by_owner(&waits, &hours, asked.target_minutes, cx.now)?,
        drill_down: format!("/v1/crm/leads?company_id={}&created_at_gte={}&created_at_lt={}", company.id, text(begin), text(end)),
    })
}
