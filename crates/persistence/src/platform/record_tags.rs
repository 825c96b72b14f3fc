//! Rows of tags on records.

use domain::ids::RecordTagId;
use domain::kernel::Id;
use domain::platform::record_tags::{RecordTag, key as folded};
use uuid::Uuid;

use crate::beside::{ABOUT, key};
use crate::personal::{Personal, kept};
use crate::{Condition, Conn, Result, Statement, list, record, sql};

crate::record! {
    record_tags: RecordTag {
        id: uid, record_id: text, record_kind: text, company_id: opt(uid), tag: text, version: int, created_at: instant,
        updated_at: instant,
    }
    derived { record_key: uid = |t| key(&t.record_id), tag_key: text = |t| folded(&t.tag) }
}

/// The tag of this name on a record.
pub fn find(db: &mut Conn, record_id: &str, tag: &str) -> Result<Option<RecordTagId>> {
    let found = sql!("SELECT id FROM record_tags WHERE record_key = {} AND tag_key = {}", key(record_id).uuid(), folded(tag));
    Ok(found.first::<(Uuid,)>(db)?.map(|r| RecordTagId::from_uuid(r.0)))
}

/// How many tags a record has.
pub fn count(db: &mut Conn, record_id: &str) -> Result<i64> {
    Ok(sql!("SELECT COUNT(*) FROM record_tags WHERE record_key = {}", key(record_id).uuid()).first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

/// The tags of these records, in their order.
pub fn of(db: &mut Conn, records: &[String]) -> Result<Vec<RecordTag>> {
    let keys: Vec<Uuid> = records.iter().map(|id| key(id).uuid()).collect();
    let mut s = record::select::<RecordTag>();
    s.append(sql!(" WHERE record_key IN ({}) ORDER BY tag_key, id", list(&keys)));
    record::load(db, &s)
}

/// Rows of a table with this tag, whatever its case and accents.
pub fn tagged(table: &str, tag: &str) -> Condition {
    let mut s = Statement::new(format!("{table}.id IN (SELECT t.record_key FROM record_tags t WHERE t.tag_key = "));
    s.append(sql!("{})", folded(tag)));
    Condition::Other(s)
}

/// Tags of this name.
pub fn named(tag: &str) -> Condition {
    Condition::In("tag_key", vec![crate::Value::Text(folded(tag))])
}

/// What the rows hold of a person.
pub const PERSONAL: Personal =
    Personal::of::<RecordTag>().ways(&ABOUT).columns(&[kept("tag"), kept("tag_key")]).plain(&["record_id", "record_kind"]).deleted();
