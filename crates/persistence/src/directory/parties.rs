//! Rows of parties, and how they are found by what others call them.

use chrono::{DateTime, Utc};
use domain::directory::external_ids::ExternalId;
use domain::directory::matching::{Traits, tax_key};
use domain::directory::parties::Party;
use domain::directory::terms::Blocked;
use domain::ids::PartyId;
use domain::kernel::Id;
use uuid::Uuid;

use super::lookups::{self, FoundBy, Side};
use crate::personal::{Personal, To, array, blank, by, kept, null, object, word};
use crate::reference::{OnMerge, Reference, Target};
use crate::{Condition, Conn, Engine, Result, Statement, record, sql};

crate::record! {
    parties: Party {
        id: uid, kind: word, code: opt(text), name: text, legal_name: opt(text), tax_id: opt(text), is_customer: bool,
        is_vendor: bool, customer_terms: json, vendor_terms: json, addresses: json, emails: json, phones: json,
        website: opt(text), external_ids: json, parent_id: opt(uid), owner_id: opt(uid), tags: json, metadata: json,
        archived_at: opt(instant), merged_into: opt(uid),
        erased_at: opt(instant), erasure_job_id: opt(uid), created_at: instant, updated_at: instant, version: int,
    }
    derived { search: text = |p| p.search_text(), tax_key: text = |p| known_tax_key(p) }
}

/// The tax number as it compares; that of a party that was merged away is the other one's.
fn known_tax_key(party: &Party) -> String {
    party.tax_id.as_deref().filter(|_| party.merged_into.is_none()).and_then(tax_key).unwrap_or_default()
}

const SIDE: Side = Side {
    external_ids: "party_external_ids",
    emails: "party_emails",
    phones: "party_phones",
    keys: "party_match_keys",
    owner: "party_id",
};

impl lookups::Sided for Party {
    const SIDE: Side = SIDE;
}

/// Writes what the party is found by; call it after every insert and update. A party that was merged away
/// or erased is not found.
pub fn write_lookups(db: &mut Conn, party: &Party) -> Result<()> {
    if party.merged_into.is_some() || party.erased_at.is_some() {
        return SIDE.write(db, party.id.uuid(), &FoundBy::default());
    }
    let keys = keys_of(party);
    let by = FoundBy { ids: &party.external_ids, mails: &party.emails, phones: &party.phones, keys: &keys };
    SIDE.write(db, party.id.uuid(), &by)
}

/// Writes only the keys by which duplicates are found, of a party that was there before there were such keys.
pub fn write_keys(db: &mut Conn, party: &Party) -> Result<()> {
    SIDE.write_keys(db, party.id.uuid(), &keys_of(party))
}

/// The key of customers whose orders, deliveries or invoices are stopped.
const BLOCKED: &str = "=blocked";

/// The keys by which a party is found: as a duplicate, and in lists.
fn keys_of(party: &Party) -> Vec<String> {
    let mut keys = Traits::of_party(party).keys();
    keys.extend(lookups::facets(&party.tags, party.addresses.iter().map(|a| &a.address)));
    keys.extend((party.customer_terms.blocked != Blocked::None).then(|| BLOCKED.to_string()));
    keys
}

/// Whether two states of a party are found in lists by other words.
pub fn listed_otherwise(before: &Party, after: &Party) -> bool {
    let of = |p: &Party| (p.tags.clone(), p.customer_terms.blocked, lookups::facets(&[], p.addresses.iter().map(|a| &a.address)));
    of(before) != of(after)
}

/// Customers that are blocked, or all others.
pub fn is_blocked(_: DateTime<Utc>, wanted: bool) -> Condition {
    let not = if wanted { "" } else { "NOT " };
    Condition::Other(sql!("id {}IN (SELECT party_id FROM party_match_keys WHERE key = {})", Statement::new(not), BLOCKED))
}
/// Parties with an address in a country of this territory or of one below it.
pub fn in_territory(territory: Uuid) -> Condition {
    Condition::Other(sql!(
        "id IN (SELECT k.party_id FROM territory_countries t JOIN party_match_keys k ON k.key = '=country:' || t.country WHERE t.territory_id IN ({}))",
        super::territories::ids_of(territory)
    ))
}
/// Parties for whom this contact works or worked.
pub fn of_contact(contact: Uuid) -> Condition {
    Condition::Other(sql!("id IN (SELECT r.party_id FROM relationships r WHERE r.contact_id = {})", contact))
}

/// Parties that may be the same, those that share most first.
pub fn candidates(db: &mut Conn, traits: &Traits, limit: usize) -> Result<Vec<PartyId>> {
    Ok(SIDE.candidates(db, &traits.emails, &traits.keys(), limit)?.into_iter().map(PartyId::from_uuid).collect())
}

/// Up to `limit` parties after this one, by id.
pub fn after(db: &mut Conn, id: Uuid, limit: i64) -> Result<Vec<Party>> {
    let mut s = record::select::<Party>();
    s.append(sql!(" WHERE merged_into IS NULL AND erased_at IS NULL AND id > {} ORDER BY id LIMIT {}", id, limit));
    record::load(db, &s)
}

/// Those that were merged into this party, directly or by way of another.
pub fn merged_into(db: &mut Conn, party: PartyId) -> Result<Vec<PartyId>> {
    let rows = sql!("SELECT id FROM parties WHERE merged_into = {} ORDER BY id", party.uuid()).load::<(Uuid,)>(db)?;
    Ok(rows.into_iter().map(|r| PartyId::from_uuid(r.0)).collect())
}

/// Keeps everybody from making new references to the party until the end of the transaction.
pub fn lock_out(db: &mut Conn, party: PartyId) -> Result<()> {
    if db.engine() == Engine::Postgres {
        let mut row = sql!(postgres: "SELECT id FROM parties WHERE id = {}", party.uuid());
        row.sql(" FOR UPDATE").load::<(Uuid,)>(db)?;
    }
    Ok(())
}

/// Parties right below these, by name, at most `limit`.
pub fn children(db: &mut Conn, parents: &[PartyId], limit: usize) -> Result<Vec<Party>> {
    let keys: Vec<Uuid> = parents.iter().map(|p| p.uuid()).collect();
    let mut s = record::select::<Party>();
    s.append(sql!(" WHERE parent_id IN ({}) ORDER BY name, id LIMIT {}", crate::list(&keys), limit as i64));
    record::load(db, &s)
}

/// The party that another system calls so.
pub fn by_external_id(db: &mut Conn, id: &ExternalId) -> Result<Option<PartyId>> {
    Ok(SIDE.by_external_id(db, id)?.map(PartyId::from_uuid))
}

/// The party with this code.
pub fn by_code(db: &mut Conn, code: &str) -> Result<Option<PartyId>> {
    Ok(sql!("SELECT id FROM parties WHERE code = {}", code).first::<(Uuid,)>(db)?.map(|r| PartyId::from_uuid(r.0)))
}

/// Up to ten other parties that share an e-mail address, with the address in lower case.
pub fn by_emails(db: &mut Conn, party: &Party) -> Result<Vec<(PartyId, String)>> {
    let found = SIDE.by_emails(db, &party.emails)?.into_iter().map(|(id, mail)| (PartyId::from_uuid(id), mail));
    Ok(found.filter(|(id, _)| *id != party.id).collect())
}

/// Up to ten other parties with the same tax number, whatever its spelling.
pub fn by_tax_id(db: &mut Conn, party: &Party) -> Result<Vec<PartyId>> {
    let Some(key) = party.tax_id.as_deref().and_then(tax_key) else { return Ok(Vec::new()) };
    let rows =
        sql!("SELECT id FROM parties WHERE tax_key = {} AND id <> {} AND merged_into IS NULL ORDER BY id LIMIT 10", key, party.id.uuid());
    Ok(rows.load::<(Uuid,)>(db)?.into_iter().map(|r| PartyId::from_uuid(r.0)).collect())
}

/// The party and everything above it, from below, at most `limit`.
pub fn ancestors(db: &mut Conn, from: PartyId, limit: usize) -> Result<Vec<PartyId>> {
    let mut chain = Vec::new();
    let mut next = Some(from.uuid());
    while let Some(id) = next.filter(|_| chain.len() < limit) {
        chain.push(PartyId::from_uuid(id));
        next = sql!("SELECT parent_id FROM parties WHERE id = {}", id).first::<(Option<Uuid>,)>(db)?.and_then(|r| r.0);
    }
    Ok(chain)
}

/// Whether the party has levels below it, and how many, down to `limit`.
pub fn depth_below(db: &mut Conn, from: PartyId, limit: usize) -> Result<usize> {
    let mut level = vec![from.uuid()];
    for depth in 0..limit {
        level = sql!("SELECT id FROM parties WHERE parent_id IN ({})", crate::list(&level))
            .load::<(Uuid,)>(db)?
            .into_iter()
            .map(|r| r.0)
            .collect();
        if level.is_empty() {
            return Ok(depth);
        }
    }
    Ok(limit)
}

/// Lets one transaction at a time change the hierarchy, until it ends: two moves at once could make a circle that neither
/// of them sees. SQLite has one writer anyway.
pub fn lock_hierarchy(db: &mut Conn) -> Result<()> {
    if db.engine() == Engine::Postgres {
        sql!(postgres: "SELECT CAST(pg_advisory_xact_lock({}) AS TEXT)", HIERARCHY).first::<(String,)>(db)?;
    }
    Ok(())
}

/// The key of the advisory lock: "parties" in ASCII.
const HIERARCHY: i64 = 0x70_6172_7469_6573;

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Party>()
    .ways(&[by("id", To::Party)])
    .columns(&[
        word("name"),
        null("code"),
        null("legal_name"),
        null("tax_id"),
        blank("tax_key"),
        object("customer_terms"),
        object("vendor_terms"),
        array("addresses"),
        array("emails"),
        array("phones"),
        null("website"),
        array("external_ids"),
        array("tags"),
        object("metadata"),
        blank("search"),
    ])
    .plain(&["kind"])
    .with_owner();

/// What `party_emails` holds of a person.
pub const EMAILS: Personal = Personal::owned("party_emails", &[kept("address")]);

/// What `party_phones` holds of a person.
pub const PHONES: Personal = Personal::owned("party_phones", &[kept("number")]);

/// What `party_external_ids` holds of a person.
pub const EXTERNAL_IDS: Personal = Personal::owned("party_external_ids", &[kept("value")]).plain(&["system"]);

/// What `party_match_keys` holds of a person.
pub const MATCH_KEYS: Personal = Personal::owned("party_match_keys", &[kept("key")]);

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[
    Reference::to_party::<Party>("merged_into", OnMerge::Follow),
    Reference::to_party::<Party>("parent_id", OnMerge::Follow),
    Reference::copy(Target::Party, "party_emails", "party_id"),
    Reference::copy(Target::Party, "party_external_ids", "party_id"),
    Reference::copy(Target::Party, "party_match_keys", "party_id"),
    Reference::copy(Target::Party, "party_phones", "party_id"),
];
