//! The overview of a party and its timeline: one answer, and only what the caller may see.

use serde_json::json;

use crate::fixtures::{customer, id, money, ready_to_sell, user_with};

each_engine! {
    fn the_overview_gathers_people_and_the_latest_events(s) {
        let party = customer(s, "Acme");
        let ana = s.post("/v1/directory/contacts", json!({"first_name": "Ana", "last_name": "Trujillo"})).created();
        s.post("/v1/directory/relationships", json!({"contact_id": ana["id"], "party_id": party["id"], "is_primary": true})).created();
        let gone = s.post("/v1/directory/contacts", json!({"last_name": "Gone"})).created();
        s.post("/v1/directory/relationships", json!({"contact_id": gone["id"], "party_id": party["id"], "to_date": "2020-01-01"})).created();
        let all = s.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        assert_eq!(all["party"]["name"], "Acme");
        assert_eq!(all["contacts"].as_array().unwrap().len(), 1);
        assert_eq!(all["contacts"][0]["contact"]["name"], "Ana Trujillo");
        assert_eq!(all["withheld"], json!([]));
        assert!(all["crm"].is_object() && all["sales"].is_object() && all["finance"].is_object(), "{all:#}");
        let kinds: Vec<_> = all["timeline"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["relationship.created", "relationship.created", "party.created"]);
        s.get("/v1/directory/parties/pty_00000000000000000000000000/360").problem(404, "not_found");
    }

    fn what_is_ordered_is_at_stake_before_it_is_invoiced(s) {
        let books = ready_to_sell(s);
        let terms = json!({"currency": "EUR", "credit_limit": "100.00"});
        let buyer = s.post("/v1/directory/parties", json!({"name": "Buyer", "is_customer": true, "customer_terms": terms})).created();
        let line = json!({"product_id": books.product("BEANS")["id"], "quantity": "2", "unit_price": "15.00"});
        let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [line]});
        let order = s.post("/v1/sales/orders", body).created();
        let order = s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok();
        let all = s.get(&format!("/v1/directory/parties/{}/360", id(&buyer))).ok();
        assert_eq!((&all["sales"]["open_order_count"], &all["sales"]["latest_orders"][0]["id"]), (&json!(1), &order["id"]));
        let balance = &all["finance"]["balances"][0];
        assert_eq!((money(&balance["balance"]), money(&balance["open_orders"])), (0.into(), money(&balance["exposure"])));
        assert!(money(&balance["exposure"]) >= 30.into(), "{balance}");
        assert_eq!(money(&balance["credit_available"]), money(&json!("100")) - money(&balance["exposure"]));
        let elsewhere = user_with(s, &["directory.parties.read", "receivables.invoices.read", "sales.orders.read"], &[]);
        let hidden = elsewhere.get(&format!("/v1/directory/parties/{}/360", id(&buyer))).ok();
        assert_eq!((&hidden["finance"]["balances"], &hidden["sales"]["latest_orders"]), (&json!([]), &json!([])));
    }

    fn only_what_is_asked_for_is_read(s) {
        let party = customer(s, "Acme");
        let at = |query: &str| format!("/v1/directory/parties/{}/360?{query}", id(&party));
        let some = s.get(&at("include=finance,cases")).ok();
        assert_eq!((&some["included"], some["finance"].is_object(), &some["party"]["name"]), (&json!(["finance", "cases"]), true, &json!("Acme")));
        assert!(some["crm"].is_null() && some["sales"].is_null() && some["as_of"].is_null() && some["timeline"] == json!([]));
        assert_eq!(some["sections"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect::<Vec<_>>(), ["cases"]);
        let clerk = user_with(s, &["directory.parties.read", "sales.orders.read"], &[s.company_id()]);
        assert_eq!(clerk.get(&at("include=sales,quotes")).ok()["withheld"], json!(["quotes"]), "only what was asked for is named");
        let problem = s.get(&at("include=finance,weather")).problem(422, "invalid_query");
        assert!(problem.to_string().contains("weather"), "{problem}");
        for kinds in ["crm", "sales,timeline"] {
            s.get(&at(&format!("as_of=2026-01-01&include={kinds}"))).problem(422, "overview.not_of_a_day");
        }
        s.get(&at("as_of=2026-01-09")).problem(422, "overview.day_ahead");
        s.get(&at("as_of=yesterday")).problem(400, "invalid_parameter");
    }

    fn what_was_owed_and_ordered_is_told_of_a_past_day(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let line = json!({"product_id": books.product("BEANS")["id"], "quantity": "2", "unit_price": "15.00"});
        let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [line]});
        let order = s.post("/v1/sales/orders", body).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        s.at("2026-01-05T09:00:00Z");
        s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
        let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
        let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        s.at("2026-03-01T09:00:00Z");
        let mut payment = books.payment(&buyer, &invoice["total"]);
        payment["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
        let payment = s.post("/v1/banking/payments", payment).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&payment)), &payment, json!({})).ok();
        s.act(&format!("{path}/close"), &s.get(&path).ok(), json!({})).ok();
        let of = |day: &str| s.get(&format!("/v1/directory/parties/{}/360?as_of={day}", id(&buyer))).ok()["as_of"].clone();
        let (before, owed, late, paid) = (of("2026-01-01"), of("2026-01-05"), of("2026-02-28"), of("2026-03-01"));
        assert_eq!((&before["balances"], &before["orders"]["open_order_count"], &before["orders"]["latest_orders"]), (&json!([]), &json!(0), &json!([])));
        assert_eq!(of("2026-01-02")["orders"]["latest_orders"][0]["status"], "confirmed");
        assert_eq!((&owed["balances"][0]["balance"], &owed["balances"][0]["ageing"]["not_due"]), (&invoice["total"], &invoice["total"]));
        assert_eq!((&late["balances"][0]["ageing"]["days_1_to_30"], &late["orders"]["open_order_count"]), (&invoice["total"], &json!(1)));
        assert_eq!((&paid["balances"], &paid["orders"]["open_order_count"], &paid["orders"]["latest_orders"][0]["status"]), (&json!([]), &json!(0), &json!("closed")));
        assert_eq!(paid["orders"]["latest_orders"][0]["total"], order["total"]);
        // the same as the ageing of all customers on that day
        let report = s.get(&format!("/v1/receivables/reports/ageing?company_id={}&as_of=2026-02-28", s.company_id())).ok();
        assert_eq!(report["rows"][0]["ageing"], late["balances"][0]["ageing"]);
        let elsewhere = user_with(s, &["directory.parties.read", "receivables.invoices.read"], &[]);
        let hidden = elsewhere.get(&format!("/v1/directory/parties/{}/360?as_of=2026-02-28", id(&buyer))).ok();
        assert_eq!((&hidden["as_of"]["balances"], &hidden["as_of"]["orders"], &hidden["withheld"]), (&json!([]), &json!(null), &json!(["sales"])));
    }

    fn sections_that_may_not_be_read_are_named(s) {
        let party = customer(s, "Acme");
        let clerk = user_with(s, &["directory.parties.read", "sales.orders.read"], &[s.company_id()]);
        let all = clerk.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        assert!(all["finance"].is_null() && all["crm"].is_null() && all["sales"].is_object());
        assert_eq!(all["withheld"], json!(["contacts", "crm", "finance", "cases", "quotes"]));
        let seller = user_with(s, &["directory.*.read", "crm.opportunities.read", "crm.quotes.read", "sales.orders.read"], &[s.company_id()]);
        let all = seller.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        assert!(all["crm"].is_object() && all["finance"].is_null());
        let withheld = all["withheld"].as_array().unwrap();
        for name in ["leads", "activities", "finance"] {
            assert!(withheld.contains(&json!(name)), "{name} is left out and not named: {withheld:?}");
        }
        user_with(s, &["sales.orders.read"], &[]).get(&format!("/v1/directory/parties/{}/360", id(&party))).problem(403, "missing_scope");
    }

    fn the_timeline_is_newest_first_paged_and_filtered_by_permission(s) {
        let party = customer(s, "Acme");
        let path = format!("/v1/directory/parties/{}", id(&party));
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        s.post("/v1/directory/relationships", json!({"contact_id": ana["id"], "party_id": party["id"]})).created();
        for version in 1..=4 {
            s.patch(&path, version, json!({"name": format!("Acme {version}")})).ok();
        }
        let all = s.all(&format!("{path}/timeline?limit=2"));
        let kinds: Vec<_> = all.iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["party.updated", "party.updated", "party.updated", "party.updated", "relationship.created", "party.created"]);
        assert_eq!((&all[0]["title"], &all[0]["area"], &all[0]["subject"]), (&json!("Acme 4"), &json!("directory"), &party["id"]));
        let reader = user_with(s, &["directory.parties.read"], &[]);
        assert_eq!(reader.all(&format!("{path}/timeline")).len(), 5);
        assert_eq!(s.all(&format!("{path}/timeline?kind=party.created")).len(), 1);
    }
}
