//! Rows of facts: audit trail, timeline, change feed and outbox in one append-only table. `seq` and the hash chain are
//! given after the commit, by the sequencer.

use chrono::{DateTime, Utc};
use domain::Event;
use uuid::Uuid;

use crate::{Conn, Result, Statement, Value};

/// Who did it, when, and on whose request.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub actor_name: &'a str,
    pub request_id: &'a str,
}

/// Writes the facts of one transaction, in the order they happened.
pub fn insert(db: &mut Conn, origin: &Origin, events: &[Event]) -> Result<()> {
    use crate::{JsonText, Kind};
    for chunk in events.chunks(500) {
        let mut s = Statement::new(
            "INSERT INTO events (id, at, kind, subject, company_id, party_id, version, data, previous, actor, actor_name, request_id) VALUES ",
        );
        for (i, e) in chunk.iter().enumerate() {
            let json = |v: &serde_json::Value| Value::Json(JsonText(v.to_string()));
            let uid = |id: Option<Uuid>| id.map_or(Value::Null(Kind::Uid), Value::Uid);
            let row = [
                Value::Uid(Uuid::now_v7()),
                Value::instant(origin.at),
                Value::Text(e.kind.clone()),
                Value::Text(e.subject.clone()),
                uid(e.company.map(domain::kernel::Id::uuid)),
                uid(e.party.map(domain::kernel::Id::uuid)),
                Value::Int(e.version),
                json(&e.data),
                e.previous.as_ref().map_or(Value::Null(Kind::Json), json),
                Value::Text(origin.actor.into()),
                Value::Text(origin.actor_name.into()),
                Value::Text(origin.request_id.into()),
            ];
            s.sql(if i == 0 { "(" } else { ", (" }).values(row).sql(")");
        }
        s.execute(db)?;
    }
    Ok(())
}
