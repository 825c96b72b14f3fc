//! Reach in figures: a report counts what its reader may see, or is for those alone whose permissions reach everything.

use std::collections::BTreeMap;

use platform::table::{Counts, Kind, Op};
use serde_json::{Value, json};

use crate::contract::Breaches;
use crate::crm::common::{act, activity, at, deal, lead};
use crate::fixtures::{self, customer, id, user_with};
use crate::harness::{Answer, Client, Server};
use crate::marketing::attribution_models::touch;
use crate::marketing::campaigns::campaign;
use crate::service::cases::story::case;

/// Areas whose reports are figures over records.
const AREAS: [&str; 7] = ["crm", "service", "marketing", "insight", "sales", "receivables", "accounting"];

fn area(op: &Op) -> &str {
    op.path.split('/').nth(2).unwrap_or_default()
}

/// The path of a report with what it must be asked, about `about` when it is about one thing.
fn asked(s: &Server, op: &Op, about: &str) -> String {
    let known: Vec<String> = (op.query)().into_iter().map(|p| p.name).collect();
    let path = op.path.split('/').map(|p| if p.starts_with('{') { about } else { p }).collect::<Vec<_>>().join("/");
    let query = [("company_id", s.company_id()), ("from_date", "2026-01-01"), ("to_date", "2026-01-31"), ("date", "2026-01-31")];
    let query = query.iter().filter(|(name, _)| known.iter().any(|k| k == name));
    format!("{path}?{}", query.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&"))
}

fn reports<'s>(s: &'s Server, of: impl Fn(&Op) -> bool + 's) -> impl Iterator<Item = &'s Op> {
    s.running().app.table.ops.iter().filter(move |op| of(op))
}

fn beyond_reach(answer: &Answer) -> bool {
    answer.status == 403 && answer.json()["code"] == "beyond_reach"
}

/// Something of everything that reports count, all of it owned by one user.
fn business(s: &Server, owner: &Value, survey: &Value) {
    let owned = json!({"owner_id": owner["id"]});
    let mine = |more: Value| crate::crm::common::with(owned.clone(), more);
    let party = customer(s, "Alfreds");
    act(s, "leads", &lead(s, mine(json!({}))), "qualify", json!({}));
    deal(s, &party, mine(json!({"amount": "8000", "expected_close_date": "2026-01-30"})));
    let won = deal(s, &party, mine(json!({"amount": "500"})));
    touch(s, &party, "2026-01-19T10:00:00Z", json!({"medium": "email"}));
    act(s, "opportunities", &won, "win", json!({}));
    act(s, "opportunities", &deal(s, &party, mine(json!({"amount": "100"}))), "lose", json!({"reason": "price"}));
    act(s, "activities", &activity(s, &party, mine(json!({"kind": "call"}))), "complete", json!({}));
    let solved = act(s, "cases", &case(s, json!({"assignee_id": owner["id"]})), "resolve", json!({"resolution": "Done"}));
    let token = act(s, "surveys", survey, "invite", json!({"case_id": solved["id"]}))["token"].as_str().unwrap().to_string();
    s.anonymous().post("/v1/service/survey-responses/respond", json!({"token": token, "score": 5})).ok();
}

fn survey(s: &Server) -> Value {
    let body =
        json!({"company_id": s.company_id(), "kind": "csat", "name": "After a case", "question": "How was it?", "least_responses": 1});
    s.post("/v1/service/surveys", body).created()
}

each_engine! {
    fn every_report_says_whose_records_it_counts(s) {
        let mut found = Breaches::default();
        for op in reports(s, |op| op.kind == Kind::Report && !op.public && AREAS.contains(&area(op))) {
            let about_one = !op.path_params.is_empty() && !["stats", "roi", "results"].iter().any(|name| op.path.ends_with(name));
            if op.counts.is_none() && !about_one {
                found.add(format!("{} does not say whose records it counts", op.id));
            }
        }
        found.none("reports say whose records they count");
    }

    fn figures_over_all_records_are_for_those_whose_permissions_reach_all(s) {
        let company = [s.company_id()];
        let stranger = user_with(s, &["*:own"], &company);
        let mut found = Breaches::default();
        let mut readers: BTreeMap<&[&str], Client> = BTreeMap::new();
        for op in reports(s, |op| matches!(op.counts, Some(Counts::All(_)))) {
            let Some(Counts::All(nouns)) = op.counts else { continue };
            let send = |c: &Client| match op.kind {
                Kind::Create => c.post(&op.path, json!({"company_id": s.company_id()})),
                _ => c.get(&asked(s, op, "x")),
            };
            if !beyond_reach(&send(&stranger)) {
                found.add(format!("{} is answered to a caller whose permission reaches the own", op.id));
            }
            if nouns.is_empty() {
                continue;
            }
            let reader = readers.entry(nouns).or_insert_with(|| {
                let mut rights = vec!["insight.*".to_string(), "marketing.*".into(), "crm.forecasts.*".into(), "crm.forecast_snapshots.*".into(), "sales.deliveries.*".into()];
                rights.extend(nouns.iter().map(|n| format!("{n}.read:team")));
                user_with(s, &rights.iter().map(String::as_str).collect::<Vec<_>>(), &company)
            });
            if !beyond_reach(&send(reader)) {
                found.add(format!("{} is answered to a caller who may not read all of {nouns:?}", op.id));
            }
            if beyond_reach(&send(s)) {
                found.add(format!("{} is refused to a caller who may see everything", op.id));
            }
        }
        found.none("figures over all records are for those whose permissions reach all");
    }

    fn figures_count_what_their_reader_may_see(s) {
        s.at("2026-01-20T12:00:00Z");
        let (owner, _) = fixtures::user(s);
        let survey = survey(s);
        let company = [s.company_id()];
        let stranger = user_with(s, &["*:own"], &company);
        let reader = user_with(s, &["*.*.read", "*.*.*.read:own"], &company);
        let all: Vec<&Op> = reports(s, |op| op.counts == Some(Counts::Visible) && !op.path.ends_with("/aggregate")).collect();
        assert!(all.len() >= 11, "{}", all.len());
        let answers = |c: &Client| -> Vec<Value> { all.iter().map(|op| c.get(&asked(s, op, id(&survey))).ok()).collect() };
        let before = [answers(&stranger), answers(&reader), answers(s)];
        business(s, &owner, &survey);
        let after = [answers(&stranger), answers(&reader), answers(s)];
        let mut found = Breaches::default();
        for (i, op) in all.iter().enumerate() {
            if before[0][i] != after[0][i] {
                found.add(format!("{} counts what a caller may not see: {:#}", op.id, after[0][i]));
            }
            // the permission to read reaches all, that of the report the own alone
            if op.permission.split('.').count() == 4 && before[1][i] != after[1][i] {
                found.add(format!("{} reaches further than its permission: {:#}", op.id, after[1][i]));
            }
            if before[2][i] == after[2][i] {
                found.add(format!("{} counts nothing: {:#}", op.id, after[2][i]));
            }
        }
        found.none("figures count what their reader may see");
    }

    fn the_forecasts_of_all_need_a_permission_that_reaches_all(s) {
        let (owner, _) = fixtures::user(s);
        let company = [s.company_id()];
        deal(s, &customer(s, "Alfreds"), json!({"owner_id": owner["id"], "amount": "8000", "expected_close_date": "2026-01-30"}));
        let path = format!("/v1/crm/forecasts?company_id={}&owner_id={}", s.company_id(), id(&owner));
        s.get(&path).ok();
        for rights in [["crm.*:own", "directory.*.read"], ["crm.forecasts.*", "crm.opportunities.read:own"], ["crm.forecasts.read", "crm.forecasts.all.read:team"]] {
            user_with(s, &rights, &company).get(&path).problem(403, "missing_scope");
        }
        user_with(s, &["crm.forecasts.*", "crm.opportunities.read"], &company).get(&path).ok();
        let snapshot = s.post("/v1/crm/forecast-snapshots", json!({"company_id": s.company_id()})).created();
        let stranger = user_with(s, &["crm.*:own"], &company);
        assert_eq!(stranger.all("/v1/crm/forecast-snapshots").len(), 0);
        stranger.get(&format!("/v1/crm/forecast-snapshots/{}", id(&snapshot))).problem(404, "not_found");
        assert_eq!(s.all("/v1/crm/forecast-snapshots").len(), 1);
    }

    fn the_ledger_of_attribution_is_as_visible_as_its_deals_and_margins_need_their_permission(s) {
        s.at("2026-01-20T12:00:00Z");
        let (owner, _) = fixtures::user(s);
        business(s, &owner, &survey(s));
        s.followed();
        let company = [s.company_id()];
        let stranger = user_with(s, &["marketing.*", "crm.opportunities.read:own", "sales.orders.read:own", "fields.*"], &company);
        let seller = user_with(s, &["marketing.*", "crm.opportunities.read", "sales.orders.read"], &company);
        for list in ["attribution-deals", "attribution-restatements", "attribution-credits"] {
            let path = format!("/v1/marketing/{list}");
            let rows = s.all(&path);
            assert!(!rows.is_empty() && stranger.all(&path).is_empty(), "{list}");
            stranger.get(&format!("{path}/{}", id(&rows[0]))).problem(404, "not_found");
            seller.get(&format!("{path}/{}", id(&rows[0]))).ok();
            assert!(seller.all(&path).iter().all(|row| row["basis"] != "margin"));
        }
        let deal = seller.all("/v1/marketing/attribution-deals").remove(0);
        assert_eq!((&deal["margin"], &deal["masked"]), (&Value::Null, &json!(["margin"])));
        let report = format!("/v1/marketing/attribution?company_id={}", s.company_id());
        seller.get(&report).ok();
        seller.get(&format!("{report}&basis=margin")).problem(403, "missing_scope");
        let roi = seller.get(&format!("{}/roi", at("campaigns", &campaign(s, json!({"name": "Spring"}))))).ok();
        assert_eq!((&roi["margin_amount"], &roi["roi"], &roi["numerator"]), (&Value::Null, &Value::Null, &Value::Null));
        assert_eq!(roi["masked"].as_array().unwrap().len(), 3);
        assert!(roi["invoiced_amount"].is_string());
    }

    fn what_customers_are_worth_tells_margins_to_whom_may_see_them(s) {
        s.at("2026-02-20T12:00:00Z");
        fixtures::a_bit_of_everything(s);
        let party = s.all("/v1/directory/parties?is_customer=true").remove(0);
        let company = s.company_id();
        let reader = user_with(s, &["insight.*", "directory.*"], &[company]);
        let whole = format!("/v1/insight/metrics/clv?company_id={company}&from_date=2026-01-01&to_date=2026-01-31&group_by=cohort");
        let one = format!("/v1/directory/parties/{}/clv?company_id={company}", id(&party));
        for path in [&whole, &one] {
            let (seen, masked) = (s.get(path).ok(), reader.get(path).ok());
            assert!(seen["numerator"].is_object() && seen["masked"] == json!([]), "{seen:#}");
            assert_eq!((&masked["numerator"], &masked["clv_amount"], &masked["monthly_margin_amount"]), (&Value::Null, &Value::Null, &Value::Null), "{masked:#}");
            assert!(masked["denominator"].is_object());
        }
        let limited = user_with(s, &["directory.*.read", "crm.opportunities.read", "directory.parties.clv.read:own"], &[company]);
        limited.get(&one).problem(403, "beyond_reach");
        let overview = limited.get(&format!("/v1/directory/parties/{}/360", id(&party))).ok();
        assert_eq!(overview["crm"]["customer_values"], json!([]));
    }
}
