//! Rows of contacts, and how they are found by what others call them.

use domain::directory::contacts::{Contact, ContactId};
use domain::directory::external_ids::ExternalId;
use domain::kernel::Id;

use super::lookups::Side;
use crate::{Conn, Result};

crate::record! {
    contacts: Contact {
        id: uid, first_name: opt(text), last_name: text, name: text, salutation: opt(text), language: opt(text), emails: json,
        phones: json, address: opt(json), external_ids: json, owner_id: opt(uid), tags: json, metadata: json,
        archived_at: opt(instant), created_at: instant, updated_at: instant, version: int,
    }
    derived { search: text = |c| c.search_text() }
}

const SIDE: Side = Side { external_ids: "contact_external_ids", emails: "contact_emails", owner: "contact_id" };

/// Writes what the contact is found by; call it after every insert and update.
pub fn write_lookups(db: &mut Conn, contact: &Contact) -> Result<()> {
    SIDE.write(db, contact.id.uuid(), &contact.external_ids, &contact.emails)
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
