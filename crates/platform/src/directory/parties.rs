//! Operations on parties. What makes two parties alike is looked for here; what a party may be is ruled in the domain.

use chrono::TimeDelta;
use domain::directory::companies::Company;
use domain::directory::external_ids::ExternalId;
use domain::directory::matching::{PartyMatches, Traits};
use domain::directory::overview::{OverviewFilter, PartyOverview};
use domain::directory::parties::{DEEPEST, MERGED, NewParty, POSSIBLE_DUPLICATE, Party, PartyPatch, REFUSALS, UpsertParty, UpsertedParty};
use domain::directory::party_hierarchy::{HierarchyFilter, PartyHierarchy};
use domain::directory::party_merges::{MergeParty, PartyMerge};
use domain::directory::personal_data::{ERASED, ErasePerson, PersonalData};
use domain::directory::terms::{Blocked, SET_TERMS};
use domain::directory::timeline::TimelineEntry;
use domain::directory::{emails, phones};
use domain::ids::{ContactId, PartyId, TerritoryId};
use persistence::directory::{lookups, parties as rows};

use super::{matching, overview, party_hierarchy, party_merges, personal_data, timeline};
use crate::bulk::Upserted;
use crate::identity::users;
use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Party>("directory/parties", "People and organisations the company deals with, as customers, vendors or both.");
    n.searched(Words::titled("name").codes(&["code", "external_ids.id", "tax_id"]).details(&[
        "legal_name",
        "emails.address",
        "phones.normalised",
        "website",
        "addresses.address.city",
    ]));
    n.owned_by("owner_id");
    n.list("List parties.")
        .filter(&["code", "kind", "is_customer", "is_vendor", "tax_id", "parent_id", "owner_id", "archived_at", "merged_into"])
        .filter_text("tag", "Only rows with this tag, whatever its case.", lookups::tagged::<Party>)
        .filter_text("country", "Only rows with an address in this country, ISO 3166-1 alpha-2.", lookups::in_country::<Party>)
        .filter_text("city", "Only rows with an address in this city, whatever its case and accents.", lookups::in_city::<Party>)
        .filter_text("email", "Only rows with this e-mail address, whatever its case.", lookups::with_email::<Party>)
        .filter_text("external_id", EXTERNAL_ID, lookups::with_external_id::<Party>)
        .flag("is_blocked", "Only customers that are blocked in any way, or all others.", rows::is_blocked)
        .filter_by::<TerritoryId>("territory_id", "An address is in a country of this territory or of one below it.", rows::in_territory)
        .filter_by::<ContactId>("contact_id", "This contact works or worked for the party.", rows::of_contact)
        .search(&["search"])
        .sort(&["name"])
        .expand::<Party>("parent", "parent_id")
        .figures(Figures::by(&["kind", "is_customer", "is_vendor", "owner_id", "parent_id"]).dates(&["created_at", "archived_at"]));
    n.create(create, CREATE).fails(REFUSALS);
    n.bulk(create);
    n.read("Get a party.").expand::<Party>("parent", "parent_id");
    n.update(update, UPDATE).fails(REFUSALS);
    n.delete(delete, "Delete a party that nothing refers to. A party that was used is archived instead.").fails(&[MERGED, ERASED]);
    n.action("archive", archive, "Archive a party. It cannot be put on new documents.").fails(&[MERGED, ERASED]);
    n.action("restore", restore, "Restore an archived party.").fails(&[MERGED, ERASED]);
    n.command_on::<MergeParty, PartyMerge>("merge", party_merges::merge, MERGE).fails(party_merges::MERGE_REFUSALS);
    n.action("unmerge", party_merges::unmerge, UNMERGE).fails(party_merges::UNMERGE_REFUSALS);
    n.view::<NoFilter, PartyMatches>("duplicates", matching::of_party, DUPLICATES);
    n.view::<HierarchyFilter, PartyHierarchy>("hierarchy", party_hierarchy::of_party, HIERARCHY);
    n.view::<NoFilter, PersonalData>("export", personal_data::of_party, personal_data::EXPORT).permission(personal_data::MAY_EXPORT);
    n.action_with::<ErasePerson>("erase", personal_data::erase_party, personal_data::ERASE)
        .before_at(personal_data::extent_of_party)
        .permission(personal_data::MAY_ERASE)
        .fails(personal_data::REFUSALS)
        .fails(&[MERGED]);
    n.view::<OverviewFilter, PartyOverview>("360", overview::of_party, OVERVIEW).fails(overview::REFUSALS);
    n.page_of::<TimelineEntry>("timeline", timeline::of_party, TIMELINE).filter_as("occurred_at", "at").filter(&["kind", "subject"]);
    t.command("upsert_party", "directory/parties/upsert", upsert, UPSERT).permission("directory.parties.create").fails(REFUSALS);
    t.bulk_upsert("bulk_upsert_parties", "directory/parties/upsert", upsert_one).fails(REFUSALS);
    t.command("match_parties", "directory/parties/match", matching::parties_like, MATCH)
        .permission("directory.parties.read")
        .fails(&[emails::INVALID_EMAIL, phones::INVALID_PHONE])
        .read_only();
    t.parts("directory.match_keys.catch_up", TimeDelta::minutes(1), matching::catch_up);
}

pub(super) const EXTERNAL_ID: &str = "Only rows that another system calls so, as `system:id`, or that have any id in `system`.";
const CREATE: &str = "Create a party. When another has the same e-mail address or tax number, it is refused with \
`party.possible_duplicate` and the candidates in `errors`, unless `allow_duplicate` is true. Credit limit, days to pay, block and tax \
status of a customer need the permission `directory.customer_terms.update`; `is_vendor` and the terms of a vendor need \
`directory.vendor_terms.update`.";
const UPDATE: &str = "Change a party. Documents that exist keep the addresses and terms they were made with. Credit limit, days to pay, \
block and tax status of a customer need the permission `directory.customer_terms.update`; `is_vendor` and the terms of a vendor need \
`directory.vendor_terms.update`.";
const UPSERT: &str = "Create or change a party by the id of another system. Any number of repetitions leaves one party; fields \
left out stay as they are. Changing one needs the permission `directory.parties.update` too.";
const MERGE: &str = "Merge another party into this one. Orders, invoices, ledger rows, deals, activities, people and everything else \
that led to the other leads to this one from now on; documents keep the names and addresses they were made with. Lists are united \
without doubles; in fields with one value, this party's stays unless it has none or the caller takes the other's, and the answer \
names every field in which the two differed. The other stays as a tombstone with `merged_into`. With `dry_run=true` this is the \
table of conflicts before the merge. It can be taken back for 30 days.";
const UNMERGE: &str = "Take back the merge by which this party went. It is as it was before, and so is everything that followed; what \
was changed on the other party since stays there. Refused after 30 days, and when documents of both were joined since.";
const DUPLICATES: &str = "List parties that may be the same, with a score and the reasons. Compared are e-mail addresses, tax numbers, \
phone numbers, and names by their spelling.";
const MATCH: &str = "List parties that may be the same as one that is being entered. Nothing is written.";
const HIERARCHY: &str = "Get everything above and below a party. At most 32 levels and 1000 parties below; `has_more` says that there \
is more.";
const OVERVIEW: &str = "Get everything about a party in one snapshot. Profile, people, deals and activities, orders, invoices with \
balance, ageing and credit, and the latest events. Each list holds at most ten; sections that the caller may not read are null and \
named in `withheld`. With `include` only the sections named are read; with `as_of` the answer has what was owed and on order at the \
end of a day, which is known exactly by the dates of postings and of orders; all other sections are only known as they are now and are \
refused with it.";
const TIMELINE: &str = "List what happened to a party, newest first. Events of front and back office in one stream; kinds that the \
caller may not read are left out.";

/// Creates one, as the operation does; for services that need one on their way.
pub fn create(cx: &mut Cx, new: NewParty) -> Result<Party> {
    let allow_duplicate = new.allow_duplicate;
    let party = Party::new(cx.new_id(), new, cx.now)?;
    make(cx, party, allow_duplicate)
}

fn make(cx: &mut Cx, mut party: Party, allow_duplicate: bool) -> Result<Party> {
    party.owner_id = party.owner_id.or(cx.default_owner("directory.parties.create"));
    check_references(cx, None, &party)?;
    check_terms(cx, None, &party)?;
    if !allow_duplicate {
        check_duplicates(cx, &party)?;
    }
    let party = cx.create(party)?;
    if party.customer_terms.blocked != Blocked::None {
        cx.emit(Event::of("blocked", &party));
    }
    rows::write_lookups(cx.db(), &party)?;
    Ok(party)
}

/// Marks a party as a customer, once something was sold to it, whoever owns it.
pub fn make_customer(cx: &mut Cx, id: PartyId) -> Result<()> {
    cx.consequence(|cx| become_customer(cx, id))
}

fn become_customer(cx: &mut Cx, id: PartyId) -> Result<()> {
    let before = cx.load_for_update::<Party>(id)?;
    if let Some(other) = before.merged_into {
        return become_customer(cx, other);
    }
    if before.is_customer {
        return Ok(());
    }
    let after = Party { is_customer: true, updated_at: cx.now, ..before.clone() };
    store(cx, &before, after).map(drop)
}

fn update(cx: &mut Cx, id: PartyId, patch: PartyPatch) -> Result<Party> {
    let before = cx.load_for_update::<Party>(id)?;
    before.check_changeable()?;
    let after = before.clone().change(patch, cx.now)?;
    store(cx, &before, after)
}

fn store(cx: &mut Cx, before: &Party, after: Party) -> Result<Party> {
    check_references(cx, Some(before), &after)?;
    check_terms(cx, Some(before), &after)?;
    let after = cx.save(before, after, "updated")?;
    if before.customer_terms.blocked != after.customer_terms.blocked {
        let verb = if after.customer_terms.blocked == Blocked::None { "unblocked" } else { "blocked" };
        cx.emit(Event::change(verb, before, &after));
    }
    let found_otherwise = matching::differ(&Traits::of_party(before), &Traits::of_party(&after));
    if before.external_ids != after.external_ids
        || before.emails != after.emails
        || found_otherwise
        || rows::listed_otherwise(before, &after)
    {
        rows::write_lookups(cx.db(), &after)?;
    }
    Ok(after)
}

/// Who sells does not decide how much credit a customer has, when it pays, what is stopped and how it is taxed, nor from whom is
/// bought on which terms: each takes a permission of its own.
fn check_terms(cx: &Cx, before: Option<&Party>, after: &Party) -> Result<()> {
    after.changed_terms(before).into_iter().try_for_each(|permission| cx.require(permission))
}

/// More days to pay on a document than the customer has are terms of credit, too. `before` are those it had.
pub fn check_days(cx: &Cx, customer: &Party, company: &Company, before: Option<i32>, days: Option<i32>) -> Result<()> {
    match days.filter(|d| before != days && *d > customer.customer_days(company)) {
        Some(_) => cx.require(SET_TERMS),
        None => Ok(()),
    }
}

fn upsert(cx: &mut Cx, body: UpsertParty) -> Result<UpsertedParty> {
    let UpsertParty { external_id, party: patch, allow_duplicate } = body;
    if let Some(id) = rows::by_external_id(cx.db(), &external_id)? {
        return replace(cx, id, external_id, patch);
    }
    let (known_as, first) = (external_id.clone(), patch.clone());
    let made = cx.savepoint(move |cx| {
        let party = Party::from_patch(cx.new_id(), known_as, first, cx.now).map_err(in_party)?;
        make(cx, party, allow_duplicate).map_err(in_party)
    });
    match made {
        Ok(party) => Ok(UpsertedParty { created: true, party }),
        // Somebody else made it in the meantime.
        Err(p) if p.code() == problems::already_exists => match rows::by_external_id(cx.db(), &external_id)? {
            Some(id) => replace(cx, id, external_id, patch),
            None => Err(p),
        },
        Err(p) => Err(p),
    }
}

fn upsert_one(cx: &mut Cx, body: UpsertParty) -> Result<Upserted> {
    upsert(cx, body).map(|done| Upserted { created: done.created, id: done.party.id.to_string() })
}

fn replace(cx: &mut Cx, id: PartyId, known_as: ExternalId, patch: PartyPatch) -> Result<UpsertedParty> {
    cx.require("directory.parties.update")?;
    let before = cx.load_for_update::<Party>(id)?;
    cx.require_on::<Party>("directory.parties.update", id)?;
    let after = before.clone().change_known_as(known_as, patch, cx.now).map_err(in_party)?;
    let party = store(cx, &before, after).map_err(in_party)?;
    Ok(UpsertedParty { created: false, party })
}

/// The places of a problem with the party inside an upsert.
fn in_party(p: Problem) -> Problem {
    if p.errors().is_empty() { p } else { p.under("/party") }
}

fn delete(cx: &mut Cx, id: PartyId) -> Result<()> {
    let party = cx.load_for_update::<Party>(id)?;
    party.check_changeable()?;
    cx.remove(party)
}

fn archive(cx: &mut Cx, id: PartyId) -> Result<Party> {
    let before = cx.load_for_update::<Party>(id)?;
    before.check_changeable()?;
    let after = before.clone().archive(cx.now)?;
    cx.save(&before, after, "archived")
}

fn restore(cx: &mut Cx, id: PartyId) -> Result<Party> {
    let before = cx.load_for_update::<Party>(id)?;
    before.check_changeable()?;
    let after = before.clone().restore(cx.now)?;
    cx.save(&before, after, "restored")
}

/// What the party refers to must be there, and its external ids must be free. Only what changed is looked at.
fn check_references(cx: &mut Cx, before: Option<&Party>, party: &Party) -> Result<()> {
    if let Some(owner) = party.owner_id.filter(|_| before.is_none_or(|b| b.owner_id != party.owner_id)) {
        users::refer_active(cx, "/owner_id", owner)?;
    }
    for (i, id) in party.external_ids.iter().enumerate() {
        if before.is_some_and(|b| b.external_ids.contains(id)) {
            continue;
        }
        if rows::by_external_id(cx.db(), id)?.is_some_and(|other| other != party.id) {
            let message = format!("Another party is {:?} in {}.", id.id, id.system);
            return Err(problems::already_exists.field(format!("/external_ids/{i}"), message));
        }
    }
    if let Some(parent) = party.parent_id.filter(|_| before.is_none_or(|b| b.parent_id != party.parent_id)) {
        rows::lock_hierarchy(cx.db())?;
        if let Some(other) = cx.refer_itself::<Party>("/parent_id", parent)?.merged_into {
            return Err(MERGED.field("/parent_id", format!("It was merged into {other}.")));
        }
        let above = rows::ancestors(cx.db(), parent, DEEPEST + 1)?;
        let below = if before.is_some() { rows::depth_below(cx.db(), party.id, DEEPEST)? } else { 0 };
        party.check_parent(&above, below)?;
    }
    Ok(())
}

/// Refuses a party that shares an e-mail address or tax number with others; each candidate is one place of the problem.
fn check_duplicates(cx: &mut Cx, party: &Party) -> Result<()> {
    let mut found: Vec<(String, PartyId)> = Vec::new();
    for (other, mail) in rows::by_emails(cx.db(), party)? {
        let place = party.emails.iter().position(|e| emails::key(&e.address) == mail).unwrap_or_default();
        found.push((format!("/emails/{place}/address"), other));
    }
    found.extend(rows::by_tax_id(cx.db(), party)?.into_iter().map(|other| ("/tax_id".to_string(), other)));
    if found.is_empty() {
        return Ok(());
    }
    let names = match cx.caller.may("directory.parties.read") {
        true => cx.find_all::<Party>(&found.iter().map(|f| f.1).collect::<Vec<_>>())?,
        false => Vec::new(),
    };
    let errors = found.into_iter().map(|(pointer, id)| {
        let error = |message: String| FieldError::body(pointer.clone(), POSSIBLE_DUPLICATE.code, message);
        match names.iter().find(|p| p.id == id) {
            Some(other) => error(format!("{id} {}", other.name)).param("id", id).param("name", &other.name),
            None => error("Another party has the same.".to_string()),
        }
    });
    Err(POSSIBLE_DUPLICATE.at(errors.collect()))
}
