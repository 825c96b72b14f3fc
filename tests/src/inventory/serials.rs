//! Serial numbers: which piece went to whom, whether it came back, and the case about it.

use serde_json::{Value, json};

use crate::fixtures::{Books, customer, id, ready_to_sell, user_with, verified};
use crate::harness::Server;

const DELIVERIES: &str = "/v1/sales/deliveries";

/// The machine, tracked from now on.
fn machine(s: &Server, books: &Books) -> Value {
    let machine = books.product("MACHINE");
    s.patch(&format!("/v1/directory/products/{}", id(&machine)), &machine, json!({"tracking": "serial"})).ok()
}

/// A confirmed order of so many pieces.
fn ordered(s: &Server, buyer: &Value, product: &Value, quantity: &str) -> Value {
    let lines = json!([{"product_id": product["id"], "quantity": quantity}]);
    let order = s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": lines})).created();
    s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).ok()
}

/// A draft delivery of everything on an order.
fn drafted(s: &Server, order: &Value) -> Value {
    s.act(&format!("/v1/sales/orders/{}/deliver", id(order)), order, json!({})).ok()
}

/// Writes numbers down for the only line.
fn record(s: &Server, delivery: &Value, numbers: Value) -> crate::harness::Answer {
    let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "serial_numbers": numbers}]);
    s.act(&format!("{DELIVERIES}/{}/record-serials", id(delivery)), delivery, json!({"lines": lines}))
}

fn ship(s: &Server, delivery: &Value) -> crate::harness::Answer {
    s.act(&format!("{DELIVERIES}/{}/ship", id(delivery)), delivery, json!({}))
}

/// Pieces with these numbers on their way to a buyer.
fn shipped(s: &Server, buyer: &Value, product: &Value, numbers: &[&str]) -> Value {
    let draft = drafted(s, &ordered(s, buyer, product, &numbers.len().to_string()));
    ship(s, &record(s, &draft, json!(numbers)).ok()).ok()
}

fn serials(s: &Server, query: &str) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap().to_string();
    s.all(&format!("/v1/inventory/serials?{query}")).iter().map(|r| (text(&r["number"]), text(&r["status"]))).collect()
}

/// A return of everything on a delivery, ready to come in.
fn coming_back(s: &Server, delivery: &Value) -> Value {
    let line = &delivery["lines"][0];
    let body = json!({"delivery_id": delivery["id"], "lines": [{"delivery_line_id": line["id"], "quantity": line["quantity"]}]});
    let back = s.post("/v1/sales/returns", body).created();
    s.act(&format!("/v1/sales/returns/{}/authorize", id(&back)), &back, json!({})).ok()
}

fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(n, s)| (n.to_string(), s.to_string())).collect()
}

each_engine! {
    fn a_piece_goes_out_comes_back_and_goes_out_again(s) {
        let books = ready_to_sell(s);
        let (product, ana, otto) = (machine(s, &books), customer(s, "Ana"), customer(s, "Otto"));
        let delivery = shipped(s, &ana, &product, &[" EM-1 ", "EM-2"]);
        assert_eq!(delivery["lines"][0]["serial_numbers"], json!(["EM-1", "EM-2"]));
        assert_eq!(serials(s, &format!("customer_id={}&sort=number", id(&ana))), of(&[("EM-1", "shipped"), ("EM-2", "shipped")]));
        let piece = s.all("/v1/inventory/serials?number=EM-1&expand=product,customer,delivery")[0].clone();
        assert_eq!((&piece["product"]["sku"], &piece["customer"]["name"], &piece["delivery"]["id"]), (&json!("MACHINE"), &json!("Ana"), &delivery["id"]));
        assert_eq!((&piece["shipped_at"], &piece["returned_at"]), (&json!("2026-01-02T09:00:00Z"), &Value::Null));
        // a piece that is out cannot go out
        let draft = drafted(s, &ordered(s, &otto, &product, "1"));
        let draft = record(s, &draft, json!(["EM-1"])).ok();
        ship(s, &draft).problem(409, "serial.with_a_customer");
        s.at("2026-02-02T09:00:00Z");
        let back = coming_back(s, &delivery);
        let path = format!("/v1/sales/returns/{}/receive", id(&back));
        let line = |numbers: Value, quantity: &str| json!({"lines": [{"return_line_id": back["lines"][0]["id"], "quantity": quantity, "serial_numbers": numbers}]});
        s.act(&path, &back, line(json!(["EM-9"]), "1")).problem(422, "serial.wrong_numbers");
        s.act(&path, &back, line(json!(["EM-1", "EM-1"]), "2")).problem(422, "serial.wrong_numbers");
        s.act(&path, &back, line(json!([]), "1")).problem(409, "serial.numbers_missing");
        s.act(&path, &back, line(json!(["EM-1"]), "1")).ok();
        assert_eq!(serials(s, "sort=number"), of(&[("EM-1", "returned"), ("EM-2", "shipped")]));
        ship(s, &draft).ok();
        let again = s.get(&format!("/v1/inventory/serials/{}", id(&piece))).ok();
        assert_eq!((&again["customer_id"], &again["status"], &again["shipped_at"], &again["returned_at"]), (&otto["id"], &json!("shipped"), &json!("2026-02-02T09:00:00Z"), &Value::Null));
        // the rest comes back without being named
        let now = s.get(&format!("/v1/sales/returns/{}", id(&back))).ok();
        s.act(&path, &now, json!({})).ok();
        assert_eq!(serials(s, "number=EM-2"), of(&[("EM-2", "returned")]));
        let told: Vec<Value> = s.all(&format!("/v1/platform/events?subject={}", id(&piece))).iter().map(|e| e["kind"].clone()).collect();
        assert_eq!(told, ["serial.shipped", "serial.returned", "serial.shipped"]);
        verified(s);
    }

    fn numbers_that_do_not_fit_are_refused(s) {
        let books = ready_to_sell(s);
        let (product, ana) = (machine(s, &books), customer(s, "Ana"));
        let order = ordered(s, &ana, &product, "2");
        s.act(&format!("/v1/sales/orders/{}/deliver", id(&order)), &order, json!({"ship": true})).problem(409, "serial.numbers_missing");
        let draft = drafted(s, &order);
        for numbers in [json!(["A", "A"]), json!(["A", "B", "C"]), json!([" "])] {
            record(s, &draft, numbers).problem(422, "serial.wrong_numbers");
        }
        let half = record(s, &draft, json!(["A"])).ok();
        ship(s, &half).problem(409, "serial.numbers_missing");
        ship(s, &record(s, &half, json!(["A", "B"])).ok()).ok();
        let beans = drafted(s, &ordered(s, &ana, &books.product("BEANS"), "1"));
        record(s, &beans, json!(["X"])).problem(422, "serial.wrong_numbers");
        ship(s, &beans).ok();
        let given = ordered(s, &ana, &product, "1");
        let body = |numbers: Value| json!({"order_id": given["id"], "lines": [{"order_line_id": given["lines"][0]["id"], "quantity": "1", "serial_numbers": numbers}]});
        s.post(DELIVERIES, body(json!(["C", "D"]))).problem(422, "serial.wrong_numbers");
        let made = s.post(DELIVERIES, body(json!(["C"]))).created();
        let shipped = ship(s, &made).ok();
        record(s, &shipped, json!(["E"])).problem(409, "delivery.not_a_draft");
        let visit = books.product("VISIT");
        s.patch(&format!("/v1/directory/products/{}", id(&visit)), &visit, json!({"tracking": "serial"})).problem(422, "product.wrong_tracking");
        verified(s);
    }

    fn a_case_names_a_piece_that_its_customer_got(s) {
        let books = ready_to_sell(s);
        let (product, ana, otto) = (machine(s, &books), customer(s, "Ana"), customer(s, "Otto"));
        shipped(s, &ana, &product, &["EM-1"]);
        let case = |party: &Value, number: &str| json!({"company_id": s.company_id(), "subject": "Leaks", "party_id": party["id"], "product_id": product["id"], "serial_number": number});
        s.post("/v1/service/cases", case(&otto, "EM-1")).problem(422, "case.unknown_serial");
        s.post("/v1/service/cases", case(&ana, "EM-7")).problem(422, "case.unknown_serial");
        let made = s.post("/v1/service/cases", case(&ana, "EM-1")).created();
        let path = format!("/v1/service/cases/{}", id(&made));
        s.patch(&path, &made, json!({"serial_number": "EM-7"})).problem(422, "case.unknown_serial");
        let context = s.get(&format!("{path}/context")).ok();
        assert_eq!((&context["serials"]["with_customer_count"], &context["serials"]["latest_serials"][0]["number"]), (&json!(1), &json!("EM-1")));
        assert_eq!(context["serials"]["latest_serials"][0]["shipped_at"], "2026-01-02T09:00:00Z");
        assert_eq!(s.all(context["links"]["serials"].as_str().unwrap()).len(), 1);
        // of a product whose pieces are not told apart the number is what somebody read off
        let beans = json!({"company_id": s.company_id(), "subject": "Wet", "party_id": ana["id"], "product_id": books.product("BEANS")["id"], "serial_number": "LOT 5"});
        s.post("/v1/service/cases", beans).created();
        let clerk = user_with(s, &["service.cases.read"], &[s.company_id()]);
        let partly = clerk.get(&format!("{path}/context")).ok();
        assert!(partly["serials"].is_null() && partly["withheld"].as_array().unwrap().contains(&json!("serials")), "{partly}");
        user_with(s, &["inventory.*"], &[]).get("/v1/inventory/serials").expect(200);
    }

    fn pieces_follow_a_merge_of_customers(s) {
        let books = ready_to_sell(s);
        let (product, ana, otto) = (machine(s, &books), customer(s, "Ana"), customer(s, "Otto"));
        shipped(s, &ana, &product, &["EM-1"]);
        s.act(&format!("/v1/directory/parties/{}/merge", id(&otto)), &otto, json!({"source_id": ana["id"]})).ok();
        assert_eq!(serials(s, &format!("customer_id={}", id(&otto))), of(&[("EM-1", "shipped")]));
    }
}
