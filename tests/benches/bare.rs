//! The limit: what the server asks of the database for one order, in the same statements, on bare connections: without
//! HTTP, without rules, without JSON; every order in a transaction of its own.

use std::cell::RefCell;
use std::time::Duration;

use chrono::Utc;
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection, SqliteConnection};
use domain::Event;
use domain::directory::companies::Company;
use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::inventory::warehouses::Warehouse;
use domain::kernel::Id;
use domain::sales::orders::SalesOrder;
use domain::tax::codes::TaxCode;
use persistence::platform::events::{self, NewFact, Origin};
use persistence::tax::rules;
use persistence::{Conn, Database, DatabaseConfig, Error, record};
use platform::Sequencer;
use platform::chain::new_fact;
use platform::sequence::number;
use serde_json::Value;
use uuid::Uuid;

use crate::harness::Engine;
use crate::measure::{Rate, rate};

pub struct Statements {
    engine: Engine,
    database: Database,
    /// What Diesel calls it.
    url: String,
    /// What is written again and again, under new ids.
    order: SalesOrder,
    told: Event,
}

thread_local! {
    static PG: RefCell<Option<PgConnection>> = const { RefCell::new(None) };
    static SQLITE: RefCell<Option<SqliteConnection>> = const { RefCell::new(None) };
}

impl Statements {
    pub fn of(engine: Engine, url: &str, template: &Value) -> Self {
        let database = Database::open(&DatabaseConfig::new(url)).expect("the database");
        let id = template["id"].as_str().and_then(|id| domain::kernel::decode("so", id)).expect("an id");
        let order = database.read::<_, Error>(|c| record::find::<SalesOrder>(c, id)).expect("a snapshot").expect("the order");
        let told = Event::of("created", &order);
        Self { engine, database, url: url.trim_start_matches("sqlite:").to_string(), order, told }
    }

    /// One order of five lines, looked up and written, one commit each. The sequencer numbers what was told, as it does
    /// beside the server.
    pub fn write(&self, connections: usize, time: Duration) -> Rate {
        let _sequencer = (self.engine == Engine::Postgres).then(|| Sequencer::start(&self.database).expect("a thread"));
        let origin = Origin { at: Utc::now(), actor: "key_bare", actor_name: "Bare", request_id: "bare" };
        let fact = new_fact(&self.told, &origin);
        rate(connections, time, |_, _| {
            let new =
                || NewFact { id: Uuid::now_v7(), event: &self.told, data: fact.data.clone(), previous: None, digest: fact.digest.clone() };
            match self.engine {
                Engine::Postgres => self.write_pg(&origin, new()),
                Engine::Sqlite => self.write_sqlite(&origin, new()),
            }
        })
    }

    fn write_pg(&self, origin: &Origin, fact: NewFact) {
        PG.with_borrow_mut(|c| {
            let c = c.get_or_insert_with(|| PgConnection::establish(&self.url).expect("a connection"));
            c.batch_execute("BEGIN ISOLATION LEVEL READ COMMITTED").expect("begin");
            self.place(&mut Conn::Pg(c), origin, fact).expect("the statements");
            c.batch_execute("COMMIT").expect("commit");
        });
        self.database.after_commit_notify();
    }

    fn write_sqlite(&self, origin: &Origin, fact: NewFact) {
        SQLITE.with_borrow_mut(|c| {
            let c = c.get_or_insert_with(|| {
                let mut made = SqliteConnection::establish(&self.url).expect("a connection");
                made.batch_execute("PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON").expect("settings");
                made
            });
            c.batch_execute("BEGIN IMMEDIATE").expect("begin");
            self.place(&mut Conn::Sqlite(c), origin, fact).expect("the statements");
            number(&mut Conn::Sqlite(c)).expect("a number");
            c.batch_execute("COMMIT").expect("commit");
        });
    }

    /// The statements of `POST /v1/sales/orders`, in their order.
    fn place(&self, c: &mut Conn, origin: &Origin, fact: NewFact) -> persistence::Result<()> {
        let mut order = self.order.clone();
        record::find::<Company>(c, order.company_id.uuid())?;
        record::find::<Party>(c, order.customer_id.uuid())?;
        let products: Vec<Uuid> = order.lines.iter().filter_map(|l| l.product_id).map(Id::uuid).collect();
        record::find_all::<Product>(c, &products)?;
        rules::tax_rules_of(c, order.company_id.uuid())?;
        let taxes: Vec<Uuid> = order.lines.iter().flat_map(|l| &l.tax_code_ids).map(|id| id.uuid()).collect();
        record::find_all::<TaxCode>(c, &taxes[..taxes.len().min(1)])?;
        if let Some(warehouse) = order.warehouse_id {
            record::find::<Warehouse>(c, warehouse.uuid())?;
        }
        order.id = Id::from_uuid(Uuid::now_v7());
        for line in &mut order.lines {
            (line.id, line.order_id) = (Id::from_uuid(Uuid::now_v7()), order.id);
        }
        record::insert(c, std::slice::from_ref(&order))?;
        record::insert(c, &order.lines)?;
        events::insert(c, origin, vec![fact], &[])
    }

    /// The order and its lines: the same two queries in the same kind of snapshot, every column decoded; no HTTP, no
    /// rights, no JSON.
    pub fn read(&self, connections: usize, time: Duration) -> Rate {
        rate(connections, time, |_, _| {
            let found = self.database.read::<_, Error>(|c| record::find::<SalesOrder>(c, self.order.id.uuid())).expect("a snapshot");
            assert_eq!(found.expect("the order").lines.len(), 5);
        })
    }
}
