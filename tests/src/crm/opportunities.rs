//! Opportunities: figures, stages, ends, history.

pub(crate) mod lines;
pub(crate) mod team;

use serde_json::{Value, json};

use super::common::{act, at, deal, events, guarded_pipeline, me, new_deal};
use crate::fixtures::{customer, id, user_with};

/// The history of a deal as (field, old, new).
fn history(s: &crate::harness::Server, o: &Value) -> Vec<(String, Value, Value)> {
    let rows = s.all(&format!("{}/history", at("opportunities", o)));
    rows.into_iter().map(|r| (r["field"].as_str().unwrap().to_string(), r["old_value"].clone(), r["new_value"].clone())).collect()
}

each_engine! {
    fn a_deal_starts_in_the_first_stage_of_the_default_pipeline(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "1000.00"}));
        assert_eq!((&o["status"], &o["currency"], &o["probability_percent"]), (&json!("open"), &json!("EUR"), &json!("10")));
        assert_eq!((&o["weighted_amount"], &o["forecast_category"], &o["amount_source"]), (&json!("100.00"), &json!("pipeline"), &json!("manual")));
        assert_eq!(o["allowed_actions"], json!(["advance", "win", "lose"]));
        assert_eq!(s.get(&at("opportunities", &o)).ok(), o);
        let expanded = s.get(&format!("{}?expand=party,stage,pipeline", at("opportunities", &o))).ok();
        assert_eq!((&expanded["party"]["name"], &expanded["stage"]["name"]), (&json!("Alfreds"), &json!("Qualification")));
        let fields: Vec<_> = history(s, &o).into_iter().map(|h| h.0).collect();
        assert!(["stage", "status", "amount", "probability"].iter().all(|f| fields.iter().any(|g| g == f)), "{fields:?}");
    }

    fn what_makes_no_deal_is_refused(s) {
        let party = customer(s, "Alfreds");
        let p = guarded_pipeline(s);
        let other = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        let theirs = s.all(&format!("/v1/crm/pipelines?company_id={}", id(&other))).remove(0);
        for (more, status, code, pointer) in [
            (json!({"amount": "-1"}), 422, "opportunity.negative_amount", "/amount"),
            (json!({"amount": "1", "amount_source": "lines"}), 422, "opportunity.amount_from_lines", "/amount"),
            (json!({"amount": "1.005"}), 422, "too_many_decimals", "/amount"),
            (json!({"currency": "XXX"}), 422, "currency.unknown", "/currency"),
            (json!({"probability_percent": "100.5"}), 422, "opportunity.not_a_percentage", "/probability_percent"),
            (json!({"forecast_category": "closed"}), 422, "opportunity.closed_while_open", "/forecast_category"),
            (json!({"name": "  "}), 422, "invalid_body", "/name"),
            (json!({"party_id": "pty_00000000000000000000000000"}), 422, "unknown_reference", "/party_id"),
            (json!({"contact_id": "con_00000000000000000000000000"}), 422, "unknown_reference", "/contact_id"),
            (json!({"owner_id": "usr_00000000000000000000000000"}), 422, "unknown_reference", "/owner_id"),
            (json!({"stage_id": "stg_00000000000000000000000000"}), 422, "unknown_reference", "/stage_id"),
            (json!({"pipeline_id": theirs["id"]}), 422, "unknown_reference", "/pipeline_id"),
            (json!({"pipeline_id": p["id"], "stage_id": theirs["stages"][0]["id"]}), 422, "opportunity.stage_of_another_pipeline", "/stage_id"),
            (json!({"stage_id": p["stages"][1]["id"]}), 422, "opportunity.stage_requirements", "/stage_id"),
        ] {
            let problem = s.post("/v1/crm/opportunities", new_deal(s, &party, more)).problem(status, code);
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        }
        let archived = s.act(&format!("/v1/directory/parties/{}/archive", id(&party)), &party, json!({})).ok();
        s.post("/v1/crm/opportunities", new_deal(s, &archived, json!({}))).problem(409, "party.archived");
        assert!(s.all("/v1/crm/opportunities").is_empty());
    }

    fn a_stage_of_a_foreign_company_is_no_stage(s) {
        let party = customer(s, "Alfreds");
        let other = s.post("/v1/directory/companies", json!({"code": "TWO", "name": "Second", "currency": "USD", "time_zone": "UTC"})).created();
        let theirs = s.all(&format!("/v1/crm/pipelines?company_id={}", id(&other))).remove(0);
        let stage = theirs["stages"][0]["id"].as_str().unwrap();
        let seller = user_with(s, &["crm.*", "directory.*"], &[s.company_id()]);
        let ask = |stage: &str| {
            let problem = seller.post("/v1/crm/opportunities", new_deal(s, &party, json!({"stage_id": stage}))).problem(422, "unknown_reference");
            problem["errors"].to_string().replace(stage, "…") + &problem["detail"].to_string().replace(stage, "…")
        };
        assert_eq!(ask(stage), ask("stg_00000000000000000000000000"));
    }

    fn stages_guard_their_entrance(s) {
        let (party, p) = (customer(s, "Alfreds"), guarded_pipeline(s));
        let to = |i: usize| json!({"stage_id": p["stages"][i]["id"]});
        let o = deal(s, &party, json!({"pipeline_id": p["id"]}));
        let path = format!("{}/advance", at("opportunities", &o));
        s.act(&path, &o, to(1)).problem(422, "opportunity.stage_requirements");
        s.act(&path, &o, to(0)).problem(409, "opportunity.already_in_stage");
        s.act(&path, &o, json!({"stage_id": s.all("/v1/crm/pipelines")[0]["stages"][0]["id"]})).problem(422, "opportunity.stage_of_another_pipeline");
        s.act(&path, &o, to(3)).problem(422, "opportunity.stage_skipped");
        let o = act(s, "opportunities", &o, "advance", to(2));
        assert_eq!((&o["probability_percent"], &o["forecast_category"]), (&json!("80"), &json!("commit")));
        let problem = s.act(&path, &o, to(3)).problem(422, "opportunity.stage_requirements");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "all that lacks at once: {problem}");
        let ready = json!({"expected_close_date": "2026-03-01", "lines": [{"description": "Advice", "quantity": "2", "unit_price": "50"}]});
        let o = s.patch(&at("opportunities", &o), &o, ready).ok();
        let o = act(s, "opportunities", &o, "advance", to(3));
        let o = act(s, "opportunities", &o, "advance", to(0));
        assert_eq!(o["probability_percent"], "10");
        let kinds = events(s, &o);
        assert_eq!(kinds, ["opportunity.created", "opportunity.stage_changed", "opportunity.updated", "opportunity.stage_changed", "opportunity.stage_changed"]);
    }

    fn a_stated_probability_is_flagged_and_follows_the_stage_again(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "10.05", "probability_percent": "33"}));
        assert_eq!((&o["probability_is_manual"], &o["weighted_amount"]), (&json!(true), &json!("3.32")));
        let o = s.patch(&at("opportunities", &o), &o, json!({"probability_percent": null, "forecast_category": "commit"})).ok();
        assert_eq!((&o["probability_is_manual"], &o["probability_percent"]), (&json!(false), &json!("10")));
        assert_eq!((&o["forecast_category_is_manual"], &o["forecast_category"]), (&json!(true), &json!("commit")));
        s.patch(&at("opportunities", &o), &o, json!({"forecast_category": "closed"})).problem(422, "opportunity.closed_while_open");
        let stage = s.all("/v1/crm/pipelines")[0]["stages"][1].clone();
        let o = act(s, "opportunities", &o, "advance", json!({"stage_id": stage["id"]}));
        assert_eq!((&o["forecast_category_is_manual"], &o["forecast_category"]), (&json!(false), &json!("pipeline")));
    }

    fn every_change_that_reports_live_on_is_kept(s) {
        s.at("2026-01-05T08:00:00Z");
        let (party, user) = (customer(s, "Alfreds"), me(s));
        let o = deal(s, &party, json!({"amount": "100", "expected_close_date": "2026-02-01"}));
        let known = history(s, &o).len();
        s.at("2026-01-06T08:00:00Z");
        let body = json!({"amount": "250.00", "expected_close_date": "2026-03-01", "owner_id": null, "description": "not in the history"});
        let o = s.patch(&at("opportunities", &o), &o, body).ok();
        assert_eq!(o["close_date_pushes"], 1);
        let o = s.patch(&at("opportunities", &o), &o, json!({"expected_close_date": "2026-02-15", "owner_id": user})).ok();
        assert_eq!(o["close_date_pushes"], 1, "an earlier date is no push");
        let path = format!("{}/history", at("opportunities", &o));
        let rows = s.all(&path);
        let told: Vec<_> = rows[known..].iter().map(|r| (r["field"].as_str().unwrap(), r["old_value"].clone(), r["new_value"].clone())).collect();
        assert!(told.contains(&("amount", json!("100.00"), json!("250.00"))), "{told:?}");
        assert!(told.contains(&("expected_close_date", json!("2026-02-01"), json!("2026-03-01"))), "{told:?}");
        assert!(told.contains(&("owner", json!(null), json!(user))), "{told:?}");
        assert_eq!(rows[known]["changed_at"], "2026-01-06T08:00:00Z");
        assert_eq!(s.all(&format!("{path}?field=amount")).len(), 2);
        assert_eq!(s.get(&format!("{path}?limit=1")).ok()["has_more"], true);
    }

    fn a_won_deal_counts_whole_and_makes_a_customer(s) {
        s.at("2026-01-31T23:30:00Z");
        let party = s.post("/v1/directory/parties", json!({"name": "Prospect"})).created();
        let o = deal(s, &party, json!({"amount": "1000.00"}));
        let o = act(s, "opportunities", &o, "win", json!({}));
        assert_eq!((&o["status"], &o["probability_percent"], &o["forecast_category"]), (&json!("won"), &json!("100"), &json!("closed")));
        assert_eq!((&o["weighted_amount"], &o["closed_date"]), (&json!("1000.00"), &json!("2026-02-01")), "the day in Berlin");
        assert_eq!(s.get(&format!("/v1/directory/parties/{}", id(&party))).ok()["is_customer"], true);
        assert_eq!(events(s, &o).last().unwrap(), "opportunity.won");
    }

    fn a_won_deal_becomes_an_order_in_the_same_transaction(s) {
        let party = s.post("/v1/directory/parties", json!({"name": "Prospect"})).created();
        let machine = crate::fixtures::product(s, "MACHINE", "1200.00", Some("700.00"));
        let o = deal(s, &party, json!({"lines": [{"product_id": machine["id"], "quantity": "2", "discount_percent": "10"}]}));
        s.act(&format!("{}/win?dry_run=true", at("opportunities", &o)), &o, json!({})).ok();
        assert!(s.all("/v1/sales/orders").is_empty());
        let won = act(s, "opportunities", &o, "win", json!({}));
        let orders = s.all(&format!("/v1/sales/orders?customer_id={}", id(&party)));
        assert_eq!(orders.len(), 1);
        let order = s.get(&format!("/v1/sales/orders/{}", id(&orders[0]))).ok();
        assert_eq!((&order["status"], &order["lines"][0]["product_id"], &order["lines"][0]["quantity"]), (&json!("draft"), &machine["id"], &json!("2")));
        let told = s.all(&format!("{}/timeline", at("opportunities", &won)));
        assert!(told.iter().any(|e| e["subject"] == order["id"]), "{told:?}");
        // won a second time after a reopening, it still has one order, of what the deal is by then
        let open = act(s, "opportunities", &won, "reopen", json!({}));
        let lines = json!([{"product_id": machine["id"], "quantity": "3"}, {"description": "Training", "quantity": "1", "unit_price": "90.00"}]);
        let open = s.patch(&at("opportunities", &open), &open, json!({"lines": lines})).ok();
        let won = act(s, "opportunities", &open, "win", json!({}));
        let again = s.all("/v1/sales/orders");
        let told: Vec<_> = again[0]["lines"].as_array().unwrap().iter().map(|l| (l["description"].as_str().unwrap(), l["quantity"].as_str().unwrap())).collect();
        assert_eq!((again.len(), &again[0]["id"], told), (1, &order["id"], vec![("The MACHINE", "3"), ("Training", "1")]));
        assert_eq!(again[0]["net_total"], "3690.00");
        // an order that binds stays as it was agreed
        let warehouse = crate::fixtures::warehouse(s);
        let order = s.patch(&format!("/v1/sales/orders/{}", id(&again[0])), &again[0], json!({"warehouse_id": warehouse["id"]})).ok();
        s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({"allow_backorder": true})).ok();
        let open = act(s, "opportunities", &won, "reopen", json!({}));
        let open = s.patch(&at("opportunities", &open), &open, json!({"lines": [{"product_id": machine["id"], "quantity": "9"}]})).ok();
        act(s, "opportunities", &open, "win", json!({}));
        let orders = s.all("/v1/sales/orders");
        assert_eq!((orders.len(), &orders[0]["net_total"]), (1, &json!("3690.00")));
    }

    fn what_the_back_office_refuses_is_not_won(s) {
        let party = customer(s, "Alfreds");
        let gone = crate::fixtures::product(s, "GONE", "5.00", None);
        let o = deal(s, &party, json!({"lines": [{"product_id": gone["id"], "quantity": "1"}]}));
        s.act(&format!("/v1/directory/products/{}/archive", id(&gone)), &gone, json!({})).ok();
        s.act(&format!("{}/win", at("opportunities", &o)), &o, json!({})).problem(409, "product.archived");
        assert_eq!(s.get(&at("opportunities", &o)).ok()["status"], "open");
    }

    fn a_lost_deal_needs_a_reason_and_counts_nothing(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "1000.00"}));
        let path = format!("{}/lose", at("opportunities", &o));
        s.act(&path, &o, json!({"reason": " "})).problem(422, "invalid_body");
        s.request("POST", &path).if_match(&o).json(&json!({})).send().problem(422, "opportunity.no_loss_reason");
        let o = act(s, "opportunities", &o, "lose", json!({"reason": "price", "competitor": "Globex"}));
        assert_eq!((&o["status"], &o["probability_percent"], &o["forecast_category"]), (&json!("lost"), &json!("0"), &json!("omitted")));
        assert_eq!((&o["weighted_amount"], &o["loss_reason"], &o["competitor"]), (&json!("0.00"), &json!("price"), &json!("Globex")));
        let reasons: Vec<_> = s.all(&format!("{}/history?field=status", at("opportunities", &o))).iter().map(|r| r["reason"].clone()).collect();
        assert_eq!(reasons, [json!(null), json!("price")]);
    }

    fn a_deal_that_is_won_after_all_names_nobody_who_won_it_instead(s) {
        let party = customer(s, "Alfreds");
        let rival = s.post("/v1/crm/competitors", json!({"company_id": s.company_id(), "name": "Globex"})).created();
        let o = deal(s, &party, json!({"amount": "100", "competitor_ids": [rival["id"]]}));
        let o = act(s, "opportunities", &o, "lose", json!({"reason": "price", "competitor_id": rival["id"]}));
        assert_eq!((&o["competitor"], &o["competitor_id"]), (&json!("Globex"), &rival["id"]));
        let o = act(s, "opportunities", &o, "reopen", json!({}));
        assert_eq!((&o["competitor"], &o["competitor_id"], &o["loss_reason"]), (&json!(null), &json!(null), &json!(null)));
        let o = s.patch(&at("opportunities", &o), &o, json!({"competitor": "Globex"})).ok();
        let o = act(s, "opportunities", &o, "win", json!({}));
        assert_eq!((&o["competitor"], &o["competitor_id"]), (&json!(null), &json!(null)));
        assert_eq!(o["competitors"].as_array().unwrap().len(), 1, "who else wanted to sell stays");
    }

    fn a_lost_deal_leaves_no_order_that_can_be_confirmed(s) {
        let party = customer(s, "Alfreds");
        let o = act(s, "opportunities", &deal(s, &party, json!({"amount": "100"})), "win", json!({}));
        let orders = || s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&o)));
        assert_eq!(orders()[0]["status"], "draft");
        let again = act(s, "opportunities", &o, "reopen", json!({}));
        act(s, "opportunities", &again, "lose", json!({"reason": "price"}));
        let order = orders().remove(0);
        assert_eq!((&order["status"], orders().len()), (&json!("cancelled"), 1));
        s.act(&format!("/v1/sales/orders/{}/confirm", id(&order)), &order, json!({})).expect(409);
    }

    fn the_states_allow_exactly_what_they_say(s) {
        let party = customer(s, "Alfreds");
        let stage = s.all("/v1/crm/pipelines")[0]["stages"][1]["id"].clone();
        let bodies = [("advance", json!({"stage_id": stage})), ("win", json!({})), ("lose", json!({"reason": "price"})), ("reopen", json!({}))];
        for state in ["open", "won", "lost"] {
            for (verb, body) in &bodies {
                let mut o = deal(s, &party, json!({"amount": "5"}));
                if state != "open" {
                    let (verb, body) = if state == "won" { &bodies[1] } else { &bodies[2] };
                    o = act(s, "opportunities", &o, verb, body.clone());
                }
                let allowed = o["allowed_actions"].as_array().unwrap().iter().any(|a| a == verb);
                let answer = s.act(&format!("{}/{verb}", at("opportunities", &o)), &o, body.clone());
                if allowed {
                    answer.ok();
                    continue;
                }
                let problem = answer.problem(409, if *verb == "reopen" { "opportunity.not_closed" } else { "opportunity.not_open" });
                assert_eq!((&problem["current_state"], &problem["allowed_actions"]), (&json!(state), &o["allowed_actions"]));
            }
        }
        let o = deal(s, &party, json!({}));
        let won = act(s, "opportunities", &o, "win", json!({}));
        s.patch(&at("opportunities", &won), &won, json!({"name": "x"})).problem(409, "opportunity.not_open");
    }

    fn reopening_has_its_own_permission_and_keeps_the_history(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "1000.00"}));
        let lost = act(s, "opportunities", &o, "lose", json!({"reason": "price"}));
        let rep = user_with(s, &["crm.opportunities.read", "crm.opportunities.lose", "crm.opportunities.win"], &[s.company_id()]);
        let path = format!("{}/reopen", at("opportunities", &lost));
        rep.act(&path, &lost, json!({})).problem(403, "missing_scope");
        assert_eq!(rep.get(&at("opportunities", &lost)).ok()["allowed_actions"], json!([]), "only what the caller may do");
        let before = history(s, &lost);
        let open = act(s, "opportunities", &lost, "reopen", json!({}));
        assert_eq!((&open["status"], &open["probability_percent"], &open["loss_reason"], &open["closed_date"]), (&json!("open"), &json!("10"), &json!(null), &json!(null)));
        assert_eq!(history(s, &open)[..before.len()], before[..]);
        assert_eq!(history(s, &open).iter().filter(|h| h.0 == "status").count(), 3);
    }

    fn two_who_close_a_deal_at_once_do_not_both_succeed(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"amount": "5"}));
        let answers = s.parallel(8, |i, c| match i % 2 {
            0 => c.act(&format!("{}/win", at("opportunities", &o)), &o, json!({})).status,
            _ => c.act(&format!("{}/lose", at("opportunities", &o)), &o, json!({"reason": "price"})).status,
        });
        assert_eq!(answers.iter().filter(|a| **a == 200).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|a| matches!(a, 200 | 412)), "{answers:?}");
        assert_eq!(history(s, &o).iter().filter(|h| h.0 == "status").count(), 2);
    }

    fn writes_need_the_version_that_was_seen(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({}));
        let path = at("opportunities", &o);
        s.request("PATCH", &path).json(&json!({"name": "x"})).send().problem(428, "precondition_required");
        s.request("POST", &format!("{path}/win")).send().problem(428, "precondition_required");
        s.patch(&path, &o, json!({"name": "x"})).ok();
        s.patch(&path, &o, json!({"name": "y"})).problem(412, "precondition_failed");
        s.patch(&path, 2, json!({"status": "won"})).problem(422, "unknown_field");
        s.patch(&path, 2, json!({"weighted_amount": "1"})).problem(422, "unknown_field");
    }

    fn deals_are_found_by_what_they_are(s) {
        let (a, b) = (customer(s, "Alfreds"), customer(s, "Berglunds"));
        let small = deal(s, &a, json!({"amount": "5", "expected_close_date": "2026-01-10"}));
        let large = deal(s, &b, json!({"name": "Ovens", "amount": "900", "expected_close_date": "2026-06-10"}));
        let ids = |query: &str| s.all(&format!("/v1/crm/opportunities?{query}")).iter().map(|o| id(o).to_string()).collect::<Vec<_>>();
        assert_eq!(ids("amount_gte=100"), [id(&large)]);
        assert_eq!(ids(&format!("party_id={}", id(&a))), [id(&small)]);
        assert_eq!(ids("expected_close_date_lt=2026-02-01"), [id(&small)]);
        assert_eq!(ids("q=OVEN"), [id(&large)]);
        assert_eq!(ids("sort=-amount"), [id(&large), id(&small)]);
        crate::crm::common::activity(s, &small, json!({"due_at": "2026-01-08T09:00:00Z"}));
        assert_eq!(ids("has_next_activity=false"), [id(&large)]);
        assert_eq!(ids("has_next_activity=true"), [id(&small)]);
        assert_eq!(s.get(&at("opportunities", &small)).ok()["next_activity_at"], "2026-01-08T09:00:00Z");
        s.get("/v1/crm/opportunities?has_next_activity=perhaps").problem(400, "invalid_parameter");
    }

    fn deals_of_other_companies_do_not_exist(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({}));
        let stranger = user_with(s, &["crm.*"], &[]);
        for path in ["", "/history", "/timeline", "/lines"] {
            stranger.get(&format!("{}{path}", at("opportunities", &o))).problem(404, "not_found");
        }
        stranger.act(&format!("{}/win", at("opportunities", &o)), &o, json!({})).problem(404, "not_found");
    }

    fn the_database_refuses_to_change_the_history(s) {
        let party = customer(s, "Alfreds");
        deal(s, &party, json!({}));
        for statement in ["UPDATE opportunity_changes SET new_value = 'x'", "DELETE FROM opportunity_changes"] {
            let refused = crate::crm::opportunities::run(s, statement);
            assert!(refused.contains("cannot be changed"), "{statement}: {refused}");
        }
        if s.engine == crate::harness::Engine::Postgres {
            assert!(crate::crm::opportunities::run(s, "TRUNCATE opportunity_changes").contains("cannot be changed"));
        }
    }

    fn a_weighted_amount_can_be_explained(s) {
        let party = customer(s, "Alfreds");
        let o = deal(s, &party, json!({"lines": [{"description": "Advice", "quantity": "2.5", "unit_price": "9.99", "discount_percent": "10"}]}));
        assert_eq!((&o["amount"], &o["weighted_amount"]), (&json!("22.48"), &json!("2.25")));
        let tree = s.get(&format!("/v1/platform/explain/{}", id(&o))).ok();
        assert_eq!((&tree["value"], &tree["inputs"][0]["value"]), (&json!("2.25"), &json!("22.48")));
        assert_eq!(tree["inputs"][0]["inputs"][0]["inputs"].as_array().unwrap().len(), 3);
    }
}

/// Runs a statement past the API and answers the refusal of the database.
pub fn run(s: &crate::harness::Server, statement: &str) -> String {
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    let url = s.database_url();
    let result = match s.engine {
        crate::harness::Engine::Sqlite => {
            let mut conn = SqliteConnection::establish(url.trim_start_matches("sqlite:")).unwrap();
            // the server writes, too
            conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
            conn.batch_execute(statement)
        }
        crate::harness::Engine::Postgres => PgConnection::establish(url).unwrap().batch_execute(statement),
    };
    result.map_or_else(|e| e.to_string(), |()| "it went through".to_string())
}
