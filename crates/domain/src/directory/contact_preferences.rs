//! What somebody likes: stated by the person, or inferred from what the person did. What was stated is not replaced by
//! what is only inferred.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::ids::{ContactId, ContactPreferenceId};
use crate::kernel::{Code, Findings, Result};

crate::words! {
    /// What a preference holds.
    pub enum PreferenceKind as ContactPreferenceKind {
        /// A text of at most 500 characters.
        Text = "text",
        /// A whole number.
        Number = "number",
        /// Yes or no.
        Flag = "flag",
        /// A day, as `2026-03-01`.
        Date = "date",
        /// Up to 50 texts of at most 100 characters, each once.
        Choices = "choices",
    }
    /// How it is known.
    pub enum Provenance as PreferenceProvenance {
        /// The person said so.
        Stated = "stated",
        /// Somebody or something concluded it.
        Inferred = "inferred",
    }
}

/// The value is none of its kind.
pub const WRONG_VALUE: Code = Code::invalid("contact_preference.wrong_value", "The value does not fit the kind.");
/// What was stated counts more than what is inferred.
pub const STATED: Code = Code::conflict("contact_preference.stated", "What the person stated is not replaced by what is only inferred.");
/// What is concluded has a reason.
pub const NO_SOURCE: Code = Code::invalid("contact_preference.no_source", "Say what an inferred preference is inferred from.");
/// It cannot be known before it happened.
pub const IN_THE_FUTURE: Code = Code::invalid("contact_preference.in_the_future", "A preference cannot be noted ahead of time.");

/// What setting a preference can be refused for.
pub const REFUSALS: &[Code] = &[WRONG_VALUE, STATED, NO_SOURCE, IN_THE_FUTURE];

/// What somebody likes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ContactPreference {
    /// The id.
    pub id: ContactPreferenceId,
    /// The contact.
    pub contact_id: ContactId,
    /// What it is about; unique for the contact.
    #[schema(max_length = 100, example = "roast")]
    pub name: String,
    /// What it holds.
    pub kind: PreferenceKind,
    /// The value, as its kind says.
    #[schema(schema_with = any_value)]
    pub value: Value,
    /// How it is known.
    pub provenance: Provenance,
    /// Where it was stated, or what it is inferred from.
    #[schema(required, max_length = 200, example = "call of 2026-03-01")]
    pub source: Option<String>,
    /// When it was stated or inferred.
    pub noted_at: DateTime<Utc>,
    /// The version of the contact: what If-Match must name to change the preference.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was first set.
    pub created_at: DateTime<Utc>,
}

crate::entity! { undated ContactPreference, ContactPreferenceId, "contact_preference" }

/// A preference to set.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetContactPreference {
    /// What it is about.
    #[schema(min_length = 1, max_length = 100, pattern = "^[a-z0-9][a-z0-9_.-]*$", example = "roast")]
    pub name: String,
    /// What it holds.
    pub kind: PreferenceKind,
    /// The value: a text, a whole number, true or false, a day, or a list of texts.
    #[schema(schema_with = any_value)]
    pub value: Value,
    /// How it is known.
    pub provenance: Provenance,
    /// Where it was stated, or what it is inferred from.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200)]
    pub source: Option<String>,
    /// When it was stated or inferred; now when left out.
    #[serde(default)]
    pub noted_at: Option<DateTime<Utc>>,
}

/// Without a type: generators of clients stumble over a choice of which one is a list. [`fits`] judges the value.
fn any_value() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    use utoipa::openapi::ObjectBuilder;
    use utoipa::openapi::schema::SchemaType;
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some(
            "The value, as its kind says: a text of at most 500 characters or a day, a whole number, true or false, or a list of at \
             most 50 texts.",
        ))
        .into()
}

fn fits(kind: PreferenceKind, value: &Value) -> bool {
    let text = |v: &Value, most: usize| v.as_str().is_some_and(|t| !t.trim().is_empty() && t.chars().count() <= most);
    match kind {
        PreferenceKind::Text => text(value, 500),
        PreferenceKind::Number => value.as_i64().is_some_and(|n| n.unsigned_abs() <= 9_007_199_254_740_991),
        PreferenceKind::Flag => value.is_boolean(),
        PreferenceKind::Date => value.as_str().is_some_and(|t| t.len() == 10 && t.parse::<NaiveDate>().is_ok()),
        PreferenceKind::Choices => value.as_array().is_some_and(|all| {
            let doubled = all.iter().enumerate().any(|(i, v)| all[..i].contains(v));
            (1..=50).contains(&all.len()) && all.iter().all(|v| text(v, 100)) && !doubled
        }),
    }
}

impl ContactPreference {
    /// What is set, in the place of `before` when there is one of this name. Fails with [`REFUSALS`].
    pub fn set(
        id: ContactPreferenceId,
        contact: ContactId,
        new: SetContactPreference,
        before: Option<&ContactPreference>,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let mut found = Findings::default();
        if !fits(new.kind, &new.value) {
            found.add(WRONG_VALUE, "/value", format!("It is no {}.", new.kind));
        }
        if new.provenance == Provenance::Inferred && new.source.as_deref().is_none_or(|s| s.trim().is_empty()) {
            found.add(NO_SOURCE, "/source", "Say what it is inferred from.");
        }
        let noted_at = new.noted_at.unwrap_or(now);
        if noted_at > now {
            found.add(IN_THE_FUTURE, "/noted_at", "It is later than now.");
        }
        found.done()?;
        if new.provenance == Provenance::Inferred && before.is_some_and(|b| b.provenance == Provenance::Stated) {
            return Err(STATED.field("/provenance", "The person stated another value; remove it first."));
        }
        Ok(Self {
            id: before.map_or(id, |b| b.id),
            contact_id: contact,
            name: new.name,
            kind: new.kind,
            value: new.value,
            provenance: new.provenance,
            source: new.source,
            noted_at,
            version: 1,
            created_at: before.map_or(now, |b| b.created_at),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;
    use uuid::Uuid;

    fn set(kind: &str, value: Value, provenance: &str, before: Option<&ContactPreference>) -> Result<ContactPreference> {
        let body = json!({"name": "roast", "kind": kind, "value": value, "provenance": provenance, "source": "x"});
        let new = serde_json::from_value(body).expect("a body");
        ContactPreference::set(Id::from_uuid(Uuid::nil()), Id::from_uuid(Uuid::nil()), new, before, Default::default())
    }

    #[test]
    fn values_fit_their_kinds() {
        let good = [
            ("text", json!("dark")),
            ("number", json!(3)),
            ("flag", json!(true)),
            ("date", json!("2026-03-01")),
            ("choices", json!(["a", "b"])),
        ];
        for (kind, value) in &good {
            assert!(set(kind, value.clone(), "stated", None).is_ok(), "{kind} {value}");
            for (other, _) in good.iter().filter(|(k, _)| k != kind && !(*kind == "date" && *k == "text")) {
                assert_eq!(set(other, value.clone(), "stated", None).expect_err("refused").code(), WRONG_VALUE, "{other} {value}");
            }
        }
        for (kind, value) in [("text", json!(" ")), ("number", json!(1.5)), ("date", json!("2026-02-30")), ("choices", json!(["a", "a"]))] {
            assert_eq!(set(kind, value.clone(), "stated", None).expect_err("refused").code(), WRONG_VALUE, "{kind} {value}");
        }
    }

    #[test]
    fn what_was_stated_stays_until_it_is_stated_otherwise() {
        let stated = set("text", json!("dark"), "stated", None).expect("valid");
        assert_eq!(set("text", json!("light"), "inferred", Some(&stated)).expect_err("refused").code(), STATED);
        let again = set("text", json!("light"), "stated", Some(&stated)).expect("valid");
        let inferred = set("text", json!("x"), "inferred", None).expect("valid");
        assert_eq!((again.value, set("text", json!("y"), "inferred", Some(&inferred)).is_ok()), (json!("light"), true));
    }
}
