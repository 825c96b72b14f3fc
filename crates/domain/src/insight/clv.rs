//! Lifetime values as they are asked for and answered: of all customers, of groups of them, of one; and what it cost to win
//! them.

pub mod buying_models;

use crate::kernel::Decimal;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::crm::figures::MetricSide;
use crate::directory::companies::Company;
use crate::ids::{ClvFitId, CompanyId, PartyId};
use crate::insight::metrics::customers::{ClvModel, CustomerGrouping};
use crate::insight::metrics::groups::MetricKey;
use crate::kernel::{Amount, Rate, Result, round_to};

/// Days that expectations look ahead when nobody says how many.
pub const HORIZON_DAYS: i32 = 365;

/// Whose lifetime value, and how.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ClvFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The first day of the observed months, the first of a month.
    pub from_date: NaiveDate,
    /// The last day of the observed months, the last of a month; at most three years after the first.
    pub to_date: NaiveDate,
    /// How the value is made; historic when left out.
    #[param(required = false)]
    #[param(inline)]
    pub model: Option<ClvModel>,
    /// Only this customer; the average of all when left out.
    #[param(required = false)]
    pub party_id: Option<PartyId>,
    /// A group for each of these.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<CustomerGrouping>,
    /// Customers lost in a month, in percent. When left out, those lost between the months before and the observed ones, as
    /// many months each, divided by their number.
    #[param(required = false, value_type = Option<String>, pattern = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,10})?$", max_length = 14)]
    pub churn_percent: Option<Rate>,
    /// Worth of money lost in a month, in percent; 1 when left out.
    #[param(required = false, value_type = Option<String>, pattern = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,10})?$", max_length = 14)]
    pub discount_percent: Option<Rate>,
    /// Days that the model bgnbd looks ahead; 365 when left out.
    #[param(required = false, minimum = 1, maximum = 3650)]
    pub horizon_days: Option<i32>,
    /// Accounts whose debits less credits are the cost to win customers, ids with commas between them. When left out, the
    /// expense accounts' lines with a dimension `campaign` or `sales`.
    #[param(required = false, max_length = 1000)]
    pub cac_account_ids: Option<String>,
}

/// What it cost to win customers.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Acquisition {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// What was spent in the observed months.
    pub numerator: MetricSide,
    /// Customers with their first invoice in them.
    pub denominator: MetricSide,
    /// What a new customer cost; null without any.
    #[schema(required)]
    pub cac_amount: Option<Amount>,
    /// How many times the value covers that, two places; null without a value or without cost.
    #[schema(required)]
    pub clv_to_cac: Option<Rate>,
    /// Months of margin that cover it, two places; null without margin.
    #[schema(required)]
    pub payback_months: Option<Rate>,
}

/// What customers of a group are worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClvGroup {
    /// What the group is about.
    pub group: MetricKey,
    /// What the figures mean, with the conventions of the model.
    #[schema(max_length = 2000)]
    pub definition: String,
    /// The margin of the observed months; for bgnbd, that expected of their customers.
    pub numerator: MetricSide,
    /// Customers with an invoice in them.
    pub denominator: MetricSide,
    /// Margin of a customer in a month on average; null without customers.
    #[schema(required)]
    pub monthly_margin_amount: Option<Amount>,
    /// Customers lost in a month, in percent; null for historic and bgnbd, and where no customer could be lost.
    #[schema(required)]
    pub churn_percent: Option<Rate>,
    /// The value; null without customers, and without churn where nothing else ends it.
    #[schema(required)]
    pub clv_amount: Option<Amount>,
    /// For discounted, the value with the month that is just beginning; null for the others.
    #[schema(required)]
    pub clv_with_first_month_amount: Option<Amount>,
    /// Acquisition cost; null for groups without known costs.
    #[schema(required)]
    pub acquisition: Option<Acquisition>,
}

/// What a customer is worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClvMetric {
    /// What the figures mean, with the conventions of the model.
    #[schema(max_length = 2000)]
    pub definition: String,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// How the value is made.
    pub model: ClvModel,
    /// The margin of the observed months; for bgnbd, that expected of their customers.
    pub numerator: MetricSide,
    /// Customers with an invoice in them.
    pub denominator: MetricSide,
    /// Months observed.
    #[schema(minimum = 1, maximum = 37)]
    pub months: i32,
    /// Margin of a customer in a month on average; null without customers.
    #[schema(required)]
    pub monthly_margin_amount: Option<Amount>,
    /// Customers lost in a month, in percent; null for historic and bgnbd, and where no customer could be lost.
    #[schema(required)]
    pub churn_percent: Option<Rate>,
    /// Worth of money lost in a month, in percent; null but for discounted.
    #[schema(required)]
    pub discount_percent: Option<Rate>,
    /// The value; null without customers, and without churn where nothing else ends it.
    #[schema(required)]
    pub clv_amount: Option<Amount>,
    /// For discounted, the value with the month that is just beginning; null for the others.
    #[schema(required)]
    pub clv_with_first_month_amount: Option<Amount>,
    /// For bgnbd, the fit that was used.
    #[schema(required)]
    pub clv_fit_id: Option<ClvFitId>,
    /// The day up to which the fit learnt.
    #[schema(required)]
    pub clv_fit_as_of_date: Option<NaiveDate>,
    /// Whether the search of the fit stopped at a bound, so that what is expected is a rough figure.
    #[schema(required)]
    pub clv_fit_is_at_bound: Option<bool>,
    /// What it cost to win customers; null for one customer.
    #[schema(required)]
    pub acquisition: Option<Acquisition>,
    /// The same for each group asked for, those with the most customers first; at most 200.
    #[schema(max_items = 200)]
    pub groups: Vec<ClvGroup>,
    /// All groups there are.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub group_count: i64,
}

/// How to value one customer.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PartyClvFilter {
    /// The company whose customer it is.
    pub company_id: CompanyId,
    /// How the value is made; historic when left out.
    #[param(required = false)]
    #[param(inline)]
    pub model: Option<ClvModel>,
    /// Months that simple and discounted observe, the last whole ones; 12 when left out.
    #[param(required = false, minimum = 1, maximum = 36)]
    pub months: Option<i32>,
    /// Customers lost in a month, in percent. When left out, those of all customers lost between the months before and the
    /// observed ones, divided by their number.
    #[param(required = false, value_type = Option<String>, pattern = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,10})?$", max_length = 14)]
    pub churn_percent: Option<Rate>,
    /// Worth of money lost in a month, in percent; 1 when left out.
    #[param(required = false, value_type = Option<String>, pattern = r"^(0|[1-9][0-9]{0,2})(\.[0-9]{1,10})?$", max_length = 14)]
    pub discount_percent: Option<Rate>,
    /// Days that the model bgnbd looks ahead; 365 when left out.
    #[param(required = false, minimum = 1, maximum = 3650)]
    pub horizon_days: Option<i32>,
}

/// What one customer is worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyClv {
    /// What the figures mean, with the conventions of the model.
    #[schema(max_length = 2000)]
    pub definition: String,
    /// The customer.
    pub party_id: PartyId,
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The day of the answer, in the company's time zone.
    pub as_of_date: NaiveDate,
    /// Currency of all amounts, ISO 4217.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: String,
    /// How the value is made.
    pub model: ClvModel,
    /// The margin that the value is made of: to date, of the observed months, or expected.
    pub numerator: MetricSide,
    /// The customer, once with invoices.
    pub denominator: MetricSide,
    /// The value; null when the customer never bought, and without churn where nothing else ends it.
    #[schema(required)]
    pub clv_amount: Option<Amount>,
    /// For discounted, the value with the month that is just beginning; null for the others.
    #[schema(required)]
    pub clv_with_first_month_amount: Option<Amount>,
    /// Margin of a month, for simple and discounted.
    #[schema(required)]
    pub monthly_margin_amount: Option<Amount>,
    /// Customers lost in a month, in percent, for simple and discounted; null where no customer could be lost.
    #[schema(required)]
    pub churn_percent: Option<Rate>,
    /// Worth of money lost in a month, in percent; null but for discounted.
    #[schema(required)]
    pub discount_percent: Option<Rate>,
    /// The purchases and what is expected of them; null when the customer never bought, or nothing was learnt of customers.
    #[schema(required)]
    pub outlook: Option<CustomerOutlook>,
}

/// What the models of purchases say of one customer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CustomerOutlook {
    /// The fit that was used.
    pub clv_fit_id: ClvFitId,
    /// The day up to which it learnt. What customers did since then is counted, and not learnt from.
    pub clv_fit_as_of_date: NaiveDate,
    /// Whether its search stopped at a bound: the customers it learnt from differ less than the model can tell, and
    /// what it says is rough.
    pub is_at_bound: bool,
    /// Days with invoices after the first one (x).
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub repeat_purchases: i64,
    /// Days from the first invoice to the last one (t_x).
    #[schema(minimum = 0, maximum = 1000000)]
    pub recency_days: i64,
    /// Days from the first invoice until now (T).
    #[schema(minimum = 0, maximum = 1000000)]
    pub age_days: i64,
    /// How likely the customer has not left, in percent, two places. 100 for a customer with one purchase: the model assumes that
    /// no customer leaves before the second. Null for a fit at its bound by which no customer, or every customer, would ever
    /// leave.
    #[schema(required)]
    pub p_alive_percent: Option<Rate>,
    /// 100 less that; null with it.
    #[schema(required)]
    pub churn_risk_percent: Option<Rate>,
    /// Days looked ahead.
    #[schema(minimum = 1, maximum = 3650)]
    pub horizon_days: i32,
    /// Purchases expected in them, four places.
    pub expected_purchases: Rate,
    /// Margin that each is expected to bring, rounded half away from zero.
    pub expected_purchase_margin_amount: Amount,
    /// Margin expected in them, from the unrounded figures, rounded once.
    pub expected_margin_amount: Amount,
}

/// What it cost to win customers, beside what they are worth.
pub struct Won {
    pub lines: i64,
    pub spent: Amount,
    pub spent_path: Option<String>,
    pub new_customers: i64,
    pub new_path: String,
    /// Margin of a customer in a month, and the value.
    pub monthly: Option<Decimal>,
    pub value: Option<Amount>,
}

impl Won {
    /// The figures; each rounded once.
    pub fn figures(self, company: &Company) -> Result<Acquisition> {
        let each = (self.new_customers > 0).then(|| self.spent.get() / Decimal::from(self.new_customers));
        let ratio = |a: Decimal, b: Decimal| -> Result<Option<Rate>> {
            if b <= Decimal::ZERO { Ok(None) } else { Rate::try_from(round_to(a / b, 2)).map(Some) }
        };
        let over = |a: Option<Decimal>, b: Option<Decimal>| match (a, b) {
            (Some(a), Some(b)) => ratio(a, b),
            _ => Ok(None),
        };
        Ok(Acquisition {
            definition: "debits less credits of the ledger in the observed months, of the accounts named or else of the expense accounts' \
                         lines with a dimension campaign or sales; of customers whose first invoice, not credited in full, lies in them. \
                         Payback is that cost divided by the margin of a customer in a month"
                .into(),
            numerator: MetricSide {
                text: "ledger lines of what was spent to win customers".into(),
                count: self.lines,
                amount: self.spent,
                drill_down: self.spent_path,
            },
            denominator: MetricSide {
                text: "customers won".into(),
                count: self.new_customers,
                amount: Amount::ZERO,
                drill_down: Some(self.new_path),
            },
            cac_amount: each.map(|e| company.round(e)).transpose()?,
            clv_to_cac: over(self.value.map(|v| v.get()), each)?,
            payback_months: over(each, self.monthly)?,
        })
    }
}
