//! `tandem demo`: a coherent company with a year of business in it, made through operations like any client would, so
//! that every list and report has something to show. The same on every machine; only the year follows the calendar.

mod capture;
mod chance;
mod client;
mod data;
mod journeys;
mod marketing;
mod quotes;
mod service;
mod targets;
mod visits;
mod year;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{Datelike, NaiveDate};
use indicatif::ProgressBar;
use platform::App;
use serde_json::{Value, json};

use client::{ApiClient, Done, Stopped};
use data::WARES;
use year::Year;

/// The code of the demo company; where it exists, the demo was made already.
const CODE: &str = "DEMO";

/// How many there are of each noun.
#[derive(Debug)]
pub struct Made(BTreeMap<&'static str, usize>);

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(|(what, n)| format!("{n} {what}")).collect();
        f.write_str(&parts.join(", "))
    }
}

/// Why there is no demo now.
#[derive(Debug)]
pub enum DemoError {
    /// It is there already.
    Exists,
    /// An operation refused.
    Stopped(Box<dyn std::error::Error>),
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DemoError::Exists => write!(f, "this database has the demo company already"),
            DemoError::Stopped(s) => write!(f, "the demo stopped at {s}"),
        }
    }
}
impl std::error::Error for DemoError {}
impl From<Stopped> for DemoError {
    fn from(s: Stopped) -> Self {
        DemoError::Stopped(Box::new(s))
    }
}

/// Makes the demo company and the last full calendar year of its business; how many of each noun there are now.
/// The bar shows how far it is.
///
/// # Errors
/// The demo exists already, or an operation refused.
pub fn fill(app: &Arc<App>, bar: &ProgressBar) -> Result<Made, DemoError> {
    let year = app.clock.now().year() - 1;
    let done = make(app, year, bar);
    app.clock.set(None);
    done
}

/// As [`fill`], showing nothing.
///
/// # Errors
/// As [`fill`].
pub fn fill_quietly(app: &Arc<App>) -> Result<Made, DemoError> {
    fill(app, &ProgressBar::hidden())
}

fn make(app: &Arc<App>, year: i32, bar: &ProgressBar) -> Result<Made, DemoError> {
    let client = ApiClient::new(app);
    let companies = client.get("/v1/directory/companies?limit=200")?;
    if companies["data"].as_array().is_some_and(|all| all.iter().any(|c| c["code"] == CODE)) {
        return Err(DemoError::Exists);
    }
    let first = NaiveDate::from_ymd_opt(year, 1, 2).unwrap_or_default();
    client.at(first, 8);
    let mut y = Year::new(&client, year);
    bar.set_length(14);
    bar.set_message("company, products and partners");
    found(&mut y)?;
    rates(&mut y, year)?;
    partners(&mut y)?;
    wares(&mut y, first)?;
    journeys::prepare(&mut y, first)?;
    capture::capture(&mut y, first)?;
    for month in 1..=12u32 {
        bar.set_position(u64::from(month));
        bar.set_message(format!("{year}-{month:02}"));
        y.month(month)?;
        y.aim(month)?;
        if month == 6 {
            y.stock_taking()?;
        }
    }
    service::service(&mut y, service::day_of(year))?;
    quotes::offer(&mut y, service::day_of(year))?;
    bar.set_position(13);
    bar.set_message("late payments");
    let last = NaiveDate::from_ymd_opt(year + 1, 1, 20).unwrap_or_default();
    y.money_until(last)?;
    journeys::spend(&mut y, last)?;
    marketing::prepare(&mut y)?;
    y.learn()?;
    bar.finish_with_message("done");
    Ok(Made(y.made))
}

/// What a euro costs in two other currencies, month by month.
fn rates(y: &mut Year<'_>, year: i32) -> Done<()> {
    for (currency, base, step) in [("USD", 10_800, 25), ("GBP", 8_550, 15)] {
        for month in 1..=12 {
            let ten_thousandths = base + (month % 5) * step;
            let rate = format!("{}.{:04}", ten_thousandths / 10_000, ten_thousandths % 10_000);
            let body = json!({"from_currency": "EUR", "to_currency": currency, "rate_date": format!("{year}-{month:02}-01"), "rate": rate, "source": "demo"});
            y.client.post("/v1/directory/exchange-rates", body)?;
            y.count("exchange rates");
        }
    }
    Ok(())
}

/// The company with its pipeline and two warehouses.
fn found(y: &mut Year<'_>) -> Done<()> {
    let company = json!({
        "code": CODE, "name": "Alpenglow Coffee Supply", "legal_name": "Alpenglow Coffee Supply GmbH", "currency": "EUR",
        "time_zone": "Europe/Berlin", "tax_id": "DE999999999",
        "address": {"line1": "Speicherstraße 12", "city": "Hamburg", "postal_code": "20457", "country": "DE"},
    });
    y.company = y.client.post("/v1/directory/companies", company)?;
    let id = y.company["id"].clone();
    let text = id.as_str().unwrap_or_default();
    for (code, name) in [("HAM", "Hamburg"), ("MUC", "München")] {
        let existing = y.client.get(&format!("/v1/inventory/warehouses?company_id={text}&code={code}"))?;
        let warehouse = match existing["data"].get(0) {
            Some(w) => w.clone(),
            None => y
                .client
                .post("/v1/inventory/warehouses", json!({"company_id": id, "code": code, "name": name, "is_default": code == "HAM"}))?,
        };
        y.warehouses.push(warehouse);
        y.count("warehouses");
    }
    let pipelines = y.client.get(&format!("/v1/crm/pipelines?company_id={text}"))?;
    y.pipeline = match pipelines["data"].get(0) {
        Some(p) => p.clone(),
        None => y.client.post("/v1/crm/pipelines", pipeline(&id))?,
    };
    y.catalogues()
}

fn pipeline(company: &Value) -> Value {
    let stage = |name: &str, percent: &str| json!({"name": name, "probability_percent": percent});
    json!({
        "company_id": company, "name": "Equipment",
        "stages": [stage("Inquiry", "10"), stage("Tasting", "30"), stage("Offer", "60"), stage("Negotiation", "80")],
    })
}

/// Customers with a contact each, one of them entered twice, and vendors.
fn partners(y: &mut Year<'_>) -> Done<()> {
    for (i, (code, name, city, postal_code, country)) in data::CUSTOMERS.into_iter().enumerate() {
        let mail = format!("office{}@example.org", i + 1);
        let address =
            json!({"line1": format!("Hauptstraße {}", i * 7 % 90 + 1), "city": city, "postal_code": postal_code, "country": country});
        let party = json!({
            "code": code, "name": name, "is_customer": true,
            "customer_terms": {"credit_limit": "60000.00", "payment_terms_days": if i % 3 == 0 { 14 } else { 30 }},
            "addresses": [{"purpose": "billing", "primary": true, "address": address}],
            "emails": [{"address": mail, "primary": true}], "tags": if i % 4 == 0 { json!(["regular"]) } else { json!([]) },
        });
        let party = y.client.post("/v1/directory/parties", party)?;
        y.count("customers");
        let (first, last) = (data::FIRST_NAMES[i % 16], data::LAST_NAMES[(i * 5 + i / 16) % 16]);
        let contact = json!({
            "first_name": first, "last_name": last,
            "emails": [{"address": format!("{}.{}.{}@example.org", first.to_lowercase(), last.to_lowercase(), i + 1), "primary": true}],
        });
        let contact = y.client.post("/v1/directory/contacts", contact)?;
        let title = if i % 2 == 0 { "Owner" } else { "Purchasing" };
        let relation = json!({"contact_id": contact["id"], "party_id": party["id"], "title": title, "is_primary": true});
        y.client.post("/v1/directory/relationships", relation)?;
        y.count("contacts");
        y.customers.push(party);
    }
    // somebody entered the first customer a second time; the two were found to be one
    if let Some(first) = y.customers.first().cloned() {
        let name = first["name"].as_str().unwrap_or_default();
        let double = json!({"name": format!("{name} Ltd"), "is_customer": true, "phones": [{"number": "+49 40 5550123"}]});
        let double = y.client.post("/v1/directory/parties", double)?;
        y.client.act("/v1/directory/parties", &first, "merge", json!({"source_id": double["id"]}))?;
        y.count("merges");
        let people = y.client.get("/v1/directory/contacts?limit=1&sort=created_at")?;
        if let Some(person) = people["data"].get(0).cloned() {
            let twice = json!({"last_name": person["last_name"], "phones": [{"number": "+49 40 5550124"}]});
            let twice = y.client.post("/v1/directory/contacts", twice)?;
            y.client.act("/v1/directory/contacts", &person, "merge", json!({"source_id": twice["id"]}))?;
            y.count("merges");
        }
    }
    for (code, name, city, postal_code, country) in data::VENDORS {
        let address = json!({"line1": "Via Roma 1", "city": city, "postal_code": postal_code, "country": country});
        let party = json!({"code": code, "name": name, "is_vendor": true, "addresses": [{"purpose": "billing", "primary": true, "address": address}]});
        y.client.post("/v1/directory/parties", party)?;
        y.count("vendors");
    }
    Ok(())
}

/// Products, and what of them is there on the first day: two thirds in the first warehouse, one third in the second.
fn wares(y: &mut Year<'_>, day: NaiveDate) -> Done<()> {
    let units = y.client.get("/v1/directory/units?limit=200")?;
    let piece = units["data"].as_array().into_iter().flatten().find(|u| u["code"] == "each").cloned().unwrap_or_default();
    for ware in &WARES {
        let mut product = json!({
            "sku": ware.sku, "name": ware.name, "category": ware.category, "unit_id": piece["id"], "sales_price": ware.price, "currency": "EUR",
            "kind": if ware.opening > 0 { "stocked" } else { "service" },
            "tax_class": if ware.category == "Coffee" { "reduced" } else { "standard" },
        });
        if !ware.cost.is_empty() {
            product["expected_cost"] = ware.cost.into();
        }
        let product = y.client.post("/v1/directory/products", product)?;
        y.count("products");
        y.products.push(product);
    }
    for (place, part) in [(0usize, 2u32), (1, 1)] {
        let line = |i: usize| json!({"product_id": y.products[i]["id"], "quantity_delta": (WARES[i].opening * part / 3).to_string(), "unit_cost": WARES[i].cost});
        let lines: Vec<Value> = Year::stocked().map(line).collect();
        let opening = json!({"reason": "opening", "warehouse_id": y.warehouses[place]["id"], "adjustment_date": day, "lines": lines});
        let opening = y.client.post("/v1/inventory/adjustments", opening)?;
        y.client.act("/v1/inventory/adjustments", &opening, "post", json!({}))?;
    }
    Ok(())
}
