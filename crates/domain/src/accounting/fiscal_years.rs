//! Fiscal years: twelve monthly periods from the month in which the company's year begins.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, FiscalYearId};
use crate::kernel::Code;

pub const OVERLAPS: Code = Code::conflict("fiscal_year.overlaps", "The company already has a fiscal year with some of these days.");
pub const NOT_A_FIRST_DAY: Code = Code::invalid("fiscal_year.not_a_first_day", "A fiscal year starts on the first day of a month.");

/// A fiscal year of a company, with twelve monthly periods.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FiscalYear {
    /// The id.
    pub id: FiscalYearId,
    /// The company.
    pub company_id: CompanyId,
    /// `2026`, or `2026/27` when it crosses a new year.
    #[schema(min_length = 1, max_length = 20, example = "2026")]
    pub name: String,
    /// The first day.
    pub start_date: NaiveDate,
    /// The last day, included.
    pub end_date: NaiveDate,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { FiscalYear, FiscalYearId, "fiscal_year", company: |y| Some(y.company_id) }

/// A new fiscal year.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFiscalYear {
    /// The company.
    pub company_id: CompanyId,
    /// The first day: the first of a month. The year has twelve months.
    pub start_date: NaiveDate,
}

/// The first day of the month of `date`.
pub fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// The last day of the month of `date`.
pub fn last_of_month(date: NaiveDate) -> NaiveDate {
    first_of_month(date).checked_add_months(Months::new(1)).and_then(|d| d.pred_opt()).unwrap_or(date)
}

/// The first day of the fiscal year that holds `date`, when years begin in `month` (1 to 12).
pub fn year_start(date: NaiveDate, month: u32) -> NaiveDate {
    let month = month.clamp(1, 12);
    let year = if date.month() >= month { date.year() } else { date.year() - 1 };
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(date)
}

/// First and last day of each of the twelve months from `start`, which is the first of a month.
pub fn months(start: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
    (0..12).filter_map(|m| start.checked_add_months(Months::new(m))).map(|first| (first, last_of_month(first))).collect()
}

impl FiscalYear {
    /// The year of twelve months from `start`, which must be the first of a month.
    pub fn new(id: FiscalYearId, company_id: CompanyId, start: NaiveDate, now: DateTime<Utc>) -> crate::Result<Self> {
        if start.day() != 1 {
            return Err(NOT_A_FIRST_DAY.field("/start_date", format!("{start} is not the first day of a month.")));
        }
        let end = months(start).last().map_or(start, |m| m.1);
        let name =
            if start.year() == end.year() { format!("{}", start.year()) } else { format!("{}/{:02}", start.year(), end.year() % 100) };
        Ok(Self { id, company_id, name, start_date: start, end_date: end, version: 1, created_at: now, updated_at: now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).expect("a date")
    }

    #[test]
    fn a_year_has_twelve_months_without_gaps() {
        let m = months(day(2027, 4, 1));
        assert_eq!(m.len(), 12);
        assert!(m.windows(2).all(|w| w[0].1.succ_opt() == Some(w[1].0)));
        assert_eq!(m[10], (day(2028, 2, 1), day(2028, 2, 29)));
    }

    #[test]
    fn the_year_of_a_day_depends_on_its_first_month() {
        assert_eq!(year_start(day(2026, 3, 31), 4), day(2025, 4, 1));
        assert_eq!(year_start(day(2026, 4, 1), 4), day(2026, 4, 1));
        assert_eq!(year_start(day(2026, 1, 1), 1), day(2026, 1, 1));
    }

    #[test]
    fn a_year_over_new_year_has_both_in_its_name() {
        let id = |n| (FiscalYearId::from_uuid(uuid::Uuid::from_u128(n)), CompanyId::from_uuid(uuid::Uuid::from_u128(n)));
        let (y, c) = id(1);
        assert_eq!(FiscalYear::new(y, c, day(2026, 4, 1), Utc::now()).expect("a year").name, "2026/27");
        assert_eq!(FiscalYear::new(y, c, day(2026, 1, 1), Utc::now()).expect("a year").name, "2026");
        assert!(FiscalYear::new(y, c, day(2026, 1, 2), Utc::now()).is_err());
    }
}
