//! Rows of journal entries and their lines. Drafts keep their lines with them; the ledger holds posted lines alone.

use std::collections::HashMap;

use domain::accounting::journal_entries::{EntryStatus, JournalEntry, JournalLine};
use domain::ids::JournalEntryId;
use domain::kernel::{Id, StringEnum};
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::personal::{Personal, To, by, kept};
use crate::platform::numbers::Series;
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, list, record, sql};

crate::record! {
    journal_entries: JournalEntry {
        id: uid, company_id: uid, number: opt(text), journal: word, class: word, status: word, posting_date: date,
        description: text, source: opt(text), reverses_id: opt(uid), total: amount, drafted: json, created_by: opt(uid), authors: json,
        posted_at: opt(instant), metadata: json, version: int, created_at: instant, updated_at: instant,
    }
    unstored { lines, reversed_by_id }
    complete = complete
}

crate::record! {
    journal_lines: JournalLine {
        id: uid, company_id: uid, journal_entry_id: uid, position: small, posting_date: date, account_id: uid, debit: amount,
        credit: amount, currency: text, amount_currency: amount, exchange_rate: rate, party_id: opt(uid),
        product_id: opt(uid), tax_code_id: opt(uid), dimensions: json, description: opt(text), source: opt(text),
        version: int, created_at: instant,
    }
}

fn complete(db: &mut Conn, rows: &mut [JournalEntry]) -> Result<()> {
    let posted: Vec<Uuid> = rows.iter().filter(|e| e.status == EntryStatus::Posted).map(|e| e.id.uuid()).collect();
    let mut lines: HashMap<JournalEntryId, Vec<JournalLine>> = HashMap::new();
    for line in record::by::<JournalLine>(db, "journal_entry_id", &posted)? {
        lines.entry(line.journal_entry_id).or_default().push(line);
    }
    let reversals = match posted.is_empty() {
        true => Vec::new(),
        false => sql!("SELECT reverses_id, id FROM journal_entries WHERE reverses_id IN ({})", list(&posted)).load::<(Uuid, Uuid)>(db)?,
    };
    let reversals: HashMap<Uuid, Uuid> = reversals.into_iter().collect();
    for entry in rows {
        entry.lines = match entry.status {
            EntryStatus::Draft => entry.drafted.clone(),
            EntryStatus::Posted => lines.remove(&entry.id).unwrap_or_default(),
        };
        entry.reversed_by_id = reversals.get(&entry.id.uuid()).map(|id| JournalEntryId::from_uuid(*id));
    }
    Ok(())
}

/// Turns a draft posted, once its lines are in the ledger, and gives it the next number of its series. The database itself refuses
/// an entry that does not balance.
pub fn mark_posted(db: &mut Conn, entry: &JournalEntry, series: &Series) -> Result<Option<String>> {
    let changes = sql!(
        "UPDATE journal_entries SET status = {}, posted_at = {}, total = {}, posting_date = {}, drafted = {}, version = {}, updated_at = {}",
        EntryStatus::Posted.as_str(),
        entry.posted_at,
        entry.total,
        entry.posting_date,
        serde_json::Value::Array(Vec::new()),
        entry.version,
        entry.updated_at
    );
    series.give(db, changes, entry.id.uuid(), None)
}

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<JournalEntry>()
    .ways(&[by("id", To::Party).where_is("id IN (SELECT journal_entry_id FROM journal_lines WHERE party_id IN ({}))")])
    .columns(&[kept("description")])
    .plain(&["number", "journal", "class", "status", "source", "drafted", "metadata", "authors"])
    .with_owner()
    .unread();

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<JournalLine>("party_id", OnMerge::FollowUnchanged)];

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "journal_lines", columns: &["party_id"] }];
