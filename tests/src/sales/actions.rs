//! What a document says can be done with it: everything that is listed goes, and nothing else does.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{confirmed, draft, goods, invoiced, path, shipped};
use crate::fixtures::{customer, id, opening_stock, ready_to_sell};
use crate::harness::Server;

/// The verbs of a noun: every `POST …/{id}/{verb}` of the document.
fn verbs(s: &Server, noun: &str) -> Vec<String> {
    let document = s.anonymous().get("/openapi.json").ok();
    let paths = document["paths"].as_object().unwrap();
    let stem = format!("/v1/{noun}/{{");
    let of = |p: &String| {
        let rest = p.strip_prefix(&stem)?.split_once('}')?.1;
        rest.strip_prefix('/').filter(|verb| !verb.contains('/')).map(str::to_string)
    };
    paths.iter().filter(|(_, op)| op.get("post").is_some()).filter_map(|(p, _)| of(p)).filter(|v| v != "lines").collect()
}

/// Tries every verb on every thing of a noun, without effect: what is listed is not refused because of the state, and what is not
/// listed is.
fn listed_is_what_goes(s: &Server, noun: &str) -> BTreeMap<String, usize> {
    let verbs = verbs(s, noun);
    assert!(!verbs.is_empty(), "{noun} has no verbs");
    let mut seen = BTreeMap::new();
    for thing in s.all(&format!("/v1/{noun}")) {
        let listed: Vec<&str> = thing["allowed_actions"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        let state = format!("{} {} {}", noun, thing["status"], thing["is_on_hold"]);
        *seen.entry(state.clone()).or_default() += 1;
        for verb in &verbs {
            let body = match verb.as_str() {
                "record-serials" => json!({"lines": [{"delivery_line_id": thing["lines"][0]["id"], "serial_numbers": []}]}),
                _ => json!({}),
            };
            let answer = s.act(&format!("/v1/{noun}/{}/{verb}?dry_run=true", id(&thing)), &thing, body);
            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            match listed.contains(&verb.as_str()) {
                true => assert!(said.get("allowed_actions").is_none() || answer.status < 400, "{state}: {verb} is listed: {said:#}"),
                false => assert_eq!(answer.status, 409, "{state}: {verb} is not listed: {said:#}"),
            }
        }
        assert!(listed.iter().all(|l| verbs.iter().any(|v| v == l)), "{listed:?} of {state}");
    }
    seen
}

each_engine! {
    fn what_is_listed_goes_and_what_is_not_is_refused(s) {
        let books = ready_to_sell(s);
        let buyer = customer(s, "Buyer");
        let p = goods(s, &books.warehouse, "100");
        let manual = |closing: &str| {
            let at = format!("/v1/directory/companies/{}", s.company_id());
            s.patch(&at, &s.get(&at).ok(), json!({"order_closing": closing})).ok();
        };
        let now = |order: &Value| s.get(&path(order)).ok();
        let act = |order: &Value, verb: &str| s.act(&format!("{}/{verb}", path(order)), &now(order), json!({})).ok();
        manual("manual");
        // drafts, held and given up
        draft(s, &buyer, &[(&p, "1")]);
        draft(s, &buyer, &[]);
        act(&draft(s, &buyer, &[(&p, "1")]), "hold");
        act(&draft(s, &buyer, &[(&p, "1")]), "cancel");
        // confirmed: nothing done, held, with a draft delivery, in part, all of it, billed in part, on a draft invoice, done, closed
        confirmed(s, &buyer, &[(&p, "1")]);
        act(&confirmed(s, &buyer, &[(&p, "1")]), "hold");
        let planned = confirmed(s, &buyer, &[(&p, "2")]);
        act(&planned, "deliver");
        let held = confirmed(s, &buyer, &[(&p, "2")]);
        act(&held, "deliver");
        act(&held, "hold");
        let part = confirmed(s, &buyer, &[(&p, "3")]);
        let first = json!({"order_id": part["id"], "lines": [{"order_line_id": part["lines"][0]["id"], "quantity": "1"}]});
        let first = s.post("/v1/sales/deliveries", first).created();
        s.act(&format!("/v1/sales/deliveries/{}/ship", id(&first)), &first, json!({})).ok();
        let unbilled = confirmed(s, &buyer, &[(&p, "1")]);
        shipped(s, &unbilled);
        let drafted = confirmed(s, &buyer, &[(&p, "1")]);
        shipped(s, &drafted);
        act(&drafted, "invoice");
        let held = confirmed(s, &buyer, &[(&p, "1")]);
        shipped(s, &held);
        act(&held, "hold");
        let done = confirmed(s, &buyer, &[(&p, "1")]);
        shipped(s, &done);
        invoiced(s, &done);
        let closed = confirmed(s, &buyer, &[(&p, "1")]);
        shipped(s, &closed);
        invoiced(s, &closed);
        act(&closed, "close");
        let service = confirmed(s, &buyer, &[(&books.product("VISIT"), "1")]);
        invoiced(s, &service);
        // a cancelled order with a delivery that was planned
        let gone = confirmed(s, &buyer, &[(&p, "1")]);
        act(&gone, "deliver");
        act(&gone, "cancel");
        let orders = listed_is_what_goes(s, "sales/orders");
        assert!(orders.len() >= 6, "{orders:?}");
        let deliveries = listed_is_what_goes(s, "sales/deliveries");
        assert!(deliveries.len() >= 3, "{deliveries:?}");

        // returns in every state, of goods that were billed and of goods that were not
        let returned = |billed: bool, steps: &[(&str, Value)]| {
            let order = confirmed(s, &buyer, &[(&p, "4")]);
            let delivery = shipped(s, &order);
            if billed {
                invoiced(s, &order);
            }
            let lines = json!([{"delivery_line_id": delivery["lines"][0]["id"], "quantity": "2"}]);
            let made = s.post("/v1/sales/returns", json!({"delivery_id": delivery["id"], "lines": lines})).created();
            let at = format!("/v1/sales/returns/{}", id(&made));
            for (verb, body) in steps {
                let back = s.get(&at).ok();
                let mut body = body.clone();
                if let Some(line) = body.pointer_mut("/lines/0") {
                    line["return_line_id"] = back["lines"][0]["id"].clone();
                }
                s.act(&format!("{at}/{verb}"), &back, body).expect(200);
            }
        };
        let one = json!({"lines": [{"quantity": "1"}]});
        for billed in [false, true] {
            returned(billed, &[]);
            returned(billed, &[("authorize", json!({}))]);
            returned(billed, &[("reject", json!({}))]);
            returned(billed, &[("authorize", json!({})), ("receive", one.clone())]);
            returned(billed, &[("authorize", json!({})), ("receive", json!({}))]);
        }
        returned(true, &[("authorize", json!({})), ("receive", json!({"credit": true}))]);
        let returns = listed_is_what_goes(s, "sales/returns");
        assert_eq!(returns.len(), 5, "{returns:?}");

        opening_stock(s, &books.warehouse, &[(&p, "1", "4")]);
        let lines = json!([{"product_id": p["id"], "quantity_delta": "1"}]);
        s.post("/v1/inventory/adjustments", json!({"reason": "found", "warehouse_id": books.warehouse["id"], "lines": lines})).created();
        assert_eq!(listed_is_what_goes(s, "inventory/adjustments").len(), 2);
        books.verified(s);
    }
}
