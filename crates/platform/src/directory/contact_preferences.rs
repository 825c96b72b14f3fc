//! Operations on preferences of contacts. They are written with their contact and have its version.

use domain::directory::contact_preferences::{ContactPreference, REFUSALS, SetContactPreference};
use domain::directory::contacts::{Contact, MERGED};
use domain::directory::personal_data::ERASED;
use domain::ids::{ContactId, ContactPreferenceId};
use persistence::directory::contact_preferences as rows;

use crate::prelude::*;
use crate::table::Noun;

/// Preferences of one contact at most.
const MOST: i64 = 200;

pub fn operations(n: &mut Noun<Contact>) {
    let mut p = n.part::<ContactPreference>("preferences");
    p.list_with(list, "List what a contact likes.").filter(&["name", "kind", "provenance", "noted_at"]);
    p.create(set, SET).fails(REFUSALS).fails(&[ERASED, MERGED, TOO_MANY]);
    p.read_with(read, "Get a preference of a contact.");
    p.delete(delete, "Remove a preference of a contact.").fails(&[ERASED, MERGED]);
}

/// A contact has a bounded number of preferences.
const TOO_MANY: Code = Code::conflict("contact_preference.too_many", "A contact has at most 200 preferences.");

const SET: &str = "Set what a contact likes, in the place of what was known under this name. What the person stated is not replaced by \
what is only inferred.";

fn list(cx: &mut Cx, id: ContactId, mut list: List) -> Result<Page<ContactPreference>> {
    let contact = cx.find::<Contact>(id)?;
    list.only("contact_id", id.uuid());
    let mut page = cx.page::<ContactPreference>(list)?;
    page.data.iter_mut().for_each(|p| p.version = contact.version);
    Ok(page)
}

/// The preference, when it is one of the contact.
fn of(cx: &mut Cx, contact: &Contact, id: ContactPreferenceId) -> Result<ContactPreference> {
    let found = persistence::record::find::<ContactPreference>(cx.db(), id.uuid())?.filter(|p| p.contact_id == contact.id);
    found.ok_or_else(|| problems::not_found.with(format!("The contact has no preference {id}.")))
}

/// What these people like, with the versions of the people.
pub fn of_contacts(cx: &mut Cx, people: &[Contact]) -> Result<Vec<ContactPreference>> {
    let ids: Vec<_> = people.iter().map(|c| c.id.uuid()).collect();
    let mut found = persistence::record::by::<ContactPreference>(cx.db(), "contact_id", &ids)?;
    for liking in &mut found {
        liking.version = people.iter().find(|c| c.id == liking.contact_id).map_or(liking.version, |c| c.version);
    }
    Ok(found)
}

fn read(cx: &mut Cx, id: ContactId, preference: ContactPreferenceId) -> Result<ContactPreference> {
    let contact = cx.find::<Contact>(id)?;
    Ok(ContactPreference { version: contact.version, ..of(cx, &contact, preference)? })
}

fn set(cx: &mut Cx, id: ContactId, new: SetContactPreference) -> Result<ContactPreference> {
    let before = cx.load_for_update::<Contact>(id)?;
    before.check_changeable()?;
    let known = rows::named(cx.db(), id, &new.name)?;
    let set = ContactPreference::set(cx.new_id(), id, new, known.as_ref(), cx.now)?;
    match known {
        Some(_) => drop(rows::replace(cx.db(), &set)?),
        None => {
            let full = rows::count(cx.db(), id)? >= MOST;
            cx.ensure(!full, TOO_MANY, || "Remove one first.".into())?;
            cx.insert_all(std::slice::from_ref(&set))?;
        }
    }
    let contact = touched(cx, &before, "preference_set")?;
    Ok(ContactPreference { version: contact.version, ..set })
}

fn delete(cx: &mut Cx, id: ContactId, preference: ContactPreferenceId) -> Result<()> {
    let before = cx.load_for_update::<Contact>(id)?;
    before.check_changeable()?;
    let gone = of(cx, &before, preference)?;
    cx.delete_by::<ContactPreference>("id", gone.id.uuid())?;
    touched(cx, &before, "preference_removed").map(drop)
}

fn touched(cx: &mut Cx, before: &Contact, verb: &str) -> Result<Contact> {
    let after = Contact { updated_at: cx.now, ..before.clone() };
    cx.save(before, after, verb)
}
