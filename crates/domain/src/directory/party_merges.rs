//! Merging two parties that are one: which value wins, how lists are united, and how the merge is taken back. The party
//! that goes stays as a tombstone, and what was there before is kept with the merge.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::merging::{self, Difference, MergeSide, MergeStatus, Mergeable, MovedRows, UNDO_DAYS};
use super::parties::Party;
use super::terms::TradeTerms;
use crate::ids::{PartyId, PartyMergeId};
use crate::kernel::{Code, Result};

crate::words! {
    /// A field of a party of which only one value can stay.
    pub enum MergeField {
        Code = "code",
        Name = "name",
        LegalName = "legal_name",
        TaxId = "tax_id",
        Website = "website",
        ParentId = "parent_id",
        OwnerId = "owner_id",
        CustomerTerms = "customer_terms",
        VendorTerms = "vendor_terms",
    }
}

/// A party cannot be merged with itself.
pub const WITH_ITSELF: Code = Code::invalid("party_merge.with_itself", "A party cannot be merged with itself.");
/// One is a person, the other an organisation.
pub const KINDS_DIFFER: Code = Code::invalid("party_merge.kinds_differ", "A person and an organisation cannot be merged.");
/// One of the united lists would be longer than a party may have it.
pub const TOO_LARGE: Code = Code::conflict("party_merge.too_large", "The united party has too many entries in a list.");
/// The party was not merged into another one.
pub const NOT_MERGED: Code = Code::conflict("party_merge.not_merged", "The party was not merged.");
/// The days in which a merge can be taken back are over.
pub const TOO_LATE: Code = Code::conflict("party_merge.too_late", "It is too late to take the merge back.");
/// Something happened since that stands in the way.
pub const NOT_UNDOABLE: Code = Code::conflict("party_merge.not_undoable", "The merge can no longer be taken back.");

/// Which party is to go into the one that the path names.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeParty {
    /// The party that goes.
    pub source_id: PartyId,
    /// The fields whose value is taken from the party that goes. Of all others the value of the one that stays is kept,
    /// unless it has none.
    #[serde(default)]
    #[schema(max_items = 9)]
    pub take: Vec<MergeField>,
}

/// A field in which the two differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergeConflict {
    /// The field.
    pub field: MergeField,
    /// Its value in the one that stays, as text; objects as JSON.
    #[schema(required, max_length = 1000)]
    pub winner: Option<String>,
    /// Its value in the one that goes.
    #[schema(required, max_length = 1000)]
    pub loser: Option<String>,
    /// Whose value is kept.
    pub kept: MergeSide,
}

impl From<Difference<MergeField>> for MergeConflict {
    fn from(d: Difference<MergeField>) -> Self {
        Self { field: d.field, winner: d.winner, loser: d.loser, kept: d.kept }
    }
}

/// A merge of two parties, with all that is needed to take it back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartyMerge {
    /// The id.
    pub id: PartyMergeId,
    /// Where it stands.
    pub status: MergeStatus,
    /// The party that stayed.
    pub winner_id: PartyId,
    /// The party that went.
    pub loser_id: PartyId,
    /// The fields in which they differed, and whose value was kept.
    #[schema(max_items = 9)]
    pub conflicts: Vec<MergeConflict>,
    /// The party that stayed, as it was before.
    pub winner_before: Party,
    /// The party that stayed, as the merge made it.
    pub winner_after: Party,
    /// The party that went, as it was before.
    pub loser_before: Party,
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

/// How the two stand to each other in the hierarchy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    Apart,
    /// The one that stays is somewhere under the one that goes: it takes its place.
    WinnerBelow,
    /// The one that goes is somewhere under the one that stays, which stays where it is.
    LoserBelow,
}

crate::entity! { PartyMerge, PartyMergeId, "party_merge", party: |m| Some(m.winner_id) }

impl PartyMerge {
    /// Decides what the two become.
    pub fn decide(
        id: PartyMergeId,
        winner: &Party,
        loser: &Party,
        take: &[MergeField],
        places: Places,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        if winner.id == loser.id {
            return Err(WITH_ITSELF.field("/source_id", "This is the party itself."));
        }
        winner.check_changeable()?;
        loser.check_changeable()?;
        if winner.kind != loser.kind {
            return Err(KINDS_DIFFER.field("/source_id", format!("One is {}, the other {}.", winner.kind, loser.kind)));
        }
        let stays: &[MergeField] = if places == Places::LoserBelow { &[MergeField::ParentId] } else { &[] };
        let mut after = winner.clone();
        let conflicts = merging::settle(&mut after, loser, take, stays).into_iter().map(MergeConflict::from).collect();
        after.customer_terms.blocked = winner.customer_terms.blocked.max(loser.customer_terms.blocked);
        after.vendor_terms.blocked = winner.vendor_terms.blocked.max(loser.vendor_terms.blocked);
        if places == Places::WinnerBelow || after.parent_id == Some(loser.id) || after.parent_id == Some(winner.id) {
            after.parent_id = loser.parent_id.filter(|p| *p != winner.id);
        }
        unite(&mut after, loser);
        after.updated_at = now;
        check_sizes(&after)?;
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
    pub fn tombstone(&self, now: DateTime<Utc>) -> Party {
        Party {
            code: None,
            external_ids: Vec::new(),
            parent_id: None,
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
    /// The two parties after the merge was taken back: what the merge brought goes, what happened since stays. The
    /// versions go on counting.
    ///
    /// # Errors
    /// `internal` when a party has no JSON form, which cannot be.
    pub fn undo(&self, winner_now: &Party, loser_now: &Party, now: DateTime<Utc>) -> Result<(Party, Party)> {
        let restored = merging::without_merge(&self.winner_before, &self.winner_after, winner_now)?;
        let winner = Party {
            id: winner_now.id,
            merged_into: winner_now.merged_into,
            created_at: winner_now.created_at,
            version: winner_now.version,
            updated_at: now,
            ..restored
        };
        let loser = Party { version: loser_now.version, updated_at: now, ..self.loser_before.clone() };
        Ok((winner.tidied()?, loser))
    }
}

impl Mergeable for Party {
    type Field = MergeField;
    const FIELDS: &'static [MergeField] = MergeField::ALL;
    fn text(&self, field: MergeField) -> Option<String> {
        let terms =
            |used: bool, terms: &TradeTerms| (used || *terms != TradeTerms::default()).then(|| serde_json::to_string(terms).ok()).flatten();
        match field {
            MergeField::Code => self.code.clone(),
            MergeField::Name => Some(self.name.clone()),
            MergeField::LegalName => self.legal_name.clone(),
            MergeField::TaxId => self.tax_id.clone(),
            MergeField::Website => self.website.clone(),
            MergeField::ParentId => self.parent_id.map(|p| p.to_string()),
            MergeField::OwnerId => self.owner_id.map(|o| o.to_string()),
            MergeField::CustomerTerms => terms(self.is_customer, &self.customer_terms),
            MergeField::VendorTerms => terms(self.is_vendor, &self.vendor_terms),
        }
    }
    fn copy(&mut self, field: MergeField, from: &Self) {
        match field {
            MergeField::Code => self.code.clone_from(&from.code),
            MergeField::Name => self.name.clone_from(&from.name),
            MergeField::LegalName => self.legal_name.clone_from(&from.legal_name),
            MergeField::TaxId => self.tax_id.clone_from(&from.tax_id),
            MergeField::Website => self.website.clone_from(&from.website),
            MergeField::ParentId => self.parent_id = from.parent_id,
            MergeField::OwnerId => self.owner_id = from.owner_id,
            MergeField::CustomerTerms => self.customer_terms.clone_from(&from.customer_terms),
            MergeField::VendorTerms => self.vendor_terms.clone_from(&from.vendor_terms),
        }
    }
}

/// Adds the lists of the party that goes, without doubles. What was primary stays primary.
fn unite(to: &mut Party, from: &Party) {
    to.is_customer |= from.is_customer;
    to.is_vendor |= from.is_vendor;
    merging::unite_emails(&mut to.emails, &from.emails);
    merging::unite_phones(&mut to.phones, &from.phones);
    for address in &from.addresses {
        let same = |a: &&super::parties::PartyAddress| a.purpose == address.purpose;
        if !to.addresses.iter().filter(same).any(|a| a.address == address.address) {
            let primary = address.primary && to.addresses.iter().filter(same).all(|a| !a.primary);
            to.addresses.push(super::parties::PartyAddress { primary, ..address.clone() });
        }
    }
    merging::unite(&mut to.external_ids, &from.external_ids);
    merging::unite(&mut to.tags, &from.tags);
    merging::unite_metadata(&mut to.metadata, &from.metadata);
}

fn check_sizes(party: &Party) -> Result<()> {
    let sizes = [
        ("emails", party.emails.len(), 20),
        ("phones", party.phones.len(), 20),
        ("external_ids", party.external_ids.len(), 20),
        ("addresses", party.addresses.len(), 50),
        ("tags", party.tags.len(), 50),
        ("metadata", party.metadata.len(), 50),
    ];
    merging::check_sizes(&sizes, TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::terms::Blocked;
    use crate::kernel::Id;
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn party(n: u128, body: Value) -> Party {
        let new = serde_json::from_value(body).expect("a body");
        Party::new(PartyId::from_uuid(Uuid::from_u128(n)), new, DateTime::UNIX_EPOCH).expect("valid")
    }
    fn merge(winner: &Party, loser: &Party, take: &[MergeField]) -> Result<PartyMerge> {
        PartyMerge::decide(PartyMergeId::from_uuid(Uuid::nil()), winner, loser, take, Places::Apart, DateTime::UNIX_EPOCH)
    }
    fn two() -> (Party, Party) {
        let winner = json!({"name": "Acme", "code": "A", "is_customer": true, "emails": [{"address": "a@x.org"}], "tags": ["one"],
            "phones": [{"number": "+49301111"}], "metadata": {"k": "mine"}, "customer_terms": {"credit_limit": "10", "currency": "EUR"}});
        let loser = json!({"name": "Acme Ltd", "code": "B", "tax_id": "T", "is_vendor": true, "emails": [{"address": "A@X.org"}, {"address": "b@x.org"}],
            "tags": ["one", "two"], "phones": [{"number": "0049 30 1111"}], "metadata": {"k": "theirs", "l": "too"},
            "external_ids": [{"system": "shop", "id": "1"}], "customer_terms": {"blocked": "ship"}});
        (party(1, winner), party(2, loser))
    }

    #[test]
    fn the_winner_keeps_what_it_has_and_takes_what_it_lacks() {
        let (winner, loser) = two();
        let merge = merge(&winner, &loser, &[]).expect("merged");
        let after = &merge.winner_after;
        assert_eq!((&*after.name, after.code.as_deref(), after.tax_id.as_deref()), ("Acme", Some("A"), Some("T")));
        assert_eq!(after.emails.iter().map(|e| (&*e.address, e.primary)).collect::<Vec<_>>(), [("a@x.org", true), ("b@x.org", false)]);
        assert_eq!((after.phones.len(), after.tags.len(), after.external_ids.len()), (1, 2, 1));
        assert_eq!((&*after.metadata["k"], &*after.metadata["l"]), ("mine", "too"));
        assert_eq!(
            (after.customer_terms.blocked, after.is_customer, after.is_vendor),
            (Blocked::Ship, true, true),
            "the strictest block stays"
        );
        let told: Vec<_> = merge.conflicts.iter().map(|c| (c.field, c.kept)).collect();
        let kept = MergeSide::Winner;
        assert_eq!(told, [(MergeField::Code, kept), (MergeField::Name, kept), (MergeField::CustomerTerms, kept)]);
    }

    #[test]
    fn the_caller_chooses() {
        let (winner, loser) = two();
        let merge = merge(&winner, &loser, &[MergeField::Name, MergeField::Code]).expect("merged");
        assert_eq!((&*merge.winner_after.name, merge.winner_after.code.as_deref()), ("Acme Ltd", Some("B")));
        assert_eq!(merge.conflicts[0].kept, MergeSide::Loser);
        let grave = merge.tombstone(DateTime::UNIX_EPOCH);
        assert_eq!((grave.code, grave.merged_into, grave.external_ids.len()), (None, Some(winner.id), 0));
    }

    #[test]
    fn what_cannot_be_one_is_refused() {
        let (winner, loser) = two();
        assert_eq!(merge(&winner, &winner, &[]).expect_err("itself").code(), WITH_ITSELF);
        let person = party(3, json!({"name": "P", "kind": "person"}));
        assert_eq!(merge(&winner, &person, &[]).expect_err("kinds").code(), KINDS_DIFFER);
        let gone = Party { merged_into: Some(winner.id), ..loser.clone() };
        assert_eq!(merge(&winner, &gone, &[]).expect_err("merged").code(), super::super::parties::MERGED);
        let many: Vec<Value> = (0..20).map(|i| json!({"address": format!("m{i}@x.org")})).collect();
        let full = party(4, json!({"name": "F", "emails": many}));
        assert_eq!(merge(&full, &loser, &[]).expect_err("full").code(), TOO_LARGE);
        let merge = merge(&winner, &loser, &[]).expect("merged");
        assert!(merge.check_undoable(DateTime::UNIX_EPOCH + TimeDelta::days(30)).is_ok());
        assert_eq!(merge.check_undoable(DateTime::UNIX_EPOCH + TimeDelta::days(31)).expect_err("late").code(), TOO_LATE);
    }

    #[test]
    fn the_winner_takes_the_place_of_a_loser_above_it() {
        let (winner, loser) = two();
        let top = party(9, json!({"name": "Top"})).id;
        let below = Party { parent_id: Some(loser.id), ..winner };
        let above = Party { parent_id: Some(top), ..loser };
        assert_eq!(merge(&below, &above, &[]).expect("merged").winner_after.parent_id, Some(top));
        let far = Party { parent_id: Some(party(8, json!({"name": "Between"})).id), ..below };
        let decide = |w: &Party, l: &Party, places| {
            PartyMerge::decide(PartyMergeId::from_uuid(Uuid::nil()), w, l, &[], places, DateTime::UNIX_EPOCH)
        };
        assert_eq!(decide(&far, &above, Places::WinnerBelow).expect("merged").winner_after.parent_id, Some(top));
        let head = Party { parent_id: None, ..above };
        assert_eq!(decide(&head, &far, Places::LoserBelow).expect("merged").winner_after.parent_id, None);
    }

    #[test]
    fn taking_back_keeps_what_happened_since() {
        let (winner, loser) = two();
        let merge = merge(&winner, &loser, &[MergeField::Name]).expect("merged");
        let (back, lost) = merge.undo(&merge.winner_after, &merge.tombstone(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH).expect("undone");
        assert_eq!((back, lost), (winner.clone(), loser.clone()));
        let mut changed = merge.winner_after.clone();
        changed.website = Some("https://acme.example".into());
        changed.tags.push(super::super::tags::Tag("new".into()));
        changed.metadata.insert("m".into(), "since".into());
        let (back, _) = merge.undo(&changed, &merge.tombstone(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH).expect("undone");
        let tags: Vec<_> = back.tags.iter().map(|t| &*t.0).collect();
        assert_eq!((&*back.name, back.website.as_deref(), tags), ("Acme", Some("https://acme.example"), vec!["one", "new"]));
        assert_eq!(back.metadata.keys().map(String::as_str).collect::<Vec<_>>(), ["k", "m"]);
        assert_eq!((back.emails, back.is_vendor), (winner.emails, false));
    }

    proptest! {
        #[test]
        fn what_is_taken_back_at_once_is_as_before(mine in "[a-z]{1,8}", theirs in "[a-z]{1,8}", tags in proptest::collection::vec("[a-c]", 0..4), more in proptest::collection::vec("[a-e]", 0..4)) {
            let winner = party(1, json!({"name": mine, "tags": tags}));
            let loser = party(2, json!({"name": theirs, "tags": more, "website": "https://x.example"}));
            let merge = merge(&winner, &loser, &[MergeField::Name]).expect("merged");
            let (back, lost) = merge.undo(&merge.winner_after, &merge.tombstone(DateTime::UNIX_EPOCH), DateTime::UNIX_EPOCH).expect("undone");
            prop_assert_eq!((back, lost), (winner, loser));
        }
    }
}
