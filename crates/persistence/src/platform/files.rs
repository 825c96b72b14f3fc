//! Rows of stored files; the content has a table of its own, so that lists never touch it.

use domain::platform::files::StoredFile;
use uuid::Uuid;

use crate::{Condition, Conn, Result, sql};

crate::record! {
    stored_files: StoredFile {
        id: uid, company_id: opt(uid), uploaded_by: text, name: text, media_type: text, size: int, sha256: text, created_at: instant,
        version: int,
    }
}

/// Files of a company, and those that this caller uploaded.
pub fn of_companies_or_by(uploader: &str) -> Condition {
    Condition::Other(sql!("(stored_files.company_id IS NOT NULL OR stored_files.uploaded_by = {})", uploader))
}

pub fn insert_content(db: &mut Conn, id: Uuid, content: Vec<u8>) -> Result<()> {
    sql!("INSERT INTO file_contents (id, content) VALUES ({}, {})", id, content).execute(db)?;
    Ok(())
}

pub fn content(db: &mut Conn, id: Uuid) -> Result<Option<Vec<u8>>> {
    Ok(sql!("SELECT content FROM file_contents WHERE id = {}", id).first::<(Vec<u8>,)>(db)?.map(|r| r.0))
}

pub fn delete_content(db: &mut Conn, id: Uuid) -> Result<()> {
    sql!("DELETE FROM file_contents WHERE id = {}", id).execute(db)?;
    Ok(())
}
