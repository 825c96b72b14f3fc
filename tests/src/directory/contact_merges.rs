//! Two contacts that are one person become one, with everything that led to either, and can be parted again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::references::straggle;
use crate::fixtures::{customer, id, ready_to_sell, user_with, verified};
use crate::harness::Server;

const HERE: &str = "/v1/directory/contacts";

fn at(contact: &Value) -> String {
    format!("{HERE}/{}", id(contact))
}

fn make(s: &Server, more: Value) -> Value {
    let mut body = json!({"last_name": "Trujillo", "allow_duplicate": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    s.post(HERE, body).created()
}

#[track_caller]
fn merge(s: &Server, winner: &Value, loser: &Value, take: Value) -> Value {
    let now = s.get(&at(winner)).ok();
    s.act(&format!("{}/merge", at(winner)), &now, json!({"source_id": loser["id"], "take": take})).ok()
}

fn unmerge(s: &Server, contact: &Value) -> crate::harness::Answer {
    s.act(&format!("{}/unmerge", at(contact)), &s.get(&at(contact)).ok(), Value::Null)
}

/// Something of every kind that leads to a contact, all for this party.
fn busy(s: &Server, party: &Value, contact: &Value) {
    let company = s.company_id();
    s.post("/v1/directory/relationships", json!({"contact_id": contact["id"], "party_id": party["id"], "title": id(contact)})).created();
    let roles = json!([{"contact_id": contact["id"], "role": "champion"}]);
    let deal =
        json!({"company_id": company, "name": "Machines", "party_id": party["id"], "contact_id": contact["id"], "contact_roles": roles});
    s.post("/v1/crm/opportunities", deal).created();
    let quote = json!({"company_id": company, "party_id": party["id"], "contact_id": contact["id"], "lines": [{"description": "Advice", "quantity": "1", "unit_price": "10"}]});
    s.post("/v1/crm/quotes", quote).created();
    s.post("/v1/service/cases", json!({"company_id": company, "subject": "Leaks", "party_id": party["id"], "contact_id": contact["id"]}))
        .created();
    let call = json!({"company_id": company, "kind": "call", "subject": "Ask", "regarding_id": contact["id"]});
    s.post("/v1/crm/activities", call).created();
}

/// What lists show of a contact: the ids, by kind.
fn leading(s: &Server, contact: &Value) -> Vec<(String, Vec<String>)> {
    let kinds = ["crm/opportunities", "crm/quotes", "service/cases", "directory/relationships"].map(|k| (k, "contact_id"));
    let lists = kinds.into_iter().chain([("crm/activities", "regarding_id")]);
    let ids = |kind: &str, by: &str| s.all(&format!("/v1/{kind}?{by}={}", id(contact))).iter().map(|r| id(r).to_string()).collect();
    lists.map(|(kind, by)| (kind.to_string(), ids(kind, by))).collect()
}

/// Without what counts changes.
fn plain(contact: &Value) -> Value {
    let mut out = contact.clone();
    for name in ["version", "updated_at"] {
        out.as_object_mut().unwrap().remove(name);
    }
    out
}

each_engine! {
    fn everything_follows_and_goes_back(s) {
        ready_to_sell(s);
        let (firm, other) = (customer(s, "Firm"), customer(s, "Other"));
        let winner = make(s, json!({"first_name": "Ana", "emails": [{"address": "ana@example.org"}], "tags": ["vip"]}));
        let loser = make(s, json!({"language": "es", "salutation": "Dr", "emails": [{"address": "ana@example.com"}], "external_ids": [{"system": "shop", "id": "7"}], "metadata": {"k": "v"}}));
        busy(s, &firm, &winner);
        busy(s, &other, &loser);
        let before = [(leading(s, &winner), plain(&s.get(&at(&winner)).ok())), (leading(s, &loser), plain(&s.get(&at(&loser)).ok()))];
        assert!(before.iter().all(|(lists, _)| lists.iter().all(|(_, ids)| ids.len() == 1)), "{before:#?}");
        let done = merge(s, &winner, &loser, json!([]));
        let united = s.get(&at(&winner)).ok();
        assert_eq!((&united["name"], &united["language"], &united["salutation"]), (&json!("Ana Trujillo"), &json!("es"), &json!("Dr")));
        assert_eq!((united["emails"].as_array().unwrap().len(), &united["external_ids"][0]["id"], &united["metadata"]["k"]), (2, &json!("7"), &json!("v")));
        assert!(leading(s, &winner).iter().all(|(_, ids)| ids.len() == 2), "{:#?}", leading(s, &winner));
        assert_eq!(leading(s, &loser), leading(s, &winner), "the old id leads to the one that stayed");
        let tombstone = s.get(&at(&loser)).ok();
        assert_eq!((&tombstone["merged_into"], &tombstone["allowed_actions"], tombstone["archived_at"].is_string()), (&winner["id"], &json!(["unmerge"]), true));
        let moved: Vec<&str> = done["moved"].as_array().unwrap().iter().map(|m| m["what"].as_str().unwrap()).collect();
        for what in ["activities.regarding_id", "cases.contact_id", "opportunities.contact_id", "opportunity_contact_roles.contact_id", "quotes.contact_id", "relationships.contact_id"] {
            assert!(moved.contains(&what), "{what} is not among {moved:?}");
        }
        s.patch(&at(&loser), &tombstone, json!({"last_name": "Back"})).problem(409, "contact.merged");
        // a fact gets its place in the feed right after its commit
        let told = (0..100).map(|_| s.all("/v1/platform/events?kind=contact.merged")).find(|told| !told.is_empty() || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            false
        });
        let told = told.expect("the merge is told");
        assert_eq!((&told[0]["subject"], &told[0]["data"]["winner_id"], &told[0]["data"]["loser_id"]), (&winner["id"], &winner["id"], &loser["id"]));
        s.at("2026-02-01T08:59:00Z");
        unmerge(s, &loser).ok();
        let after = [(leading(s, &winner), plain(&s.get(&at(&winner)).ok())), (leading(s, &loser), plain(&s.get(&at(&loser)).ok()))];
        assert_eq!(after, before);
        let kept = s.get(&format!("/v1/directory/contact-merges/{}", id(&done))).ok();
        assert_eq!((&kept["status"], s.all(&format!("/v1/directory/contact-merges?winner_id={}", id(&winner))).len()), (&json!("undone"), 1));
        let known = s.post(&format!("{HERE}/upsert"), json!({"external_id": {"system": "shop", "id": "7"}, "contact": {}})).ok();
        assert_eq!(known["contact"]["id"], loser["id"]);
        unmerge(s, &loser).problem(409, "contact_merge.not_merged");
        verified(s);
    }

    fn a_dry_run_shows_the_conflicts_and_the_caller_chooses(s) {
        let winner = make(s, json!({"first_name": "Ana", "language": "es"}));
        let loser = make(s, json!({"first_name": "Anna", "language": "de", "salutation": "Dr"}));
        let path = format!("{}/merge", at(&winner));
        let table = s.act(&format!("{path}?dry_run=true"), &winner, json!({"source_id": loser["id"]})).ok();
        let shown: Vec<_> = table["conflicts"].as_array().unwrap().iter().map(|c| (c["field"].as_str().unwrap(), c["kept"].as_str().unwrap())).collect();
        assert_eq!(shown, [("first_name", "winner"), ("language", "winner")]);
        assert_eq!((s.get(&at(&winner)).ok(), s.get(&at(&loser)).ok()), (winner.clone(), loser.clone()), "nothing was kept");
        let united = merge(s, &winner, &loser, json!(["first_name"]))["winner_after"].clone();
        assert_eq!((&united["name"], &united["language"], &united["salutation"]), (&json!("Anna Trujillo"), &json!("es"), &json!("Dr")));
    }

    fn the_strictest_word_stays_and_doubles_do_too(s) {
        let (winner, loser, firm) = (make(s, json!({})), make(s, json!({})), customer(s, "Firm"));
        let say = |contact: &Value, status: &str, topic: &str| {
            let body = json!({"contact_id": contact["id"], "channel": "email", "topic": topic, "status": status, "evidence": {"wording_version": "v1", "source": "form"}});
            s.post("/v1/marketing/consents", body).created()
        };
        say(&loser, "withdrawn", "news");
        say(&loser, "granted", "offers");
        s.at("2026-01-02T10:00:00Z");
        say(&winner, "granted", "news");
        for contact in [&winner, &loser] {
            s.post("/v1/directory/relationships", json!({"contact_id": contact["id"], "party_id": firm["id"], "title": "Owner"})).created();
        }
        s.at("2026-01-02T11:00:00Z");
        merge(s, &winner, &loser, json!([]));
        let allowed = |topic: &str| {
            let body = json!({"channel": "email", "topic": topic, "subjects": [{"contact_id": winner["id"]}]});
            s.post("/v1/marketing/consents/check", body).ok()["results"][0]["allowed"].clone()
        };
        assert_eq!((allowed("news"), allowed("offers")), (json!(false), json!(true)));
        assert_eq!(s.all(&format!("/v1/directory/relationships?contact_id={}", id(&winner))).len(), 1);
        assert_eq!(s.all(&format!("/v1/directory/relationships?contact_id={}", id(&loser))).len(), 1, "the same title at the same party");
        verified(s);
    }

    fn a_party_of_both_shows_one_contact_who_stays_the_first(s) {
        let (winner, loser, firm) = (make(s, json!({})), make(s, json!({})), customer(s, "Firm"));
        for (contact, title, first) in [(&winner, "Buyer", false), (&loser, "Owner", true)] {
            let body = json!({"contact_id": contact["id"], "party_id": firm["id"], "title": title, "is_primary": first});
            s.post("/v1/directory/relationships", body).created();
        }
        let shown = || -> Vec<(Value, Value)> {
            let seen = s.get(&format!("/v1/directory/parties/{}/360", id(&firm))).ok();
            seen["contacts"].as_array().unwrap().iter().map(|c| (c["contact"]["id"].clone(), c["relationship"]["is_primary"].clone())).collect()
        };
        let before = shown();
        assert_eq!(before, [(loser["id"].clone(), json!(true)), (winner["id"].clone(), json!(false))]);
        merge(s, &winner, &loser, json!([]));
        assert_eq!(shown(), [(winner["id"].clone(), json!(true))]);
        let first = s.all(&format!("/v1/directory/relationships?party_id={}&is_primary=true", id(&firm)));
        assert_eq!(first.iter().map(|r| &r["contact_id"]).collect::<Vec<_>>(), [&winner["id"]]);
        unmerge(s, &loser).ok();
        assert_eq!(shown(), before);
        verified(s);
    }

    fn what_cannot_be_one_is_refused(s) {
        let (a, b, c) = (make(s, json!({})), make(s, json!({})), make(s, json!({})));
        let path = format!("{}/merge", at(&a));
        s.act(&path, &a, json!({"source_id": a["id"]})).problem(422, "contact_merge.with_itself");
        s.act(&path, &a, json!({"source_id": "con_00000000000000000000000000"})).problem(422, "unknown_reference");
        s.act(&path, 7, json!({"source_id": b["id"]})).problem(412, "precondition_failed");
        user_with(s, &["directory.contacts.update"], &[]).act(&path, &a, json!({"source_id": b["id"]})).problem(403, "missing_scope");
        let mails = |n: usize| (0..15).map(|i| json!({"address": format!("m{i}@{n}.example")})).collect::<Vec<_>>();
        let (full, fuller) = (make(s, json!({"emails": mails(1)})), make(s, json!({"emails": mails(2)})));
        s.act(&format!("{}/merge", at(&full)), &full, json!({"source_id": fuller["id"]})).problem(409, "contact_merge.too_large");
        merge(s, &b, &a, json!([]));
        s.act(&format!("{}/merge", at(&c)), &c, json!({"source_id": a["id"]})).problem(409, "contact.merged");
        merge(s, &c, &b, json!([]));
        assert_eq!(s.get(&at(&a)).ok()["merged_into"], c["id"]);
        unmerge(s, &a).problem(409, "contact_merge.not_undoable");
        unmerge(s, &b).ok();
        assert_eq!(s.get(&at(&a)).ok()["merged_into"], b["id"]);
        s.at("2026-02-01T09:00:01Z");
        unmerge(s, &a).problem(409, "contact_merge.too_late");
    }

    fn who_is_merged_is_erased_and_exported_whole(s) {
        let (winner, loser) = (make(s, json!({"emails": [{"address": "one@example.org"}]})), make(s, json!({"emails": [{"address": "two@example.org"}]})));
        merge(s, &winner, &loser, json!([]));
        let export = s.get(&format!("{}/export", at(&winner))).ok();
        let own = export["records"].as_array().unwrap().iter().find(|r| r["what"] == "contacts.id").unwrap();
        assert_eq!(own["rows"].as_array().unwrap().len(), 2);
        s.act(&format!("{}/erase", at(&loser)), &s.get(&at(&loser)).ok(), json!({})).problem(409, "contact.merged");
        s.act(&format!("{}/erase", at(&winner)), &s.get(&at(&winner)).ok(), json!({})).ok();
        assert_eq!((&s.get(&at(&loser)).ok()["name"], s.all("/v1/directory/contact-merges").len()), (&json!("Erased"), 0));
        unmerge(s, &loser).problem(409, "contact_merge.not_undoable");
        verified(s);
    }

    fn of_two_merges_at_once_one_is_done_and_stragglers_follow(s) {
        let (a, b) = (make(s, json!({})), make(s, json!({})));
        let statuses = s.parallel(2, |i, c| {
            let (winner, loser) = if i == 0 { (&a, &b) } else { (&b, &a) };
            c.act(&format!("{}/merge", at(winner)), winner, json!({"source_id": loser["id"]})).status
        });
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        let (winner, loser) = if statuses[0] == 200 { (a, b) } else { (b, a) };
        let deal = json!({"company_id": s.company_id(), "name": "Late", "party_id": customer(s, "Firm")["id"]});
        let deal = s.post("/v1/crm/opportunities", deal).created();
        let straggles = "UPDATE opportunities SET contact_id = (SELECT id FROM contacts WHERE merged_into IS NOT NULL)";
        straggle(s, "opportunities", "contact_id", straggles);
        s.at("2026-01-02T09:05:00Z");
        let began = Instant::now();
        while s.get(&format!("/v1/crm/opportunities/{}", id(&deal))).ok()["contact_id"] != winner["id"] {
            assert!(began.elapsed() < Duration::from_secs(10), "it never follows {loser}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
