//! Search over all nouns: how what is found is ranked and shown. What a record is found by is declared beside its noun.

pub mod highlights;
pub mod words;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use self::highlights::{SearchHighlight, highlights};
use self::words::{Asked, Entry, Term};
use crate::ids::CompanyId;
use crate::kernel::text::is_plain;
use crate::kernel::{FieldError, Result, problems};
use crate::platform::trace::AnyId;

/// Results of one question at most, over all pages.
pub const MOST_RESULTS: usize = 1000;
/// Fewer results than this, and misspelt words are looked for, too.
pub const FEW: usize = 25;

crate::string_enum! {
    /// By what a record was found, the best first.
    pub enum SearchMatch {
        /// A number or code of it, or its whole title, is what was asked for.
        Exact = "exact",
        /// A number or code of it, or its title, begins with what was asked for.
        Prefix = "prefix",
        /// It has all words that were asked for.
        Words = "words",
        /// It has words that are spelt nearly like those that were asked for.
        Similar = "similar",
    }
}

/// What is searched for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchFilter {
    /// Words, a number, a code, an e-mail address or a telephone number. All words must be found; the first 10 count. Case, accents and the
    /// width of characters do not matter.
    #[param(min_length = 1, max_length = 200, example = "meier bau")]
    pub q: String,
    /// Only records of these kinds, separated by commas.
    #[param(min_length = 1, max_length = 500, pattern = "^[a-z_]+(,[a-z_]+)*$", example = "party,contact")]
    pub kinds: Option<String>,
    /// Only records of this company. Records that all companies share are left out.
    pub company_id: Option<CompanyId>,
    /// Whether archived records are found as well.
    #[serde(default)]
    #[param(default = false)]
    pub archived: bool,
    /// Whether records that were merged into others are found as well.
    #[serde(default)]
    #[param(default = false)]
    pub merged: bool,
    /// The largest number of results.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
    /// `next_cursor` of the previous page, with the same parameters.
    #[param(min_length = 40, max_length = 400, pattern = "^[A-Za-z0-9_-]{40,400}$")]
    pub cursor: Option<String>,
}

impl SearchFilter {
    /// How many results are wanted.
    ///
    /// # Errors
    /// `invalid_parameter` for a text or a number out of bounds.
    pub fn checked(&self) -> Result<usize> {
        let invalid = |name: &str, text: &str| problems::invalid_parameter.at(vec![FieldError::parameter(name, "invalid", text)]);
        if !(1..=200).contains(&self.q.chars().count()) {
            return Err(invalid("q", "1 to 200 characters."));
        }
        if !is_plain(&self.q) {
            return Err(invalid("q", "It has a control character."));
        }
        let limit = self.limit.unwrap_or(20);
        if !(1..=100).contains(&limit) {
            return Err(invalid("limit", "A whole number from 1 to 100."));
        }
        Ok(limit as usize)
    }
}

/// One record that was found, with what names it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchResult {
    /// What it is: the noun, as in the kinds of events.
    #[schema(max_length = 50, example = "party")]
    pub kind: String,
    /// Its id.
    pub id: AnyId,
    /// Name, title or subject; of records without one the number.
    #[schema(max_length = 300, example = "Meier Bau GmbH")]
    pub title: String,
    /// Number or code.
    #[schema(required, max_length = 300, example = "C-1001")]
    pub number: Option<String>,
    /// Its status.
    #[schema(required, max_length = 50, example = "confirmed")]
    pub status: Option<String>,
    /// The company whose record it is; null when all companies share it.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// Whether it is archived.
    pub is_archived: bool,
    /// Whether it was merged into another.
    pub is_merged: bool,
    /// By what it was found.
    pub matched_by: SearchMatch,
    /// The texts in which the search matched, the most telling first.
    #[schema(max_items = 5)]
    pub highlights: Vec<SearchHighlight>,
}

/// One page of what was found, the best first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchResults {
    /// What was found, the best first.
    #[schema(max_items = 100)]
    pub data: Vec<SearchResult>,
    /// Whether more was found. At most 1000 results are given for one question.
    pub has_more: bool,
    /// Pass it as `cursor` to get the next page. Null on the last page.
    #[schema(required, max_length = 400)]
    pub next_cursor: Option<String>,
    /// As of which event this is: the number of the last one that was taken into account. `wait_for` waits for a later one.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub as_of_seq: i64,
}

/// The place of a record among what was found: by what, and how well. Lower comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    pub by: SearchMatch,
    pub misses: i64,
}

/// A record as it stands in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The title, as it compares.
    pub title: &'a str,
    /// Numbers and codes, as they compare.
    pub codes: &'a BTreeSet<String>,
    /// Found by a word that is spelt otherwise.
    pub similar: bool,
}

impl Candidate<'_> {
    /// Where it comes among what was found.
    pub fn rank(&self, asked: &Asked) -> Rank {
        let is_code = !asked.compact.is_empty() && self.codes.contains(&asked.compact);
        let begins = |text: &str, with: &str| !with.is_empty() && text.starts_with(with);
        let by = if is_code || self.title == asked.folded {
            SearchMatch::Exact
        } else if begins(self.title, &asked.folded) || self.codes.iter().any(|c| begins(c, &asked.compact)) {
            SearchMatch::Prefix
        } else if self.similar {
            SearchMatch::Similar
        } else {
            SearchMatch::Words
        };
        let words: Vec<&str> = self.title.split(|c: char| !words::is_of_word(c)).collect();
        let missed = |t: &Term| match () {
            () if words.contains(&&*t.word) => 0,
            () if words.iter().any(|w| w.starts_with(&*t.word)) => 20,
            () if self.codes.iter().any(|c| c.contains(&*t.word)) => 30,
            () if words.iter().any(|w| t.is_in(w) || t.is_like(w)) => 50,
            () => 80,
        };
        let missed: i64 = asked.terms.iter().map(missed).sum();
        let longer = self.title.chars().count().min(99) as i64 / 10;
        Rank { by, misses: i64::from(!is_code) * 1000 + missed + longer }
    }
}

/// A record as it stands, with its label and the texts it is found by.
#[derive(Debug, Clone)]
pub struct Live {
    pub kind: &'static str,
    pub id: AnyId,
    pub number: Option<String>,
    pub status: Option<String>,
    pub company_id: Option<CompanyId>,
    pub is_archived: bool,
    pub is_merged: bool,
    pub entry: Entry,
}

impl Live {
    /// What is answered of it; nothing when it is found no longer as it stands now.
    pub fn result(self, asked: &Asked, similar: bool) -> Option<SearchResult> {
        let (words, title, codes) = (self.entry.words(), self.entry.title(), self.entry.codes());
        let is_code = codes.contains(&asked.compact);
        let plainly = is_code || asked.finds(&words, false);
        let is_found = plainly || (similar && asked.finds(&words, true));
        if !is_found {
            return None;
        }
        let rank = Candidate { title: &title, codes: &codes, similar: !plainly }.rank(asked);
        let shown = self.entry.texts.iter().find(|t| t.place == words::Place::Title).map(|t| t.text.clone());
        let title = shown.or_else(|| self.number.clone()).unwrap_or_default();
        Some(SearchResult {
            kind: self.kind.into(),
            id: self.id,
            title: title.chars().take(300).collect(),
            number: self.number,
            status: self.status,
            company_id: self.company_id,
            is_archived: self.is_archived,
            is_merged: self.is_merged,
            matched_by: rank.by,
            highlights: highlights(asked, &self.entry, !plainly),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(asked: &str, code: &str, title: &str, similar: bool) -> Rank {
        let codes: BTreeSet<String> = Some(code.to_string()).filter(|c| !c.is_empty()).into_iter().collect();
        Candidate { title, codes: &codes, similar }.rank(&Asked::of(asked))
    }

    #[test]
    fn exact_numbers_come_first_then_beginnings_then_words_then_misspellings() {
        let order = [
            rank("C-100", "c100", "zeta", false),
            rank("C-100", "", "c-100", false),
            rank("C-100", "c1001", "zeta", false),
            rank("C-100", "", "zeta works c 100", false),
            rank("C-100", "", "zeta", true),
        ];
        assert!(order.is_sorted() && order.windows(2).all(|w| w[0] != w[1]), "{order:?}");
        assert!(rank("bau", "", "hoch bau", false) < rank("bau", "", "hoch bauer", false));
        assert!(rank("bau", "", "hoch bauer", false) < rank("bau", "", "hoch", false));
    }
}
