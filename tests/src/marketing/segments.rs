//! Segments.

use serde_json::{Value, json};

use crate::crm::common::{act, at, lead, with};
use crate::fixtures::{self, id, user_with};
use crate::harness::Server;

#[track_caller]
pub fn segment(s: &Server, filter: Value, more: Value) -> Value {
    let name = format!("Segment {}", fixtures::unique());
    let base = json!({"company_id": s.company_id(), "name": name, "kind": "dynamic", "filter": filter});
    s.post("/v1/marketing/segments", with(base, more)).created()
}

fn party(s: &Server, name: &str, more: Value) -> Value {
    s.post("/v1/directory/parties", with(json!({"name": name}), more)).created()
}

/// The names of those who fit a filter, sorted; counted by an evaluation and listed as members.
#[track_caller]
fn who(s: &Server, filter: Value, more: Value) -> Vec<String> {
    let seg = segment(s, filter, more);
    let members = s.all(&format!("{}/members", at("segments", &seg)));
    let seg = act(s, "segments", &seg, "evaluate", json!({}));
    assert_eq!(seg["member_count"], members.len());
    let mut names: Vec<String> = members.iter().map(|m| m["name"].as_str().unwrap().to_string()).collect();
    names.sort();
    names
}

fn test(field: &str, op: &str, value: Value) -> Value {
    json!({"field": field, "op": op, "value": value})
}

/// A confirmed, shipped and invoiced order of this customer, not paid.
fn sold(s: &Server, books: &fixtures::Books, buyer: &Value, quantity: &str) {
    let order = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": quantity}]});
    let order = s.post("/v1/sales/orders", order).created();
    let path = format!("/v1/sales/orders/{}", id(&order));
    let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
    s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
    s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
}

each_engine! {
    fn a_filter_finds_parties_by_what_they_are(s) {
        let address = |country: &str, city: &str| json!([{"purpose": "billing", "address": {"line1": "x", "city": city, "country": country}}]);
        party(s, "Ana", json!({"kind": "person", "tags": ["vip", "wholesale"], "addresses": address("DE", "Köln"), "emails": [{"address": "ana@example.org"}]}));
        party(s, "Bert", json!({"tags": ["wholesale"], "addresses": address("FR", "Lyon"), "is_customer": true}));
        let gone = party(s, "Carl", json!({"tags": ["vip"], "addresses": address("DE", "Bonn")}));
        s.act(&format!("/v1/directory/parties/{}/archive", id(&gone)), &gone, json!({})).ok();
        party(s, "Dora 100%", json!({}));
        let find = |filter: Value| who(s, filter, json!({}));
        assert_eq!(find(test("tag", "equals", json!("vip"))), ["Ana"]);
        assert_eq!(find(test("tag", "in", json!(["vip", "wholesale"]))), ["Ana", "Bert"]);
        assert_eq!(find(json!({"not": test("tag", "equals", json!("wholesale"))})), ["Dora 100%"]);
        assert_eq!(find(test("country", "in", json!(["DE", "FR"]))), ["Ana", "Bert"]);
        assert_eq!(find(test("country", "exists", json!(false))), ["Dora 100%"]);
        assert_eq!(find(test("city", "equals", json!("Lyon"))), ["Bert"]);
        assert_eq!(find(test("name", "contains", json!("0%"))), ["Dora 100%"]);
        assert_eq!(find(test("name", "starts_with", json!("AN"))), ["Ana"]);
        assert_eq!(find(test("kind", "equals", json!("person"))), ["Ana"]);
        assert_eq!(find(test("has_email", "equals", json!(true))), ["Ana"]);
        assert_eq!(find(test("has_email", "equals", json!(false))), ["Bert", "Dora 100%"]);
        assert_eq!(find(test("is_customer", "equals", json!(true))), ["Bert"]);
        assert_eq!(find(test("owner_id", "exists", json!(false))), ["Ana", "Bert", "Dora 100%"]);
        assert_eq!(find(test("created_date", "on_or_after", json!("2026-01-03"))), Vec::<String>::new());
        assert_eq!(find(test("created_date", "within_days", json!(3))), ["Ana", "Bert", "Dora 100%"]);
        let both = json!({"all": [{"any": [test("kind", "equals", json!("person")), test("country", "equals", json!("FR"))]}, {"not": test("city", "equals", json!("Lyon"))}]});
        assert_eq!(find(both), ["Ana"]);
        // a value is a value, whatever it looks like
        assert_eq!(find(test("name", "equals", json!("x' OR '1'='1"))), Vec::<String>::new());
    }

    fn a_filter_finds_parties_by_orders_and_invoices(s) {
        let books = fixtures::ready_to_sell(s);
        let small = fixtures::customer(s, "Small");
        let large = fixtures::customer(s, "Large");
        fixtures::customer(s, "None");
        sold(s, &books, &small, "1");
        sold(s, &books, &large, "4");
        let only = |mut names: Vec<String>| { names.retain(|n| ["Small", "Large", "None"].contains(&n.as_str())); names };
        let find = |filter: Value| only(who(s, filter, json!({})));
        let price: rust_decimal::Decimal = {
            let line = &s.all("/v1/receivables/invoices")[0];
            fixtures::money(&line["net"])
        };
        let all = s.all("/v1/receivables/invoices");
        let net = |who: &Value| all.iter().filter(|i| i["customer_id"] == who["id"]).map(|i| fixtures::money(&i["net"])).sum::<rust_decimal::Decimal>();
        assert!(price > rust_decimal::Decimal::ZERO && net(&large) > net(&small));
        assert_eq!(find(test("revenue", "at_least", json!(net(&large).to_string()))), ["Large"]);
        assert_eq!(find(test("revenue", "at_least", json!(net(&small).to_string()))), ["Large", "Small"]);
        assert_eq!(find(test("revenue", "at_most", json!(net(&small).to_string()))), ["None", "Small"]);
        assert_eq!(find(test("revenue", "at_most", json!("0"))), ["None"]);
        assert_eq!(find(with(test("revenue", "at_least", json!("0.01")), json!({"from_date": "2027-01-01"}))), Vec::<String>::new());
        assert_eq!(find(with(test("order_count", "at_least", json!(1)), json!({"from_date": "2026-01-01", "to_date": "2026-01-31"}))), ["Large", "Small"]);
        assert_eq!(find(test("order_count", "at_most", json!(0))), ["None"]);
        assert_eq!(find(test("last_order_date", "within_days", json!(30))), ["Large", "Small"]);
        assert_eq!(find(test("last_order_date", "exists", json!(false))), ["None"]);
        assert_eq!(find(test("open_invoice_count", "at_least", json!(1))), ["Large", "Small"]);
        assert_eq!(find(test("overdue_amount", "at_least", json!("0.01"))), Vec::<String>::new());
        s.at("2026-12-01T09:00:00Z");
        assert_eq!(find(test("overdue_amount", "at_least", json!("0.01"))), ["Large", "Small"]);
        assert_eq!(find(test("last_order_date", "older_than_days", json!(90))), ["Large", "Small"]);
        assert_eq!(find(test("last_order_date", "before", json!("2026-01-01"))), Vec::<String>::new());
        // figures of another company are not these
        let other = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        let elsewhere = who(s, test("order_count", "at_least", json!(1)), json!({"company_id": other["id"]}));
        assert!(elsewhere.is_empty(), "{elsewhere:?}");
    }

    fn contacts_and_leads_are_found_too(s) {
        let buyer = party(s, "Buyer", json!({"is_customer": true}));
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana", "language": "de", "emails": [{"address": "ana@example.org"}]})).created();
        s.post("/v1/directory/contacts", json!({"last_name": "Bert"})).created();
        s.post("/v1/directory/relationships", json!({"contact_id": ana["id"], "party_id": buyer["id"]})).created();
        let of = |audience: &str, filter: Value| who(s, filter, json!({ "audience": audience }));
        assert_eq!(of("contacts", json!({"party": test("is_customer", "equals", json!(true))})), ["Ana"]);
        assert_eq!(of("contacts", test("language", "equals", json!("de"))), ["Ana"]);
        lead(s, json!({"source": "fair", "email": "l@example.org", "address": {"line1": "x", "country": "MX"}}));
        assert_eq!(of("leads", test("source", "equals", json!("fair"))), ["Trujillo"]);
        assert_eq!(of("leads", test("country", "equals", json!("MX"))), ["Trujillo"]);
        assert_eq!(of("leads", json!({"not": test("status", "equals", json!("new"))})), Vec::<String>::new());
    }

    fn days_begin_where_the_company_is(s) {
        let zone = |code: &str, zone: &str| {
            s.post("/v1/directory/companies", json!({"code": code, "name": code, "currency": "EUR", "time_zone": zone})).created()
        };
        let (ahead, behind) = (zone("AHEAD", "Pacific/Kiritimati"), zone("BEHIND", "Pacific/Niue"));
        // 6 January begins at 10:00Z in Kiritimati, and at 11:00Z of that day on Niue
        let mut leads = Vec::new();
        for (name, at) in [("Early", "2026-01-05T09:59:59Z"), ("Late", "2026-01-05T10:00:00Z")] {
            s.at(at);
            party(s, name, json!({}));
            leads.push(lead(s, json!({"company_id": ahead["id"], "last_name": name, "email": format!("{name}@example.org")})));
        }
        let created = |company: &Value, op: &str, value: Value| {
            let names = who(s, test("created_date", op, value), json!({"company_id": company["id"]}));
            names.into_iter().filter(|n| ["Early", "Late"].contains(&n.as_str())).collect::<Vec<_>>()
        };
        s.at("2026-01-05T10:30:00Z");
        for (op, value, expected) in [
            ("on_or_after", json!("2026-01-06"), vec!["Late"]),
            ("before", json!("2026-01-06"), vec!["Early"]),
            ("within_days", json!(0), vec!["Late"]),
            ("within_days", json!(1), vec!["Early", "Late"]),
            ("older_than_days", json!(0), vec!["Early"]),
        ] {
            assert_eq!(created(&ahead, op, value.clone()), expected, "{op} {value}");
        }
        assert_eq!(created(&behind, "on_or_after", json!("2026-01-05")), Vec::<String>::new());
        assert_eq!(created(&behind, "on_or_after", json!("2026-01-04")), ["Early", "Late"]);
        let of_leads = who(s, test("created_date", "within_days", json!(0)), json!({"company_id": ahead["id"], "audience": "leads"}));
        assert_eq!(of_leads.len(), 1, "{of_leads:?}");
    }

    fn a_relationship_counts_from_the_day_it_begins_to_the_day_it_ends(s) {
        let buyer = party(s, "Buyer", json!({"is_customer": true}));
        for (name, more) in [
            ("Now", json!({})),
            ("Soon", json!({"from_date": "2026-02-01"})),
            ("Today", json!({"from_date": "2026-01-02", "to_date": "2026-01-02"})),
            ("Gone", json!({"to_date": "2026-01-01"})),
        ] {
            let contact = s.post("/v1/directory/contacts", json!({"last_name": name})).created();
            s.post("/v1/directory/relationships", with(json!({"contact_id": contact["id"], "party_id": buyer["id"]}), more)).created();
        }
        s.at("2026-01-02T12:00:00Z");
        let find = || who(s, json!({"party": test("is_customer", "equals", json!(true))}), json!({"audience": "contacts"}));
        assert_eq!(find(), ["Now", "Today"]);
        let seen = s.get(&format!("/v1/directory/parties/{}/360", id(&buyer))).ok();
        let mut names: Vec<&str> = seen["contacts"].as_array().unwrap().iter().map(|c| c["contact"]["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, ["Now", "Today"]);
        s.at("2026-02-01T12:00:00Z");
        assert_eq!(find(), ["Now", "Soon"]);
    }

    fn revenue_is_that_of_the_metrics_in_another_currency_too(s) {
        let buyer = fixtures::customer(s, "Abroad");
        let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "invoice_date": "2026-01-02", "currency": "USD",
            "exchange_rate": "0.8333333333", "lines": [{"description": "Advice", "item_class": "service", "quantity": "1", "unit_price": "34.28", "tax_code_ids": []}]});
        let made = s.post("/v1/receivables/invoices", body).created();
        let posted = s.act(&format!("/v1/receivables/invoices/{}/post", id(&made)), &made, json!({})).ok();
        let asked = format!("/v1/insight/metrics/customers?company_id={}&from_date=2026-01-01&to_date=2026-01-31&state=buyers", s.company_id());
        let revenue = |s: &Server| s.get(&asked).ok()["customers"][0]["revenue_amount"].clone();
        assert_eq!(revenue(s), "28.57");
        let is_in = |op: &str, value: &str| who(s, test("revenue", op, json!(value)), json!({})).contains(&"Abroad".to_string());
        assert!(is_in("at_least", "28.57") && is_in("at_most", "28.57"));
        assert!(!is_in("at_least", "28.5701") && !is_in("at_most", "28.5699"));
        let note = json!({"credit_date": "2026-01-03", "lines": [{"invoice_line_id": posted["lines"][0]["id"], "net": "10.01"}]});
        let note = s.act(&format!("/v1/receivables/invoices/{}/credit", id(&posted)), &posted, note).ok();
        s.act(&format!("/v1/receivables/credit-notes/{}/post", id(&note)), &note, json!({})).ok();
        let left = revenue(s);
        let left = left.as_str().unwrap();
        assert!(left != "28.57" && is_in("at_least", left) && is_in("at_most", left), "{left}");
    }

    fn a_wrong_filter_is_refused_at_its_place(s) {
        let refused = |filter: Value, code: &str, place: &str| {
            let problem = s.post("/v1/marketing/segments", json!({"company_id": s.company_id(), "name": "x", "kind": "dynamic", "filter": filter})).problem(422, code);
            assert_eq!(problem["errors"][0]["pointer"], place, "{problem}");
        };
        refused(json!({"some": []}), "segment.wrong_shape", "/filter/some");
        refused(test("shoe_size", "equals", json!(1)), "segment.unknown_field", "/filter/field");
        refused(json!({"all": [test("country", "at_least", json!("DE"))]}), "segment.wrong_operator", "/filter/all/0/op");
        refused(test("revenue", "at_least", json!(1.5)), "segment.wrong_value", "/filter/value");
        let many: Vec<Value> = (0..51).map(|_| test("name", "equals", json!("x"))).collect();
        refused(json!({ "any": many }), "segment.filter_too_large", "/filter/any");
        s.post("/v1/marketing/segments", json!({"company_id": s.company_id(), "name": "x", "kind": "static", "filter": {}})).problem(422, "segment.filter_for_dynamic");
    }

    fn a_static_segment_has_the_members_it_was_given(s) {
        let (a, b) = (party(s, "A", json!({})), party(s, "B", json!({})));
        let seg = s.post("/v1/marketing/segments", json!({"company_id": s.company_id(), "name": "Friends", "kind": "static"})).created();
        s.post("/v1/marketing/segments", json!({"company_id": s.company_id(), "name": "Friends", "kind": "static"})).problem(409, "segment.name_taken");
        let seg = act(s, "segments", &seg, "add-members", json!({"party_ids": [a["id"], b["id"], a["id"]]}));
        assert_eq!(seg["member_count"], 2);
        let seg = act(s, "segments", &seg, "add-members", json!({"party_ids": [a["id"]]}));
        let seg = act(s, "segments", &seg, "remove-members", json!({"party_ids": [b["id"]]}));
        let members = s.all(&format!("{}/members?expand=party", at("segments", &seg)));
        assert_eq!(members.iter().map(|m| m["party"]["id"].clone()).collect::<Vec<_>>(), [a["id"].clone()]);
        let path = |verb: &str| format!("{}/{verb}", at("segments", &seg));
        s.act(&path("add-members"), &seg, json!({"lead_ids": [lead(s, json!({}))["id"]]})).problem(422, "segment.wrong_members");
        s.act(&path("add-members"), &seg, json!({"party_ids": ["pty_00000000000000000000000000"]})).problem(422, "unknown_reference");
        let dynamic = segment(s, test("name", "equals", json!("A")), json!({}));
        s.act(&format!("{}/add-members", at("segments", &dynamic)), &dynamic, json!({"party_ids": [a["id"]]})).problem(409, "segment.not_static");
        assert_eq!(dynamic["allowed_actions"], json!(["evaluate"]));
        let changed = s.patch(&at("segments", &dynamic), &dynamic, json!({"name": "New", "filter": test("name", "equals", json!("B"))})).ok();
        assert_eq!(s.all(&format!("{}/members", at("segments", &changed)))[0]["party_id"], b["id"]);
        s.delete(&at("segments", &seg), &seg).no_content();
        s.get(&at("segments", &seg)).problem(404, "not_found");
    }

    fn segments_of_other_companies_do_not_exist(s) {
        let seg = segment(s, test("name", "equals", json!("A")), json!({}));
        let stranger = user_with(s, &["marketing.*"], &[]);
        stranger.get(&at("segments", &seg)).problem(404, "not_found");
        stranger.get(&format!("{}/members", at("segments", &seg))).problem(404, "not_found");
        assert!(stranger.all("/v1/marketing/segments").is_empty());
    }
}
