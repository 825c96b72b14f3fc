//! Records beyond the reach of a caller: every noun with an owner, over every operation that could show a record.

use platform::table::Kind;
use serde_json::{Value, json};

use crate::contract::Breaches;
use crate::fixtures::{self, id, user_with};
use crate::harness::{Client, Server};

/// One record of each noun with an owner: the stem of its permissions, the record, and a word that a search finds it by.
fn one_of_each(s: &Server, owner: &Value) -> Vec<(&'static str, Value, &'static str)> {
    let books = fixtures::ready_to_sell(s);
    let company = s.company_id();
    let owned = |mut body: Value| {
        body["owner_id"] = owner["id"].clone();
        body
    };
    let emails = json!([{"address": "zwingli@example.org"}]);
    let party = owned(json!({"name": "Zwingli Handel", "is_customer": true, "emails": emails}));
    let party = s.post("/v1/directory/parties", party).created();
    let emails = json!([{"address": "ulrich@example.org"}]);
    let contact = s.post("/v1/directory/contacts", owned(json!({"last_name": "Zwinglimann", "emails": emails}))).created();
    let lead = owned(json!({"company_id": company, "last_name": "Zwinglison", "email": "ulla@example.org"}));
    let lead = s.post("/v1/crm/leads", lead).created();
    let deal = owned(json!({"company_id": company, "name": "Zwinglimachines", "party_id": party["id"], "amount": "100"}));
    let deal = s.post("/v1/crm/opportunities", deal).created();
    let task = owned(json!({"company_id": company, "kind": "task", "subject": "Zwinglicall", "regarding_id": deal["id"]}));
    let task = s.post("/v1/crm/activities", task).created();
    let lines = json!([{"product_id": books.product("BEANS")["id"], "quantity": "2"}]);
    let quote = owned(json!({"company_id": company, "party_id": party["id"], "title": "Zwingliquote", "lines": lines}));
    let quote = s.post("/v1/crm/quotes", quote).created();
    let order = owned(json!({"company_id": company, "customer_id": party["id"], "customer_reference": "ZWINGLI-1", "lines": lines}));
    let order = s.post("/v1/sales/orders", order).created();
    let path = format!("/v1/sales/orders/{}", id(&order));
    let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
    s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
    let order = s.get(&path).ok();
    let case = json!({"company_id": company, "subject": "Zwinglibeans are wet", "party_id": party["id"], "assignee_id": owner["id"]});
    let case = s.post("/v1/service/cases", case).created();
    vec![
        ("directory.parties", party, "Zwingli"),
        ("directory.contacts", contact, "Zwinglimann"),
        ("crm.leads", lead, "Zwinglison"),
        ("crm.opportunities", deal, "Zwinglimachines"),
        ("crm.activities", task, "Zwinglicall"),
        ("crm.quotes", quote, "Zwingliquote"),
        ("sales.orders", order, "ZWINGLI-1"),
        ("service.cases", case, "Zwinglibeans"),
    ]
}

fn path_of(stem: &str) -> String {
    format!("/v1/{}", stem.replace('.', "/").replace('_', "-"))
}

/// The values at the end of a path through objects and lists.
fn at<'v>(thing: &'v Value, path: &[&str]) -> Vec<&'v Value> {
    match (thing, path) {
        (Value::Array(items), _) => items.iter().flat_map(|i| at(i, path)).collect(),
        (thing, []) => vec![thing],
        (thing, [name, rest @ ..]) => thing.get(name).map(|inner| at(inner, rest)).unwrap_or_default(),
    }
}

/// Waits until the feed has something about a thing.
fn in_the_feed(s: &Client, subject: &str) {
    let begin = std::time::Instant::now();
    while s.all(&format!("/v1/platform/events?subject={subject}")).is_empty() && begin.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

each_engine! {
    fn no_operation_shows_a_record_beyond_the_reach_of_its_caller(s) {
        let (owner, _) = fixtures::user(s);
        let all = one_of_each(s, &owner);
        let declared: Vec<&str> = s.running().app.table.owned().map(|(stem, _)| stem).collect();
        for stem in &declared {
            assert!(all.iter().any(|(known, ..)| known == stem), "{stem} has an owner and no record here");
        }
        let stranger = user_with(s, &["*:own"], &[s.company_id()]);
        let mut found = Breaches::default();
        for (stem, record, word) in &all {
            let (list, one) = (path_of(stem), format!("{}/{}", path_of(stem), id(record)));
            let shown = |text: &str| text.contains(id(record));
            // lists, searches, totals and filters
            let words = if *stem == "crm.activities" || *stem == "service.cases" { String::new() } else { format!("&q={word}") };
            for query in [String::from("?include_total=true"), format!("?include_total=true{words}"), String::from("?include_total=true&created_at[gte]=2000-01-01T00:00:00Z")] {
                let page = stranger.get(&format!("{list}{query}"));
                if page.status == 200 && (shown(&page.text()) || page.json()["total_count"] != json!(0)) {
                    found.add(format!("{list}{query}: {}", page.text()));
                }
                let known = s.get(&format!("{list}{query}"));
                if known.status == 200 && !shown(&known.text()) {
                    found.add(format!("{list}{query} does not find it for who may see it"));
                }
            }
            // reads, also with the ETag of the record, and every view, part and file of it
            let version = format!("\"{}\"", record["version"]);
            let answer = stranger.request("GET", &one).header("if-none-match", &version).send();
            if answer.status != 404 {
                found.add(format!("GET {one} with its ETag: {}", answer.status));
            }
            let table = &s.running().app.table;
            let prefix = format!("{list}/{{");
            for op in table.ops.iter().filter(|op| op.path.starts_with(&prefix) && op.path_params.len() == 1 && !op.public) {
                let path = op.path.replace(&format!("{{{}}}", op.path_params[0].0), id(record));
                let answer = match op.kind {
                    Kind::Report if op.id == "get_party_clv" => stranger.get(&format!("{path}?company_id={}", s.company_id())),
                    Kind::Read | Kind::List | Kind::Report | Kind::Download => stranger.get(&path),
                    Kind::Update => stranger.patch(&path, record, json!({})),
                    Kind::Delete => stranger.delete(&path, record),
                    _ => stranger.act(&path, record, json!({})),
                };
                let hidden = answer.status == 404 || (answer.status == 422 && !matches!(op.kind, Kind::Read | Kind::List));
                if !hidden || answer.text().contains(word) {
                    found.add(format!("{} {path}: {} {}", op.id, answer.status, answer.text()));
                }
            }
            // facts
            in_the_feed(s, id(record));
            for road in ["/v1/platform/events", "/v1/platform/audit-log"] {
                if !stranger.all(&format!("{road}?subject={}", id(record))).is_empty() {
                    found.add(format!("{road} tells of {one}"));
                }
            }
            for road in ["trace", "explain"] {
                let answer = stranger.get(&format!("/v1/platform/{road}/{}", id(record)));
                if answer.status != 404 {
                    found.add(format!("{road} of {one}: {}", answer.status));
                }
            }
        }
        for fact in stranger.all("/v1/platform/events").iter().chain(&stranger.all("/v1/platform/audit-log")) {
            if all.iter().any(|(_, record, _)| fact["subject"] == record["id"]) {
                found.add(format!("told: {}", fact["subject"]));
            }
        }
        found.none("records beyond reach are shown nowhere");
    }

    fn an_expansion_shows_no_record_beyond_reach(s) {
        let (owner, _) = fixtures::user(s);
        let all = one_of_each(s, &owner);
        let stranger = user_with(s, &["*:own"], &[s.company_id()]);
        let table = &s.running().app.table;
        let (mut found, mut asked) = (Breaches::default(), 0);
        for op in table.ops.iter().filter(|op| op.kind == Kind::List && op.path_params.is_empty()) {
            for expansion in &op.expansions {
                let path: Vec<&str> = expansion.name.split('.').collect();
                let answer = stranger.get(&format!("{}?expand={}", op.path, expansion.name));
                if answer.status != 200 {
                    continue;
                }
                for value in at(&answer.json()["data"], &path) {
                    asked += 1;
                    if all.iter().any(|(_, record, _)| value["id"] == record["id"]) {
                        found.add(format!("{}?expand={} shows {}", op.path, expansion.name, value["id"]));
                    }
                }
            }
        }
        let delivery = stranger.get("/v1/sales/deliveries?expand=order,customer").ok()["data"][0].clone();
        assert_eq!((&delivery["order"], &delivery["customer"]), (&Value::Null, &Value::Null));
        assert!(delivery["order_id"].is_string() && asked > 0);
        let delivery = s.get("/v1/sales/deliveries?expand=order,customer").ok()["data"][0].clone();
        assert!(delivery["order"].is_object() && delivery["customer"].is_object());
        found.none("records beyond reach are not expanded");
    }

    fn figures_about_a_visible_customer_count_no_record_beyond_reach(s) {
        let (owner, _) = fixtures::user(s);
        let all = one_of_each(s, &owner);
        let party = &all[0].1;
        let rights = ["directory.*", "platform.*", "crm.*:own", "service.*:own", "sales.orders.*:own", "crm.reports.*", "crm.forecasts.read", "crm.pipelines.read", "crm.timeline.read"];
        let stranger = user_with(s, &rights, &[s.company_id()]);
        let overview = |c: &Client| c.get(&format!("/v1/directory/parties/{}/360", id(party))).ok();
        let (hers, his) = (overview(&stranger), overview(s));
        for (_, record, _) in &all[2..] {
            assert!(!hers.to_string().contains(id(record)), "{} in {hers:#}", id(record));
        }
        let count = |o: &Value| o["crm"]["open_opportunity_count"].as_i64().unwrap() + o["crm"]["open_activity_count"].as_i64().unwrap();
        assert!(count(&hers) == 0 && count(&his) > 0, "{hers:#}");
        for section in hers["sections"].as_array().unwrap() {
            assert_eq!(section["open_count"], 0, "{section:#}");
        }
        let timeline = |c: &Client| c.all(&format!("/v1/directory/parties/{}/timeline", id(party)));
        let told = timeline(&stranger);
        assert!(told.iter().any(|e| e["subject"] == party["id"]));
        for (_, record, _) in &all[2..] {
            assert!(!told.iter().any(|e| e["subject"] == record["id"]), "{}", id(record));
        }
        assert!(timeline(s).iter().any(|e| e["subject"] == all[3].1["id"]));
        let company = s.company_id();
        let pipeline = |c: &Client| c.get(&format!("/v1/crm/reports/pipeline?company_id={company}")).ok()["open"]["count"].clone();
        assert_eq!((pipeline(&stranger), pipeline(s)), (json!(0), json!(1)));
    }

    fn a_refusal_and_a_repetition_tell_nothing_of_a_record_beyond_reach(s) {
        let (owner, _) = fixtures::user(s);
        let all = one_of_each(s, &owner);
        let stranger = user_with(s, &["*:own"], &[s.company_id()]);
        let (party, contact) = (&all[0].1, &all[1].1);
        for (path, body, record, name) in [
            ("/v1/directory/parties", json!({"name": "Other", "emails": [{"address": "zwingli@example.org"}]}), party, "Zwingli"),
            ("/v1/directory/contacts", json!({"last_name": "Other", "emails": [{"address": "ulrich@example.org"}]}), contact, "Zwingli"),
        ] {
            let refused = stranger.post(path, body);
            assert_eq!(refused.status, 409, "{}", refused.text());
            assert!(!refused.text().contains(id(record)) && !refused.text().contains(name), "{}", refused.text());
        }
        let deal = json!({"company_id": s.company_id(), "name": "Deal", "party_id": party["id"]});
        let refused = stranger.post("/v1/crm/opportunities", deal);
        assert!(!refused.problem(422, "unknown_reference").to_string().contains("Zwingli"));
        // what was mine is answered as long as it is mine
        let body = json!({"company_id": s.company_id(), "last_name": "Mine"});
        let make = || stranger.request("POST", "/v1/crm/leads").key("mine").json(&body).send();
        let made = make().created();
        assert_eq!(make().created(), made);
        s.act(&format!("/v1/crm/leads/{}/assign", id(&made)), &made, json!({"owner_id": owner["id"]})).ok();
        make().problem(404, "not_found");
    }

    fn an_order_is_owned_by_who_sells_and_is_given_to_colleagues_within_reach(s) {
        let books = fixtures::ready_to_sell(s);
        let party = fixtures::customer(s, "Order owners");
        let (ann, _) = fixtures::user(s);
        let deal = json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"], "owner_id": ann["id"], "amount": "100"});
        let deal = s.post("/v1/crm/opportunities", deal).created();
        s.act(&format!("/v1/crm/opportunities/{}/win", id(&deal)), &deal, json!({})).ok();
        let order = s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&deal))).remove(0);
        assert_eq!(order["owner_id"], ann["id"]);
        assert_eq!(s.all(&format!("/v1/sales/orders?owner_id={}", id(&ann))).len(), 1);
        let rights = ["sales.orders.*:own", "directory.*.read", "inventory.*.read"];
        let seller = user_with(s, &rights, &[s.company_id()]);
        let lines = json!([{"product_id": books.product("BEANS")["id"], "quantity": "2"}]);
        let own = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": lines});
        let own = seller.post("/v1/sales/orders", own).created();
        assert!(own["owner_id"].is_string() && own["owner_id"] != ann["id"]);
        let path = format!("/v1/sales/orders/{}", id(&own));
        seller.patch(&path, &own, json!({"owner_id": ann["id"]})).problem(403, "beyond_reach");
        seller.get(&format!("/v1/sales/orders/{}", id(&order))).problem(404, "not_found");
        assert_eq!(seller.all("/v1/sales/orders").len(), 1);
        let confirmed = seller.act(&format!("{path}/confirm"), &own, json!({})).ok();
        assert_eq!(confirmed["status"], "confirmed");
    }

    fn nobody_grants_a_wider_reach_or_a_field_they_do_not_see(s) {
        let rights = ["identity.*", "crm.leads.*:team", "directory.parties.read"];
        let (_, manager) = crate::identity::member(s, &rights);
        let role = |permission: &str| {
            let n = fixtures::unique();
            manager.post("/v1/identity/roles", json!({"code": format!("given_{n}"), "name": format!("Given {n}"), "permissions": [permission]}))
        };
        for within in ["crm.leads.read:own", "crm.leads.*:team", "directory.parties.read:territory", "directory.parties.read:all"] {
            role(within).created();
        }
        for beyond in ["crm.leads.read", "crm.leads.read:territory", "crm.leads.read:company", "crm.*:own", "fields.cost.read", "fields.cost.read:own"] {
            assert_eq!(role(beyond).status, 403, "{beyond}");
        }
        let key = json!({"name": "wide", "permissions": ["crm.leads.read"]});
        manager.post("/v1/identity/api-keys", key).problem(422, "api_key.too_wide");
        let wide = fixtures::role(s, &["crm.leads.read"]);
        let (user, _) = fixtures::user(s);
        assert_eq!(manager.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": wide["id"]})).status, 403);
    }
}
