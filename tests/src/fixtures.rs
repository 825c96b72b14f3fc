//! Things a test needs before its own story starts, made through HTTP like any caller would make them.
//! Each takes as little as possible and fills the rest with plain values.

use std::sync::atomic::{AtomicU32, Ordering};

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::harness::{Client, Server};

static COUNT: AtomicU32 = AtomicU32::new(1);

/// A number that no other fixture of this process has.
pub fn unique() -> u32 {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// The password of the users made here.
const PASSWORD: &str = "quiet rivers run deep";

/// The user logged in anew, after the clock was moved.
pub fn again(s: &Server, user: &Value) -> Client {
    s.login(user["email"].as_str().unwrap(), PASSWORD)
}

/// A user who is not logged in: the user and its password.
pub fn user(s: &Server) -> (Value, &'static str) {
    let n = unique();
    let password = PASSWORD;
    let body =
        json!({"email": format!("user{n}@example.com"), "name": format!("User {n}"), "password": password, "must_change_password": false});
    (s.post("/v1/identity/users", body).created(), password)
}

/// A role with exactly these permissions.
pub fn role(s: &Server, permissions: &[&str]) -> Value {
    let n = unique();
    s.post("/v1/identity/roles", json!({"code": format!("role_{n}"), "name": format!("Role {n}"), "permissions": permissions})).created()
}

/// A logged-in user with exactly these permissions and grants on these companies.
pub fn user_with(s: &Server, permissions: &[&str], companies: &[&str]) -> Client {
    let (user, password) = user(s);
    if !permissions.is_empty() {
        let role = role(s, permissions);
        s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
    }
    for company in companies {
        s.post(&format!("/v1/identity/users/{}/grants", id(&user)), json!({"company_id": company})).created();
    }
    s.login(user["email"].as_str().unwrap(), password)
}

/// A user of the company with these permissions, and its log-in.
pub fn member(s: &Server, permissions: &[&str]) -> (Value, Client) {
    let (user, password) = user(s);
    let role = role(s, permissions);
    s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
    s.post(&format!("/v1/identity/users/{}/grants", id(&user)), json!({"company_id": s.company_id()})).created();
    let client = s.login(user["email"].as_str().unwrap(), password);
    (user, client)
}

/// At least one of most nouns, so that lists are not empty: a lead, a deal, an activity, an order that was delivered,
/// invoiced and paid.
pub fn a_bit_of_everything(s: &Server) -> Value {
    let books = ready_to_sell(s);
    let buyer = customer(s, "A good customer");
    let company = s.company["id"].clone();
    s.post("/v1/crm/leads", json!({"company_id": company, "last_name": "Somebody", "email": "somebody@example.org"})).created();
    s.post("/v1/crm/opportunities", json!({"company_id": company, "name": "A deal", "party_id": buyer["id"]})).created();
    s.post("/v1/crm/activities", json!({"company_id": company, "kind": "call", "subject": "Ask", "regarding_id": buyer["id"]})).created();
    let quoted = json!([{"product_id": books.product("BEANS")["id"], "quantity": "2"}]);
    s.post("/v1/crm/quotes", json!({"company_id": company, "party_id": buyer["id"], "lines": quoted})).created();
    s.post("/v1/service/queues", json!({"company_id": company, "name": "Service"})).created();
    s.post("/v1/service/kb-articles", json!({"company_id": company, "title": "Beans", "body": "Keep them dry."})).created();
    s.post(
        "/v1/service/surveys",
        json!({"company_id": company, "kind": "nps", "name": "After service", "question": "Would you recommend us?"}),
    )
    .created();
    s.post("/v1/service/cases", json!({"company_id": company, "subject": "Wet beans", "party_id": buyer["id"]})).created();
    let order = json!({"company_id": company, "customer_id": buyer["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "3"}]});
    let order = s.post("/v1/sales/orders", order).created();
    let path = format!("/v1/sales/orders/{}", id(&order));
    let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
    s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
    let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
    let mut payment = books.payment(&buyer, &invoice["total"]);
    payment["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
    let payment = s.post("/v1/banking/payments", payment).created();
    s.act(&format!("/v1/banking/payments/{}/post", id(&payment)), &payment, json!({})).ok();
    s.get(&path).ok()
}

/// The id of a thing.
#[track_caller]
pub fn id(thing: &Value) -> &str {
    thing["id"].as_str().unwrap_or_else(|| panic!("no id in {thing}"))
}

/// A decimal as the API writes it.
#[track_caller]
pub fn money(value: &Value) -> Decimal {
    value.as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| panic!("no decimal: {value}"))
}

/// The unit "each".
pub fn each(s: &Server) -> Value {
    let units = s.all("/v1/directory/units");
    units.into_iter().find(|u| u["code"] == "each").expect("a unit for pieces")
}

/// A customer.
pub fn customer(s: &Server, name: &str) -> Value {
    s.post("/v1/directory/parties", json!({"name": name, "is_customer": true})).created()
}

/// A product; without a cost it is a service.
pub fn product(s: &Server, sku: &str, price: &str, cost: Option<&str>) -> Value {
    let unit = each(s);
    let mut body = json!({"sku": sku, "name": format!("The {sku}"), "unit_id": unit["id"], "sales_price": price, "currency": "EUR"});
    match cost {
        Some(cost) => body["expected_cost"] = cost.into(),
        None => body["kind"] = "service".into(),
    }
    s.post("/v1/directory/products", body).created()
}

/// A company that can sell: a warehouse, three products, opening stock.
pub struct Books {
    pub warehouse: Value,
    products: Vec<Value>,
    company_id: String,
}

pub fn ready_to_sell(s: &Server) -> Books {
    let warehouse = warehouse(s);
    let products = vec![
        product(s, "MACHINE", "1200.00", Some("700.00")),
        product(s, "BEANS", "15.00", Some("6.00")),
        product(s, "VISIT", "90.00", None),
    ];
    opening_stock(s, &warehouse, &[(&products[0], "10", "700.00"), (&products[1], "100", "6.00")]);
    Books { warehouse, products, company_id: s.company_id().to_string() }
}

/// A small generator that gives the same steps for the same seed everywhere.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }
    /// A number from zero to `n - 1`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// The company's default warehouse.
pub fn warehouse(s: &Server) -> Value {
    let existing = s.all(&format!("/v1/inventory/warehouses?company_id={}", s.company_id()));
    match existing.into_iter().next() {
        Some(w) => w,
        None => s
            .post("/v1/inventory/warehouses", json!({"company_id": s.company_id(), "code": "MAIN", "name": "Main", "is_default": true}))
            .created(),
    }
}

/// Goods that are there from the beginning: product, quantity, cost of one.
pub fn opening_stock(s: &Server, warehouse: &Value, goods: &[(&Value, &str, &str)]) {
    let line = |(p, quantity, cost): &(&Value, &str, &str)| json!({"product_id": p["id"], "quantity_delta": quantity, "unit_cost": cost});
    let lines: Vec<Value> = goods.iter().map(line).collect();
    let body = json!({"reason": "opening", "warehouse_id": warehouse["id"], "lines": lines});
    let adjustment = s.post("/v1/inventory/adjustments", body).created();
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(&adjustment)), &adjustment, json!({})).ok();
}

/// A trial balance: what each account has, debit above zero.
pub struct TrialBalance {
    pub debit: Decimal,
    pub credit: Decimal,
    accounts: Vec<(String, Decimal)>,
}

impl TrialBalance {
    pub fn of(&self, number: &str) -> Decimal {
        self.accounts.iter().filter(|(n, _)| n == number).map(|(_, b)| *b).sum()
    }
    /// The inventory accounts together.
    pub fn inventory(&self) -> Decimal {
        ["1200", "1210", "1220", "1230", "1240", "1250"].iter().map(|n| self.of(n)).sum()
    }
}

impl Books {
    pub fn product(&self, sku: &str) -> Value {
        self.products.iter().find(|p| p["sku"] == sku).cloned().unwrap()
    }
    /// Money from a customer, not yet said for what.
    pub fn payment(&self, customer: &Value, amount: &Value) -> Value {
        json!({"company_id": self.company_id, "party_id": customer["id"], "amount": amount})
    }
    pub fn trial_balance(&self, s: &Server, until: &str) -> TrialBalance {
        trial_balance(s, until)
    }
    pub fn stock_value(&self, s: &Server) -> Decimal {
        stock_value(s)
    }
    pub fn verified(&self, s: &Server) {
        verified(s);
    }
}

/// The trial balance of the template's company up to a day.
pub fn trial_balance(s: &Server, until: &str) -> TrialBalance {
    trial_balance_of(s, s.company_id(), until)
}

/// All that was ever booked in a company up to a day.
pub fn trial_balance_of(s: &Client, company: &str, until: &str) -> TrialBalance {
    let report = s.get(&format!("/v1/accounting/reports/trial-balance?company_id={company}&from_date=1990-01-01&to_date={until}")).ok();
    let rows = report["rows"].as_array().unwrap_or_else(|| panic!("no rows in {report}"));
    let accounts =
        rows.iter().map(|r| (r["code"].as_str().unwrap_or_default().to_string(), money(&r["debit"]) - money(&r["credit"]))).collect();
    TrialBalance { debit: money(&report["total_debit"]), credit: money(&report["total_credit"]), accounts }
}

/// What the stock of the template's company is worth by its own ledger.
pub fn stock_value(s: &Server) -> Decimal {
    stock_value_of(s, s.company_id())
}

pub fn stock_value_of(s: &Server, company: &str) -> Decimal {
    money(&s.get(&format!("/v1/inventory/valuation?company_id={company}")).ok()["total_value"])
}

/// Every check of the books passes.
#[track_caller]
pub fn verified(s: &Server) {
    let report = s.get("/v1/platform/integrity").ok();
    assert_eq!(report["passed"], true, "{report:#}");
}
