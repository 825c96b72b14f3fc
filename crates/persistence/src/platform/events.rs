//! Rows of facts: audit trail, timeline, change feed and outbox in one append-only table. Their places in the feed and in
//! the hash chain stand beside them, in `event_links`, and are given after the commit, by the sequencer.

use chrono::{DateTime, Utc};
use domain::Event;
use domain::directory::timeline::TimelineEntry;
use domain::fact_text::unpacked;
use domain::facts::AuditEntry;
use domain::facts::PublishedEvent;
use domain::identity::actors::ActorKind;
use domain::ids::UserId;
use domain::platform::trace::title_of;
use serde_json::Value as Json;
use uuid::Uuid;

use super::links::{self as document_links, NewLink};
use crate::ledger::Ledger;
use crate::{Condition, Conn, Engine, JsonText, Kind, Result, Statement, Value, sql};

/// Who did it, when, and on whose request.
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    pub at: DateTime<Utc>,
    pub actor: &'a str,
    pub actor_name: &'a str,
    pub request_id: &'a str,
}

/// A fact to be written.
#[derive(Debug)]
pub struct NewFact<'a> {
    pub id: Uuid,
    pub event: &'a Event,
    /// JSON text of what the event holds.
    pub data: String,
    pub previous: Option<String>,
    /// What the chain will vouch for.
    pub digest: Vec<u8>,
}

/// Writes the facts of one transaction, in the order they happened, each with its link that waits for its number, and which
/// documents came from which. PostgreSQL takes all in one statement; SQLite has no INSERT in a WITH clause.
pub fn insert(db: &mut Conn, origin: &Origin, facts: Vec<NewFact>, documents: &[NewLink]) -> Result<()> {
    let mut between = document_links::inserts(documents, origin.at);
    if db.engine() == Engine::Sqlite || facts.is_empty() {
        for statement in between.drain(..) {
            statement.execute(db)?;
        }
    }
    let mut facts = facts.into_iter().peekable();
    while facts.peek().is_some() {
        let mut events = Statement::new(
            "INSERT INTO events (id, at, kind, subject, company_id, party_id, version, data, previous, actor, actor_name, request_id) VALUES ",
        );
        let mut links = Statement::new("INSERT INTO event_links (event_id, digest) VALUES ");
        for (i, NewFact { id, event, data, previous, digest }) in facts.by_ref().take(500).enumerate() {
            let uid = |id: Option<Uuid>| id.map_or(Value::Null(Kind::Uid), Value::Uid);
            let row = [
                Value::Uid(id),
                Value::instant(origin.at),
                Value::Text(event.kind.clone()),
                Value::Text(event.subject.clone()),
                uid(event.company.map(domain::kernel::Id::uuid)),
                uid(event.party.map(domain::kernel::Id::uuid)),
                Value::Int(event.version),
                Value::Json(JsonText(data)),
                previous.map_or(Value::Null(Kind::Json), |text| Value::Json(JsonText(text))),
                Value::Text(origin.actor.into()),
                Value::Text(origin.actor_name.into()),
                Value::Text(origin.request_id.into()),
            ];
            let separator = if i == 0 { "(" } else { ", (" };
            events.sql(separator).values(row).sql(")");
            links.sql(separator).values([Value::Uid(id), Value::Bytes(digest)]).sql(")");
        }
        match db.engine() {
            Engine::Sqlite => {
                events.execute(db)?;
                links.execute(db)?;
            }
            Engine::Postgres => {
                let mut all = Statement::new("WITH told AS (");
                all.append(events).sql(")");
                for (i, statement) in between.drain(..).enumerate() {
                    all.sql(format!(", between{i} AS (")).append(statement).sql(")");
                }
                all.sql(" ").append(links);
                all.execute(db)?;
            }
        }
    }
    Ok(())
}

crate::record! {
    published_events: PublishedEvent {
        id: uid, seq: int, kind: text, subject: text, company_id: opt(uid), party_id: opt(uid), version: int, data: told,
        previous: opt(told), at: instant,
    }
}

crate::record! {
    audit_entries: AuditEntry {
        id: uid, seq: opt(int), kind: text, subject: text, company_id: opt(uid), party_id: opt(uid), version: int, data: told,
        previous: opt(told), actor: text, actor_name: text, request_id: text, reason: opt(text), at: instant, hash: opt(bytes),
    }
    unstored { chain_hash }
    complete = write_hashes
}

fn write_hashes(_: &mut Conn, rows: &mut [AuditEntry]) -> Result<()> {
    for row in rows {
        row.chain_hash = row.hash.as_ref().map(|h| h.iter().map(|b| format!("{b:02x}")).collect());
    }
    Ok(())
}

crate::record! {
    events: TimelineEntry {
        id: uid, kind: text, subject: text, company_id: opt(uid), actor: text, actor_name: text, at: instant, data: told,
        previous: opt(told),
    }
    unstored { area, title, actor_kind, amount, currency, text, changes }
    complete = write_titles
}

fn write_titles(_: &mut Conn, rows: &mut [TimelineEntry]) -> Result<()> {
    for row in rows {
        row.title = title_of(&row.data);
        row.actor_kind = ActorKind::of(&row.actor);
    }
    Ok(())
}

/// All kinds of events that there are, found by leaps through their index.
pub fn kinds(db: &mut Conn) -> Result<Vec<String>> {
    let rows = sql!(
        "WITH RECURSIVE k(kind) AS (SELECT MIN(kind) FROM events UNION ALL \
         SELECT (SELECT MIN(e.kind) FROM events e WHERE e.kind > k.kind) FROM k WHERE k.kind IS NOT NULL) \
         SELECT kind FROM k WHERE kind IS NOT NULL"
    );
    Ok(rows.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}

/// Facts of other nouns than this one, and those of it that are a user's own.
pub fn own_alone(engine: Engine, noun: &str, user: UserId) -> Condition {
    let owner = match engine {
        Engine::Postgres => "data->>'user_id'",
        Engine::Sqlite => "json_extract(data, '$.user_id')",
    };
    let mut s = sql!("(kind NOT LIKE {} OR ", format!("{noun}.%"));
    s.sql(owner).append(sql!(" = {})", user.to_string()));
    Condition::Other(s)
}

/// The latest fact about each of these things, in no order: subject, kind, company, the thing afterwards.
pub fn latest_about(db: &mut Conn, subjects: &[String]) -> Result<Vec<(String, String, Option<Uuid>, Json)>> {
    let found = sql!(
        "SELECT subject, kind, company_id, data FROM events e WHERE subject IN ({}) \
         AND NOT EXISTS (SELECT 1 FROM events n WHERE n.subject = e.subject AND n.id > e.id)",
        crate::list(subjects)
    );
    let rows = found.load::<(String, String, Option<Uuid>, Json)>(db)?;
    Ok(rows.into_iter().map(|(subject, kind, company, data)| (subject, kind, company, unpacked(data))).collect())
}

/// Tables here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[
    Ledger { table: "events", columns: &["data", "previous"] },
    Ledger { table: "event_links", columns: &["digest", "seq", "prev_hash", "hash"] },
];
