//! Who works for whom, in which role, from when to when. Many to many: one person may serve several parties.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{ContactId, PartyId, RelationshipId};
use crate::kernel::{Code, Result};

/// It would end before it starts.
pub const ENDS_BEFORE_START: Code = Code::invalid("relationship.ends_before_start", "A relationship cannot end before it starts.");

/// A person's role at a party.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Relationship {
    /// The id.
    pub id: RelationshipId,
    /// The person.
    pub contact_id: ContactId,
    /// The party.
    pub party_id: PartyId,
    /// What is printed on the business card.
    #[schema(required, max_length = 100, example = "Sales Representative")]
    pub title: Option<String>,
    /// What the person is for us, as free text: buyer, decision maker, billing contact.
    #[schema(required, max_length = 100, example = "buyer")]
    pub role: Option<String>,
    /// First day; null when unknown.
    #[schema(required)]
    pub from_date: Option<NaiveDate>,
    /// Last day; null while it lasts.
    #[schema(required)]
    pub to_date: Option<NaiveDate>,
    /// Whether this is the first person to ask at this party. A party has one at most.
    pub is_primary: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { Relationship, RelationshipId, "relationship", party: |r| Some(r.party_id) }

/// A relationship to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRelationship {
    /// The person.
    pub contact_id: ContactId,
    /// The party.
    pub party_id: PartyId,
    /// What is printed on the business card.
    #[serde(default)]
    #[schema(max_length = 100, example = "Sales Representative")]
    pub title: Option<String>,
    /// What the person is for us.
    #[serde(default)]
    #[schema(max_length = 100, example = "buyer")]
    pub role: Option<String>,
    /// First day.
    #[serde(default)]
    pub from_date: Option<NaiveDate>,
    /// Last day.
    #[serde(default)]
    pub to_date: Option<NaiveDate>,
    /// Whether this is the first person to ask at this party. It takes the place of the one before.
    #[serde(default)]
    pub is_primary: bool,
}

crate::patch! {
    /// Changes to a relationship. Person and party stay as they are.
    pub struct RelationshipPatch for Relationship {
        /// What is printed on the business card.
        clear title: String [max_length = 100],
        /// What the person is for us.
        clear role: String [max_length = 100],
        /// First day.
        clear from_date: NaiveDate,
        /// Last day.
        clear to_date: NaiveDate,
        /// Whether this is the first person to ask at this party.
        set is_primary: bool,
    }
}

impl Relationship {
    /// A relationship that does not end before it starts.
    pub fn new(id: RelationshipId, new: NewRelationship, now: DateTime<Utc>) -> Result<Self> {
        let r = Self {
            id,
            contact_id: new.contact_id,
            party_id: new.party_id,
            title: new.title,
            role: new.role,
            from_date: new.from_date,
            to_date: new.to_date,
            is_primary: new.is_primary,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        r.check().map(|()| r)
    }
    /// The relationship with these changes.
    pub fn change(mut self, patch: RelationshipPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.check().map(|()| self)
    }
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: NaiveDate) -> bool {
        self.from_date.is_none_or(|first| first <= day) && self.to_date.is_none_or(|last| last >= day)
    }
    fn check(&self) -> Result<()> {
        match (self.from_date, self.to_date) {
            (Some(from), Some(to)) if to < from => Err(ENDS_BEFORE_START.field("/to_date", format!("It starts on {from}."))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;

    fn build(from: Option<&str>, to: Option<&str>) -> Result<Relationship> {
        let nil = uuid::Uuid::nil();
        let body = json!({
            "contact_id": ContactId::from_uuid(nil).to_string(), "party_id": PartyId::from_uuid(nil).to_string(), "from_date": from, "to_date": to,
        });
        Relationship::new(RelationshipId::from_uuid(nil), serde_json::from_value(body).expect("a body"), Utc::now())
    }

    #[test]
    fn it_does_not_end_before_it_starts() {
        assert_eq!(build(Some("2026-02-01"), Some("2026-01-31")).expect_err("backwards").code(), ENDS_BEFORE_START);
        assert!(build(Some("2026-02-01"), Some("2026-02-01")).is_ok());
    }
}
