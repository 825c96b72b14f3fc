//! The document flow: which document came from which.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Conn, Result, Statement, Value, sql};

/// That the document `to` came from `from`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLink {
    pub from: String,
    pub to: String,
    pub kind: String,
}

/// The statements that remember links; remembering one twice changes nothing.
pub(crate) fn inserts(links: &[NewLink], now: DateTime<Utc>) -> Vec<Statement> {
    let one = |some: &[NewLink]| {
        let mut statement = Statement::new("INSERT INTO links (id, from_id, to_id, kind, created_at) VALUES ");
        for (i, NewLink { from, to, kind }) in some.iter().enumerate() {
            let text = |t: &String| Value::Text(t.clone());
            let row = [Value::Uid(Uuid::now_v7()), text(from), text(to), text(kind), Value::instant(now)];
            statement.sql(if i == 0 { "(" } else { ", (" }).values(row).sql(")");
        }
        statement.sql(" ON CONFLICT (from_id, to_id, kind) DO NOTHING");
        statement
    };
    links.chunks(500).map(one).collect()
}

/// The edges that touch one of these documents, as (from, to, kind); at most `limit`.
pub fn around(db: &mut Conn, ids: &[String], limit: i64) -> Result<Vec<(String, String, String)>> {
    sql!(
        "SELECT from_id, to_id, kind FROM links WHERE from_id IN ({}) OR to_id IN ({}) ORDER BY id LIMIT {}",
        crate::list(ids),
        crate::list(ids),
        limit
    )
    .load(db)
}
