//! The database guards the books itself. These tests go past the door on purpose: they are the one who does not use it.

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use serde_json::json;

use super::{act, buyer, entry, invoice, payment};
use crate::harness::{Engine, Server};

/// Runs SQL straight on the server's database; the refusal, if there was one.
fn run(s: &Server, sql: &str) -> Option<String> {
    let done = match s.engine {
        Engine::Postgres => PgConnection::establish(s.database_url()).expect("a connection").batch_execute(sql),
        Engine::Sqlite => {
            let url = s.database_url();
            let path = url.strip_prefix("sqlite:").unwrap_or(url);
            // the server may be writing just now
            SqliteConnection::establish(path).expect("a connection").batch_execute(&format!("PRAGMA busy_timeout = 5000; {sql}"))
        }
    };
    done.err().map(|e| e.to_string())
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
            "INSERT INTO journal_entries (id, company_id, number, journal, class, status, posting_date, description, total, drafted, metadata, version, created_at) \
             SELECT {new_id}, company_id, 'GJ-2026-77777', journal, class, 'posted', posting_date, description, total, drafted, metadata, 1, created_at \
             FROM journal_entries");
        refused(s, &format!("BEGIN; {insert}; COMMIT;"));
        let entries = s.all(&format!("/v1/accounting/journal-entries?company_id={}", s.company_id()));
        assert_eq!(entries.len(), 1);
    }
}
