//! Four clients do random business at once, in two companies and two currencies, much of it dated in the past. Whatever is
//! taken and whatever is refused, the books hold at nine dates after every round, and what follows the facts says what the books
//! say: see [`checks`]. As many steps as there is time for beside all other tests; RANDOM_STEPS=10000 makes the long run.

mod checks;
mod steps;

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::fixtures::{Dice, customer, id, product};
use crate::harness::{Answer, Client, Engine, Server};

/// The day on which everything happens; documents are dated on it or before.
const NOW: &str = "2026-06-30T10:00:00Z";
const BEGIN: &str = "2026-01-02T09:00:00Z";
/// Steps between two looks at the books.
const ROUND: usize = 250;
const CLIENTS: usize = 4;

/// A company and what its documents need.
struct Company {
    id: String,
    warehouse: String,
    /// The currency of its books, and another one.
    currencies: [&'static str; 2],
    taxes: Vec<String>,
    terms: Vec<String>,
    /// Ids of accounts by their numbers.
    accounts: BTreeMap<String, String>,
}

/// What the clients share: the ids of everything that was made.
struct World {
    companies: Vec<Company>,
    customers: Vec<String>,
    /// Customers that were merged into one of them.
    merged: Mutex<Vec<String>>,
    goods: Vec<String>,
    orders: Mutex<Vec<String>>,
    deliveries: Mutex<Vec<String>>,
    returns: Mutex<Vec<String>>,
    invoices: Mutex<Vec<String>>,
    credit_notes: Mutex<Vec<String>>,
    payments: Mutex<Vec<String>>,
    entries: Mutex<Vec<String>>,
    /// The fact that was told last, as the server named it.
    event: Mutex<Option<String>>,
    /// Each kind of step: how often it was taken and how often refused, by the code.
    outcomes: Mutex<BTreeMap<&'static str, BTreeMap<String, usize>>>,
}

impl World {
    fn of(s: &Server) -> Self {
        s.at(BEGIN);
        let second = json!({"code": "BETA", "name": "Beta Trading", "currency": "USD", "time_zone": "America/New_York"});
        let second = s.post("/v1/directory/companies", second).created();
        for (day, rate) in [("2026-01-01", "0.9"), ("2026-02-15", "0.93"), ("2026-05-01", "0.88")] {
            let rate = json!({"from_currency": "USD", "to_currency": "EUR", "rate": rate, "rate_date": day});
            s.post("/v1/directory/exchange-rates", rate).created();
        }
        let goods: Vec<Value> = (0..4).map(|i| product(s, &format!("G{i}"), &format!("{}.9{i}", 10 + 7 * i), Some("4.00"))).collect();
        let companies = [(s.company_id().to_string(), ["EUR", "USD"]), (id(&second).to_string(), ["USD", "EUR"])];
        let companies = companies.into_iter().map(|(id, currencies)| Company::of(s, id, currencies, &goods)).collect();
        let customers = (0..12).map(|i| id(&customer(s, &format!("Customer {i}"))).to_string()).collect();
        s.at(NOW);
        Self {
            companies,
            customers,
            goods: goods.iter().map(|g| id(g).to_string()).collect(),
            merged: Mutex::default(),
            orders: Mutex::default(),
            deliveries: Mutex::default(),
            returns: Mutex::default(),
            invoices: Mutex::default(),
            credit_notes: Mutex::default(),
            payments: Mutex::default(),
            entries: Mutex::default(),
            event: Mutex::default(),
            outcomes: Mutex::default(),
        }
    }

    /// Counts what came of a step. Business may be refused, but nothing may break.
    fn note(&self, step: &'static str, answer: &Answer) -> Option<Value> {
        let taken = (200..300).contains(&answer.status);
        let outcome = if taken { "taken".to_string() } else { answer.json()["code"].as_str().unwrap_or("no code").to_string() };
        assert!(taken || matches!(answer.status, 403 | 409 | 412 | 422 | 503), "{step}: {} {}", answer.status, answer.text());
        if let Some(event) = answer.header("Tandem-Event").filter(|_| taken) {
            *self.event.lock().unwrap() = Some(event.to_string());
        }
        *self.outcomes.lock().unwrap().entry(step).or_default().entry(outcome).or_default() += 1;
        taken.then(|| if answer.status == 204 { Value::Null } else { answer.json() })
    }
}

impl Company {
    fn of(s: &Server, company: String, currencies: [&'static str; 2], goods: &[Value]) -> Self {
        // one that is finished is closed by a step of its own
        let path = format!("/v1/directory/companies/{company}");
        s.patch(&path, &s.get(&path).ok(), json!({"order_closing": "manual"})).ok();
        let of = |noun: &str, body: Value| {
            let mut body = body;
            body["company_id"] = json!(company);
            s.post(&format!("/v1/{noun}"), body).created()
        };
        let warehouse = of("inventory/warehouses", json!({"code": "MAIN", "name": "Main", "is_default": true}));
        let lines: Vec<Value> = goods.iter().map(|g| json!({"product_id": g["id"], "quantity_delta": "300", "unit_cost": "4"})).collect();
        let stock = json!({"reason": "opening", "warehouse_id": warehouse["id"], "lines": lines});
        let stock = s.post("/v1/inventory/adjustments", stock).created();
        s.act(&format!("/v1/inventory/adjustments/{}/post", id(&stock)), &stock, json!({})).ok();
        let tax = |code: &str, rate: &str, more: Value| {
            let mut body = json!({"code": code, "name": code, "rates": [{"valid_from_date": "2000-01-01", "rate": rate}]});
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            id(&of("tax/codes", body)).to_string()
        };
        let taxes = vec![
            tax("R20", "20", json!({})),
            tax("R7", "7", json!({})),
            tax("I19", "19", json!({"price_includes_tax": true})),
            tax("RC20", "20", json!({"treatment": "reverse_charge"})),
        ];
        let term = |code: &str, more: Value| {
            let mut body = json!({"code": code, "name": code});
            body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
            id(&of("receivables/payment-terms", body)).to_string()
        };
        let terms = vec![
            term("T30", json!({"instalments": [{"percent": "100", "days": 30}]})),
            term("T2", json!({"instalments": [{"percent": "100", "days": 30}], "discount_percent": "2", "discount_days": 10})),
            term(
                "T3",
                json!({"instalments": [{"percent": "33.33", "days": 10}, {"percent": "33.33", "days": 40}, {"percent": "33.34", "days": 70}],
                "tolerance": "0.05"}),
            ),
        ];
        for (code, control) in [("1101", true), ("1235", false), ("4025", false)] {
            let kind = if code.starts_with('1') { "asset" } else { "income" };
            let mut account = json!({"code": code, "name": format!("Second {code}"), "account_type": kind});
            if control {
                account["control"] = json!(true);
            }
            of("accounting/accounts", account);
        }
        let accounts = s.all(&format!("/v1/accounting/accounts?company_id={company}"));
        let accounts = accounts.iter().map(|a| (a["code"].as_str().unwrap().to_string(), id(a).to_string())).collect();
        Self { warehouse: id(&warehouse).to_string(), id: company, currencies, taxes, terms, accounts }
    }
}

/// `steps` steps by four clients over these servers, with a look at the books after every round.
fn business(s: &Server, others: &[Client], steps: usize) {
    let world = World::of(s);
    let clients: Vec<Client> =
        (0..CLIENTS).map(|i| if i % 2 == 1 && !others.is_empty() { others[0].clone() } else { (**s).clone() }).collect();
    for round in 0..steps / ROUND {
        std::thread::scope(|scope| {
            for (i, client) in clients.iter().enumerate() {
                let world = &world;
                scope.spawn(move || {
                    let mut dice = Dice::new((round * CLIENTS + i) as u64 + 20_260_630);
                    for _ in 0..ROUND / CLIENTS {
                        steps::step(world, client, &mut dice);
                    }
                });
            }
        });
        let thorough = round % 8 == 7 || (round + 1) * ROUND >= steps;
        checks::books(s, &world, round, thorough);
        checks::followers(s, &world, round);
    }
    checks::rebuilt(s, &world);
    let outcomes = world.outcomes.lock().unwrap();
    let least = steps / 2000;
    let hollow: Vec<_> = outcomes.iter().filter(|(_, o)| o.get("taken").copied().unwrap_or_default() < least).collect();
    assert!(hollow.is_empty(), "steps that were hardly ever taken: {hollow:#?}\nof {outcomes:#?}");
    let busy: usize = outcomes.values().filter_map(|o| o.get("unavailable")).sum();
    assert!(busy * 100 <= steps, "{busy} of {steps} steps found the database busy: {outcomes:#?}");
}

/// How many steps: as many as there is time for with all other tests, or as RANDOM_STEPS says; `share` of them on this engine.
fn steps(usual: usize, share: impl Fn(usize) -> usize) -> usize {
    std::env::var("RANDOM_STEPS").ok().and_then(|n| n.parse().ok()).map_or(usual, share)
}

#[test]
fn four_clients_leave_the_books_whole_on_sqlite() {
    business(&Server::start(Engine::Sqlite), &[], steps(2_000, |n| n));
}

#[test]
fn four_clients_over_two_replicas_leave_the_books_whole_on_postgres() {
    if !Engine::Postgres.available() {
        return;
    }
    let s = Server::start(Engine::Postgres);
    let replica = s.replica();
    replica.at(NOW);
    business(&s, &[(*replica).clone()], steps(750, |n| n * 3 / 10));
}
