//! Lifetime values: by margin, by the models on a company's own customers, and beside what it cost to win them.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::directory::teams::team;
use crate::fixtures::{customer, id, money, ready_to_sell, user, user_with};
use crate::harness::Server;
use crate::insight::clv_fits::fitted;
use crate::insight::metrics::customers::{counts_the_same, credited, invoice};

/// Twelve customers of whom some come back and some do not.
fn customers(s: &Server) -> Vec<Value> {
    s.at("2026-06-30T09:00:00Z");
    let all: Vec<Value> = (0..12).map(|n| customer(s, &format!("C{n}"))).collect();
    for (n, buyer) in all.iter().enumerate() {
        for visit in 0..=(n % 5) {
            let day = NaiveDate::from_ymd_opt(2026, 1 + visit as u32, 3 + 2 * n as u32 % 20).unwrap();
            invoice(s, buyer, &day.to_string(), &(50 + 10 * n).to_string());
        }
    }
    all
}

each_engine! {
    fn the_models_learn_from_the_customers_of_a_company(s) {
        let all = customers(s);
        let gone = customer(s, "Credited");
        let note = invoice(s, &gone, "2026-02-10", "500");
        credited(s, &note, "500", "2026-02-11");
        let job = fitted(s, s.company_id());
        assert_eq!((&job["result"]["customers"], &job["result"]["repeat_customers"]), (&json!(12), &json!(9)), "{job}");
        let again = fitted(s, s.company_id());
        assert_eq!(again["result"]["clv_fit_id"], job["result"]["clv_fit_id"], "once a day");
        let fit = s.get(&format!("/v1/insight/clv-fits/{}", job["result"]["clv_fit_id"].as_str().unwrap())).ok();
        assert_eq!((&fit["as_of_date"], s.all("/v1/insight/clv-fits").len()), (&json!("2026-06-30"), 1));
        let clv = |who: &Value, more: &str| s.get(&format!("/v1/directory/parties/{}/clv?company_id={}{more}", id(who), s.company_id())).ok();
        let value = clv(&all[4], "&model=bgnbd&horizon_days=90");
        let outlook = &value["outlook"];
        assert_eq!((&outlook["repeat_purchases"], &outlook["recency_days"], &outlook["age_days"]), (&json!(4), &json!(120), &json!(170)));
        assert_eq!((&value["clv_amount"], &outlook["horizon_days"]), (&outlook["expected_margin_amount"], &json!(90)));
        let percent = |p: &Value| p.as_str().unwrap().parse::<f64>().unwrap();
        assert_eq!(percent(&outlook["p_alive_percent"]) + percent(&outlook["churn_risk_percent"]), 100.0);
        // to date: five invoices of 90
        let historic = clv(&all[4], "");
        assert_eq!((&historic["model"], &historic["clv_amount"]), (&json!("historic"), &json!("450.00")));
        counts_the_same(s, &historic);
        let overview = s.get(&format!("/v1/directory/parties/{}/360", id(&all[4]))).ok();
        let in_brief = &overview["crm"]["customer_values"][0];
        assert_eq!((&in_brief["margin_amount"], &in_brief["churn_risk_percent"]), (&json!("450.00"), &historic["outlook"]["churn_risk_percent"]));
        assert_eq!(s.get(in_brief["link"].as_str().unwrap()).ok()["clv_amount"], "450.00");
        // credited in full: nothing was bought
        let nothing = clv(&gone, "&model=bgnbd");
        assert_eq!((&nothing["outlook"], &nothing["clv_amount"], &nothing["denominator"]["count"]), (&json!(null), &json!(null), &json!(0)));
        // of all: the mean of what is expected of each
        let days = "from_date=2026-01-01&to_date=2026-06-30&model=bgnbd&horizon_days=90";
        let m = s.get(&format!("/v1/insight/metrics/clv?company_id={}&{days}&group_by=cohort", s.company_id())).ok();
        counts_the_same(s, &m);
        let sum: rust_decimal::Decimal = all.iter().map(|c| money(&clv(c, "&model=bgnbd&horizon_days=90")["clv_amount"])).sum();
        let difference = (sum - money(&m["numerator"]["amount"])).abs();
        assert!(difference < rust_decimal::Decimal::new(12, 2), "{sum} {m}");
        m["groups"].as_array().unwrap().iter().for_each(|g| counts_the_same(s, g));
        let path = format!("/v1/directory/parties/{}/clv?company_id={}", id(&all[0]), s.company_id());
        s.get(&format!("{path}&churn_percent=101&model=simple")).problem(422, "metric.not_a_percentage");
        s.get("/v1/directory/parties/pty_00000000000000000000000000/clv?company_id=co_00000000000000000000000000").problem(404, "not_found");
        let reader = user_with(s, &["directory.*.read", "crm.opportunities.read"], &[s.company_id()]);
        reader.get(&path).problem(403, "missing_scope");
        assert_eq!(reader.get(&format!("/v1/directory/parties/{}/360", id(&all[4]))).ok()["crm"]["customer_values"], json!([]));
    }

    /// Shipped goods cost something once they are billed; until then they have brought nothing.
    fn goods_that_are_not_billed_yet_are_no_cost_of_the_customer(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Alfreds");
        let order = |quantity: &str| {
            let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": quantity}]});
            let order = s.post("/v1/sales/orders", body).created();
            let path = format!("/v1/sales/orders/{}", id(&order));
            let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
            s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
            path
        };
        let billed = |path: &str| {
            let invoice = s.act(&format!("{path}/invoice"), &s.get(path).ok(), json!({})).ok();
            s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        };
        let clv = || s.get(&format!("/v1/directory/parties/{}/clv?company_id={}", id(&buyer), s.company_id())).ok()["clv_amount"].clone();
        let of_all = || {
            let path = format!("/v1/insight/metrics/clv?company_id={}&from_date=2026-01-01&to_date=2026-01-31", s.company_id());
            s.get(&path).ok()["clv_amount"].clone()
        };
        billed(&order("10"));
        assert_eq!((clv(), of_all()), (json!("90.00"), json!("90.00")), "10 times 15 less 6");
        let late = order("20");
        assert_eq!((clv(), of_all()), (json!("90.00"), json!("90.00")), "shipped and not billed");
        billed(&late);
        assert_eq!((clv(), of_all()), (json!("270.00"), json!("270.00")));
    }

    /// Customers who are all alike: the search for the models stops at a bound, and nobody is told a chance of leaving.
    fn a_fit_at_its_bound_says_so_and_tells_no_chance_of_leaving(s) {
        s.at("2026-06-30T09:00:00Z");
        let all: Vec<Value> = (0..12).map(|n| customer(s, &format!("C{n}"))).collect();
        for buyer in &all {
            for month in 1..=6 {
                invoice(s, buyer, &format!("2026-{month:02}-28"), "50");
            }
        }
        let job = fitted(s, s.company_id());
        let fit = s.get(&format!("/v1/insight/clv-fits/{}", job["result"]["clv_fit_id"].as_str().unwrap_or_default())).ok();
        assert_eq!(fit["purchases"]["is_at_bound"], true, "{fit}");
        s.at("2026-09-30T09:00:00Z");
        let value = s.get(&format!("/v1/directory/parties/{}/clv?company_id={}&model=bgnbd", id(&all[0]), s.company_id())).ok();
        let outlook = &value["outlook"];
        assert_eq!((&outlook["is_at_bound"], &outlook["clv_fit_as_of_date"]), (&json!(true), &json!("2026-06-30")));
        assert_eq!((&outlook["p_alive_percent"], &outlook["churn_risk_percent"]), (&json!(null), &json!(null)));
        let days = "from_date=2026-01-01&to_date=2026-06-30&model=bgnbd";
        let m = s.get(&format!("/v1/insight/metrics/clv?company_id={}&{days}", s.company_id())).ok();
        assert_eq!((&m["clv_fit_is_at_bound"], &m["clv_fit_as_of_date"]), (&json!(true), &json!("2026-06-30")));
        let seen = s.get(&format!("/v1/directory/parties/{}/360", id(&all[0]))).ok();
        assert_eq!(seen["crm"]["customer_values"][0]["churn_risk_percent"], json!(null));
    }

    /// G14 of the vectors, for one customer: m 35, churn 4 %, d 1 %.
    fn one_customer_is_worth_what_the_vectors_say(s) {
        s.at("2026-02-20T09:00:00Z");
        let buyer = customer(s, "Alfreds");
        invoice(s, &buyer, "2026-01-10", "35");
        let clv = |more: &str| s.get(&format!("/v1/directory/parties/{}/clv?company_id={}&months=1&{more}", id(&buyer), s.company_id())).ok();
        let simple = clv("model=simple&churn_percent=4");
        assert_eq!((&simple["clv_amount"], &simple["monthly_margin_amount"]), (&json!("875.00"), &json!("35.00")));
        let discounted = clv("model=discounted&churn_percent=4&discount_percent=1");
        assert_eq!((&discounted["clv_amount"], &discounted["clv_with_first_month_amount"]), (&json!("672.00"), &json!("707.00")));
        counts_the_same(s, &discounted);
        assert_eq!(clv("model=simple")["clv_amount"], json!(null), "nobody could be lost");
        s.get(&format!("/v1/directory/parties/{}/clv?company_id={}&model=bgnbd", id(&buyer), s.company_id())).problem(409, "clv_fit.none");
    }

    /// Each group by what it is grouped by, its lists, and what its customers cost.
    fn values_and_retention_have_groups_and_costs(s) {
        let books = ready_to_sell(s);
        s.at("2026-02-28T09:00:00Z");
        let ann = user(s).0;
        let sales = team(s, "Sales", json!({}));
        let below = team(s, "Inside", json!({"parent_id": sales["id"], "member_ids": [ann["id"]]}));
        let owned = s.post("/v1/directory/parties", json!({"name": "Owned", "is_customer": true, "owner_id": ann["id"]})).created();
        let (free, late) = (customer(s, "Free"), customer(s, "Late"));
        for (at, campaign) in [("2026-01-02T09:00:00Z", "Spring  Sale"), ("2026-01-03T09:00:00Z", "other")] {
            s.post("/v1/marketing/touchpoints", json!({"company_id": s.company_id(), "kind": "page_view", "party_id": owned["id"], "occurred_at": at, "origin": {"utm": {"campaign": campaign}}})).created();
        }
        for (buyer, day, amount) in [(&owned, "2026-01-10", "100"), (&owned, "2026-02-10", "150"), (&free, "2026-01-10", "60"), (&late, "2026-02-10", "40")] {
            invoice(s, buyer, day, amount);
        }
        let list = s.post("/v1/marketing/segments", json!({"company_id": s.company_id(), "name": "Key", "kind": "static", "audience": "parties"})).created();
        s.act(&format!("/v1/marketing/segments/{}/add-members", id(&list)), &list, json!({"party_ids": [owned["id"], free["id"]]})).ok();
        let dynamic = json!({"company_id": s.company_id(), "name": "Big", "kind": "dynamic", "audience": "parties",
            "filter": {"all": [{"field": "revenue", "op": "at_least", "value": "200"}]}});
        let dynamic = s.post("/v1/marketing/segments", dynamic).created();
        // what it cost: 30 for the campaign in January, 20 for sales in February
        let account = |code: &str| s.all(&format!("/v1/accounting/accounts?company_id={}&code={code}", s.company_id())).remove(0);
        let (expense, bank) = (account("6200"), account("1010"));
        for (day, amount, dimensions) in [("2026-01-15", "30", json!({"campaign": "spring sale"})), ("2026-02-15", "20", json!({"sales": "fair"})), ("2026-02-16", "999", json!({}))] {
            let entry = json!({"company_id": s.company_id(), "posting_date": day, "description": "Ads", "lines": [
                {"account_id": expense["id"], "debit": amount, "dimensions": dimensions}, {"account_id": bank["id"], "credit": amount}]});
            let entry = s.post("/v1/accounting/journal-entries", entry).created();
            s.act(&format!("/v1/accounting/journal-entries/{}/post", id(&entry)), &entry, json!({})).ok();
        }
        drop(books);
        let days = "from_date=2026-01-01&to_date=2026-02-28";
        let clv = |more: &str| s.get(&format!("/v1/insight/metrics/clv?company_id={}&{days}{more}", s.company_id())).ok();
        let group = |m: &Value, key: &Value| m["groups"].as_array().unwrap().iter().find(|g| g["group"]["key"] == *key).unwrap_or_else(|| panic!("no {key} in {m}")).clone();
        let m = clv("&group_by=campaign&model=historic");
        let a = &m["acquisition"];
        assert_eq!((&a["numerator"]["amount"], &a["denominator"]["count"], &a["cac_amount"]), (&json!("50.00"), &json!(3), &json!("16.67")));
        // margin 350 of three in two months: 58.33 a month each; worth 116.67 of 16.67
        assert_eq!((&m["clv_amount"], &a["clv_to_cac"], &a["payback_months"]), (&json!("116.67"), &json!("7"), &json!("0.29")));
        let spring = group(&m, &json!("spring sale"));
        assert_eq!((&spring["clv_amount"], &spring["acquisition"]["cac_amount"]), (&json!("250.00"), &json!("30.00")));
        assert_eq!(group(&m, &json!(null))["acquisition"], json!(null));
        let m = clv("&group_by=cohort");
        let january = group(&m, &json!("2026-01-01"));
        assert_eq!((&january["clv_amount"], &january["acquisition"]["cac_amount"], &january["denominator"]["count"]), (&json!("155.00"), &json!("15.00"), &json!(2)));
        assert_eq!(group(&m, &json!("2026-02-01"))["acquisition"]["cac_amount"], "20.00");
        let m = clv("&group_by=segment");
        assert_eq!((&group(&m, &list["id"])["denominator"]["count"], &group(&m, &dynamic["id"])["denominator"]["count"]), (&json!(2), &json!(1)));
        assert_eq!(group(&m, &list["id"])["group"]["name"], "Key");
        let m = clv(&format!("&group_by=team&cac_account_ids={}", id(&expense)));
        assert_eq!((&group(&m, &sales["id"])["denominator"]["count"], &group(&m, &below["id"])["numerator"]["amount"]), (&json!(1), &json!("250.00")));
        let spent = &m["acquisition"]["numerator"];
        assert_eq!((&spent["amount"], &spent["count"]), (&json!("1049.00"), &json!(3)));
        assert_eq!(s.all(spent["drill_down"].as_str().unwrap()).len(), 3);
        for by in ["owner", "team", "segment", "campaign", "cohort"] {
            for model in ["historic", "simple", "discounted"] {
                let m = clv(&format!("&group_by={by}&model={model}&churn_percent=4"));
                counts_the_same(s, &m);
                assert_eq!(json!(m["groups"].as_array().unwrap().len()), m["group_count"]);
                for g in m["groups"].as_array().unwrap() {
                    counts_the_same(s, g);
                    if !g["acquisition"].is_null() {
                        let new = s.get(g["acquisition"]["denominator"]["drill_down"].as_str().unwrap()).ok();
                        assert_eq!(new["total_count"], g["acquisition"]["denominator"]["count"]);
                    }
                }
            }
            let base = "base_from_date=2026-01-01&base_to_date=2026-01-31&from_date=2026-02-01&to_date=2026-02-28";
            for compare in ["previous_period", "previous_year"] {
                let path = format!("/v1/insight/metrics/retention?company_id={}&{base}&group_by={by}&compare={compare}", s.company_id());
                let r = s.get(&path).ok();
                counts_the_same(s, &r);
                counts_the_same(s, &r["previous"]);
                assert!(!r["groups"].as_array().unwrap().is_empty(), "{by}");
                for g in r["groups"].as_array().unwrap() {
                    counts_the_same(s, g);
                    counts_the_same(s, &g["previous"]);
                    assert_eq!(g["definition"], r["definition"]);
                }
            }
        }
        let path = format!("/v1/insight/metrics/retention?company_id={}&base_from_date=2026-01-01&base_to_date=2026-01-31&from_date=2026-02-01&to_date=2026-02-28&group_by=owner", s.company_id());
        let r = s.get(&path).ok();
        assert_eq!((&group(&r, &ann["id"])["net_revenue_retention_percent"], &group(&r, &json!(null))["logo_retention_percent"]), (&json!("150"), &json!("0")));
    }
}
