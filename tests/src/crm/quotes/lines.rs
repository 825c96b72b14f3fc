//! Lines of a quote have endpoints of their own and the version of their quote.

use serde_json::{Value, json};

use super::quote;
use crate::crm::common::{act, at};
use crate::fixtures::{customer, id, money, ready_to_sell};

each_engine! {
    fn lines_come_change_and_go_with_their_quote(s) {
        let books = ready_to_sell(s);
        let q = quote(s, &customer(s, "Alfreds"), json!({}));
        let lines = format!("{}/lines", at("quotes", &q));
        let beans = json!({"product_id": books.product("BEANS")["id"], "quantity": "2"});
        let made = s.post(&lines, beans).created();
        assert_eq!((&made["position"], &made["unit_price"], &made["version"]), (&json!(2), &json!("15.00"), &json!(2)));
        let path = format!("{lines}/{}", id(&made));
        assert_eq!(s.get(&path).ok(), made);
        let changed = s.patch(&path, &made, json!({"quantity": "4", "discount_percent": "50"})).ok();
        assert_eq!((money(&changed["line_amount"]), &changed["version"]), (30.into(), &json!(3)));
        assert_eq!(money(&s.get(&at("quotes", &q)).ok()["net_total"]), 230.into());
        let first = s.get(&format!("{lines}?limit=1&expand=product")).ok()["data"][0].clone();
        assert_eq!(first["product"], Value::Null);
        s.patch(&path, &made, json!({"quantity": "1"})).problem(412, "precondition_failed");
        s.delete(&format!("{lines}/{}", id(&first)), &changed).no_content();
        let left = s.all(&lines);
        assert_eq!((left.len(), &left[0]["position"], &left[0]["id"]), (1, &json!(1), &made["id"]));
    }

    fn a_wrong_line_is_refused_at_its_own_fields(s) {
        let q = quote(s, &customer(s, "Alfreds"), json!({}));
        let lines = format!("{}/lines", at("quotes", &q));
        let refused = s.post(&lines, json!({"description": "x", "quantity": "0", "unit_price": "1"})).problem(422, "sales_order.line_invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/quantity");
        let line = format!("{lines}/{}", id(&q["lines"][0]));
        let refused = s.patch(&line, &q, json!({"discount_percent": "-1"})).problem(422, "sales_order.line_invalid");
        assert_eq!(refused["errors"][0]["pointer"], "/discount_percent");
        s.get(&format!("{lines}/quol_00000000000000000000000000")).problem(404, "not_found");
        let sent = act(s, "quotes", &q, "send", json!({}));
        s.post(&lines, json!({"description": "x", "quantity": "1", "unit_price": "1"})).problem(409, "quote.not_a_draft");
        s.patch(&line, &sent, json!({"quantity": "3"})).problem(409, "quote.not_a_draft");
        s.delete(&line, &sent).problem(409, "quote.not_a_draft");
    }
}
