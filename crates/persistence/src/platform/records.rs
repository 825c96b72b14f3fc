//! Queries over what stands beside records of any noun.

use domain::ids::{ActivityId, AttachmentId, CaseId, CommentId, ContactId, OpportunityId, QuoteId};
use domain::kernel::{Id, encode};
use uuid::Uuid;

use crate::beside::BESIDE;
use crate::{Condition, Conn, Result, Statement, list, sql};

/// Rows beside records that a caller may see: of these nouns all, of those the ones whose record meets the condition on its table.
pub fn visible(table: &str, whole: &[&str], parts: &[(&str, &str, Condition)]) -> Condition {
    let texts = |words: &[&str]| words.iter().map(|w| crate::Value::Text((*w).to_string())).collect::<Vec<_>>();
    let mut s = Statement::new("(1 = 0");
    if !whole.is_empty() {
        s.sql(format!(" OR {table}.record_kind IN (")).values(texts(whole)).sql(")");
    }
    for (kind, records, condition) in parts {
        s.sql(format!(" OR ({table}.record_kind = ")).values(texts(&[kind]));
        s.sql(format!(" AND {table}.record_key IN (SELECT {records}.id FROM {records} WHERE "));
        condition.write(&mut s);
        s.sql("))");
    }
    s.sql(")");
    Condition::Other(s)
}

/// Removes what stands beside a record that is deleted.
pub fn forget(db: &mut Conn, record: Uuid) -> Result<()> {
    sql!("DELETE FROM attachment_contents WHERE id IN (SELECT id FROM attachments WHERE record_key = {})", record).execute(db)?;
    for beside in BESIDE {
        let mut s = Statement::new(format!("DELETE FROM {} WHERE record_key = ", beside.table));
        s.push(crate::Value::Uid(record)).execute(db)?;
    }
    Ok(())
}

/// Whether anything stands beside a record.
pub fn is_bare(db: &mut Conn, record: Uuid) -> Result<bool> {
    let mut s = Statement::default();
    for (i, beside) in BESIDE.iter().enumerate() {
        s.sql(if i == 0 { "SELECT id FROM " } else { " UNION ALL SELECT id FROM " }).sql(beside.table);
        s.append(sql!(" WHERE record_key = {}", record));
    }
    Ok(s.load::<(Uuid,)>(db)?.is_empty())
}

/// What was said, attached and done about records, as facts name it: comments, attachments and activities; the latest of each.
pub fn around(db: &mut Conn, records: &[String], limit: i64) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let tables = [
        ("comments", "record_id", CommentId::PREFIX),
        ("attachments", "record_id", AttachmentId::PREFIX),
        ("activities", "regarding_id", ActivityId::PREFIX),
    ];
    for (table, column, prefix) in tables {
        let mut s = Statement::new(format!("SELECT id FROM {table} WHERE {column} IN ("));
        s.append(sql!("{}) ORDER BY id DESC LIMIT {}", list(records), limit));
        found.extend(s.load::<(Uuid,)>(db)?.into_iter().map(|(id,)| encode(prefix, id)));
    }
    Ok(found)
}

/// Records that name contacts, as facts name them: activities in which they take part, and their deals, cases and quotes; the latest
/// of each.
pub fn naming_contacts(db: &mut Conn, contacts: &[Uuid], limit: i64) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let tables = [("opportunities", OpportunityId::PREFIX), ("cases", CaseId::PREFIX), ("quotes", QuoteId::PREFIX)];
    for (table, prefix) in tables {
        let mut s = Statement::new(format!("SELECT id FROM {table} WHERE contact_id IN ("));
        s.append(sql!("{}) ORDER BY id DESC LIMIT {}", list(contacts), limit));
        found.extend(s.load::<(Uuid,)>(db)?.into_iter().map(|(id,)| encode(prefix, id)));
    }
    let names: Vec<String> = contacts.iter().map(|id| encode(ContactId::PREFIX, *id)).collect();
    let taking_part = sql!(
        "SELECT DISTINCT activity_id FROM activity_participants WHERE key IN ({}) ORDER BY activity_id DESC LIMIT {}",
        list(&names),
        limit
    );
    found.extend(taking_part.load::<(Uuid,)>(db)?.into_iter().map(|(id,)| encode(ActivityId::PREFIX, id)));
    Ok(found)
}
