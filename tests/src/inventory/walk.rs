//! Random movements, most of them dated in the past: whatever is refused and whatever is taken, no past day may end with a
//! quantity or a value that cannot be.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::back_dating::{drafted, gain, post};
use crate::fixtures::{Books, Dice, customer, id, money, product, ready_to_sell, unique, verified};
use crate::harness::Server;

const STEPS: usize = 40;

struct Walk<'a> {
    s: &'a Server,
    books: Books,
    buyer: Value,
    goods: Vec<Value>,
    shipped: Vec<Value>,
    dice: Dice,
    log: Vec<String>,
}

impl Walk<'_> {
    fn step(&mut self) {
        let p = self.goods[self.dice.below(self.goods.len() as u64) as usize].clone();
        let (day, quantity) = (format!("2026-06-{:02}", 1 + self.dice.below(20)), (1 + self.dice.below(6)).to_string());
        let status = match self.dice.below(6) {
            0 | 1 => {
                let cost = format!("{}.{:02}", 1 + self.dice.below(40), self.dice.below(100));
                gain(self.s, &self.books, &p, &day, &quantity, &cost);
                200
            }
            2 | 3 => self.sell(&p, &day, &quantity),
            4 => {
                let line = json!({"product_id": p["id"], "counted_quantity": (self.dice.below(8)).to_string()});
                post(self.s, &drafted(self.s, &self.books, "count", &day, line)).status
            }
            _ => self.take_back(&day),
        };
        self.log.push(format!("{status} on {day}: {quantity} of {}", p["sku"]));
    }

    fn sell(&mut self, p: &Value, day: &str, quantity: &str) -> u16 {
        let s = self.s;
        let lines = json!([{"product_id": p["id"], "quantity": quantity}]);
        let order =
            s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": self.buyer["id"], "lines": lines})).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        let order = s.act(&format!("{path}/confirm"), &order, json!({"allow_backorder": true})).ok();
        let answer = s.act(&format!("{path}/deliver"), &order, json!({"ship": true, "delivery_date": day}));
        if answer.status != 200 {
            let order = s.get(&path).ok();
            s.act(&format!("{path}/cancel"), &order, json!({})).ok();
            return answer.status;
        }
        self.shipped.push(answer.ok());
        200
    }

    fn take_back(&mut self, day: &str) -> u16 {
        let s = self.s;
        let Some(delivery) = self.shipped.pop() else { return 0 };
        let of = &delivery["lines"][0];
        let lines = json!([{"delivery_line_id": of["id"], "quantity": "1"}]);
        let made = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "lines": lines}));
        if made.status != 201 {
            return made.status;
        }
        let back = made.created();
        let back = s.act(&format!("/v1/sales/returns/{}/authorize", id(&back)), &back, json!({})).ok();
        let fit = self.dice.below(3) > 0;
        let lines = json!([{"return_line_id": back["lines"][0]["id"], "quantity": "1", "resaleable": fit}]);
        let answer = s.act(&format!("/v1/sales/returns/{}/receive", id(&back)), &back, json!({"return_date": day, "lines": lines}));
        answer.status
    }

    /// Each day of each product, by the value ledger.
    fn check(&self, seed: u64, refuses: bool) {
        let story = || format!("seed {seed}\n{}", self.log.join("\n"));
        for p in &self.goods {
            let mut days: BTreeMap<String, (Decimal, Decimal)> = BTreeMap::new();
            for e in self.s.all(&format!("/v1/inventory/value-entries?product_id={}", id(p))) {
                let day = days.entry(e["entry_date"].as_str().unwrap().to_string()).or_default();
                day.0 += money(&e["quantity"]);
                day.1 += money(&e["amount"]);
            }
            let mut sum = (Decimal::ZERO, Decimal::ZERO);
            for (day, moved) in days {
                sum = (sum.0 + moved.0, sum.1 + moved.1);
                assert!(!refuses || !sum.0.is_sign_negative() || sum.0.is_zero(), "{day}: {} of {}\n{}", sum.0, p["sku"], story());
                assert!(!sum.0.is_zero() || sum.1.is_zero(), "{day}: nothing of {} is worth {}\n{}", p["sku"], sum.1, story());
            }
        }
        let report = self.s.get("/v1/platform/integrity").ok();
        assert_eq!(report["passed"], true, "{}\n{report:#}", story());
    }
}

fn walk(s: &Server, seed: u64, refuses: bool) {
    s.at("2026-06-30T10:00:00Z");
    let books = ready_to_sell(s);
    if !refuses {
        let path = format!("/v1/directory/companies/{}", s.company_id());
        s.patch(&path, &s.get(&path).ok(), json!({"negative_stock": "allow"})).ok();
    }
    let goods = (0..2).map(|_| product(s, &format!("W{}", unique()), "20.00", Some("7.00"))).collect();
    let buyer = customer(s, "Walker");
    let mut walk = Walk { s, books, buyer, goods, shipped: Vec::new(), dice: Dice::new(seed), log: Vec::new() };
    for step in 1..=STEPS {
        walk.step();
        if step % 10 == 0 {
            walk.check(seed, refuses);
        }
    }
    verified(s);
}

each_engine! {
    fn no_past_day_is_impossible_where_stock_must_not_be_negative(s) {
        walk(s, 20_260_630, true);
    }

    fn no_past_day_has_value_without_goods_where_stock_may_be_negative(s) {
        walk(s, 7, false);
    }
}
