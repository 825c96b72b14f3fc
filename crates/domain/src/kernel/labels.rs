//! What people call fields, words, nouns and actions: one catalogue for forms and figures. English labels follow from the names;
//! those of other languages are written down, and a test demands that none is missing.

use std::collections::HashMap;
use std::sync::LazyLock;

crate::string_enum! {
    /// A language in which labels are given.
    pub enum LabelLanguage {
        /// English.
        English = "en",
        /// German.
        German = "de",
    }
}

/// What a label is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Labelled {
    Field,
    /// A word of a closed set.
    Word,
    /// The name of a schema: `SalesOrder`.
    Noun,
    /// The last segment of the path of an action: `write-off`.
    Action,
}

type Catalogue = HashMap<&'static str, &'static str>;

fn read(text: &'static str) -> Catalogue {
    text.lines().filter_map(|line| line.split_once('=')).collect()
}

static FIELDS: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("labels/fields_de.txt")));
static WORDS: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("labels/words_de.txt")));
static NOUNS: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("labels/nouns_de.txt")));
static ACTIONS: LazyLock<Catalogue> = LazyLock::new(|| read(include_str!("labels/actions_de.txt")));

/// Words that are written in capitals, and other spellings that do not follow from the name.
const SPELLINGS: [(&str, &str); 16] = [
    ("api", "API"),
    ("ces", "CES"),
    ("clv", "CLV"),
    ("csat", "CSAT"),
    ("gl", "GL"),
    ("html", "HTML"),
    ("ip", "IP"),
    ("kb", "Knowledge base"),
    ("kg", "kg"),
    ("nps", "NPS"),
    ("sha256", "SHA-256"),
    ("sku", "SKU"),
    ("sla", "SLA"),
    ("sms", "SMS"),
    ("url", "URL"),
    ("utm", "UTM"),
];

impl LabelLanguage {
    /// The first language of an `Accept-Language` that there is; English when there is none.
    pub fn accepted(header: &str) -> Self {
        let mut wanted: Vec<(f32, Self)> = Vec::new();
        for part in header.split(',') {
            let mut pieces = part.split(';').map(str::trim);
            let name = pieces.next().unwrap_or_default().to_ascii_lowercase();
            let quality = pieces.find_map(|p| p.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok()).unwrap_or(0.0);
            let language = match name.split('-').next() {
                Some("de") => Some(Self::German),
                Some("en" | "*") => Some(Self::English),
                _ => None,
            };
            wanted.extend(language.filter(|_| quality > 0.0).map(|l| (quality, l)));
        }
        // of equals the first
        let best = wanted.iter().map(|w| w.0).fold(0.0, f32::max);
        wanted.into_iter().find(|(q, _)| *q >= best).map_or(Self::English, |w| w.1)
    }
    /// The label, when the catalogue has it.
    pub fn find(self, what: Labelled, name: &str) -> Option<String> {
        if self == Self::English {
            return Some(english(what, name));
        }
        let found = match what {
            Labelled::Field => FIELDS.get(name),
            Labelled::Word => WORDS.get(name).or_else(|| FIELDS.get(name)),
            Labelled::Noun => NOUNS.get(name),
            Labelled::Action => ACTIONS.get(name),
        };
        found.map(|label| (*label).to_string())
    }
    /// The label; in English where the catalogue has none.
    pub fn label(self, what: Labelled, name: &str) -> String {
        self.find(what, name).unwrap_or_else(|| english(what, name))
    }
}

/// `sales_order_id` to `Sales order`, `SalesOrder` likewise.
fn english(what: Labelled, name: &str) -> String {
    let snake: String = match what {
        Labelled::Noun => {
            name.chars().flat_map(|c| c.is_ascii_uppercase().then_some('_').into_iter().chain([c.to_ascii_lowercase()])).collect()
        }
        _ => name.replace('-', "_"),
    };
    let stem = match what {
        Labelled::Field if snake.ends_with("_ids") => format!("{}s", snake.trim_end_matches("_ids")),
        Labelled::Field => snake.strip_suffix("_id").unwrap_or(&snake).to_string(),
        _ => snake,
    };
    let spelt = |w: &str| SPELLINGS.iter().find(|(plain, _)| *plain == w).map_or_else(|| w.to_string(), |(_, s)| (*s).to_string());
    let text = stem.split('_').filter(|w| !w.is_empty()).map(spelt).collect::<Vec<_>>().join(" ");
    let mut letters = text.chars();
    letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels() {
        let (en, de) = (LabelLanguage::English, LabelLanguage::German);
        for (what, name, english, german) in [
            (Labelled::Field, "stage_id", "Stage", "Phase"),
            (Labelled::Field, "tax_code_ids", "Tax codes", "Steuerschlüssel"),
            (Labelled::Field, "sku", "SKU", "Artikelnummer"),
            (Labelled::Field, "created_at", "Created at", "Angelegt am"),
            (Labelled::Word, "in_progress", "In progress", "In Arbeit"),
            (Labelled::Word, "order", "Order", "Auftrag"),
            (Labelled::Noun, "SalesOrder", "Sales order", "Auftrag"),
            (Labelled::Action, "write-off", "Write off", "Ausbuchen"),
        ] {
            assert_eq!((en.label(what, name), de.label(what, name)), (english.to_string(), german.to_string()));
        }
        assert_eq!(de.find(Labelled::Field, "nonsense"), None);
        assert_eq!(de.label(Labelled::Field, "nonsense"), "Nonsense");
    }

    #[test]
    fn the_best_language_that_there_is_is_taken() {
        for (header, language) in [
            ("", LabelLanguage::English),
            ("de", LabelLanguage::German),
            ("de-AT,de;q=0.9,en;q=0.8", LabelLanguage::German),
            ("fr,en;q=0.5,de;q=0.7", LabelLanguage::German),
            ("en,de", LabelLanguage::English),
            ("de;q=0", LabelLanguage::English),
            ("xx;q=banana,*", LabelLanguage::English),
        ] {
            assert_eq!(LabelLanguage::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn no_label_is_given_twice() {
        for text in [
            include_str!("labels/fields_de.txt"),
            include_str!("labels/words_de.txt"),
            include_str!("labels/nouns_de.txt"),
            include_str!("labels/actions_de.txt"),
        ] {
            assert_eq!(text.lines().count(), read(text).len());
        }
    }
}
