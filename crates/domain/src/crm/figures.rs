//! Shapes that reports of all areas of the front office share.

use serde::Serialize;
use utoipa::ToSchema;

use crate::kernel::Amount;

/// One side of a metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct MetricSide {
    /// What it counts.
    #[schema(max_length = 300)]
    pub text: String,
    /// Quantity.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub count: i64,
    /// What they are worth, in the company's currency.
    pub amount: Amount,
    /// The list of them; null when no list can show exactly these.
    #[schema(required, max_length = 2000)]
    pub drill_down: Option<String>,
}
