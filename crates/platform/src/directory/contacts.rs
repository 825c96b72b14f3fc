//! Operations on contacts.

use domain::directory::contact_merges::{ContactMerge, MergeContact};
use domain::directory::contacts::{
    Contact, ContactPatch, MERGED, NewContact, POSSIBLE_DUPLICATE, REFUSALS, UpsertContact, UpsertedContact,
};
use domain::directory::external_ids::ExternalId;
use domain::directory::matching::{ContactMatches, Traits};
use domain::directory::personal_data::{ERASED, ErasePerson, PersonalData};
use domain::directory::timeline::TimelineEntry;
use domain::directory::{emails, phones};
use domain::ids::{ContactId, PartyId};
use persistence::directory::{contacts as rows, lookups};

use super::{contact_merges, contact_preferences, matching, personal_data, timeline};
use crate::bulk::Upserted;
use crate::identity::users;
use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Contact>("directory/contacts", "People, whomever they work for.");
    n.searched(Words::titled("name").codes(&["external_ids.id"]).details(&["emails.address", "phones.normalised"]));
    n.owned_by("owner_id");
    n.list("List contacts.")
        .filter(&["language", "owner_id", "archived_at", "merged_into"])
        .filter_text("tag", "Only rows with this tag, whatever its case.", lookups::tagged::<Contact>)
        .filter_text("country", "Only rows with an address in this country, ISO 3166-1 alpha-2.", lookups::in_country::<Contact>)
        .filter_text("city", "Only rows with an address in this city, whatever its case and accents.", lookups::in_city::<Contact>)
        .filter_text("email", "Only rows with this e-mail address, whatever its case.", lookups::with_email::<Contact>)
        .filter_text("external_id", super::parties::EXTERNAL_ID, lookups::with_external_id::<Contact>)
        .filter_by::<PartyId>("party_id", "Who works or worked for this party.", rows::of_party)
        .search(&["search"])
        .sort(&["name", "last_name"])
        .figures(Figures::by(&["language", "owner_id"]).dates(&["created_at", "archived_at"]));
    n.create(create, CREATE).fails(REFUSALS);
    n.bulk(create);
    n.read("Get a contact.");
    n.update(update, "Change a contact.").fails(REFUSALS);
    n.delete(delete, "Delete a contact that nothing refers to.").fails(&[ERASED, MERGED]);
    n.action("archive", archive, "Archive a contact.").fails(&[ERASED, MERGED]);
    n.action("restore", restore, "Restore an archived contact.").fails(&[ERASED, MERGED]);
    n.command_on::<MergeContact, ContactMerge>("merge", contact_merges::merge, MERGE).fails(contact_merges::MERGE_REFUSALS);
    n.action("unmerge", contact_merges::unmerge, UNMERGE).fails(contact_merges::UNMERGE_REFUSALS);
    n.view::<NoFilter, ContactMatches>("duplicates", matching::of_contact, DUPLICATES);
    n.view::<NoFilter, PersonalData>("export", personal_data::of_contact, personal_data::EXPORT).permission(personal_data::MAY_EXPORT);
    n.action_with::<ErasePerson>("erase", personal_data::erase_contact, personal_data::ERASE)
        .before_at(personal_data::extent_of_contact)
        .permission(personal_data::MAY_ERASE)
        .fails(personal_data::REFUSALS)
        .fails(&[MERGED]);
    n.page_of::<TimelineEntry>("timeline", timeline::of_contact, TIMELINE).filter_as("occurred_at", "at").filter(&["kind", "subject"]);
    contact_preferences::operations(&mut n);
    t.command("upsert_contact", "directory/contacts/upsert", upsert, UPSERT).permission("directory.contacts.create").fails(REFUSALS);
    t.bulk_upsert("bulk_upsert_contacts", "directory/contacts/upsert", upsert_one).fails(REFUSALS);
    t.command("match_contacts", "directory/contacts/match", matching::contacts_like, MATCH)
        .permission("directory.contacts.read")
        .fails(&[emails::INVALID_EMAIL, phones::INVALID_PHONE])
        .read_only();
}

const TIMELINE: &str = "List what happened to a contact and around it, newest first: activities, deals, quotes and cases that name it. Kinds \
that the caller may not read are left out.";
const UPSERT: &str = "Create or change a contact by the id of another system. Any number of repetitions leaves one contact; fields \
left out stay as they are. Changing one needs the permission `directory.contacts.update` too.";
const MERGE: &str = "Merge another contact into this one. Relationships, deals, quotes, cases, answers to surveys and everything else that \
led to the other leads to this one from now on; what the other was told no to stays forbidden. Lists are united without doubles; in \
fields with one value, this contact's stays unless it has none or the caller takes the other's, and the answer names every field in \
which the two differed. The other stays as a tombstone with `merged_into`. With `dry_run=true` this is the table of conflicts before \
the merge. It can be taken back for 30 days.";
const UNMERGE: &str = "Take back the merge by which this contact went. It is as it was before, and so is everything that followed; what \
was changed on the other contact since stays there. Refused after 30 days.";
const DUPLICATES: &str = "List people who may be the same, with a score and the reasons. Compared are e-mail addresses, phone numbers, \
and names by their spelling.";
const MATCH: &str = "List people who may be the same as one who is being entered. Nothing is written.";

const CREATE: &str = "Create a contact. When another has the same e-mail address, it is refused with `contact.possible_duplicate` and \
the candidates in `errors`, unless `allow_duplicate` is true.";

/// Creates one, as the operation does; for services that need one on their way.
pub fn create(cx: &mut Cx, new: NewContact) -> Result<Contact> {
    let allow_duplicate = new.allow_duplicate;
    let contact = Contact::new(cx.new_id(), new, cx.now)?;
    make(cx, contact, allow_duplicate)
}

fn make(cx: &mut Cx, mut contact: Contact, allow_duplicate: bool) -> Result<Contact> {
    contact.owner_id = contact.owner_id.or(cx.default_owner("directory.contacts.create"));
    check_references(cx, None, &contact)?;
    if !allow_duplicate {
        check_duplicates(cx, &contact)?;
    }
    let contact = cx.create(contact)?;
    rows::write_lookups(cx.db(), &contact)?;
    Ok(contact)
}

fn update(cx: &mut Cx, id: ContactId, patch: ContactPatch) -> Result<Contact> {
    let before = cx.load_for_update::<Contact>(id)?;
    before.check_changeable()?;
    let after = before.clone().change(patch, cx.now)?;
    store(cx, &before, after)
}

fn store(cx: &mut Cx, before: &Contact, after: Contact) -> Result<Contact> {
    check_references(cx, Some(before), &after)?;
    let after = cx.save(before, after, "updated")?;
    let found_otherwise = matching::differ(&Traits::of_contact(before), &Traits::of_contact(&after));
    if before.external_ids != after.external_ids
        || before.emails != after.emails
        || found_otherwise
        || rows::listed_otherwise(before, &after)
    {
        rows::write_lookups(cx.db(), &after)?;
    }
    Ok(after)
}

fn upsert(cx: &mut Cx, body: UpsertContact) -> Result<UpsertedContact> {
    let UpsertContact { external_id, contact: patch, allow_duplicate } = body;
    if let Some(id) = rows::by_external_id(cx.db(), &external_id)? {
        return replace(cx, id, external_id, patch);
    }
    let (known_as, first) = (external_id.clone(), patch.clone());
    let made = cx.savepoint(move |cx| {
        let contact = Contact::from_patch(cx.new_id(), known_as, first, cx.now).map_err(in_contact)?;
        make(cx, contact, allow_duplicate).map_err(in_contact)
    });
    match made {
        Ok(contact) => Ok(UpsertedContact { created: true, contact }),
        // Somebody else made it in the meantime.
        Err(p) if p.code() == problems::already_exists => match rows::by_external_id(cx.db(), &external_id)? {
            Some(id) => replace(cx, id, external_id, patch),
            None => Err(p),
        },
        Err(p) => Err(p),
    }
}

fn replace(cx: &mut Cx, id: ContactId, known_as: ExternalId, patch: ContactPatch) -> Result<UpsertedContact> {
    cx.require("directory.contacts.update")?;
    let before = cx.load_for_update::<Contact>(id)?;
    cx.require_on::<Contact>("directory.contacts.update", id)?;
    before.check_changeable()?;
    let after = before.clone().change_known_as(known_as, patch, cx.now).map_err(in_contact)?;
    let contact = store(cx, &before, after).map_err(in_contact)?;
    Ok(UpsertedContact { created: false, contact })
}

fn upsert_one(cx: &mut Cx, body: UpsertContact) -> Result<Upserted> {
    upsert(cx, body).map(|done| Upserted { created: done.created, id: done.contact.id.to_string() })
}

/// The places of a problem with the contact inside an upsert.
fn in_contact(p: Problem) -> Problem {
    if p.errors().is_empty() { p } else { p.under("/contact") }
}

fn delete(cx: &mut Cx, id: ContactId) -> Result<()> {
    let contact = cx.load_for_update::<Contact>(id)?;
    contact.check_changeable()?;
    cx.remove(contact)
}

fn archive(cx: &mut Cx, id: ContactId) -> Result<Contact> {
    let before = cx.load_for_update::<Contact>(id)?;
    before.check_changeable()?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: ContactId) -> Result<Contact> {
    let before = cx.load_for_update::<Contact>(id)?;
    before.check_changeable()?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

fn check_references(cx: &mut Cx, before: Option<&Contact>, contact: &Contact) -> Result<()> {
    if let Some(owner) = contact.owner_id.filter(|_| before.is_none_or(|b| b.owner_id != contact.owner_id)) {
        users::refer_active(cx, "/owner_id", owner)?;
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
        let error = |message: String| FieldError::body(format!("/emails/{place}/address"), POSSIBLE_DUPLICATE.code, message);
        match names.iter().find(|c| c.id == id) {
            Some(other) => error(format!("{id} {}", other.name)).param("id", id).param("name", &other.name),
            None => error("Another contact has the same.".to_string()),
        }
    });
    Err(POSSIBLE_DUPLICATE.at(errors.collect()))
}
