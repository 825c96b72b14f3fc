//! Payment terms: when an invoice is due, in how many parts, and what early payment is worth.

use crate::kernel::Decimal;
use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounting::fiscal_years::last_of_month;
use crate::ids::{CompanyId, PaymentTermId};
use crate::kernel::{Amount, Code, Decimals, Rate, Result, allocate};

pub const NOT_A_HUNDRED: Code = Code::invalid("payment_term.not_a_hundred", "The parts of a payment term sum to 100 per cent.");
pub const BAD_DISCOUNT: Code =
    Code::invalid("payment_term.bad_discount", "A discount is between 0 and 100 per cent, a tolerance at least zero.");
pub const TERM_ARCHIVED: Code = Code::invalid("payment_term.archived", "The payment term is archived.");

/// One part of a payment term. Days count from the invoice date or from the end of its month; then, when `day_of_month`
/// is given, the next such day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermInstalment {
    /// The part of the total, in per cent.
    pub percent: Rate,
    /// Days to add.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub days: i32,
    /// Count from the last day of the invoice's month.
    #[serde(default)]
    pub from_end_of_month: bool,
    /// Due on the next such day of a month; the last day where the month is shorter.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 31)]
    pub day_of_month: Option<i32>,
}

/// When an invoice is due.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PaymentTerm {
    /// The id.
    pub id: PaymentTermId,
    /// The company.
    pub company_id: CompanyId,
    /// Unique in the company.
    #[schema(min_length = 1, max_length = 20, example = "2-10-N30")]
    pub code: String,
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "2 % within 10 days, net 30 days")]
    pub name: String,
    /// The parts and when they are due.
    #[schema(max_items = 36)]
    pub instalments: Vec<TermInstalment>,
    /// Per cent off when the whole invoice is paid within `discount_days`; tax is reduced alike.
    pub discount_percent: Rate,
    /// Days from the invoice date within which the discount holds.
    #[schema(minimum = 0, maximum = 3650)]
    pub discount_days: i32,
    /// What may be missing or too much, in the currency of the invoice, for it to count as paid.
    pub tolerance: Amount,
    /// An archived term is not put on new invoices.
    pub archived: bool,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { PaymentTerm, PaymentTermId, "payment_term", company: |t| Some(t.company_id) }

/// A new payment term.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPaymentTerm {
    /// The company.
    pub company_id: CompanyId,
    /// Unique in the company.
    #[schema(min_length = 1, max_length = 20, pattern = r"^[0-9A-Za-z][0-9A-Za-z.\-]{0,19}$", example = "2-10-N30")]
    pub code: String,
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "2 % within 10 days, net 30 days")]
    pub name: String,
    /// The parts; their percentages sum to 100.
    #[schema(min_items = 1, max_items = 36)]
    pub instalments: Vec<TermInstalment>,
    /// Per cent off when the whole invoice is paid within `discount_days`.
    #[serde(default)]
    pub discount_percent: Rate,
    /// Days from the invoice date within which the discount holds.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650)]
    pub discount_days: i32,
    /// What may be missing or too much, in the currency of the invoice, for it to count as paid.
    #[serde(default)]
    pub tolerance: Amount,
}

crate::patch! {
    /// Changes to a payment term. Invoices keep the term they were posted with.
    pub struct PaymentTermPatch for PaymentTerm {
        /// The name.
        set name: String [min_length = 1, max_length = 200],
        /// The parts; replaced whole.
        set instalments: Vec<TermInstalment> [min_items = 1, max_items = 36],
        /// Per cent off when the whole invoice is paid within `discount_days`.
        set discount_percent: Rate,
        /// Days from the invoice date within which the discount holds.
        set discount_days: i32 [minimum = 0, maximum = 3650],
        /// What may be missing or too much, in the currency of the invoice, for it to count as paid.
        set tolerance: Amount,
        /// An archived term is not put on new invoices.
        set archived: bool,
    }
}

/// A part of an invoice and the day it is due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instalment {
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 36)]
    pub position: i32,
    /// The day it is due.
    pub due_date: NaiveDate,
    /// How much.
    pub amount: Amount,
}

impl TermInstalment {
    /// Everything after this many days.
    pub fn net(days: i32) -> Self {
        Self { percent: Rate::from(100), days, from_end_of_month: false, day_of_month: None }
    }

    /// The day this part of an invoice of `date` is due.
    pub fn due(&self, date: NaiveDate) -> NaiveDate {
        let start = if self.from_end_of_month { last_of_month(date) } else { date };
        let due = start.checked_add_days(Days::new(self.days.max(0) as u64)).unwrap_or(start);
        let Some(day) = self.day_of_month else { return due };
        let in_month = |of: NaiveDate| {
            let last = last_of_month(of).day();
            of.with_day((day.max(1) as u32).min(last)).unwrap_or(of)
        };
        let here = in_month(due);
        if here >= due { here } else { due.checked_add_months(Months::new(1)).map_or(due, in_month) }
    }
}

/// Splits `total` over the parts; nothing is lost. `places` are the minor units of the currency.
pub fn schedule(parts: &[TermInstalment], date: NaiveDate, total: Amount, places: u32) -> Result<Vec<Instalment>> {
    let weights: Vec<Decimal> = parts.iter().map(|p| p.percent.get()).collect();
    let amounts = allocate(total.get(), &weights, places);
    let mut out: Vec<(NaiveDate, Decimal)> = parts.iter().map(|p| p.due(date)).zip(amounts).collect();
    out.sort_by_key(|(due, _)| *due);
    (1..).zip(out).map(|(position, (due_date, amount))| Ok(Instalment { position, due_date, amount: Amount::exact(amount)? })).collect()
}

impl PaymentTerm {
    pub fn new(id: PaymentTermId, new: NewPaymentTerm, now: DateTime<Utc>) -> Result<Self> {
        let term = Self {
            id,
            company_id: new.company_id,
            code: new.code,
            name: new.name,
            instalments: new.instalments,
            discount_percent: new.discount_percent,
            discount_days: new.discount_days,
            tolerance: new.tolerance,
            archived: false,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        term.check()?;
        Ok(term)
    }

    /// Refuses parts that do not sum to 100 and discounts that make no sense.
    pub fn check(&self) -> Result<()> {
        let sum: Rate = self.instalments.iter().map(|i| i.percent).sum();
        if sum != Rate::from(100) || self.instalments.iter().any(|i| !i.percent.is_positive()) {
            return Err(NOT_A_HUNDRED.field("/instalments", format!("The parts are above zero and sum to 100, not {sum}.")));
        }
        if self.discount_percent.is_negative() || self.discount_percent > Rate::from(100) {
            return Err(BAD_DISCOUNT.field("/discount_percent", "A discount is between 0 and 100 per cent."));
        }
        if self.tolerance.is_negative() {
            return Err(BAD_DISCOUNT.field("/tolerance", "A tolerance is at least zero."));
        }
        Ok(())
    }

    /// The last day of the discount for an invoice of `date`; `None` when there is no discount.
    pub fn discount_until(&self, date: NaiveDate) -> Option<NaiveDate> {
        (self.discount_percent.is_positive()).then(|| date.checked_add_days(Days::new(self.discount_days.max(0) as u64)).unwrap_or(date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(s: &str) -> NaiveDate {
        s.parse().expect("a date")
    }

    #[test]
    fn due_days_of_the_field() {
        let start = day("2019-01-01");
        let part =
            |days, from_end_of_month, day_of_month| TermInstalment { days, from_end_of_month, day_of_month, ..TermInstalment::net(0) };
        assert_eq!(part(45, true, None).due(start), day("2019-03-17"), "PT-03a");
        assert_eq!(part(31, false, Some(15)).due(start), day("2019-02-15"), "PT-04a");
        assert_eq!(part(0, true, None).due(start), day("2019-01-31"), "PT-05a");
        assert_eq!(part(0, false, Some(31)).due(day("2019-02-10")), day("2019-02-28"));
        assert_eq!(part(20, false, Some(15)).due(day("2019-01-01")), day("2019-02-15"));
    }

    #[test]
    fn parts_sum_to_the_total() {
        let parts = [(30, 0), (70, 60)].map(|(p, days)| TermInstalment { percent: Rate::from(p), ..TermInstalment::net(days) });
        let got = schedule(&parts, day("2019-01-01"), "1000".parse().expect("an amount"), 2).expect("a schedule");
        let got: Vec<_> = got.iter().map(|i| (i.due_date.to_string(), i.amount.to_string())).collect();
        assert_eq!(got, [("2019-01-01".into(), "300.00".into()), ("2019-03-02".into(), "700.00".into())], "PT-07");

        let halves = [20, 40].map(|days| TermInstalment { percent: Rate::from(50), ..TermInstalment::net(days) });
        let got = schedule(&halves, day("2026-01-01"), "240.01".parse().expect("an amount"), 2).expect("a schedule");
        assert_eq!(got.iter().map(|i| i.amount).sum::<Amount>().to_string(), "240.01");
        assert_eq!(got[0].amount.to_string(), "120.01");
    }

    #[test]
    fn a_discount_ends_after_its_days() {
        let new = serde_json::json!({"company_id": "co_00000000000000000000000000", "code": "X", "name": "X",
            "instalments": [{"percent": "100", "days": 30}], "discount_percent": "10", "discount_days": 10});
        let new: NewPaymentTerm = serde_json::from_value(new).expect("a term");
        let id = "ptm_00000000000000000000000000".parse().expect("an id");
        let term = PaymentTerm::new(id, new.clone(), Utc::now()).expect("valid");
        assert_eq!(term.discount_until(day("2019-01-01")), Some(day("2019-01-11")), "PT-09");
        let wrong = NewPaymentTerm { instalments: vec![TermInstalment { percent: Rate::from(99), ..TermInstalment::net(1) }], ..new };
        assert_eq!(PaymentTerm::new(id, wrong, Utc::now()).expect_err("refused").code(), NOT_A_HUNDRED);
    }
}
