//! The two trees of migrations: they describe the same tables, they can be taken back without a trace, and one process
//! runs them at a time.

use std::collections::BTreeSet;

use persistence::{Database, DatabaseConfig, Engine, sql};

use crate::harness;

each_database! {
    fn up_down_up_leaves_no_trace(d) {
        let first = everything(&d.db);
        let taken = d.db.revert_all().unwrap();
        assert_eq!(everything(&d.db), BTreeSet::new(), "what the down scripts left");
        assert_eq!(d.db.pending().unwrap().len(), taken.len());
        let mut again = d.db.migrate().unwrap();
        again.reverse();
        assert_eq!(again, taken);
        assert_eq!(everything(&d.db), first);
        assert_eq!(d.db.pending().unwrap(), Vec::<String>::new());
    }

    fn a_migrated_database_has_nothing_left_to_do(d) {
        assert_eq!(d.db.migrate().unwrap(), Vec::<String>::new());
        if d.db.engine() == Engine::Postgres {
            let open = d.db.read(|c| sql!("SELECT conname::text FROM pg_constraint WHERE NOT convalidated ORDER BY conname").load::<(String,)>(c)).unwrap();
            assert_eq!(open, [], "what was added NOT VALID is validated by a later migration");
        }
    }
}

/// Eight replicas start at once on an empty database.
fn race(engine: harness::Engine) {
    if !engine.available() {
        return;
    }
    let place = harness::Database::empty(engine);
    let ran: usize = std::thread::scope(|s| {
        let replicas: Vec<_> =
            (0..8).map(|_| s.spawn(|| Database::open(&DatabaseConfig::new(&place.url)).unwrap().migrate().unwrap().len())).collect();
        replicas.into_iter().map(|r| r.join().unwrap()).sum()
    });
    let db = Database::open(&DatabaseConfig::new(&place.url)).unwrap();
    assert!(db.pending().unwrap().is_empty());
    db.revert_all().unwrap();
    assert_eq!(ran, db.pending().unwrap().len(), "each migration ran once");
}

#[test]
fn one_replica_migrates_at_a_time_on_sqlite() {
    race(harness::Engine::Sqlite);
}

#[test]
fn one_replica_migrates_at_a_time_on_postgres() {
    race(harness::Engine::Postgres);
}

#[test]
fn both_trees_give_the_same_schema() {
    if !harness::Engine::Postgres.available() {
        return;
    }
    let of = |engine| {
        let place = harness::Database::empty(engine);
        let db = Database::open(&DatabaseConfig::new(&place.url)).unwrap();
        db.migrate().unwrap();
        [columns(&db), indexes(&db), foreign_keys(&db)]
    };
    let (sqlite, postgres) = (of(harness::Engine::Sqlite), of(harness::Engine::Postgres));
    for (what, (s, p)) in ["columns", "indexes", "foreign keys"].iter().zip(sqlite.iter().zip(&postgres)) {
        assert!(!s.is_empty() || *what == "foreign keys");
        let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
        let (s, p) = (only(s, p), only(p, s));
        assert!(s.is_empty() && p.is_empty(), "{what}\nonly on SQLite: {s:#?}\nonly on PostgreSQL: {p:#?}");
    }
}

#[test]
fn every_foreign_key_is_indexed() {
    let place = harness::Database::empty(harness::Engine::Sqlite);
    let db = Database::open(&DatabaseConfig::new(&place.url)).unwrap();
    db.migrate().unwrap();
    let (indexes, columns) = (indexes(&db), columns(&db));
    // companies are as good as never deleted, and every row of a document names its company
    let bare: Vec<String> = foreign_keys(&db)
        .into_iter()
        .filter(|key| !key.contains(" → companies."))
        .filter(|key| {
            let (from, _) = key.split_once(" → ").unwrap();
            let (table, column) = from.split_once('.').unwrap();
            let leads = [format!("{table} ({column}"), format!("{table} UNIQUE ({column}")];
            let primary = columns.iter().any(|c| c.starts_with(&format!("{table}.{column} ")) && c.ends_with("key 1"));
            !primary && !indexes.iter().any(|i| leads.iter().any(|l| i.starts_with(&format!("{l},")) || i.starts_with(&format!("{l})"))))
        })
        .collect();
    assert!(bare.is_empty(), "foreign keys without an index: {bare:#?}");
}

/// Whoever keeps a copy asks every list for what changed since, in the order of the changes.
#[test]
fn what_changed_since_is_found_by_an_index() {
    let place = harness::Database::empty(harness::Engine::Sqlite);
    let db = Database::open(&DatabaseConfig::new(&place.url)).unwrap();
    db.migrate().unwrap();
    let (indexes, columns) = (indexes(&db), columns(&db));
    let tables = columns.iter().filter_map(|c| c.strip_suffix(".updated_at INTEGER NOT NULL")).filter(|t| *t != "settings");
    let bare: Vec<&str> = tables.filter(|t| !indexes.contains(&format!("{t} (updated_at, id)"))).collect();
    assert!(bare.is_empty(), "tables without an index (updated_at, id): {bare:?}");
}

fn rows(db: &Database, text: &'static str) -> BTreeSet<String> {
    let found = db.read(|c| persistence::Statement::new(text).load::<(String,)>(c)).unwrap();
    found.into_iter().map(|r| r.0).collect()
}

/// Every object of the schema but the list of migrations itself.
fn everything(db: &Database) -> BTreeSet<String> {
    rows(
        db,
        match db.engine() {
            Engine::Sqlite => {
                "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema \
                 WHERE tbl_name NOT LIKE '!_!_diesel%' ESCAPE '!' AND tbl_name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            }
            Engine::Postgres => {
                "SELECT 'class ' || c.relname || ' ' || c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = 'public' AND c.relname NOT LIKE '!_!_diesel%' ESCAPE '!' \
                 UNION ALL SELECT 'function ' || p.proname || md5(p.prosrc) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
                 WHERE n.nspname = 'public' AND p.proname NOT LIKE 'diesel!_%' ESCAPE '!' \
                 UNION ALL SELECT 'type ' || t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace \
                 WHERE n.nspname = 'public' AND t.typname NOT LIKE '%!_!_diesel%' ESCAPE '!' \
                 UNION ALL SELECT 'trigger ' || tgrelid::regclass::text || ' ' || tgname FROM pg_trigger WHERE NOT tgisinternal \
                 UNION ALL SELECT 'constraint ' || conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(c.oid) \
                 FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace \
                 WHERE n.nspname = 'public' AND c.conname NOT LIKE '!_!_diesel%' ESCAPE '!'"
            }
        },
    )
}

/// `table.column TYPE [NOT] NULL`, with the type as SQLite names it.
fn columns(db: &Database) -> BTreeSet<String> {
    rows(
        db,
        match db.engine() {
            Engine::Sqlite => {
                "SELECT t.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" = 1 OR c.pk > 0 THEN ' NOT NULL' ELSE ' NULL' END \
                 || CASE WHEN c.pk > 0 THEN ' key ' || c.pk ELSE '' END \
                 FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name NOT LIKE '!_!_diesel%' ESCAPE '!' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
            }
            Engine::Postgres => {
                "SELECT c.relname || '.' || a.attname || ' ' || \
                 CASE WHEN format_type(a.atttypid, a.atttypmod) IN ('uuid', 'bytea') THEN 'BLOB' \
                 WHEN format_type(a.atttypid, a.atttypmod) IN ('text', 'date', 'jsonb') THEN 'TEXT' \
                 WHEN format_type(a.atttypid, a.atttypmod) IN ('bigint', 'integer', 'boolean', 'timestamp with time zone', \
                 'numeric(18,4)', 'numeric(18,6)', 'numeric(18,10)') THEN 'INTEGER' \
                 ELSE 'unusual ' || format_type(a.atttypid, a.atttypmod) END \
                 || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE ' NULL' END \
                 || coalesce((SELECT ' key ' || array_position(i.indkey::int[], a.attnum::int) + 1 FROM pg_index i \
                 WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey::int[])), '') \
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid \
                 WHERE n.nspname = 'public' AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped \
                 AND c.relname NOT LIKE '!_!_diesel%' ESCAPE '!'"
            }
        },
    )
}

/// `table [UNIQUE ](columns)[ partial]`, whatever its name; primary keys are with the columns.
fn indexes(db: &Database) -> BTreeSet<String> {
    rows(
        db,
        match db.engine() {
            Engine::Sqlite => {
                "SELECT t.name || CASE WHEN i.\"unique\" = 1 THEN ' UNIQUE' ELSE '' END || ' (' || \
                 (SELECT group_concat(coalesce(x.name, 'expression') || CASE WHEN x.desc = 1 THEN ' DESC' ELSE '' END, ', ') \
                 FROM (SELECT * FROM pragma_index_xinfo(i.name) WHERE key = 1 ORDER BY seqno) x) || ')' \
                 || CASE WHEN i.partial = 1 THEN ' partial' ELSE '' END \
                 FROM sqlite_schema t, pragma_index_list(t.name) i \
                 WHERE t.type = 'table' AND i.origin <> 'pk' AND t.name NOT LIKE '!_!_diesel%' ESCAPE '!'"
            }
            Engine::Postgres => {
                "SELECT c.relname || CASE WHEN i.indisunique THEN ' UNIQUE' ELSE '' END || ' (' || \
                 (SELECT string_agg(coalesce(a.attname, 'expression') || CASE WHEN i.indoption[k.n - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' ORDER BY k.n) \
                 FROM unnest(i.indkey::int[]) WITH ORDINALITY k(att, n) LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.att AND k.att > 0) || ')' \
                 || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END \
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = 'public' AND NOT i.indisprimary AND c.relname NOT LIKE '!_!_diesel%' ESCAPE '!'"
            }
        },
    )
}

/// `table.columns → table.columns on delete …`.
fn foreign_keys(db: &Database) -> BTreeSet<String> {
    rows(
        db,
        match db.engine() {
            Engine::Sqlite => {
                "SELECT name || '.' || group_concat(\"from\", ', ') || ' → ' || \"table\" || '.' || group_concat(\"to\", ', ') || ' on delete ' || lower(on_delete) \
                 FROM (SELECT t.name, f.id, f.seq, f.\"from\", f.\"table\", coalesce(f.\"to\", 'id') AS \"to\", f.on_delete \
                 FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq) \
                 GROUP BY name, id, \"table\", on_delete"
            }
            Engine::Postgres => {
                "SELECT c.relname || '.' || (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(f.conkey) WITH ORDINALITY k(att, n) \
                 JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.att) || ' → ' || r.relname || '.' || \
                 (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(f.confkey) WITH ORDINALITY k(att, n) \
                 JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.att) || ' on delete ' || \
                 CASE f.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' ELSE 'set default' END \
                 FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class r ON r.oid = f.confrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND f.contype = 'f'"
            }
        },
    )
}

#[test]
fn a_database_file_is_private() {
    let place = harness::Database::empty(harness::Engine::Sqlite);
    let db = Database::open(&DatabaseConfig::new(&place.url)).unwrap();
    db.write::<_, persistence::Error>(Box::new(|c| Ok(persistence::Outcome::Keep(sql!("CREATE TABLE x (a INTEGER)").execute(c)?))))
        .unwrap();
    let path = place.url.strip_prefix("sqlite:").unwrap();
    for end in ["", "-wal"] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(format!("{path}{end}")).unwrap().permissions());
        assert_eq!(mode & 0o77, 0, "{path}{end}");
    }
}
