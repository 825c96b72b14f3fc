//! The worked cases of moving-average costing and of the margin, each with its own figures, over HTTP.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::fixtures::{customer, id, money, product, unique, verified, warehouse};
use crate::harness::Server;

/// What happens to stock.
enum Step {
    /// Comes in: quantity, cost of one.
    In(&'static str, &'static str),
    /// Is sold: quantity, what it must cost.
    Out(&'static str, &'static str),
    /// Of the last sale comes back: quantity.
    Back(&'static str),
}
use Step::{Back, In, Out};

fn adjust(s: &Server, p: &Value, reason: &str, quantity: &str, cost: Option<&str>, date: &str) {
    let mut line = json!({"product_id": p["id"], "quantity_delta": quantity});
    if let Some(cost) = cost {
        line["unit_cost"] = json!(cost);
    }
    let body = json!({"reason": reason, "warehouse_id": warehouse(s)["id"], "adjustment_date": date, "lines": [line]});
    let made = s.post("/v1/inventory/adjustments", body).created();
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(&made)), &made, json!({})).ok();
}

/// Sells and ships on a day, at the list price unless one is given; the delivery.
fn sell(s: &Server, p: &Value, quantity: &str, price: Option<&str>, date: &str) -> Value {
    let mut line = json!({"product_id": p["id"], "quantity": quantity, "tax_class": "exempt"});
    if let Some(price) = price {
        line["unit_price"] = json!(price);
    }
    let buyer = customer(s, "Buyer");
    let order =
        json!({"company_id": s.company_id(), "customer_id": buyer["id"], "order_date": date, "allow_backorder": true, "lines": [line]});
    let order = s.post("/v1/sales/orders", order).created();
    let order = s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok();
    s.act(&format!("/v1/sales/orders/{}/deliver", id(&order)), &order, json!({"ship": true, "delivery_date": date})).ok()
}

fn invoiced(s: &Server, delivery: &Value, date: &str) {
    let path = format!("/v1/sales/orders/{}", delivery["order_id"].as_str().unwrap());
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({"invoice_date": date})).ok();
    s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
}

fn came_back(s: &Server, delivery: &Value, quantity: &str, credit: bool) {
    let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": quantity}]);
    let back = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "lines": lines})).created();
    let path = format!("/v1/sales/returns/{}", id(&back));
    let back = s.act(&format!("{path}/authorize"), &back, json!({})).ok();
    s.act(&format!("{path}/receive"), &back, json!({"credit": credit})).ok();
}

fn worth(s: &Server, p: &Value) -> (Decimal, Decimal) {
    let cost = &s.all(&format!("/v1/inventory/product-costs?product_id={}", id(p)))[0];
    (money(&cost["quantity"]), money(&cost["value"]))
}

each_engine! {
    fn the_moving_average_of_the_worked_cases(s) {
        s.at("2026-03-10T12:00:00Z");
        let path = format!("/v1/directory/companies/{}", s.company_id());
        s.patch(&path, &s.get(&path).ok(), json!({"negative_stock": "allow"})).ok();
        warehouse(s);
        let cases: [(&str, Vec<Step>, &str, &str); 6] = [
            ("INV-AVG-01", vec![In("10", "10"), In("10", "20"), Out("15", "225.00")], "5", "75"),
            ("INV-AVG-04", vec![In("10", "10"), In("10", "20"), Out("15", "225.00"), Out("5", "75.00")], "0", "0"),
            // 20 at 300 and 10 below zero at 15; what covers them costs 30
            ("INV-AVG-06", vec![In("10", "10"), In("10", "20"), Out("30", "450.00"), In("10", "30"), In("10", "40")], "10", "400"),
            ("INV-AVG-10", vec![In("1", "10"), In("1", "20"), Out("1", "15.00"), Back("1")], "2", "30"),
            ("INV-AVG-13", vec![In("1", "1"), In("1", "1"), In("1", "1.01"), Out("3", "3.01")], "0", "0"),
            ("INV-TRY-01", vec![In("1", "100"), In("1", "200"), In("1", "200"), In("1", "200")], "4", "700"),
        ];
        for (case, steps, quantity, value) in cases {
            let p = product(s, &format!("CASE-{}", unique()), "40.00", Some("1.00"));
            let mut last = Value::Null;
            for step in steps {
                match step {
                    In(quantity, cost) => adjust(s, &p, "found", quantity, Some(cost), "2026-03-10"),
                    Out(quantity, cost) => {
                        last = sell(s, &p, quantity, None, "2026-03-10");
                        assert_eq!(last["cost_total"], cost, "{case}");
                    }
                    Back(quantity) => came_back(s, &last, quantity, false),
                }
            }
            assert_eq!(worth(s, &p), (quantity.parse().unwrap(), value.parse().unwrap()), "{case}");
        }
        verified(s);
    }

    fn the_margin_of_sales_a_return_and_a_loss(s) {
        s.at("2026-03-10T12:00:00Z");
        warehouse(s);
        let (one, two) = (product(s, "ONE", "40.00", Some("20.00")), product(s, "TWO", "50.00", Some("20.00")));
        for p in [&one, &two] {
            adjust(s, p, "opening", "10", Some("20"), "2026-03-01");
        }
        let sold = |p: &Value, quantity: &str, price: &str, date: &str| {
            let delivery = sell(s, p, quantity, Some(price), date);
            invoiced(s, &delivery, date);
            delivery
        };
        sold(&one, "2", "40", "2026-03-09");
        let second = sold(&one, "4", "30", "2026-03-10");
        came_back(s, &second, "1", true);
        let note = &s.all("/v1/receivables/credit-notes")[0];
        s.act(&format!("/v1/receivables/credit-notes/{}/post", id(note)), note, json!({})).ok();
        // revenue, cost of sales and losses booked so far, between two days
        let booked = |from: &str, to: &str| {
            let report = s.get(&format!("/v1/accounting/reports/trial-balance?company_id={}&from_date={from}&to_date={to}", s.company_id())).ok();
            let of = |codes: &[&str]| -> Decimal {
                let rows = report["rows"].as_array().unwrap().iter().filter(|r| codes.contains(&r["code"].as_str().unwrap()));
                rows.map(|r| money(&r["debit"]) - money(&r["credit"])).sum()
            };
            (-of(&["4010", "4100"]), of(&["5010"]), of(&["5200"]))
        };
        let figures = |revenue: i64, cost: i64, lost: i64| (Decimal::from(revenue), Decimal::from(cost), Decimal::from(lost));
        let percent = |(revenue, cost, lost): (Decimal, Decimal, Decimal)| ((revenue - cost - lost) / revenue).round_dp(4).normalize().to_string();
        let (yesterday, today) = (booked("2026-03-09", "2026-03-09"), booked("2026-03-10", "2026-03-10"));
        assert_eq!((yesterday, percent(yesterday).as_str()), (figures(80, 40, 0), "0.5"), "MISC-05");
        assert_eq!((today, percent(today).as_str()), (figures(90, 60, 0), "0.3333"), "MISC-05");
        let first = booked("2026-03-09", "2026-03-10");
        assert_eq!((first, percent(first).as_str()), (figures(170, 100, 0), "0.4118"), "MISC-05");
        adjust(s, &one, "count", "-1", None, "2026-03-10");
        let with_loss = booked("2026-03-09", "2026-03-10");
        assert_eq!((with_loss, percent(with_loss).as_str()), (figures(170, 100, 20), "0.2941"), "MISC-05");
        sold(&two, "2", "50", "2026-03-10");
        let both = booked("2026-03-09", "2026-03-10");
        let group = (both.0, both.1, Decimal::ZERO);
        assert_eq!((group, percent(group).as_str()), (figures(270, 140, 0), "0.4815"), "MISC-05");
        verified(s);
    }
}
