//! Merging two parties that are one: everything follows, the other becomes a tombstone, and it can be taken back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::references::straggle;
use crate::fixtures::{Books, customer, id, ready_to_sell, user_with, verified};
use crate::harness::Server;

const HERE: &str = "/v1/directory/parties";

fn at(party: &Value) -> String {
    format!("{HERE}/{}", id(party))
}

#[track_caller]
fn merge(s: &Server, winner: &Value, loser: &Value, take: Value) -> Value {
    let now = s.get(&at(winner)).ok();
    s.act(&format!("{}/merge", at(winner)), &now, json!({"source_id": loser["id"], "take": take})).ok()
}

/// A customer with a bit of everything: order, delivery, posted invoice, payment with an allocation, deal, activity, people, child.
struct Busy {
    party: Value,
    people: Vec<Value>,
}

fn busy(s: &Server, books: &Books, name: &str, ana: &Value) -> Busy {
    let body = json!({"name": name, "code": name.to_uppercase(), "is_customer": true, "emails": [{"address": format!("{name}@x.example")}],
        "external_ids": [{"system": "shop", "id": name}], "tags": [name],
        "addresses": [{"purpose": "billing", "address": {"line1": format!("{name} street 1"), "city": "Berlin", "country": "DE"}}]});
    let party = s.post(HERE, body).created();
    let company = s.company_id();
    let order = json!({"company_id": company, "customer_id": party["id"], "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "2"}]});
    let order = s.post("/v1/sales/orders", order).created();
    let path = format!("/v1/sales/orders/{}", id(&order));
    let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
    s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
    let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
    let mut payment = books.payment(&party, &json!("10.00"));
    payment["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
    let payment = s.post("/v1/banking/payments", payment).created();
    s.act(&format!("/v1/banking/payments/{}/post", id(&payment)), &payment, json!({})).ok();
    s.post("/v1/crm/opportunities", json!({"company_id": company, "name": "A deal", "party_id": party["id"]})).created();
    s.post("/v1/crm/activities", json!({"company_id": company, "kind": "call", "subject": "Ask", "regarding_id": party["id"]})).created();
    let own = s.post("/v1/directory/contacts", json!({"last_name": format!("Of {name}")})).created();
    let people = vec![own, ana.clone()];
    for (i, person) in people.iter().enumerate() {
        let body = json!({"contact_id": person["id"], "party_id": party["id"], "role": "buyer", "is_primary": i == 0});
        s.post("/v1/directory/relationships", body).created();
    }
    s.post(HERE, json!({"name": format!("Branch of {name}"), "parent_id": party["id"]})).created();
    Busy { party, people }
}

/// Everything that leads to a party, as it is listed, without what counts changes.
fn leading(s: &Server, party: &Value) -> Vec<(String, Value)> {
    let id = id(party);
    let lists = [
        format!("receivables/invoices?customer_id={id}"),
        format!("banking/payments?party_id={id}"),
        format!("receivables/open-items?party_id={id}"),
        format!("sales/orders?customer_id={id}"),
        format!("sales/deliveries?customer_id={id}"),
        format!("crm/opportunities?party_id={id}"),
        format!("crm/activities?regarding_id={id}"),
        format!("directory/relationships?party_id={id}"),
        format!("directory/parties?parent_id={id}"),
    ];
    lists
        .into_iter()
        .flat_map(|list| {
            let mut rows = s.all(&format!("/v1/{list}"));
            rows.sort_by_key(|r| r["id"].to_string());
            rows.into_iter().map(move |mut row| {
                strip(&mut row);
                (list.split('?').next().unwrap().to_string(), row)
            })
        })
        .collect()
}

fn plain(party: &Value) -> Value {
    let mut party = party.clone();
    strip(&mut party);
    party
}

/// Takes out what counts changes, in the lines too.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|k, _| k != "version" && k != "updated_at");
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

each_engine! {
    fn everything_follows_into_the_one_that_stays(s) {
        let books = ready_to_sell(s);
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let (winner, loser) = (busy(s, &books, "first", &ana), busy(s, &books, "second", &ana));
        let before = leading(s, &loser.party);
        let own = leading(s, &winner.party);
        assert_eq!(before.len(), 10, "{before:#?}");
        let done = merge(s, &winner.party, &loser.party, json!([]));
        let after = leading(s, &winner.party);
        // Ana is a buyer of both, and stands there once
        assert_eq!(after.len(), own.len() + before.len() - 1, "{after:#?}");
        assert_eq!(leading(s, &loser.party), after, "the old id leads to the one that stayed");
        let people: Vec<_> = after.iter().filter(|r| r.0 == "directory/relationships").map(|r| &r.1).collect();
        assert_eq!(people.iter().filter(|r| r["contact_id"] == ana["id"]).count(), 1);
        assert_eq!(people.iter().filter(|r| r["is_primary"] == true).map(|r| &r["contact_id"]).collect::<Vec<_>>(), [&winner.people[0]["id"]]);
        let invoices: Vec<_> = after.iter().filter(|r| r.0 == "receivables/invoices").map(|r| &r.1).collect();
        let names: Vec<_> = invoices.iter().map(|i| (&i["customer_name"], &i["billing_address"]["line1"])).collect();
        assert!(names.contains(&(&json!("second"), &json!("second street 1"))), "documents keep their names: {names:?}");
        assert_eq!(done["moved"].as_array().unwrap().iter().find(|m| m["what"] == "invoices.customer_id").unwrap()["rows"], 1);
        verified(s);
        let united = s.get(&at(&winner.party)).ok();
        assert_eq!((&united["code"], united["emails"].as_array().unwrap().len(), &united["tags"]), (&json!("FIRST"), 2, &json!(["first", "second"])));
        assert_eq!(plain(&united), plain(&s.get(&at(&winner.party)).ok()));
        let known = s.post(&format!("{HERE}/upsert"), json!({"external_id": {"system": "shop", "id": "second"}, "party": {"website": "https://x.example"}})).ok();
        assert_eq!((&known["created"], &known["party"]["id"]), (&json!(false), &winner.party["id"]));
    }

    fn a_contact_of_both_stands_there_once_and_stays_the_first(s) {
        let (winner, loser) = (customer(s, "Stays"), customer(s, "Goes"));
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let serve = |party: &Value, title: &str, first: bool| {
            let body = json!({"contact_id": ana["id"], "party_id": party["id"], "title": title, "is_primary": first});
            s.post("/v1/directory/relationships", body).created();
        };
        serve(&winner, "Buyer", false);
        serve(&loser, "Owner", true);
        let people = |party: &Value| -> Vec<(Value, Value)> {
            let found = s.all(&format!("/v1/directory/relationships?party_id={}", id(party)));
            found.iter().map(|r| (r["title"].clone(), r["is_primary"].clone())).collect()
        };
        merge(s, &winner, &loser, json!([]));
        assert_eq!((people(&winner), people(&loser)), (vec![(json!("Buyer"), json!(true))], vec![(json!("Buyer"), json!(true))]));
        s.act(&format!("{}/unmerge", at(&loser)), &s.get(&at(&loser)).ok(), Value::Null).ok();
        assert_eq!((people(&winner), people(&loser)), (vec![(json!("Buyer"), json!(false))], vec![(json!("Owner"), json!(true))]));
        verified(s);
    }

    fn the_one_that_went_is_a_tombstone_that_nobody_changes(s) {
        let (winner, loser) = (customer(s, "Winner"), customer(s, "Loser"));
        merge(s, &winner, &loser, json!([]));
        let tombstone = s.get(&at(&loser)).ok();
        assert_eq!((&tombstone["merged_into"], &tombstone["name"], &tombstone["allowed_actions"]), (&winner["id"], &json!("Loser"), &json!(["unmerge"])));
        assert_eq!(s.all(&format!("{HERE}?q=loser")).len(), 0, "it is not found by words");
        assert_eq!(s.all(&format!("{HERE}?merged_into={}", id(&winner))).len(), 1);
        s.patch(&at(&loser), &tombstone, json!({"name": "Ghost"})).problem(409, "party.merged");
        s.delete(&at(&loser), &tombstone).problem(409, "party.merged");
        for verb in ["archive", "restore"] {
            s.act(&format!("{}/{verb}", at(&loser)), &tombstone, json!({})).problem(409, "party.merged");
        }
        s.act(&format!("{}/merge", at(&loser)), &tombstone, json!({"source_id": winner["id"]})).problem(409, "party.merged");
        s.act(&format!("{}/merge", at(&winner)), &s.get(&at(&winner)).ok(), json!({"source_id": loser["id"]})).problem(409, "party.merged");
        s.post(HERE, json!({"name": "Child", "parent_id": loser["id"]})).problem(409, "party.merged");
        let person = s.post("/v1/directory/contacts", json!({"last_name": "P"})).created();
        s.post("/v1/directory/relationships", json!({"contact_id": person["id"], "party_id": loser["id"]})).problem(409, "party.merged");
        let order = json!({"company_id": s.company_id(), "customer_id": loser["id"], "lines": [{"description": "x", "quantity": "1", "unit_price": "1"}]});
        s.post("/v1/sales/orders", order).problem(409, "party.archived");
    }

    fn overview_and_timeline_follow_a_merge(s) {
        let (winner, loser) = (customer(s, "Winner"), customer(s, "Loser"));
        merge(s, &winner, &loser, json!([]));
        let all = s.get(&format!("{}/360", at(&loser))).ok();
        assert_eq!(all["party"]["id"], winner["id"]);
        let kinds = |party: &Value| -> Vec<Value> { s.all(&format!("{}/timeline", at(party))).into_iter().map(|e| e["kind"].clone()).collect() };
        assert_eq!(kinds(&winner), ["party.merged", "party.created", "party.created"]);
        assert_eq!(kinds(&loser), kinds(&winner));
        let told = s.all("/v1/platform/events?kind=party.merged");
        assert_eq!((&told[0]["data"]["winner_id"], &told[0]["data"]["loser_id"], &told[0]["subject"]), (&winner["id"], &loser["id"], &winner["id"]));
    }

    fn a_dry_run_shows_the_conflicts_and_the_caller_chooses(s) {
        let winner = s.post(HERE, json!({"name": "Acme", "tax_id": "T1", "is_customer": true})).created();
        let loser = s.post(HERE, json!({"name": "Acme Ltd", "tax_id": "T2", "website": "https://acme.example", "is_customer": true,
            "customer_terms": {"credit_limit": "500", "currency": "EUR", "blocked": "ship"}})).created();
        let path = format!("{}/merge", at(&winner));
        let table = s.act(&format!("{path}?dry_run=true"), &winner, json!({"source_id": loser["id"]})).ok();
        let shown: Vec<_> = table["conflicts"].as_array().unwrap().iter().map(|c| (c["field"].as_str().unwrap(), c["kept"].as_str().unwrap())).collect();
        assert_eq!(shown, [("name", "winner"), ("tax_id", "winner"), ("customer_terms", "winner")]);
        assert_eq!((&table["winner_after"]["website"], &table["winner_after"]["customer_terms"]["blocked"]), (&json!("https://acme.example"), &json!("ship")));
        assert_eq!((s.get(&at(&winner)).ok(), s.get(&at(&loser)).ok()), (winner.clone(), loser.clone()), "nothing was kept");
        let clerk = user_with(s, &["directory.parties.merge", "directory.parties.read"], &[]);
        clerk.act(&path, &winner, json!({"source_id": loser["id"], "take": ["customer_terms"]})).problem(403, "missing_scope");
        clerk.act(&path, &winner, json!({"source_id": loser["id"], "take": ["name", "tax_id"]})).ok();
        let united = s.get(&at(&winner)).ok();
        assert_eq!((&united["name"], &united["tax_id"]), (&json!("Acme Ltd"), &json!("T2")));
    }

    fn what_cannot_be_one_is_refused(s) {
        let winner = customer(s, "Winner");
        let path = format!("{}/merge", at(&winner));
        s.act(&path, &winner, json!({"source_id": winner["id"]})).problem(422, "party_merge.with_itself");
        s.act(&path, &winner, json!({"source_id": "pty_00000000000000000000000000"})).problem(422, "unknown_reference");
        let person = s.post(HERE, json!({"name": "P", "kind": "person"})).created();
        s.act(&path, &winner, json!({"source_id": person["id"]})).problem(422, "party_merge.kinds_differ");
        let mails = |n: usize| (0..15).map(|i| json!({"address": format!("m{i}@{n}.example")})).collect::<Vec<_>>();
        let full = s.post(HERE, json!({"name": "F", "emails": mails(1)})).created();
        let fuller = s.post(HERE, json!({"name": "G", "emails": mails(2)})).created();
        s.act(&format!("{}/merge", at(&full)), &full, json!({"source_id": fuller["id"]})).problem(409, "party_merge.too_large");
        s.act(&path, 7, json!({"source_id": full["id"]})).problem(412, "precondition_failed");
        user_with(s, &["directory.parties.update"], &[]).act(&path, &winner, json!({"source_id": full["id"]})).problem(403, "missing_scope");
    }

    fn parties_of_one_hierarchy_become_one_without_circles(s) {
        let make = |name: &str, parent: Option<&Value>| s.post(HERE, json!({"name": name, "parent_id": parent.map(|p| p["id"].clone())})).created();
        let top = make("Top", None);
        let middle = make("Middle", Some(&top));
        let low = make("Low", Some(&middle));
        merge(s, &low, &top, json!([]));
        assert_eq!(s.get(&at(&low)).ok()["parent_id"], Value::Null);
        assert_eq!(s.get(&at(&middle)).ok()["parent_id"], low["id"], "what hung below the one that went hangs below the one that stays");
        merge(s, &low, &middle, json!([]));
        assert_eq!(s.get(&at(&low)).ok()["parent_id"], Value::Null);
        let head = make("Head", None);
        let arm = make("Arm", Some(&head));
        let hand = make("Hand", Some(&arm));
        let now = s.get(&at(&head)).ok();
        s.act(&format!("{}/merge", at(&head)), &now, json!({"source_id": hand["id"], "take": ["parent_id"]})).problem(422, "party.cycle");
        merge(s, &head, &hand, json!([]));
        assert_eq!(s.get(&at(&head)).ok()["parent_id"], Value::Null);
    }

    fn a_merge_that_is_taken_back_leaves_everything_as_it_was(s) {
        let books = ready_to_sell(s);
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let (winner, loser) = (busy(s, &books, "first", &ana), busy(s, &books, "second", &ana));
        let before = [(leading(s, &winner.party), plain(&s.get(&at(&winner.party)).ok())), (leading(s, &loser.party), plain(&s.get(&at(&loser.party)).ok()))];
        let done = merge(s, &winner.party, &loser.party, json!(["code", "name"]));
        assert_eq!(s.get(&at(&winner.party)).ok()["code"], "SECOND");
        s.at("2026-02-01T08:59:00Z");
        let tombstone = s.get(&at(&loser.party)).ok();
        s.act(&format!("{}/unmerge", at(&loser.party)), &tombstone, Value::Null).ok();
        let after = [(leading(s, &winner.party), plain(&s.get(&at(&winner.party)).ok())), (leading(s, &loser.party), plain(&s.get(&at(&loser.party)).ok()))];
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.1, after.1);
            assert_eq!(before.0.len(), after.0.len());
            before.0.iter().zip(&after.0).for_each(|(b, a)| assert_eq!(b, a));
        }
        verified(s);
        let kept = s.get(&format!("/v1/directory/party-merges/{}", id(&done))).ok();
        assert_eq!((&kept["status"], kept["undone_at"].is_string()), (&json!("undone"), true));
        assert_eq!(s.all(&format!("/v1/directory/party-merges?winner_id={}", id(&winner.party))).len(), 1);
        assert_eq!(s.all("/v1/platform/events?kind=party.unmerged").len(), 1);
        let back = s.get(&at(&loser.party)).ok();
        s.act(&format!("{}/unmerge", at(&loser.party)), &back, Value::Null).problem(409, "party_merge.not_merged");
        let known = s.post(&format!("{HERE}/upsert"), json!({"external_id": {"system": "shop", "id": "second"}, "party": {}})).ok();
        assert_eq!(known["party"]["id"], loser.party["id"]);
    }

    fn what_was_done_since_stays_when_a_merge_is_taken_back(s) {
        let (winner, loser) = (customer(s, "Winner"), s.post(HERE, json!({"name": "Loser", "tags": ["theirs"], "website": "https://l.example"})).created());
        merge(s, &winner, &loser, json!([]));
        let now = s.get(&at(&winner)).ok();
        s.patch(&at(&winner), &now, json!({"legal_name": "Winner Ltd", "tags": ["theirs", "since"]})).ok();
        s.act(&format!("{}/unmerge", at(&loser)), &s.get(&at(&loser)).ok(), Value::Null).ok();
        let alone = s.get(&at(&winner)).ok();
        assert_eq!((&alone["legal_name"], &alone["tags"], &alone["website"]), (&json!("Winner Ltd"), &json!(["since"]), &Value::Null));
    }

    fn a_merge_is_taken_back_within_thirty_days(s) {
        let (winner, loser) = (customer(s, "Winner"), customer(s, "Loser"));
        let done = merge(s, &winner, &loser, json!([]));
        assert_eq!(done["undo_until"], "2026-02-01T09:00:00Z");
        s.at("2026-02-01T09:00:01Z");
        let tombstone = s.get(&at(&loser)).ok();
        s.act(&format!("{}/unmerge", at(&loser)), &tombstone, Value::Null).problem(409, "party_merge.too_late");
    }

    fn a_merge_stays_when_something_stands_in_the_way(s) {
        let unmerge = |party: &Value| s.act(&format!("{}/unmerge", at(party)), &s.get(&at(party)).ok(), Value::Null);
        let (a, b, c) = (customer(s, "A"), customer(s, "B"), customer(s, "C"));
        merge(s, &b, &a, json!([]));
        merge(s, &c, &b, json!([]));
        assert_eq!(s.get(&at(&a)).ok()["merged_into"], c["id"]);
        unmerge(&a).problem(409, "party_merge.not_undoable");
        unmerge(&b).ok();
        assert_eq!(s.get(&at(&a)).ok()["merged_into"], b["id"]);
        unmerge(&a).ok();

        let loser = s.post(HERE, json!({"name": "L", "code": "L", "external_ids": [{"system": "shop", "id": "l"}]})).created();
        merge(s, &a, &loser, json!([]));
        let now = s.get(&at(&a)).ok();
        let freed = s.patch(&at(&a), &now, json!({"code": null, "external_ids": []})).ok();
        let thief = s.post(HERE, json!({"name": "Thief", "code": "L"})).created();
        unmerge(&loser).problem(409, "party_merge.not_undoable");
        let thief = s.patch(&at(&thief), &thief, json!({"code": null, "external_ids": [{"system": "shop", "id": "l"}]})).ok();
        unmerge(&loser).problem(409, "party_merge.not_undoable");
        s.patch(&at(&thief), &thief, json!({"external_ids": []})).ok();
        assert_eq!(freed["code"], Value::Null);
        unmerge(&loser).ok();
    }

    fn documents_that_were_joined_hold_a_merge(s) {
        let books = ready_to_sell(s);
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana"})).created();
        let (winner, loser) = (busy(s, &books, "first", &ana), busy(s, &books, "second", &ana));
        let owed = s.all(&format!("/v1/receivables/invoices?customer_id={}", id(&loser.party)))[0].clone();
        merge(s, &winner.party, &loser.party, json!([]));
        let body = json!({"company_id": s.company_id(), "party_id": winner.party["id"], "amount": "5.00", "allocate_to": [{"invoice_id": owed["id"]}]});
        let paid = s.post("/v1/banking/payments", body).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&paid)), &paid, json!({})).ok();
        verified(s);
        let tombstone = s.get(&at(&loser.party)).ok();
        s.act(&format!("{}/unmerge", at(&loser.party)), &tombstone, Value::Null).problem(409, "party_merge.not_undoable");
    }

    fn of_two_merges_at_once_one_is_done(s) {
        let (a, b) = (customer(s, "A"), customer(s, "B"));
        let statuses = s.parallel(2, |i, c| {
            let (winner, loser) = if i == 0 { (&a, &b) } else { (&b, &a) };
            c.act(&format!("{}/merge", at(winner)), winner, json!({"source_id": loser["id"]})).status
        });
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
    }

    fn stragglers_follow_after_a_while(s) {
        let (winner, loser) = (customer(s, "Winner"), customer(s, "Loser"));
        merge(s, &winner, &loser, json!([]));
        let late = customer(s, "Late");
        let straggles = "UPDATE parties SET parent_id = (SELECT id FROM parties WHERE name = 'Loser') WHERE name = 'Late'";
        straggle(s, "parties", "parent_id", straggles);
        s.at("2026-01-02T09:05:00Z");
        let began = Instant::now();
        while s.get(&at(&late)).ok()["parent_id"] != winner["id"] {
            assert!(began.elapsed() < Duration::from_secs(10), "it never follows");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
