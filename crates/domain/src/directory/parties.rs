//! People and organisations the company deals with. One party is customer and vendor at once, each with its own terms.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::addresses::{self, Address};
use super::companies::Company;
use super::emails::{self, EmailAddress};
use super::external_ids::{self, ExternalId};
use super::personal_data::ERASED;
use super::phones::{self, PhoneNumber};
use super::tags::{self, Tag};
pub use super::terms::{Blocked, TaxStatus, TradeTerms};
use super::terms::{NEGATIVE_CREDIT_LIMIT, TradeTermsPatch};
use super::{currencies, search};
use crate::ids::PartyId;
use crate::kernel::{Code, Findings, Result, problems};

crate::words! {
    /// What a party is.
    pub enum PartyKind {
        Organisation = "organisation",
        Person = "person",
    }
    /// What an address is used for.
    pub enum AddressPurpose {
        Billing = "billing",
        Shipping = "shipping",
        Tax = "tax",
    }
}

/// Somebody with the same e-mail address or tax number exists; the candidates are in `errors`.
pub const POSSIBLE_DUPLICATE: Code = Code::conflict("party.possible_duplicate", "A party like this exists already.");
/// The party is blocked for what was asked.
pub const BLOCKED: Code = Code::conflict("party.blocked", "The party is blocked.");
/// The party is archived.
pub const ARCHIVED: Code = Code::conflict("party.archived", "The party is archived.");
/// The party was merged into another one and cannot be changed.
pub const MERGED: Code = Code::conflict("party.merged", "The party was merged into another one.");
/// The party is not a customer.
pub const NOT_A_CUSTOMER: Code = Code::invalid("party.not_a_customer", "The party is not a customer.");
/// A party cannot be above itself.
pub const CYCLE: Code = Code::invalid("party.cycle", "A party cannot be its own ancestor.");
/// The hierarchy is deeper than allowed.
pub const TOO_DEEP: Code = Code::invalid("party.hierarchy_too_deep", "The hierarchy has too many levels.");
/// Two addresses are primary for one purpose.
pub const TWO_PRIMARY_ADDRESSES: Code = Code::invalid("party.two_primary_addresses", "Only one address can be primary for a purpose.");
/// What the rules of a party can answer on writing it.
pub const REFUSALS: &[Code] = &[
    POSSIBLE_DUPLICATE,
    MERGED,
    ERASED,
    CYCLE,
    TOO_DEEP,
    TWO_PRIMARY_ADDRESSES,
    NEGATIVE_CREDIT_LIMIT,
    emails::INVALID_EMAIL,
    emails::DUPLICATE_EMAIL,
    phones::INVALID_PHONE,
    external_ids::DUPLICATE_EXTERNAL_ID,
    addresses::UNKNOWN_COUNTRY,
    crate::identity::users::DISABLED,
    currencies::UNKNOWN_CURRENCY,
];
/// A party by the id that another system uses for it: changed when there is one, else created.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertParty {
    /// By which id it is known. It is kept among the party's external ids.
    pub external_id: ExternalId,
    /// What is to be written. Fields left out stay as they are; to create a party, `name` is needed.
    pub party: PartyPatch,
    /// Create it although a party with the same e-mail address or tax number exists.
    #[serde(default)]
    pub allow_duplicate: bool,
}

/// What an upsert did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UpsertedParty {
    /// Whether there was no such party before.
    pub created: bool,
    /// The party as it is now.
    pub party: Party,
}

/// Levels of a hierarchy at most.
pub const DEEPEST: usize = 32;

/// An address of a party and what it is used for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyAddress {
    /// What it is used for.
    pub purpose: AddressPurpose,
    /// The one to use first for this purpose. When none is, the first of the purpose becomes it.
    #[serde(default)]
    pub primary: bool,
    /// The address.
    pub address: Address,
}

/// A person or organisation the company deals with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Party {
    /// The id.
    pub id: PartyId,
    /// What it is.
    pub kind: PartyKind,
    /// Short unique code.
    #[schema(required, max_length = 50, example = "ALFKI")]
    pub code: Option<String>,
    /// Name in daily use.
    #[schema(min_length = 1, max_length = 200, example = "Alfreds Futterkiste")]
    pub name: String,
    /// Name in the register.
    #[schema(required, max_length = 200)]
    pub legal_name: Option<String>,
    /// Tax registration number.
    #[schema(required, max_length = 50)]
    pub tax_id: Option<String>,
    /// Whether things are sold to it.
    pub is_customer: bool,
    /// Whether things are bought from it.
    pub is_vendor: bool,
    /// Terms when it is a customer.
    pub customer_terms: TradeTerms,
    /// Terms when it is a vendor.
    pub vendor_terms: TradeTerms,
    /// Addresses by purpose. Documents copy them.
    #[schema(max_items = 50)]
    pub addresses: Vec<PartyAddress>,
    /// E-mail addresses.
    #[schema(max_items = 20)]
    pub emails: Vec<EmailAddress>,
    /// Phone numbers.
    #[schema(max_items = 20)]
    pub phones: Vec<PhoneNumber>,
    /// Web site.
    #[schema(required, max_length = 300, example = "https://example.com")]
    pub website: Option<String>,
    /// How other systems call it.
    #[schema(max_items = 20)]
    pub external_ids: Vec<ExternalId>,
    /// The party above it, such as the head office.
    #[schema(required)]
    pub parent_id: Option<PartyId>,
    /// The user who looks after it.
    #[schema(required)]
    pub owner_id: Option<crate::ids::UserId>,
    /// Words to find it by.
    #[schema(max_items = 50)]
    pub tags: Vec<Tag>,
    /// Free text by key.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was archived; archived parties cannot be put on new documents.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// The party it was merged into. It stands for this one everywhere; this one is kept as a tombstone and is not changed.
    #[serde(default)]
    #[schema(required)]
    pub merged_into: Option<PartyId>,
    /// When its personal data was erased. It is not changed any more.
    #[serde(default)]
    #[schema(required)]
    pub erased_at: Option<DateTime<Utc>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
}

crate::entity! {
    Party, PartyId, "party", party: |p| Some(p.id), merged: |p| p.merged_into,
    actions: |p| match (p.erased_at, p.merged_into, p.archived_at) {
        (Some(_), ..) => vec![],
        (None, Some(_), _) => vec!["unmerge"],
        (None, None, Some(_)) => vec!["restore"],
        (None, None, None) => vec!["archive"],
    }
}
crate::archivable! { Party }

/// A person or organisation to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewParty {
    /// What it is; `organisation` when left out.
    #[serde(default = "organisation")]
    pub kind: PartyKind,
    /// Short unique code.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 50, example = "ALFKI")]
    pub code: Option<String>,
    /// Name in daily use.
    #[schema(min_length = 1, max_length = 200, example = "Alfreds Futterkiste")]
    pub name: String,
    /// Name in the register.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub legal_name: Option<String>,
    /// Tax registration number.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub tax_id: Option<String>,
    /// Whether things are sold to it; false when left out.
    #[serde(default)]
    pub is_customer: bool,
    /// Whether things are bought from it; false when left out.
    #[serde(default)]
    pub is_vendor: bool,
    /// Terms when it is a customer.
    #[serde(default)]
    pub customer_terms: TradeTerms,
    /// Terms when it is a vendor.
    #[serde(default)]
    pub vendor_terms: TradeTerms,
    /// Addresses by purpose.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub addresses: Vec<PartyAddress>,
    /// E-mail addresses.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub emails: Vec<EmailAddress>,
    /// Phone numbers.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub phones: Vec<PhoneNumber>,
    /// Web site.
    #[serde(default)]
    #[schema(max_length = 300, pattern = "^https?://[^ ]+$", example = "https://example.com")]
    pub website: Option<String>,
    /// How other systems call it.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_ids: Vec<ExternalId>,
    /// The party above it.
    #[serde(default)]
    pub parent_id: Option<PartyId>,
    /// The user who looks after it.
    #[serde(default)]
    pub owner_id: Option<crate::ids::UserId>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub tags: Vec<Tag>,
    /// Free text by key.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Create it although a party with the same e-mail address or tax number exists.
    #[serde(default)]
    pub allow_duplicate: bool,
}

fn organisation() -> PartyKind {
    PartyKind::Organisation
}

crate::patch! {
    /// Changes to a party. Lists are replaced as a whole, terms member by member.
    pub struct PartyPatch for Party {
        /// What it is.
        set kind: PartyKind,
        /// Short unique code.
        clear code: String [min_length = 1, max_length = 50],
        /// Name in daily use.
        set name: String [min_length = 1, max_length = 200],
        /// Name in the register.
        clear legal_name: String [max_length = 200],
        /// Tax registration number.
        clear tax_id: String [max_length = 50],
        /// Whether things are sold to it.
        set is_customer: bool,
        /// Whether things are bought from it.
        set is_vendor: bool,
        /// Terms when it is a customer.
        merge customer_terms: TradeTermsPatch,
        /// Terms when it is a vendor.
        merge vendor_terms: TradeTermsPatch,
        /// Addresses by purpose.
        set addresses: Vec<PartyAddress> [max_items = 50],
        /// E-mail addresses.
        set emails: Vec<EmailAddress> [max_items = 20],
        /// Phone numbers.
        set phones: Vec<PhoneNumber> [max_items = 20],
        /// Web site.
        clear website: String [max_length = 300, pattern = "^https?://[^ ]+$"],
        /// How other systems call it.
        set external_ids: Vec<ExternalId> [max_items = 20],
        /// The party above it.
        clear parent_id: PartyId,
        /// The user who looks after it.
        clear owner_id: crate::ids::UserId,
        /// Words to find it by.
        set tags: Vec<Tag> [max_items = 50],
        /// Free text by key.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Party {
    /// A party with its lists in normal form.
    pub fn new(id: PartyId, new: NewParty, now: DateTime<Utc>) -> Result<Self> {
        let party = Self {
            kind: new.kind,
            code: new.code,
            legal_name: new.legal_name,
            tax_id: new.tax_id,
            is_customer: new.is_customer,
            is_vendor: new.is_vendor,
            customer_terms: new.customer_terms,
            vendor_terms: new.vendor_terms,
            addresses: new.addresses,
            emails: new.emails,
            phones: new.phones,
            website: new.website,
            external_ids: new.external_ids,
            parent_id: new.parent_id,
            owner_id: new.owner_id,
            tags: new.tags,
            metadata: new.metadata,
            ..Self::blank(id, new.name, now)
        };
        party.tidied()
    }
    /// A party from a patch that is known under an external id; the name is needed.
    pub fn from_patch(id: PartyId, known_as: ExternalId, patch: PartyPatch, now: DateTime<Utc>) -> Result<Self> {
        let name = patch.name.clone().ok_or_else(|| problems::invalid_body.field("/name", "To create a party, its name is needed."))?;
        Self::blank(id, name, now).change_known_as(known_as, patch, now)
    }
    /// The party with these changes, known under an external id.
    pub fn change_known_as(mut self, known_as: ExternalId, patch: PartyPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        if !self.external_ids.contains(&known_as) {
            self.external_ids.push(known_as);
        }
        self.updated_at = now;
        self.tidied()
    }
    fn blank(id: PartyId, name: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            kind: organisation(),
            code: None,
            name,
            legal_name: None,
            tax_id: None,
            is_customer: false,
            is_vendor: false,
            customer_terms: TradeTerms::default(),
            vendor_terms: TradeTerms::default(),
            addresses: Vec::new(),
            emails: Vec::new(),
            phones: Vec::new(),
            website: None,
            external_ids: Vec::new(),
            parent_id: None,
            owner_id: None,
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            archived_at: None,
            merged_into: None,
            erased_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }
    /// The party with these changes.
    pub fn change(mut self, patch: PartyPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    /// Brings names and lists into normal form and refuses what is wrong, all at once.
    pub(super) fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        self.name = self.name.trim().to_string();
        if self.name.is_empty() {
            found.add(problems::invalid_body, "/name", "It must not be empty.");
        }
        if self.parent_id == Some(self.id) {
            found.add(CYCLE, "/parent_id", "A party cannot be above itself.");
        }
        found.take("/customer_terms", self.customer_terms.check());
        found.take("/vendor_terms", self.vendor_terms.check());
        for (i, a) in self.addresses.iter().enumerate() {
            found.take(&format!("/addresses/{i}/address"), a.address.check());
            if a.primary && self.addresses[..i].iter().any(|b| b.primary && b.purpose == a.purpose) {
                found.add(TWO_PRIMARY_ADDRESSES, format!("/addresses/{i}/primary"), format!("Another {} address is primary.", a.purpose));
            }
        }
        found.take("/external_ids", external_ids::check_all(&self.external_ids));
        if let Some(list) = found.take("/emails", emails::normalise_all(std::mem::take(&mut self.emails))) {
            self.emails = list;
        }
        let country = self.country().map(str::to_string);
        if let Some(list) = found.take("/phones", phones::normalise_all(std::mem::take(&mut self.phones), country.as_deref())) {
            self.phones = list;
        }
        found.done()?;
        for purpose in AddressPurpose::ALL {
            if !self.addresses.iter().any(|a| a.purpose == *purpose && a.primary)
                && let Some(first) = self.addresses.iter_mut().find(|a| a.purpose == *purpose)
            {
                first.primary = true;
            }
        }
        self.tags = tags::tidy(self.tags);
        Ok(self)
    }
    /// The text it is found by.
    pub fn search_text(&self) -> String {
        if self.merged_into.is_some() || self.erased_at.is_some() {
            return String::new();
        }
        let names = [Some(&self.name), self.legal_name.as_ref(), self.code.as_ref(), self.tax_id.as_ref()];
        let parts = names.into_iter().flatten().map(String::as_str);
        let emails = self.emails.iter().map(|e| &*e.address);
        let phones = self.phones.iter().map(|p| &*p.normalised);
        search::text_of(parts.chain(emails).chain(phones).chain(self.external_ids.iter().map(|e| &*e.id)))
    }
    /// Whether the party may stand below its parent; `ancestors` are that parent and everything above it, from below,
    /// `levels_below` what already hangs under the party. Refuses circles and more than [`DEEPEST`] levels.
    pub fn check_parent(&self, ancestors: &[PartyId], levels_below: usize) -> Result<()> {
        if ancestors.contains(&self.id) {
            return Err(CYCLE.field("/parent_id", "This party is above the one it would be put below."));
        }
        if ancestors.len() + levels_below >= DEEPEST {
            return Err(TOO_DEEP.field("/parent_id", format!("A hierarchy has at most {DEEPEST} levels.")));
        }
        Ok(())
    }
    /// The country where it is: that of its billing address, else of its first address.
    pub fn country(&self) -> Option<&str> {
        let of = |wanted: fn(&PartyAddress) -> bool| self.addresses.iter().find(|a| wanted(a)).map(|a| &*a.address.country);
        let billing = |a: &PartyAddress| a.purpose == AddressPurpose::Billing;
        of(|a| a.purpose == AddressPurpose::Billing && a.primary).or_else(|| of(billing)).or_else(|| of(|_| true))
    }
    /// The primary address for a purpose; a billing address stands in for the others.
    pub fn address_for(&self, purpose: AddressPurpose) -> Option<&Address> {
        let of = |p: AddressPurpose| self.addresses.iter().find(|a| a.purpose == p && a.primary);
        of(purpose).or_else(|| of(AddressPurpose::Billing)).map(|a| &a.address)
    }
    /// Refuses a party that is no customer, is archived or is blocked from new orders; `pointer` names the reference.
    pub fn check_orderable(&self, pointer: &str) -> Result<()> {
        self.check_customer(pointer)?;
        self.check_block(self.customer_terms.blocked, Blocked::All, "orders", pointer)
    }
    /// Refuses a customer to whom nothing may be shipped.
    pub fn check_shippable(&self, pointer: &str) -> Result<()> {
        self.check_block(self.customer_terms.blocked, Blocked::Ship, "shipments", pointer)
    }
    /// Refuses a customer to whom no invoice may be written.
    pub fn check_invoiceable(&self, pointer: &str) -> Result<()> {
        self.check_block(self.customer_terms.blocked, Blocked::Invoice, "invoices", pointer)
    }
    /// Refuses a party that is no customer or is archived.
    pub fn check_customer(&self, pointer: &str) -> Result<()> {
        self.check_usable(pointer)?;
        match self.is_customer {
            true => Ok(()),
            false => Err(NOT_A_CUSTOMER.field(pointer, format!("{} is not a customer.", self.name))),
        }
    }
    /// Refuses an archived party on a new document.
    pub fn check_usable(&self, pointer: &str) -> Result<()> {
        if let Some(other) = self.merged_into {
            return Err(ARCHIVED.field(pointer, format!("{} was merged into {other}.", self.name)));
        }
        match self.archived_at {
            Some(_) => Err(ARCHIVED.field(pointer, format!("{} is archived.", self.name))),
            None => Ok(()),
        }
    }
    fn check_block(&self, blocked: Blocked, from: Blocked, what: &str, pointer: &str) -> Result<()> {
        // `Blocked` is ordered from nothing to everything.
        match blocked >= from {
            true => Err(BLOCKED.field(pointer, format!("{} is blocked ({blocked}): no {what}.", self.name))),
            false => Ok(()),
        }
    }
    /// Currency of a new document for it as a customer.
    pub fn sales_currency(&self, company: &Company) -> String {
        self.customer_terms.currency.clone().unwrap_or_else(|| company.currency.clone())
    }
    /// Days until its invoices are due.
    pub fn customer_days(&self, company: &Company) -> i32 {
        self.customer_terms.payment_terms_days.unwrap_or(company.payment_terms_days)
    }
    /// Refuses to change a party that was merged into another one, or erased.
    pub fn check_changeable(&self) -> Result<()> {
        match (self.erased_at, self.merged_into) {
            (Some(at), _) => Err(ERASED.with(format!("It was erased at {}.", at.to_rfc3339()))),
            (None, Some(other)) => Err(MERGED.with(format!("{} was merged into {other}; change that one.", self.name))),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "parties_tests.rs"]
mod tests;
