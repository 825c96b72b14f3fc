//! Rows of the receivables subledger: items with what is open of them now, and the dated rows they are the sum of.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::kernel::{Amount, Id};
use domain::receivables::open_items::{ItemEntry, OpenItem};
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::reference::{OnMerge, Reference};
use crate::value::Scalar;
use crate::{Conn, Engine, Result, Statement, Value, list, record, sql};

crate::record! {
    open_items: OpenItem {
        id: uid, company_id: uid, party_id: uid, kind: word, document_id: text, document_number: text, position: small,
        account_id: opt(uid), document_date: date, due_date: date, currency: text, exchange_rate: rate, amount: amount, outstanding: amount,
        outstanding_company: amount, last_entry_date: date, version: int, created_at: instant, updated_at: instant,
    }
}

crate::record! {
    item_entries: ItemEntry {
        id: uid, company_id: uid, item_id: uid, allocation_id: opt(uid), cause: word, effective_date: date, amount: amount,
        amount_company: amount, created_at: instant,
    }
}

/// The items of a document, the first due first, locked until the transaction ends.
pub fn lock_of(db: &mut Conn, document: &str) -> Result<Vec<OpenItem>> {
    lock_of_all(db, &[document.to_owned()])
}

/// The items of some documents, those of a document together and the first due first, locked until the transaction ends.
pub fn lock_of_all(db: &mut Conn, documents: &[String]) -> Result<Vec<OpenItem>> {
    let mut statement = record::select::<OpenItem>();
    statement.append(sql!(" WHERE document_id IN ({}) ORDER BY document_id, position", list(documents)));
    if db.engine() == Engine::Postgres {
        statement.sql(" FOR NO KEY UPDATE");
    }
    record::load(db, &statement)
}

/// By how much an item changes, in both currencies.
#[derive(Debug, Clone, Copy)]
pub struct ItemChange {
    pub item: Uuid,
    pub by: Amount,
    pub by_company: Amount,
}

/// Changes what is open of items, each named once. The sign never turns and nothing beyond what is open is taken: `false` when an
/// item has changed in between; then the transaction must end.
pub fn change(db: &mut Conn, changes: &[ItemChange], on: NaiveDate, now: DateTime<Utc>) -> Result<bool> {
    let mut done = 0;
    for some in changes.chunks(500) {
        let mut statement = sql!(
            "UPDATE open_items SET outstanding = outstanding + v.column2, outstanding_company = outstanding_company + v.column3, \
             last_entry_date = CASE WHEN last_entry_date < {} THEN {} ELSE last_entry_date END, version = version + 1, updated_at = {} \
             FROM (VALUES ",
            on,
            on,
            now
        );
        for (i, c) in some.iter().enumerate() {
            statement.sql(if i == 0 { "(" } else { ", (" }).values([c.item.put(), c.by.put(), c.by_company.put()]).sql(")");
        }
        statement.sql(
            ") AS v WHERE open_items.id = v.column1 AND ((amount >= 0 AND outstanding + v.column2 >= 0 AND outstanding + v.column2 <= amount) \
             OR (amount < 0 AND outstanding + v.column2 <= 0 AND outstanding + v.column2 >= amount))",
        );
        done += statement.execute(db)?;
    }
    Ok(done == changes.len())
}

/// Gives the items of a document its number.
pub fn set_number(db: &mut Conn, document: &str, number: &str) -> Result<usize> {
    sql!("UPDATE open_items SET document_number = {} WHERE document_id = {}", number, document).execute(db)
}

/// The entries that an allocation made.
pub fn entries_of(db: &mut Conn, allocation: Uuid) -> Result<Vec<ItemEntry>> {
    record::by::<ItemEntry>(db, "allocation_id", &[allocation])
}

/// The changes of an item by the day they count for, the first first.
pub fn by_day(db: &mut Conn, item: Uuid) -> Result<Vec<(NaiveDate, Amount)>> {
    sql!("SELECT effective_date, SUM(amount) FROM item_entries WHERE item_id = {} GROUP BY effective_date ORDER BY effective_date", item)
        .load(db)
}

/// What a customer owes now, in the company's currency; money and credits not yet used are taken off.
pub fn balance(db: &mut Conn, company: Option<Uuid>, party: Uuid) -> Result<Amount> {
    let mut statement = sql!("SELECT SUM(outstanding_company) FROM open_items WHERE outstanding <> 0 AND party_id = {}", party);
    if let Some(company) = company {
        statement.sql(" AND company_id = ").push(Value::Uid(company));
    }
    Ok(statement.first::<(Option<Amount>,)>(db)?.and_then(|r| r.0).unwrap_or_default())
}

/// The open items of a customer, the first due first.
pub fn open_of(db: &mut Conn, party: Uuid) -> Result<Vec<OpenItem>> {
    let mut statement = record::select::<OpenItem>();
    statement.sql(" WHERE outstanding <> 0 AND party_id = ").push(Value::Uid(party)).sql(" ORDER BY due_date, id");
    record::load(db, &statement)
}

/// The items of a company that were open at the end of a day, with what was open of them then: those open now and those
/// that something happened to later, less what happened later.
pub fn open_as_of(db: &mut Conn, company: Uuid, party: Option<Uuid>, day: NaiveDate) -> Result<Vec<OpenItem>> {
    let mut statement = record::select::<OpenItem>();
    statement.sql(" WHERE company_id = ").push(Value::Uid(company)).sql(" AND (outstanding <> 0 OR last_entry_date > ");
    statement.push(Value::Date(day)).sql(") AND document_date <= ").push(Value::Date(day));
    if let Some(party) = party {
        statement.sql(" AND party_id = ").push(Value::Uid(party));
    }
    statement.sql(" ORDER BY due_date, id");
    let mut items: Vec<OpenItem> = record::load(db, &statement)?;
    let later = sql!(
        "SELECT item_id, SUM(amount), SUM(amount_company) FROM item_entries WHERE company_id = {} AND effective_date > {} GROUP BY item_id",
        company,
        day
    )
    .load::<(Uuid, Amount, Amount)>(db)?;
    less(&mut items, later);
    items.retain(|i| !i.outstanding.is_zero());
    Ok(items)
}

/// The items of a customer that were open at the end of a day, with what was open of them then, the first due first.
pub fn open_of_as_of(db: &mut Conn, party: Uuid, day: NaiveDate) -> Result<Vec<OpenItem>> {
    let mut statement = record::select::<OpenItem>();
    statement.append(sql!(
        " WHERE party_id = {} AND (outstanding <> 0 OR last_entry_date > {}) AND document_date <= {} ORDER BY due_date, id",
        party,
        day,
        day
    ));
    let mut items: Vec<OpenItem> = record::load(db, &statement)?;
    for some in items.chunks_mut(500) {
        turn_back(db, some, day)?;
    }
    items.retain(|i| !i.outstanding.is_zero());
    Ok(items)
}

/// Whether a party ever had an item here.
pub fn known(db: &mut Conn, party: Uuid) -> Result<bool> {
    Ok(sql!("SELECT COUNT(*) FROM (SELECT 1 FROM open_items WHERE party_id = {} LIMIT 1) x", party)
        .first::<(i64,)>(db)?
        .is_some_and(|r| r.0 > 0))
}

/// Whether a customer owes a company something in a currency beyond these documents.
pub fn owes_more(db: &mut Conn, company: Uuid, party: Uuid, currency: &str, documents: &[String]) -> Result<bool> {
    let found = sql!(
        "SELECT COUNT(*) FROM open_items WHERE company_id = {} AND party_id = {} AND currency = {} AND outstanding > 0 \
         AND document_id NOT IN ({})",
        company,
        party,
        currency,
        list(documents)
    );
    Ok(found.first::<(i64,)>(db)?.is_some_and(|r| r.0 > 0))
}

/// The accounts that the items of a company are booked on.
pub fn accounts(db: &mut Conn, company: Uuid) -> Result<Vec<Uuid>> {
    let found = sql!("SELECT DISTINCT account_id FROM open_items WHERE company_id = {} AND account_id IS NOT NULL", company);
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// The condition that something is open of an item.
pub fn is_open() -> Statement {
    sql!("outstanding <> 0")
}

/// The condition that an item was open at the end of a day.
pub fn was_open(day: NaiveDate) -> Statement {
    sql!("(SELECT COALESCE(SUM(e.amount), 0) FROM item_entries e WHERE e.item_id = open_items.id AND e.effective_date <= {}) <> 0", day)
}

/// Takes off what happened to these items after a day.
pub fn turn_back(db: &mut Conn, items: &mut [OpenItem], day: NaiveDate) -> Result<()> {
    let ids: Vec<Uuid> = items.iter().map(|i| i.id.uuid()).collect();
    let later = sql!(
        "SELECT item_id, SUM(amount), SUM(amount_company) FROM item_entries WHERE item_id IN ({}) AND effective_date > {} GROUP BY item_id",
        list(&ids),
        day
    )
    .load::<(Uuid, Amount, Amount)>(db)?;
    less(items, later);
    Ok(())
}

fn less(items: &mut [OpenItem], later: Vec<(Uuid, Amount, Amount)>) {
    let later: HashMap<Uuid, (Amount, Amount)> = later.into_iter().map(|(id, a, c)| (id, (a, c))).collect();
    for item in items {
        if let Some((amount, company)) = later.get(&item.id.uuid()) {
            item.outstanding -= *amount;
            item.outstanding_company -= *company;
        }
    }
}

/// What leads to parties and contacts from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<OpenItem>("party_id", OnMerge::Follow)];

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "item_entries", columns: &[] }];
