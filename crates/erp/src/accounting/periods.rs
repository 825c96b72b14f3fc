//! Fiscal years and periods: making them, closing and opening them, and the judgement that every posting asks for.

use chrono::{Datelike, NaiveDate};
use domain::accounting::fiscal_years::{self, FiscalYear, NewFiscalYear, months};
use domain::accounting::periods::{PERIOD_MISSING, Period, PeriodClasses, PeriodStatus};
use domain::accounting::posting::ModuleClass;
use domain::directory::companies::Company;
use domain::ids::{CompanyId, PeriodId};
use persistence::Uuid;
use persistence::accounting::periods as stored;

use platform::prelude::*;

/// Lets its holder post in soft-closed periods.
pub const POST_SOFT_CLOSED: &str = "accounting.periods.post_soft_closed";

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<FiscalYear>("accounting/fiscal-years", "Fiscal years of a company, each with twelve monthly periods.");
    n.list("List fiscal years.").filter(&["start_date"]).sort(&["start_date"]);
    n.create(create, "Create a fiscal year. Its twelve monthly periods are open from the start.")
        .fails(&[fiscal_years::OVERLAPS, fiscal_years::NOT_A_FIRST_DAY]);
    n.read("Get a fiscal year.");

    let mut n = t.noun::<Period>("accounting/periods", "Months of the books, with a lock for each part of them.");
    n.list("List accounting periods.")
        .filter(&["fiscal_year_id", "start_date", "end_date", "gl", "ar", "ap", "inventory", "payroll", "tax"])
        .sort(&["start_date"]);
    n.read("Get an accounting period.");
    n.action_with(
        "soft-close",
        |cx, id, body: PeriodClasses| turn(cx, id, body, "soft_closed", Period::soft_close),
        "Soft-close a period. Only callers with the permission `accounting.periods.post_soft_closed` may still post into it.",
    );
    n.action_with(
        "close",
        |cx, id, body: PeriodClasses| turn(cx, id, body, "closed", Period::close),
        "Close a period. Nothing dated in it changes any more. Postings in flight are waited for.",
    );
    n.action_with(
        "reopen",
        |cx, id, body: PeriodClasses| turn(cx, id, body, "reopened", Period::reopen),
        "Open a period again, whatever it was.",
    );
}

type Turn = fn(Period, &PeriodClasses) -> Result<Period>;

fn turn(cx: &mut Cx, id: PeriodId, body: PeriodClasses, verb: &str, rule: Turn) -> Result<Period> {
    let before = cx.load_for_update::<Period>(id)?;
    let after = rule(before.clone(), &body)?;
    cx.save(&before, after, verb)
}

fn create(cx: &mut Cx, new: NewFiscalYear) -> Result<FiscalYear> {
    let company = cx.company(new.company_id)?;
    let year = FiscalYear::new(cx.new_id(), company.id, new.start_date, cx.now)?;
    if stored::overlap(cx.db(), company.id.uuid(), year.start_date, year.end_date)? {
        return Err(
            fiscal_years::OVERLAPS.with(format!("Some days from {} to {} are in a fiscal year already.", year.start_date, year.end_date))
        );
    }
    let year = cx.create(year)?;
    let periods = periods_of(cx, &year);
    cx.insert_all(&periods)?;
    Ok(year)
}

/// The twelve open periods of a year.
pub(crate) fn periods_of(cx: &Cx, year: &FiscalYear) -> Vec<Period> {
    let open = PeriodStatus::Open;
    let made = (1..).zip(months(year.start_date));
    made.map(|(number, (start_date, end_date))| Period {
        id: cx.new_id(),
        company_id: year.company_id,
        fiscal_year_id: year.id,
        number,
        start_date,
        end_date,
        gl: open,
        ar: open,
        ap: open,
        inventory: open,
        payroll: open,
        tax: open,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    })
    .collect()
}

/// The period of a company and day, held by this transaction.
#[derive(Clone)]
struct Held(Option<Period>);

/// Refuses a figure of `class` dated `day` when its period is closed, and keeps the period as it is until the
/// transaction ends.
pub fn admit(cx: &mut Cx, company: CompanyId, day: NaiveDate, class: ModuleClass) -> Result<Period> {
    // one hold lasts until the transaction ends
    let place = Uuid::from_u128(company.uuid().as_u128() ^ u128::from(day.num_days_from_ce().unsigned_abs()));
    let held = cx.once(place, |conn| stored::hold(conn, company.uuid(), day).map(Held))?;
    let period = held.0.ok_or_else(|| PERIOD_MISSING.with(format!("No fiscal year holds {day}.")))?;
    period.admits(class, cx.caller.may(POST_SOFT_CLOSED))?;
    Ok(period)
}

/// Refuses figures that change the taxes of a held period when its tax lock says so.
pub fn admit_tax(cx: &mut Cx, period: &Period) -> Result<()> {
    period.admits(ModuleClass::Tax, cx.caller.may(POST_SOFT_CLOSED))
}

/// The day itself when its period takes postings, else the first day after it that does.
pub(crate) fn first_open_day(cx: &mut Cx, company: &Company, day: NaiveDate, classes: &[ModuleClass]) -> Result<NaiveDate> {
    let soft = cx.caller.may(POST_SOFT_CLOSED);
    let open = |p: &Period| classes.iter().all(|c| p.admits(*c, soft).is_ok());
    let found = stored::from(cx.db(), company.id.uuid(), day)?.into_iter().find(open);
    found.map(|p| p.start_date.max(day)).ok_or_else(|| PERIOD_MISSING.with(format!("There is no open period from {day} on.")))
}
