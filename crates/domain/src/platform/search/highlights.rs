//! Highlights: where in the texts of a record the words stand that it was found by.

use serde::Serialize;
use utoipa::ToSchema;

use super::words::{Asked, Entry, Term, digits, is_apostrophe, is_ideographic, is_of_word};
use crate::kernel::text::fold;

/// Characters of a text that are shown around what was found.
const SHOWN: usize = 160;
/// Of these, characters before the first match.
const BEFORE: usize = 40;
/// Texts of one record that are shown.
const MOST_TEXTS: usize = 5;
/// Matches in one text that are marked.
const MOST_MATCHES: usize = 20;
/// Characters of a text that are looked into.
const LOOKED_INTO: usize = 8_000;

/// A text of the record in which the search matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SearchHighlight {
    /// The field; a dot leads into an object or a list.
    #[schema(max_length = 100, example = "emails.email")]
    pub field: String,
    /// The text, or the part of it around the first match.
    #[schema(max_length = 200, example = "Meier Bau GmbH")]
    pub text: String,
    /// What matched, in order.
    #[schema(max_items = 20)]
    pub matches: Vec<SearchSpan>,
}

/// A part of a text, in Unicode characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct SearchSpan {
    /// Characters before it.
    #[schema(minimum = 0, maximum = 200)]
    pub start: i64,
    /// Its characters.
    #[schema(minimum = 1, maximum = 200)]
    pub length: i64,
}

/// The texts in which the terms stand, the most telling first.
pub fn highlights(asked: &Asked, entry: &Entry, like: bool) -> Vec<SearchHighlight> {
    let mut texts: Vec<_> = entry.texts.iter().collect();
    texts.sort_by_key(|t| std::cmp::Reverse(t.place));
    let shown = texts.into_iter().filter_map(|t| one(asked, t.field, &t.text, like));
    shown.take(MOST_TEXTS).collect()
}

fn one(asked: &Asked, field: &'static str, text: &str, like: bool) -> Option<SearchHighlight> {
    let chars: Vec<char> = text.chars().take(LOOKED_INTO).collect();
    let mut found = Vec::new();
    let is_found = |t: &Term| Entry::of_one(field, text).words().keys().any(|w| w.starts_with(&*t.word));
    if digits(text).is_some() && asked.number.as_ref().is_some_and(is_found) {
        // a long number is one, however its groups are written
        found.push((0, chars.len()));
    } else {
        for (start, end) in runs(&chars) {
            if found.len() < MOST_MATCHES {
                found.extend(in_run(asked, &chars[start..end], like).map(|(s, e)| (start + s, start + e)));
            }
        }
    }
    let first = found.first()?.0;
    let from = if chars.len() <= SHOWN { 0 } else { first.saturating_sub(BEFORE) };
    let until = chars.len().min(from + SHOWN);
    let matches = found
        .into_iter()
        .filter(|(_, end)| *end <= until)
        .map(|(start, end)| SearchSpan { start: (start - from) as i64, length: (end - start) as i64 });
    let matches: Vec<SearchSpan> = matches.collect();
    // a word longer than what is shown
    (!matches.is_empty()).then(|| SearchHighlight { field: field.into(), text: chars[from..until].iter().collect(), matches })
}

/// The runs of letters and digits, from and until which character.
fn runs(chars: &[char]) -> Vec<(usize, usize)> {
    let mut out: Vec<(usize, usize)> = Vec::new();
    let mut open = false;
    for (i, c) in chars.iter().enumerate() {
        // marks belong to the letter before them
        let is_mark = open && !c.is_whitespace() && fold(&format!("a{c}")) == "a";
        if is_of_word(*c) || (open && is_apostrophe(*c)) || is_mark {
            match out.last_mut().filter(|_| open) {
                Some(run) => run.1 = i + 1,
                None => out.push((i, i + 1)),
            }
            open = true;
        } else {
            open = false;
        }
    }
    out
}

/// What of one run was found: all of it, its beginning, or in scripts without spaces a part.
fn in_run(asked: &Asked, run: &[char], like: bool) -> Option<(usize, usize)> {
    let plain: String = run.iter().filter(|c| !is_apostrophe(**c)).collect();
    let folded = fold(&plain);
    let bare = folded.trim_start_matches('0');
    let begins = |t: &&Term| folded.starts_with(&*t.word) || (!bare.is_empty() && t.word == bare);
    if let Some(term) = asked.terms.iter().filter(begins).max_by_key(|t| t.word.len()) {
        return Some((0, beginning(run, &term.word)));
    }
    if run.iter().any(|c| is_ideographic(*c)) {
        return ideographs(asked, run);
    }
    let is_part = |t: &&Term| t.is_in(&folded);
    if let Some(term) = asked.terms.iter().find(is_part) {
        let ends = (1..=run.len()).find(|end| text_of(&run[..*end]).contains(&*term.word)).unwrap_or(run.len());
        let starts = (0..ends).rev().find(|start| text_of(&run[*start..ends]).starts_with(&*term.word)).unwrap_or(0);
        return Some((starts, ends));
    }
    (like && asked.terms.iter().any(|t| t.is_like(&folded))).then_some((0, run.len()))
}

fn text_of(run: &[char]) -> String {
    fold(&run.iter().filter(|c| !is_apostrophe(**c)).collect::<String>())
}

/// How many characters of the run the word takes.
fn beginning(run: &[char], word: &str) -> usize {
    (1..=run.len()).find(|end| text_of(&run[..*end]).starts_with(word)).unwrap_or(run.len())
}

/// The longest part of a run without spaces that the terms cover.
fn ideographs(asked: &Asked, run: &[char]) -> Option<(usize, usize)> {
    let is_in = |at: usize| {
        asked.terms.iter().any(|t| {
            let length = t.word.chars().count();
            at + length <= run.len() && text_of(&run[at..at + length]) == t.word
        })
    };
    let start = (0..run.len()).find(|at| is_in(*at))?;
    let mut end = start;
    while end < run.len() && is_in(end) {
        end += 1;
    }
    let last = asked.terms.iter().map(|t| t.word.chars().count()).max().unwrap_or(1);
    Some((start, (end - 1 + last).min(run.len())))
}

#[cfg(test)]
mod tests {
    use super::super::words::{Place, Text};
    use super::*;

    fn marked(asked: &str, text: &str, like: bool) -> Vec<String> {
        let entry = Entry { texts: vec![Text { field: "name", text: text.into(), place: Place::Title }] };
        let found = highlights(&Asked::of(asked), &entry, like);
        let part = |h: &SearchHighlight, s: &SearchSpan| h.text.chars().skip(s.start as usize).take(s.length as usize).collect();
        found.iter().flat_map(|h| h.matches.iter().map(|s| part(h, s)).collect::<Vec<String>>()).collect()
    }

    #[test]
    fn what_was_found_is_marked_as_it_is_written() {
        assert_eq!(marked("strass mull", "Die Straßenbau Müller GmbH", false), ["Straß", "Müll"]);
        assert_eq!(marked("haus", "Das Kaufhaus", false), ["haus"]);
        assert_eq!(marked("山田", "株式会社山田商店", false), ["山田"]);
        assert_eq!(marked("meyer", "Meier und Söhne", true), ["Meier"]);
        assert_eq!(marked("obrien", "O’Brien", false), ["O’Brien"]);
        assert_eq!(marked("030 1234567", "+49 30 1234567", false), ["+49 30 1234567"]);
        assert_eq!(marked("12", "SO-00012", false), ["00012"]);
        assert_eq!(marked("1234567", "Call 1234567 at noon", false), ["1234567"]);
        assert_eq!(marked("cafe", "Cafe\u{301} Nord", false), ["Cafe"]);
        assert!(marked("x", "Nothing here", true).is_empty());
    }

    #[test]
    fn of_a_long_text_the_part_around_the_first_match_is_shown() {
        let text = format!("{} needle {}", "a ".repeat(300), "b ".repeat(300));
        let entry = Entry { texts: vec![Text { field: "body", text, place: Place::Details }] };
        let found = highlights(&Asked::of("needle"), &entry, false);
        assert_eq!((found.len(), found[0].text.chars().count(), found[0].matches.len()), (1, SHOWN, 1));
        assert!(found[0].text.contains("needle"));
    }
}
