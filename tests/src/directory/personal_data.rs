//! All data of one person: complete in one answer, and gone after an erasure but for what law wants kept.

use std::collections::{BTreeMap, BTreeSet};

use persistence::declarations::references;
use persistence::reference::Target;
use persistence::{Database, DatabaseConfig, Engine, Statement};
use serde_json::{Value, json};

use super::references::{leading_to, run};
use crate::fixtures::{id, ready_to_sell, user_with, verified};
use crate::harness::{self, Server};

const PARTIES: &str = "/v1/directory/parties";
const CONTACTS: &str = "/v1/directory/contacts";

fn at(party: &Value) -> String {
    format!("{PARTIES}/{}", id(party))
}

fn open(s: &Server) -> Database {
    Database::open(&DatabaseConfig::new(s.database_url())).unwrap()
}

fn one(db: &Database, text: String) -> i64 {
    db.read(|c| Statement::new(text).first::<(i64,)>(c)).unwrap().map_or(0, |r| r.0)
}

/// A person who bought and paid, whose every text has the word in it: the party, and a contact.
struct Canary {
    party: Value,
    contact: Value,
}

/// The word, with other cases and letters around it, so that no two texts are equal.
fn word(n: u32) -> String {
    format!("xxCanary{n}xx")
}

fn canary(s: &Server) -> Canary {
    let books = ready_to_sell(s);
    let company = s.company_id();
    let address =
        |n: u32| json!({"line1": word(n), "line2": word(n), "city": word(n), "region": word(n), "postal_code": word(n), "country": "DE"});
    let body = json!({"kind": "person", "name": word(1), "code": word(2), "legal_name": word(3), "tax_id": word(4), "is_customer": true,
        "addresses": [{"purpose": "billing", "address": address(5)}, {"purpose": "shipping", "address": address(6)}],
        "emails": [{"address": "canary7@example.com", "label": word(8)}], "phones": [{"number": "+49 30 1111111", "label": word(9)}],
        "website": "https://canary.example.com", "external_ids": [{"system": "shop", "id": word(10)}], "tags": [word(11)], "metadata": {"key": word(12)}});
    let made = s.request("POST", PARTIES).key("canary").json(&body).send();
    let party = made.created();
    let first = s.patch(&at(&party), &party, json!({"name": word(13), "legal_name": null})).ok();
    let twin = s.post(PARTIES, json!({"kind": "person", "name": word(14), "emails": [{"address": "canary15@example.com"}]})).created();
    let party = s.act(&format!("{}/merge", at(&first)), &first, json!({"source_id": twin["id"]})).ok()["winner_after"].clone();

    let lead = json!({"company_id": company, "first_name": word(20), "last_name": word(21), "organisation_name": word(22), "email": "canary7@example.com",
        "phone": "+49 30 2222222", "job_title": word(23), "website": "https://canary.example.org", "description": word(24), "utm": {"source": "newsletter", "content": word(25)}, "metadata": {"k": word(26)}});
    let lead = s.post("/v1/crm/leads", lead).created();
    for about in [&lead, &party] {
        let body = json!({"company_id": company, "kind": "call", "subject": word(30), "body": word(31), "regarding_id": about["id"], "metadata": {"k": word(32)},
            "participants": [{"email": "canary7@example.com"}]});
        let done = s.post("/v1/crm/activities", body).created();
        s.act(&format!("/v1/crm/activities/{}/complete", id(&done)), &done, json!({"outcome": word(33)})).ok();
    }
    let deal =
        json!({"company_id": company, "name": word(40), "party_id": party["id"], "description": word(41), "metadata": {"k": word(42)}});
    s.post("/v1/crm/opportunities", deal).created();

    let order = json!({"company_id": company, "customer_id": party["id"], "customer_reference": word(50), "note": word(51), "metadata": {"k": word(52)},
        "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "2"}]});
    let order = s.post("/v1/sales/orders", order).created();
    let path = format!("/v1/sales/orders/{}", id(&order));
    let order = s.act(&format!("{path}/confirm"), &order, json!({})).ok();
    s.act(&format!("{path}/deliver"), &order, json!({"ship": true})).expect(200);
    let invoice = s.act(&format!("{path}/invoice"), &s.get(&path).ok(), json!({})).ok();
    let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
    assert_eq!(invoice["customer_name"], word(13));
    let mut payment = books.payment(&party, &invoice["total"]);
    payment["allocate_to"] = json!([{"invoice_id": invoice["id"]}]);
    payment["metadata"] = json!({"k": word(60)});
    let payment = s.post("/v1/banking/payments", payment).created();
    s.act(&format!("/v1/banking/payments/{}/post", id(&payment)), &payment, json!({})).ok();

    let contact = s.post(CONTACTS, json!({"first_name": word(70), "last_name": word(71), "salutation": word(72), "address": address(73),
        "emails": [{"address": "canary74@example.com"}], "phones": [{"number": "+49 30 3333333"}], "external_ids": [{"system": "shop", "id": word(75)}],
        "tags": [word(76)], "metadata": {"k": word(77)}})).created();
    let organisation = s.post(PARTIES, json!({"name": "Employer"})).created();
    s.post("/v1/directory/relationships", json!({"contact_id": contact["id"], "party_id": organisation["id"], "title": word(78)}))
        .created();
    let name = contact["name"].as_str().unwrap();
    let quote = json!({"company_id": company, "party_id": organisation["id"], "contact_id": contact["id"], "title": format!("For {name}"),
        "note": format!("Dear {name}"), "metadata": {"k": name}, "lines": [{"product_id": books.product("BEANS")["id"], "quantity": "1"}]});
    let quote = s.post("/v1/crm/quotes", quote).created();
    let sent = s.act(&format!("/v1/crm/quotes/{}/send", id(&quote)), &quote, json!({})).ok();
    let signed = json!({"name": name, "email": "canary74@example.com", "customer_reference": "PO 4711"});
    let (customer, place) = (s.anonymous(), format!("/v1/crm/quote-links/{}/accept", sent["link"]["token"].as_str().unwrap()));
    customer.request("POST", &place).header("user-agent", "Canary Browser").json(&signed).send().expect(200);
    let accepted = s.get(&format!("/v1/crm/quotes/{}", id(&quote))).ok();
    s.act(&format!("/v1/crm/quotes/{}/convert", id(&quote)), &accepted, json!({})).ok();
    for asks in [json!({"party_id": party["id"], "requester_email": "canary7@example.com"}), json!({"contact_id": contact["id"]})] {
        let mut case = json!({"company_id": company, "subject": word(80), "requester_name": word(81), "metadata": {"k": word(82)}, "description": word(83)});
        case.as_object_mut().unwrap().extend(asks.as_object().unwrap().clone());
        let case = s.post("/v1/service/cases", case).created();
        let case = s.act(&format!("/v1/service/cases/{}/resolve", id(&case)), &case, json!({"resolution": word(84)})).ok();
        let survey = json!({"company_id": company, "kind": "csat", "name": format!("Survey {}", id(&case)), "question": "How was it?"});
        let survey = s.post("/v1/service/surveys", survey).created();
        let asked = s.act(&format!("/v1/service/surveys/{}/invite", id(&survey)), &survey, json!({"case_id": case["id"]})).ok();
        s.post("/v1/service/survey-responses/respond", json!({"token": asked["token"], "score": 5, "comment": word(85)})).ok();
    }
    let meeting = json!({"company_id": company, "kind": "meeting", "subject": "Review", "regarding_id": organisation["id"], "participants": [{"contact_id": contact["id"]}]});
    s.post("/v1/crm/activities", meeting).created();
    Canary { party, contact }
}

/// `table.column` of every text in which the word stands.
fn hits(db: &Database) -> BTreeSet<String> {
    let columns = match db.engine() {
        Engine::Sqlite => {
            "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND c.type = 'TEXT' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        }
        Engine::Postgres => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns \
             WHERE table_schema = 'public' AND data_type IN ('text', 'jsonb', 'json', 'character varying')"
        }
    };
    let columns = db.read(|c| Statement::new(columns).load::<(String, String)>(c)).unwrap();
    assert!(columns.len() > 200, "the columns were not found");
    let stands = |(table, column): &(String, String)| {
        one(db, format!("SELECT COUNT(*) FROM {table} WHERE LOWER(CAST(\"{column}\" AS TEXT)) LIKE '%canary%'")) > 0
    };
    columns.iter().filter(|c| stands(c)).map(|(t, c)| format!("{t}.{c}")).collect()
}

/// What law wants kept: posted documents as they were sent, and the words of the ledger.
const LEGAL: [&str; 5] =
    ["invoices.billing_address", "invoices.customer_name", "invoices.customer_tax_id", "invoices.reference", "journal_entries.description"];

fn erase(s: &Server, one: &Canary) {
    let path = at(&one.party);
    let body = json!({"reason": "Request of 2026-01-02"});
    let left = s.act(&format!("{path}/erase"), &s.get(&path).ok(), body.clone()).ok();
    assert_eq!(
        (&left["name"], &left["emails"], left["erased_at"].is_string(), &left["allowed_actions"]),
        (&json!("Erased"), &json!([]), true, &json!([]))
    );
    let path = format!("{CONTACTS}/{}", id(&one.contact));
    let left = s.act(&format!("{path}/erase"), &one.contact, body).ok();
    assert_eq!((&left["name"], &left["address"], left["erased_at"].is_string()), (&json!("Erased"), &Value::Null, true));
}

each_engine! {
    fn erasure_is_offered_to_whoever_may_erase(s) {
        let made = [
            ("directory/parties", s.post("/v1/directory/parties", json!({"name": "Ann Example", "kind": "person", "is_customer": true})).created()),
            ("directory/contacts", s.post("/v1/directory/contacts", json!({"last_name": "Example"})).created()),
            ("crm/leads", s.post("/v1/crm/leads", json!({"company_id": s.company_id(), "last_name": "Example"})).created()),
        ];
        let reads = ["directory.parties.*", "directory.contacts.*", "crm.leads.*"];
        let without = user_with(s, &reads, &[s.company_id()]);
        let officer = user_with(s, &[reads.as_slice(), &["directory.personal_data.erase"]].concat(), &[s.company_id()]);
        for (noun, record) in made {
            let path = format!("/v1/{noun}/{}", id(&record));
            let offered = |c: &crate::harness::Client| c.get(&path).ok()["allowed_actions"].as_array().unwrap().contains(&json!("erase"));
            assert!(offered(&officer) && !offered(&without), "{noun}");
            without.act(&format!("{path}/erase"), &record, json!({"reason": "Asked"})).problem(403, "missing_scope");
            officer.act(&format!("{path}/erase?dry_run=true"), &record, json!({"reason": "Asked"})).ok();
        }
    }

    fn an_erased_person_is_nowhere_but_on_posted_documents_and_the_chain_holds(s) {
        let one = canary(s);
        let before = hits(&open(s));
        for expected in ["parties.name", "events.data", "events.previous", "party_emails.address", "party_match_keys.key", "leads.search", "idempotency_keys.answer", "party_merges.winner_before"] {
            assert!(before.contains(expected), "nothing was planted in {expected}: {before:?}");
        }
        erase(s, &one);
        let left = hits(&open(s));
        let told = "SELECT kind FROM events WHERE LOWER(CAST(data AS TEXT)) LIKE '%canary%' OR LOWER(CAST(previous AS TEXT)) LIKE '%canary%'";
        let told = open(s).read(|c| Statement::new(told).load::<(String,)>(c)).unwrap();
        assert_eq!(told, [], "facts that still name the person");
        assert_eq!(left.iter().map(String::as_str).collect::<Vec<_>>(), LEGAL, "where the person still stands");
        verified(s);
        let again = s.request("POST", PARTIES).key("canary").json(&json!({"name": "other"})).send();
        again.problem(422, "idempotency_key_reused");
        assert_eq!(s.all(&format!("{PARTIES}?q=canary")).len(), 0);
        let told = s.all("/v1/platform/events?kind=party.erased");
        assert_eq!((told.len(), &told[0]["subject"], &told[0]["data"]["erasure_reason"]), (1, &one.party["id"], &json!("Request of 2026-01-02")));
        assert!(told[0]["data"]["redactions"].as_i64().unwrap() > 10, "{}", told[0]["data"]);
        assert_eq!(s.all("/v1/platform/events?kind=contact.erased").len(), 1);
        let invoice = &s.all(&format!("/v1/receivables/invoices?customer_id={}", id(&one.party)))[0];
        assert_eq!(invoice["customer_name"], word(13), "the invoice is as it was sent");
        s.post("/v1/directory/parties/match", json!({"emails": ["canary7@example.com"]})).expect(200);
        assert_eq!(s.post("/v1/directory/parties/match", json!({"name": word(13)})).ok(), json!({"matches": []}));
    }

    fn a_repetition_after_an_erasure_says_that_there_is_nothing_any_more(s) {
        let people = json!({"mode": "atomic", "items": [{"kind": "person", "name": "Ada"}, {"kind": "person", "name": "Grace"}]});
        let bulk = || s.request("POST", &format!("{PARTIES}/bulk")).key("many").json(&people).send();
        let made = bulk().ok();
        assert_eq!(bulk().ok(), made);
        let one = || s.request("POST", PARTIES).key("one").json(&json!({"kind": "person", "name": "Joan"})).send();
        let joan = one().created();
        for path in [format!("{PARTIES}/{}", made["items"][0]["id"].as_str().unwrap()), at(&joan)] {
            let asked = json!({"reason": "Asked for"});
            let again = || s.request("POST", &format!("{path}/erase")).if_match(1).key(&path).json(&asked).send();
            assert_eq!(again().ok()["name"], "Erased");
            let said = again();
            assert!([200, 404].contains(&said.status), "{} {}", said.status, said.text());
        }
        for answer in [bulk(), one()] {
            let said = answer.problem(404, "not_found");
            assert!(said["detail"].as_str().unwrap().contains("erased"), "{said}");
        }
    }

    fn a_quote_to_an_organisation_keeps_what_was_offered_and_loses_who_it_was_sent_to(s) {
        let one = canary(s);
        let firm = &s.all(&format!("{PARTIES}?q=employer"))[0];
        let quote = |s: &Server| s.all(&format!("/v1/crm/quotes?party_id={}", id(firm)))[0].clone();
        let before = quote(s);
        assert!(before["customer"]["contact"].is_string() && before["answer"]["user_agent"].is_string());
        erase(s, &one);
        let left = quote(s);
        for kept in ["number", "status", "net_total", "total", "sales_order_id", "customer_reference", "contact_id"] {
            assert_eq!(left[kept], before[kept], "{kept}");
        }
        assert_eq!((&left["customer"]["name"], &left["customer"]["contact"]), (&json!("Employer"), &Value::Null));
        let answer = &left["answer"];
        assert_eq!((&answer["accepted"], &answer["at"], &answer["channel"]), (&json!(true), &before["answer"]["at"], &json!("link")));
        assert!(["name", "email", "address", "user_agent"].iter().all(|m| answer[m].is_null()), "{answer}");
        assert_eq!((&left["title"], &left["note"]), (&json!("Erased"), &json!("Erased")));
        let told = s.all(&format!("/v1/platform/events?subject={}", id(&left)));
        let accepted = told.iter().find(|e| e["kind"] == "quote.accepted").unwrap();
        assert_eq!((&accepted["data"]["customer"]["name"], &accepted["data"]["total"]), (&json!("Employer"), &before["total"]));
        let order = s.get(&format!("/v1/sales/orders/{}", left["sales_order_id"].as_str().unwrap())).ok();
        assert_eq!((&order["note"], &order["customer_reference"], &order["total"]), (&json!("Erased"), &json!("PO 4711"), &before["total"]));
        s.get(&format!("/v1/crm/quotes/{}/pdf", id(&left))).expect(200);
        verified(s);
    }

    fn what_is_done_to_a_redacted_fact_afterwards_is_found(s) {
        let person = s.post(PARTIES, json!({"kind": "person", "name": "Ana Trujillo"})).created();
        let other = s.post(PARTIES, json!({"kind": "person", "name": "Otto Berg"})).created();
        s.act(&format!("{}/erase", at(&person)), &person, json!({})).ok();
        verified(s);
        let refused = run(s, "UPDATE event_redactions SET hash = before").expect("the records are guarded");
        assert!(refused.contains("tandem:"), "{refused}");
        let refused = run(s, &format!("UPDATE events SET data = previous WHERE subject = '{}'", id(&other))).expect("facts are guarded");
        assert!(refused.contains("tandem:"), "{refused}");
        let guards = match s.engine {
            harness::Engine::Sqlite => "DROP TRIGGER events_update; DROP TRIGGER event_redactions_update; DROP TRIGGER event_redactions_delete",
            harness::Engine::Postgres => "ALTER TABLE events DISABLE TRIGGER ALL; ALTER TABLE event_redactions DISABLE TRIGGER ALL",
        };
        assert_eq!(run(s, guards), None);
        let fact = format!("(SELECT id FROM events WHERE subject = '{}' AND kind = 'party.created')", id(&person));
        let foreign = format!("(SELECT id FROM events WHERE subject = '{}' AND kind = 'party.created')", id(&other));
        let keep = "CREATE TABLE kept_events AS SELECT * FROM events; CREATE TABLE kept_records AS SELECT * FROM event_redactions";
        assert_eq!(run(s, keep), None);
        let undo = "UPDATE events SET data = (SELECT k.data FROM kept_events k WHERE k.id = events.id); DELETE FROM event_redactions; \
                    INSERT INTO event_redactions SELECT * FROM kept_records";
        for crime in [
            format!("UPDATE events SET data = '{{}}' WHERE id = {fact}"),
            "DELETE FROM event_redactions".to_string(),
            "UPDATE event_redactions SET after = before".to_string(),
            // a redaction that nobody told of
            format!(
                "UPDATE events SET data = (SELECT data FROM events WHERE id = {fact}) WHERE id = {foreign}; \
                 INSERT INTO event_redactions SELECT {foreign}, erasure_id, subject, (SELECT hash FROM events WHERE id = {foreign}), before, after FROM event_redactions WHERE event_id = {fact}"
            ),
        ] {
            assert_eq!(run(s, &crime), None, "{crime}");
            let report = s.get("/v1/platform/integrity").ok();
            assert_eq!(report["passed"], false, "not found: {crime}");
            assert_eq!(run(s, undo), None);
            verified(s);
        }
        assert_eq!(run(s, &format!("UPDATE events SET data = '{{\"name\": \"Forged\"}}' WHERE id = {foreign}")), None);
        s.act(&format!("{}/erase", at(&other)), &other, json!({})).problem(409, "personal_data.chain_broken");
    }

    fn a_fact_about_two_people_is_redacted_twice(s) {
        let make = |name: &str, kind: &str| s.post(PARTIES, json!({"name": name, "kind": kind})).created();
        let (ana, otto) = (make("Ana Trujillo", "person"), make("Otto Berg", "person"));
        let contact = s.post(CONTACTS, json!({"last_name": "Ana"})).created();
        let meeting = json!({"company_id": s.company_id(), "kind": "meeting", "subject": "Both of them", "regarding_id": ana["id"],
            "participants": [{"contact_id": contact["id"]}]});
        s.post("/v1/crm/activities", meeting).created();
        s.act(&format!("{CONTACTS}/{}/erase", id(&contact)), &contact, json!({})).ok();
        verified(s);
        s.act(&format!("{}/erase", at(&ana)), &ana, json!({})).ok();
        verified(s);
        s.act(&format!("{}/erase", at(&otto)), &otto, json!({})).ok();
        verified(s);
    }

    fn an_export_has_every_row_that_leads_to_the_person(s) {
        let one = canary(s);
        let db = open(s);
        let party = s.get(&format!("{}/export", at(&one.party))).ok();
        let contact = s.get(&format!("{CONTACTS}/{}/export", id(&one.contact))).ok();
        let mut seen = 0;
        for (export, table, target, key) in [(&party, "parties", Target::Party, "canary7@example.com"), (&contact, "contacts", Target::Contact, "canary74@example.com")] {
            let told: BTreeMap<&str, usize> = export["records"].as_array().unwrap().iter().map(|r| (r["what"].as_str().unwrap(), r["rows"].as_array().unwrap().len())).collect();
            assert_eq!(told[&*format!("{table}.id")], if table == "parties" { 2 } else { 1 });
            let person = if table == "parties" {
                format!("(SELECT id FROM parties WHERE name = '{}' OR merged_into = (SELECT id FROM parties WHERE name = '{}'))", word(13), word(13))
            } else {
                format!("(SELECT contact_id FROM contact_emails WHERE address = '{key}')")
            };
            for name in leading_to(&db, table) {
                let (from, column) = name.split_once('.').unwrap();
                let there = one_of(&db, from, column, &person);
                let reference = references(target).find(|r| r.name() == name).unwrap_or_else(|| panic!("{name} is not exported"));
                if there > 0 && reference.is_exported() {
                    assert_eq!(told.get(&*name).copied(), Some(there as usize), "{name}");
                    seen += 1;
                }
            }
            assert_eq!(export["withheld"], 0);
        }
        assert!(seen >= 12, "only {seen} kinds of rows lead to the two");
        assert!(party["records"].as_array().unwrap().iter().any(|r| r["what"] == "leads.id"), "leads with the same mailbox");
        let kinds: BTreeSet<&str> = party["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert!(["party.created", "lead.created", "invoice.posted", "activity.completed"].iter().all(|k| kinds.contains(k)), "{kinds:?}");
        let clerk = user_with(s, &["directory.personal_data.export"], &[]);
        let partly = clerk.get(&format!("{}/export", at(&one.party))).ok();
        assert!(partly["withheld"].as_i64().unwrap() > 5 && !partly.to_string().contains("\"invoices.customer_id\""));
        user_with(s, &["directory.parties.read"], &[]).get(&format!("{}/export", at(&one.party))).problem(403, "missing_scope");
    }

    fn whose_data_cannot_go_is_refused(s) {
        let firm = s.post(PARTIES, json!({"name": "Firm"})).created();
        s.act(&format!("{}/erase", at(&firm)), &firm, json!({})).problem(422, "personal_data.not_a_person");
        let person = |name: &str| s.post(PARTIES, json!({"name": name, "kind": "person", "is_customer": true})).created();
        let busy = person("Busy");
        let body = json!({"company_id": s.company_id(), "customer_id": busy["id"], "invoice_date": "2026-01-02",
            "lines": [{"description": "Work", "unit_price": "100", "tax_code_ids": []}]});
        let draft = s.post("/v1/receivables/invoices", body).created();
        s.act(&format!("{}/erase", at(&busy)), &busy, json!({})).problem(409, "personal_data.in_business");
        s.act(&format!("/v1/receivables/invoices/{}/post", id(&draft)), &draft, json!({})).ok();
        s.act(&format!("{}/erase", at(&busy)), &busy, json!({})).problem(409, "personal_data.in_business");
        let (winner, loser) = (person("Winner"), person("Loser"));
        s.act(&format!("{}/merge", at(&winner)), &winner, json!({"source_id": loser["id"]})).ok();
        let tombstone = s.get(&at(&loser)).ok();
        s.act(&format!("{}/erase", at(&loser)), &tombstone, json!({})).problem(409, "party.merged");
        let dry = s.act(&format!("{}/erase?dry_run=true", at(&winner)), &s.get(&at(&winner)).ok(), json!({})).ok();
        assert_eq!((&dry["name"], &s.get(&at(&winner)).ok()["name"]), (&json!("Erased"), &json!("Winner")));
        let left = s.act(&format!("{}/erase", at(&winner)), &s.get(&at(&winner)).ok(), json!({})).ok();
        for (path, body) in [("erase", json!({})), ("archive", Value::Null), ("restore", Value::Null), ("merge", json!({"source_id": busy["id"]}))] {
            s.act(&format!("{}/{path}", at(&winner)), &left, body).problem(409, "personal_data.erased");
        }
        s.patch(&at(&winner), &left, json!({"name": "Back"})).problem(409, "personal_data.erased");
        s.delete(&at(&winner), &left).problem(409, "personal_data.erased");
        let tombstone = s.get(&at(&loser)).ok();
        assert_eq!(tombstone["name"], "Erased");
        s.act(&format!("{}/unmerge", at(&loser)), &tombstone, Value::Null).problem(409, "party_merge.not_undoable");

        let contact = s.post(CONTACTS, json!({"last_name": "C"})).created();
        let here = format!("{CONTACTS}/{}", id(&contact));
        let left = s.act(&format!("{here}/erase"), &contact, json!({})).ok();
        for path in ["erase", "archive", "restore"] {
            s.act(&format!("{here}/{path}"), &left, json!({})).problem(409, "personal_data.erased");
        }
        s.patch(&here, &left, json!({"last_name": "Back"})).problem(409, "personal_data.erased");
        s.delete(&here, &left).problem(409, "personal_data.erased");
        let clerk = user_with(s, &["directory.parties.*", "directory.contacts.*"], &[]);
        clerk.act(&format!("{}/erase", at(&busy)), &busy, json!({})).problem(403, "missing_scope");
        clerk.act(&format!("{here}/erase"), &left, json!({})).problem(403, "missing_scope");
    }
}

fn one_of(db: &Database, table: &str, column: &str, person: &str) -> i64 {
    one(db, format!("SELECT COUNT(*) FROM {table} WHERE {column} IN {person}"))
}
