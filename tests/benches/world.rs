//! What the workloads work on: a company with products in stock and customers, made through the API.

use serde_json::{Value, json};

use crate::harness::{ADMIN_EMAIL, ADMIN_PASSWORD, Client};
use crate::wire::{Wire, read};

pub struct World {
    /// A caller with an administrator's API key.
    pub client: Client,
    pub wire: Wire,
    pub company: String,
    pub warehouse: String,
    pub customers: Vec<String>,
    pub products: Vec<String>,
}

pub fn id(v: &Value) -> String {
    v["id"].as_str().unwrap_or_else(|| panic!("no id in {v}")).to_string()
}

/// Creates many at once, 200 a request.
pub fn bulk(client: &Client, path: &str, items: &[Value]) -> Vec<String> {
    let part = |items: &[Value]| {
        let answer = client.post(&format!("{path}/bulk"), json!({"mode": "atomic", "items": items})).ok();
        answer["items"].as_array().expect("items").iter().map(id).collect::<Vec<_>>()
    };
    items.chunks(200).flat_map(part).collect()
}

impl World {
    pub fn make(anonymous: &Client) -> Self {
        let login = anonymous.post("/v1/identity/login", json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD})).ok();
        let admin = anonymous.with_token(login["access_token"].as_str().expect("a token"));
        let key = admin.post("/v1/identity/api-keys", json!({"name": "Benchmark", "permissions": ["*"]})).created();
        let client = anonymous.with_token(key["key"].as_str().expect("a secret"));
        let company = client.post("/v1/directory/companies", json!({"code": "BENCH", "name": "Bench", "currency": "EUR"})).created();
        let company = id(&company);
        let place = |code: &str, default: bool| {
            let body = json!({"company_id": company, "code": code, "name": code, "is_default": default});
            id(&client.post("/v1/inventory/warehouses", body).created())
        };
        let warehouses = [place("W1", true), place("W2", false), place("W3", false)];
        let units = client.all("/v1/directory/units");
        let unit = id(units.iter().find(|u| u["code"] == "each").expect("a unit"));
        let customer = |i: usize| json!({"code": format!("B{i:05}"), "name": format!("Customer {i:05}"), "is_customer": true});
        let customers = bulk(&client, "/v1/directory/parties", &(0..500).map(customer).collect::<Vec<_>>());
        let product = |i: usize| json!({"sku": format!("P{i}"), "name": format!("Product {i}"), "unit_id": unit, "sales_price": "10.00", "expected_cost": "6.00", "currency": "EUR"});
        let products = bulk(&client, "/v1/directory/products", &(0..20).map(product).collect::<Vec<_>>());
        for warehouse in &warehouses {
            let line = |p: &String| json!({"product_id": p, "quantity_delta": "10000000", "unit_cost": "6.00"});
            let body = json!({"reason": "opening", "warehouse_id": warehouse, "lines": products.iter().map(line).collect::<Vec<_>>()});
            let opening = client.post("/v1/inventory/adjustments", body).created();
            client.act(&format!("/v1/inventory/adjustments/{}/post", id(&opening)), &opening, json!({})).ok();
        }
        Self { wire: Wire::of(&client), client, company, warehouse: warehouses[0].clone(), customers, products }
    }

    /// The body of an order of five lines, all on the same few products.
    pub fn order(&self, n: usize) -> Value {
        let line = |i: usize| json!({"product_id": self.products[(n + i) % self.products.len()], "quantity": "1", "unit_price": "10.00"});
        json!({
            "company_id": self.company, "customer_id": self.customers[n % self.customers.len()], "warehouse_id": self.warehouse,
            "lines": (0..5).map(line).collect::<Vec<_>>(),
        })
    }
    pub fn place(&self, n: usize) -> Value {
        read(&self.wire.post("/v1/sales/orders", &self.order(n)))
    }
    pub fn confirm(&self, order: &Value) -> Value {
        read(&self.wire.act(&format!("/v1/sales/orders/{}/confirm", id(order)), order, &json!({})))
    }
    /// Order, confirm, deliver, invoice, post, pay.
    pub fn order_to_cash(&self, n: usize) {
        let w = &self.wire;
        let order = self.confirm(&self.place(n));
        let path = format!("/v1/sales/orders/{}", id(&order));
        w.act(&format!("{path}/deliver"), &order, &json!({"ship": true}));
        let order = read(&w.get(&path));
        let invoice = read(&w.act(&format!("{path}/invoice"), &order, &json!({})));
        let invoice = read(&w.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, &json!({})));
        let body = json!({
            "company_id": self.company, "party_id": invoice["customer_id"], "amount": invoice["total"],
            "allocate_to": [{"invoice_id": invoice["id"], "amount": invoice["total"]}],
        });
        let payment = read(&w.post("/v1/banking/payments", &body));
        w.act(&format!("/v1/banking/payments/{}/post", id(&payment)), &payment, &json!({}));
    }
    /// A lead, qualified, converted, with a line, won.
    pub fn lead_to_won(&self, n: usize, caller: usize) {
        let w = &self.wire;
        let lead = json!({"company_id": self.company, "last_name": "Bench", "organisation_name": format!("Lead {caller}-{n}"), "email": format!("lead-{caller}-{n}@example.org")});
        let lead = read(&w.post("/v1/crm/leads", &lead));
        let lead = read(&w.act(&format!("/v1/crm/leads/{}/qualify", id(&lead)), &lead, &json!({})));
        let converted = read(&w.act(&format!("/v1/crm/leads/{}/convert", id(&lead)), &lead, &json!({"on_duplicate": "create"})));
        let path = format!("/v1/crm/opportunities/{}", converted["opportunity_id"].as_str().expect("a deal"));
        let deal = read(&w.get(&path));
        w.act(&format!("{path}/lines"), &deal, &json!({"product_id": self.products[0], "quantity": "1"}));
        let deal = read(&w.get(&path));
        w.act(&format!("{path}/win"), &deal, &json!({}));
    }
}
