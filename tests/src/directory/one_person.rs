//! One person is one person on every road: whichever record is exported or erased, everything of the person is, and nothing of
//! anybody else. What may hold something of a person is declared; the schema is walked for columns that are not.

use std::collections::BTreeSet;

use persistence::{Database, DatabaseConfig, Statement, declarations, found};
use platform::table::Kind;
use serde_json::{Value, json};

use crate::crm::common::{lead, with};
use crate::fixtures::{customer, id, ready_to_sell, user_with, verified};
use crate::harness::{Engine, Server};
use crate::service::cases::story::{entitlement, policy};

const PARTIES: &str = "/v1/directory/parties";
const CONTACTS: &str = "/v1/directory/contacts";
const LEADS: &str = "/v1/crm/leads";

#[track_caller]
fn erase(s: &Server, path: &str, thing: &Value) -> Value {
    let here = format!("{path}/{}", id(thing));
    s.act(&format!("{here}/erase"), &s.get(&here).ok(), json!({"reason": "asked"})).ok()
}

fn contact(s: &Server, last: &str, mail: &str) -> Value {
    s.post(CONTACTS, json!({"last_name": last, "emails": [{"address": mail}], "allow_duplicate": true})).created()
}

fn exported(s: &Server, path: &str, thing: &Value) -> BTreeSet<String> {
    let answer = s.get(&format!("{path}/{}/export", id(thing))).ok();
    answer["records"].as_array().unwrap().iter().map(|r| r["what"].as_str().unwrap().to_string()).collect()
}

each_engine! {
    fn erasing_one_person_leaves_others_alone(s) {
        let (ann, joann) = (contact(s, "Post", "ann@example.com"), contact(s, "Lee", "joann@example.com"));
        let firm = customer(s, "Firm");
        let call = json!({"company_id": s.company_id(), "kind": "call", "subject": "Prices", "regarding_id": firm["id"], "participants": [{"email": "joann@example.com"}, {"contact_id": joann["id"]}]});
        let call = s.post("/v1/crm/activities", call).created();
        let kept = s.request("POST", PARTIES).key("posted").json(&json!({"name": "Posted by post", "metadata": {"status": "posted"}})).send().created();
        erase(s, CONTACTS, &ann);
        let now = s.get(&format!("/v1/crm/activities/{}", id(&call))).ok();
        assert_eq!((&now["subject"], &now["participants"]), (&call["subject"], &call["participants"]));
        let again = s.request("POST", PARTIES).key("posted").json(&json!({"name": "Posted by post", "metadata": {"status": "posted"}})).send();
        assert_eq!(again.created(), kept, "a kept answer of somebody else stays");
        assert_eq!(s.get(&format!("{CONTACTS}/{}", id(&joann))).ok()["name"], "Lee");
        verified(s);
    }

    fn what_leads_to_a_person_by_whatever_way_is_exported_and_erased(s) {
        let ada = contact(s, "Lovelace", "ada@example.com");
        let company = s.company_id();
        let firm = customer(s, "Engines");
        let other = lead(s, json!({"first_name": "Ada", "last_name": "Lovelace", "email": "Ada@example.com"}));
        let call = s.post("/v1/crm/activities", json!({"company_id": company, "kind": "call", "subject": "Ask Ada", "body": "Secret", "regarding_id": ada["id"]})).created();
        let asked = s.post("/v1/service/cases", json!({"company_id": company, "subject": "Leaks", "requester_email": "ADA@example.com", "requester_name": "Ada"})).created();
        let theirs = s.post("/v1/service/cases", json!({"company_id": company, "subject": "Oil", "party_id": firm["id"], "requester_email": "Ada@example.com", "requester_name": "Ada"})).created();
        s.post("/v1/directory/relationships", json!({"contact_id": ada["id"], "party_id": firm["id"], "title": "Countess", "role": "decides"})).created();
        let touch = json!({"company_id": company, "kind": "page_view", "anonymous_id": "visitor-ada-1815", "contact_id": ada["id"], "origin": {"landing_page": "https://x.example/ada", "referrer": "https://y.example/ada"}});
        let touch = s.post("/v1/marketing/touchpoints", touch).created();
        let block = s.post("/v1/marketing/suppressions", json!({"channel": "email", "address": "ada@example.com", "note": "Ada asked"})).created();
        let deal = s.post("/v1/crm/opportunities", json!({"company_id": company, "name": "Mill", "party_id": firm["id"], "contact_id": ada["id"]})).created();
        let lost = s.act(&format!("/v1/crm/opportunities/{}/lose", id(&deal)), &deal, json!({"reason": "Ms Lovelace left"})).ok();
        assert_eq!(lost["loss_reason"], "Ms Lovelace left");
        let what = exported(s, CONTACTS, &ada);
        for expected in ["contacts.id", "leads.id", "activities.regarding_id", "cases.requester_email", "relationships.contact_id", "touchpoints.contact_id", "suppressions.address"] {
            assert!(what.contains(expected), "{expected} is not among {what:?}");
        }
        erase(s, CONTACTS, &ada);
        let left = |path: &str, thing: &Value| s.get(&format!("{path}/{}", id(thing))).ok();
        assert_eq!((&left(LEADS, &other)["name"], &left(LEADS, &other)["email"]), (&json!("Erased"), &Value::Null));
        let call = left("/v1/crm/activities", &call);
        assert_eq!((&call["subject"], &call["body"]), (&json!("Erased"), &Value::Null));
        let asked = left("/v1/service/cases", &asked);
        assert_eq!((&asked["subject"], &asked["requester_email"]), (&json!("Erased"), &Value::Null));
        let theirs = left("/v1/service/cases", &theirs);
        assert_eq!((&theirs["subject"], &theirs["requester_name"], &theirs["requester_email"]), (&json!("Oil"), &Value::Null, &Value::Null));
        let touch = left("/v1/marketing/touchpoints", &touch);
        assert!(["anonymous_id", "landing_page", "referrer"].iter().all(|m| touch[m].is_null()), "{touch}");
        let r = &s.all(&format!("/v1/directory/relationships?party_id={}", id(&firm)))[0];
        assert_eq!((&r["title"], &r["role"]), (&Value::Null, &Value::Null));
        let deal = left("/v1/crm/opportunities", &deal);
        assert_eq!((&deal["name"], &deal["contact_id"], &deal["status"]), (&json!("Mill"), &lost["contact_id"], &json!("lost")));
        assert_ne!(deal["loss_reason"], lost["loss_reason"]);
        // the address stays suppressed, by its hash alone
        let block = left("/v1/marketing/suppressions", &block);
        assert_eq!((&block["address"], &block["note"]), (&Value::Null, &Value::Null));
        s.post("/v1/marketing/suppressions", json!({"channel": "email", "address": "Ada@example.com"})).problem(409, "suppression.exists");
        let again = contact(s, "Byron", "ada@example.com");
        let asked = json!({"channel": "email", "transactional": true, "subjects": [{"contact_id": again["id"]}]});
        assert_eq!(s.post("/v1/marketing/consents/check", asked).ok()["results"][0]["reason"], "suppressed");
        let told = s.all("/v1/platform/events").into_iter().filter(|e| e.to_string().to_lowercase().contains("lovelace")).collect::<Vec<_>>();
        assert!(told.is_empty(), "{told:#?}");
        verified(s);
    }

    fn messages_and_forms_lead_to_the_person_and_what_is_of_a_firm_stays_the_firm_s(s) {
        let ada = contact(s, "Lovelace", "ada@example.com");
        let (company, firm) = (s.company_id(), customer(s, "Engines"));
        let case = json!({"company_id": company, "subject": "Oil", "party_id": firm["id"], "contact_id": ada["id"], "requester_name": "Ada"});
        let case = s.post("/v1/service/cases", case).created();
        let path = format!("/v1/service/cases/{}", id(&case));
        for (author, body) in [("customer", json!({"body": "It leaks", "author": "customer", "contact_id": ada["id"]})), ("agent", json!({"body": "We come"})), ("agent", json!({"body": "Dear Lovelace"}))] {
            s.act(&format!("{path}/reply"), &s.get(&path).ok(), body).expect(200);
            assert_eq!(s.all(&format!("{path}/messages")).last().unwrap()["author"], author);
        }
        let form = json!({"company_id": company, "name": "News", "fields": [{"name": "email", "target": "email", "required": true}]});
        let form = s.post("/v1/marketing/lead-forms", form).created();
        let place = format!("/v1/public/forms/{}/submissions", form["key"].as_str().unwrap());
        s.anonymous().post(&place, json!({"token": "0123456789abcdef", "fields": {"email": "ADA@Example.com"}})).ok();
        let what = exported(s, CONTACTS, &ada);
        for expected in ["cases.contact_id", "case_messages.author_contact_id", "lead_form_submissions.email", "leads.id"] {
            assert!(what.contains(expected), "{expected} is not among {what:?}");
        }
        // a dry run leaves everything as it was
        let here = format!("{CONTACTS}/{}", id(&ada));
        assert_eq!(s.act(&format!("{here}/erase?dry_run=true"), &s.get(&here).ok(), json!({})).ok()["name"], "Erased");
        assert_eq!((s.get(&here).ok(), exported(s, CONTACTS, &ada)), (ada.clone(), what));
        erase(s, CONTACTS, &ada);
        let now = s.get(&path).ok();
        assert_eq!((&now["subject"], &now["party_id"], &now["requester_name"]), (&json!("Oil"), &firm["id"], &Value::Null));
        let bodies: Vec<Value> = s.all(&format!("{path}/messages")).iter().map(|m| m["body"].clone()).collect();
        assert_eq!(bodies, ["Erased", "We come", "Erased"]);
        assert!(s.all("/v1/crm/leads").iter().all(|l| l["email"].is_null()), "the lead of the form");
        verified(s);
    }

    fn a_lead_and_what_it_became_are_one_person(s) {
        let make = |mail: &str| {
            let l = lead(s, json!({"first_name": "Ana", "last_name": "Trujillo", "organisation_name": null, "email": mail}));
            let l = s.act(&format!("{LEADS}/{}/qualify", id(&l)), &l, json!({})).ok();
            let became = s.act(&format!("{LEADS}/{}/convert", id(&l)), &l, json!({"on_duplicate": "create"})).ok();
            let get = |path: &str, key: &str| s.get(&format!("{path}/{}", became[key].as_str().unwrap())).ok();
            (l, get(PARTIES, "party_id"), get(CONTACTS, "contact_id"), became["opportunity_id"].clone())
        };
        for (i, road) in [LEADS, PARTIES, CONTACTS].into_iter().enumerate() {
            let (l, party, contact, deal) = make(&format!("ana{i}@example.com"));
            assert_eq!(party["kind"], "person");
            let asked = match road {
                LEADS => &l,
                PARTIES => &party,
                _ => &contact,
            };
            let what = exported(s, road, asked);
            assert!(["leads.id", "parties.id", "contacts.id"].iter().all(|w| what.contains(*w)), "{road}: {what:?}");
            erase(s, road, asked);
            for (path, thing) in [(LEADS, &l), (PARTIES, &party), (CONTACTS, &contact)] {
                assert_eq!(s.get(&format!("{path}/{}", id(thing))).ok()["name"], "Erased", "{path} by {road}");
            }
            assert_eq!(s.get(&format!("/v1/crm/opportunities/{}", deal.as_str().unwrap())).ok()["name"], "Erased");
            verified(s);
        }
        let clerk = user_with(s, &["crm.leads.*"], &[s.company_id()]);
        let l = lead(s, json!({"email": "x@example.com"}));
        clerk.get(&format!("{LEADS}/{}/export", id(&l))).problem(403, "missing_scope");
    }

    fn a_lead_with_a_touch_can_be_deleted(s) {
        let l = lead(s, json!({"email": "x@example.com"}));
        let touch = json!({"company_id": s.company_id(), "kind": "page_view", "anonymous_id": "visitor-1815", "lead_id": l["id"]});
        let touch = s.post("/v1/marketing/touchpoints", touch).created();
        let l = s.get(&format!("{LEADS}/{}", id(&l))).ok();
        s.delete(&format!("{LEADS}/{}", id(&l)), &l).no_content();
        let left = s.get(&format!("/v1/marketing/touchpoints/{}", id(&touch))).ok();
        assert_eq!((&left["lead_id"], &left["anonymous_id"]), (&Value::Null, &Value::Null));
    }

    fn who_was_merged_away_leads_to_who_stayed_on_every_road(s) {
        let books = ready_to_sell(s);
        let company = s.company_id();
        let (party, gone) = (customer(s, "Stays"), customer(s, "Goes"));
        s.act(&format!("{PARTIES}/{}/merge", id(&party)), &s.get(&format!("{PARTIES}/{}", id(&party))).ok(), json!({"source_id": gone["id"]})).ok();
        let (person, away) = (contact(s, "Stays", "s@example.com"), contact(s, "Goes", "g@example.com"));
        s.act(&format!("{CONTACTS}/{}/merge", id(&person)), &person, json!({"source_id": away["id"]})).ok();
        let beans = json!([{"product_id": books.product("BEANS")["id"], "quantity": "1"}]);
        let roads = [
            ("/v1/directory/relationships", json!({"contact_id": away["id"], "party_id": party["id"]}), "party_id"),
            ("/v1/crm/opportunities", json!({"company_id": company, "name": "Deal", "party_id": party["id"], "contact_id": away["id"], "contact_roles": [{"contact_id": away["id"], "role": "champion"}]}), "party_id"),
            ("/v1/crm/quotes", json!({"company_id": company, "party_id": party["id"], "contact_id": away["id"], "lines": beans}), "party_id"),
            ("/v1/crm/activities", json!({"company_id": company, "kind": "note", "subject": "Note", "regarding_id": gone["id"]}), "party_id"),
            ("/v1/service/cases", json!({"company_id": company, "subject": "Leaks", "party_id": gone["id"], "contact_id": away["id"]}), "party_id"),
            ("/v1/marketing/touchpoints", json!({"company_id": company, "kind": "page_view", "party_id": gone["id"]}), "party_id"),
            ("/v1/marketing/consents", json!({"party_id": gone["id"], "channel": "email", "status": "withdrawn"}), "party_id"),
        ];
        for (path, body, column) in roads {
            let made = s.post(path, body).created();
            assert_eq!(made[column], party["id"], "{path}");
            if made.get("contact_id").is_some_and(|c| !c.is_null()) {
                assert_eq!(made["contact_id"], person["id"], "{path}");
            }
            if let Some(role) = made["contact_roles"].get(0) {
                assert_eq!(role["contact_id"], person["id"], "{path}");
            }
        }
        let covered = entitlement(s, &gone, &policy(s, json!({})), json!({}));
        assert_eq!(covered["party_id"], party["id"]);
        // whom a new document or record belongs to must be named as it is now; the refusal names who stayed
        let refusing = [
            ("/v1/directory/relationships", json!({"contact_id": person["id"], "party_id": gone["id"]}), "party.merged"),
            (PARTIES, json!({"name": "Child", "parent_id": gone["id"]}), "party.merged"),
            ("/v1/crm/opportunities", json!({"company_id": company, "name": "Deal", "party_id": gone["id"]}), "party.archived"),
            ("/v1/crm/quotes", json!({"company_id": company, "party_id": gone["id"], "lines": beans}), "party.archived"),
            ("/v1/sales/orders", json!({"company_id": company, "customer_id": gone["id"], "lines": beans}), "party.archived"),
            ("/v1/banking/payments", with(books.payment(&party, &json!("10")), json!({"party_id": gone["id"]})), "party.archived"),
        ];
        for (path, body, code) in refusing {
            let refused = s.post(path, body).problem(409, code);
            assert!(refused.to_string().contains(id(&party)), "{path}: {refused}");
        }
        verified(s);
    }

    fn a_filter_by_who_was_merged_away_finds_what_leads_to_who_stayed(s) {
        let firm = customer(s, "Firm");
        let (a, b) = (contact(s, "Lee", "lee@example.com"), contact(s, "Leigh", "leigh@example.com"));
        let relate = |c: &Value, p: &Value| s.post("/v1/directory/relationships", json!({"contact_id": c["id"], "party_id": p["id"]})).created();
        let (kept, double) = (relate(&a, &firm), relate(&b, &firm));
        let roles = json!([{"contact_id": a["id"], "role": "user"}, {"contact_id": b["id"], "role": "buyer"}]);
        let deal = s.post("/v1/crm/opportunities", json!({"company_id": s.company_id(), "name": "Deal", "party_id": firm["id"], "contact_id": b["id"], "contact_roles": roles})).created();
        let deal_path = format!("/v1/crm/opportunities/{}", id(&deal));
        let merge = |path: &str, winner: &Value, loser: &Value| {
            let here = format!("{path}/{}", id(winner));
            s.act(&format!("{here}/merge"), &s.get(&here).ok(), json!({"source_id": loser["id"]})).ok();
        };
        let ids = |query: &str| -> BTreeSet<String> { s.all(&format!("/v1/{query}")).iter().map(|r| id(r).to_string()).collect() };
        let just = |rows: &[&Value]| -> BTreeSet<String> { rows.iter().map(|r| id(r).to_string()).collect() };
        merge(CONTACTS, &a, &b);
        assert_eq!(ids(&format!("directory/relationships?party_id={}", id(&firm))), just(&[&kept]), "the double is listed once");
        for person in [&a, &b] {
            assert_eq!(ids(&format!("directory/relationships?contact_id={}", id(person))), just(&[&kept]));
            assert_eq!(ids(&format!("crm/opportunities?contact_id={}", id(person))), just(&[&deal]));
        }
        assert_eq!(s.get(&deal_path).ok()["contact_roles"].as_array().map(Vec::len), Some(1));
        let unmerge = format!("{CONTACTS}/{}", id(&b));
        s.act(&format!("{unmerge}/unmerge"), &s.get(&unmerge).ok(), Value::Null).ok();
        assert_eq!(ids(&format!("directory/relationships?party_id={}", id(&firm))), just(&[&kept, &double]));
        assert_eq!(ids(&format!("directory/relationships?contact_id={}", id(&b))), just(&[&double]));
        assert_eq!(s.get(&deal_path).ok()["contact_roles"].as_array().map(Vec::len), Some(2));

        // parties: every list that can be asked by one
        let other = customer(s, "Firma");
        for p in [&firm, &other] {
            s.post("/v1/crm/activities", json!({"company_id": s.company_id(), "kind": "call", "subject": "Ask", "regarding_id": p["id"]})).created();
            s.post("/v1/sales/orders", json!({"company_id": s.company_id(), "customer_id": p["id"]})).created();
            s.post("/v1/service/cases", json!({"company_id": s.company_id(), "subject": "Leaks", "party_id": p["id"]})).created();
        }
        let double = relate(&a, &other);
        let branch = s.post(PARTIES, json!({"name": "Branch", "parent_id": other["id"]})).created();
        merge(PARTIES, &firm, &other);
        assert!(ids(&format!("directory/parties?parent_id={}", id(&other))).contains(id(&branch)));
        let mut asked = 0;
        for op in s.running().app.table.ops.iter().filter(|op| op.kind == Kind::List && op.path_params.is_empty()) {
            let Some(listing) = &op.listing else { continue };
            let by_party = listing.filters.iter().filter(|f| f.id_prefix() == Some("pty") || f.name == "regarding_id").map(|f| f.name.as_str());
            for name in by_party.filter(|n| !["merged_into", "winner_id", "loser_id"].contains(n)) {
                let of = |p: &Value| ids(&format!("{}?{name}={}", op.path.trim_start_matches("/v1/"), id(p)));
                // history stays under the id it was written with
                assert!(of(&other).is_superset(&of(&firm)), "{} by {name}", op.path);
                let is_history = ["/events", "/audit-log", "/consents"].iter().any(|list| op.path.ends_with(list));
                assert!(is_history || of(&firm) == of(&other), "{} by {name}", op.path);
                asked += of(&firm).len();
            }
        }
        assert!(asked >= 8, "{asked}");
        assert!(!ids(&format!("directory/relationships?contact_id={}", id(&a))).contains(id(&double)), "the double of a relationship of the survivor");
        assert_eq!(ids(&format!("directory/party-merges?loser_id={}", id(&firm))), BTreeSet::new(), "history is that of the very one");
        assert_eq!(ids(&format!("directory/party-merges?loser_id={}", id(&other))).len(), 1);
        let exposure = |p: &Value| s.get(&format!("/v1/sales/credit-exposure?company_id={}&customer_id={}", s.company_id(), id(p))).ok();
        assert_eq!(exposure(&other), exposure(&firm));
    }

    fn what_may_hold_something_of_a_person_is_declared(s) {
        let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        let columns = match s.engine {
            Engine::Sqlite => {
                "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND c.type = 'TEXT' AND t.name NOT LIKE 'sqlite!_%' ESCAPE '!' AND c.name NOT LIKE '%!_date' ESCAPE '!'"
            }
            Engine::Postgres => {
                "SELECT CAST(c.table_name AS TEXT), CAST(c.column_name AS TEXT) FROM information_schema.columns c \
                 JOIN information_schema.tables t ON t.table_name = c.table_name AND t.table_schema = c.table_schema \
                 WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' \
                 AND c.data_type IN ('text', 'jsonb', 'json', 'character varying')"
            }
        };
        let there: BTreeSet<(String, String)> = db.read(|c| Statement::new(columns).load::<(String, String)>(c)).unwrap().into_iter().collect();
        assert!(there.len() > 200, "the columns were not found");
        let mut declared: BTreeSet<(String, String)> = BTreeSet::new();
        for noun in declarations::personal() {
            let columns = noun.columns.iter().map(|h| h.column).chain(noun.plain.iter().copied());
            declared.extend(columns.map(|c| (noun.table.to_string(), c.to_string())));
        }
        declared.extend(declarations::plain().flat_map(|(table, columns)| columns.iter().map(|c| (table.to_string(), c.to_string()))));
        let days = ["month", "day", "starts_on", "ends_on", "valid_until"];
        let missing: Vec<_> = there.iter().filter(|(table, column)| {
            let day = s.engine == Engine::Sqlite && days.contains(&&**column);
            table != "__diesel_schema_migrations" && !day && !declared.contains(&(table.clone(), column.clone()))
        }).collect();
        assert!(missing.is_empty(), "say at the noun whether these hold something of a person: {missing:?}");
        if s.engine == Engine::Postgres {
            let gone: Vec<_> = declared.iter().filter(|c| !there.contains(*c)).collect();
            assert!(gone.is_empty(), "declared, and not there: {gone:?}");
        }
    }

    fn what_is_searched_is_found_whatever_its_case_and_accents(s) {
        for name in ["Österreichische Post", "Álvarez", "A\u{301}lvarez Decomposed", "ΟΔΟΣ Αθήνας", "МОСКВА", "Große Straße"] {
            s.post(PARTIES, json!({"name": name, "addresses": [{"purpose": "billing", "address": {"line1": "x", "city": "Zürich", "country": "CH"}}]})).created();
        }
        let found = |q: &str| s.request("GET", &format!("{PARTIES}?q={}", encoded(q))).send().ok()["data"].as_array().unwrap().len();
        for (q, count) in [("osterreich", 1), ("ÖSTERREICH", 1), ("Alvarez", 2), ("a\u{301}lvarez", 2), ("οδοσ", 1), ("Οδός", 1), ("москва", 1), ("STRASSE", 1), ("strasse", 1)] {
            assert_eq!(found(q), count, "{q}");
        }
        let size = |field: &str, op: &str, value: &str| {
            let filter = json!({"field": field, "op": op, "value": value});
            let seg = s.post("/v1/marketing/segments", json!({"company_id": s.company_id(), "name": format!("{field} {op} {value}"), "kind": "dynamic", "filter": filter})).created();
            s.act(&format!("/v1/marketing/segments/{}/evaluate", id(&seg)), &seg, json!({})).ok()["member_count"].clone()
        };
        for (op, value, count) in [("starts_with", "Österreich", 1), ("starts_with", "osterreich", 1), ("contains", "αθηνασ", 1), ("contains", "Москва", 1), ("equals", "GROSSE STRASSE", 1), ("starts_with", "Alvarez", 2)] {
            assert_eq!(size("name", op, value), count, "{op} {value}");
        }
        assert_eq!(size("city", "equals", "ZURICH"), 6);
        // the function of the database says what that of the program says
        let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        for text in ["Österreich  ẞtraße", "İstanbul ılık", "ﬁn Ǆ Łódź", "ΣΊΣΥΦΟΣ", "한국 日本", "Ærø œuvre Đ"] {
            let said = db.read(|c| found::folded(c, text)).unwrap();
            assert_eq!(said, domain::kernel::text::fold(text), "{text}");
        }
    }

    fn tax_numbers_are_compared_and_not_spelled(s) {
        s.post(PARTIES, json!({"name": "Gerolsteiner", "tax_id": "DE811569869"})).created();
        for spelling in ["DE 811569869", "de-811.569.869", "DE811569869"] {
            s.post(PARTIES, json!({"name": "Other", "tax_id": spelling})).problem(409, "party.possible_duplicate");
        }
        s.post(PARTIES, json!({"name": "Another", "tax_id": "DE 811569860"})).created();
    }

    fn numbers_are_those_of_the_country_of_the_address(s) {
        let phone = |country: &str, number: &str| {
            let body = json!({"last_name": "Caller", "address": {"line1": "x", "country": country}, "phones": [{"number": number}]});
            s.post(CONTACTS, body).created()["phones"][0]["normalised"].clone()
        };
        for (country, number, normal) in [("DE", "+49 (0)30 9018201", "+49309018201"), ("DE", "+44 (0)20 7946 0958", "+442079460958"), ("GB", "020 7946 0958", "+442079460958"), ("DE", "030 9018201", "+49309018201")] {
            assert_eq!(phone(country, number), normal, "{number} in {country}");
        }
        let l = lead(s, json!({"phone": "030 9018201", "address": {"line1": "x", "country": "DE"}}));
        assert_eq!(l["phone_normalised"], "+49309018201");
    }
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}
