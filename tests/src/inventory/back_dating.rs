//! Movements dated in the past: each is compared with the books of its own day, and what came after it follows.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::fixtures::{Books, customer, id, money, product, ready_to_sell, trial_balance, unique, verified};
use crate::harness::{Answer, Server};

/// What day it is: the other dates count back from it.
const NOW: &str = "2026-06-30T10:00:00Z";
const TODAY: &str = "2026-06-30";
const SIXTY_AGO: &str = "2026-05-01";
const THIRTY_AGO: &str = "2026-05-31";
const TWENTY_AGO: &str = "2026-06-10";
const TEN_AGO: &str = "2026-06-20";

pub fn goods(cost: Option<&str>) -> impl Fn(&Server) -> Value {
    let cost = cost.unwrap_or("0").to_string();
    move |s| product(s, &format!("P{}", unique()), "20.00", Some(&cost))
}

/// A draft adjustment of one product.
pub fn drafted(s: &Server, books: &Books, reason: &str, date: &str, line: Value) -> Value {
    let body = json!({"reason": reason, "warehouse_id": books.warehouse["id"], "adjustment_date": date, "lines": [line]});
    s.post("/v1/inventory/adjustments", body).created()
}

pub fn post(s: &Server, draft: &Value) -> Answer {
    s.act(&format!("/v1/inventory/adjustments/{}/post", id(draft)), draft, json!({}))
}

pub fn gain(s: &Server, books: &Books, p: &Value, date: &str, quantity: &str, cost: &str) -> Value {
    let line = json!({"product_id": p["id"], "quantity_delta": quantity, "unit_cost": cost});
    post(s, &drafted(s, books, "found", date, line)).ok()
}

fn confirmed(s: &Server, p: &Value, quantity: &str) -> Value {
    let lines = json!([{"product_id": p["id"], "quantity": quantity}]);
    let order = json!({"company_id": s.company_id(), "customer_id": customer(s, "Buyer")["id"], "lines": lines});
    let order = s.post("/v1/sales/orders", order).created();
    s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({"allow_backorder": true})).ok()
}

fn shipped(s: &Server, order: &Value, date: &str) -> Answer {
    s.act(&format!("/v1/sales/orders/{}/deliver", id(order)), order, json!({"ship": true, "delivery_date": date}))
}

fn sell(s: &Server, p: &Value, quantity: &str, date: &str) -> Value {
    shipped(s, &confirmed(s, p, quantity), date).ok()
}

fn authorised(s: &Server, delivery: &Value, quantity: &str) -> Value {
    let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": quantity}]);
    let back = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "lines": lines})).created();
    s.act(&format!("/v1/sales/returns/{}/authorize", id(&back)), &back, json!({})).ok()
}

fn received(s: &Server, back: &Value, body: Value) -> Answer {
    s.act(&format!("/v1/sales/returns/{}/receive", id(back)), back, body)
}

/// Quantity and value of a product at the end of a day.
pub fn on(s: &Server, p: &Value, day: &str) -> (String, String) {
    let report = s.get(&format!("/v1/inventory/valuation?company_id={}&as_of={day}&product_id={}", s.company_id(), id(p))).ok();
    match report["lines"].as_array().unwrap().first() {
        Some(l) => (l["quantity"].as_str().unwrap().into(), l["value"].as_str().unwrap().into()),
        None => ("0".into(), "0.00".into()),
    }
}

fn is(s: &Server, p: &Value, day: &str, quantity: &str, value: &str) {
    assert_eq!(on(s, p, day), (quantity.to_string(), value.to_string()), "on {day}");
}

fn close(s: &Server, month: &str, verb: &str) {
    let page = s.get(&format!("/v1/accounting/periods?company_id={}&start_date={month}", s.company_id())).ok();
    let period = page["data"][0].clone();
    s.act(&format!("/v1/accounting/periods/{}/{verb}", id(&period)), &period, json!({"classes": ["inventory"]})).ok();
}

fn allow_negative(s: &Server) {
    let path = format!("/v1/directory/companies/{}", s.company_id());
    s.patch(&path, &s.get(&path).ok(), json!({"negative_stock": "allow"})).ok();
}

fn balance(s: &Server, account: &str) -> Decimal {
    trial_balance(s, "2026-12-31").of(account)
}

each_engine! {
    fn a_count_is_compared_with_the_books_of_its_own_day_and_moves_since_are_kept(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        sell(s, &p, "3", TWENTY_AGO);
        let counted = drafted(s, &books, "count", THIRTY_AGO, json!({"product_id": p["id"], "counted_quantity": "9"}));
        assert_eq!(counted["counted_at"], Value::Null, "the end of that day");
        let counted = post(s, &counted).ok();
        assert_eq!((&counted["lines"][0]["quantity_delta"], &counted["total_value"]), (&json!("-1"), &json!("-4.00")));
        is(s, &p, THIRTY_AGO, "9", "36.00");
        is(s, &p, TODAY, "6", "24.00");
        verified(s);
    }

    fn goods_that_leave_between_a_count_and_its_posting_are_no_loss(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        let counted = drafted(s, &books, "count", TODAY, json!({"product_id": p["id"], "counted_quantity": "9"}));
        assert_eq!(counted["counted_at"], "2026-06-30T10:00:00Z");
        s.at("2026-06-30T11:00:00Z");
        sell(s, &p, "3", TODAY);
        s.at("2026-06-30T12:00:00Z");
        assert_eq!(post(s, &counted).ok()["lines"][0]["quantity_delta"], "-1");
        is(s, &p, TODAY, "6", "24.00");
        // written down afterwards, with the moment at which it was counted
        let body = json!({"reason": "count", "warehouse_id": books.warehouse["id"], "counted_at": "2026-06-30T10:30:00Z",
            "lines": [{"product_id": p["id"], "counted_quantity": "9"}]});
        let counted = s.post("/v1/inventory/adjustments", body.clone()).created();
        assert_eq!(post(s, &counted).ok()["lines"][0]["quantity_delta"], "0", "the piece that was missing at ten is booked already");
        is(s, &p, TODAY, "6", "24.00");
        let mut wrong = body.clone();
        wrong["counted_at"] = "2026-06-30T13:00:00Z".into();
        s.post("/v1/inventory/adjustments", wrong).problem(422, "invalid_body");
        let mut wrong = body;
        wrong["reason"] = "found".into();
        wrong["lines"] = json!([{"product_id": p["id"], "quantity_delta": "1"}]);
        s.post("/v1/inventory/adjustments", wrong).problem(422, "invalid_body");
        verified(s);
    }

    fn the_same_loss_counted_twice_is_booked_once(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        let count = |date: &str, quantity: &str| drafted(s, &books, "count", date, json!({"product_id": p["id"], "counted_quantity": quantity}));
        // two people count the same shelf before either count is posted
        let first = count(TODAY, "8");
        s.at("2026-06-30T10:30:00Z");
        let second = count(TODAY, "8");
        let third = count(TODAY, "7");
        s.at("2026-06-30T11:00:00Z");
        assert_eq!(post(s, &first).ok()["lines"][0]["quantity_delta"], "-2");
        assert_eq!(post(s, &second).ok()["lines"][0]["quantity_delta"], "0");
        is(s, &p, TODAY, "8", "32.00");
        assert_eq!(post(s, &third).ok()["lines"][0]["quantity_delta"], "-1", "counted at the same moment, and less was there");
        is(s, &p, TODAY, "7", "28.00");
        verified(s);
    }

    fn a_count_says_nothing_once_a_later_one_is_posted(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let (p, other) = (goods(Some("4"))(s), goods(Some("4"))(s));
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        gain(s, &books, &other, SIXTY_AGO, "10", "4");
        let count = |p: &Value, date: &str| drafted(s, &books, "count", date, json!({"product_id": p["id"], "counted_quantity": "8"}));
        let (earlier, elsewhere, early_today) = (count(&p, THIRTY_AGO), count(&other, THIRTY_AGO), count(&p, TODAY));
        s.at("2026-06-30T11:00:00Z");
        post(s, &count(&p, TODAY)).ok();
        for draft in [&earlier, &early_today] {
            let path = format!("/v1/inventory/adjustments/{}/post", id(draft));
            s.act(&format!("{path}?dry_run=true"), draft, json!({})).problem(409, "stock_adjustment.counted_since");
            post(s, draft).problem(409, "stock_adjustment.counted_since");
        }
        is(s, &p, TODAY, "8", "32.00");
        post(s, &elsewhere).ok();
        verified(s);
    }

    fn a_closed_period_takes_no_movement_even_without_value(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(None)(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "0");
        let early = sell(s, &p, "2", SIXTY_AGO);
        let (order, back) = (confirmed(s, &p, "1"), authorised(s, &early, "1"));
        close(s, "2026-05-01", "close");
        for (reason, line) in [
            ("found", json!({"product_id": p["id"], "quantity_delta": "9", "unit_cost": "0"})),
            ("scrap", json!({"product_id": p["id"], "quantity_delta": "-1"})),
            ("opening", json!({"product_id": p["id"], "quantity_delta": "1", "unit_cost": "0"})),
            ("count", json!({"product_id": p["id"], "counted_quantity": "8"})),
        ] {
            post(s, &drafted(s, &books, reason, THIRTY_AGO, line)).problem(409, "period.closed");
        }
        shipped(s, &order, THIRTY_AGO).problem(409, "period.closed");
        let planned = s.act(&format!("/v1/sales/orders/{}/deliver", id(&order)), &order, json!({"delivery_date": THIRTY_AGO})).ok();
        let ship = format!("/v1/sales/deliveries/{}/ship", id(&planned));
        s.act(&ship, &planned, json!({})).problem(409, "period.closed");
        for fit in [true, false] {
            let lines = json!([{"return_line_id": back["lines"][0]["id"], "quantity": "1", "resaleable": fit}]);
            received(s, &back, json!({"return_date": THIRTY_AGO, "lines": lines})).problem(409, "period.closed");
        }
        is(s, &p, THIRTY_AGO, "8", "0.00");
        s.act(&ship, &planned, json!({"delivery_date": TODAY})).ok();
        received(s, &back, json!({"return_date": TODAY})).ok();
        is(s, &p, TODAY, "8", "0.00");
        is(s, &p, THIRTY_AGO, "8", "0.00");
        verified(s);
    }

    fn goods_do_not_come_back_before_they_left(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        let delivery = sell(s, &p, "5", TWENTY_AGO);
        let line = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": "5"}]);
        let early = json!({"delivery_id": delivery["id"], "return_date": THIRTY_AGO, "lines": line});
        s.post("/v1/sales/returns", early).problem(422, "customer_return.before_delivery");
        let back = authorised(s, &delivery, "5");
        received(s, &back, json!({"return_date": THIRTY_AGO})).problem(422, "customer_return.before_delivery");
        received(s, &back, json!({"return_date": "2026-07-01"})).problem(422, "stock.date_in_future");
        received(s, &back, json!({"return_date": TWENTY_AGO})).ok();
        is(s, &p, THIRTY_AGO, "10", "40.00");
        is(s, &p, TODAY, "10", "40.00");
        verified(s);
    }

    fn goods_do_not_move_on_a_day_to_come(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        let planned = drafted(s, &books, "found", "2026-07-01", json!({"product_id": p["id"], "quantity_delta": "10"}));
        post(s, &planned).problem(422, "stock.date_in_future");
        let order = confirmed(s, &p, "10");
        assert_eq!(order["lines"][0]["quantity_reserved"], "0");
        shipped(s, &order, TODAY).problem(409, "delivery.not_enough_stock");
        shipped(s, &order, "2026-07-01").problem(422, "stock.date_in_future");
        s.at("2026-07-01T10:00:00Z");
        post(s, &planned).ok();
        shipped(s, &s.get(&format!("/v1/sales/orders/{}", id(&order))).ok(), "2026-07-01").ok();
        is(s, &p, "2026-07-01", "0", "0.00");
        verified(s);
    }

    fn a_delivery_before_a_dearer_receipt_goes_at_the_cost_of_its_day(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("10"))(s);
        gain(s, &books, &p, SIXTY_AGO, "1", "10");
        gain(s, &books, &p, TEN_AGO, "1", "1000");
        let delivery = sell(s, &p, "1", THIRTY_AGO);
        assert_eq!(delivery["cost_total"], "10.00");
        is(s, &p, THIRTY_AGO, "0", "0.00");
        is(s, &p, TODAY, "1", "1000.00");
        verified(s);
    }

    fn a_receipt_dated_before_a_delivery_costs_it_anew(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("10"))(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "10");
        let sold = balance(s, "5010");
        let delivery = sell(s, &p, "5", TWENTY_AGO);
        let lost = post(s, &drafted(s, &books, "scrap", TEN_AGO, json!({"product_id": p["id"], "quantity_delta": "-1"}))).ok();
        let scrap = balance(s, "5210");
        assert_eq!((&delivery["cost_total"], &lost["total_value"]), (&json!("50.00"), &json!("-10.00")));
        gain(s, &books, &p, THIRTY_AGO, "10", "20");
        // (100 + 200) ÷ 20 = 15
        let delivery = s.get(&format!("/v1/sales/deliveries/{}", id(&delivery))).ok();
        assert_eq!((&delivery["cost_total"], &delivery["lines"][0]["unit_cost"]), (&json!("75.00"), &json!("15.00")));
        let lost = s.get(&format!("/v1/inventory/adjustments/{}", id(&lost))).ok();
        assert_eq!((&lost["total_value"], &lost["lines"][0]["value"]), (&json!("-15.00"), &json!("-15.00")));
        assert_eq!((balance(s, "5010") - sold, balance(s, "5210") - scrap), (75.into(), 5.into()));
        is(s, &p, THIRTY_AGO, "20", "300.00");
        is(s, &p, TWENTY_AGO, "15", "225.00");
        is(s, &p, TODAY, "14", "210.00");
        let entries = s.all(&format!("/v1/inventory/value-entries?product_id={}&kind=correction", id(&p)));
        assert_eq!(entries.len(), 2);
        assert_eq!((&entries[0]["amount"], &entries[0]["entry_date"], &entries[0]["quantity"]), (&json!("-25.00"), &json!(TWENTY_AGO), &json!("0")));
        // what came back of it follows, too
        let back = received(s, &authorised(s, &delivery, "2"), json!({"return_date": TEN_AGO})).ok();
        assert_eq!(back["cost_total"], "30.00");
        gain(s, &books, &p, THIRTY_AGO, "10", "30");
        let back = s.get(&format!("/v1/sales/returns/{}", id(&back))).ok();
        let delivery = s.get(&format!("/v1/sales/deliveries/{}", id(&delivery))).ok();
        assert_eq!((&back["cost_total"], &delivery["cost_total"], &delivery["lines"][0]["cost_returned"]), (&json!("40.00"), &json!("100.00"), &json!("40.00")));
        verified(s);
    }

    fn what_was_sold_in_a_closed_period_is_corrected_in_the_first_open_one(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("10"))(s);
        gain(s, &books, &p, "2026-04-01", "10", "10");
        sell(s, &p, "5", "2026-05-20");
        close(s, "2026-05-01", "close");
        let may = on(s, &p, THIRTY_AGO);
        gain(s, &books, &p, "2026-04-30", "10", "20");
        let entries = s.all(&format!("/v1/inventory/value-entries?product_id={}&kind=correction", id(&p)));
        assert_eq!((entries.len(), &entries[0]["entry_date"], &entries[0]["valuation_date"]), (1, &json!("2026-06-01"), &json!("2026-05-20")));
        assert_eq!((&entries[0]["amount"], may), (&json!("-25.00"), ("5".into(), "50.00".into())));
        is(s, &p, THIRTY_AGO, "15", "250.00");
        is(s, &p, "2026-06-01", "15", "225.00");
        verified(s);
    }

    fn goods_sold_below_zero_come_back_at_the_cost_found_out_since(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        allow_negative(s);
        for (expected, guess) in [(Some("10"), "10.00"), (None, "0.00")] {
            let p = goods(expected)(s);
            let before = balance(s, "5010");
            let delivery = sell(s, &p, "1", TWENTY_AGO);
            assert_eq!(delivery["cost_total"], guess);
            gain(s, &books, &p, TEN_AGO, "2", "20");
            let now = s.get(&format!("/v1/sales/deliveries/{}", id(&delivery))).ok();
            assert_eq!((&now["cost_total"], balance(s, "5010") - before), (&json!("20.00"), 20.into()));
            let back = received(s, &authorised(s, &now, "1"), json!({})).ok();
            assert_eq!((&back["cost_total"], balance(s, "5010") - before), (&json!("20.00"), 0.into()));
            is(s, &p, TODAY, "2", "40.00");
        }
        verified(s);
    }

    fn scrap_of_a_return_costs_what_is_found_out_since(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        allow_negative(s);
        let p = goods(Some("10"))(s);
        let (sold, scrap) = (balance(s, "5010"), balance(s, "5210"));
        let delivery = sell(s, &p, "1", TWENTY_AGO);
        let back = authorised(s, &delivery, "1");
        let lines = json!([{"return_line_id": back["lines"][0]["id"], "quantity": "1", "resaleable": false}]);
        received(s, &back, json!({"lines": lines})).ok();
        gain(s, &books, &p, TODAY, "2", "20");
        assert_eq!((balance(s, "5010") - sold, balance(s, "5210") - scrap), (0.into(), 20.into()));
        is(s, &p, TODAY, "1", "20.00");
        verified(s);
    }

    fn value_goes_with_its_product_to_another_inventory_account(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        let (merchandise, finished) = (balance(s, "1230"), balance(s, "1220"));
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        let path = format!("/v1/directory/products/{}", id(&p));
        s.patch(&path, &p, json!({"posting_class": "finished_goods"})).ok();
        let change = || (balance(s, "1230") - merchandise, balance(s, "1220") - finished);
        assert_eq!(change(), (40.into(), 0.into()), "where it was booked");
        verified(s);
        sell(s, &p, "4", TEN_AGO);
        assert_eq!(change(), (0.into(), 24.into()));
        // something dated before that is booked where the value stood then, and goes along
        gain(s, &books, &p, THIRTY_AGO, "10", "10");
        assert_eq!((change().0, trial_balance(s, THIRTY_AGO).of("1220")), (0.into(), finished));
        verified(s);
        sell(s, &p, "16", TODAY);
        assert_eq!(change(), (0.into(), 0.into()));
        is(s, &p, TODAY, "0", "0.00");
        verified(s);
    }

    fn a_second_inventory_account_by_rule_is_as_good_as_the_first(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        let first = balance(s, "1230");
        let account = json!({"company_id": s.company_id(), "code": "1235", "name": "Goods in the new hall", "account_type": "asset"});
        let account = s.post("/v1/accounting/accounts", account).created();
        let rule = json!({"company_id": s.company_id(), "role": "inventory", "item_class": "merchandise", "account_id": account["id"],
            "valid_from_date": TWENTY_AGO});
        s.post("/v1/accounting/account-determinations", rule).created();
        verified(s);
        sell(s, &p, "4", TEN_AGO);
        assert_eq!((balance(s, "1235"), balance(s, "1230") - first), (24.into(), (-40).into()));
        verified(s);
        sell(s, &p, "6", TODAY);
        assert_eq!(balance(s, "1235"), 0.into());
        verified(s);
    }

    fn what_disagrees_on_a_past_day_is_named(s) {
        s.at(NOW);
        let books = ready_to_sell(s);
        let p = goods(Some("4"))(s);
        gain(s, &books, &p, SIXTY_AGO, "10", "4");
        let delivery = sell(s, &p, "4", TEN_AGO);
        verified(s);
        let named = |what: &str, whom: &str| {
            let found = crate::platform::broken(s);
            let breaks = found.iter().find(|(name, _)| name == what).unwrap_or_else(|| panic!("{what} is not among {found:?}"));
            assert!(breaks.1.contains(whom), "{breaks:?}");
        };
        let tamper = |table: &str, there: &str, back: &str, what: &str, whom: &str| {
            crate::platform::tamper(s, table, &[there]);
            named(what, whom);
            crate::platform::tamper(s, table, &[back]);
            verified(s);
        };
        let day = |table: &str, column: &str, from: &str, to: &str| format!("UPDATE {table} SET {column} = '{to}' WHERE {column} = '{from}'");
        let moved = [day("stock_moves", "move_date", SIXTY_AGO, "2026-05-02"), day("stock_moves", "move_date", "2026-05-02", SIXTY_AGO)];
        tamper("stock_moves", &moved[0], &moved[1], "stock_days", id(&p));
        let valued = [day("value_entries", "entry_date", TEN_AGO, "2026-06-21"), day("value_entries", "entry_date", "2026-06-21", TEN_AGO)];
        tamper("value_entries", &valued[0], &valued[1], "stock_value", TEN_AGO);
        tamper("deliveries", "UPDATE deliveries SET cost_total = cost_total + 1", "UPDATE deliveries SET cost_total = cost_total - 1", "delivery_costs", id(&delivery));
        let order = delivery["order_id"].as_str().unwrap();
        tamper("sales_orders", "UPDATE sales_orders SET total = total + 1", "UPDATE sales_orders SET total = total - 1", "order_totals", order);
        tamper(
            "stock_adjustments",
            "UPDATE stock_adjustments SET total_value = total_value + 1",
            "UPDATE stock_adjustments SET total_value = total_value - 1",
            "stock_adjustments",
            "adj_",
        );
        tamper(
            "sales_order_lines",
            "UPDATE sales_order_lines SET quantity_invoiced = quantity_invoiced + 1",
            "UPDATE sales_order_lines SET quantity_invoiced = quantity_invoiced - 1",
            "order_billing",
            "sol_",
        );
        assert_eq!(money(&delivery["cost_total"]), 16.into());
    }
}
