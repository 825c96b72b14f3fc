//! Attachments: many files to a record of any noun, seen by who sees the record.

use serde_json::{Value, json};

use crate::fixtures::{self, customer, id, member, user_with};
use crate::harness::{Answer, Client, Server};

const HERE: &str = "/v1/platform/attachments";
const RIGHTS: [&str; 2] = ["platform.attachments.read", "platform.attachments.create"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    RIGHTS.iter().copied().chain(more.iter().copied()).collect()
}

fn form(file_name: &str, content: &[u8]) -> Vec<u8> {
    let head =
        format!("--sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file_name}\"\r\nContent-Type: image/png\r\n\r\n");
    [head.as_bytes(), content, b"\r\n--sep--\r\n"].concat()
}

fn send(c: &Client, query: &str, name: &str, content: &[u8]) -> Answer {
    c.request("POST", &format!("{HERE}?{query}")).bytes("multipart/form-data; boundary=sep", form(name, content)).send()
}

fn attach(c: &Client, record: &Value, name: &str, content: &[u8]) -> Answer {
    send(c, &format!("record_id={}", id(record)), name, content)
}

/// The names of the files of a record.
fn names(c: &Client, record: &Value) -> Vec<Value> {
    c.all(&format!("{HERE}?record_id={}&sort=name", id(record))).iter().map(|r| r["name"].clone()).collect()
}

fn deal(s: &Server, c: &Client, party: &Value) -> Value {
    c.post("/v1/crm/opportunities", json!({"company_id": s.company_id(), "name": "Machines", "party_id": party["id"]})).created()
}

each_engine! {
    fn a_record_has_many_files_and_each_comes_back_byte_for_byte(s) {
        let party = customer(s, "Acme");
        let content = b"%PDF-1.7 not much of a document \x00\xff";
        let made = attach(s, &party, "../secret/offer.pdf", content);
        let file = made.created();
        assert_eq!((&file["name"], &file["media_type"], &file["size"]), (&json!("offer.pdf"), &json!("application/pdf"), &json!(content.len())));
        assert_eq!((&file["record_id"], &file["record_kind"], &file["party_id"]), (&party["id"], &json!("party"), &party["id"]));
        attach(s, &party, "page.html", b"<script>alert(1)</script>").created();
        assert_eq!(names(s, &party), ["offer.pdf", "page.html"]);
        let out = s.get(&format!("{HERE}/{}/content", id(&file)));
        assert_eq!(out.expect(200).body, content);
        assert!(out.header("content-disposition").unwrap().starts_with("attachment"));
        assert_eq!(out.header("x-content-type-options"), Some("nosniff"));
        let part = s.request("GET", &format!("{HERE}/{}/content", id(&file))).header("range", "bytes=1-3").send();
        assert_eq!((part.status, &part.body[..]), (206, &b"PDF"[..]));
        let path = format!("{HERE}/{}", id(&file));
        let renamed = s.patch(&path, &file, json!({"name": "Offer 2.pdf"})).ok();
        assert_eq!((&renamed["name"], &renamed["sha256"]), (&json!("Offer 2.pdf"), &file["sha256"]));
        s.patch(&path, &renamed, json!({"name": ".."})).problem(422, "stored_file.bad_name");
        assert_eq!(s.all(&format!("{HERE}?sha256={}", file["sha256"].as_str().unwrap())).len(), 1);
        s.delete(&path, &renamed).no_content();
        s.get(&format!("{path}/content")).problem(404, "not_found");
        // what is wrong is refused
        attach(s, &party, "a", b"").problem(422, "stored_file.empty");
        attach(s, &party, "..", b"x").problem(422, "stored_file.bad_name");
        attach(s, &party, "a", &vec![b'x'; 11 << 20]).problem(413, "payload_too_large");
        send(s, "", "a", b"x").problem(400, "invalid_parameter");
        send(s, "record_id=opp_00000000000000000000000000", "a", b"x").problem(422, "invalid_query");
    }

    fn files_are_seen_by_who_sees_the_record(s) {
        let party = customer(s, "Acme");
        let own = with(&["crm.opportunities.*:own", "directory.parties.read", "platform.events.read"]);
        let (_, as_ann) = member(s, &own);
        let (_, as_bob) = member(s, &own);
        let blind = user_with(s, &with(&["directory.parties.read", "platform.events.read"]), &[s.company_id()]);
        let elsewhere = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other", "currency": "EUR"})).created();
        let outsider = user_with(s, &with(&["crm.*", "directory.*", "platform.events.read"]), &[id(&elsewhere)]);
        let o = deal(s, &as_ann, &party);
        let file = attach(&as_ann, &o, "price.txt", b"secret").created();
        let path = format!("{HERE}/{}", id(&file));
        s.followed();
        for stranger in [&as_bob, &blind, &outsider] {
            stranger.get(&path).problem(404, "not_found");
            stranger.get(&format!("{path}/content")).problem(404, "not_found");
            stranger.patch(&path, &file, json!({"name": "x"})).problem(404, "not_found");
            stranger.delete(&path, &file).problem(404, "not_found");
            attach(stranger, &o, "a", b"x").problem(422, "invalid_query");
            assert!(stranger.all(HERE).is_empty());
            assert!(stranger.all(&format!("/v1/platform/events?subject={}", id(&file))).is_empty());
        }
        // who sees the record and did not upload the file may not take it away
        let (_, colleague) = member(s, &with(&["crm.opportunities.read"]));
        colleague.get(&format!("{path}/content")).expect(200);
        colleague.delete(&path, &file).problem(403, "attachment.not_yours");
        colleague.patch(&path, &file, json!({"name": "x"})).problem(403, "attachment.not_yours");
        s.delete(&path, &file).no_content();
    }

    fn a_dry_run_keeps_no_file_and_a_repetition_keeps_one(s) {
        let party = customer(s, "Acme");
        let query = format!("record_id={}", id(&party));
        assert_eq!(send(s, &format!("{query}&dry_run=true"), "a.txt", b"x").ok()["name"], "a.txt");
        assert!(names(s, &party).is_empty());
        let send = || {
            s.request("POST", &format!("{HERE}?{query}")).key("file").bytes("multipart/form-data; boundary=sep", form("a.txt", b"x")).send().created()
        };
        assert_eq!(send(), send());
        assert_eq!(names(s, &party), ["a.txt"]);
    }

    fn files_follow_a_merge_and_go_with_a_person_who_is_erased(s) {
        let person = |name: &str, mail: &str| s.post("/v1/directory/parties", json!({"kind": "person", "name": name, "emails": [{"address": mail}]})).created();
        let (stays, goes) = (person("Ada", "ada@example.com"), person("Ada L", "ada.l@example.com"));
        let file = attach(s, &goes, "passport.txt", b"Lovelace").created();
        let other = attach(s, &customer(s, "Other"), "passport.txt", b"Lovelace").created();
        let place = format!("/v1/directory/parties/{}", id(&stays));
        s.act(&format!("{place}/merge"), &stays, json!({"source_id": goes["id"]})).ok();
        assert_eq!(names(s, &stays), ["passport.txt"]);
        assert_eq!(names(s, &goes), ["passport.txt"]);
        s.act(&format!("{place}/erase"), &s.get(&place).ok(), json!({"reason": "asked"})).ok();
        s.get(&format!("{HERE}/{}", id(&file))).problem(404, "not_found");
        s.get(&format!("{HERE}/{}/content", id(&other))).expect(200);
        fixtures::verified(s);
    }

    fn a_record_that_is_deleted_takes_its_files_along(s) {
        let party = customer(s, "Acme");
        let body = json!({"company_id": s.company_id(), "customer_id": party["id"], "lines": [{"description": "Work", "unit_price": "100", "tax_code_ids": []}]});
        let draft = s.post("/v1/receivables/invoices", body).created();
        let file = attach(s, &draft, "hours.csv", b"1,2").created();
        s.delete(&format!("/v1/receivables/invoices/{}", id(&draft)), &draft).no_content();
        s.get(&format!("{HERE}/{}", id(&file))).problem(404, "not_found");
    }
}
