//! Migrations after the baseline run while other replicas serve: none may hold a lock for as long as a table is long, and none
//! may take away what the replicas of the version before still use. Squawk, the linter for PostgreSQL's migrations, knows what
//! holds which lock; what it does not judge is a statement that rewrites rows, which belongs into a job.

use std::collections::BTreeSet;
use std::fs;

use squawk_linter::{Linter, LinterSettings, Rule};
use squawk_syntax::SourceFile;
use squawk_syntax::ast::{AstNode, Stmt};

use crate::harness::workspace;

/// The number of the last migration of the baseline: one for each area, made before anything was released.
const BASELINE: u32 = 13;

/// What would make the requests of other replicas wait or fail.
const RULES: [Rule; 21] = [
    Rule::RequireConcurrentIndexCreation,
    Rule::RequireConcurrentIndexDeletion,
    Rule::RequireConcurrentReindex,
    Rule::ConstraintMissingNotValid,
    Rule::AddingForeignKeyConstraint,
    Rule::DisallowedUniqueConstraint,
    Rule::AddingFieldWithDefault,
    Rule::AddingNotNullableField,
    Rule::AddingRequiredField,
    Rule::AddingSerialPrimaryKeyField,
    Rule::ChangingColumnType,
    Rule::RenamingColumn,
    Rule::RenamingTable,
    Rule::BanDropColumn,
    Rule::BanDropTable,
    Rule::BanDropNotNull,
    Rule::BanDropView,
    Rule::BanDropFunction,
    Rule::BanDisableTrigger,
    Rule::BanTruncateCascade,
    Rule::IdentifierTooLong,
];

/// What of a migration would not be online, with the reason.
fn breaches(sql: &str, in_transaction: bool) -> Vec<String> {
    let file = SourceFile::parse(sql);
    let mut found: Vec<String> = file.errors().iter().map(|e| format!("cannot be parsed: {e:?}")).collect();
    let mut linter = Linter::from(RULES);
    linter.settings = LinterSettings { assume_in_transaction: in_transaction, ..LinterSettings::default() };
    found.extend(linter.lint(&file, sql).into_iter().map(|v| format!("{}: {}", v.code, v.message)));

    let mut new = BTreeSet::new();
    let statements: Vec<Stmt> = file.tree().stmts().collect();
    for statement in &statements {
        let text = statement.syntax().text().to_string();
        let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c == '(').filter(|w| !w.is_empty()).collect();
        let names = |skip: usize| words.get(skip).map(|w| w.to_lowercase()).unwrap_or_default();
        match statement {
            Stmt::CreateTable(_) => drop(new.insert(names(2))),
            Stmt::Update(_) if !new.contains(&names(1)) => found.push(format!("a job fills rows that exist: UPDATE {}", names(1))),
            Stmt::Delete(_) if !new.contains(&names(2)) => found.push(format!("a job removes rows that exist: DELETE FROM {}", names(2))),
            // rows of constants are few; rows taken from a table are as many as it has
            Stmt::Insert(_) if text.to_uppercase().contains("SELECT") => {
                found.push(format!("a job copies rows that exist: INSERT INTO {}", names(2)));
            }
            _ => {}
        }
    }
    if in_transaction && sql.to_uppercase().contains(" CONCURRENTLY ") {
        found.push("CONCURRENTLY needs `run_in_transaction = false` in metadata.toml".into());
    }
    if !in_transaction && statements.len() != 1 {
        found.push("a migration outside of a transaction has one statement, so that it can be repeated".into());
    }
    found
}

#[test]
fn migrations_after_the_baseline_are_online() {
    let tree = workspace().join("migrations/postgres");
    let mut folders: Vec<_> = fs::read_dir(&tree).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    folders.sort();
    let mut all = Vec::new();
    for folder in &folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        if name[..4].parse::<u32>().unwrap() <= BASELINE {
            continue;
        }
        let outside = fs::read_to_string(folder.join("metadata.toml")).is_ok_and(|m| m.contains("run_in_transaction = false"));
        let up = fs::read_to_string(folder.join("up.sql")).unwrap();
        all.extend(breaches(&up, !outside).into_iter().map(|b| format!("{name}: {b}")));
    }
    assert!(folders.len() >= BASELINE as usize, "the migrations were not found");
    assert!(all.is_empty(), "migrations that would hold up or break the replicas that serve meanwhile:\n{}", all.join("\n"));
}

#[test]
fn what_holds_up_other_replicas_is_found() {
    for (sql, why) in [
        ("CREATE INDEX orders_x ON orders (x);", "require-concurrent-index-creation"),
        ("CREATE INDEX CONCURRENTLY orders_x ON orders (x);", "CONCURRENTLY needs"),
        ("DROP INDEX orders_x;", "require-concurrent-index-deletion"),
        ("ALTER TABLE orders ADD CONSTRAINT positive CHECK (x > 0);", "constraint-missing-not-valid"),
        ("ALTER TABLE orders ADD CONSTRAINT of FOREIGN KEY (x) REFERENCES xs (id);", "adding-foreign-key-constraint"),
        ("ALTER TABLE orders ADD COLUMN x BIGINT NOT NULL;", "adding-required-field"),
        ("ALTER TABLE orders ADD COLUMN x UUID NOT NULL DEFAULT gen_random_uuid();", "adding-field-with-default"),
        ("ALTER TABLE orders ALTER COLUMN x SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE orders ALTER COLUMN x TYPE NUMERIC(18,6);", "changing-column-type"),
        ("ALTER TABLE orders RENAME COLUMN x TO y;", "renaming-column"),
        ("ALTER TABLE orders DROP COLUMN x;", "ban-drop-column"),
        ("ALTER TABLE orders DISABLE TRIGGER guard;", "ban-disable-trigger"),
        ("UPDATE orders SET x = 1;", "a job fills rows"),
        ("DELETE FROM orders WHERE x = 1;", "a job removes rows"),
        ("INSERT INTO xs (id) SELECT id FROM orders;", "a job copies rows"),
        ("CREATE TABLE xs (id UUID PRIMARY KEY", "cannot be parsed"),
    ] {
        let found = breaches(sql, true);
        assert!(found.iter().any(|b| b.contains(why)), "{sql} should be refused as {why}: {found:?}");
    }
}

#[test]
fn what_holds_up_nobody_is_allowed() {
    for sql in [
        "CREATE TABLE xs (id UUID PRIMARY KEY, n BIGINT NOT NULL); CREATE INDEX xs_n ON xs (n);",
        "CREATE TABLE xs (id BIGINT PRIMARY KEY, n BIGINT); INSERT INTO xs (id) VALUES (1); UPDATE xs SET n = 1;",
        "ALTER TABLE orders ADD COLUMN x BIGINT NULL;",
        "ALTER TABLE orders ADD COLUMN x TEXT NOT NULL DEFAULT '';",
        "ALTER TABLE orders ADD CONSTRAINT positive CHECK (x > 0) NOT VALID;",
        "CREATE OR REPLACE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE x SET y = 1; RETURN NEW; END $$;",
    ] {
        assert_eq!(breaches(sql, true), Vec::<String>::new(), "{sql}");
    }
    assert_eq!(breaches("CREATE INDEX CONCURRENTLY orders_x ON orders (x);", false), Vec::<String>::new());
    assert_ne!(
        breaches("CREATE INDEX CONCURRENTLY a ON orders (x); CREATE INDEX CONCURRENTLY b ON orders (y);", false),
        Vec::<String>::new()
    );
}
