//! Merging two contacts that are one person, as two parties are merged.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contacts::Contact;
use super::merging::{self, Difference, MergeSide, MergeStatus, Mergeable, MovedRows, UNDO_DAYS};
use crate::ids::{ContactId, ContactMergeId};
use crate::kernel::{Code, Result};

crate::words! {
    /// A field of a contact of which only one value can stay.
    pub enum ContactMergeField {
        FirstName = "first_name",
        LastName = "last_name",
        Salutation = "salutation",
        Language = "language",
        Address = "address",
        OwnerId = "owner_id",
    }
}

/// A contact cannot be merged with itself.
pub const WITH_ITSELF: Code = Code::invalid("contact_merge.with_itself", "A contact cannot be merged with itself.");
/// One of the united lists would be longer than a contact may have it.
pub const TOO_LARGE: Code = Code::conflict("contact_merge.too_large", "The united contact has too many entries in a list.");
/// The contact was not merged into another one.
pub const NOT_MERGED: Code = Code::conflict("contact_merge.not_merged", "The contact was not merged.");
/// The days in which a merge can be taken back are over.
pub const TOO_LATE: Code = Code::conflict("contact_merge.too_late", "It is too late to take the merge back.");
/// Something happened since that stands in the way.
pub const NOT_UNDOABLE: Code = Code::conflict("contact_merge.not_undoable", "The merge can no longer be taken back.");

/// Which contact is to go into the one that the path names.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeContact {
    /// The contact that goes.
    pub source_id: ContactId,
    /// The fields whose value is taken from the contact that goes. Of all others the value of the one that stays is kept,
    /// unless it has none.
    #[serde(default)]
    #[schema(max_items = 6)]
    pub take: Vec<ContactMergeField>,
}

/// A field in which the two differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactMergeConflict {
    /// The field.
    pub field: ContactMergeField,
    /// Its value in the one that stays, as text; objects as JSON.
    #[schema(required, max_length = 1000)]
    pub winner: Option<String>,
    /// Its value in the one that goes.
    #[schema(required, max_length = 1000)]
    pub loser: Option<String>,
    /// Whose value is kept.
    pub kept: MergeSide,
}

impl From<Difference<ContactMergeField>> for ContactMergeConflict {
    fn from(d: Difference<ContactMergeField>) -> Self {
        Self { field: d.field, winner: d.winner, loser: d.loser, kept: d.kept }
    }
}

/// A merge of two contacts, with all that is needed to take it back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactMerge {
    /// The id.
    pub id: ContactMergeId,
    /// Where it stands.
    pub status: MergeStatus,
    /// The contact that stayed.
    pub winner_id: ContactId,
    /// The contact that went.
    pub loser_id: ContactId,
    /// The fields in which they differed, and whose value was kept.
    #[schema(max_items = 6)]
    pub conflicts: Vec<ContactMergeConflict>,
    /// The contact that stayed, as it was before.
    pub winner_before: Contact,
    /// The contact that stayed, as the merge made it.
    pub winner_after: Contact,
    /// The contact that went, as it was before.
    pub loser_before: Contact,
    /// What followed, and how much of it.
    #[schema(max_items = 200)]
    pub moved: Vec<MovedRows>,
    /// Until when it can be taken back.
    pub undo_until: DateTime<Utc>,
    /// When it was taken back.
    #[schema(required)]
    pub undone_at: Option<DateTime<Utc>>,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! { ContactMerge, ContactMergeId, "contact_merge" }

impl ContactMerge {
    /// Decides what the two become.
    pub fn decide(id: ContactMergeId, winner: &Contact, loser: &Contact, take: &[ContactMergeField], now: DateTime<Utc>) -> Result<Self> {
        if winner.id == loser.id {
            return Err(WITH_ITSELF.field("/source_id", "This is the contact itself."));
        }
        winner.check_changeable()?;
        loser.check_changeable()?;
        let mut after = winner.clone();
        let conflicts = merging::settle(&mut after, loser, take, &[]).into_iter().map(ContactMergeConflict::from).collect();
        merging::unite_emails(&mut after.emails, &loser.emails);
        merging::unite_phones(&mut after.phones, &loser.phones);
        merging::unite(&mut after.external_ids, &loser.external_ids);
        merging::unite(&mut after.tags, &loser.tags);
        merging::unite_metadata(&mut after.metadata, &loser.metadata);
        after.updated_at = now;
        let sizes = [
            ("emails", after.emails.len(), 20),
            ("phones", after.phones.len(), 20),
            ("external_ids", after.external_ids.len(), 20),
            ("tags", after.tags.len(), 50),
            ("metadata", after.metadata.len(), 50),
        ];
        merging::check_sizes(&sizes, TOO_LARGE)?;
        Ok(Self {
            id,
            status: MergeStatus::Merged,
            winner_id: winner.id,
            loser_id: loser.id,
            conflicts,
            winner_before: winner.clone(),
            winner_after: after.tidied()?,
            loser_before: loser.clone(),
            moved: Vec::new(),
            undo_until: now + TimeDelta::days(UNDO_DAYS),
            undone_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }
    /// The tombstone: names for those who look for it, and nothing by which it could be found or used again.
    pub fn tombstone(&self, now: DateTime<Utc>) -> Contact {
        Contact {
            external_ids: Vec::new(),
            archived_at: Some(now),
            merged_into: Some(self.winner_id),
            updated_at: now,
            ..self.loser_before.clone()
        }
    }
    /// Refuses to take back what is too long ago.
    pub fn check_undoable(&self, now: DateTime<Utc>) -> Result<()> {
        merging::check_in_time(self.undo_until, now, TOO_LATE)
    }
    /// The two contacts after the merge was taken back: what the merge brought goes, what happened since stays. The
    /// versions go on counting.
    ///
    /// # Errors
    /// `internal` when a contact has no JSON form, which cannot be.
    pub fn undo(&self, winner_now: &Contact, loser_now: &Contact, now: DateTime<Utc>) -> Result<(Contact, Contact)> {
        let restored = merging::without_merge(&self.winner_before, &self.winner_after, winner_now)?;
        let winner = Contact {
            id: winner_now.id,
            merged_into: winner_now.merged_into,
            created_at: winner_now.created_at,
            version: winner_now.version,
            updated_at: now,
            ..restored
        };
        let loser = Contact { version: loser_now.version, updated_at: now, ..self.loser_before.clone() };
        Ok((winner.tidied()?, loser))
    }
}

impl Mergeable for Contact {
    type Field = ContactMergeField;
    const FIELDS: &'static [ContactMergeField] = ContactMergeField::ALL;
    fn text(&self, field: ContactMergeField) -> Option<String> {
        match field {
            ContactMergeField::FirstName => self.first_name.clone(),
            ContactMergeField::LastName => Some(self.last_name.clone()),
            ContactMergeField::Salutation => self.salutation.clone(),
            ContactMergeField::Language => self.language.clone(),
            ContactMergeField::Address => self.address.as_ref().and_then(|a| serde_json::to_string(a).ok()),
            ContactMergeField::OwnerId => self.owner_id.map(|o| o.to_string()),
        }
    }
    fn copy(&mut self, field: ContactMergeField, from: &Self) {
        match field {
            ContactMergeField::FirstName => self.first_name.clone_from(&from.first_name),
            ContactMergeField::LastName => self.last_name.clone_from(&from.last_name),
            ContactMergeField::Salutation => self.salutation.clone_from(&from.salutation),
            ContactMergeField::Language => self.language.clone_from(&from.language),
            ContactMergeField::Address => self.address.clone_from(&from.address),
            ContactMergeField::OwnerId => self.owner_id = from.owner_id,
        }
    }
}
