//! Followers: what follows from events after their commit, each of them once, whoever dies when; a bad event is set aside and
//! the rest goes on; what was derived can be derived again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use persistence::{Database, DatabaseConfig, Statement, sql};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::crash::Stubborn;
use super::keep;
use crate::crm::common::{act, at, deal};
use crate::fixtures::{Books, customer, id, money, ready_to_sell, verified};
use crate::harness::{self, ADMIN_EMAIL, ADMIN_PASSWORD, Engine, Server, Victim};
use crate::marketing::attribution_models::touch;
use crate::marketing::journeys::published;

const ATTRIBUTION: &str = "marketing.attribution";

fn follower(s: &Server, name: &str) -> Value {
    let found = s.all(&format!("/v1/platform/followers?name={name}"));
    assert_eq!(found.len(), 1, "{name}");
    found[0].clone()
}

fn failures(s: &Server) -> Vec<Value> {
    s.all("/v1/platform/follower-failures?expand=follower")
}

/// Waits for something that a follower does.
#[track_caller]
fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = holds() {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "never {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A statement as the owner of the tables runs it.
fn owner(s: &Server, statement: Statement) {
    let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
    db.write(keep(move |c| statement.execute(c))).unwrap();
}

/// Makes the next attempt at every failure the last one, now. It has the lock of the follower, so that no attempt is under way.
fn last_attempt(s: &Server) {
    let past = Utc::now() - TimeDelta::seconds(1);
    let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
    db.write(keep(move |c| {
        sql!("UPDATE followers SET cursor_seq = cursor_seq WHERE name = {}", ATTRIBUTION).execute(c)?;
        sql!("UPDATE follower_failures SET attempts = 4, retry_at = {}", past).execute(c)
    }))
    .unwrap();
}

/// Lets the ledger of attribution fail on one document.
fn spoil(s: &Server, document: &str) {
    match s.engine {
        Engine::Sqlite => owner(
            s,
            Statement::new(format!(
                "CREATE TRIGGER spoilt BEFORE INSERT ON attribution_figures WHEN NEW.document_id = '{document}' BEGIN SELECT RAISE(ABORT, 'spoilt'); END"
            )),
        ),
        Engine::Postgres => {
            owner(
                s,
                Statement::new("CREATE FUNCTION spoilt() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'spoilt'; END $$"),
            );
            owner(
                s,
                Statement::new(format!(
                    "CREATE TRIGGER spoilt BEFORE INSERT ON attribution_figures FOR EACH ROW WHEN (NEW.document_id = '{document}') EXECUTE FUNCTION spoilt()"
                )),
            );
        }
    }
}

fn mend(s: &Server) {
    owner(
        s,
        Statement::new(match s.engine {
            Engine::Sqlite => "DROP TRIGGER spoilt",
            Engine::Postgres => "DROP TRIGGER spoilt ON attribution_figures",
        }),
    );
}

fn draft(s: &Server, party: &Value, amount: &str) -> Value {
    let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [
        {"description": "Advice", "item_class": "service", "quantity": "1", "unit_price": amount, "tax_code_ids": []}]});
    s.post("/v1/receivables/invoices", body).created()
}

fn post(s: &Server, invoice: &Value) -> crate::harness::Answer {
    s.act(&format!("/v1/receivables/invoices/{}/post", id(invoice)), invoice, json!({}))
}

fn invoiced(s: &Server, more: &str) -> Value {
    s.get(&format!("/v1/marketing/attribution?company_id={}&basis=invoiced{more}", s.company_id())).ok()
}

/// From touches to an order, deliveries, invoices, payments, a credit note and a return; and an invoice without an order.
fn trade(s: &Server, books: &Books) {
    let party = customer(s, "Beans");
    touch(s, &party, "2026-02-20T09:00:00Z", json!({"campaign": "spring", "medium": "email"}));
    touch(s, &party, "2026-02-27T09:00:00Z", json!({"campaign": "spring"}));
    let lost = deal(s, &party, json!({"amount": "70"}));
    act(s, "opportunities", &lost, "lose", json!({"reason": "price"}));
    deal(s, &party, json!({"amount": "33.34"}));
    let d = deal(s, &party, json!({"amount": "100"}));
    act(s, "opportunities", &d, "win", json!({}));
    let order = s.all(&format!("/v1/sales/orders?opportunity_id={}", id(&d))).remove(0);
    let path = format!("/v1/sales/orders/{}", id(&order));
    let line = json!({"product_id": books.product("BEANS")["id"], "quantity": "3"});
    s.request("POST", &format!("{path}/lines")).if_match(&order).json(&line).send().created();
    s.act(&format!("{path}/confirm"), &s.get(&path).ok(), json!({})).ok();
    touch(s, &party, "2026-02-28T09:00:00Z", json!({"medium": "social"}));
    s.act(&format!("{path}/deliver"), &s.get(&path).ok(), json!({"ship": true})).expect(200);
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
    let invoice = post(s, &invoice).ok();
    let mut pay = books.payment(&party, &json!("10"));
    pay["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
    let pay = s.post("/v1/banking/payments", pay).created();
    s.act(&format!("/v1/banking/payments/{}/post", id(&pay)), &pay, json!({})).ok();
    let paid = s.get(&format!("/v1/receivables/invoices/{}", id(&invoice))).ok();
    let line = &invoice["lines"][0];
    let note = json!({"lines": [{"invoice_line_id": line["id"], "net": "5.01"}]});
    let note = s.act(&format!("/v1/receivables/invoices/{}/credit", id(&invoice)), &paid, note).ok();
    s.act(&format!("/v1/receivables/credit-notes/{}/post", id(&note)), &note, json!({})).ok();
    let alone = draft(s, &party, "12.34");
    post(s, &alone).ok();
}

/// What the ledger says: the deals, what they brought by day, and what touches earned of it. Not how it came to be.
fn ledger(s: &Server) -> Value {
    let plain = |mut row: Value| {
        for name in ["version", "created_at", "updated_at"] {
            row.as_object_mut().unwrap().remove(name);
        }
        row
    };
    let mut deals: Vec<Value> = s.all("/v1/marketing/attribution-deals").into_iter().map(plain).collect();
    deals.sort_by_key(|d| d["id"].to_string());
    let sums = |rows: Vec<Value>, key: &[&str], amount: &str| {
        let mut out: BTreeMap<String, Decimal> = BTreeMap::new();
        for row in rows {
            let key: Vec<String> = key.iter().map(|name| row[*name].to_string()).collect();
            *out.entry(key.join(" ")).or_default() += money(&row[amount]);
        }
        out.retain(|_, sum| !sum.is_zero());
        json!(out.into_iter().map(|(key, sum)| (key, sum.normalize().to_string())).collect::<BTreeMap<_, _>>())
    };
    json!({
        "deals": deals,
        "figures": sums(s.all("/v1/marketing/attribution-restatements"), &["deal_id", "basis", "day"], "change_amount"),
        "credits": sums(s.all("/v1/marketing/attribution-credits"), &["deal_id", "model_id", "basis", "day", "touchpoint_id"], "amount"),
    })
}

each_engine! {
    fn an_error_in_attribution_refuses_no_invoice_and_is_set_aside_while_the_rest_goes_on(s) {
        let party = customer(s, "Beans");
        let (bad, good) = (draft(s, &party, "10"), draft(s, &party, "32"));
        spoil(s, id(&bad));
        assert_eq!(post(s, &bad).ok()["status"], "posted");
        assert_eq!(post(s, &good).ok()["status"], "posted");
        let shown = until("failed", || failures(s).pop());
        assert_eq!((&shown["kind"], &shown["subject"], &shown["status"]), (&json!("invoice.posted"), &bad["id"], &json!("waiting")));
        assert_eq!((&shown["follower"]["name"], shown["retry_at"].is_null()), (&json!(ATTRIBUTION), false));
        until("went on", || (invoiced(s, "")["total"]["amount"] == "32.00").then_some(()));
        // the last attempt fails, too
        last_attempt(s);
        let aside = until("set aside", || failures(s).pop().filter(|f| f["status"] == "set_aside"));
        assert_eq!((&aside["attempts"], &aside["retry_at"]), (&json!(5), &json!(null)));
        let alone = s.get(&format!("/v1/platform/follower-failures/{}?expand=follower", id(&aside))).ok();
        assert_eq!(alone, aside);
        let behind = follower(s, ATTRIBUTION);
        assert_eq!((&behind["set_aside_failures"], &behind["waiting_failures"], &behind["lag_events"]), (&json!(1), &json!(0), &json!(0)));
        assert_eq!(behind["allowed_actions"], json!(["rebuild", "retry"]));
        mend(s);
        let behind = s.get(&format!("/v1/platform/followers/{}", id(&behind))).ok();
        act(s, "followers", &behind, "retry", json!({}));
        until("resolved", || failures(s).is_empty().then_some(()));
        assert_eq!(invoiced(s, "")["total"]["amount"], "42.00");
        let now = follower(s, ATTRIBUTION);
        s.act(&format!("/v1/platform/followers/{}/retry", id(&now)), &now, json!({})).problem(409, "follower.nothing_set_aside");
        verified(s);
    }

    fn what_is_rebuilt_is_what_was_kept(s) {
        s.at("2026-03-10T09:00:00Z");
        let books = ready_to_sell(s);
        trade(s, &books);
        s.followed();
        let kept = ledger(s);
        assert!(kept["deals"].as_array().unwrap().len() >= 4 && kept["credits"].as_object().unwrap().len() > 20, "{kept:#}");
        verified(s);
        let before = follower(s, ATTRIBUTION);
        assert_eq!((&before["is_rebuildable"], &before["rebuilt_at"]), (&json!(true), &json!(null)));
        let begun = act(s, "followers", &before, "rebuild", json!({}));
        assert_eq!((&begun["status"], &begun["as_of_seq"]), (&json!("clearing"), &json!(0)));
        until("rebuilt", || follower(s, ATTRIBUTION)["rebuilt_at"].is_string().then_some(()));
        s.followed();
        let rebuilt = ledger(s);
        assert_eq!(rebuilt, kept);
        verified(s);
        // and goes on from there
        trade(s, &books);
        s.followed();
        verified(s);
        let journeys = follower(s, "marketing.journeys");
        s.act(&format!("/v1/platform/followers/{}/rebuild", id(&journeys)), &journeys, json!({})).problem(409, "follower.not_rebuildable");
    }

    fn a_report_says_as_of_which_event_it_speaks_and_waits_for_the_callers_own(s) {
        let party = customer(s, "Beans");
        let made = draft(s, &party, "10");
        for amount in ["10.00", "20.00", "30.00"] {
            let made = if amount == "10.00" { made.clone() } else { draft(s, &party, "10") };
            let posted = post(s, &made);
            let event = posted.header("Tandem-Event").unwrap().to_string();
            let report = invoiced(s, &format!("&wait_for={event}"));
            assert_eq!(report["total"]["amount"], amount);
            let told = s.all("/v1/platform/events").into_iter().find(|e| e["id"] == *event).unwrap();
            assert!(report["as_of_seq"].as_i64().unwrap() >= told["seq"].as_i64().unwrap() && report["as_of_at"].is_string(), "{report:#}");
            let deals = s.get(&format!("/v1/marketing/attribution-deals?wait_for={}&include_total=true", told["seq"])).ok();
            assert!(deals["total_count"].as_i64().unwrap() >= 1);
        }
        let head = follower(s, ATTRIBUTION)["head_seq"].as_i64().unwrap();
        let path = format!("/v1/marketing/attribution?company_id={}&wait_for=", s.company_id());
        let began = Instant::now();
        s.get(&format!("{path}{}", head + 1_000_000)).problem(503, "follower.not_reached");
        assert!(began.elapsed() >= Duration::from_secs(4));
        s.get(&format!("{path}evt_00000000000000000000000000")).problem(422, "invalid_query");
        s.get(&format!("{path}soon")).problem(400, "invalid_parameter");
        s.get(&format!("/v1/marketing/segments?wait_for={head}")).problem(400, "unknown_parameter");
        // a repetition says the same, what was not kept nothing
        let draft = draft(s, &party, "1");
        let once = || s.request("POST", &format!("/v1/receivables/invoices/{}/post", id(&draft))).if_match(&draft).key("once").send();
        let dry = s.request("POST", &format!("/v1/receivables/invoices/{}/post?dry_run=true", id(&draft))).if_match(&draft).send();
        assert_eq!((dry.status, dry.header("Tandem-Event")), (200, None));
        let (first, again) = (once(), once());
        assert!(first.header("Tandem-Event").is_some());
        assert_eq!(first.header("Tandem-Event"), again.header("Tandem-Event"));
    }

    fn of_two_replicas_one_follows(s) {
        if s.engine == Engine::Sqlite {
            return; // it has one process
        }
        let j = published(s, json!([{"key": "pause", "kind": "wait", "wait": {"minutes": 100_000}}]), entry());
        let other = s.replica();
        std::thread::scope(|scope| {
            for n in 0..4 {
                let (here, there) = (s, &other);
                scope.spawn(move || {
                    for i in 0..15 {
                        let body = json!({"company_id": here.company_id(), "last_name": format!("L{n}-{i}")});
                        if (n + i) % 2 == 0 { here.post("/v1/crm/leads", body).created() } else { there.post("/v1/crm/leads", body).created() };
                    }
                });
            }
        });
        s.followed();
        assert_eq!(s.all(&format!("/v1/marketing/journey-enrollments?journey_id={}", id(&j))).len(), 60);
        assert_eq!(s.all("/v1/platform/events?kind=journey.enrolled").len(), 60, "each counts once");
        drop(other);
        let body = json!({"company_id": s.company_id(), "last_name": "Last"});
        s.post("/v1/crm/leads", body).created();
        s.followed();
        assert_eq!(s.all("/v1/platform/events?kind=journey.enrolled").len(), 61);
    }

    fn who_may_not_know_of_followers_is_refused(s) {
        let none = crate::fixtures::user_with(s, &["crm.leads.read"], &[s.company_id()]);
        none.get("/v1/platform/followers").problem(403, "missing_scope");
        none.get("/v1/platform/follower-failures").problem(403, "missing_scope");
        let all = s.all("/v1/platform/followers?sort=created_at");
        let names: Vec<_> = all.iter().map(|f| f["name"].as_str().unwrap()).collect();
        assert!(names.contains(&ATTRIBUTION) && names.contains(&"marketing.journeys"), "{names:?}");
        assert!(all.iter().all(|f| !f["description"].as_str().unwrap().is_empty() && !f["kinds"].as_array().unwrap().is_empty()));
    }
}

/// A journey that begins with a lead, again and again.
fn entry() -> Value {
    json!({"entry": {"kind": "fact", "fact": "lead_created"}, "reentry": {"kind": "always"}})
}

/// A server is killed again and again while leads come in. The journey ends at once and may be entered again, so a lead that
/// counted twice would enter twice.
fn killed(engine: Engine, kills: usize) {
    if !engine.available() {
        return;
    }
    let database = harness::Database::empty(engine);
    let victim = Victim::start(&database, "");
    let login = json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
    let token = Stubborn::new(&victim, "").post("/v1/identity/login", "", None, &login)["access_token"].as_str().unwrap().to_string();
    let boss = Stubborn::new(&victim, &token);
    let company = boss.post("/v1/directory/companies", "company", None, &json!({"code": "ACME", "name": "Acme", "currency": "EUR"}));
    let company = id(&company).to_string();
    let mut body = json!({"company_id": company, "name": "Hello", "steps": [{"key": "end", "kind": "exit"}]});
    body.as_object_mut().unwrap().extend(entry().as_object().unwrap().clone());
    let journey = boss.post("/v1/marketing/journeys", "journey", None, &body);
    boss.post(&format!("{}/publish", at("journeys", &journey)), "publish", journey["version"].as_i64(), &json!({}));
    let stop = AtomicBool::new(false);
    let leads: usize = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|n| {
                let (victim, token, stop, company) = (&victim, &token, &stop, &company);
                scope.spawn(move || {
                    let writer = Stubborn::new(victim, token);
                    let mut made = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let body = json!({"company_id": company, "last_name": format!("L{n}-{made}")});
                        writer.post("/v1/crm/leads", &format!("lead-{n}-{made}"), None, &body);
                        made += 1;
                    }
                    made
                })
            })
            .collect();
        for i in 0..kills {
            std::thread::sleep(Duration::from_millis(300 + 70 * (i as u64 % 5)));
            victim.kill();
            victim.run();
        }
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().map(|w| w.join().unwrap()).sum()
    });
    until("followed", || {
        boss.all("/v1/platform/followers").iter().all(|f| f["lag_events"] == 0 && f["waiting_failures"] == 0).then_some(())
    });
    let entered = boss.all("/v1/platform/events?kind=journey.enrolled").len();
    eprintln!("{engine:?}: {kills} kills, {leads} leads");
    assert!(leads > kills, "hardly anything was written");
    assert_eq!(entered, leads, "each lead enters once");
    assert!(boss.all("/v1/platform/follower-failures").is_empty());
}

#[test]
fn each_event_counts_once_when_the_server_is_killed_on_sqlite() {
    killed(Engine::Sqlite, 6);
}

#[test]
fn each_event_counts_once_when_the_server_is_killed_on_postgres() {
    killed(Engine::Postgres, 6);
}
