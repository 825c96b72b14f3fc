//! How long leads wait for an answer, in working time. The rows come from elsewhere; the hours, the percentiles and the
//! definitions are here.

use std::collections::BTreeMap;

use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{CalendarId, CompanyId, UserId};
use crate::kernel::{Decimals, Rate, Result, round_to};
use crate::platform::business_time::{Hours, business_between};

/// What the report on responses is about.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LeadResponseFilter {
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// The first day on which leads came in, in the company's time zone; 30 days before the last when left out.
    #[param(required = false)]
    pub from_date: Option<NaiveDate>,
    /// The last day; today when left out.
    #[param(required = false)]
    pub to_date: Option<NaiveDate>,
    /// The business calendar whose working time counts; every hour counts when left out.
    #[param(required = false)]
    pub calendar_id: Option<CalendarId>,
    /// The working minutes within which a lead should be answered.
    #[param(required = false, minimum = 1, maximum = 1000000)]
    pub target_minutes: Option<i64>,
}

/// How long leads waited for their first response.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LeadResponseReport {
    /// What the figures mean.
    #[schema(max_length = 1000)]
    pub definition: String,
    /// What is counted as answered in time.
    #[schema(max_length = 1000)]
    pub numerator: String,
    /// Of which leads.
    #[schema(max_length = 1000)]
    pub denominator: String,
    /// Company that the data belongs to.
    pub company_id: CompanyId,
    /// First day, inclusive.
    pub from_date: NaiveDate,
    /// The last day.
    pub to_date: NaiveDate,
    /// The calendar; null when every hour counts.
    #[schema(required)]
    pub calendar_id: Option<CalendarId>,
    /// The target in working minutes; null when none was asked for.
    #[schema(required, minimum = 1, maximum = 1000000)]
    pub target_minutes: Option<i64>,
    /// All leads of the days.
    pub total: ResponseFigures,
    /// The same for each owner; the leads without one come last.
    #[schema(max_items = 10000)]
    pub owners: Vec<OwnerResponse>,
    /// The list of these leads.
    #[schema(max_length = 500)]
    pub drill_down: String,
}

/// The figures of an owner.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OwnerResponse {
    /// The owner; null for leads without one.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// The figures.
    pub figures: ResponseFigures,
}

/// How long some leads waited.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ResponseFigures {
    /// How many came in.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub leads: i64,
    /// How many were answered.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub answered: i64,
    /// How many still wait.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub waiting: i64,
    /// How many were answered within the target; null without a target.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub within_target: Option<i64>,
    /// How many are late: answered beyond the target, or waiting longer than it; null without a target.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub beyond_target: Option<i64>,
    /// The mean of those answered, in working minutes, two places; null when none was.
    #[schema(required)]
    pub mean_minutes: Option<Rate>,
    /// Half of those answered waited no longer, in whole working minutes; null when none was answered.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub median_minutes: Option<i64>,
    /// Nine of ten of those answered waited no longer.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub p90_minutes: Option<i64>,
}

/// A lead as far as its answer is concerned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wait {
    pub owner: Option<UserId>,
    pub created_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
}

/// The smallest value that so many percent of them do not exceed (nearest rank); `sorted` is in order.
fn percentile(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

impl ResponseFigures {
    /// The figures of some leads at a moment. Working time is counted in whole minutes, cut and not rounded; the mean is
    /// rounded to two places, half away from zero.
    pub fn of<'w>(waits: impl Iterator<Item = &'w Wait>, hours: &Hours, target: Option<i64>, now: DateTime<Utc>) -> Result<Self> {
        let minutes = |from, to| business_between(from, to, hours).num_minutes();
        let (mut answered, mut open) = (Vec::new(), Vec::new());
        for w in waits {
            match w.answered_at {
                Some(at) => answered.push(minutes(w.created_at, at)),
                None => open.push(minutes(w.created_at, now)),
            }
        }
        answered.sort_unstable();
        let over = |list: &[i64], target: i64| list.iter().filter(|m| **m > target).count() as i64;
        let mean = match answered.len() {
            0 => None,
            n => Some(Rate::exact(round_to(Decimal::from(answered.iter().sum::<i64>()) / Decimal::from(n), 2))?),
        };
        Ok(Self {
            leads: (answered.len() + open.len()) as i64,
            answered: answered.len() as i64,
            waiting: open.len() as i64,
            within_target: target.map(|t| answered.len() as i64 - over(&answered, t)),
            beyond_target: target.map(|t| over(&answered, t) + over(&open, t)),
            mean_minutes: mean,
            median_minutes: percentile(&answered, 50),
            p90_minutes: percentile(&answered, 90),
        })
    }
}

/// The figures of each owner, those with an owner first.
pub fn by_owner(waits: &[Wait], hours: &Hours, target: Option<i64>, now: DateTime<Utc>) -> Result<Vec<OwnerResponse>> {
    let mut groups: BTreeMap<(bool, Option<UserId>), Vec<Wait>> = BTreeMap::new();
    for w in waits {
        groups.entry((w.owner.is_none(), w.owner)).or_default().push(*w);
    }
    let one = |((_, owner_id), waits): ((bool, Option<UserId>), Vec<Wait>)| {
        Ok(OwnerResponse { owner_id, figures: ResponseFigures::of(waits.iter(), hours, target, now)? })
    };
    groups.into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn utc(text: &str) -> DateTime<Utc> {
        format!("{text}:00Z").parse().expect("a time")
    }

    fn office() -> Hours {
        let week = std::array::from_fn(|d| if d < 5 { vec![(9 * 60, 17 * 60)] } else { vec![] });
        Hours::new("UTC".parse().expect("a zone"), week, BTreeSet::new())
    }

    fn wait(created: &str, answered: Option<&str>) -> Wait {
        Wait { owner: None, created_at: utc(created), answered_at: answered.map(utc) }
    }

    #[test]
    fn nights_and_weekends_do_not_count() {
        let waits = [
            wait("2026-05-22T16:30", Some("2026-05-25T09:30")), // over a weekend: 60 minutes
            wait("2026-05-21T10:00", Some("2026-05-21T10:05")), // 5
            wait("2026-05-21T20:00", Some("2026-05-22T08:00")), // answered before work began: 0
            wait("2026-05-22T16:00", None),                     // 60 + 60 until ten on Monday
        ];
        let f = ResponseFigures::of(waits.iter(), &office(), Some(30), utc("2026-05-25T10:00")).expect("figures");
        assert_eq!((f.leads, f.answered, f.waiting), (4, 3, 1));
        assert_eq!((f.within_target, f.beyond_target), (Some(2), Some(2)));
        assert_eq!((f.median_minutes, f.p90_minutes, f.mean_minutes.map(|m| m.to_string())), (Some(5), Some(60), Some("21.67".into())));
    }

    #[test]
    fn nobody_answered_means_no_figure_and_not_zero() {
        let f = ResponseFigures::of([wait("2026-05-22T16:30", None)].iter(), &office(), None, utc("2026-05-22T16:40")).expect("figures");
        assert_eq!((f.mean_minutes, f.median_minutes, f.within_target), (None, None, None));
    }

    #[test]
    fn percentiles_are_values_that_happened() {
        let values: Vec<i64> = (1..=10).collect();
        for (percent, wanted) in [(50, 5), (90, 9), (91, 10), (1, 1), (100, 10)] {
            assert_eq!(percentile(&values, percent), Some(wanted), "{percent}");
        }
        assert_eq!(percentile(&[], 50), None);
    }
}
