//! The database guards the books itself. These tests go past the door on purpose: they are the one who does not use it.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use persistence::{Database, DatabaseConfig, Ledger, Statement, declarations, sql};
use serde_json::json;

use super::{act, buyer, entry, invoice, payment};
use crate::harness::{Engine, Server};

/// Runs SQL straight on the server's database, as the owner of the tables; the refusal, if there was one.
fn run(s: &Server, sql: &str) -> Option<String> {
    run_at(s, s.database_url(), sql)
}

fn run_at(s: &Server, url: &str, sql: &str) -> Option<String> {
    let done = match s.engine {
        Engine::Postgres => PgConnection::establish(url).expect("a connection").batch_execute(sql),
        Engine::Sqlite => {
            let path = url.strip_prefix("sqlite:").unwrap_or(url);
            // the server may be writing just now
            SqliteConnection::establish(path).expect("a connection").batch_execute(&format!("PRAGMA busy_timeout = 5000; {sql}"))
        }
    };
    done.err().map(|e| e.to_string())
}

/// A column that no ledger lets change.
fn key_of(table: &str) -> &'static str {
    if table.starts_with("event_") { "event_id" } else { "id" }
}

fn refused(s: &Server, sql: &str) {
    let refusal = run(s, sql).unwrap_or_else(|| panic!("the database let through: {sql}"));
    assert!(refusal.contains("tandem:"), "{sql}: {refusal}");
}

each_engine! {
    fn posted_rows_cannot_be_changed_or_deleted(s) {
        let party = buyer(s);
        act(s, &entry(s, "2026-01-05", "10"), "journal-entries", "post", json!({})).ok();
        let owed = invoice(s, &party, "2026-01-10", "100", &[]);
        let paid = payment(s, &party, "2026-01-12", "50");
        act(s, &paid, "payments", "allocate", json!({"invoice_id": owed["id"]})).ok();
        for sql in [
            "UPDATE journal_entries SET description = 'x'",
            "DELETE FROM journal_entries",
            "UPDATE journal_lines SET debit = debit + 1",
            "DELETE FROM journal_lines",
            "UPDATE item_entries SET amount = amount + 1",
            "DELETE FROM item_entries",
            "UPDATE allocations SET amount = amount + 1",
            "DELETE FROM allocations",
            "UPDATE invoices SET total = total + 1",
            "UPDATE invoices SET number = 'INV-2026-99999'",
            "UPDATE invoices SET updated_at = updated_at, outstanding = 0, total = 0",
            "DELETE FROM invoices",
            "UPDATE invoice_lines SET net = net + 1",
            "DELETE FROM invoice_lines",
            "UPDATE payments SET amount = amount + 1",
            "DELETE FROM payments",
        ] {
            refused(s, sql);
        }
        if s.engine == Engine::Postgres {
            for table in ["journal_entries", "journal_lines", "item_entries", "allocations", "invoices", "payments"] {
                refused(s, &format!("TRUNCATE {table} CASCADE"));
            }
        }
        crate::fixtures::verified(s);
    }

    fn a_posted_entry_takes_no_more_lines_and_an_unbalanced_one_is_not_posted(s) {
        act(s, &entry(s, "2026-01-05", "10"), "journal-entries", "post", json!({})).ok();
        let columns = "id, company_id, journal_entry_id, position, posting_date, account_id, debit, credit, currency, amount_currency, \
            exchange_rate, dimensions, version, created_at";
        let new_id = match s.engine { Engine::Postgres => "gen_random_uuid()", Engine::Sqlite => "randomblob(16)" };
        let copy = |rest: &str| format!(
            "INSERT INTO journal_lines ({columns}) SELECT {new_id}, company_id, {rest}, position, posting_date, account_id, debit, credit, \
             currency, amount_currency, exchange_rate, dimensions, version, created_at FROM journal_lines WHERE position = 1");
        refused(s, &copy("journal_entry_id"));
        entry(s, "2026-01-06", "10");
        let draft = "(SELECT id FROM journal_entries WHERE status = 'draft' LIMIT 1)";
        refused(s, "UPDATE journal_entries SET status = 'posted' WHERE status = 'draft'");
        assert_eq!(run(s, &copy(draft)), None, "a draft takes lines");
        refused(s, "UPDATE journal_entries SET status = 'posted' WHERE status = 'draft'");
    }

    fn an_unbalanced_posted_entry_fails_at_commit(s) {
        act(s, &entry(s, "2026-01-05", "10"), "journal-entries", "post", json!({})).ok();
        let new_id = match s.engine { Engine::Postgres => "gen_random_uuid()", Engine::Sqlite => "randomblob(16)" };
        let insert = format!(
            "INSERT INTO journal_entries (id, company_id, number, journal, class, status, posting_date, description, total, drafted, metadata, version, created_at, updated_at) \
             SELECT {new_id}, company_id, 'GJ-2026-77777', journal, class, 'posted', posting_date, description, total, drafted, metadata, 1, created_at, updated_at \
             FROM journal_entries");
        refused(s, &format!("BEGIN; {insert}; COMMIT;"));
        let entries = s.all(&format!("/v1/accounting/journal-entries?company_id={}", s.company_id()));
        assert_eq!(entries.len(), 1);
    }

    /// Also of the ledgers of the front office, and whether or not there is a row.
    fn no_row_of_a_ledger_can_be_changed_or_deleted(s) {
        crate::fixtures::a_bit_of_everything(s);
        let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        let mut with_rows = 0;
        for Ledger { table, .. } in declarations::ledgers() {
            let count = Statement::new(format!("SELECT COUNT(*) FROM {table}"));
            let some = db.read(|c| count.first::<(i64,)>(c)).unwrap().unwrap().0 > 0;
            if some {
                with_rows += 1;
                refused(s, &format!("UPDATE {table} SET {0} = {0}", key_of(table)));
                refused(s, &format!("DELETE FROM {table}"));
            }
            let guards = match s.engine {
                Engine::Postgres => {
                    refused(s, &format!("TRUNCATE {table} CASCADE"));
                    // row level, BEFORE: bits 1 and 2; DELETE is bit 8, UPDATE bit 16
                    sql!("SELECT BIT_OR(tgtype)::bigint FROM pg_trigger WHERE tgrelid = to_regclass({}) AND tgtype & 3 = 3 AND tgenabled = 'O'", *table)
                }
                Engine::Sqlite => sql!(
                    "SELECT SUM(DISTINCT CASE WHEN sql LIKE '%BEFORE UPDATE%' THEN 16 WHEN sql LIKE '%BEFORE DELETE%' THEN 8 ELSE 0 END) \
                     FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = {}",
                    *table
                ),
            };
            let guards = db.read(|c| guards.first::<(Option<i64>,)>(c)).unwrap().unwrap().0.unwrap_or(0);
            assert_eq!(guards & 24, 24, "{table} is not guarded against change and deletion");
        }
        assert!(with_rows >= 6, "only {with_rows} ledgers had rows to try");
    }
}

/// On PostgreSQL the server works as a role that owns nothing. Nothing that it may not do needs a trigger to be refused.
#[test]
fn the_role_that_serves_can_neither_change_ledgers_nor_disarm_their_guards() {
    crate::harness::on(Engine::Postgres, |s| {
        assert_ne!(s.served_url(), s.database_url(), "the tests serve as the owner");
        crate::fixtures::a_bit_of_everything(s);
        crate::fixtures::verified(s);
        let denied = |sql: &str, words: &str| {
            let refusal = run_at(s, s.served_url(), sql).unwrap_or_else(|| panic!("the role that serves could: {sql}"));
            assert!(refusal.contains(words), "{sql}: {refusal}");
        };
        for Ledger { table, columns } in declarations::ledgers() {
            let other = key_of(table);
            denied(&format!("UPDATE {table} SET {other} = {other}"), "permission denied");
            denied(&format!("DELETE FROM {table}"), "permission denied");
            for column in *columns {
                assert_eq!(run_at(s, s.served_url(), &format!("UPDATE {table} SET {column} = {column} WHERE FALSE")), None);
            }
        }
        let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        let tables = sql!("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace");
        let tables = db.read(|c| tables.load::<(String,)>(c)).unwrap();
        assert!(tables.len() > 100);
        for (table,) in tables {
            denied(&format!("TRUNCATE {table} CASCADE"), "permission denied");
            denied(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL"), "must be owner");
            denied(&format!("DROP TABLE {table} CASCADE"), "must be owner");
        }
        // rows that begin as drafts are guarded one by one, and this role cannot switch the guard off
        for sql in [
            "UPDATE journal_entries SET total = total + 1",
            "DELETE FROM journal_entries",
            "UPDATE invoices SET total = total + 1",
            "DELETE FROM payments",
        ] {
            denied(sql, "tandem:");
        }
        denied("SET session_replication_role = replica", "permission denied");
        denied("DROP FUNCTION events_guard CASCADE", "must be owner");
        denied("CREATE TABLE own (a INT)", "permission denied");
        denied("GRANT DELETE ON events TO CURRENT_USER; DELETE FROM events", "permission denied");
    });
}

#[test]
fn rights_are_given_to_a_role_that_has_too_little_and_not_too_much() {
    crate::harness::on(Engine::Postgres, |s| {
        let owner = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        let said = |role: &str| owner.grant_to(role).map_err(|e| e.to_string());
        assert!(said("nobody of that name").unwrap_err().contains("is no role"));
        let own = owner.read(|c| sql!("SELECT current_user::text").first::<(String,)>(c)).unwrap().unwrap().0;
        assert!(said(&own).is_err_and(|e| e.contains("superuser") || e.contains("owns the tables")));
        // again, as after a migration
        assert!(said("tandem_served").is_ok_and(|tables| tables > 100));
        s.get("/v1/directory/parties").ok();
    });
}
