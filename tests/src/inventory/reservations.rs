//! Promises of stock.

use serde_json::{Value, json};

use crate::fixtures::{id, opening_stock, product, ready_to_sell, unique};
use crate::harness::Server;

fn figures(s: &Server, product: &Value) -> (String, String, String) {
    let line = &s.get(&format!("/v1/inventory/availability?product_ids={}", id(product))).ok()["lines"][0];
    let text = |f: &str| line[f].as_str().unwrap().to_string();
    (text("on_hand"), text("reserved"), text("available"))
}

each_engine! {
    fn sixty_four_buyers_get_exactly_the_twenty_pieces_there_are(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("RARE{}", unique()), "9.00", Some("4.00"));
        opening_stock(s, &books.warehouse, &[(&p, "20", "4")]);
        let body = json!({"product_id": p["id"], "warehouse_id": books.warehouse["id"], "quantity": "1"});
        let answers = s.parallel(64, |_, c| c.post("/v1/inventory/reservations", body.clone()).status);
        let count = |status: u16| answers.iter().filter(|a| **a == status).count();
        assert_eq!((count(201), count(409)), (20, 44), "{answers:?}");
        assert_eq!(figures(s, &p), ("20".into(), "20".into(), "0".into()));
        books.verified(s);
    }

    fn sixty_four_orders_for_twenty_pieces_sell_exactly_twenty(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("RARE{}", unique()), "9.00", Some("4.00"));
        let q = product(s, &format!("MUCH{}", unique()), "9.00", Some("4.00"));
        opening_stock(s, &books.warehouse, &[(&p, "20", "4"), (&q, "1000", "4")]);
        let customer = crate::fixtures::customer(s, "Crowd");
        let orders = s.parallel(16, |i, c| -> Vec<Value> {
            (0..4).map(|j| {
                // half of them name the products the other way round: no deadlock, no lost piece
                let mut lines = vec![json!({"product_id": p["id"], "quantity": "1"}), json!({"product_id": q["id"], "quantity": "2"})];
                if (i + j) % 2 == 0 { lines.reverse(); }
                c.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": customer["id"], "lines": lines})).created()
            }).collect()
        });
        let orders: Vec<Value> = orders.into_iter().flatten().collect();
        let answers = s.parallel(64, |i, c| {
            let a = c.act(&format!("/v1/sales/orders/{}/confirm", id(&orders[i])), &orders[i], json!({}));
            (a.status, a.json()["code"].as_str().map(String::from))
        });
        assert_eq!(answers.iter().filter(|a| a.0 == 200).count(), 20, "{answers:?}");
        assert!(answers.iter().all(|a| a.0 == 200 || a.1.as_deref() == Some("sales_order.not_enough_stock")), "{answers:?}");
        assert_eq!(figures(s, &p), ("20".into(), "20".into(), "0".into()));
        assert_eq!(figures(s, &q), ("1000".into(), "40".into(), "960".into()));
        books.verified(s);
    }

    fn a_reservation_is_made_and_ended_and_a_soft_one_holds_nothing_back(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        opening_stock(s, &books.warehouse, &[(&p, "5", "4")]);
        let body = |kind: &str, quantity: &str| json!({"kind": kind, "product_id": p["id"], "warehouse_id": books.warehouse["id"], "quantity": quantity});
        let held = s.post("/v1/inventory/reservations", body("hard", "4")).created();
        let wish = s.post("/v1/inventory/reservations", body("soft", "9")).created();
        assert_eq!(figures(s, &p), ("5".into(), "4".into(), "1".into()));
        s.post("/v1/inventory/reservations", body("hard", "2")).problem(409, "stock.not_enough");
        s.post("/v1/inventory/reservations", body("hard", "0")).problem(422, "reservation.quantity_not_positive");
        s.delete(&format!("/v1/inventory/reservations/{}", id(&held)), &held).no_content();
        s.delete(&format!("/v1/inventory/reservations/{}", id(&wish)), &wish).no_content();
        assert_eq!(figures(s, &p), ("5".into(), "0".into(), "5".into()));
        books.verified(s);
    }

    fn the_reservation_of_an_order_ends_with_the_order(s) {
        let books = ready_to_sell(s);
        let p = product(s, &format!("P{}", unique()), "9.00", Some("4.00"));
        opening_stock(s, &books.warehouse, &[(&p, "5", "4")]);
        let customer = crate::fixtures::customer(s, "Holder");
        let order = json!({"company_id": s.company_id(), "customer_id": customer["id"], "lines": [{"product_id": p["id"], "quantity": "3"}]});
        let order = s.post("/v1/sales/orders", order).created();
        s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok();
        let held = s.all(&format!("/v1/inventory/reservations?order_id={}", id(&order)));
        assert_eq!((held.len(), &held[0]["quantity"]), (1, &json!("3")));
        s.delete(&format!("/v1/inventory/reservations/{}", id(&held[0])), &held[0]).problem(409, "reservation.belongs_to_order");
    }
}
