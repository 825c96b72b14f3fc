//! Budgets that hold growth: how many SQL statements an operation takes inside its transaction. They may only fall.

use serde_json::{Value, json};

use crate::fixtures::{customer, id, ready_to_sell};
use crate::harness::Server;

/// The statements of the last run of an operation.
fn statements(s: &Server, op: &str) -> u64 {
    s.running().app.statements.lock().get(op).copied().unwrap_or_else(|| panic!("{op} was not run"))
}

/// Operation and budget.
const ORDER_TO_CASH: [(&str, u64); 4] =
    [("confirm_sales_order", 22), ("deliver_sales_order", 40), ("post_invoice", 30), ("post_payment", 32)];

each_engine! {
    fn an_order_to_cash_stays_within_its_statements(s) {
        let books = ready_to_sell(s);
        let party = customer(s, "Beans");
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "2"}]});
        let order = s.post("/v1/sales/orders", body).created();
        let path = format!("/v1/sales/orders/{}", id(&order));
        s.act(&format!("{path}/confirm"), &order, json!({})).ok();
        s.act(&format!("{path}/deliver"), &s.get(&path).ok(), json!({"ship": true})).expect(200);
        let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
        let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        let mut pay: Value = books.payment(&party, &invoice["total"]);
        pay["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
        let pay = s.post("/v1/banking/payments", pay).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&pay)), &pay, json!({})).ok();
        let counted = ORDER_TO_CASH.map(|(op, _)| (op, statements(s, op)));
        eprintln!("{:?}: {counted:?}", s.engine);
        for ((op, took), (_, budget)) in counted.into_iter().zip(ORDER_TO_CASH) {
            assert!(took <= budget, "{op} takes {took} statements, its budget is {budget}");
        }
    }
}
