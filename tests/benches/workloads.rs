//! `cargo bench -p tests`: the workloads L1 to L9 over HTTP against a release build, the same statements on bare
//! connections as the limit, and the same lists and balances at ten times the rows. Times differ between machines;
//! the ratios are what counts, and a ratio out of its bounds ends with a failure.
//! `cargo bench -p tests -- sqlite` or `-- postgres` measures one engine; `--quick` takes a tenth of the time;
//! `-- search` measures the search alone.

#![allow(clippy::unwrap_used)]

#[path = "../src/harness/mod.rs"]
#[macro_use]
#[allow(dead_code, unused_imports, unused_macros)]
mod harness;
mod bare;
mod measure;
mod overview;
mod search;
mod wire;
mod world;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use harness::{DURABLE, Database, Engine};
use measure::{Rate, Served, rate};
use world::{World, id};

fn main() {
    if std::env::args().any(|a| a == "--serve") {
        return measure::serve();
    }
    let wanted = |name: &str| !std::env::args().any(|a| a == "sqlite" || a == "postgres") || std::env::args().any(|a| a == name);
    let quick = std::env::args().any(|a| a == "--quick");
    DURABLE.store(true, Ordering::Relaxed);
    let mut verdicts = Verdicts::default();
    for (engine, name) in [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")] {
        if wanted(name) && engine.available() {
            println!("\n== {name}");
            let scale = if quick { 0.1 } else { 1.0 };
            if std::env::args().all(|a| a != "search") {
                measure_all(engine, scale, &mut verdicts);
                overview::growth(engine, scale, &mut verdicts);
            }
            search::parties(engine, scale, &mut verdicts);
        }
    }
    verdicts.size();
    verdicts.end();
}

/// What was promised, and whether it held.
#[derive(Default)]
struct Verdicts(Vec<String>);

impl Verdicts {
    fn check(&mut self, what: &str, value: f64, holds: bool, bound: &str) {
        println!("{:<58} {value:>9.2}  {bound}  {}", what, if holds { "ok" } else { "MISSED" });
        if !holds {
            self.0.push(format!("{what}: {value:.2}, wanted {bound}"));
        }
    }
    fn size(&mut self) {
        let binary = harness::workspace().join("target/release/tandem");
        if let Ok(file) = std::fs::metadata(binary) {
            let mib = file.len() as f64 / f64::from(1 << 20);
            self.check("size of the release binary, MiB", mib, mib < 80.0, "< 80");
        }
    }
    fn end(self) {
        if !self.0.is_empty() {
            println!("\nmissed:\n  {}", self.0.join("\n  "));
            std::process::exit(1);
        }
    }
}

/// Runs one workload alone and with eight callers, and shows it with its cost.
fn show(name: &str, served: &Served, seconds: f64, f: impl Fn(usize, usize) + Sync) -> Rate {
    let alone = rate(1, Duration::from_secs_f64(seconds / 2.0), &f);
    let cpu = served.cpu_ms();
    let many = rate(8, Duration::from_secs_f64(seconds), |caller, n| f(caller + 1, n));
    let each = (served.cpu_ms() - cpu) / (many.per_second * seconds).max(1.0);
    println!(
        "{name:<34} p50 {:>7.2} ms alone   {:>8.1}/s with 8   p99 {:>7.1} ms   {each:>6.2} CPU ms",
        alone.p50_ms, many.per_second, many.p99_ms
    );
    Rate { cpu_ms: each, ..many }
}

fn measure_all(engine: Engine, scale: f64, verdicts: &mut Verdicts) {
    let database = Database::empty(engine);
    drop(Served::start(&database.url)); // migrates and makes the administrator
    let served = Served::start(&database.url);
    let cold = served.cold_start.as_secs_f64() * 1000.0;
    verdicts.check("cold start to the first answered request, ms", cold, cold < 300.0, "< 300");
    std::thread::sleep(Duration::from_secs(2));
    let idle = served.rss_mib();
    verdicts.check("idle resident memory, MiB", idle, idle < 50.0, "< 50");

    let w = World::make(&served.client);
    let c = &w.client;
    let count = AtomicUsize::new(0);
    let next = || count.fetch_add(1, Ordering::Relaxed);
    let s = 6.0 * scale;
    show("L1 create a customer", &served, s, |_, _| {
        w.wire.post("/v1/directory/parties", &json!({"name": format!("New {}", next()), "is_customer": true}));
    });
    show("L2 read a customer", &served, s, |_, n| {
        w.wire.get(&format!("/v1/directory/parties/{}", w.customers[n % 500]));
    });
    let few = show("L3 list 50 customers by name", &served, s, |_, _| {
        w.wire.get("/v1/directory/parties?is_customer=true&sort=name&limit=50");
    });
    show("L4 create an order of 5 lines", &served, s, |_, _| {
        w.wire.post("/v1/sales/orders", &w.order(next()));
    });
    let drafts: Vec<Value> = c.spread(8, &(0..(6000.0 * scale) as usize).collect::<Vec<_>>(), |n, _| w.place(*n));
    let taken = AtomicUsize::new(0);
    let confirmed = show("L5 confirm it, reserving stock", &served, s, |_, _| match drafts.get(taken.fetch_add(1, Ordering::Relaxed)) {
        Some(order) => drop(w.confirm(order)),
        None => std::thread::sleep(Duration::from_millis(5)),
    });
    verdicts.check("L5 p99 with all on the same products, ms", confirmed.p99_ms, confirmed.p99_ms < 100.0, "< 100");
    let cash = show("L6 order to cash, 8 calls", &served, s * 2.0, |_, _| w.order_to_cash(next()));
    show("L8 stock of a product in 3 warehouses", &served, s, |_, n| {
        w.wire.get(&format!("/v1/inventory/stock?product_id={}", w.products[n % 20]));
    });
    let won = show("L9 lead to won opportunity, 7 calls", &served, s, |caller, _| w.lead_to_won(next(), caller));
    let (most, bound) = match engine {
        Engine::Sqlite => (6.0, "<= 6"),
        Engine::Postgres => (14.0, "<= 14"),
    };
    verdicts.check("L6 CPU ms, with the database and the followers", cash.cpu_ms, cash.cpu_ms <= most, bound);
    verdicts.check("L9 CPU ms, with the database and the followers", won.cpu_ms, won.cpu_ms <= 6.0, "<= 6");
    verdicts.check("L3 CPU ms, with the database", few.cpu_ms, few.cpu_ms <= 0.25, "<= 0.25");

    balances(&served, &w, scale, verdicts);
    lists(&served, &w, few, s, scale, verdicts);
    limits(engine, &database, served, &w, s, verdicts);
}

/// L7: the trial balance does not grow with the journal.
fn balances(served: &Served, w: &World, scale: f64, verdicts: &mut Verdicts) {
    let accounts = w.client.all(&format!("/v1/accounting/accounts?company_id={}", w.company));
    let number = |n: &str| id(accounts.iter().find(|a| a["code"] == n).expect("an account"));
    let (bank, sales) = (number("1020"), number("6120"));
    let entry = |_: &usize, c: &harness::Client| {
        let line = |i: usize| {
            let side = if i.is_multiple_of(2) { "debit" } else { "credit" };
            json!({"account_id": if i.is_multiple_of(2) { &bank } else { &sales }, side: "1.00"})
        };
        let body = json!({"company_id": w.company, "posting_date": "2026-03-02", "description": "growth", "lines": (0..200).map(line).collect::<Vec<_>>()});
        let made = c.post("/v1/accounting/journal-entries", body).created();
        c.act(&format!("/v1/accounting/journal-entries/{}/post", id(&made)), &made, json!({})).ok();
    };
    let grow = |lines: usize| drop(w.client.spread(8, &(0..lines / 200).collect::<Vec<_>>(), entry));
    let ask = |_: usize, _: usize| drop(w.wire.get(&format!("/v1/accounting/reports/trial-balance?company_id={}", w.company)));
    let small = (10_000.0 * scale) as usize;
    grow(small);
    let before = show("L7 trial balance", served, 3.0 * scale, ask);
    grow(small * 9);
    let after = show("L7 trial balance, ten times the lines", served, 3.0 * scale, ask);
    let ratio = after.p50_ms / before.p50_ms;
    verdicts.check("balances at 10 times the rows, time to time", ratio, ratio <= 1.3, "<= 1.3");
}

/// A page costs the same however long the list is.
fn lists(served: &Served, w: &World, few: Rate, s: f64, scale: f64, verdicts: &mut Verdicts) {
    let have = 500 + (4000.0 * scale) as usize;
    let customer = |i: usize| json!({"code": format!("G{i:06}"), "name": format!("Grown {i:06}"), "is_customer": true});
    world::bulk(&w.client, "/v1/directory/parties", &(0..have * 9).map(customer).collect::<Vec<_>>());
    let many = show("L3 the same at ten times the rows", served, s, |_, _| {
        w.wire.get("/v1/directory/parties?is_customer=true&sort=name&limit=50");
    });
    let ratio = many.p50_ms / few.p50_ms;
    verdicts.check("list page at 10 times the rows, time to time", ratio, ratio <= 1.3, "<= 1.3");
}

/// Against the same statements on bare connections.
fn limits(engine: Engine, database: &Database, served: Served, w: &World, s: f64, verdicts: &mut Verdicts) {
    let time = Duration::from_secs_f64(s);
    let template = w.place(1);
    let count = AtomicUsize::new(0);
    let written = rate(16, time, |_, _| drop(w.wire.post("/v1/sales/orders", &w.order(count.fetch_add(1, Ordering::Relaxed)))));
    let path = format!("/v1/sales/orders/{}", id(&template));
    let read = rate(8, time, |_, _| drop(w.wire.get(&path)));
    let empty = rate(8, time, |_, _| drop(w.wire.get("/livez")));
    drop(served); // its own work must not take from the bare connections
    let bare = bare::Statements::of(engine, &database.url, &template);
    let (limit, least) = match engine {
        Engine::Sqlite => (bare.write(1, time), 2.0),
        Engine::Postgres => (bare.write(16, time), 0.7),
    };
    println!("orders of 5 lines, 16 callers: {:.0}/s over HTTP, {:.0}/s bare", written.per_second, limit.per_second);
    let ratio = written.per_second / limit.per_second;
    verdicts.check("writing an order, HTTP to bare", ratio, ratio >= least, if least > 1.0 { ">= 2.0" } else { ">= 0.7" });
    let limit = bare.read(8, time);
    let ratio = read.per_second / limit.per_second;
    println!(
        "reading an order with its lines, 8 callers: {:.0}/s over HTTP, {:.0}/s bare; the emptiest answer: {:.0}/s",
        read.per_second, limit.per_second, empty.per_second
    );
    // a query of SQLite is a call of a function in the same process, faster than the emptiest answer over a socket
    let both = 1.0 / (1.0 / limit.per_second + 1.0 / empty.per_second);
    println!("of what the queries and the emptiest answer cost together: {:.2}", read.per_second / both);
    verdicts.check("reading an order, HTTP to bare", ratio, ratio >= 0.5, ">= 0.5");
}
