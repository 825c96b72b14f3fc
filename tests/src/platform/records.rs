//! Every record of the source against the schema of both engines: its columns, their kinds, the places of decimals, and what may
//! be NULL. The compiler cannot see any of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use persistence::{Conn, Database, DatabaseConfig, Engine, Error, Statement, sql};

use super::Ground;
use crate::harness::workspace;

/// A column as the source declares it.
struct Declared {
    kind: String,
    nullable: bool,
}

/// A column as the database has it: type, places of a decimal, whether it may be NULL.
#[derive(Debug)]
struct Column {
    kind: String,
    scale: Option<i64>,
    nullable: bool,
}

/// `record! { table: Type { field: kind, … } derived { … } late { … } … }` of all files: table and columns.
fn records() -> Vec<(String, BTreeMap<String, Declared>)> {
    let mut out = Vec::new();
    let mut folders = vec![workspace().join("crates/persistence/src")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().flatten().map(|e| e.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("record.rs") {
                out.extend(records_of(&path));
            }
        }
    }
    assert!(out.len() > 100, "{} records were found", out.len());
    out
}

fn records_of(path: &Path) -> Vec<(String, BTreeMap<String, Declared>)> {
    let text = fs::read_to_string(path).unwrap();
    let bare: String = text.lines().map(|l| l.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut out = Vec::new();
    for rest in bare.split("record! {").skip(1) {
        let (table, rest) = rest.split_once(':').unwrap();
        let (_, rest) = rest.split_once('{').unwrap();
        let (fields, rest) = rest.split_once('}').unwrap();
        let mut columns = BTreeMap::new();
        for field in fields.split(',').filter(|f| !f.trim().is_empty()) {
            let (name, kind) = field.split_once(':').unwrap();
            let kind = kind.trim();
            let inner = kind.strip_prefix("opt(").map(|k| k.trim_end_matches(')'));
            let declared = Declared { kind: inner.unwrap_or(kind).to_string(), nullable: inner.is_some() };
            columns.insert(name.trim().to_string(), declared);
        }
        let mut rest = rest.trim_start();
        // what is late is NULL in rows from before the column
        for (word, nullable) in [("derived {", false), ("late {", true)] {
            let Some(inner) = rest.strip_prefix(word) else { continue };
            let end = closing(inner);
            columns.extend(written(&inner[..end]).map(|(name, kind)| (name, Declared { kind, nullable })));
            rest = inner[end + 1..].trim_start();
        }
        out.push((table.trim().to_string(), columns));
    }
    out
}

/// Where the brace closes that was opened before the text.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    let found = text.char_indices().find(|(_, c)| {
        depth += match c {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        depth < 0
    });
    found.map(|(at, _)| at).expect("a closing brace")
}

/// `name: kind = |row| …, name: kind = …`: each begins where a kind stands between a colon and `= |`.
fn written(text: &str) -> impl Iterator<Item = (String, String)> {
    let parts: Vec<&str> = text.split("= |").collect();
    let heads = parts[..parts.len() - 1].iter().map(|part| part.rsplit([',', '\n']).next().unwrap_or_default());
    let columns: Vec<_> = heads.map(|head| head.split_once(':').expect("a name and a kind")).collect();
    let owned: Vec<_> = columns.into_iter().map(|(name, kind)| (name.trim().to_string(), kind.trim().to_string())).collect();
    owned.into_iter()
}

/// A kind, and what it is on PostgreSQL and on SQLite; the places of a decimal.
const KINDS: [(&str, &[&str], &str, Option<i64>); 14] = [
    ("uid", &["uuid"], "BLOB", None),
    ("text", &["text"], "TEXT", None),
    ("word", &["text"], "TEXT", None),
    ("bool", &["boolean"], "INTEGER", None),
    ("int", &["bigint", "integer", "smallint"], "INTEGER", None),
    ("small", &["integer", "smallint", "bigint"], "INTEGER", None),
    ("date", &["date"], "TEXT", None),
    ("instant", &["timestamp with time zone"], "INTEGER", None),
    ("amount", &["numeric"], "INTEGER", Some(4)),
    ("quantity", &["numeric"], "INTEGER", Some(6)),
    ("price", &["numeric"], "INTEGER", Some(6)),
    ("rate", &["numeric"], "INTEGER", Some(10)),
    ("json", &["jsonb"], "TEXT", None),
    ("told", &["jsonb"], "TEXT", None),
];

fn columns(c: &mut Conn<'_>, table: &str) -> Result<BTreeMap<String, Column>, Error> {
    let rows = match c.engine() {
        Engine::Postgres => sql!(
            "SELECT column_name::text, data_type::text, numeric_scale::bigint, CASE is_nullable WHEN 'YES' THEN 1 ELSE 0 END \
             FROM information_schema.columns WHERE table_name = {}",
            table
        )
        .load::<(String, String, Option<i64>, i64)>(c)?,
        Engine::Sqlite => Statement::new(format!("SELECT name, type, NULL, 1 - \"notnull\" FROM pragma_table_info('{table}')")).load(c)?,
    };
    Ok(rows.into_iter().map(|(name, kind, scale, nullable)| (name, Column { kind, scale, nullable: nullable == 1 })).collect())
}

each_database! {
    fn every_record_is_as_its_table(d) {
        let wrong = differences(d);
        assert!(wrong.is_empty(), "{} columns differ:\n  {}", wrong.len(), wrong.join("\n  "));
    }
}

fn differences(d: &Ground) -> Vec<String> {
    let db = Database::open(&DatabaseConfig::new(&d.url)).unwrap();
    // a column of a view may be NULL as far as the database knows
    let views = ["published_events", "audit_entries", "audience"];
    let mut wrong = Vec::new();
    for (table, declared) in records() {
        let there = db.read(|c| columns(c, &table)).unwrap();
        for (name, declared) in &declared {
            let Some(column) = there.get(name) else {
                wrong.push(format!("{table}.{name} does not exist"));
                continue;
            };
            let place = format!("{table}.{name}: {} is {column:?}", declared.kind);
            let is_known = match (d.db.engine(), KINDS.iter().find(|(k, ..)| *k == declared.kind)) {
                (_, None) => declared.kind == "bytes" && ["bytea", "BLOB"].contains(&&*column.kind),
                (Engine::Postgres, Some((_, kinds, _, scale))) => {
                    kinds.contains(&&*column.kind) && (scale.is_none() || *scale == column.scale)
                }
                (Engine::Sqlite, Some((_, _, kind, _))) => *kind == column.kind || (views.contains(&&*table)),
            };
            let may_be_null = declared.nullable == column.nullable || views.contains(&&*table);
            if !is_known || !may_be_null {
                wrong.push(place);
            }
        }
    }
    wrong
}
