//! The limit: the statements of one order on bare connections, prepared once, without HTTP, without rules, without JSON.
//! An order is written as a copy of a template, so that each row has all its columns; every order is one transaction.

use std::cell::RefCell;
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::deserialize::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Binary, Text, Untyped, Uuid as SqlUuid};
use diesel::sqlite::Sqlite;
use diesel::{Connection, PgConnection, QueryResult, RunQueryDsl, SqliteConnection, sql_query};
use domain::sales::orders::SalesOrder;
use persistence::{Database, DatabaseConfig, Error, record};
use serde_json::Value;
use uuid::Uuid;

use crate::harness::Engine;
use crate::measure::{Rate, rate};

pub struct Statements {
    engine: Engine,
    database: String,
    /// What Diesel calls it.
    url: String,
    order: Uuid,
    /// How company, customer, warehouse and products of the template are read.
    look_ups: Vec<(String, Uuid)>,
    insert_order: String,
    insert_lines: String,
    insert_event: String,
}

#[derive(QueryableByName)]
#[allow(dead_code)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// The bytes behind `so_…`.
fn uuid(id: &Value) -> Uuid {
    let text = id.as_str().unwrap_or_default();
    let prefix = text.rsplit_once('_').map_or("", |(p, _)| p);
    domain::kernel::decode(prefix, text).expect("an id")
}

thread_local! {
    static PG: RefCell<Option<PgConnection>> = const { RefCell::new(None) };
    static SQLITE: RefCell<Option<SqliteConnection>> = const { RefCell::new(None) };
}

impl Statements {
    pub fn of(engine: Engine, url: &str, template: &Value) -> Self {
        let mut this = Self {
            engine,
            database: url.to_string(),
            url: url.trim_start_matches("sqlite:").to_string(),
            order: uuid(&template["id"]),
            look_ups: Vec::new(),
            insert_order: String::new(),
            insert_lines: String::new(),
            insert_event: String::new(),
        };
        let fresh = if engine == Engine::Postgres { "gen_random_uuid()" } else { "randomblob(16)" };
        let subject = template["id"].as_str().unwrap_or_default();
        let (one, two) = if engine == Engine::Postgres { ("$1", "$2") } else { ("?1", "?2") };
        let products = template["lines"].as_array().into_iter().flatten().map(|line| ("products", &line["product_id"]));
        let heads = [("companies", "company_id"), ("parties", "customer_id"), ("warehouses", "warehouse_id")];
        let read = |(table, id): (&str, &Value)| (format!("SELECT * FROM {table} WHERE id = {one}"), uuid(id));
        this.look_ups = heads.map(|(table, name)| (table, &template[name])).into_iter().chain(products).map(read).collect();
        this.insert_order = this.copy("sales_orders", &[("id", one)], &format!("id = {two}"));
        this.insert_lines = this.copy("sales_order_lines", &[("id", fresh), ("order_id", one)], &format!("order_id = {two}"));
        this.insert_event = this.copy(
            "events",
            &[("id", fresh), ("seq", "NULL"), ("hash", "NULL"), ("prev_hash", "NULL")],
            // the copies have the same subject
            &format!("subject = '{subject}' LIMIT 1"),
        );
        this
    }

    /// `INSERT … SELECT` of rows with some columns replaced.
    fn copy(&self, table: &str, replaced: &[(&str, &str)], filter: &str) -> String {
        let columns = self.columns(table);
        let value = |c: &String| replaced.iter().find(|(n, _)| n == c).map_or(c.clone(), |(_, v)| v.to_string());
        let values: Vec<String> = columns.iter().map(value).collect();
        format!("INSERT INTO {table} ({}) SELECT {} FROM {table} WHERE {filter}", columns.join(", "), values.join(", "))
    }

    fn columns(&self, table: &str) -> Vec<String> {
        let names: Vec<Name> = match self.engine {
            Engine::Postgres => {
                let text = format!(
                    "SELECT column_name::text AS name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
                );
                self.pg(|c| sql_query(text).load(c).expect("columns"))
            }
            Engine::Sqlite => {
                self.sqlite(|c| sql_query(format!("SELECT name FROM pragma_table_info('{table}')")).load(c).expect("columns"))
            }
        };
        names.into_iter().map(|n| n.name).collect()
    }

    fn pg<R>(&self, f: impl FnOnce(&mut PgConnection) -> R) -> R {
        PG.with_borrow_mut(|c| f(c.get_or_insert_with(|| PgConnection::establish(&self.url).expect("a connection"))))
    }

    fn sqlite<R>(&self, f: impl FnOnce(&mut SqliteConnection) -> R) -> R {
        SQLITE.with_borrow_mut(|c| {
            f(c.get_or_insert_with(|| {
                let mut made = SqliteConnection::establish(&self.url).expect("a connection");
                made.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON").expect("settings");
                made
            }))
        })
    }

    /// One order of five lines, looked up and written, one commit each.
    pub fn write(&self, connections: usize, time: Duration) -> Rate {
        rate(connections, time, |_, _| match self.engine {
            Engine::Postgres => self.pg(|c| self.write_pg(c)),
            Engine::Sqlite => self.sqlite(|c| self.write_sqlite(c)),
        })
    }

    fn write_pg(&self, c: &mut PgConnection) {
        let new = Uuid::now_v7();
        c.batch_execute("BEGIN").expect("begin");
        for (text, id) in &self.look_ups {
            Prepared(text, &[*id]).load::<Name>(c).expect("a row");
        }
        Prepared(&self.insert_order, &[new, self.order]).execute(c).expect("an order");
        Prepared(&self.insert_lines, &[new, self.order]).execute(c).expect("lines");
        Prepared(&self.insert_event, &[]).execute(c).expect("an event");
        c.batch_execute("COMMIT").expect("commit");
    }

    fn write_sqlite(&self, c: &mut SqliteConnection) {
        let new = Uuid::now_v7();
        c.batch_execute("BEGIN IMMEDIATE").expect("begin");
        for (text, id) in &self.look_ups {
            Prepared(text, &[*id]).load::<Name>(c).expect("a row");
        }
        Prepared(&self.insert_order, &[new, self.order]).execute(c).expect("an order");
        Prepared(&self.insert_lines, &[new, self.order]).execute(c).expect("lines");
        Prepared(&self.insert_event, &[]).execute(c).expect("an event");
        c.batch_execute("COMMIT").expect("commit");
    }

    /// The order and its lines: the same two queries in the same kind of snapshot, every column decoded; no HTTP, no
    /// rights, no JSON.
    pub fn read(&self, connections: usize, time: Duration) -> Rate {
        let database = Database::open(&DatabaseConfig::new(&self.database)).expect("the database");
        rate(connections, time, |_, _| {
            let found = database.read::<_, Error>(|c| record::find::<SalesOrder>(c, self.order)).expect("a snapshot");
            assert_eq!(found.expect("the order").lines.len(), 5);
        })
    }
}

/// A statement that Diesel prepares once for each connection, which it does not do for `sql_query`.
struct Prepared<'a>(&'a str, &'a [Uuid]);

impl QueryId for Prepared<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Prepared<'_> {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Prepared<'_> {}

impl QueryFragment<Pg> for Prepared<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut rest = self.0;
        for (i, id) in self.1.iter().enumerate() {
            let (before, after) = rest.split_once(&format!("${}", i + 1)).expect("a place for the value");
            out.push_sql(before);
            out.push_bind_param::<SqlUuid, Uuid>(id)?;
            rest = after;
        }
        out.push_sql(rest);
        Ok(())
    }
}

impl QueryFragment<Sqlite> for Prepared<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        let mut rest = self.0;
        for (i, id) in self.1.iter().enumerate() {
            let (before, after) = rest.split_once(&format!("?{}", i + 1)).expect("a place for the value");
            out.push_sql(before);
            out.push_bind_param::<Binary, [u8]>(id.as_bytes().as_slice())?;
            rest = after;
        }
        out.push_sql(rest);
        Ok(())
    }
}
