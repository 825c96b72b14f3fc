//! Figures over the rows of a list: counted and summed by groups. What a noun may be grouped by and what of it is summed is
//! declared with its list.

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::{Code, Failure, Interval};

/// Groups that one answer has at most.
pub const MOST_GROUPS: usize = 1000;

/// The grouping gives more groups than one answer may have.
pub const TOO_MANY_GROUPS: Code = Code::new(Failure::Invalid, "aggregate.too_many_groups", "The rows fall into more than 1,000 groups.");

/// One value that the rows of a group share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AggregateKey {
    /// The field, as named in `group_by`.
    #[schema(max_length = 100, example = "stage_id")]
    pub field: String,
    /// The value, in the form in which filters take it; null for rows without one.
    #[schema(required, max_length = 300, example = "won")]
    pub value: Option<String>,
    /// The value for people to read, such as the name behind an id; null where there is none, or where the caller may not see it.
    #[schema(required, max_length = 300, example = "Won")]
    pub label: Option<String>,
}

/// The sum of one field over the rows of a group. Money has a currency, and amounts in different currencies are never added up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AggregateSum {
    /// The field, as named in `sum`.
    #[schema(max_length = 100, example = "amount")]
    pub field: String,
    /// Currency of the amounts, ISO 4217; null for what is no money.
    #[schema(required, max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    /// The exact sum.
    #[schema(max_length = 40, pattern = r"^-?[0-9]{1,24}(\.[0-9]{1,10})?$", example = "1250.00")]
    pub value: String,
}

/// Rows that share the values of the fields in `group_by` and the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AggregateGroup {
    /// First day of the period, when an `interval` was asked for; null for rows without a date.
    #[schema(required)]
    pub period: Option<NaiveDate>,
    /// The shared values, in the order of `group_by`.
    #[schema(max_items = 4)]
    pub keys: Vec<AggregateKey>,
    /// The number of rows.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
    /// The sums, one for each field in `sum` and each currency.
    #[schema(max_items = 1000)]
    pub sums: Vec<AggregateSum>,
}

/// Figures over the rows of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Aggregate {
    /// The length of the periods.
    #[schema(required)]
    pub interval: Option<Interval>,
    /// The field that decides in which period a row is.
    #[schema(required, max_length = 100, example = "created_at")]
    pub date: Option<String>,
    /// The groups that have rows, ordered by period and then by the values of the fields in `group_by`, those without a value last.
    #[schema(max_items = 1000)]
    pub groups: Vec<AggregateGroup>,
    /// The number of all rows.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub total_count: i64,
    /// The sums over all rows.
    #[schema(max_items = 1000)]
    pub total_sums: Vec<AggregateSum>,
}
