//! A database that an earlier version filled: the migrations since then lose nothing, and the program goes on with it.
//!
//! `tests/upgrades/<number>` holds the demo company as the version wrote it whose last migration has this number, as SQL with
//! the schema. It is written anew at each release, by `tandem demo` and then `sqlite3 <file> .dump | gzip -9n` and
//! `pg_dump --no-owner --no-privileges --inserts --rows-per-insert=500 <database> | grep -v '^\\' | gzip -9n`.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;

use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use persistence::{DatabaseConfig, Statement};
use serde_json::json;

use crate::contract::demo::walk_lists;
use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Database, Engine, Server, workspace};

/// A database with the newest dump.
fn filled(engine: Engine) -> Database {
    let mut folders: Vec<_> = fs::read_dir(workspace().join("tests/upgrades")).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    let file = match engine {
        Engine::Sqlite => "sqlite.sql.gz",
        Engine::Postgres => "postgres.sql.gz",
    };
    let mut sql = String::new();
    let packed = fs::File::open(folders.last().unwrap().join(file)).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut sql).unwrap();
    let place = Database::empty(engine);
    match engine {
        Engine::Sqlite => {
            let mut conn = SqliteConnection::establish(place.url.strip_prefix("sqlite:").unwrap()).unwrap();
            conn.batch_execute(&sql).unwrap();
        }
        Engine::Postgres => PgConnection::establish(&place.url).unwrap().batch_execute(&sql).unwrap(),
    }
    place
}

/// How many rows each table has.
fn rows(place: &Database, of: Option<&BTreeMap<String, i64>>) -> BTreeMap<String, i64> {
    let db = persistence::Database::open(&DatabaseConfig::new(&place.url)).unwrap();
    let tables = match db.engine() {
        persistence::Engine::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        persistence::Engine::Postgres => {
            "SELECT c.relname::text FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        }
    };
    let names = db.read(|c| Statement::new(tables).load::<(String,)>(c)).unwrap().into_iter().map(|(n,)| n);
    let names: Vec<String> = names.filter(|n| n != "__diesel_schema_migrations" && of.is_none_or(|of| of.contains_key(n))).collect();
    let count = |name: &String| db.read(|c| Statement::new(format!("SELECT COUNT(*) FROM {name}")).load::<(i64,)>(c)).unwrap()[0].0;
    names.iter().map(|n| (n.clone(), count(n))).collect()
}

fn upgrade(engine: Engine) {
    if !engine.available() {
        return;
    }
    let place = filled(engine);
    let before = rows(&place, None);
    assert!(before["journal_lines"] > 500 && before["events"] > 2000, "the dump is nearly empty: {before:?}");
    persistence::Database::open(&DatabaseConfig::new(&place.url)).unwrap().migrate().unwrap();
    let after = rows(&place, Some(&before));
    assert_eq!(after, before, "the migrations lost rows, or made some");

    let s = Server::over(engine, place);
    let token = s.post("/v1/identity/login", json!({ "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD })).ok();
    let admin = s.with_token(token["access_token"].as_str().unwrap());
    let checks = admin.get("/v1/platform/integrity").ok();
    assert_eq!(checks["passed"], json!(true), "{checks:#}");
    walk_lists(&admin, |_| true).none("every list reads what the version before wrote");
    // and business goes on
    let company = admin.get("/v1/directory/companies?limit=1").ok()["data"][0].clone();
    let order = admin.get("/v1/sales/orders?status=confirmed&limit=1").ok()["data"][0].clone();
    assert!(order.is_object(), "the demo company has a confirmed order");
    let copy = json!({
        "company_id": company["id"], "customer_id": order["customer_id"],
        "lines": [{ "product_id": order["lines"][0]["product_id"], "quantity": "1" }],
    });
    let order = admin.post("/v1/sales/orders", copy).created();
    let confirmed = admin.act(&format!("/v1/sales/orders/{}/confirm", order["id"].as_str().unwrap()), &order, json!({})).ok();
    assert_ne!(confirmed["number"], json!(null));
}

#[test]
fn a_filled_database_of_the_version_before_is_upgraded_on_sqlite() {
    upgrade(Engine::Sqlite);
}

#[test]
fn a_filled_database_of_the_version_before_is_upgraded_on_postgres() {
    upgrade(Engine::Postgres);
}
