//! Metrics of customers: on what was invoiced and what it cost, and the lists behind them.

use serde_json::{Value, json};

use crate::fixtures::{customer, id, ready_to_sell};
use crate::harness::Server;

fn metric(s: &Server, name: &str, more: &str) -> Value {
    s.get(&format!("/v1/insight/metrics/{name}?company_id={}&{more}", s.company_id())).ok()
}

/// A posted invoice of one line without tax.
pub fn invoice(s: &Server, buyer: &Value, day: &str, amount: &str) -> Value {
    let body = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "invoice_date": day, "lines": [
        {"description": "Advice", "item_class": "service", "quantity": "1", "unit_price": amount, "tax_code_ids": []}]});
    let made = s.post("/v1/receivables/invoices", body).created();
    s.act(&format!("/v1/receivables/invoices/{}/post", id(&made)), &made, json!({})).ok()
}

pub fn credited(s: &Server, invoice: &Value, net: &str, day: &str) {
    let body = json!({"credit_date": day, "lines": [{"invoice_line_id": invoice["lines"][0]["id"], "net": net}]});
    let note = s.act(&format!("/v1/receivables/invoices/{}/credit", id(invoice)), invoice, body).ok();
    s.act(&format!("/v1/receivables/credit-notes/{}/post", id(&note)), &note, json!({})).ok();
}

/// Each side of a metric has a list that counts the same.
#[track_caller]
pub fn counts_the_same(s: &Server, of: &Value) {
    for side in ["numerator", "denominator"] {
        let list = s.get(of[side]["drill_down"].as_str().unwrap()).ok();
        assert_eq!(
            (&list["total_count"], list["customers"].as_array().unwrap().len() as i64),
            (&of[side]["count"], of[side]["count"].as_i64().unwrap()),
            "{side} of {of}"
        );
    }
}

each_engine! {
    fn parameters_that_are_missing_are_named_together(s) {
        let problem = s.get("/v1/insight/metrics/retention").problem(400, "invalid_parameter");
        let mut named: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|e| e["parameter"].as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, ["base_from_date", "base_to_date", "company_id", "from_date", "to_date"]);
    }

    fn gross_retention_is_capped_and_net_retention_is_not(s) {
        s.at("2026-03-31T09:00:00Z");
        let all: Vec<Value> = ["More", "Less", "Gone", "New"].iter().map(|n| customer(s, n)).collect();
        for (buyer, amount) in [(0, "100"), (1, "200"), (2, "100")] {
            invoice(s, &all[buyer], "2026-01-10", amount);
        }
        invoice(s, &all[0], "2026-02-10", "250");
        let part = invoice(s, &all[1], "2026-02-10", "170");
        credited(s, &part, "20", "2026-02-20");
        invoice(s, &all[3], "2026-02-10", "1000");
        let days = "base_from_date=2026-01-01&base_to_date=2026-01-31&from_date=2026-02-01&to_date=2026-02-28";
        let r = metric(s, "retention", days);
        assert_eq!((&r["numerator"]["count"], &r["denominator"]["count"], &r["logo_retention_percent"]), (&json!(2), &json!(3), &json!("66.67")));
        // 100 + 150 of 400; 250 + 150 of 400
        assert_eq!((&r["gross_revenue_retention_percent"], &r["net_revenue_retention_percent"]), (&json!("62.5"), &json!("100")));
        assert_eq!((&r["lost_amount"], &r["expansion_amount"], &r["denominator"]["amount"]), (&json!("150.00"), &json!("150.00"), &json!("400.00")));
        counts_the_same(s, &r);
        let lost = metric(s, "customers", &format!("{days}&state=lost"));
        assert_eq!((&lost["total_count"], &lost["customers"][0]["name"]), (&json!(1), &json!("Gone")));
        assert_eq!(metric(s, "customers", &format!("{days}&state=new"))["customers"][0]["revenue_amount"], "1000.00");
        assert_eq!(metric(s, "customers", &format!("{days}&state=active"))["total_count"], 3);
        let none = metric(s, "retention", "base_from_date=2025-01-01&base_to_date=2025-01-31&from_date=2026-02-01&to_date=2026-02-28");
        assert_eq!((&none["logo_retention_percent"], &none["net_revenue_retention_percent"]), (&json!(null), &json!(null)));
        let path = format!("/v1/insight/metrics/retention?company_id={}&base_from_date=2026-02-01&base_to_date=2026-01-01&from_date=2026-02-01&to_date=2026-02-28", s.company_id());
        s.get(&path).problem(422, "metric.wrong_range");
        s.get(&format!("/v1/insight/metrics/customers?company_id={}&from_date=2026-01-01&to_date=2026-01-31&base_from_date=2025-01-01", s.company_id())).problem(422, "metric.wrong_range");
    }

    fn who_buys_again_and_how_is_counted_in_fifths(s) {
        s.at("2026-03-31T09:00:00Z");
        let all: Vec<Value> = (0..5).map(|i| customer(s, &format!("C{i}"))).collect();
        for (i, buyer) in all.iter().enumerate() {
            for n in 0..=i {
                invoice(s, buyer, &format!("2026-01-{:02}", 10 + i + n), "100");
            }
        }
        let days = "from_date=2026-01-01&to_date=2026-01-31";
        let r = metric(s, "repeat-rate", days);
        assert_eq!((&r["repeat_percent"], &r["numerator"]["count"], &r["denominator"]["count"]), (&json!("80"), &json!(4), &json!(5)));
        counts_the_same(s, &r);
        let r = metric(s, "rfm", days);
        assert_eq!((r["cells"].as_array().unwrap().len(), &r["cells"][0]["revenue_amount"]), (5, &json!("500.00")));
        assert_eq!((&r["numerator"]["count"], &r["denominator"]["amount"]), (&json!(1), &json!("1500.00")));
        counts_the_same(s, &r);
        for cell in r["cells"].as_array().unwrap() {
            assert_eq!(s.get(cell["drill_down"].as_str().unwrap()).ok()["total_count"], cell["count"]);
        }
        let first = metric(s, "customers", &format!("{days}&limit=2"));
        assert_eq!((first["customers"].as_array().unwrap().len(), &first["total_count"]), (2, &json!(5)));
        let rest = metric(s, "customers", &format!("{days}&limit=200&after={}", first["next_after"].as_str().unwrap()));
        assert_eq!((rest["customers"].as_array().unwrap().len(), &rest["next_after"]), (3, &json!(null)));
        let one = metric(s, "customers", &format!("{days}&party_id={}", id(&all[2])));
        assert_eq!((&one["customers"][0]["invoice_count"], &one["customers"][0]["last_invoice_date"]), (&json!(3), &json!("2026-01-14")));
        for name in ["repeat-rate", "rfm"] {
            s.get(&format!("/v1/insight/metrics/{name}?company_id={}&from_date=2026-02-01&to_date=2026-01-01", s.company_id())).problem(422, "metric.wrong_range");
        }
    }

    /// G14 of the vectors: m 35, churn 4 %, d 1 %.
    fn lifetime_value_is_that_of_the_vectors_and_on_margin(s) {
        s.at("2026-01-20T09:00:00Z");
        let buyer = customer(s, "Alfreds");
        invoice(s, &buyer, "2026-01-10", "35");
        let days = "from_date=2026-01-01&to_date=2026-01-31";
        let v = metric(s, "clv", &format!("{days}&model=simple&churn_percent=4"));
        assert_eq!((&v["monthly_margin_amount"], &v["clv_amount"], &v["clv_with_first_month_amount"]), (&json!("35.00"), &json!("875.00"), &json!(null)));
        let v = metric(s, "clv", &format!("{days}&model=discounted&churn_percent=4&discount_percent=1"));
        assert_eq!((&v["clv_amount"], &v["clv_with_first_month_amount"], &v["discount_percent"]), (&json!("672.00"), &json!("707.00"), &json!("1")));
        counts_the_same(s, &v);
        assert_eq!(metric(s, "clv", &format!("{days}&model=simple"))["clv_amount"], json!(null), "nobody could be lost");
        assert_eq!(metric(s, "clv", days)["clv_amount"], "35.00");
        let path = format!("/v1/insight/metrics/clv?company_id={}", s.company_id());
        s.get(&format!("{path}&from_date=2026-01-02&to_date=2026-01-31")).problem(422, "metric.not_whole_months");
        s.get(&format!("{path}&{days}&churn_percent=101")).problem(422, "metric.not_a_percentage");
        s.get(&format!("{path}&from_date=2026-02-01&to_date=2026-01-31")).problem(422, "metric.wrong_range");
    }

    fn margin_is_revenue_less_the_cost_of_what_was_delivered(s) {
        s.at("2026-01-20T09:00:00Z");
        let books = ready_to_sell(s);
        let (buyer, gone) = (customer(s, "Alfreds"), customer(s, "Gone"));
        invoice(s, &gone, "2025-12-10", "10");
        invoice(s, &buyer, "2025-12-11", "10");
        let order = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "3"}]});
        let order = s.post("/v1/sales/orders", order).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
        let made = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
        s.act(&format!("/v1/receivables/invoices/{}/post", id(&made)), &made, json!({})).ok();
        let days = "from_date=2026-01-01&to_date=2026-01-31";
        let c = metric(s, "customers", days);
        let of = &c["customers"][0];
        assert_eq!((&of["revenue_amount"], &of["cost_amount"], &of["margin_amount"]), (&json!("45.00"), &json!("18.00"), &json!("27.00")));
        let v = metric(s, "clv", &format!("{days}&party_id={}", id(&buyer)));
        assert_eq!((&v["clv_amount"], &v["numerator"]["amount"]), (&json!("27.00"), &json!("27.00")));
        // one of two customers of December did not come back
        let v = metric(s, "clv", &format!("{days}&model=simple"));
        assert_eq!((&v["churn_percent"], &v["clv_amount"]), (&json!("50"), &json!("54.00")));
        counts_the_same(s, &v);
    }
}
