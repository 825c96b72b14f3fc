//! Operations on contacts.

use domain::directory::contacts::{Contact, ContactId, ContactPatch, NewContact, POSSIBLE_DUPLICATE, REFUSALS};
use domain::directory::emails;
use domain::identity::users::User;
use persistence::directory::contacts as rows;

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Contact>("directory/contacts", "People, whomever they work for.");
    n.list("List contacts.")
        .filter(&["language", "owner_id", "archived_at"])
        .search(&["search"])
        .sort(&["name", "last_name", "updated_at"])
        .expand::<User>("owner", "owner_id");
    n.create(create, CREATE).fails(REFUSALS);
    n.bulk(create);
    n.read("Get a contact.").expand::<User>("owner", "owner_id");
    n.update(update, "Change a contact.").fails(REFUSALS);
    n.delete(delete, "Delete a contact that nothing refers to.");
    n.action("archive", archive, "Archive a contact.");
    n.action("restore", restore, "Restore an archived contact.");
}

const CREATE: &str = "Create a contact. When another has the same e-mail address, it is refused with `contact.possible_duplicate` and \
the candidates in `errors`, unless `allow_duplicate` is true.";

/// Creates one, as the operation does; for services that need one on their way.
pub fn create(cx: &mut Cx, new: NewContact) -> Result<Contact> {
    let allow_duplicate = new.allow_duplicate;
    let contact = Contact::new(cx.new_id(), new, cx.now)?;
    check_references(cx, None, &contact)?;
    if !allow_duplicate {
        check_duplicates(cx, &contact)?;
    }
    let contact = cx.create(contact)?;
    rows::write_lookups(cx.db(), &contact)?;
    Ok(contact)
}

fn update(cx: &mut Cx, id: ContactId, patch: ContactPatch) -> Result<Contact> {
    let before = cx.change::<Contact>(id)?;
    let after = before.clone().change(patch, cx.now)?;
    check_references(cx, Some(&before), &after)?;
    let after = cx.save(&before, after, "updated")?;
    if before.external_ids != after.external_ids || before.emails != after.emails {
        rows::write_lookups(cx.db(), &after)?;
    }
    Ok(after)
}

fn delete(cx: &mut Cx, id: ContactId) -> Result<()> {
    let contact = cx.change::<Contact>(id)?;
    cx.remove(contact)
}

fn archive(cx: &mut Cx, id: ContactId) -> Result<Contact> {
    let before = cx.change::<Contact>(id)?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: ContactId) -> Result<Contact> {
    let before = cx.change::<Contact>(id)?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

fn check_references(cx: &mut Cx, before: Option<&Contact>, contact: &Contact) -> Result<()> {
    if let Some(owner) = contact.owner_id.filter(|_| before.is_none_or(|b| b.owner_id != contact.owner_id)) {
        cx.refer::<User>("/owner_id", owner)?;
    }
    for (i, id) in contact.external_ids.iter().enumerate() {
        if rows::by_external_id(cx.db(), id)?.is_some_and(|other| other != contact.id) {
            let message = format!("Another contact is {:?} in {}.", id.id, id.system);
            return Err(problems::already_exists.field(format!("/external_ids/{i}"), message));
        }
    }
    Ok(())
}

/// Refuses a contact that shares an e-mail address with others; each candidate is one place of the problem.
fn check_duplicates(cx: &mut Cx, contact: &Contact) -> Result<()> {
    let found = rows::by_emails(cx.db(), contact)?;
    if found.is_empty() {
        return Ok(());
    }
    let names = match cx.caller.may("directory.contacts.read") {
        true => cx.find_all::<Contact>(&found.iter().map(|f| f.0).collect::<Vec<_>>())?,
        false => Vec::new(),
    };
    let errors = found.into_iter().map(|(id, mail)| {
        let place = contact.emails.iter().position(|e| emails::key(&e.address) == mail).unwrap_or_default();
        let message = match names.iter().find(|c| c.id == id) {
            Some(other) => format!("{id} {}", other.name),
            None => "Another contact has the same.".to_string(),
        };
        FieldError::body(format!("/emails/{place}/address"), POSSIBLE_DUPLICATE.code, message)
    });
    Err(POSSIBLE_DUPLICATE.at(errors.collect()))
}
