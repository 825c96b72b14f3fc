//! Segments: named audiences of parties, contacts or leads, listed by hand or found by a filter.

pub mod filters;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ids::{CompanyId, ContactId, LeadId, PartyId, SegmentId, SegmentMemberId};
use crate::kernel::{Code, Id, Result};
use crate::marketing::segments::filters::SegmentFilter;

crate::words! {
    /// How a segment knows its members.
    pub enum SegmentKind {
        /// Listed by hand.
        Static = "static",
        /// Found by a filter, anew each time.
        Dynamic = "dynamic",
    }
    /// Whom a segment consists of.
    pub enum SegmentAudience {
        /// People and organisations.
        Parties = "parties",
        /// People at organisations.
        Contacts = "contacts",
        /// Those who may become customers.
        Leads = "leads",
    }
    /// What a member is.
    pub enum MemberKind as SegmentMemberKind {
        Party = "party",
        Contact = "contact",
        Lead = "lead",
    }
}

/// Dynamic segments have a filter, static ones have none.
pub const FILTER_FOR_DYNAMIC: Code = Code::invalid("segment.filter_for_dynamic", "A dynamic segment has a filter, a static one has none.");
/// Only static segments take members by hand.
pub const NOT_STATIC: Code = Code::conflict("segment.not_static", "Only a static segment takes members by hand.");
/// The members are not of the segment's audience.
pub const WRONG_MEMBERS: Code = Code::invalid("segment.wrong_members", "The members are not of the segment's audience.");
/// The name is taken in this company.
pub const NAME_TAKEN: Code = Code::conflict("segment.name_taken", "The company has a segment of this name.");

impl SegmentAudience {
    /// What its members are.
    pub fn member(self) -> MemberKind {
        match self {
            Self::Parties => MemberKind::Party,
            Self::Contacts => MemberKind::Contact,
            Self::Leads => MemberKind::Lead,
        }
    }
}

/// A named audience.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Segment {
    /// The id.
    pub id: SegmentId,
    /// The company that uses it; figures of orders and invoices are those of this company.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 200, example = "Customers who fell asleep")]
    pub name: String,
    /// How it knows its members.
    pub kind: SegmentKind,
    /// Whom it consists of.
    pub audience: SegmentAudience,
    /// The filter of a dynamic segment; null for a static one.
    #[schema(required, value_type = Option<Object>)]
    pub filter: Option<serde_json::Value>,
    /// Members at the last evaluation.
    #[schema(required, minimum = 0, maximum = 9007199254740991i64)]
    pub member_count: Option<i64>,
    /// When they were last counted.
    #[schema(required)]
    pub evaluated_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Segment, SegmentId, "segment", company: |s| Some(s.company_id),
actions: |s| match s.kind { SegmentKind::Static => vec!["evaluate", "add-members", "remove-members"], SegmentKind::Dynamic => vec!["evaluate"] } }

/// Somebody in a segment, as campaigns see them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SegmentMember {
    /// The id.
    pub id: SegmentMemberId,
    /// What it is.
    pub kind: MemberKind,
    /// The company of a lead; null for parties and contacts.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// The party.
    #[schema(required)]
    pub party_id: Option<PartyId>,
    /// The contact.
    #[schema(required)]
    pub contact_id: Option<ContactId>,
    /// The lead.
    #[schema(required)]
    pub lead_id: Option<LeadId>,
    /// The name.
    #[schema(max_length = 450)]
    pub name: String,
    /// The primary e-mail address.
    #[schema(required, max_length = 254)]
    pub email: Option<String>,
    /// The country, ISO 3166-1 alpha-2.
    #[schema(required, max_length = 2)]
    pub country: Option<String>,
}

/// A segment to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSegment {
    /// The company that uses it.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Customers who fell asleep")]
    pub name: String,
    /// How it knows its members.
    pub kind: SegmentKind,
    /// Whom it consists of; parties when left out.
    #[serde(default = "parties")]
    pub audience: SegmentAudience,
    /// The filter of a dynamic segment: `{"all": […]}`, `{"any": […]}`, `{"not": …}` or a test `{"field", "op", "value"}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub filter: Option<serde_json::Value>,
}

fn parties() -> SegmentAudience {
    SegmentAudience::Parties
}

crate::patch! {
    /// Changes to a segment. Its kind and audience stay.
    pub struct SegmentPatch for Segment {
        /// What it is called.
        set name: String [min_length = 1, max_length = 200],
        /// The filter of a dynamic segment; replaced whole.
        clear filter: serde_json::Value,
    }
}

/// Members of a static segment; only ids of its audience.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentMembers {
    /// Parties.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub party_ids: Vec<PartyId>,
    /// Contacts.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub contact_ids: Vec<ContactId>,
    /// Leads.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub lead_ids: Vec<LeadId>,
}

impl Segment {
    /// A new segment. Fails with [`FILTER_FOR_DYNAMIC`] and [`filters::REFUSALS`].
    pub fn new(id: SegmentId, new: NewSegment, now: DateTime<Utc>) -> Result<Self> {
        let segment = Self {
            id,
            company_id: new.company_id,
            name: new.name.trim().to_string(),
            kind: new.kind,
            audience: new.audience,
            filter: new.filter,
            member_count: None,
            evaluated_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        segment.read_filter()?;
        Ok(segment)
    }
    /// The filter, read; none for a static segment.
    pub fn read_filter(&self) -> Result<Option<SegmentFilter>> {
        match (self.kind, &self.filter) {
            (SegmentKind::Static, None) => Ok(None),
            (SegmentKind::Dynamic, Some(filter)) => filters::read(filter, self.audience).map(Some),
            _ => Err(FILTER_FOR_DYNAMIC.field("/filter", "A dynamic segment has a filter, a static one has none.")),
        }
    }
    /// The segment with these changes.
    pub fn change(mut self, patch: SegmentPatch, now: DateTime<Utc>) -> Result<Self> {
        let before = self.filter.clone();
        patch.apply(&mut self);
        self.name = self.name.trim().to_string();
        self.read_filter()?;
        if self.filter != before {
            (self.member_count, self.evaluated_at) = (None, None);
        }
        self.updated_at = now;
        Ok(self)
    }
    /// Counted at a moment.
    pub fn evaluated(mut self, members: i64, now: DateTime<Utc>) -> Self {
        self.member_count = Some(members);
        self.evaluated_at = Some(now);
        self.updated_at = now;
        self
    }
    /// The ids to add or remove. Fails with [`NOT_STATIC`] and [`WRONG_MEMBERS`].
    pub fn ids_of(&self, members: &SegmentMembers) -> Result<Vec<Uuid>> {
        if self.kind != SegmentKind::Static {
            return Err(NOT_STATIC.with("The members of a dynamic segment follow from its filter."));
        }
        let lists: [(SegmentAudience, &str, Vec<Uuid>); 3] = [
            (SegmentAudience::Parties, "/party_ids", members.party_ids.iter().map(|i| i.uuid()).collect()),
            (SegmentAudience::Contacts, "/contact_ids", members.contact_ids.iter().map(|i| i.uuid()).collect()),
            (SegmentAudience::Leads, "/lead_ids", members.lead_ids.iter().map(|i| i.uuid()).collect()),
        ];
        let mut own = Vec::new();
        for (audience, place, ids) in lists {
            if audience == self.audience {
                own = ids;
            } else if !ids.is_empty() {
                return Err(WRONG_MEMBERS.field(place, format!("The segment consists of {}.", self.audience)));
            }
        }
        own.sort_unstable();
        own.dedup();
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn new(kind: SegmentKind, filter: Option<serde_json::Value>) -> Result<Segment> {
        let company_id = Id::from_uuid(Uuid::from_u128(1));
        let new = NewSegment { company_id, name: "x".into(), kind, audience: SegmentAudience::Parties, filter };
        Segment::new(Id::from_uuid(Uuid::from_u128(2)), new, Default::default())
    }

    #[test]
    fn a_filter_belongs_to_a_dynamic_segment() {
        let filter = json!({"field": "name", "op": "contains", "value": "a"});
        assert_eq!(new(SegmentKind::Static, Some(filter.clone())).expect_err("static").code(), FILTER_FOR_DYNAMIC);
        assert_eq!(new(SegmentKind::Dynamic, None).expect_err("dynamic").code(), FILTER_FOR_DYNAMIC);
        let counted = new(SegmentKind::Dynamic, Some(filter)).expect("valid").evaluated(7, Default::default());
        let other = json!({"field": "name", "op": "contains", "value": "b"});
        let changed = counted.clone().change(SegmentPatch { filter: Some(Some(other)), ..Default::default() }, Default::default());
        assert_eq!((counted.member_count, changed.expect("valid").member_count), (Some(7), None));
    }

    #[test]
    fn a_static_segment_takes_members_of_its_audience() {
        let segment = new(SegmentKind::Static, None).expect("valid");
        let one: PartyId = Id::from_uuid(Uuid::from_u128(7));
        let members = SegmentMembers { party_ids: vec![one, one], ..Default::default() };
        assert_eq!(segment.ids_of(&members).expect("valid"), [one.uuid()]);
        let wrong = SegmentMembers { lead_ids: vec![Id::from_uuid(Uuid::from_u128(7))], ..Default::default() };
        assert_eq!(segment.ids_of(&wrong).expect_err("leads").code(), WRONG_MEMBERS);
        let dynamic = new(SegmentKind::Dynamic, Some(json!({"field": "name", "op": "contains", "value": "a"}))).expect("valid");
        assert_eq!(dynamic.ids_of(&members).expect_err("dynamic").code(), NOT_STATIC);
    }
}
