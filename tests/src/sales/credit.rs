//! The credit check at confirmation.

use serde_json::{Value, json};

use super::{draft, goods, invoiced, path, shipped};
use crate::fixtures::{id, money, ready_to_sell, user_with};
use crate::harness::Server;

fn limited(s: &Server, limit: &str) -> Value {
    let terms = json!({"credit_limit": limit, "currency": "EUR"});
    s.post("/v1/directory/parties", json!({"name": "On credit", "is_customer": true, "customer_terms": terms})).created()
}

each_engine! {
    fn orders_shipments_and_invoices_count_against_the_limit(s) {
        let books = ready_to_sell(s);
        let p = goods(s, &books.warehouse, "100");
        let buyer = limited(s, "100000");
        let first = draft(s, &buyer, &[(&p, "10")]);
        let total = money(&first["total"]);
        let path_of = format!("/v1/directory/parties/{}", id(&buyer));
        let party = s.get(&path_of).ok();
        s.patch(&path_of, &party, json!({"customer_terms": {"credit_limit": (total + total).to_string()}})).ok();
        let first = s.act(&format!("{}/confirm", path(&first)), &first, json!({})).ok();
        assert_eq!(first["credit_status"], "passed");
        let exposure = |s: &Server| s.get(&format!("/v1/sales/credit-exposure?company_id={}&customer_id={}", s.company_id(), id(&buyer))).ok();
        assert_eq!((money(&exposure(s)["open_orders"]), money(&exposure(s)["exposure"])), (total, total));
        shipped(s, &first);
        assert_eq!((money(&exposure(s)["unbilled_shipments"]), money(&exposure(s)["open_orders"])), (total, 0.into()));
        invoiced(s, &first);
        assert_eq!((money(&exposure(s)["open_receivables"]), money(&exposure(s)["unbilled_shipments"])), (total, 0.into()));
        let second = draft(s, &buyer, &[(&p, "10")]);
        s.act(&format!("{}/confirm", path(&second)), &second, json!({})).ok();
        let third = draft(s, &buyer, &[(&p, "1")]);
        let refused = s.act(&format!("{}/confirm", path(&third)), &third, json!({})).problem(409, "sales_order.over_credit_limit");
        assert!(refused["detail"].as_str().unwrap().contains("open orders"), "{refused}");
        let seller = user_with(s, &["*.*.read", "sales.orders.confirm"], &[s.company_id()]);
        seller.act(&format!("{}/confirm", path(&third)), &third, json!({"override_credit": true})).problem(403, "missing_scope");
        let third = s.act(&format!("{}/confirm", path(&third)), &third, json!({"override_credit": true})).ok();
        assert_eq!(third["credit_status"], "overridden");
        let company_path = format!("/v1/directory/companies/{}", s.company_id());
        let company = s.get(&company_path).ok();
        s.patch(&company_path, &company, json!({"credit_policy": "warn"})).ok();
        let fourth = draft(s, &buyer, &[(&p, "1")]);
        let fourth = s.act(&format!("{}/confirm", path(&fourth)), &fourth, json!({})).ok();
        assert_eq!(fourth["credit_status"], "warned");
    }

    fn two_orders_at_once_cannot_both_use_the_same_credit(s) {
        let books = ready_to_sell(s);
        let p = goods(s, &books.warehouse, "100");
        let buyer = limited(s, "100000");
        let orders: Vec<Value> = (0..8).map(|_| draft(s, &buyer, &[(&p, "1")])).collect();
        let total = money(&orders[0]["total"]);
        let path_of = format!("/v1/directory/parties/{}", id(&buyer));
        let party = s.get(&path_of).ok();
        s.patch(&path_of, &party, json!({"customer_terms": {"credit_limit": (total * rust_decimal::Decimal::from(3)).to_string()}})).ok();
        let answers = s.parallel(8, |i, c| c.act(&format!("{}/confirm", path(&orders[i])), &orders[i], json!({})).status);
        assert_eq!(answers.iter().filter(|a| **a == 200).count(), 3, "{answers:?}");
    }

    fn a_blocked_customer_orders_nothing(s) {
        let books = ready_to_sell(s);
        let buyer = limited(s, "1000");
        let order = draft(s, &buyer, &[(&books.product("BEANS"), "1")]);
        let party_path = format!("/v1/directory/parties/{}", id(&buyer));
        let party = s.get(&party_path).ok();
        let party = s.patch(&party_path, &party, json!({"customer_terms": {"blocked": "ship"}})).ok();
        let confirmed = s.act(&format!("{}/confirm", path(&order)), &order, json!({})).ok();
        s.act(&format!("{}/deliver", path(&order)), &confirmed, json!({"ship": true})).problem(409, "party.blocked");
        s.patch(&party_path, &party, json!({"customer_terms": {"blocked": "all"}})).ok();
        let more = json!({"company_id": s.company_id(), "customer_id": buyer["id"], "lines": []});
        s.post("/v1/sales/orders", more).problem(409, "party.blocked");
    }
}
