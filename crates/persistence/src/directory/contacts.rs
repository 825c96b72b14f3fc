//! Rows of contacts, and how they are found by what others call them.

use domain::directory::contacts::Contact;
use domain::directory::external_ids::ExternalId;
use domain::directory::matching::Traits;
use domain::ids::ContactId;
use domain::kernel::Id;
use uuid::Uuid;

use super::lookups::{self, FoundBy, Side};
use crate::personal::{Personal, To, array, blank, by, kept, null, object, word};
use crate::reference::{OnMerge, Reference, Target};
use crate::{Condition, Conn, Engine, Result, record, sql};

crate::record! {
    contacts: Contact {
        id: uid, first_name: opt(text), last_name: text, name: text, salutation: opt(text), language: opt(text), emails: json,
        phones: json, address: opt(json), external_ids: json, owner_id: opt(uid), tags: json, metadata: json,
        archived_at: opt(instant), merged_into: opt(uid), erased_at: opt(instant), erasure_job_id: opt(uid), created_at: instant,
        updated_at: instant, version: int,
    }
    derived { search: text = |c| c.search_text() }
}

const SIDE: Side = Side {
    external_ids: "contact_external_ids",
    emails: "contact_emails",
    phones: "contact_phones",
    keys: "contact_match_keys",
    owner: "contact_id",
};

impl lookups::Sided for Contact {
    const SIDE: Side = SIDE;
}

/// Writes what the contact is found by; call it after every insert and update. One that was merged away or erased is not
/// found.
pub fn write_lookups(db: &mut Conn, contact: &Contact) -> Result<()> {
    if contact.merged_into.is_some() || contact.erased_at.is_some() {
        return SIDE.write(db, contact.id.uuid(), &FoundBy::default());
    }
    let keys = keys_of(contact);
    let by = FoundBy { ids: &contact.external_ids, mails: &contact.emails, phones: &contact.phones, keys: &keys };
    SIDE.write(db, contact.id.uuid(), &by)
}

/// Writes only the keys by which duplicates are found, of a contact that was there before there were such keys.
pub fn write_keys(db: &mut Conn, contact: &Contact) -> Result<()> {
    SIDE.write_keys(db, contact.id.uuid(), &keys_of(contact))
}

/// The keys by which a contact is found: as a duplicate, and in lists.
fn keys_of(contact: &Contact) -> Vec<String> {
    let mut keys = Traits::of_contact(contact).keys();
    keys.extend(lookups::facets(&contact.tags, contact.address.iter()));
    keys
}

/// Whether two states of a contact are found in lists by other words.
pub fn listed_otherwise(before: &Contact, after: &Contact) -> bool {
    let of = |c: &Contact| lookups::facets(&c.tags, c.address.iter());
    of(before) != of(after)
}

/// Contacts who work or worked for a party.
pub fn of_party(party: Uuid) -> Condition {
    Condition::Other(sql!("id IN (SELECT r.contact_id FROM relationships r WHERE r.party_id = {})", party))
}

/// Contacts who may be the same, those that share most first.
pub fn candidates(db: &mut Conn, traits: &Traits, limit: usize) -> Result<Vec<ContactId>> {
    Ok(SIDE.candidates(db, &traits.emails, &traits.keys(), limit)?.into_iter().map(ContactId::from_uuid).collect())
}

/// Up to `limit` contacts after this one, by id.
pub fn after(db: &mut Conn, id: Uuid, limit: i64) -> Result<Vec<Contact>> {
    let mut s = record::select::<Contact>();
    s.append(sql!(" WHERE merged_into IS NULL AND erased_at IS NULL AND id > {} ORDER BY id LIMIT {}", id, limit));
    record::load(db, &s)
}

/// Keeps everybody from making new references to the contact until the end of the transaction.
pub fn lock_out(db: &mut Conn, contact: ContactId) -> Result<()> {
    if db.engine() == Engine::Postgres {
        let mut row = sql!(postgres: "SELECT id FROM contacts WHERE id = {}", contact.uuid());
        row.sql(" FOR UPDATE").load::<(Uuid,)>(db)?;
    }
    Ok(())
}

/// The contact that another system calls so.
pub fn by_external_id(db: &mut Conn, id: &ExternalId) -> Result<Option<ContactId>> {
    Ok(SIDE.by_external_id(db, id)?.map(ContactId::from_uuid))
}

/// Up to ten other contacts that share an e-mail address, with the address in lower case.
pub fn by_emails(db: &mut Conn, contact: &Contact) -> Result<Vec<(ContactId, String)>> {
    let found = SIDE.by_emails(db, &contact.emails)?.into_iter().map(|(id, mail)| (ContactId::from_uuid(id), mail));
    Ok(found.filter(|(id, _)| *id != contact.id).collect())
}

/// The contacts that were merged into this one.
pub fn merged_into(db: &mut Conn, contact: ContactId) -> Result<Vec<ContactId>> {
    let rows = sql!("SELECT id FROM contacts WHERE merged_into = {} ORDER BY id", contact.uuid()).load::<(Uuid,)>(db)?;
    Ok(rows.into_iter().map(|r| ContactId::from_uuid(r.0)).collect())
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Contact>()
    .ways(&[by("id", To::Contact)])
    .columns(&[
        null("first_name"),
        word("last_name"),
        word("name"),
        null("salutation"),
        null("language"),
        array("emails"),
        array("phones"),
        null("address"),
        array("external_ids"),
        array("tags"),
        object("metadata"),
        blank("search"),
    ])
    .with_owner();

/// What `contact_emails` holds of a person.
pub const EMAILS: Personal = Personal::owned("contact_emails", &[kept("address")]);

/// What `contact_phones` holds of a person.
pub const PHONES: Personal = Personal::owned("contact_phones", &[kept("number")]);

/// What `contact_external_ids` holds of a person.
pub const EXTERNAL_IDS: Personal = Personal::owned("contact_external_ids", &[kept("value")]).plain(&["system"]);

/// What `contact_match_keys` holds of a person.
pub const MATCH_KEYS: Personal = Personal::owned("contact_match_keys", &[kept("key")]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[
    Reference::to_contact::<Contact>("merged_into", OnMerge::Follow),
    Reference::copy(Target::Contact, "contact_emails", "contact_id"),
    Reference::copy(Target::Contact, "contact_external_ids", "contact_id"),
    Reference::copy(Target::Contact, "contact_match_keys", "contact_id"),
    Reference::copy(Target::Contact, "contact_phones", "contact_id"),
];
