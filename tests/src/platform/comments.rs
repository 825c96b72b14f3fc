//! Comments: on records of any noun, seen by who sees the record, kept in their places when they are deleted.

use serde_json::{Value, json};

use crate::fixtures::{self, customer, id, member, user_with};
use crate::harness::{Client, Server};

const HERE: &str = "/v1/platform/comments";
const RIGHTS: [&str; 2] = ["platform.comments.read", "platform.comments.create"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    RIGHTS.iter().copied().chain(more.iter().copied()).collect()
}

fn deal(s: &Server, c: &Client, party: &Value) -> Value {
    c.post("/v1/crm/opportunities", json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"]})).created()
}

fn say(c: &Client, record: &Value, body: &str) -> Value {
    c.post(HERE, json!({"record_id": record["id"], "body": body})).created()
}

/// The texts on a record.
fn texts(c: &Client, record: &Value) -> Vec<Value> {
    c.all(&format!("{HERE}?record_id={}", id(record))).iter().map(|r| r["body"].clone()).collect()
}

each_engine! {
    fn records_of_many_nouns_take_comments(s) {
        let order = fixtures::a_bit_of_everything(s);
        let mut records = vec![order];
        for list in ["crm/leads", "crm/opportunities", "crm/activities", "crm/quotes", "service/cases", "service/kb-articles", "directory/parties",
            "directory/products", "receivables/invoices", "banking/payments", "sales/deliveries", "inventory/warehouses", "accounting/journal-entries"] {
            records.push(s.all(&format!("/v1/{list}")).remove(0));
        }
        for record in &records {
            let made = say(s, record, "Noted.");
            assert_eq!((&made["record_id"], &made["company_id"]), (&record["id"], record.get("company_id").unwrap_or(&Value::Null)), "{record}");
            assert_eq!(texts(s, record), ["Noted."]);
        }
        let me = s.get("/v1/identity/me").ok();
        let found = s.get(&format!("{HERE}?record_id={}&expand=author", id(&records[0]))).ok();
        assert_eq!(found["data"][0]["author"]["id"], me["user"]["id"]);
        assert_eq!(found["data"][0]["record_kind"], "sales_order");
        // what is no record, or one of the program's own
        for wrong in [json!("opp_00000000000000000000000000"), me["user"]["id"].clone(), found["data"][0]["id"].clone()] {
            s.post(HERE, json!({"record_id": wrong, "body": "x"})).problem(422, "unknown_reference");
        }
        s.post(HERE, json!({"record_id": "nonsense", "body": "x"})).problem(422, "invalid_body");
        s.post(HERE, json!({"record_id": records[0]["id"], "body": "  "})).problem(422, "invalid_body");
        s.post(HERE, json!({"record_id": records[0]["id"], "body": "x".repeat(10_001)})).problem(422, "invalid_body");
    }

    fn a_comment_is_changed_by_its_author_and_stays_when_it_is_deleted(s) {
        let party = customer(s, "Acme");
        let (ann, as_ann) = member(s, &with(&["directory.parties.read"]));
        let (bob, as_bob) = member(s, &with(&["directory.parties.read"]));
        let made = as_ann.post(HERE, json!({"record_id": party["id"], "body": format!("Ask @{}", id(&bob))})).created();
        assert_eq!((&made["author_id"], &made["mention_ids"], &made["party_id"]), (&ann["id"], &json!([bob["id"]]), &party["id"]));
        let path = format!("{HERE}/{}", id(&made));
        as_bob.patch(&path, &made, json!({"body": "No"})).problem(403, "comment.not_yours");
        as_bob.delete(&path, &made).problem(403, "comment.not_yours");
        let changed = as_ann.patch(&path, &made, json!({"body": "Ask nobody"})).ok();
        assert_eq!((&changed["body"], &changed["mention_ids"], changed["edited_at"].is_string()), (&json!("Ask nobody"), &json!([]), true));
        as_ann.patch(&path, &made, json!({"body": "Late"})).problem(412, "precondition_failed");
        as_ann.patch(&path, &changed, json!({"body": null})).problem(422, "invalid_body");
        as_ann.delete(&path, &changed).no_content();
        let gone = as_bob.get(&path).ok();
        assert_eq!((&gone["body"], gone["deleted_at"].is_string()), (&Value::Null, true));
        as_ann.patch(&path, &gone, json!({"body": "Back"})).problem(409, "comment.deleted");
        // others are deleted by who may moderate
        let other = say(&as_bob, &party, "Rude");
        s.delete(&format!("{HERE}/{}", id(&other)), &other).no_content();
        assert_eq!(texts(s, &party), [Value::Null, Value::Null]);
        // mentions are users who may log in
        let disabled = fixtures::user(s).0;
        s.act(&format!("/v1/identity/users/{}/disable", id(&disabled)), &disabled, json!({})).ok();
        for (user, code) in [(&disabled["id"], "user.disabled"), (&json!("usr_00000000000000000000000000"), "unknown_reference")] {
            as_ann.post(HERE, json!({"record_id": party["id"], "body": "x", "mention_ids": [user]})).problem(422, code);
            as_ann.post(HERE, json!({"record_id": party["id"], "body": format!("@{}", user.as_str().unwrap())})).problem(422, code);
        }
    }

    fn who_may_not_see_a_record_sees_and_writes_no_comments_on_it(s) {
        let party = customer(s, "Acme");
        let own = with(&["crm.opportunities.*:own", "directory.parties.read", "platform.events.read"]);
        let (_, as_ann) = member(s, &own);
        let (_, as_bob) = member(s, &own);
        let blind = user_with(s, &with(&["directory.parties.read", "platform.events.read"]), &[s.company_id()]);
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        let outsider = user_with(s, &with(&["crm.*", "directory.*", "platform.events.read"]), &[id(&elsewhere)]);
        let o = deal(s, &as_ann, &party);
        let said = say(&as_ann, &o, "Secret price");
        let path = format!("{HERE}/{}", id(&said));
        s.followed();
        let told = |c: &Client| c.all(&format!("/v1/platform/events?subject={}", id(&said))).len();
        assert_eq!((texts(&as_ann, &o).len(), told(&as_ann)), (1, 1));
        for stranger in [&as_bob, &blind, &outsider] {
            stranger.get(&path).problem(404, "not_found");
            stranger.patch(&path, &said, json!({"body": "x"})).problem(404, "not_found");
            stranger.delete(&path, &said).problem(404, "not_found");
            stranger.post(HERE, json!({"record_id": o["id"], "body": "x"})).problem(422, "unknown_reference");
            assert!(texts(stranger, &o).is_empty() && stranger.all(HERE).is_empty());
            assert!(stranger.all(&format!("{HERE}?q=secret")).is_empty());
            assert_eq!(told(stranger), 0);
        }
        assert_eq!(as_ann.all(&format!("{HERE}?q=secret")).len(), 1);
        // a party is shared, what was said of it as well
        let on_party = say(&as_ann, &party, "Good customer");
        assert_eq!(blind.get(&format!("{HERE}/{}", id(&on_party))).ok()["body"], "Good customer");
        // given to another, the conversation goes along
        let bob = as_bob.get("/v1/identity/me").ok();
        s.patch(&format!("/v1/crm/opportunities/{}", id(&o)), &o, json!({"owner_id": bob["user"]["id"]})).ok();
        assert_eq!((texts(&as_bob, &o).len(), texts(&as_ann, &o).len()), (1, 0));
        // who may read comments alone writes none
        let reader = user_with(s, &["platform.comments.read", "directory.parties.read"], &[s.company_id()]);
        reader.post(HERE, json!({"record_id": party["id"], "body": "x"})).problem(403, "missing_scope");
        assert_eq!(texts(&reader, &party).len(), 1);
    }

    fn a_dry_run_leaves_nothing_and_a_repetition_says_the_same(s) {
        let party = customer(s, "Acme");
        let body = json!({"record_id": party["id"], "body": "Once"});
        let dry = s.post(&format!("{HERE}?dry_run=true"), body.clone()).ok();
        assert_eq!(dry["body"], "Once");
        assert!(texts(s, &party).is_empty());
        let send = |body: &Value| s.request("POST", HERE).key("say").json(body).send();
        let first = send(&body).created();
        assert_eq!(send(&body).created(), first);
        assert_eq!(texts(s, &party), ["Once"]);
        send(&json!({"record_id": party["id"], "body": "Twice"})).problem(422, "idempotency_key_reused");
    }

    fn comments_follow_a_merge_and_go_back_with_it(s) {
        let (stays, goes) = (customer(s, "Stays"), customer(s, "Goes"));
        let said = say(s, &goes, "About the one that goes");
        let place = "/v1/directory/parties";
        let merged = s.act(&format!("{place}/{}/merge", id(&stays)), &stays, json!({"source_id": goes["id"]})).ok();
        let now = s.get(&format!("{HERE}/{}", id(&said))).ok();
        assert_eq!((&now["record_id"], &now["party_id"]), (&stays["id"], &stays["id"]));
        assert!(now["version"].as_i64() > said["version"].as_i64());
        // by the old id as well, and what is said to it now is said to the other
        assert_eq!(texts(s, &goes), texts(s, &stays));
        assert_eq!(say(s, &goes, "Later")["record_id"], stays["id"]);
        let tombstone = s.get(&format!("{place}/{}", id(&goes))).ok();
        s.act(&format!("{place}/{}/unmerge", id(&goes)), &tombstone, json!({})).ok();
        assert_eq!(texts(s, &goes), ["About the one that goes"]);
        assert_eq!(texts(s, &stays), ["Later"], "{merged}");
        // contacts likewise
        let contact = |name: &str| s.post("/v1/directory/contacts", json!({"last_name": name})).created();
        let (stays, goes) = (contact("Stays"), contact("Goes"));
        say(s, &goes, "Of the contact");
        s.act(&format!("/v1/directory/contacts/{}/merge", id(&stays)), &stays, json!({"source_id": goes["id"]})).ok();
        assert_eq!(texts(s, &stays), ["Of the contact"]);
    }

    fn an_erasure_takes_what_was_said_of_the_person(s) {
        let ada = s.post("/v1/directory/contacts", json!({"first_name": "Ada", "last_name": "Lovelace", "emails": [{"address": "ada@example.com"}]})).created();
        let firm = customer(s, "Engines");
        let o = s.post("/v1/crm/opportunities", json!({"company_id": s.company_id(), "name": "Mill", "party_id": firm["id"], "contact_id": ada["id"]})).created();
        let other = customer(s, "Other");
        let (of_her, named, business, of_other) = (say(s, &ada, "Likes tea"), say(s, &firm, "Ada Lovelace decides"), say(s, &firm, "Pays late"), say(s, &other, "Lovely"));
        let on_deal = say(s, &o, "Big");
        let here = format!("/v1/directory/contacts/{}", id(&ada));
        let export = s.get(&format!("{here}/export")).ok();
        assert!(export["records"].as_array().unwrap().iter().any(|r| r["what"] == "comments.record_id"), "{export:#}");
        s.act(&format!("{here}/erase"), &s.get(&here).ok(), json!({"reason": "asked"})).ok();
        let body = |c: &Value| s.get(&format!("{HERE}/{}", id(c))).ok()["body"].clone();
        assert_eq!((body(&of_her), body(&business), body(&of_other), body(&on_deal)), (Value::Null, json!("Pays late"), json!("Lovely"), json!("Big")));
        assert!(s.all(&format!("{HERE}?q=tea")).is_empty());
        let told = s.all(&format!("/v1/platform/audit-log?subject={}", id(&of_her)));
        assert!(told.iter().all(|e| !e.to_string().contains("tea")), "{told:#?}");
        assert_eq!(body(&named), "Ada Lovelace decides", "a comment on the firm leads to nobody else");
        fixtures::verified(s);
    }

    fn what_is_deleted_takes_what_was_said_of_it_along(s) {
        let party = customer(s, "Acme");
        let call = json!({"company_id": s.company_id(), "kind": "call", "subject": "Ask", "regarding_id": party["id"]});
        let call = s.post("/v1/crm/activities", call).created();
        let said = say(s, &call, "Ring twice");
        s.delete(&format!("/v1/crm/activities/{}", id(&call)), &call).no_content();
        s.get(&format!("{HERE}/{}", id(&said))).problem(404, "not_found");
        assert!(texts(s, &call).is_empty());
    }
}
