//! Rows of attachments; the content has a table of its own, so that lists never touch it.

use domain::platform::attachments::Attachment;
use uuid::Uuid;

use crate::beside::{ABOUT, key};
use crate::personal::{Personal, To, by, kept};
use crate::reference::{OnMerge, Reference};
use crate::{Conn, Result, sql};

crate::record! {
    attachments: Attachment {
        id: uid, record_id: text, record_kind: text, company_id: opt(uid), party_id: opt(uid), uploaded_by_id: opt(uid), name: text,
        media_type: text, size: int, sha256: text, version: int, created_at: instant, updated_at: instant,
    }
    derived { record_key: uid = |a| key(&a.record_id), search: text = |a| crate::search_text(&[&a.name]) }
}

/// How many attachments a record has.
pub fn count(db: &mut Conn, record_id: &str) -> Result<i64> {
    Ok(sql!("SELECT COUNT(*) FROM attachments WHERE record_id = {}", record_id).first::<(i64,)>(db)?.map_or(0, |r| r.0))
}

pub fn insert_content(db: &mut Conn, id: Uuid, content: Vec<u8>) -> Result<()> {
    sql!("INSERT INTO attachment_contents (id, content) VALUES ({}, {})", id, content).execute(db)?;
    Ok(())
}

pub fn content(db: &mut Conn, id: Uuid) -> Result<Option<Vec<u8>>> {
    Ok(sql!("SELECT content FROM attachment_contents WHERE id = {}", id).first::<(Vec<u8>,)>(db)?.map(|r| r.0))
}

pub fn delete_content(db: &mut Conn, id: Uuid) -> Result<()> {
    sql!("DELETE FROM attachment_contents WHERE id = {}", id).execute(db)?;
    Ok(())
}

/// What the contents hold of a person: they go before their rows do.
pub const CONTENTS: Personal = Personal::table("attachment_contents").ways(&[by("id", To::Row("attachments"))]).deleted();

/// What the rows hold of a person.
pub const PERSONAL: Personal = Personal::of::<Attachment>()
    .ways(&ABOUT)
    .columns(&[kept("name"), kept("search")])
    .plain(&["record_id", "record_kind", "media_type", "sha256"])
    .deleted();

/// What leads to parties from here, and what a merge does to it.
pub(crate) const REFERENCES: &[Reference] = &[Reference::to_party::<Attachment>("party_id", OnMerge::Follow)];
