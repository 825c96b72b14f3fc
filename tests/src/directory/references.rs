//! What leads to a party or contact: no foreign key is forgotten by a merge or an export, and the database moves a pointer along a merge only.

use std::collections::BTreeSet;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use persistence::declarations::references;
use persistence::reference::{OnMerge, Target};
use persistence::{Database, DatabaseConfig, Engine, Statement};
use serde_json::json;

use crate::fixtures::{customer, id};
use crate::harness::{self, Server};

/// `table.column` of every foreign key that leads to a table.
pub fn leading_to(db: &Database, table: &str) -> BTreeSet<String> {
    let text = match db.engine() {
        Engine::Sqlite => format!(
            "SELECT t.name || '.' || f.\"from\" FROM sqlite_schema t, pragma_foreign_key_list(t.name) f \
             WHERE t.type = 'table' AND f.\"table\" = '{table}'"
        ),
        Engine::Postgres => format!(
            "SELECT c.relname || '.' || a.attname FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid \
             JOIN pg_class r ON r.oid = f.confrelid JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = ANY (f.conkey) \
             WHERE f.contype = 'f' AND r.relname = '{table}'"
        ),
    };
    db.read(|c| Statement::new(text).load::<(String,)>(c)).unwrap().into_iter().map(|r| r.0).collect()
}

fn compare(engine: harness::Engine) {
    if !engine.available() {
        return;
    }
    let place = harness::Database::empty(engine);
    let db = Database::open(&DatabaseConfig::new(&place.url)).unwrap();
    db.migrate().unwrap();
    let listed: BTreeSet<String> = references(Target::Party).map(|r| r.name()).collect();
    assert_eq!(listed.len(), references(Target::Party).count(), "one is listed twice");
    assert_eq!(listed, leading_to(&db, "parties"), "left: what a merge handles; right: what leads to parties");
    let of_contacts: BTreeSet<String> = references(Target::Contact).map(|r| r.name()).collect();
    assert_eq!(of_contacts, leading_to(&db, "contacts"), "left: what a merge handles; right: what leads to contacts");
    for to in [Target::Party, Target::Contact] {
        assert!(references(to).all(|r| r.on_merge == OnMerge::Stay || r.is_exported()), "what follows is somebody's data");
    }
}

#[test]
fn no_foreign_key_is_forgotten_by_a_merge_on_sqlite() {
    compare(harness::Engine::Sqlite);
}

#[test]
fn no_foreign_key_is_forgotten_by_a_merge_on_postgres() {
    compare(harness::Engine::Postgres);
}

/// Runs SQL straight on the server's database; the refusal, if there was one.
pub fn run(s: &Server, sql: &str) -> Option<String> {
    let done = match s.engine {
        harness::Engine::Postgres => PgConnection::establish(s.database_url()).unwrap().batch_execute(sql),
        harness::Engine::Sqlite => {
            let url = s.database_url();
            let mut c = SqliteConnection::establish(url.strip_prefix("sqlite:").unwrap_or(url)).unwrap();
            c.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").unwrap();
            c.batch_execute(sql)
        }
    };
    done.err().map(|e| e.to_string())
}

/// Writes a reference to who was merged away, as a program of before the database refused it.
pub fn straggle(s: &Server, table: &str, column: &str, sql: &str) {
    if s.engine == harness::Engine::Sqlite {
        assert_eq!(run(s, sql), None);
        return;
    }
    let refusal = run(s, sql).unwrap_or_else(|| panic!("the database let through: {sql}"));
    assert!(refusal.contains("was merged into another one"), "{refusal}");
    let trigger = |verb: &str| format!("ALTER TABLE {table} {verb} TRIGGER {table}_{column}_not_merged");
    assert_eq!(run(s, &format!("{}; {sql}; {}", trigger("DISABLE"), trigger("ENABLE"))), None);
}

each_engine! {
    fn a_posted_pointer_moves_along_a_merge_and_nowhere_else(s) {
        let (ours, other) = (customer(s, "Ours"), customer(s, "Other"));
        let body = json!({"company_id": s.company_id(), "customer_id": ours["id"], "invoice_date": "2026-01-02",
            "lines": [{"description": "Work", "unit_price": "100", "tax_code_ids": []}]});
        let draft = s.post("/v1/receivables/invoices", body).created();
        s.act(&format!("/v1/receivables/invoices/{}/post", id(&draft)), &draft, json!({})).ok();
        let to_other = "(SELECT id FROM parties WHERE name = 'Other')";
        for sql in [
            format!("UPDATE invoices SET customer_id = {to_other}"),
            format!("UPDATE journal_lines SET party_id = {to_other} WHERE party_id IS NOT NULL"),
            "UPDATE journal_lines SET party_id = NULL WHERE party_id IS NOT NULL".into(),
            "UPDATE journal_lines SET party_id = party_id".into(),
        ] {
            let refusal = run(s, &sql).unwrap_or_else(|| panic!("the database let through: {sql}"));
            assert!(refusal.contains("tandem:"), "{sql}: {refusal}");
        }
        s.act(&format!("/v1/directory/parties/{}/merge", id(&other)), &other, json!({"source_id": ours["id"]})).ok();
        for sql in [
            "UPDATE invoices SET total = total + 1",
            "UPDATE journal_lines SET debit = debit + 1 WHERE party_id IS NOT NULL",
            "UPDATE journal_lines SET party_id = (SELECT id FROM parties WHERE name = 'Ours'), debit = debit + 1 WHERE party_id IS NOT NULL",
        ] {
            let refusal = run(s, sql).unwrap_or_else(|| panic!("the database let through: {sql}"));
            assert!(refusal.contains("tandem:"), "{sql}: {refusal}");
        }
    }
}
