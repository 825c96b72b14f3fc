//! People, whomever they work for. What ties a person to a party is a relationship, not a field of the person.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::addresses::{self, Address};
use super::emails::{self, EmailAddress};
use super::external_ids::{self, ExternalId};
use super::personal_data::ERASED;
use super::phones::{self, PhoneNumber};
use super::search;
use super::tags::{self, Tag};
use crate::ids::{ContactId, UserId};
use crate::kernel::{Code, Findings, Result, problems};

/// Somebody with the same e-mail address exists; the candidates are in `errors`.
pub const POSSIBLE_DUPLICATE: Code = Code::conflict("contact.possible_duplicate", "A contact like this exists already.");
/// The language is not a tag such as `de` or `pt-BR`.
pub const INVALID_LANGUAGE: Code = Code::invalid("contact.invalid_language", "This is not a language tag.");
/// It was merged into another one.
pub const MERGED: Code = Code::conflict("contact.merged", "The contact was merged into another one.");
/// What the rules of a contact can answer on writing it.
pub const REFUSALS: &[Code] = &[
    POSSIBLE_DUPLICATE,
    ERASED,
    MERGED,
    INVALID_LANGUAGE,
    emails::INVALID_EMAIL,
    emails::DUPLICATE_EMAIL,
    phones::INVALID_PHONE,
    external_ids::DUPLICATE_EXTERNAL_ID,
    addresses::UNKNOWN_COUNTRY,
    crate::identity::users::DISABLED,
];

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// The id.
    pub id: ContactId,
    /// Given name.
    #[schema(required, max_length = 100, example = "Maria")]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(min_length = 1, max_length = 100, example = "Anders")]
    pub last_name: String,
    /// Both names, as shown in lists.
    #[schema(max_length = 201, example = "Maria Anders")]
    pub name: String,
    /// Form of address or title, such as Dr.
    #[schema(required, max_length = 50)]
    pub salutation: Option<String>,
    /// Language to write in, as a tag such as `de` or `pt-BR`.
    #[schema(required, max_length = 20, example = "de")]
    pub language: Option<String>,
    /// E-mail addresses.
    #[schema(max_items = 20)]
    pub emails: Vec<EmailAddress>,
    /// Phone numbers.
    #[schema(max_items = 20)]
    pub phones: Vec<PhoneNumber>,
    /// Postal address, when it is not that of a party.
    #[schema(required)]
    pub address: Option<Address>,
    /// How other systems call this person.
    #[schema(max_items = 20)]
    pub external_ids: Vec<ExternalId>,
    /// The user who looks after this person.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// Words to find the person by.
    #[schema(max_items = 50)]
    pub tags: Vec<Tag>,
    /// Free text by key.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When the contact was archived.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// The contact that this one was merged into. The contact is not changed any more.
    #[schema(required)]
    pub merged_into: Option<ContactId>,
    /// When the personal data was erased. The contact is not changed any more.
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

crate::entity! { Contact, ContactId, "contact", merged: |c| c.merged_into, actions: |c| match (c.erased_at, c.merged_into, c.archived_at) {
    (Some(_), ..) => vec![],
    (None, Some(_), _) => vec!["unmerge"],
    (None, None, Some(_)) => vec!["restore"],
    (None, None, None) => vec!["archive"],
} }
crate::archivable! { Contact }

/// A person to create.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// Given name.
    #[serde(default)]
    #[schema(max_length = 100, example = "Maria")]
    pub first_name: Option<String>,
    /// Family name.
    #[schema(min_length = 1, max_length = 100, example = "Anders")]
    pub last_name: String,
    /// Form of address or title.
    #[serde(default)]
    #[schema(max_length = 50)]
    pub salutation: Option<String>,
    /// Language to write in, as a tag such as `de` or `pt-BR`.
    #[serde(default)]
    #[schema(max_length = 20, example = "de")]
    pub language: Option<String>,
    /// E-mail addresses.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub emails: Vec<EmailAddress>,
    /// Phone numbers.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub phones: Vec<PhoneNumber>,
    /// Postal address, when it is not that of a party.
    #[serde(default)]
    pub address: Option<Address>,
    /// How other systems call this person.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_ids: Vec<ExternalId>,
    /// The user who looks after this person.
    #[serde(default)]
    pub owner_id: Option<UserId>,
    /// Words to find the person by.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub tags: Vec<Tag>,
    /// Free text by key.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Create it although a contact with the same e-mail address exists.
    #[serde(default)]
    pub allow_duplicate: bool,
}

crate::patch! {
    /// Changes to a contact. Lists are replaced as a whole.
    pub struct ContactPatch for Contact {
        /// Given name.
        clear first_name: String [max_length = 100],
        /// Family name.
        set last_name: String [min_length = 1, max_length = 100],
        /// Form of address or title.
        clear salutation: String [max_length = 50],
        /// Language to write in.
        clear language: String [max_length = 20],
        /// E-mail addresses.
        set emails: Vec<EmailAddress> [max_items = 20],
        /// Phone numbers.
        set phones: Vec<PhoneNumber> [max_items = 20],
        /// Postal address.
        clear address: Address,
        /// How other systems call this person.
        set external_ids: Vec<ExternalId> [max_items = 20],
        /// The user who looks after this person.
        clear owner_id: UserId,
        /// Words to find the person by.
        set tags: Vec<Tag> [max_items = 50],
        /// Free text by key.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

/// A contact by the id that another system uses for it: changed when there is one, else created.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertContact {
    /// By which id the person is known. It is kept among the contact's external ids.
    pub external_id: ExternalId,
    /// What is to be written. Fields left out stay as they are; to create a contact, `last_name` is needed.
    pub contact: ContactPatch,
    /// Create it although a contact with the same e-mail address exists.
    #[serde(default)]
    pub allow_duplicate: bool,
}

/// What an upsert did.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UpsertedContact {
    /// Whether there was no such contact before.
    pub created: bool,
    /// The contact as it is now.
    pub contact: Contact,
}

impl Contact {
    /// A person from a patch who is known under an external id; the last name is needed.
    pub fn from_patch(id: ContactId, known_as: ExternalId, patch: ContactPatch, now: DateTime<Utc>) -> Result<Self> {
        let needed = || problems::invalid_body.field("/last_name", "To create a contact, its last name is needed.");
        let last_name = patch.last_name.clone().ok_or_else(needed)?;
        let blank = Self {
            id,
            first_name: None,
            last_name,
            name: String::new(),
            salutation: None,
            language: None,
            emails: Vec::new(),
            phones: Vec::new(),
            address: None,
            external_ids: Vec::new(),
            owner_id: None,
            tags: Vec::new(),
            metadata: BTreeMap::new(),
            archived_at: None,
            merged_into: None,
            erased_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        blank.change_known_as(known_as, patch, now)
    }
    /// The person with these changes, known under an external id.
    pub fn change_known_as(mut self, known_as: ExternalId, patch: ContactPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        if !self.external_ids.contains(&known_as) {
            self.external_ids.push(known_as);
        }
        self.updated_at = now;
        self.tidied()
    }
    /// A person with lists in normal form.
    pub fn new(id: ContactId, new: NewContact, now: DateTime<Utc>) -> Result<Self> {
        let contact = Self {
            id,
            first_name: new.first_name,
            last_name: new.last_name,
            name: String::new(),
            salutation: new.salutation,
            language: new.language,
            emails: new.emails,
            phones: new.phones,
            address: new.address,
            external_ids: new.external_ids,
            owner_id: new.owner_id,
            tags: new.tags,
            metadata: new.metadata,
            archived_at: None,
            merged_into: None,
            erased_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        contact.tidied()
    }
    /// The person with these changes.
    pub fn change(mut self, patch: ContactPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.tidied()
    }
    pub(super) fn tidied(mut self) -> Result<Self> {
        let mut found = Findings::default();
        self.last_name = self.last_name.trim().to_string();
        self.first_name = self.first_name.map(|n| n.trim().to_string()).filter(|n| !n.is_empty());
        self.name = match &self.first_name {
            Some(first) => format!("{first} {}", self.last_name),
            None => self.last_name.clone(),
        };
        if self.last_name.is_empty() {
            found.add(problems::invalid_body, "/last_name", "It must not be empty.");
        }
        if self.language.as_deref().is_some_and(|l| !is_language(l)) {
            found.add(INVALID_LANGUAGE, "/language", "A tag is like `de` or `pt-BR`.");
        }
        if let Some(address) = &self.address {
            found.take("/address", address.check());
        }
        found.take("/external_ids", external_ids::check_all(&self.external_ids));
        if let Some(list) = found.take("/emails", emails::normalise_all(std::mem::take(&mut self.emails))) {
            self.emails = list;
        }
        let country = self.address.as_ref().map(|a| a.country.clone());
        if let Some(list) = found.take("/phones", phones::normalise_all(std::mem::take(&mut self.phones), country.as_deref())) {
            self.phones = list;
        }
        found.done()?;
        self.tags = tags::tidy(self.tags);
        Ok(self)
    }
    /// The text the person is found by.
    pub fn search_text(&self) -> String {
        if self.erased_at.is_some() {
            return String::new();
        }
        let emails = self.emails.iter().map(|e| &*e.address);
        let phones = self.phones.iter().map(|p| &*p.normalised);
        search::text_of([&*self.name].into_iter().chain(emails).chain(phones).chain(self.external_ids.iter().map(|e| &*e.id)))
    }
}

/// The simple forms of RFC 5646: a language of two or three letters, then parts of up to eight letters or digits.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().is_some_and(|p| (2..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_lowercase()));
    first && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use serde_json::json;

    fn build(body: serde_json::Value) -> Result<Contact> {
        Contact::new(ContactId::from_uuid(uuid::Uuid::nil()), serde_json::from_value(body).expect("a body"), Utc::now())
    }

    #[test]
    fn the_name_is_put_together() {
        assert_eq!(build(json!({"first_name": " Maria ", "last_name": "Anders "})).expect("valid").name, "Maria Anders");
        assert_eq!(build(json!({"first_name": " ", "last_name": "Anders"})).expect("valid").name, "Anders");
        assert!(build(json!({"last_name": " "})).is_err());
    }

    #[test]
    fn languages_are_tags() {
        for (tag, good) in
            [("de", true), ("pt-BR", true), ("zh-Hant-TW", true), ("German", false), ("d", false), ("de-", false), ("DE", false)]
        {
            assert_eq!(is_language(tag), good, "{tag}");
        }
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let problem = build(json!({"last_name": "A", "language": "German", "emails": [{"address": "x"}]})).expect_err("wrong");
        assert_eq!(problem.errors().iter().filter_map(|e| e.pointer.as_deref()).collect::<Vec<_>>(), ["/language", "/emails/0/address"]);
    }
}
