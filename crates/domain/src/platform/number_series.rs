//! Number series without gaps, and the proof that they have none.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{CompanyId, NumberSeriesId};

/// Numbers of one kind of document of a company in a year.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NumberSeries {
    /// The id.
    pub id: NumberSeriesId,
    /// The company whose documents are numbered.
    pub company_id: CompanyId,
    /// The kind of document, as it stands in the numbers.
    #[schema(max_length = 20, example = "INV")]
    pub code: String,
    /// The year in the numbers.
    #[schema(minimum = 1, maximum = 9999)]
    pub year: i64,
    /// The number that is given next, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub next: i64,
}

/// Which series to look at.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GapsQuery {
    /// Only series of this company.
    pub company_id: Option<CompanyId>,
    /// Only series of this kind of document.
    #[param(min_length = 1, max_length = 20)]
    pub code: Option<String>,
    /// Only series of this year.
    #[param(minimum = 1, maximum = 9999)]
    pub year: Option<i32>,
}

/// What is missing in the number series.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GapsReport {
    /// Whether no number is missing, doubled or beyond the series.
    pub complete: bool,
    /// Each series that was looked at; at most 500.
    #[schema(max_items = 500)]
    pub series: Vec<SeriesGaps>,
}

/// What is missing in one series.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SeriesGaps {
    /// The company whose documents are numbered.
    pub company_id: CompanyId,
    /// The kind of document.
    #[schema(max_length = 20)]
    pub code: String,
    /// The year in the numbers.
    #[schema(minimum = 1, maximum = 9999)]
    pub year: i64,
    /// How many numbers were given.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub issued: i64,
    /// How many documents have one of them.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub found: i64,
    /// Numbers without a document, at most 100.
    #[schema(max_items = 100)]
    pub missing: Vec<SeriesNumber>,
    /// Numbers with more than one document, at most 100.
    #[schema(max_items = 100)]
    pub doubled: Vec<SeriesNumber>,
    /// Documents with a number that the series has not given, at most 100.
    #[schema(max_items = 100)]
    pub beyond: Vec<SeriesNumber>,
}

/// A document number.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(max_length = 50, example = "INV-2026-00012")]
pub struct SeriesNumber(pub String);

impl NumberSeries {
    /// What stands before the counter: `INV-2026-`.
    pub fn prefix(&self) -> String {
        format!("{}-{:04}-", self.code, self.year)
    }
    /// Compares the numbers of the documents with what the series has given.
    pub fn gaps(&self, numbers: impl IntoIterator<Item = String>) -> SeriesGaps {
        let prefix = self.prefix();
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        let (mut found, mut beyond) = (0, Vec::new());
        for number in numbers {
            found += 1;
            match number.strip_prefix(&prefix).and_then(|n| n.parse::<i64>().ok()).filter(|n| (1..self.next).contains(n)) {
                Some(n) => *counts.entry(n).or_default() += 1,
                None => beyond.push(SeriesNumber(number)),
            }
        }
        let write = |n: i64| SeriesNumber(format!("{prefix}{n:05}"));
        let missing = (1..self.next).filter(|n| !counts.contains_key(n)).take(100).map(write).collect();
        let doubled = counts.iter().filter(|(_, c)| **c > 1).take(100).map(|(n, _)| write(*n)).collect();
        beyond.truncate(100);
        let (company_id, code, year) = (self.company_id, self.code.clone(), self.year);
        SeriesGaps { company_id, code, year, issued: self.next - 1, found, missing, doubled, beyond }
    }
}

impl SeriesGaps {
    /// Whether every number given is on exactly one document and no other is there.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.doubled.is_empty() && self.beyond.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    #[test]
    fn gaps_doubles_and_strangers_are_named() {
        let nil = uuid::Uuid::nil();
        let series = NumberSeries {
            id: NumberSeriesId::from_uuid(nil),
            company_id: CompanyId::from_uuid(nil),
            code: "INV".into(),
            year: 2026,
            next: 5,
        };
        let numbers = |n: &[&str]| n.iter().map(|s| s.to_string()).collect::<Vec<_>>();
        assert!(series.gaps(numbers(&["INV-2026-00001", "INV-2026-00002", "INV-2026-00003", "INV-2026-00004"])).is_complete());
        let gaps = series.gaps(numbers(&["INV-2026-00001", "INV-2026-00003", "INV-2026-00003", "INV-2026-00005"]));
        let names = |list: &[SeriesNumber]| list.iter().map(|n| n.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&gaps.missing), ["INV-2026-00002", "INV-2026-00004"]);
        assert_eq!(names(&gaps.doubled), ["INV-2026-00003"]);
        assert_eq!(names(&gaps.beyond), ["INV-2026-00005"]);
        assert_eq!((gaps.issued, gaps.found), (4, 4));
    }
}
