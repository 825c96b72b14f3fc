//! What metrics can be split by and compared with. A metric, each of its groups and what it is compared with have the same
//! figures; [`metric!`] declares them once.

use chrono::{Datelike, Months, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

crate::string_enum! {
    /// What a metric of deals has a group for.
    pub enum MetricGrouping {
        /// Each owner.
        Owner = "owner",
        /// Each team with those below it, by its members as they are now.
        Team = "team",
        /// Each pipeline.
        Pipeline = "pipeline",
        /// Each source.
        Source = "source",
        /// Each campaign that leads first came by.
        Campaign = "campaign",
    }
    /// What a metric is compared with.
    pub enum MetricComparison {
        /// As many days right before; as many months where the days are whole months.
        PreviousPeriod = "previous_period",
        /// The same days a year before.
        PreviousYear = "previous_year",
    }
}

/// Groups of one answer at most.
pub const MOST_GROUPS: usize = 200;

/// What a group is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct MetricKey {
    /// The id or value shared by the group; null for records that have none.
    #[schema(required, max_length = 200)]
    pub key: Option<String>,
    /// Label of the group, such as the name of the product; null when the group has none.
    #[schema(required, max_length = 300)]
    pub name: Option<String>,
}

/// Everything a metric was computed for.
#[derive(Debug, Clone)]
pub struct Parts<F> {
    pub total: F,
    /// The days compared with, and the figures of all then.
    pub previous: Option<(NaiveDate, NaiveDate, F)>,
    /// The groups, and their figures in the days compared with.
    pub groups: Vec<(MetricKey, F, Option<F>)>,
    /// All groups there are.
    pub group_count: i64,
}

/// The days that a comparison looks at.
pub fn compared(from: NaiveDate, to: NaiveDate, with: MetricComparison) -> (NaiveDate, NaiveDate) {
    let year = |day: NaiveDate| day.checked_sub_months(Months::new(12)).unwrap_or(day);
    let after = to.succ_opt().unwrap_or(to);
    match with {
        // the last of a February stays the last
        MetricComparison::PreviousYear => (year(from), year(after).pred_opt().unwrap_or(to)),
        MetricComparison::PreviousPeriod if from.day() == 1 && after.day() == 1 => {
            let months = (after.year() - from.year()) * 12 + after.month() as i32 - from.month() as i32;
            let before = from.checked_sub_months(Months::new(months.unsigned_abs())).unwrap_or(from);
            (before, from.pred_opt().unwrap_or(from))
        }
        MetricComparison::PreviousPeriod => (from - (after - from), from.pred_opt().unwrap_or(from)),
    }
}

/// Declares the figures of a metric, and as answers the metric itself, a group of it and what it is compared with.
macro_rules! metric {
    ($(#[$doc:meta])* $metric:ident, $figures:ident, $group:ident, $previous:ident { $($(#[$a:meta])* $field:ident : $ty:ty),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, ToSchema)]
        pub struct $metric {
            /// What the figures mean.
            #[schema(max_length = 2000)]
            pub definition: String,
            $($(#[$a])* pub $field: $ty,)+
            /// The same for the days compared with; null when nothing is compared.
            #[schema(required)]
            pub previous: Option<$previous>,
            /// The same for each group asked for, those with the most first; at most 200.
            #[schema(max_items = 200)]
            pub groups: Vec<$group>,
            /// All groups there are.
            #[schema(minimum = 0, maximum = 9007199254740991i64)]
            pub group_count: i64,
        }
        /// The figures of a metric.
        #[derive(Debug, Clone)]
        pub struct $figures {
            $(pub $field: $ty,)+
        }
        /// A metric of one group.
        #[derive(Debug, Clone, Serialize, ToSchema)]
        pub struct $group {
            /// What the group is about.
            pub group: $crate::insight::metrics::groups::MetricKey,
            /// What the figures mean.
            #[schema(max_length = 2000)]
            pub definition: String,
            $($(#[$a])* pub $field: $ty,)+
            /// The same for the days compared with; null when nothing is compared.
            #[schema(required)]
            pub previous: Option<$previous>,
        }
        /// What a metric is compared with.
        #[derive(Debug, Clone, Serialize, ToSchema)]
        pub struct $previous {
            /// The first day compared with.
            pub from_date: chrono::NaiveDate,
            /// The last day compared with.
            pub to_date: chrono::NaiveDate,
            $($(#[$a])* pub $field: $ty,)+
        }
        impl $figures {
            /// The answer that these figures make.
            pub fn answer(definition: &str, parts: $crate::insight::metrics::groups::Parts<Self>) -> $metric {
                let days = parts.previous.as_ref().map(|p| (p.0, p.1));
                let before = |f: Option<Self>| match (days, f) {
                    (Some((from_date, to_date)), Some(f)) => Some($previous { from_date, to_date, $($field: f.$field,)+ }),
                    _ => None,
                };
                let group = |(group, f, previous): ($crate::insight::metrics::groups::MetricKey, Self, Option<Self>)| $group {
                    group,
                    definition: definition.into(),
                    previous: before(previous),
                    $($field: f.$field,)+
                };
                let total = parts.total;
                $metric {
                    definition: definition.into(),
                    $($field: total.$field,)+
                    previous: before(parts.previous.map(|p| p.2)),
                    groups: parts.groups.into_iter().map(group).collect(),
                    group_count: parts.group_count,
                }
            }
        }
    };
}
pub(crate) use metric;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_go_by_days_months_and_years() {
        let day = |s: &str| s.parse::<NaiveDate>().expect("a day");
        for (from, to, with, before, until) in [
            ("2026-02-01", "2026-02-28", MetricComparison::PreviousPeriod, "2026-01-01", "2026-01-31"),
            ("2026-01-01", "2026-03-31", MetricComparison::PreviousPeriod, "2025-10-01", "2025-12-31"),
            ("2026-02-10", "2026-02-19", MetricComparison::PreviousPeriod, "2026-01-31", "2026-02-09"),
            ("2024-02-01", "2024-02-29", MetricComparison::PreviousYear, "2023-02-01", "2023-02-28"),
            ("2025-02-01", "2025-02-28", MetricComparison::PreviousYear, "2024-02-01", "2024-02-29"),
        ] {
            assert_eq!(compared(day(from), day(to), with), (day(before), day(until)), "{from} {to}");
        }
    }
}
