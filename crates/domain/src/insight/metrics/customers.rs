//! Metrics of customers: retention, repeat purchases, recency-frequency-monetary scores, lifetime value. On what was
//! invoiced less credit notes, and for value on margin. The facts come from the books; the definitions and the arithmetic
//! are here.

use crate::kernel::Decimal;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::percent;
use crate::crm::figures::MetricSide;
use crate::directory::companies::Company;
use crate::ids::{AccountId, CompanyId, PartyId};
use crate::insight::metrics::groups::{MetricComparison, metric};
use crate::kernel::{Amount, Code, Rate, Result, round_to};

/// A lifetime value is made of whole calendar months.
pub const NOT_WHOLE_MONTHS: Code =
    Code::invalid("metric.not_whole_months", "The period must begin on the first and end on the last day of a month.");
/// A share of customers or of money lies between 0 and 100 percent.
pub const NOT_A_PERCENTAGE: Code = Code::invalid("metric.not_a_percentage", "A percentage lies between 0 and 100.");

crate::string_enum! {
    /// Which customers of two periods.
    pub enum CustomerState {
        /// With sales in the base period.
        Base = "base",
        /// With sales in the period.
        Active = "active",
        /// With sales in both.
        Kept = "kept",
        /// With sales in the base period and none in the period.
        Lost = "lost",
        /// With sales in the period and none in the base period.
        New = "new",
        /// With at least one invoice in the period.
        Buyers = "buyers",
        /// With at least two invoices in the period.
        Repeat = "repeat",
    }
    /// How a lifetime value is made.
    pub enum ClvModel {
        /// The margin so far.
        Historic = "historic",
        /// Margin of a month ÷ churn.
        Simple = "simple",
        /// Margin of a month × retention ÷ (1 + discount − retention).
        Discounted = "discounted",
        /// Margin expected in a time to come, by the models of purchases (BG/NBD) and of what they bring (Gamma-Gamma).
        Bgnbd = "bgnbd",
    }
    /// What metrics of customers have a group for.
    pub enum CustomerGrouping {
        /// Each owner of customers.
        Owner = "owner",
        /// Each team with those below it, by the owners of customers.
        Team = "team",
        /// Each segment of parties, static or dynamic, as it is now; at most the first hundred by name.
        Segment = "segment",
        /// Each campaign, by the first touch of a customer that has one.
        Campaign = "campaign",
        /// Each month, by the first invoice of a customer.
        Cohort = "cohort",
    }
}

/// Days of two periods and whose customers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SalesAsk {
    pub company: CompanyId,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// The base period, when there is one.
    pub base: Option<(NaiveDate, NaiveDate)>,
    /// Only this customer.
    pub party: Option<PartyId>,
}

/// Customers that figures of one by one are kept for at most.
pub const MOST_CUSTOMERS: i64 = 50_000;
/// More customers than can be looked at one by one.
pub const TOO_MANY_CUSTOMERS: Code =
    Code::invalid("metric.too_many_customers", "More than 50000 customers cannot be looked at one by one; ask for fewer days.");

/// What a customer bought so far. Amounts are in the company's currency, net of tax, less credit notes.
#[derive(Debug, Clone, PartialEq)]
pub struct PurchaseHistory {
    pub party_id: PartyId,
    pub name: String,
    /// The days of the first and the last invoice that was not credited in full.
    pub first_date: NaiveDate,
    pub last_date: NaiveDate,
    /// Days with such invoices.
    pub purchase_days: i64,
    pub revenue: Amount,
    /// Cost of the goods delivered less those returned.
    pub cost: Amount,
}

impl PurchaseHistory {
    pub fn margin(&self) -> Amount {
        self.revenue - self.cost
    }
}

/// What was spent to win customers: the value of the dimension `campaign` of the ledger lines, the first day of the month,
/// how many lines, and their sum.
pub type Spending = (Option<String>, NaiveDate, i64, Amount);

/// Which customers of a question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomerNarrow {
    /// All who are known of in either period, whatever they did.
    pub any: bool,
    pub state: Option<CustomerState>,
    pub recency: Option<i32>,
    pub frequency: Option<i32>,
    pub monetary: Option<i32>,
}

/// What is known of the customers of two periods. Amounts are in the company's currency, net of tax, less credit notes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct SalesFacts {
    /// Customers with sales in the base period, and those sales.
    pub base_customers: i64,
    pub base_revenue: Amount,
    /// Those of them with sales in the period too, and their sales in the period.
    pub kept: i64,
    pub kept_revenue: Amount,
    /// Of each of those, no more than in the base period.
    pub capped_revenue: Amount,
    /// Customers with sales in the period.
    pub active: i64,
    /// With at least one invoice, with at least two.
    pub buyers: i64,
    pub repeat: i64,
    pub revenue: Amount,
    /// Cost of the goods delivered in the period less those returned.
    pub cost: Amount,
}

/// A customer in two periods.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CustomerFigures {
    /// The customer.
    pub party_id: PartyId,
    /// Its name.
    #[schema(max_length = 200)]
    pub name: String,
    /// Invoiced in the period less credit notes, before tax.
    pub revenue_amount: Amount,
    /// The same in the base period.
    pub base_revenue_amount: Amount,
    /// Cost of the goods delivered in the period less those returned.
    pub cost_amount: Amount,
    /// Revenue less cost.
    pub margin_amount: Amount,
    /// Invoices of the period.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub invoice_count: i64,
    /// The day of the last of them.
    #[schema(required)]
    pub last_invoice_date: Option<NaiveDate>,
    /// 1 to 5, 5 for the fifth who bought last; null without an invoice.
    #[schema(required, minimum = 1, maximum = 5)]
    pub recency: Option<i32>,
    /// 1 to 5, 5 for the fifth with the most invoices.
    #[schema(required, minimum = 1, maximum = 5)]
    pub frequency: Option<i32>,
    /// 1 to 5, 5 for the fifth with the most revenue.
    #[schema(required, minimum = 1, maximum = 5)]
    pub monetary: Option<i32>,
}

/// Which customers to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CustomerFiguresFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// The last day; at most three years after the first.
    pub to_date: NaiveDate,
    /// The first day of the base period; without one no customer has base sales.
    #[param(required = false)]
    pub base_from_date: Option<NaiveDate>,
    /// Last day, inclusive.
    #[param(required = false)]
    pub base_to_date: Option<NaiveDate>,
    /// Only these customers; those with an invoice in the period when left out.
    #[param(required = false)]
    #[param(inline)]
    pub state: Option<CustomerState>,
    /// Only this customer.
    #[param(required = false)]
    pub party_id: Option<PartyId>,
    /// Only this score.
    #[param(required = false, minimum = 1, maximum = 5)]
    pub recency: Option<i32>,
    /// Only this score.
    #[param(required = false, minimum = 1, maximum = 5)]
    pub frequency: Option<i32>,
    /// Only this score.
    #[param(required = false, minimum = 1, maximum = 5)]
    pub monetary: Option<i32>,
    /// What `group` is one of.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<CustomerGrouping>,
    /// Only customers of this group: the `key` of a metric's group.
    #[param(required = false, max_length = 200)]
    pub group: Option<String>,
    /// Only customers that are in no group; with `group_by`.
    #[param(required = false)]
    pub ungrouped: Option<bool>,
    /// Only customers whose first invoice, not credited in full, is in the period.
    #[param(required = false)]
    pub is_first_purchase: Option<bool>,
    /// Only customers after this one: `next_after` of the answer before.
    #[param(required = false)]
    pub after: Option<PartyId>,
    /// Customers at most, 1 to 200; 50 when left out.
    #[param(required = false, minimum = 1, maximum = 200)]
    pub limit: Option<i32>,
}

/// Customers in two periods, by id.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerFiguresList {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// All customers that fit, on whatever page.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub total_count: i64,
    /// The customers of this page.
    #[schema(max_items = 200)]
    pub customers: Vec<CustomerFigures>,
    /// Give it as `after` for the next page; null on the last one.
    #[schema(required)]
    pub next_after: Option<PartyId>,
}

/// Two periods to compare.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RetentionFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The first day of the base period.
    pub base_from_date: NaiveDate,
    /// Last day, inclusive.
    pub base_to_date: NaiveDate,
    /// The first day of the period in which customers may be kept.
    pub from_date: NaiveDate,
    /// Last day, inclusive.
    pub to_date: NaiveDate,
    /// A group for each of these.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<CustomerGrouping>,
    /// What to compare with. The base period moves along; with the previous period it is the one before the base period.
    #[param(required = false)]
    #[param(inline)]
    pub compare: Option<MetricComparison>,
}

metric! {
    /// Who and what was kept.
    RetentionMetric, RetentionFigures, RetentionGroup, RetentionBefore {
        /// Currency of all amounts, ISO 4217.
        #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
        currency: String,
        /// Customers kept, and what they bought in the period.
        numerator: MetricSide,
        /// Customers of the base period, and what they bought in it.
        denominator: MetricSide,
        /// Kept of base customers in percent (logo retention), two places; null without any.
        #[schema(required)]
        logo_retention_percent: Option<Rate>,
        /// Gross revenue retention: of each base customer no more than before; never above 100.
        #[schema(required)]
        gross_revenue_retention_percent: Option<Rate>,
        /// Net revenue retention: with what base customers bought more; new customers never count.
        #[schema(required)]
        net_revenue_retention_percent: Option<Rate>,
        /// What base customers bought less, or no more at all.
        lost_amount: Amount,
        /// What base customers bought more.
        expansion_amount: Amount,
    }
}

/// A period of customers.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CustomerPeriod {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// The last day; at most three years after the first.
    pub to_date: NaiveDate,
}

/// How many buy again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RepeatRateMetric {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// Customers with at least two invoices.
    pub numerator: MetricSide,
    /// Customers with at least one invoice.
    pub denominator: MetricSide,
    /// The first of the second in percent, two places; null without any.
    #[schema(required)]
    pub repeat_percent: Option<Rate>,
}

/// Customers with the same scores.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RfmCell {
    /// 1 to 5, 5 for the fifth who bought last.
    #[schema(minimum = 1, maximum = 5)]
    pub recency: i32,
    /// 1 to 5, 5 for the fifth with the most invoices.
    #[schema(minimum = 1, maximum = 5)]
    pub frequency: i32,
    /// 1 to 5, 5 for the fifth with the most revenue.
    #[schema(minimum = 1, maximum = 5)]
    pub monetary: i32,
    /// How many customers.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
    /// What they bought, less credit notes.
    pub revenue_amount: Amount,
    /// The list of them.
    #[schema(max_length = 2000)]
    pub drill_down: String,
}

/// Customers by how lately, how often and for how much they bought.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RfmMetric {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// Customers with the highest scores, 5 and 5 and 5.
    pub numerator: MetricSide,
    /// Customers with an invoice in the period.
    pub denominator: MetricSide,
    /// Scores that customers have, and how many have them.
    #[schema(max_items = 125)]
    pub cells: Vec<RfmCell>,
}

/// Whole months from the first day to the last; fails with [`NOT_WHOLE_MONTHS`].
pub fn whole_months(from: NaiveDate, to: NaiveDate) -> Result<i32> {
    let after = to.succ_opt().filter(|d| d.day() == 1 && from.day() == 1 && *d > from);
    let after = after.ok_or_else(|| NOT_WHOLE_MONTHS.with(format!("{from} to {to} are no whole months.")))?;
    Ok((after.year() - from.year()) * 12 + after.month() as i32 - from.month() as i32)
}

impl SalesFacts {
    /// Of customers one by one.
    pub fn of<'a>(customers: impl IntoIterator<Item = &'a CustomerFigures>) -> Self {
        let mut out = Self::default();
        for c in customers {
            let (revenue, base) = (c.revenue_amount, c.base_revenue_amount);
            let (bought, bought_before) = (revenue > Amount::ZERO, base > Amount::ZERO);
            if bought_before {
                out.base_customers += 1;
                out.base_revenue += base;
            }
            if bought_before && bought {
                out.kept += 1;
                out.kept_revenue += revenue;
                out.capped_revenue += revenue.min(base);
            }
            out.active += i64::from(bought);
            out.buyers += i64::from(c.invoice_count > 0);
            out.repeat += i64::from(c.invoice_count > 1);
            out.revenue += revenue;
            out.cost += c.cost_amount;
        }
        out
    }
    pub fn margin(&self) -> Amount {
        self.revenue - self.cost
    }
    /// Logo, gross and net retention in percent. Gross is capped at 100 by counting each customer at most as before.
    pub fn retention(&self) -> Result<[Option<Rate>; 3]> {
        let base = self.base_revenue.get();
        Ok([percent(self.kept, self.base_customers)?, percent(self.capped_revenue.get(), base)?, percent(self.kept_revenue.get(), base)?])
    }
    /// The share of base customers lost in each of `months` months, in percent with ten places; nothing without base customers.
    pub fn monthly_churn(&self, months: i32) -> Result<Option<Rate>> {
        if self.base_customers == 0 || months == 0 {
            return Ok(None);
        }
        let lost = Decimal::from(self.base_customers - self.kept) * Decimal::ONE_HUNDRED;
        Rate::try_from(round_to(lost / Decimal::from(self.base_customers) / Decimal::from(months), 10)).map(Some)
    }
}

/// A lifetime value from the margin of a month: alone, and with the month that is just beginning where the model tells them
/// apart. `churn` and `discount` are percentages of a month.
///
/// - simple: m ÷ churn
/// - discounted, margin at the end of each month: m × r ÷ (1 + d − r); with the first month at once: m × (1 + d) ÷ (1 + d − r)
///
/// with r = 1 − churn. Nothing when the series has no end.
pub fn lifetime_value(
    model: ClvModel,
    margin: Decimal,
    churn: Rate,
    discount: Rate,
    company: &Company,
) -> Result<(Option<Amount>, Option<Amount>)> {
    let (c, d) = (churn.get() / Decimal::ONE_HUNDRED, discount.get() / Decimal::ONE_HUNDRED);
    let kept = Decimal::ONE - c;
    match model {
        ClvModel::Historic | ClvModel::Bgnbd => Ok((Some(company.round(margin)?), None)),
        ClvModel::Simple if c.is_zero() => Ok((None, None)),
        ClvModel::Simple => Ok((Some(company.round(margin / c)?), None)),
        ClvModel::Discounted => {
            let end = Decimal::ONE + d - kept;
            if end.is_zero() {
                return Ok((None, None));
            }
            let later = company.round(margin * kept / end)?;
            Ok((Some(later), Some(company.round(margin * (Decimal::ONE + d) / end)?)))
        }
    }
}

/// Recency, frequency and monetary score, how many customers have them, and their revenue.
pub type CustomerScores = Vec<(i32, i32, i32, i64, Amount)>;

crate::questions! {
    /// What customers bought, all together.
    CustomerFacts<'a>(&'a SalesAsk) -> SalesFacts;
    /// How many customers bought how lately, how often and for how much.
    ScoresOfCustomers<'a>(&'a SalesAsk) -> CustomerScores;
    /// What customers bought, one by one: after a customer, at most so many by id, and how many there are.
    FiguresOfCustomers<'a>((&'a SalesAsk, &'a CustomerNarrow, Option<PartyId>, i64)) -> (Vec<CustomerFigures>, i64);
    /// What customers of a company bought until a day, one by one and at most so many; or one of them.
    PurchaseHistories<'a>((CompanyId, NaiveDate, Option<PartyId>, i64)) -> Vec<PurchaseHistory>;
    /// What was spent between two days to win customers: of these accounts, or without any as the dimensions of the ledger say.
    AcquisitionCosts<'a>((CompanyId, (NaiveDate, NaiveDate), &'a [AccountId])) -> Vec<Spending>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::companies::tests::company;

    fn amount(s: &str) -> Amount {
        s.parse().expect("an amount")
    }

    /// G14 of the vectors: m 35, churn 4 %, d 1 %.
    #[test]
    fn lifetime_values_are_those_of_the_vectors() {
        let of = |model, churn, discount| {
            lifetime_value(model, Decimal::from(35), Rate::from(churn), Rate::from(discount), &company()).expect("a value")
        };
        assert_eq!(of(ClvModel::Simple, 4, 1), (Some(amount("875")), None));
        assert_eq!(of(ClvModel::Discounted, 4, 1), (Some(amount("672.00")), Some(amount("707.00"))));
        assert_eq!(of(ClvModel::Simple, 0, 1), (None, None));
        assert_eq!(of(ClvModel::Discounted, 0, 0), (None, None));
        assert_eq!(of(ClvModel::Discounted, 100, 0), (Some(Amount::ZERO), Some(amount("35"))));
    }

    #[test]
    fn gross_retention_has_a_cap_and_net_has_none() {
        let facts = SalesFacts {
            base_customers: 4,
            base_revenue: amount("400"),
            kept: 3,
            kept_revenue: amount("500"),
            capped_revenue: amount("250"),
            ..SalesFacts::default()
        };
        let text = |r: Option<Rate>| r.map(|r| r.to_string()).unwrap_or_default();
        assert_eq!(facts.retention().expect("rates").map(text), ["75", "62.5", "125"]);
        assert_eq!(text(facts.monthly_churn(5).expect("a rate")), "5");
        assert_eq!(SalesFacts::default().retention().expect("none"), [None, None, None]);
        assert_eq!(SalesFacts::default().monthly_churn(1).expect("none"), None);
    }

    #[test]
    fn months_are_whole() {
        let day = |s: &str| s.parse::<NaiveDate>().expect("a day");
        for (from, to, months) in [("2026-01-01", "2026-01-31", 1), ("2025-11-01", "2026-02-28", 4), ("2024-02-01", "2024-02-29", 1)] {
            assert_eq!(whole_months(day(from), day(to)).expect("months"), months);
        }
        for (from, to) in [("2026-01-02", "2026-01-31"), ("2026-01-01", "2026-01-30"), ("2026-02-01", "2026-01-31")] {
            assert_eq!(whole_months(day(from), day(to)).expect_err("refused").code(), NOT_WHOLE_MONTHS);
        }
    }
}
