//! Figures over the rows of lists: counted and summed by groups, exactly, and only over what the caller sees.

use serde_json::{Value, json};

use crate::crm::common::{deal, lead, me};
use crate::fixtures::{customer, id, user_with};
use crate::harness::Client;

/// (value, label) of the keys, count, and (field, currency, value) of the sums.
fn shown(group: &Value) -> (Vec<(Value, Value)>, i64, Vec<(String, Value, String)>) {
    let keys = group["keys"].as_array().unwrap().iter().map(|k| (k["value"].clone(), k["label"].clone())).collect();
    let text = |v: &Value| v.as_str().unwrap().to_string();
    let sums = group["sums"].as_array().unwrap().iter().map(|s| (text(&s["field"]), s["currency"].clone(), text(&s["value"]))).collect();
    (keys, group["count"].as_i64().unwrap(), sums)
}

fn groups(c: &Client, query: &str) -> Vec<Value> {
    c.get(&format!("/v1/crm/opportunities/aggregate{query}")).ok()["groups"].as_array().unwrap().clone()
}

fn user_id(who: &Client) -> String {
    who.get("/v1/identity/me").ok()["user"]["id"].as_str().unwrap().to_string()
}

each_engine! {
    fn deals_are_counted_and_summed_by_stage_and_owner_in_one_call(s) {
        let party = customer(s, "Alfreds");
        let mine = me(s);
        for (amount, currency, owner) in [("0.10", "EUR", json!(mine)), ("0.20", "EUR", json!(mine)), ("1000.01", "USD", json!(mine)), ("5.00", "EUR", json!(null))] {
            deal(s, &party, json!({"amount": amount, "currency": currency, "owner_id": owner}));
        }
        let answer = s.get("/v1/crm/opportunities/aggregate?group_by=stage_id,owner_id&sum=amount&count=true").ok();
        let groups = answer["groups"].as_array().unwrap();
        let stage = s.all("/v1/crm/opportunities").remove(0)["stage_id"].clone();
        let all: i64 = groups.iter().map(|g| g["count"].as_i64().unwrap()).sum();
        assert_eq!((all, &answer["total_count"]), (4, &json!(4)));
        let of_mine = groups.iter().map(shown).find(|g| g.0[1].0 == json!(mine)).unwrap();
        assert_eq!(of_mine.0[0], (stage.clone(), json!("Qualification")));
        assert!(of_mine.0[1].1.is_string(), "{of_mine:?}");
        assert_eq!((of_mine.1, of_mine.2), (3, vec![("amount".into(), json!("EUR"), "0.30".into()), ("amount".into(), json!("USD"), "1000.01".into())]));
        let totals: Vec<&Value> = answer["total_sums"].as_array().unwrap().iter().map(|t| &t["value"]).collect();
        assert_eq!(totals.len(), 2);
        assert_eq!((totals[0], totals[1]), (&json!("5.30"), &json!("1000.01")));
        // nothing asked for is one group of all rows
        let whole = s.get("/v1/crm/opportunities/aggregate").ok();
        assert_eq!((&whole["groups"][0]["count"], whole["groups"].as_array().unwrap().len()), (&json!(4), 1));
        // the filters are those of the list
        let some = s.get("/v1/crm/opportunities/aggregate?sum=amount,weighted_amount&currency=USD&amount_gte=1000").ok();
        let weighted = s.all("/v1/crm/opportunities?currency=USD").remove(0)["weighted_amount"].as_str().unwrap().to_string();
        assert_eq!(shown(&some["groups"][0]).2, [("amount".into(), json!("USD"), "1000.01".into()), ("weighted_amount".into(), json!("USD"), weighted)]);
        assert_eq!(s.get("/v1/crm/opportunities/aggregate?currency=CHF").ok()["groups"], json!([]));
    }

    fn a_period_is_one_of_the_calendar_of_the_company(s) {
        // half past eleven in the evening of the last of the year in UTC is the new year in Berlin
        for at in ["2026-12-31T22:30:00Z", "2026-12-31T23:30:00Z", "2027-02-10T12:00:00Z"] {
            s.at(at);
            lead(s, json!({"source": "fair"}));
        }
        let by = |interval: &str| -> Vec<(Value, Value)> {
            let answer = s.get(&format!("/v1/crm/leads/aggregate?interval={interval}&group_by=source")).ok();
            assert_eq!((&answer["interval"], &answer["date"]), (&json!(interval), &json!("created_at")));
            answer["groups"].as_array().unwrap().iter().map(|g| (g["period"].clone(), g["count"].clone())).collect()
        };
        assert_eq!(by("day"), [(json!("2026-12-31"), json!(1)), (json!("2027-01-01"), json!(1)), (json!("2027-02-10"), json!(1))]);
        assert_eq!(by("week"), [(json!("2026-12-28"), json!(2)), (json!("2027-02-08"), json!(1))]);
        assert_eq!(by("month"), [(json!("2026-12-01"), json!(1)), (json!("2027-01-01"), json!(1)), (json!("2027-02-01"), json!(1))]);
        assert_eq!(by("quarter"), [(json!("2026-10-01"), json!(1)), (json!("2027-01-01"), json!(2))]);
        assert_eq!(by("year"), [(json!("2026-01-01"), json!(1)), (json!("2027-01-01"), json!(2))]);
        // by a day that not every row has
        let party = customer(s, "Alfreds");
        deal(s, &party, json!({"amount": "7.00", "expected_close_date": "2027-03-31"}));
        deal(s, &party, json!({"amount": "8.00"}));
        let found = groups(s, "?interval=month&date=expected_close_date&sum=amount");
        let found: Vec<_> = found.iter().map(|g| (g["period"].clone(), g["sums"][0]["value"].clone())).collect();
        assert_eq!(found, [(json!("2027-03-01"), json!("7.00")), (json!(null), json!("8.00"))]);
    }

    fn only_what_the_caller_sees_is_counted(s) {
        let party = customer(s, "Alfreds");
        let seller = user_with(s, &["crm.opportunities.read:own", "crm.opportunities.create:own", "directory.*"], &[s.company_id()]);
        let own = user_id(&seller);
        deal(s, &party, json!({"amount": "10.00", "owner_id": own}));
        deal(s, &party, json!({"amount": "90.00", "owner_id": me(s)}));
        let of = |c: &Client| c.get("/v1/crm/opportunities/aggregate?sum=amount").ok()["total_sums"][0]["value"].clone();
        assert_eq!((of(s), of(&seller)), (json!("100.00"), json!("10.00")));
        // without a grant on the company there is nothing
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        let outsider = user_with(s, &["*"], &[id(&elsewhere)]);
        assert_eq!(outsider.get("/v1/crm/opportunities/aggregate?sum=amount&group_by=stage_id&interval=month").ok()["groups"], json!([]));
        // who may not read the list may not count it, and who may not see the users is told no names
        let none = user_with(s, &["crm.leads.read"], &[s.company_id()]);
        none.get("/v1/crm/opportunities/aggregate").problem(403, "missing_scope");
        let blind = user_with(s, &["crm.opportunities.read"], &[s.company_id()]);
        let found = groups(&blind, "?group_by=party_id");
        assert_eq!(found[0]["keys"][0], json!({"field": "party_id", "value": party["id"], "label": null}));
        assert_eq!(groups(s, "?group_by=party_id")[0]["keys"][0]["label"], "Alfreds");
    }

    fn a_masked_field_is_neither_summed_nor_shown_by_groups(s) {
        s.get("/v1/sales/deliveries/aggregate?sum=cost_total&group_by=status").ok();
        let packer = user_with(s, &["sales.deliveries.read"], &[s.company_id()]);
        packer.get("/v1/sales/deliveries/aggregate?group_by=status").ok();
        packer.get("/v1/sales/deliveries/aggregate?sum=cost_total").problem(403, "missing_scope");
    }

    fn what_cannot_be_grouped_or_summed_is_refused(s) {
        for (query, parameter, code) in [
            ("group_by=name", "group_by", "not_allowed"),
            ("group_by=", "group_by", "not_allowed"),
            ("group_by=status,stage_id,owner_id,pipeline_id,currency", "group_by", "too_many"),
            ("sum=probability_percent", "sum", "not_allowed"),
            ("interval=decade", "interval", "not_allowed"),
            ("interval=month&date=updated_at", "date", "not_allowed"),
            ("count=2", "count", "invalid"),
        ] {
            let problem = s.get(&format!("/v1/crm/opportunities/aggregate?{query}")).problem(400, "invalid_parameter");
            assert_eq!((&problem["errors"][0]["parameter"], &problem["errors"][0]["code"]), (&json!(parameter), &json!(code)), "{query}");
        }
        s.get("/v1/crm/opportunities/aggregate?date=created_at").problem(422, "invalid_query");
        s.get("/v1/crm/opportunities/aggregate?limit=5").problem(400, "unknown_parameter");
        s.get("/v1/crm/opportunities/aggregate?status=nonsense").problem(400, "invalid_parameter");
    }

    fn amounts_in_the_currency_of_the_books_stand_beside_those_of_the_documents(s) {
        let books = crate::fixtures::ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let _ = books;
        for (price, currency) in [("100.00", "EUR"), ("50.00", "EUR")] {
            let line = json!([{"description": "Work", "quantity": "1", "unit_price": price}]);
            s.post("/v1/receivables/invoices", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "currency": currency, "lines": line})).created();
        }
        let answer = s.get("/v1/receivables/invoices/aggregate?sum=net,total_company&group_by=customer_id,status").ok();
        let (keys, count, sums) = shown(&answer["groups"][0]);
        assert_eq!((keys[0].clone(), keys[1].clone(), count), ((buyer["id"].clone(), json!("Buyer")), (json!("draft"), json!("Draft")), 2));
        assert_eq!(sums[0], ("net".into(), json!("EUR"), "150.00".into()));
        assert_eq!((sums[1].0.as_str(), &sums[1].1), ("total_company", &json!("EUR")));
    }

    fn every_declared_grouping_measure_and_date_works(s) {
        crate::fixtures::a_bit_of_everything(s);
        let campaign = crate::marketing::campaigns::campaign(s, json!({}));
        let table = &s.running().app.table;
        let mut tried = 0;
        for op in table.ops.iter().filter(|op| op.path.ends_with("/aggregate")) {
            let path = op.path.replace("{campaign_id}", id(&campaign));
            let listing = op.listing.as_ref().unwrap();
            let figures = listing.figures.as_ref().unwrap();
            for query in figures.every_query() {
                let answer = s.get(&format!("{path}?{query}"));
                assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.text());
                tried += 1;
            }
        }
        assert!(tried > 100, "only {tried} were tried");
    }
}
