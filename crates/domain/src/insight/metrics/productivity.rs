//! Productivity: what came of what people did. The number of activities alone says nothing of anybody; it is the denominator.

use crate::kernel::Decimal;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::crm::activities::ActivityKind;
use crate::crm::figures::MetricSide;
use crate::directory::companies::Company;
use crate::ids::{CompanyId, TeamId, UserId};
use crate::insight::metrics::groups::{MetricComparison, metric};
use crate::kernel::{Amount, Rate, Result, round_to};

crate::string_enum! {
    /// What productivity has a group for.
    pub enum ProductivityGrouping {
        /// Each user.
        Owner = "owner",
        /// Each team with those below it, by its members as they are now.
        Team = "team",
    }
}

/// Whose productivity, and when.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ProductivityFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// The last day; at most three years after the first.
    pub to_date: NaiveDate,
    /// Only this user. Who may not see all forecasts has the own, and those of managed teams.
    #[param(required = false)]
    pub owner_id: Option<UserId>,
    /// Only members of this team and of the teams below it.
    #[param(required = false)]
    pub team_id: Option<TeamId>,
    /// A group for each of these; each user when left out.
    #[param(required = false)]
    #[param(inline)]
    pub group_by: Option<ProductivityGrouping>,
    /// What to compare with.
    #[param(required = false)]
    #[param(inline)]
    pub compare: Option<MetricComparison>,
}

/// Activities of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ActivityKindFigure {
    /// The kind.
    pub kind: ActivityKind,
    /// How many were done.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
    /// The list of them.
    #[schema(max_length = 2000)]
    pub drill_down: String,
}

metric! {
    /// What came of what people did.
    ProductivityMetric, ProductivityFigures, ProductivityGroup, ProductivityBefore {
        /// Currency of all amounts, ISO 4217.
        #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
        currency: String,
        /// Opportunities won.
        numerator: MetricSide,
        /// Tasks, calls, meetings and e-mails done.
        denominator: MetricSide,
        /// What was won for each activity done; null when none was done.
        #[schema(required)]
        amount_per_activity: Option<Amount>,
        /// Activities done for each opportunity won, two places; null when none was won.
        #[schema(required)]
        activities_per_won: Option<Rate>,
        /// Activities done, by kind; kinds without any are left out.
        #[schema(max_items = 10)]
        activities: Vec<ActivityKindFigure>,
        /// Opportunities created.
        opportunities_created: MetricSide,
        /// Leads created.
        leads: MetricSide,
        /// Those of them that were answered by now.
        leads_answered: MetricSide,
        /// How long those waited for the first answer on average, in minutes around the clock, two places; null without any.
        #[schema(required)]
        average_response_minutes: Option<Rate>,
    }
}

/// What was won for each activity done, rounded half away from zero to the minor unit; nothing without activities.
pub fn per_activity(won: Decimal, done: i64, company: &Company) -> Result<Option<Amount>> {
    if done == 0 { Ok(None) } else { company.round(won / Decimal::from(done)).map(Some) }
}

/// `whole` divided by `parts`, rounded half away from zero to two places; nothing without parts.
pub fn ratio(whole: i64, parts: i64) -> Result<Option<Rate>> {
    if parts == 0 { Ok(None) } else { Rate::try_from(round_to(Decimal::from(whole) / Decimal::from(parts), 2)).map(Some) }
}

/// The mean of microseconds in minutes, two places; nothing of nothing.
pub fn mean_minutes(micros: i64, of: i64) -> Result<Option<Rate>> {
    if of == 0 {
        return Ok(None);
    }
    Rate::try_from(round_to(Decimal::from(micros) / Decimal::from(of) / Decimal::from(60_000_000), 2)).map(Some)
}
