//! What makes two parties or two people alike: the same mailbox, tax number or phone, or names that differ in spelling
//! only. Candidates are found by keys that are kept and indexed; how alike they are is judged here.

use icu_normalizer::DecomposingNormalizerBorrowed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contacts::Contact;
use super::parties::Party;
use super::{emails, phones};
use crate::ids::{ContactId, PartyId};
use crate::kernel::{Findings, Result};

crate::string_enum! {
    /// Why something is a candidate.
    pub enum MatchKind {
        /// The same mailbox.
        Email = "email",
        /// The same tax number.
        TaxId = "tax_id",
        /// The same phone number.
        Phone = "phone",
        /// Names that are equal or differ in spelling only.
        Name = "name",
    }
}

/// Candidates with fewer points are not told.
pub const LEAST_SCORE: i32 = 50;
/// Names less alike than this say nothing, in hundredths.
const LEAST_SIMILARITY: i32 = 88;
/// Candidates told at most.
pub const MOST_MATCHES: usize = 20;
/// The tail of a phone number that is the same with and without country and area code.
const PHONE_TAIL: usize = 7;

/// One reason why something is a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MatchReason {
    /// What is alike.
    pub kind: MatchKind,
    /// What the candidate has there.
    #[schema(max_length = 300)]
    pub value: String,
    /// How alike it is in hundredths: 100 is equal. Names are compared by Jaro-Winkler, rounded down.
    #[schema(minimum = 0, maximum = 100)]
    pub similarity: i32,
    /// How much it says, from 0 to 100.
    #[schema(minimum = 0, maximum = 100)]
    pub points: i32,
}

/// A party that may be the same.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyMatch {
    /// From 0 to 100: 100 less what the reasons leave open, one after the other.
    #[schema(minimum = 0, maximum = 100)]
    pub score: i32,
    /// Why it is a candidate, the strongest reason first.
    #[schema(max_items = 100)]
    pub reasons: Vec<MatchReason>,
    /// The candidate.
    pub party: Party,
}

/// Parties that may be the same, the likeliest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyMatches {
    /// The candidates.
    #[schema(max_items = 20)]
    pub matches: Vec<PartyMatch>,
}

/// A person who may be the same.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactMatch {
    /// From 0 to 100: 100 less what the reasons leave open, one after the other.
    #[schema(minimum = 0, maximum = 100)]
    pub score: i32,
    /// Why it is a candidate, the strongest reason first.
    #[schema(max_items = 100)]
    pub reasons: Vec<MatchReason>,
    /// The candidate.
    pub contact: Contact,
}

/// People who may be the same, the likeliest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactMatches {
    /// The candidates.
    #[schema(max_items = 20)]
    pub matches: Vec<ContactMatch>,
}

/// What is known of a party that is perhaps there already.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchParty {
    /// Trading name.
    #[serde(default)]
    #[schema(max_length = 200, example = "Alfreds Futterkiste")]
    pub name: Option<String>,
    /// Registered legal name.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub legal_name: Option<String>,
    /// Tax registration number.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub tax_id: Option<String>,
    /// E-mail addresses.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub emails: Vec<MatchText>,
    /// Phone numbers.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub phones: Vec<MatchText>,
    /// A party that is no candidate: the one that is edited.
    #[serde(default)]
    pub except_id: Option<PartyId>,
}

/// What is known of a person who is perhaps there already.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchContact {
    /// Given and family name.
    #[serde(default)]
    #[schema(max_length = 201, example = "Maria Anders")]
    pub name: Option<String>,
    /// E-mail addresses.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub emails: Vec<MatchText>,
    /// Phone numbers.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub phones: Vec<MatchText>,
    /// A contact that is no candidate: the one that is edited.
    #[serde(default)]
    pub except_id: Option<ContactId>,
}

/// An e-mail address or phone number as it is written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 3, max_length = 254, example = "ana@example.com")]
pub struct MatchText(pub String);

/// What somebody is compared by, in the forms that compare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits {
    /// As they are shown.
    names: Vec<String>,
    pub emails: Vec<String>,
    phones: Vec<String>,
    tax_id: Option<String>,
}

impl Traits {
    pub fn of_party(party: &Party) -> Self {
        Self {
            names: [Some(&party.name), party.legal_name.as_ref()].into_iter().flatten().cloned().collect(),
            emails: party.emails.iter().map(|e| emails::key(&e.address)).collect(),
            phones: party.phones.iter().map(|p| p.normalised.clone()).collect(),
            tax_id: party.tax_id.as_deref().and_then(tax_key),
        }
    }
    pub fn of_contact(contact: &Contact) -> Self {
        Self {
            names: vec![contact.name.clone()],
            emails: contact.emails.iter().map(|e| emails::key(&e.address)).collect(),
            phones: contact.phones.iter().map(|p| p.normalised.clone()).collect(),
            tax_id: None,
        }
    }
    /// # Errors
    /// `email.invalid` and `phone.invalid`, all at once.
    pub fn of_party_draft(draft: &MatchParty) -> Result<Self> {
        let names = [&draft.name, &draft.legal_name].into_iter().flatten().cloned().collect();
        let tax_id = draft.tax_id.as_deref().and_then(tax_key);
        Self::of_texts(names, tax_id, &draft.emails, &draft.phones)
    }
    /// # Errors
    /// `email.invalid` and `phone.invalid`, all at once.
    pub fn of_contact_draft(draft: &MatchContact) -> Result<Self> {
        Self::of_texts(draft.name.iter().cloned().collect(), None, &draft.emails, &draft.phones)
    }
    fn of_texts(names: Vec<String>, tax_id: Option<String>, mails: &[MatchText], numbers: &[MatchText]) -> Result<Self> {
        let mut found = Findings::default();
        let mut out = Self { names, tax_id, ..Self::default() };
        for (i, mail) in mails.iter().enumerate() {
            out.emails.extend(found.take(&format!("/emails/{i}"), emails::normalise(&mail.0)).map(|m| emails::key(&m)));
        }
        for (i, number) in numbers.iter().enumerate() {
            out.phones.extend(found.take(&format!("/phones/{i}"), phones::normalise(&number.0)));
        }
        found.done().map(|()| out)
    }
    /// The keys by which candidates are found, beside the e-mail addresses: whoever is alike shares one of them.
    /// A name gives itself, and the beginning and end of each of its words.
    pub fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.phones.iter().map(|p| format!("p:{}", tail(p))).collect();
        keys.extend(self.tax_id.iter().map(|t| format!("t:{t}")));
        for name in &self.names {
            let words = words_of(name);
            if words.is_empty() {
                continue;
            }
            keys.push(format!("n:{}", words.concat()));
            for word in words.iter().take(MOST_WORDS) {
                let letters: Vec<char> = word.chars().collect();
                let start: String = letters.iter().take(4).collect();
                keys.push(format!("a:{start}"));
                if letters.len() > 4 {
                    keys.push(format!("z:{}", letters[letters.len() - 4..].iter().collect::<String>()));
                }
            }
        }
        keys.sort();
        keys.dedup();
        keys
    }
    /// Why `other` may be the same, the strongest reason first, and the score of all reasons together.
    pub fn compare(&self, other: &Self) -> (i32, Vec<MatchReason>) {
        let mut reasons = Vec::new();
        let mut because = |kind, value: &str, similarity, points| {
            reasons.push(MatchReason { kind, value: value.to_string(), similarity, points });
        };
        for mail in other.emails.iter().filter(|m| self.emails.contains(m)) {
            because(MatchKind::Email, mail, 100, 90);
        }
        if let Some(tax_id) = other.tax_id.as_ref().filter(|t| self.tax_id.as_ref() == Some(*t)) {
            because(MatchKind::TaxId, tax_id, 100, 95);
        }
        for phone in &other.phones {
            let points = self.phones.iter().map(|mine| phone_points(mine, phone)).max().unwrap_or(0);
            if points > 0 {
                because(MatchKind::Phone, phone, 100, points);
            }
        }
        let alike = other.names.iter().flat_map(|theirs| self.names.iter().map(move |mine| (similarity(mine, theirs), theirs)));
        if let Some((alike, name)) = alike.max_by_key(|(s, _)| *s).filter(|(s, _)| *s >= LEAST_SIMILARITY) {
            because(MatchKind::Name, name, alike, alike * 70 / 100);
        }
        reasons.sort_by_key(|r| std::cmp::Reverse(r.points));
        let open = reasons.iter().fold(100, |open, r| open * (100 - r.points) / 100);
        (100 - open, reasons)
    }
}

/// Words of a name that keys are made of.
const MOST_WORDS: usize = 8;

/// What says how a firm is constituted and not what it is called.
const LEGAL_FORMS: [&str; 32] = [
    "ab",
    "ag",
    "aps",
    "as",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "eg",
    "ev",
    "gbr",
    "gmbh",
    "inc",
    "kg",
    "kk",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "plc",
    "sa",
    "sarl",
    "sas",
    "se",
    "spa",
    "srl",
];

/// The words of a name in lower case and without accents; without the legal form when something is left then.
fn words_of(name: &str) -> Vec<String> {
    let plain = DecomposingNormalizerBorrowed::new_nfkd().normalize(name);
    let mut folded = String::with_capacity(plain.len());
    for c in plain.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)) {
        match c {
            'ß' | 'ẞ' => folded.push_str("ss"),
            'Æ' | 'æ' => folded.push_str("ae"),
            'Ø' | 'ø' => folded.push('o'),
            'Ł' | 'ł' => folded.push('l'),
            // "A.B.C." is one word, "O'Neil" too
            '.' | '\'' | '’' => {}
            '&' => folded.push_str(" und "),
            c if c.is_alphanumeric() => folded.extend(c.to_lowercase()),
            _ => folded.push(' '),
        }
    }
    // "Müller" is written "Mueller" where there is no ü
    let folded = folded.replace("ae", "a").replace("oe", "o").replace("ue", "u");
    let all: Vec<String> = folded.split_whitespace().map(String::from).collect();
    let filler = |w: &String| LEGAL_FORMS.contains(&&**w) || ["and", "et", "the", "und", "y"].contains(&&**w);
    let own: Vec<String> = all.iter().filter(|w| !filler(w)).cloned().collect();
    if own.is_empty() { all } else { own }
}

/// How alike two names are, in hundredths, rounded down: as written, or with their words in alphabetical order. Names with
/// other numbers in them are different ones, however long their common beginning is.
fn similarity(a: &str, b: &str) -> i32 {
    let (mut a, mut b) = (words_of(a), words_of(b));
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let hundredths = |a: &[String], b: &[String]| (strsim::jaro_winkler(&a.join(" "), &b.join(" ")) * 100.0).floor() as i32;
    let as_written = hundredths(&a, &b);
    a.sort();
    b.sort();
    let numbers = |words: &[String]| -> Vec<String> { words.iter().filter(|w| w.chars().any(|c| c.is_ascii_digit())).cloned().collect() };
    if numbers(&a) != numbers(&b) {
        return 0;
    }
    as_written.max(hundredths(&a, &b))
}

/// Equal in E.164: 80. One of them without its country code and the ends equal: 60.
fn phone_points(a: &str, b: &str) -> i32 {
    match (a == b, a.starts_with('+') && b.starts_with('+')) {
        (true, international) => {
            if international {
                80
            } else {
                65
            }
        }
        (false, true) => 0,
        (false, false) => {
            let national = |n: &str| n.trim_start_matches('+').trim_start_matches('0').to_string();
            let (a, b) = (national(a), national(b));
            let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
            if short.len() >= PHONE_TAIL && long.ends_with(&short) { 60 } else { 0 }
        }
    }
}

fn tail(phone: &str) -> &str {
    let digits = phone.trim_start_matches('+');
    &digits[digits.len().saturating_sub(PHONE_TAIL)..]
}

/// Letters and digits of a tax number in upper case.
pub fn tax_key(text: &str) -> Option<String> {
    let key: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    (!key.is_empty()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn named(name: &str) -> Traits {
        Traits { names: vec![name.into()], ..Traits::default() }
    }

    #[test]
    fn names_that_differ_in_spelling_are_alike_and_share_a_key() {
        for (a, b) in [
            ("Alfreds Futterkiste", "Alfred's Futterkiste GmbH"),
            ("Alfreds Futterkiste", "Alfreds Futterkist"),
            ("Müller & Söhne KG", "Mueller und Soehne"),
            ("Maria Anders", "Anders, Maria"),
            ("Berglunds snabbköp", "Berglunds Snabbkop AB"),
            ("Straße 7 Handel", "Strasse 7 Handel"),
        ] {
            let (left, right) = (named(a), named(b));
            let (score, reasons) = left.compare(&right);
            assert!(score >= LEAST_SCORE, "{a} / {b}: {score} {reasons:?}");
            assert!(left.keys().iter().any(|k| right.keys().contains(k)), "{a} / {b} share no key");
        }
    }

    #[test]
    fn other_names_are_not_alike() {
        for (a, b) in [("Customer 1", "Customer 2"), ("Alfreds Futterkiste", "Around the Horn"), ("Anna", "Otto"), ("GmbH", "AG"), ("", "")]
        {
            assert_eq!(named(a).compare(&named(b)), (0, vec![]), "{a} / {b}");
        }
    }

    #[test]
    fn phones_compare_with_and_without_country_code() {
        for (a, b, points) in [
            ("+4930901820", "+4930901820", 80),
            ("+4930901820", "030901820", 60),
            ("030901820", "30901820", 60),
            ("5550123", "5550123", 65),
            ("+4930901820", "+4330901820", 0),
            ("123", "3123", 0),
        ] {
            assert_eq!((phone_points(a, b), phone_points(b, a)), (points, points), "{a} {b}");
        }
    }

    #[test]
    fn reasons_add_up_and_never_exceed_certainty() {
        let mine = Traits {
            names: vec!["Acme Ltd".into()],
            emails: vec!["a@acme.com".into()],
            phones: vec!["+4930901820".into()],
            tax_id: tax_key("de 81-1"),
        };
        let (score, reasons) = mine.compare(&Traits { tax_id: tax_key("DE811"), ..mine.clone() });
        let kinds: Vec<_> = reasons.iter().map(|r| r.kind).collect();
        assert_eq!(kinds, [MatchKind::TaxId, MatchKind::Email, MatchKind::Phone, MatchKind::Name]);
        assert_eq!(score, 100);
        assert_eq!(Traits { names: vec!["Other".into()], phones: vec![], tax_id: None, ..mine.clone() }.compare(&mine).0, 90);
    }

    #[test]
    fn what_is_no_address_is_refused_at_its_place() {
        let draft =
            MatchParty { emails: vec![MatchText("nonsense".into())], phones: vec![MatchText("call me".into())], ..MatchParty::default() };
        let problem = Traits::of_party_draft(&draft).expect_err("wrong");
        assert_eq!(problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect::<Vec<_>>(), ["/emails/0", "/phones/0"]);
    }

    proptest! {
        #[test]
        fn a_name_is_like_itself_and_has_a_key(a in "\\PC{0,40}") {
            if !words_of(&a).is_empty() {
                prop_assert_eq!(similarity(&a, &a), 100);
                prop_assert!(!named(&a).keys().is_empty());
            }
        }
    }
}
