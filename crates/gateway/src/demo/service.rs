//! The demo company's service client: when it works, what it promises, what it knows, and the cases of a few days.

use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use super::client::Done;
use super::year::Year;

const CASES: &str = "/v1/service/cases";
const ARTICLES: &str = "/v1/service/kb-articles";
const SURVEYS: &str = "/v1/service/surveys";

/// What customers ask, and what is done about it.
const ASKED: [(&str, &str, &str); 5] = [
    ("The grinder is louder than before", "high", "The burrs were replaced."),
    ("Two bags were torn", "medium", "Two bags are on their way."),
    ("Which descaler for the small machine?", "low", "The one with citric acid."),
    ("The milk system drips", "high", "The seal was replaced."),
    ("The invoice names the old address", "low", "The address is corrected."),
];

/// A few days of service. What is done to a case is done in the hour in which it came, so that no clock is in between.
pub fn service(y: &mut Year<'_>, day: NaiveDate) -> Done<()> {
    y.money_until(day)?;
    y.client.at(day, 10);
    let queue = rules(y)?;
    let article = article(y)?;
    let survey = json!({"company_id": y.company["id"], "kind": "csat", "name": "After service", "question": "How satisfied are you with our service?"});
    let survey = y.client.post(SURVEYS, survey)?;
    y.count("surveys");
    piece(y)?;
    for (i, (subject, level, resolution)) in ASKED.into_iter().enumerate() {
        let customer = y.chance.pick(&y.customers)["id"].clone();
        let body = json!({
            "company_id": y.company["id"], "subject": subject, "description": format!("{subject}. Can you help?"), "channel": "email",
            "impact": level, "urgency": "medium", "party_id": customer, "queue_id": queue["id"],
        });
        let case = y.client.post(CASES, body)?;
        y.count("cases");
        let case = y.client.act(CASES, &case, "reply", json!({"body": "We look into it.", "spent_minutes": 10}))?;
        if i == 0 {
            let said = json!({"record_id": case["id"], "body": "The same grinder as last year. The invoice is in the attachment."});
            y.client.post("/v1/platform/comments", said)?;
            y.client.post("/v1/platform/record-tags", json!({"record_id": case["id"], "tag": "warranty"}))?;
            y.client.attach(&case, "invoice.txt", "Grinder Pro, 480.00 EUR\n")?;
        }
        match i {
            0 => y.client.act(CASES, &case, "hold", json!({"reason": "The customer sends a recording."})).map(drop)?,
            1 => {}
            _ => {
                let case = y.client.act(CASES, &case, "link-article", json!({"kb_article_id": article["id"]}))?;
                let case = y.client.act(CASES, &case, "resolve", json!({"resolution": resolution}))?;
                let asked = y.client.act(SURVEYS, &survey, "invite", json!({"case_id": case["id"]}))?;
                y.client.post("/v1/service/survey-responses/respond", json!({"token": asked["token"], "score": 5 - i % 2}))?;
                y.count("survey responses");
            }
        }
    }
    Ok(())
}

/// A grinder whose pieces are told apart, sold, delivered and spoken of.
fn piece(y: &mut Year<'_>) -> Done<()> {
    let first = |list: &[Value], name: &str| list.first().map(|p| p[name].clone()).unwrap_or_default();
    let (unit, warehouse, customer) = (first(&y.products, "unit_id"), first(&y.warehouses, "id"), first(&y.customers, "id"));
    let grinder = json!({"sku": "GRINDER-PRO", "name": "Grinder Pro", "unit_id": unit, "sales_price": "480.00", "expected_cost": "260.00",
        "currency": y.company["currency"], "tracking": "serial"});
    let grinder = y.client.post("/v1/directory/products", grinder)?;
    let lines = json!([{"product_id": grinder["id"], "quantity_delta": "5", "unit_cost": "260.00"}]);
    let found = json!({"reason": "found", "warehouse_id": warehouse, "lines": lines});
    let found = y.client.post("/v1/inventory/adjustments", found)?;
    y.client.act("/v1/inventory/adjustments", &found, "post", json!({}))?;
    let lines = json!([{"product_id": grinder["id"], "quantity": "2"}]);
    let order = json!({"company_id": y.company["id"], "customer_id": customer, "warehouse_id": warehouse, "lines": lines});
    let order = y.client.post("/v1/sales/orders", order)?;
    let order = y.client.act("/v1/sales/orders", &order, "confirm", json!({"override_credit": true}))?;
    let delivery = y.client.act("/v1/sales/orders", &order, "deliver", json!({}))?;
    let numbers = json!([{"delivery_line_id": delivery["lines"][0]["id"], "serial_numbers": ["GP-000117", "GP-000118"]}]);
    let delivery = y.client.act("/v1/sales/deliveries", &delivery, "record-serials", json!({"lines": numbers}))?;
    y.client.act("/v1/sales/deliveries", &delivery, "ship", json!({}))?;
    y.count("pieces");
    let case = json!({"company_id": y.company["id"], "subject": "The grinder is loud", "party_id": customer, "product_id": grinder["id"],
        "serial_number": "GP-000117"});
    y.client.post(CASES, case)?;
    y.count("cases");
    Ok(())
}

/// Working hours, promises, a contract, and the queue where cases wait.
fn rules(y: &mut Year<'_>) -> Done<Value> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday"];
    let halves = |d: &&str| [json!({"day": d, "from": "08:00", "to": "12:00"}), json!({"day": d, "from": "13:00", "to": "17:00"})];
    let hours: Vec<Value> = days.iter().flat_map(halves).collect();
    let holidays =
        json!([{"date": format!("{}-12-25", y.year), "name": "Christmas"}, {"date": format!("{}-01-01", y.year + 1), "name": "New Year"}]);
    let calendar = json!({"name": "Service in Hamburg", "time_zone": "Europe/Berlin", "working_hours": hours, "holidays": holidays});
    let calendar = y.client.post("/v1/platform/calendars", calendar)?;
    let waiting = json!({"noun": "service/cases", "name": "Waiting for us", "scope": "everybody", "filters": {"is_open": "true"},
        "sort": "resolution_due_at", "columns": ["number", "subject", "priority", "assignee.name"], "groups": ["status"], "is_default": true});
    y.client.post("/v1/platform/saved-views", waiting)?;
    let target = |priority: &str, first: i32, resolution: i32| json!({"priority": priority, "first_response_minutes": first, "next_response_minutes": first, "resolution_minutes": resolution});
    let targets = json!([target("low", 480, 2400), target("normal", 240, 960), target("high", 60, 480), target("urgent", 30, 240)]);
    let policy = json!({"company_id": y.company["id"], "name": "Standard", "calendar_id": calendar["id"], "targets": targets});
    let policy = y.client.post("/v1/service/sla-policies", policy)?;
    let customer = y.customers.first().map(|c| c["id"].clone()).unwrap_or_default();
    let contract = json!({
        "company_id": y.company["id"], "party_id": customer, "name": "Maintenance", "sla_policy_id": policy["id"],
        "starts_on": format!("{}-01-01", y.year), "ends_on": format!("{}-12-31", y.year + 1), "incidents_included": 12,
    });
    y.client.post("/v1/service/entitlements", contract)?;
    let users = y.client.get("/v1/identity/users?limit=1")?;
    let members: Vec<Value> = users["data"].as_array().into_iter().flatten().map(|u| u["id"].clone()).collect();
    let queue = json!({"company_id": y.company["id"], "name": "Service", "assignment": "round_robin", "member_ids": members});
    y.client.post("/v1/service/queues", queue)
}

/// What the service client knows.
fn article(y: &mut Year<'_>) -> Done<Value> {
    let body = json!({
        "company_id": y.company["id"], "title": "Descaling a machine", "category": "Maintenance", "visibility": "public",
        "body": "Once a month, with citric acid. Rinse twice before the next coffee.",
    });
    let draft = y.client.post(ARTICLES, body)?;
    y.count("articles");
    y.client.act(ARTICLES, &draft, "publish", json!({}))
}

/// The day of it: after the last business of the year.
pub fn day_of(year: i32) -> NaiveDate {
    let day = NaiveDate::from_ymd_opt(year, 12, 29).unwrap_or_default();
    match day.weekday().num_days_from_monday() {
        5 => day.pred_opt().unwrap_or(day),
        6 => day.succ_opt().unwrap_or(day),
        _ => day,
    }
}
