//! What a caller may see: fields that need a permission of their own and records within reach, on every road to them.

use std::time::{Duration, Instant};

use platform::table::Kind;
use serde_json::{Value, json};

use crate::contract::Breaches;
use crate::fixtures::{self, customer, id, user_with};
use crate::harness::{Client, Server};

/// A user with a ready-made role and a grant on the company: the user and its log-in.
fn with_role(s: &Server, code: &str) -> (Value, Client) {
    let role = s.get(&format!("/v1/identity/roles?code={code}")).ok();
    let (user, password) = fixtures::user(s);
    s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["data"][0]["id"]})).created();
    s.post(&format!("/v1/identity/users/{}/grants", id(&user)), json!({"company_id": s.company_id()})).created();
    let client = s.login(user["email"].as_str().unwrap(), password);
    (user, client)
}

fn team_of(s: &Server, name: &str, members: &[&Value]) -> Value {
    let members: Vec<&Value> = members.iter().map(|u| &u["id"]).collect();
    s.post("/v1/directory/teams", json!({"company_id": s.company_id(), "name": name, "member_ids": members})).created()
}

/// Waits until the feed has something about a thing.
fn in_the_feed(s: &Client, subject: &str) {
    let begin = Instant::now();
    while s.all(&format!("/v1/platform/events?subject={subject}")).is_empty() && begin.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The values at the end of a path through objects and lists.
fn at<'v>(thing: &'v Value, path: &[&str]) -> Vec<&'v Value> {
    match (thing, path) {
        (Value::Array(items), _) => items.iter().flat_map(|i| at(i, path)).collect(),
        (thing, []) => vec![thing],
        (thing, [name, rest @ ..]) => thing.get(name).map(|inner| at(inner, rest)).unwrap_or_default(),
    }
}

/// `sales_order` to `SalesOrder`.
fn schema_of(kind: &str) -> String {
    let noun = kind.split('.').next().unwrap_or_default();
    noun.split('_').map(|w| w[..1].to_uppercase() + &w[1..]).collect()
}

/// Goods that were bought, shipped and brought back.
fn goods_that_went_out_and_came_back(s: &Server) {
    let order = fixtures::a_bit_of_everything(s);
    let delivery = s.all("/v1/sales/deliveries").remove(0);
    let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": "1"}]);
    let back = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "reason": "wet", "lines": lines})).created();
    assert_eq!(back["order_id"], order["id"]);
}

/// Finds what of the fields of a schema is shown that must not be.
fn judge(found: &mut Breaches, road: &str, schema: &str, fields: &[&str], thing: &Value) {
    for field in fields {
        let path: Vec<&str> = field.split('.').collect();
        let values = at(thing, &path);
        if values.iter().any(|v| !v.is_null()) {
            found.add(format!("{road}: {schema} shows {field}"));
        }
        let named = thing["masked"].as_array().is_some_and(|m| m.iter().any(|n| n == field));
        if !values.is_empty() && !named {
            found.add(format!("{road}: {schema} does not name {field}"));
        }
    }
}

each_engine! {
    fn fields_that_a_role_may_not_see_are_null_and_named_on_every_road(s) {
        goods_that_went_out_and_came_back(s);
        let reader = user_with(s, &["sales.*", "inventory.*", "directory.*", "insight.*", "crm.*", "marketing.*", "platform.*", "*.*.read:own"], &[s.company_id()]);
        let reader_without = user_with(s, &["sales.*", "inventory.*", "directory.*", "crm.*", "marketing.*", "platform.*", "insight.clv_fits.read"], &[s.company_id()]);
        let table = &s.running().app.table;
        let mut found = Breaches::default();
        let mut shown = Vec::new();
        for schema in table.masked_schemas() {
            let fields: Vec<&str> = table.masks_of(schema).iter().flat_map(|m| m.fields.iter().copied()).collect();
            let list = table.ops.iter().find(|op| op.kind == Kind::List && op.entity.as_deref() == Some(schema) && op.path_params.is_empty());
            let Some(list) = list else { continue };
            let read = table.ops.iter().any(|op| op.kind == Kind::Read && op.entity.as_deref() == Some(schema));
            for row in s.all(&list.path) {
                assert_eq!(row["masked"], json!([]), "{schema} for who may see all");
                for field in &fields {
                    let path: Vec<&str> = field.split('.').collect();
                    if at(&row, &path).iter().any(|v| !v.is_null()) {
                        shown.push(format!("{schema} {field}"));
                    }
                }
            }
            for row in reader_without.all(&list.path) {
                judge(&mut found, "list", schema, &fields, &row);
                if read {
                    let one = reader_without.get(&format!("{}/{}", list.path, id(&row))).ok();
                    judge(&mut found, "read", schema, &fields, &one);
                    let part = reader_without.get(&format!("{}/{}?fields=id,{}", list.path, id(&row), fields[0].split('.').next().unwrap())).ok();
                    judge(&mut found, "read of fields", schema, &fields[..1], &part);
                }
            }
            for field in fields.iter().filter(|f| !f.contains('.')) {
                let by = list.listing.as_ref().is_some_and(|l| l.sort.contains(field));
                if by && reader_without.get(&format!("{}?sort={field}", list.path)).status != 403 {
                    found.add(format!("{schema} can be sorted by {field}"));
                }
            }
        }
        for expected in ["Delivery lines.unit_cost", "Product expected_cost", "StockAdjustment total_value", "ProductCost value", "ValueEntry amount"] {
            assert!(shown.iter().any(|s| s == expected), "{expected} is not among {shown:?}");
        }
        in_the_feed(s, id(&s.all("/v1/sales/returns")[0]));
        for road in ["/v1/platform/events", "/v1/platform/audit-log"] {
            let mut seen = 0;
            for fact in reader_without.all(road) {
                let schema = schema_of(fact["kind"].as_str().unwrap());
                let fields: Vec<&str> = table.masks_of(&schema).iter().flat_map(|m| m.fields.iter().copied()).collect();
                judge(&mut found, road, &schema, &fields, &fact["data"]);
                if !fact["previous"].is_null() {
                    judge(&mut found, road, &schema, &fields, &fact["previous"]);
                }
                seen += usize::from(!fields.is_empty());
            }
            assert!(seen > 3, "{road} has {seen} facts with such fields");
        }
        let product = ["expected_cost"];
        let row = reader_without.get("/v1/sales/deliveries?expand=lines.product").ok()["data"][0].clone();
        judge(&mut found, "expand in a list", "Product", &product, &row["lines"][0]["product"]);
        let row = reader_without.get(&format!("/v1/sales/deliveries/{}?expand=lines.product", id(&row))).ok();
        judge(&mut found, "expand in a read", "Product", &product, &row["lines"][0]["product"]);
        let valuation = reader_without.get(&format!("/v1/inventory/valuation?company_id={}", s.company_id())).ok();
        judge(&mut found, "report", "Valuation", &["total_value", "lines.value", "lines.unit_cost"], &valuation);
        let why = reader_without.get(&format!("/v1/platform/explain/{}", id(&row))).ok();
        assert_eq!((&why["value"], &why["inputs"], &why["masked"]), (&Value::Null, &json!([]), &json!(["value", "inputs"])));
        assert!(s.get(&format!("/v1/platform/explain/{}", id(&row))).ok()["value"].is_string());
        // a permission that reaches some records shows fields on none
        assert_eq!(reader.get(&format!("/v1/sales/deliveries/{}", id(&row))).ok()["masked"], row["masked"]);
        found.none("hidden fields are hidden");
    }

    fn a_write_answers_and_repeats_without_what_may_not_be_seen(s) {
        fixtures::ready_to_sell(s);
        let unit = fixtures::each(s);
        let (user, password) = fixtures::user(s);
        let role = fixtures::role(s, &["directory.*", "fields.cost.read"]);
        let given = s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
        let cook = s.login(user["email"].as_str().unwrap(), password);
        let body = json!({"sku": "SALT", "name": "Salt", "unit_id": unit["id"], "currency": "EUR", "sales_price": "3.00", "expected_cost": "1.25"});
        let make = |c: &Client| c.request("POST", "/v1/directory/products").key("salt").json(&body).send();
        let made = make(&cook).created();
        assert_eq!((&made["expected_cost"], &made["masked"]), (&json!("1.25"), &json!([])));
        let poorer = fixtures::role(s, &["directory.*"]);
        s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": poorer["id"]})).created();
        let user = s.get(&format!("/v1/identity/users/{}", id(&user))).ok();
        s.delete(&format!("/v1/identity/users/{}/roles/{}", id(&user), id(&given)), &user).no_content();
        let again = make(&cook);
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        let again = again.created();
        assert_eq!((&again["id"], &again["expected_cost"], &again["masked"]), (&made["id"], &Value::Null, &json!(["expected_cost"])));
        let changed = cook.patch(&format!("/v1/directory/products/{}", id(&made)), &made, json!({"expected_cost": "1.30"})).ok();
        assert_eq!((&changed["expected_cost"], &changed["masked"]), (&Value::Null, &json!(["expected_cost"])));
        assert_eq!(s.get(&format!("/v1/directory/products/{}", id(&made))).ok()["expected_cost"], "1.30");
    }

    fn who_sells_sees_and_changes_the_deals_of_the_own_team(s) {
        let ((ann, _), (bob, as_bob), (eve, as_eve)) = (with_role(s, "sales_rep"), with_role(s, "sales_rep"), with_role(s, "sales_rep"));
        team_of(s, "One", &[&ann, &bob]);
        team_of(s, "Three", &[&eve]);
        let party = customer(s, "Ernst Handel");
        let company = s.company_id();
        let deal = json!({"company_id": company, "name": "Machines", "party_id": party["id"], "owner_id": ann["id"], "amount": "100"});
        let deal = s.post("/v1/crm/opportunities", deal).created();
        let lead = s.post("/v1/crm/leads", json!({"company_id": company, "last_name": "Trujillo", "owner_id": ann["id"]})).created();
        let task = json!({"company_id": company, "kind": "task", "subject": "Call", "regarding_id": deal["id"], "owner_id": ann["id"]});
        let task = s.post("/v1/crm/activities", task).created();
        let quote = json!({"company_id": company, "opportunity_id": deal["id"], "owner_id": ann["id"]});
        let quote = s.post("/v1/crm/quotes", quote).created();
        in_the_feed(s, id(&quote));
        let all = [("opportunities", &deal), ("leads", &lead), ("activities", &task), ("quotes", &quote)];
        for (noun, thing) in all {
            let path = format!("/v1/crm/{noun}/{}", id(thing));
            as_eve.get(&path).problem(404, "not_found");
            as_eve.patch(&path, thing, json!({})).problem(404, "not_found");
            as_eve.delete(&path, thing).expect(if noun == "opportunities" { 405 } else { 404 });
            assert_eq!(as_bob.get(&path).ok()["id"], thing["id"]);
            let lists = |c: &Client| c.all(&format!("/v1/crm/{noun}")).iter().any(|row| row["id"] == thing["id"]);
            assert!(!lists(&as_eve) && lists(&as_bob), "{noun}");
            let total = |c: &Client| c.get(&format!("/v1/crm/{noun}?include_total=true")).ok()["total_count"].clone();
            assert_eq!((total(&as_eve), total(&as_bob)), (json!(0), json!(1)), "{noun}");
            let feed = |c: &Client| c.all(&format!("/v1/platform/events?subject={}", id(thing))).len();
            assert!(feed(&as_eve) == 0 && feed(&as_bob) > 0, "{noun}");
            as_eve.get(&format!("/v1/platform/trace/{}", id(thing))).expect(404);
        }
        as_eve.act(&format!("/v1/crm/opportunities/{}/lose", id(&deal)), &deal, json!({"reason": "mine"})).problem(404, "not_found");
        as_eve.get(&format!("/v1/crm/opportunities/{}/lines", id(&deal))).problem(404, "not_found");
        as_eve.get(&format!("/v1/crm/opportunities/{}/history", id(&deal))).problem(404, "not_found");
        as_eve.get(&format!("/v1/crm/quotes/{}/pdf", id(&quote))).problem(404, "not_found");
        let timeline = |c: &Client| {
            let rows = c.all(&format!("/v1/directory/parties/{}/timeline", id(&party)));
            rows.iter().filter(|e| e["subject"] == deal["id"]).count()
        };
        assert!(timeline(&as_eve) == 0 && timeline(&as_bob) > 0);
        let overview = |c: &Client| c.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        let (hers, his) = (overview(&as_eve), overview(&as_bob));
        assert_eq!((&hers["crm"]["open_opportunity_count"], &his["crm"]["open_opportunity_count"]), (&json!(0), &json!(1)));
        assert_eq!((&hers["crm"]["open_opportunities"], &hers["crm"]["next_activities"]), (&json!([]), &json!([])));
        let quotes = |o: &Value| o["sections"].as_array().unwrap().iter().find(|p| p["name"] == "quotes").unwrap()["open_count"].clone();
        assert_eq!((quotes(&hers), quotes(&his)), (json!(0), json!(1)));
        let pipeline = |c: &Client| c.get(&format!("/v1/crm/reports/pipeline?company_id={company}")).ok()["open"]["count"].clone();
        assert_eq!((pipeline(&as_eve), pipeline(&as_bob)), (json!(0), json!(1)));
        let own = as_eve.post("/v1/crm/activities", json!({"company_id": company, "kind": "task", "subject": "x", "regarding_id": deal["id"]}));
        own.problem(422, "unknown_reference");
        // what a colleague owns may be changed, and given to colleagues alone
        let path = format!("/v1/crm/opportunities/{}", id(&deal));
        let changed = as_bob.patch(&path, &deal, json!({"amount": "120"})).ok();
        assert!(changed["allowed_actions"].as_array().unwrap().contains(&json!("win")));
        as_bob.patch(&path, &changed, json!({"owner_id": eve["id"]})).problem(403, "beyond_reach");
        as_bob.patch(&path, &changed, json!({"owner_id": bob["id"]})).ok();
        // nothing is made on behalf of others out of reach; what is nobody's becomes the maker's
        let body = |owner: &Value| json!({"company_id": company, "last_name": "Berglund", "owner_id": owner});
        as_bob.post("/v1/crm/leads", body(&eve["id"])).problem(403, "beyond_reach");
        as_bob.post("/v1/crm/leads?dry_run=true", body(&eve["id"])).problem(403, "beyond_reach");
        let bulk = json!({"mode": "partial", "items": [body(&eve["id"]), body(&ann["id"])]});
        let bulk = as_bob.post("/v1/crm/leads/bulk", bulk).ok();
        assert_eq!((&bulk["created"], &bulk["items"][0]["error"]["code"]), (&json!(1), &json!("beyond_reach")));
        assert_eq!(as_bob.post("/v1/crm/leads", body(&Value::Null)).created()["owner_id"], bob["id"]);
    }

    fn what_may_be_read_and_not_changed_is_refused_and_not_offered(s) {
        let (zoe, password) = fixtures::user(s);
        let role = fixtures::role(s, &["crm.opportunities.read", "crm.opportunities.*:own", "crm.pipelines.read", "directory.*.read"]);
        s.post(&format!("/v1/identity/users/{}/roles", id(&zoe)), json!({"role_id": role["id"]})).created();
        s.post(&format!("/v1/identity/users/{}/grants", id(&zoe)), json!({"company_id": s.company_id()})).created();
        let as_zoe = s.login(zoe["email"].as_str().unwrap(), password);
        let party = customer(s, "Island Trading");
        let deal = |owner: Value| {
            let body = json!({"company_id": s.company_id(), "name": "Deal", "party_id": party["id"], "owner_id": owner});
            s.post("/v1/crm/opportunities", body).created()
        };
        let (other, own) = (deal(Value::Null), deal(zoe["id"].clone()));
        let path = |d: &Value| format!("/v1/crm/opportunities/{}", id(d));
        assert_eq!(as_zoe.get(&path(&other)).ok()["allowed_actions"], json!([]));
        assert!(as_zoe.get(&path(&own)).ok()["allowed_actions"].as_array().unwrap().contains(&json!("lose")));
        let rows = as_zoe.all("/v1/crm/opportunities");
        let offered = |d: &Value| rows.iter().find(|r| r["id"] == d["id"]).unwrap()["allowed_actions"].as_array().unwrap().len();
        assert!(rows.len() == 2 && offered(&other) == 0 && offered(&own) > 0);
        as_zoe.patch(&path(&other), &other, json!({"amount": "1"})).problem(403, "beyond_reach");
        as_zoe.act(&format!("{}/lose", path(&other)), &other, json!({"reason": "no"})).problem(403, "beyond_reach");
        as_zoe.act(&format!("{}/lose", path(&own)), &own, json!({"reason": "no"})).ok();
        // a stale version tells nothing of what is out of reach
        as_zoe.patch(&path(&other), 99, json!({"amount": "1"})).problem(403, "beyond_reach");
    }

    fn a_territory_reaches_its_deals_and_those_of_territories_below(s) {
        let (max, password) = fixtures::user(s);
        let role = fixtures::role(s, &["crm.opportunities.*:territory", "directory.*.read"]);
        s.post(&format!("/v1/identity/users/{}/roles", id(&max)), json!({"role_id": role["id"]})).created();
        s.post(&format!("/v1/identity/users/{}/grants", id(&max)), json!({"company_id": s.company_id()})).created();
        let as_max = s.login(max["email"].as_str().unwrap(), password);
        let territory = |name: &str, more: Value| {
            let mut body = json!({"company_id": s.company_id(), "name": name});
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            s.post("/v1/directory/territories", body)
        };
        territory("Twice", json!({"member_ids": [max["id"], max["id"]]})).problem(422, "territory.member_twice");
        let europe = territory("Europe", json!({"member_ids": [max["id"]]})).created();
        assert_eq!(europe["member_ids"], json!([max["id"]]));
        let dach = territory("DACH", json!({"parent_id": europe["id"]})).created();
        let asia = territory("Asia", json!({})).created();
        let party = customer(s, "Ottilies");
        let deal = |t: &Value| {
            let body = json!({"company_id": s.company_id(), "name": "Deal", "party_id": party["id"], "owner_id": null, "territory_id": t["id"]});
            s.post("/v1/crm/opportunities", body).created()
        };
        let (near, far) = (deal(&dach), deal(&asia));
        let rows: Vec<Value> = as_max.all("/v1/crm/opportunities").iter().map(|d| d["id"].clone()).collect();
        assert_eq!(rows, [near["id"].clone()]);
        as_max.get(&format!("/v1/crm/opportunities/{}", id(&far))).problem(404, "not_found");
        as_max.patch(&format!("/v1/crm/opportunities/{}", id(&near)), &near, json!({"name": "Nearby"})).ok();
        let europe = s.patch(&format!("/v1/directory/territories/{}", id(&europe)), &europe, json!({"member_ids": []})).ok();
        assert_eq!(europe["member_ids"], json!([]));
        as_max.get(&format!("/v1/crm/opportunities/{}", id(&near))).problem(404, "not_found");
    }

    fn facts_about_what_is_not_seen_are_not_told(s) {
        let quota = json!({"company_id": s.company_id(), "user_id": null, "period": "quarter", "date": "2026-02-10", "amount": "3000"});
        let quota = s.post("/v1/crm/quotas", quota).created();
        let job = s.post("/v1/platform/verifications", json!({})).accepted();
        in_the_feed(s, id(&quota));
        in_the_feed(s, id(&job));
        let (_, rep) = with_role(s, "sales_rep");
        let auditor = user_with(s, &["*.*.read"], &[s.company_id()]);
        for (subject, who) in [(id(&quota), &rep), (id(&quota), &auditor), (id(&job), &rep), (id(&job), &auditor)] {
            assert_eq!(who.all(&format!("/v1/platform/events?subject={subject}")), Vec::<Value>::new(), "{subject}");
        }
        for subject in [id(&quota), id(&job)] {
            assert_eq!(auditor.all(&format!("/v1/platform/audit-log?subject={subject}")), Vec::<Value>::new(), "{subject}");
            assert!(!s.all(&format!("/v1/platform/audit-log?subject={subject}")).is_empty());
        }
        // pages go on over what is not shown
        let party = customer(s, "Last");
        in_the_feed(s, id(&party));
        let rows = auditor.all("/v1/platform/events?limit=2");
        assert!(rows.iter().any(|e| e["subject"] == party["id"]), "{rows:?}");
        let seqs: Vec<i64> = rows.iter().map(|e| e["seq"].as_i64().unwrap()).collect();
        assert!(seqs.is_sorted_by(|a, b| a < b));
    }

    fn a_repetition_answers_nothing_of_a_company_whose_grant_was_taken(s) {
        let (user, password) = fixtures::user(s);
        let role = fixtures::role(s, &["crm.leads.*"]);
        s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
        let grants = format!("/v1/identity/users/{}/grants", id(&user));
        let grant = s.post(&grants, json!({"company_id": s.company_id()})).created();
        let caller = s.login(user["email"].as_str().unwrap(), password);
        let body = json!({"company_id": s.company_id(), "last_name": "Folies"});
        let make = || caller.request("POST", "/v1/crm/leads").key("once").json(&body).send();
        let made = make().created();
        assert_eq!(make().created(), made);
        let user = s.get(&format!("/v1/identity/users/{}", id(&user))).ok();
        s.delete(&format!("{grants}/{}", id(&grant)), &user).no_content();
        make().problem(404, "not_found");
    }

    fn terms_of_credit_are_the_credit_managers(s) {
        let (_, rep) = with_role(s, "sales_rep");
        let (_, chief) = with_role(s, "sales_manager");
        let (_, manager) = with_role(s, "credit_manager");
        let party = customer(s, "Queen Cozinha");
        let path = format!("/v1/directory/parties/{}", id(&party));
        let blocked = manager.patch(&path, &party, json!({"customer_terms": {"blocked": "all", "credit_limit": "500"}})).ok();
        for terms in [json!({"blocked": "none"}), json!({"payment_terms_days": 120}), json!({"credit_limit": null}), json!({"credit_limit": "9999"})] {
            rep.patch(&path, &blocked, json!({"customer_terms": terms})).problem(403, "missing_scope");
            chief.patch(&path, &blocked, json!({"customer_terms": terms})).problem(403, "missing_scope");
            let body = json!({"name": "New", "is_customer": true, "customer_terms": terms});
            let made = rep.post("/v1/directory/parties", body);
            made.expect(if terms == json!({"blocked": "none"}) || terms == json!({"credit_limit": null}) { 201 } else { 403 });
        }
        rep.patch(&path, &blocked, json!({"name": "Queen Cozinha Ltda"})).ok();
    }

    fn terms_of_purchase_and_of_taxes_are_not_the_sellers(s) {
        let (_, rep) = with_role(s, "sales_rep");
        let (_, chief) = with_role(s, "sales_manager");
        let (_, buys) = with_role(s, "purchasing_manager");
        let (_, credit) = with_role(s, "credit_manager");
        let party = customer(s, "Queen Cozinha");
        let path = format!("/v1/directory/parties/{}", id(&party));
        let purchase = [
            json!({"vendor_terms": {"payment_terms_days": 90}}), json!({"vendor_terms": {"credit_limit": "1"}}), json!({"vendor_terms": {"currency": "USD"}}),
            json!({"vendor_terms": {"blocked": "all"}}), json!({"vendor_terms": {"tax_status": "exempt"}}), json!({"is_vendor": true}),
        ];
        for terms in &purchase {
            for caller in [&rep, &chief, &credit] {
                caller.patch(&path, &party, terms.clone()).problem(403, "missing_scope");
            }
            let mut new = json!({"name": "New"});
            new.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
            rep.post("/v1/directory/parties", new.clone()).problem(403, "missing_scope");
            let bulk = rep.post("/v1/directory/parties/bulk", json!({"mode": "partial", "items": [new]})).ok();
            assert_eq!(bulk["items"][0]["error"]["code"], "missing_scope");
            let upsert = json!({"external_id": {"system": "shop", "id": "q"}, "party": {"name": "New"}});
            let mut upsert = upsert;
            upsert["party"].as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
            rep.post("/v1/directory/parties/upsert", upsert).problem(403, "missing_scope");
        }
        rep.patch(&path, &party, json!({"customer_terms": {"tax_status": "exempt"}})).problem(403, "missing_scope");
        let mut now = party;
        for terms in purchase {
            now = buys.patch(&path, &now, terms).ok();
        }
        buys.patch(&path, &now, json!({"customer_terms": {"credit_limit": "1"}})).problem(403, "missing_scope");
        credit.patch(&path, &now, json!({"customer_terms": {"tax_status": "foreign"}})).ok();
    }

    fn more_days_to_pay_than_the_customer_has_are_not_given_on_a_document(s) {
        let books = crate::fixtures::ready_to_sell(s);
        let company = s.company_id();
        let (_, rep) = with_role(s, "sales_rep");
        let party = s.post("/v1/directory/parties", json!({"name": "Thirty", "is_customer": true, "customer_terms": {"payment_terms_days": 30}})).created();
        let lines = json!([{"product_id": books.product("BEANS")["id"], "quantity": "1"}]);
        for (place, field) in [("/v1/sales/orders", "customer_id"), ("/v1/crm/quotes", "party_id")] {
            let with = |days: i64| json!({"company_id": company, field: party["id"], "payment_terms_days": days, "lines": lines});
            rep.post(place, with(120)).problem(403, "missing_scope");
            let made = rep.post(place, with(14)).created();
            let path = format!("{place}/{}", id(&made));
            rep.patch(&path, &made, json!({"payment_terms_days": 31})).problem(403, "missing_scope");
            let made = rep.patch(&path, &made, json!({"payment_terms_days": 30})).ok();
            let made = s.patch(&path, &made, json!({"payment_terms_days": 120})).ok();
            let made = rep.patch(&path, &made, json!({"note": "Thanks", "payment_terms_days": 120})).ok();
            assert_eq!(made["payment_terms_days"], 120, "what others agreed stays");
        }
    }

    fn a_timeline_says_who_it_was_beside_the_name(s) {
        let party = customer(s, "Rancho grande");
        let (user, rep) = with_role(s, "sales_rep");
        let version = s.get(&format!("/v1/directory/parties/{}", id(&party))).ok();
        rep.patch(&format!("/v1/directory/parties/{}", id(&party)), &version, json!({"name": "Rancho"})).ok();
        let rows = s.get(&format!("/v1/directory/parties/{}/timeline", id(&party))).ok()["data"].clone();
        assert_eq!((&rows[0]["actor"], &rows[0]["actor_kind"], &rows[0]["actor_id"]), (&user["name"], &json!("user"), &user["id"]));
        assert_eq!(rows[1]["actor_kind"], "api_key");
        assert!(rows[1]["actor_id"].as_str().unwrap().starts_with("key_"));
    }

    fn what_was_deleted_is_told_to_who_could_see_it_by_the_team(s) {
        let ((ann, _), (bob, as_bob), (eve, as_eve)) = (with_role(s, "sales_rep"), with_role(s, "sales_rep"), with_role(s, "sales_rep"));
        team_of(s, "One", &[&ann, &bob]);
        team_of(s, "Three", &[&eve]);
        let lead = s.post("/v1/crm/leads", json!({"company_id": s.company_id(), "last_name": "Trujillo", "owner_id": ann["id"]})).created();
        s.delete(&format!("/v1/crm/leads/{}", id(&lead)), &lead).no_content();
        let told = |c: &Client| c.all(&format!("/v1/platform/events?subject={}&kind=lead.deleted", id(&lead))).len();
        let begin = Instant::now();
        while told(s) == 0 && begin.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!((told(s), told(&as_bob), told(&as_eve)), (1, 1, 0));
    }
}
