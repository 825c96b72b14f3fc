//! Words: how the texts of a record and the text that is searched for become words that compare. Made here and not by a
//! database, so that both engines find the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::kernel::text::fold;

/// Longer words are cut.
const LONGEST_WORD: usize = 40;
/// Words of one record that are found; further ones are not.
const MOST_WORDS: usize = 500;
/// Characters of one text that are looked into.
const LONGEST_TEXT: usize = 8_000;
/// Characters of a title that is compared as a whole.
const LONGEST_TITLE: usize = 200;
/// Words of a question that count.
pub const MOST_TERMS: usize = 10;
/// A word of so many letters is found by a part of it, too.
const SHORTEST_PART: usize = 3;
/// Words whose misspellings are found.
const SPELT: std::ops::RangeInclusive<usize> = 4..=20;
/// From so many letters on, two of them may be wrong.
const TWO_WRONG: usize = 8;
/// Digits that make a telephone number.
const SHORTEST_NUMBER: usize = 5;
/// Begins the word that holds digits from the last to the first.
const BACKWARDS: char = '~';
/// Begins a gram that is a word without one of its letters.
const WITHOUT_ONE: char = '~';

/// Where in a record a word stands, the best last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Details = 1,
    Title = 2,
    Code = 3,
}

/// One text of a record, by the name of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub field: &'static str,
    pub text: String,
    pub place: Place,
}

/// What a record is found by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    pub texts: Vec<Text>,
}

impl Entry {
    /// One text of a record alone.
    pub fn of_one(field: &'static str, text: &str) -> Self {
        Self { texts: vec![Text { field, text: text.into(), place: Place::Details }] }
    }
    /// All words, each with its best place.
    pub fn words(&self) -> BTreeMap<String, Place> {
        let mut out = BTreeMap::new();
        // what matters most is kept when there are too many
        for place in [Place::Code, Place::Title, Place::Details] {
            for text in self.texts.iter().filter(|t| t.place == place) {
                for word in found_by(&text.text, place) {
                    if out.len() < MOST_WORDS || out.contains_key(&word) {
                        out.entry(word).or_insert(place);
                    }
                }
            }
        }
        out
    }
    /// The title as it compares.
    pub fn title(&self) -> String {
        let title = self.texts.iter().find(|t| t.place == Place::Title);
        title.map(|t| fold(&t.text).chars().take(LONGEST_TITLE).collect()).unwrap_or_default()
    }
    /// Numbers and codes as they compare.
    pub fn codes(&self) -> BTreeSet<String> {
        self.texts.iter().filter(|t| t.place == Place::Code).map(|t| compact(&t.text)).filter(|c| !c.is_empty()).collect()
    }
}

fn found_by(text: &str, place: Place) -> Vec<String> {
    let short: String = text.chars().take(LONGEST_TEXT).collect();
    let mut out = Vec::new();
    for piece in pieces(&fold(&short)) {
        match piece.is_ideographic {
            true => out.extend(pairs(&piece.text, true)),
            false => {
                out.extend(without_zeros(&piece.text));
                out.push(piece.text);
            }
        }
    }
    if place == Place::Code {
        out.extend(Some(compact(text)).filter(|c| !c.is_empty()));
    }
    out.extend(digits(text).map(|d| backwards(&d)));
    out
}

/// Letters and digits of a number or code alone, folded: `so202600012` for `SO-2026-00012`.
pub fn compact(text: &str) -> String {
    fold(text).chars().filter(|c| is_of_word(*c)).take(LONGEST_WORD).collect()
}

/// `12` for `00012`.
fn without_zeros(word: &str) -> Option<String> {
    let left = word.trim_start_matches('0');
    (word.len() > left.len() && !left.is_empty() && word.bytes().all(|b| b.is_ascii_digit())).then(|| left.to_string())
}

/// The digits of a text that is a telephone number or another long number, however it is written.
pub(super) fn digits(text: &str) -> Option<String> {
    let folded = fold(text);
    let is_number = folded.chars().all(|c| c.is_ascii_digit() || " +-/().".contains(c));
    let digits: String = folded.chars().filter(char::is_ascii_digit).take(LONGEST_WORD).collect();
    (is_number && digits.len() >= SHORTEST_NUMBER).then_some(digits)
}

fn backwards(digits: &str) -> String {
    std::iter::once(BACKWARDS).chain(digits.chars().rev()).collect()
}

/// A run of letters and digits of a folded text.
struct Piece {
    text: String,
    is_ideographic: bool,
}

fn pieces(folded: &str) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    let mut open = false;
    for c in folded.chars() {
        if is_apostrophe(c) {
            continue;
        }
        if !is_of_word(c) {
            open = false;
            continue;
        }
        let is_ideographic = is_ideographic(c);
        match out.last_mut().filter(|p| open && p.is_ideographic == is_ideographic) {
            Some(piece) => {
                if is_ideographic || piece.text.chars().count() < LONGEST_WORD {
                    piece.text.push(c);
                }
            }
            None => out.push(Piece { text: c.to_string(), is_ideographic }),
        }
        open = true;
    }
    out
}

/// Every two neighbours, and with `last` the last one alone, so that each character begins one.
fn pairs(text: &str, last: bool) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<String> = chars.windows(2).map(|w| w.iter().collect()).collect();
    if last || out.is_empty() {
        out.extend(chars.last().map(char::to_string));
    }
    out
}

pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{2bc}' | '\u{60}' | '\u{b4}')
}

/// Letters, digits, and the signs of vowels of Indian scripts, which are part of a word.
pub(super) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || is_ideographic(c) || (('\u{900}'..='\u{dff}').contains(&c) && !matches!(c, '\u{964}' | '\u{965}'))
}

/// Scripts that put no spaces between words.
pub(super) fn is_ideographic(c: char) -> bool {
    matches!(c,
        '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3fffd}')
}

/// One word that is searched for: words that begin so are found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub word: String,
    /// Words with letters and no digits are found by a part of them and in another spelling.
    is_spelt: bool,
}

impl Term {
    /// Whether words are found that only contain it.
    pub fn has_parts(&self) -> bool {
        self.is_spelt && self.word.chars().count() >= SHORTEST_PART
    }
    /// How many letters may be wrong.
    pub fn wrong(&self) -> usize {
        match self.word.chars().count() {
            n if !self.is_spelt || !SPELT.contains(&n) => 0,
            n if n >= TWO_WRONG => 2,
            _ => 1,
        }
    }
    /// What words that contain it have among their grams.
    pub fn inner_grams(&self) -> BTreeSet<String> {
        trigrams(&self.word)
    }
    /// What words that are spelt like it may have among their grams.
    pub fn near_grams(&self) -> BTreeSet<String> {
        let mut near = grams(&self.word);
        if self.wrong() < 2 {
            near.retain(|gram| gram.starts_with(WITHOUT_ONE));
        }
        near
    }
    /// Whether a word contains it.
    pub fn is_in(&self, word: &str) -> bool {
        self.has_parts() && is_spelt(word) && word.contains(&*self.word)
    }
    /// Whether a word is spelt nearly like it.
    pub fn is_like(&self, word: &str) -> bool {
        let wrong = self.wrong();
        wrong > 0 && is_spelt(word) && distance(&self.word, word, wrong).is_some()
    }
}

/// Whether parts and misspellings of a word are found: it has letters of an alphabet alone.
pub fn is_spelt(word: &str) -> bool {
    word.chars().all(|c| !c.is_numeric() && c != BACKWARDS && !is_ideographic(c)) && word.chars().count() >= SHORTEST_PART
}

/// What a word is found by in parts and in another spelling: three neighbours each, and the word without each of its letters.
pub fn grams(word: &str) -> BTreeSet<String> {
    let mut out = trigrams(word);
    let chars: Vec<char> = word.chars().collect();
    if SPELT.contains(&chars.len()) || SPELT.contains(&(chars.len() + 1)) {
        out.insert(std::iter::once(WITHOUT_ONE).chain(chars.iter().copied()).collect());
        for left_out in 0..chars.len() {
            let others = chars.iter().enumerate().filter(|(i, _)| *i != left_out).map(|(_, c)| *c);
            out.insert(std::iter::once(WITHOUT_ONE).chain(others).collect());
        }
    }
    out
}

fn trigrams(word: &str) -> BTreeSet<String> {
    let chars: Vec<char> = word.chars().collect();
    chars.windows(3).map(|w| w.iter().collect()).collect()
}

/// The letters that differ between two words, if these are at most so many: one wrong, one missing, one too many, or two
/// neighbours exchanged.
pub fn distance(a: &str, b: &str, most: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=b.len()).collect());
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|d| *d <= most)
}

/// A text that is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// All of these are in what is found.
    pub terms: Vec<Term>,
    /// The whole as a number or code.
    pub compact: String,
    /// The whole as it compares with titles.
    pub folded: String,
    /// What a telephone number that ends like this begins with.
    pub number: Option<Term>,
}

impl Asked {
    pub fn of(text: &str) -> Self {
        let folded = fold(text);
        let mut terms: Vec<Term> = Vec::new();
        for piece in pieces(&folded) {
            let words = if piece.is_ideographic { pairs(&piece.text, false) } else { vec![piece.text] };
            for word in words {
                if terms.len() < MOST_TERMS && terms.iter().all(|t| t.word != word) {
                    terms.push(Term { is_spelt: !word.chars().any(|c| c.is_numeric() || is_ideographic(c)), word });
                }
            }
        }
        let number = digits(text).map(|d| d.trim_start_matches('0').to_string()).filter(|d| d.len() >= SHORTEST_NUMBER);
        let number = number.map(|d| Term { word: backwards(&d), is_spelt: false });
        Self { terms, compact: compact(text), folded, number }
    }
    /// Whether there is nothing that could be found: no letter and no digit.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }
    /// The ways to be found, in each of which all terms count.
    pub fn ways(&self) -> Vec<Vec<Term>> {
        let whole = self.number.iter().map(|t| vec![t.clone()]);
        std::iter::once(self.terms.clone()).chain(whole).collect()
    }
    /// Whether a record with these words is found: each term begins a word, is a part of one, or is nearly `like` one.
    pub fn finds(&self, words: &BTreeMap<String, Place>, like: bool) -> bool {
        let begins = |t: &Term| words.range(t.word.clone()..).next().is_some_and(|(w, _)| w.starts_with(&*t.word));
        let has = |t: &Term| begins(t) || words.keys().any(|w| t.is_in(w) || (like && t.is_like(w)));
        self.ways().iter().any(|terms| !terms.is_empty() && terms.iter().all(has))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(code: &str, title: &str, details: &[&str]) -> Entry {
        let text = |place, text: &str| Text { field: "x", text: text.into(), place };
        let more = details.iter().map(|d| text(Place::Details, d));
        Entry { texts: [text(Place::Code, code), text(Place::Title, title)].into_iter().chain(more).collect() }
    }
    fn finds(asked: &str, entry: &Entry, like: bool) -> bool {
        Asked::of(asked).finds(&entry.words(), like)
    }

    #[test]
    fn every_script_is_found_however_it_is_written() {
        let cases = [
            ("Straßenbau Müller", "STRASSENBAU muller"),
            ("Москва Йод", "йод москва"),
            ("Αθήνα ΟΔΟΣ", "οδος αθηνα"),
            ("株式会社山田商店", "山田"),
            ("株式会社山田商店", "店"),
            ("ヤマダ電機", "ﾔﾏﾀﾞ"),
            ("Ｆｕｌｌ Ｗｉｄｔｈ", "full width"),
            ("한국전자", "한국"),
            ("O’Brien & Sons", "obrien"),
            ("O'Brien", "o`brien"),
            ("हिन्दी कंपनी", "हिन्दी"),
            ("ร้านอาหารไทย", "อาหาร"),
            ("Kaufhaus Nord", "haus"),
        ];
        for (title, asked) in cases {
            assert!(finds(asked, &entry("", title, &[]), false), "{asked} in {title}: {:?}", entry("", title, &[]).words());
        }
        assert!(!finds("田山", &entry("", "株式会社山田商店", &[]), true));
    }

    #[test]
    fn numbers_and_telephones_are_found_however_they_are_written() {
        let e = entry("SO-2026-00012", "Beans", &["+493012345678", "hans.meier@example.org"]);
        for asked in [
            "SO-2026-00012",
            "so 2026 12",
            "so202600012",
            "SO2026",
            "12",
            "00012",
            "030 12345678",
            "(0049) 30/1234-5678",
            "345678",
            "hans.meier@example.org",
            "example.org",
            "meier",
        ] {
            assert!(finds(asked, &e, false), "{asked}: {:?}", e.words());
        }
        for asked in ["SO-2025", "1234567", "0013", "030 12345679"] {
            assert!(!finds(asked, &e, true), "{asked}");
        }
        assert_eq!(e.codes().into_iter().collect::<Vec<_>>(), ["so202600012"]);
    }

    #[test]
    fn a_wrong_letter_is_found_and_a_wrong_word_is_not() {
        let e = entry("", "Meier Bauunternehmung", &[]);
        for asked in ["Meyer", "Meer", "Meirer", "Mieer", "Bauunternemung", "Bauunternhemumg"] {
            assert!(finds(asked, &e, true), "{asked}");
            assert!(!finds(asked, &e, false), "{asked}");
        }
        for asked in ["Maler", "Mai", "Xeyer", "Bauer"] {
            assert!(!finds(asked, &e, true), "{asked}");
        }
        assert_eq!((distance("abcd", "abdc", 2), distance("abc", "xyz", 2), distance("", "ab", 2)), (Some(1), None, Some(2)));
    }

    #[test]
    fn what_has_no_word_asks_for_nothing() {
        for asked in ["%", "\" * ( )", "🙂", "'", " "] {
            assert!(Asked::of(asked).is_empty(), "{asked}");
        }
        let many: Vec<String> = (0..100).map(|n| format!("w{n}")).collect();
        assert_eq!(Asked::of(&many.join(" ")).terms.len(), MOST_TERMS);
    }

    proptest! {
        #[test]
        fn one_wrong_letter_shares_a_gram(word in "[a-z]{4,12}", at in 0usize..12, letter in "[a-z]") {
            let mut chars: Vec<char> = word.chars().collect();
            let at = at % chars.len();
            chars[at] = letter.chars().next().unwrap();
            let other: String = chars.into_iter().collect();
            prop_assert!(!grams(&word).is_disjoint(&grams(&other)));
            prop_assert!(distance(&word, &other, 1).is_some());
        }
        #[test]
        fn a_record_is_found_by_its_own_text(text in "\\PC{1,40}") {
            let e = entry("", &text, &[]);
            prop_assert!(Asked::of(&text).is_empty() || Asked::of(&text).finds(&e.words(), false), "{:?}", e.words());
        }
    }
}
