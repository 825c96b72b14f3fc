//! Two years of a real trading company, replayed through the public API alone: every order of the Northwind files is
//! placed, confirmed, delivered, invoiced with freight, and paid where it was shipped. Then the books must say what the
//! files say.

use std::collections::HashMap;
use std::time::Instant;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::northwind_files::{Files, Order, Row, country};
use crate::fixtures::{self, id, money};
use crate::harness::{Client, Server};

/// How many callers work at once.
const CALLERS: usize = 8;

/// What the orders need to know of the company.
struct World {
    company: String,
    warehouse: String,
    customers: HashMap<String, String>,
    products: HashMap<String, String>,
}

/// Creates many in one request and hands back their ids.
fn bulk(s: &Server, path: &str, items: &[Value]) -> Vec<String> {
    let mut ids = Vec::new();
    for part in items.chunks(200) {
        let answer = s.post(&format!("{path}/bulk"), json!({"mode": "atomic", "items": part})).ok();
        let rows = answer["items"].as_array().unwrap_or_else(|| panic!("{answer}"));
        ids.extend(rows.iter().map(|r| id(r).to_string()));
    }
    assert_eq!(ids.len(), items.len());
    ids
}

fn party(row: &Row, code: String, role: &str) -> Value {
    let part = |name: &str, most: usize| Some(row[name].chars().take(most).collect::<String>()).filter(|t| !t.is_empty());
    let address = json!({
        "line1": part("address", 200), "city": part("city", 100), "region": part("region", 100),
        "postal_code": part("postal_code", 20), "country": country(&row["country"]),
    });
    json!({
        "code": code, "name": row["company_name"], role: true,
        "addresses": [{"purpose": "billing", "primary": true, "address": address}],
        "metadata": {"contact": row["contact_name"], "phone": row["phone"]},
    })
}

/// Company, partners, products and opening stock.
fn set_up(s: &Server, files: &Files) -> World {
    let company = s.post("/v1/directory/companies", json!({"code": "NORTHWIND", "name": "Northwind Traders", "currency": "USD"})).created();
    for year in 1996..=1998 {
        let start = format!("{year}-01-01");
        let made = s.post("/v1/accounting/fiscal-years", json!({"company_id": company["id"], "start_date": start}));
        assert!(made.status == 201 || made.json()["code"] == "fiscal_year.overlaps", "{}", made.whole());
    }
    let warehouse = json!({"company_id": company["id"], "code": "PORT", "name": "Port", "is_default": true});
    let warehouse = s.post("/v1/inventory/warehouses", warehouse).created();
    let parties: Vec<Value> = files.customers.iter().map(|c| party(c, c["customer_id"].clone(), "is_customer")).collect();
    let customers = bulk(s, "/v1/directory/parties", &parties);
    let vendors: Vec<Value> = files.suppliers.iter().map(|v| party(v, format!("SUP-{}", v["supplier_id"]), "is_vendor")).collect();
    assert_eq!((customers.len(), bulk(s, "/v1/directory/parties", &vendors).len()), (91, 29));

    let unit = fixtures::each(s);
    let category = |p: &Row| files.categories.iter().find(|c| c["category_id"] == p["category_id"]).map(|c| c["category_name"].clone());
    let product = |p: &Row| {
        json!({
            "sku": format!("NW-{}", p["product_id"]), "name": p["product_name"], "unit_id": unit["id"], "category": category(p),
            "sales_price": p["unit_price"], "expected_cost": cost(p), "currency": "USD", "tax_class": "exempt",
        })
    };
    let products: Vec<Value> = files.products.iter().map(product).collect();
    let products = bulk(s, "/v1/directory/products", &products);
    assert_eq!(products.len(), 77);
    let world = World {
        company: id(&company).to_string(),
        warehouse: id(&warehouse).to_string(),
        customers: files.customers.iter().map(|c| c["customer_id"].clone()).zip(customers).collect(),
        products: files.products.iter().map(|p| p["product_id"].clone()).zip(products).collect(),
    };

    let line = |p: &Row| {
        let opening = sold(files, &p["product_id"]) + left(p);
        (!opening.is_zero())
            .then(|| json!({"product_id": world.products[&p["product_id"]], "quantity_delta": opening.to_string(), "unit_cost": cost(p)}))
    };
    let lines: Vec<Value> = files.products.iter().filter_map(line).collect();
    let opening = json!({"reason": "opening", "warehouse_id": world.warehouse, "adjustment_date": "1996-07-01", "lines": lines});
    let opening = s.post("/v1/inventory/adjustments", opening).created();
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(&opening)), &opening, json!({})).ok();
    world
}

/// The files give no cost: six tenths of the list price.
fn cost(p: &Row) -> String {
    (p["unit_price"].parse::<Decimal>().unwrap() * Decimal::new(6, 1)).round_dp(2).to_string()
}

/// What the file says is in stock at the end.
fn left(p: &Row) -> Decimal {
    p["units_in_stock"].parse().unwrap()
}

/// How many pieces of a product the orders ask for.
fn sold(files: &Files, product: &str) -> Decimal {
    files.orders.iter().flat_map(|o| &o.lines).filter(|l| l.product == product).map(|l| l.quantity).sum()
}

/// One order from the first word to the money.
fn order_to_cash(order: &Order, world: &World, s: &Client) {
    let line = |l: &super::northwind_files::Line| {
        json!({
            "product_id": world.products[&l.product], "quantity": l.quantity.to_string(),
            "unit_price": l.unit_price.to_string(), "discount_percent": l.discount_percent(),
        })
    };
    let placed = json!({
        "company_id": world.company, "customer_id": world.customers[&order.customer], "customer_reference": order.id,
        "warehouse_id": world.warehouse, "order_date": order.order_date, "requested_date": order.required_date,
        "freight_amount": order.freight.to_string(), "freight_tax_class": "exempt",
        "lines": order.lines.iter().map(line).collect::<Vec<_>>(),
    });
    let made = s.post("/v1/sales/orders", placed).created();
    assert_eq!(money(&made["net_total"]), order.net() + order.freight, "order {}", order.id);
    let path = format!("/v1/sales/orders/{}", id(&made));
    let confirmed = s.act(&format!("{path}/confirm"), &made, json!({})).ok();
    let left_on = if order.shipped() { &order.shipped_date } else { "1998-05-06" };
    s.act(&format!("{path}/deliver"), &confirmed, json!({"ship": true, "delivery_date": left_on})).expect(200);
    let shipped = s.get(&path).ok();
    let invoice = s.act(&format!("{path}/invoice"), &shipped, json!({"invoice_date": left_on})).ok();
    let invoice_path = format!("/v1/receivables/invoices/{}", id(&invoice));
    let invoice = s.act(&format!("{invoice_path}/post"), &invoice, json!({})).ok();
    assert_eq!(money(&invoice["total"]), order.net() + order.freight, "invoice of order {}", order.id);
    if order.shipped() {
        let payment = json!({
            "company_id": world.company, "party_id": world.customers[&order.customer], "amount": invoice["total"],
            "payment_date": "1998-06-30", "reference": order.id, "allocate_to": [{"invoice_id": invoice["id"]}],
        });
        let payment = s.post("/v1/banking/payments", payment).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&payment)), &payment, json!({})).ok();
    }
}

each_engine! {
    fn northwind_comes_to_its_published_figures(s) {
        let Some(files) = Files::read() else { return };
        s.at("1998-06-30T10:00:00Z");
        let world = set_up(s, &files);
        let began = Instant::now();
        s.spread(CALLERS, &files.orders, |order, client| order_to_cash(order, &world, client));
        let seconds = began.elapsed().as_secs_f64();
        println!("northwind on {:?}: {} orders to cash in {seconds:.1} s, {:.1} orders/s with {CALLERS} callers", s.engine, files.orders.len(), files.orders.len() as f64 / seconds);

        // revenue and freight are those of the files, line by line in cents; the published figure rounds only once
        let balance = fixtures::trial_balance_of(s, &world.company, "1998-12-31");
        assert_eq!(balance.debit, balance.credit);
        assert_eq!(-balance.of("4010"), files.net());
        assert_eq!(-balance.of("4040"), files.freight());
        assert!((files.net() - Decimal::new(126_579_304, 2)).abs() < Decimal::ONE);

        // the 21 orders that never left in the files are still to be paid
        let open: Decimal = files.orders.iter().filter(|o| !o.shipped()).map(|o| o.net() + o.freight).sum();
        assert_eq!(balance.of("1100"), open);
        let unpaid = s.all(&format!("/v1/receivables/invoices?company_id={}&status=posted", world.company));
        assert_eq!(unpaid.len(), 21);

        // what is left is what was there less what was shipped
        let rows = s.all(&format!("/v1/inventory/stock?company_id={}", world.company));
        let mut stock: HashMap<&str, Decimal> = HashMap::new();
        for row in &rows {
            *stock.entry(row["product_id"].as_str().unwrap()).or_default() += money(&row["on_hand"]);
            assert_eq!(money(&row["reserved"]), Decimal::ZERO, "{row}");
        }
        for p in &files.products {
            let there = stock.get(world.products[&p["product_id"]].as_str()).copied().unwrap_or_default();
            assert_eq!(there, left(p), "{}", p["product_name"]);
        }
        assert_eq!(balance.inventory(), fixtures::stock_value_of(s, &world.company));
        fixtures::verified(s);
    }
}
