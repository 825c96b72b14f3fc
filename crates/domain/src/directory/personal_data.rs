//! The data of one person: all of it in one answer, and what is left of it after an erasure. Erased is what says something
//! about the person; what law makes us keep, the posted documents and the ledger, stays as it was written.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::contacts::{Contact, MERGED};
pub use super::erasure::{ERASED, NOTHING};
use super::parties::{Party, PartyKind};
use super::terms::TradeTerms;
use crate::facts::AuditEntry;
use crate::kernel::text::fold;
use crate::kernel::{Code, Result};

/// Only a person has personal data; an organisation is archived.
pub const NOT_A_PERSON: Code = Code::invalid("personal_data.not_a_person", "The party is not a person.");
/// Orders are open or money is owed.
pub const IN_BUSINESS: Code = Code::conflict("personal_data.in_business", "There is open business with this person.");
/// The audit trail of this person does not hold, and an erasure would hide it.
pub const CHAIN_BROKEN: Code = Code::conflict("personal_data.chain_broken", "The audit trail of this person does not hold.");

/// The rows of one kind.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExportedRows {
    /// Which records: their table and the column that refers to the person.
    #[schema(max_length = 100, example = "invoices.customer_id")]
    pub what: String,
    /// The rows, as the API shows them.
    #[schema(value_type = Vec<Object>, max_items = 1000000)]
    pub rows: Vec<Value>,
}

/// All that is kept about one person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonalData {
    /// When it was read, in one snapshot.
    pub taken_at: DateTime<Utc>,
    /// The person and all records that refer to the person.
    #[schema(max_items = 1000)]
    pub records: Vec<ExportedRows>,
    /// What happened, the oldest first.
    #[schema(max_items = 1000000)]
    pub events: Vec<AuditEntry>,
    /// Rows that are left out because they belong to companies that the caller has no grant for. The export is complete when
    /// there are none.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub withheld: i64,
}

/// Why the data of a person goes.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasePerson {
    /// Whose wish it was and where that is written down. Nothing about the person belongs here: it is kept.
    #[serde(default)]
    #[schema(max_length = 500, example = "Request of 2026-03-01, ticket 4711")]
    pub reason: Option<String>,
}

impl Party {
    /// Refuses a party whose data cannot be erased.
    pub fn check_erasable(&self) -> Result<()> {
        self.check_changeable()?;
        match self.kind {
            PartyKind::Person => Ok(()),
            PartyKind::Organisation => Err(NOT_A_PERSON.with(format!("{} is an organisation.", self.name))),
        }
    }
    /// What is left of it: that there was a party, its place and roles.
    pub fn erased(&self, now: DateTime<Utc>) -> Self {
        let terms = |t: &TradeTerms| TradeTerms { currency: t.currency.clone(), ..TradeTerms::default() };
        Self {
            code: None,
            name: NOTHING.into(),
            legal_name: None,
            tax_id: None,
            customer_terms: terms(&self.customer_terms),
            vendor_terms: terms(&self.vendor_terms),
            addresses: Vec::new(),
            emails: Vec::new(),
            phones: Vec::new(),
            website: None,
            external_ids: Vec::new(),
            tags: Vec::new(),
            metadata: Default::default(),
            archived_at: self.archived_at.or(Some(now)),
            erased_at: Some(now),
            updated_at: now,
            ..self.clone()
        }
    }
}

impl Contact {
    /// Refuses to change a contact that was merged into another one, or erased.
    pub fn check_changeable(&self) -> Result<()> {
        match (self.erased_at, self.merged_into) {
            (Some(at), _) => Err(ERASED.with(format!("It was erased at {}.", at.to_rfc3339()))),
            (None, Some(other)) => Err(MERGED.with(format!("{} was merged into {other}; change that one.", self.name))),
            (None, None) => Ok(()),
        }
    }
    /// What is left: that there was a contact.
    pub fn erased(&self, now: DateTime<Utc>) -> Self {
        Self {
            first_name: None,
            last_name: NOTHING.into(),
            name: NOTHING.into(),
            salutation: None,
            language: None,
            emails: Vec::new(),
            phones: Vec::new(),
            address: None,
            external_ids: Vec::new(),
            tags: Vec::new(),
            metadata: Default::default(),
            archived_at: self.archived_at.or(Some(now)),
            erased_at: Some(now),
            updated_at: now,
            ..self.clone()
        }
    }
}

/// Members of facts that say something about a person, whatever they are members of.
const PERSONAL: [&str; 58] = [
    "address",
    "addresses",
    "anonymous_id",
    "billing_address",
    "body",
    "carrier",
    "click_id",
    "code",
    "comment",
    "company_name",
    "competitor",
    "contact",
    "customer_name",
    "customer_reference",
    "customer_tax_id",
    "description",
    "email",
    "emails",
    "external_id",
    "external_ids",
    "first_name",
    "hold_reason",
    "ip_address",
    "job_title",
    "landing_page",
    "landing_path",
    "language",
    "last_name",
    "legal_name",
    "loss_reason",
    "metadata",
    "name",
    "note",
    "organisation_name",
    "outcome",
    "participants",
    "phone",
    "phone_normalised",
    "phones",
    "reason",
    "reference",
    "referrer",
    "requester_email",
    "requester_name",
    "resolution",
    "role",
    "salutation",
    "search",
    "ship_to",
    "status_reason",
    "subject",
    "tags",
    "tax_id",
    "title",
    "tracking_number",
    "user_agent",
    "utm",
    "website",
];

/// Shorter words of a script with cases could stand in any text.
const SHORTEST_TERM: usize = 4;
/// A word of a script without cases, as a Chinese name, says as much with fewer letters.
const SHORTEST_UNCASED: usize = 2;

/// What a person was ever called and reached by; looked for, as whole words, wherever else it may stand.
#[derive(Debug, Clone, Default)]
pub struct Terms(BTreeMap<String, Term>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Term {
    /// One word that was written with a capital: the same letters without one are another word, as "posted by post" says
    /// nothing about Mr Post.
    Capital,
    /// A phrase, an address or a word that was written without.
    Plain,
}

impl Terms {
    /// Adds what stands in the personal members of this.
    pub fn learn(&mut self, value: &Value) {
        let Value::Object(members) = value else { return };
        for (_, value) in members.iter().filter(|(name, _)| IDENTIFYING.contains(&&***name)) {
            self.take(value);
        }
    }
    fn take(&mut self, value: &Value) {
        match value {
            Value::String(text) if text != NOTHING => self.add(text),
            Value::Array(items) => items.iter().for_each(|v| self.take(v)),
            // of an address only the line says who it is, and of an external id not the system
            Value::Object(members) => {
                let telling = ["address", "line1", "line2", "number", "normalised", "id"];
                members.iter().filter(|(k, _)| telling.contains(&&***k)).for_each(|(_, v)| self.take(v));
            }
            _ => {}
        }
    }
    /// Adds one name or address.
    pub fn add(&mut self, text: &str) {
        let folded = fold(text);
        let least = if folded.chars().any(|c| c.is_alphabetic() && !has_case(c)) { SHORTEST_UNCASED } else { SHORTEST_TERM };
        if folded.chars().count() < least {
            return;
        }
        let word = folded.chars().all(char::is_alphanumeric) && text.chars().any(char::is_uppercase);
        self.0.insert(folded, if word { Term::Capital } else { Term::Plain });
    }
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
    /// Whether one of them stands in the text.
    pub fn is_in(&self, text: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let folded = fold(text);
        let capitals: Vec<String> =
            text.split(|c: char| !c.is_alphanumeric() && !is_mark(c)).filter(|w| w.chars().any(char::is_uppercase)).map(fold).collect();
        self.0.iter().any(|(term, kind)| match kind {
            Term::Capital => capitals.contains(term),
            Term::Plain => stands_in(&folded, term),
        })
    }
}

/// Whether the term stands in the text with no letter or digit of a script with cases right before or after it.
fn stands_in(text: &str, term: &str) -> bool {
    let goes_on = |a: Option<char>, b: Option<char>| {
        let word = |c: char| c.is_numeric() || has_case(c);
        a.zip(b).is_some_and(|(a, b)| word(a) && word(b))
    };
    text.match_indices(term).any(|(at, found)| {
        let (before, after) = (&text[..at], &text[at + found.len()..]);
        !goes_on(before.chars().next_back(), term.chars().next()) && !goes_on(term.chars().next_back(), after.chars().next())
    })
}

fn has_case(c: char) -> bool {
    c.is_lowercase() || c.is_uppercase()
}

/// A combining mark, which belongs to the letter before it.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Members whose values point at one person.
const IDENTIFYING: [&str; 12] =
    ["address", "addresses", "email", "emails", "external_ids", "last_name", "legal_name", "name", "phone", "phones", "tax_id", "website"];

/// A fact without what it says about the person: personal members are emptied, and texts with one of the terms too. Ids,
/// amounts, dates and states stay, so that it can still be followed what happened.
pub fn redacted(value: &Value, terms: &Terms) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), member(k, v, terms))).collect()),
        Value::Array(items) => items.iter().map(|v| redacted(v, terms)).collect(),
        Value::String(text) if terms.is_in(text) => NOTHING.into(),
        plain => plain.clone(),
    }
}

/// A fact about a quote, or the order it became, without the person it was sent to: who that was, who signed, and texts with one
/// of the terms. What was
/// offered to whom, and that it was accepted and when, is not about the person and stays.
pub fn without_reader(value: &Value, terms: &Terms) -> Value {
    let mut left = without(value, terms);
    if let Some(customer) = left.get_mut("customer").and_then(Value::as_object_mut) {
        customer.insert("contact".into(), Value::Null);
    }
    if let Some(answer) = left.get_mut("answer").and_then(Value::as_object_mut) {
        for name in SIGNED {
            answer.insert(name.into(), Value::Null);
        }
    }
    left
}

/// What the answer to a quote says of who gave it.
const SIGNED: [&str; 4] = ["name", "email", "address", "user_agent"];

/// The value without texts in which one of the terms stands.
pub fn without(value: &Value, terms: &Terms) -> Value {
    match value {
        Value::Object(members) => Value::Object(members.iter().map(|(k, v)| (k.clone(), without(v, terms))).collect()),
        Value::Array(items) => items.iter().map(|v| without(v, terms)).collect(),
        Value::String(text) if terms.is_in(text) => NOTHING.into(),
        plain => plain.clone(),
    }
}

fn member(name: &str, value: &Value, terms: &Terms) -> Value {
    match value {
        _ if !PERSONAL.contains(&name) => redacted(value, terms),
        Value::String(_) => NOTHING.into(),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(_) => Value::Object(Map::new()),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn person() -> Value {
        json!({"id": "pty_1", "kind": "person", "name": "Ana Trujillo", "emails": [{"address": "Ana@Example.org", "label": "home", "primary": true}],
            "addresses": [{"purpose": "billing", "address": {"line1": "Avda. 2222", "city": "Berlin"}}], "tax_id": "12", "is_customer": true,
            "external_ids": [{"system": "shop", "id": "ana-77"}]})
    }

    #[test]
    fn what_a_person_is_called_is_learned_and_nothing_that_everybody_shares() {
        let mut terms = Terms::default();
        terms.learn(&person());
        assert_eq!(terms.iter().collect::<Vec<_>>(), ["ana trujillo", "ana-77", "ana@example.org", "avda. 2222"]);
    }

    #[test]
    fn a_fact_keeps_what_happened_and_loses_to_whom() {
        let mut terms = Terms::default();
        terms.learn(&person());
        let fact = json!({"id": "so_1", "customer_id": "pty_1", "total": "12.00", "status": "confirmed", "customer_name": "Ana", "ship_to": {"line1": "x"},
            "lines": [{"text": "for ANA TRUJILLO", "quantity": "1"}], "note": null, "history": ["ana@example.org called", "shipped"]});
        assert_eq!(
            redacted(&fact, &terms),
            json!({"id": "so_1", "customer_id": "pty_1", "total": "12.00", "status": "confirmed", "customer_name": "Erased", "ship_to": {},
                "lines": [{"text": "Erased", "quantity": "1"}], "note": null, "history": ["Erased", "shipped"]})
        );
    }

    #[test]
    fn a_name_is_found_as_a_word_and_not_as_a_part_of_one() {
        let mut terms = Terms::default();
        terms.learn(&json!({"name": "Otto Post", "last_name": "Post", "emails": [{"address": "ann@example.com"}], "legal_name": "田中"}));
        for said in
            ["Call Post!", "POST called", "otto  post", "to ann@example.com.", "mailto:ann@example.com", "Herr Post's order", "田中様より"]
        {
            assert!(terms.is_in(said), "{said}");
        }
        for said in ["posted", "post", "Posted", "by post", "joann@example.com", "ann@example.community"] {
            assert!(!terms.is_in(said), "{said}");
        }
    }

    proptest! {
        #[test]
        fn no_term_is_left_and_doing_it_twice_changes_nothing(name in "[a-z]{4,10}", before in "[a-zA-Z ]{0,10}", key in "[a-z_]{1,12}") {
            let mut terms = Terms::default();
            terms.learn(&json!({"name": name}));
            prop_assume!(!before.to_lowercase().contains(&name));
            let once = redacted(&json!({(key.clone()): format!("{before} {}", name.to_uppercase()), "deep": [{"x": [name.clone()]}]}), &terms);
            let left = once.to_string().to_lowercase().replace("erased", "").contains(&name);
            prop_assert!(!left || key.contains(&name));
            prop_assert_eq!(redacted(&once, &terms), once);
        }
    }
}
