//! Search over all nouns and `q` of lists: what comes first, how it may be written, who finds what, and that what is gone is not found.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use persistence::{Database, DatabaseConfig};
use platform::table::Kind;
use serde_json::{Value, json};

use crate::contract::Breaches;
use crate::fixtures::{self, customer, id, ready_to_sell, user_with, verified};
use crate::harness::{Client, Server};

const PARTIES: &str = "/v1/directory/parties";
const CONTACTS: &str = "/v1/directory/contacts";

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

fn ask(c: &Client, q: &str, more: &str) -> Value {
    c.get(&format!("/v1/platform/search?q={}{more}", encoded(q))).ok()
}

fn results(c: &Client, q: &str, more: &str) -> Vec<Value> {
    ask(c, q, more)["data"].as_array().unwrap().clone()
}

fn ids(c: &Client, q: &str, more: &str) -> Vec<String> {
    results(c, q, more).iter().map(|r| id(r).to_string()).collect()
}

/// What a list finds.
fn listed(c: &Client, list: &str, q: &str) -> BTreeSet<String> {
    c.all(&format!("{list}?limit=200&q={}", encoded(q))).iter().map(|r| id(r).to_string()).collect()
}

fn party(s: &Server, body: Value) -> Value {
    let mut whole = json!({"is_customer": true, "allow_duplicate": true});
    whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
    s.post(PARTIES, whole).created()
}

fn index_of(s: &Server) -> Vec<String> {
    Database::open(&DatabaseConfig::new(s.database_url())).unwrap().read(persistence::platform::search::all).unwrap()
}

fn follower(s: &Client) -> Value {
    s.all("/v1/platform/followers?name=platform.search").remove(0)
}

each_engine! {
    fn exact_numbers_come_first_then_beginnings_then_words_then_misspellings(s) {
        let exact = party(s, json!({"code": "BLAU", "name": "Zimmer"}));
        let title = party(s, json!({"code": "T1", "name": "Blau"}));
        let begins = party(s, json!({"code": "T2", "name": "Blauwerk Nord"}));
        let word = party(s, json!({"code": "T3", "name": "Farben Blau"}));
        let detail = party(s, json!({"code": "T4", "name": "Someone", "emails": [{"address": "blau@example.org"}]}));
        let similar = party(s, json!({"code": "T5", "name": "Blaum Wood"}));
        let misspelt = party(s, json!({"code": "T6", "name": "Bleu Wood"}));
        s.followed();
        let found = results(s, "blau", "&kinds=party");
        let order: Vec<(&str, &str)> = found.iter().map(|r| (id(r), r["matched_by"].as_str().unwrap())).collect();
        let expected = [
            (id(&exact), "exact"), (id(&title), "exact"), (id(&similar), "prefix"), (id(&begins), "prefix"), (id(&word), "words"),
            (id(&detail), "words"), (id(&misspelt), "similar"),
        ];
        assert_eq!(order, expected);
        // all words count, in any order
        assert_eq!(ids(s, "nord blau", ""), [id(&begins)]);
        assert!(ids(s, "nord blau gelb", "").is_empty());
        // with what names it, and where it was found
        let first = &results(s, "farb", "")[0];
        assert_eq!(
            first,
            &json!({"kind": "party", "id": word["id"], "title": "Farben Blau", "number": "T3", "status": null, "company_id": null,
                "is_archived": false, "is_merged": false, "matched_by": "prefix",
                "highlights": [{"field": "name", "text": "Farben Blau", "matches": [{"start": 0, "length": 4}]}]})
        );
    }

    fn records_are_found_however_they_are_written(s) {
        let names = ["Straßenbau Müller", "Москва Йод", "Αθήνα Φως", "株式会社山田商店", "한국전자", "O’Brien Sons", "Łódź Ørsted", "Ｗｉｄｅ Shop"];
        let made: Vec<Value> = names.iter().map(|n| party(s, json!({"name": n, "allow_duplicate": true}))).collect();
        let spelt = [
            ("STRASSENBAU muller", 0), ("müller strasse", 0), ("йод", 1), ("МОСК", 1), ("αθηνα", 2), ("山田", 3), ("商店", 3), ("한국", 4), ("obrien", 5),
            ("lodz orsted", 6), ("wide", 7), ("ｗｉｄｅ", 7), ("Mueller", 0), ("Mullre", 0), ("Strasenbau", 0), ("москба", 1),
        ];
        s.followed();
        for (q, n) in spelt {
            assert_eq!(ids(s, q, "&kinds=party"), [id(&made[n])], "{q}");
        }
        let typos = ["Mueller", "Mullre", "Strasenbau", "москба"];
        for (q, n) in spelt.iter().filter(|(q, _)| !typos.contains(q)) {
            assert_eq!(listed(s, PARTIES, q), BTreeSet::from([id(&made[*n]).to_string()]), "{q} in the list");
        }
        // numbers, addresses and telephones
        let known = party(s, json!({"code": "C-0042", "name": "Reach", "phones": [{"number": "+493012345678"}],
            "emails": [{"address": "sales.team@reach.example"}]}));
        s.followed();
        for q in ["C-0042", "c0042", "C 42", "030 12345678", "+49 (30) 1234-5678", "12345678", "sales.team@reach.example", "reach.example", "team"] {
            assert_eq!(ids(s, q, "&kinds=party"), [id(&known)], "{q}");
            assert_eq!(listed(s, PARTIES, q), BTreeSet::from([id(&known).to_string()]), "{q} in the list");
        }
    }

    fn every_kind_of_record_is_found_by_its_own_words(s) {
        gateway::demo::fill_quietly(&s.running().app).unwrap();
        s.followed();
        let table = &s.running().app.table;
        let mut found = Breaches::default();
        let mut met = BTreeSet::new();
        for searched in table.searched() {
            let list = table.ops.iter().find(|op| op.kind == Kind::List && !op.path.contains('{')
                && op.listing.as_ref().is_some_and(|l| (l.row.name)() == searched.schema.as_str()));
            let Some(list) = list else { found.add(format!("{} is found and has no list", searched.noun)); continue };
            let rows = s.get(&format!("{}?limit=20", list.path)).ok();
            for row in rows["data"].as_array().unwrap() {
                let text = searched.fields().find_map(|field| row[field].as_str().filter(|t| !t.is_empty()));
                let Some(text) = text else { continue };
                let text: String = text.chars().take(100).collect();
                met.insert(searched.noun);
                let shown = results(s, &text, &format!("&kinds={}&archived=true&merged=true&limit=100", searched.noun));
                if !shown.iter().any(|r| r["id"] == row["id"]) && shown.len() < 100 {
                    found.add(format!("the search does not find {} {} by {text:?}", searched.noun, row["id"]));
                }
                let states = if row["archived_at"].is_string() { "&archived=any" } else { "" };
                let listed = s.all(&format!("{}?limit=200&q={}{states}", list.path, encoded(&text)));
                if !listed.iter().any(|r| r["id"] == row["id"]) {
                    found.add(format!("{} does not find {} by {text:?}", list.id, row["id"]));
                }
            }
        }
        found.none("records are found by their own words");
        assert!(met.len() >= 20, "{met:?}");
    }

    fn whoever_may_not_see_a_record_does_not_find_it(s) {
        let other = s.post("/v1/directory/companies", json!({"code": "OTHER", "name": "Other Ltd", "currency": "EUR"})).created();
        let (user, password) = fixtures::user(s);
        let deal = |company: &str, owner: &Value, name: &str| {
            let party = customer(s, "Buyer");
            let body = json!({"company_id": company, "name": name, "party_id": party["id"], "owner_id": owner});
            s.post("/v1/crm/opportunities", body).created()
        };
        let foreign = deal(id(&other), &Value::Null, "Quokka abroad");
        let nobodys = deal(s.company_id(), &Value::Null, "Quokka of nobody");
        let own = deal(s.company_id(), &user["id"], "Quokka of one");
        let lead = s.post("/v1/crm/leads", json!({"company_id": s.company_id(), "last_name": "Quokka"})).created();
        s.followed();
        let all: BTreeSet<String> = ids(s, "quokka", "").into_iter().collect();
        assert_eq!(all, [&foreign, &nobodys, &own, &lead].map(|r| id(r).to_string()).into());
        assert_eq!(ids(s, "quokka", &format!("&company_id={}", id(&other))), [id(&foreign)]);
        // by company and by permission
        let reader = user_with(s, &["crm.opportunities.read"], &[s.company_id()]);
        let seen: BTreeSet<String> = ids(&reader, "quokka", "").into_iter().collect();
        assert_eq!(seen, [&nobodys, &own].map(|r| id(r).to_string()).into());
        assert_eq!(ask(&reader, "quokka", "&kinds=lead")["data"], json!([]));
        reader.get(&format!("/v1/platform/search?q=quokka&company_id={}", id(&other))).problem(422, "invalid_query");
        // by reach
        let role = fixtures::role(s, &["crm.opportunities.read:own"]);
        s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
        s.post(&format!("/v1/identity/users/{}/grants", id(&user)), json!({"company_id": s.company_id()})).created();
        let user = s.login(user["email"].as_str().unwrap(), password);
        let mine = ask(&user, "quokka", "&limit=1");
        assert_eq!((id(&mine["data"][0]), &mine["has_more"], &mine["next_cursor"]), (id(&own), &json!(false), &Value::Null));
        assert_eq!(listed(&user, "/v1/crm/opportunities", "quokka"), BTreeSet::from([id(&own).to_string()]));
        // somebody without any permission finds colleagues, as everybody may
        let nobody = user_with(s, &[], &[]);
        assert!(results(&nobody, "quokka", "").is_empty() && results(&nobody, "buyer", "").is_empty());
        assert!(results(&nobody, "user", "").iter().all(|r| r["kind"] == "person"));
        s.anonymous().get("/v1/platform/search?q=quokka").problem(401, "unauthenticated");
    }

    fn what_is_archived_merged_or_gone_is_not_found_unless_it_is_asked_for(s) {
        let product = fixtures::product(s, "WOMBAT", "10", None);
        let (winner, loser) = (party(s, json!({"name": "Wombat One"})), party(s, json!({"name": "Wombat Two", "code": "W2"})));
        let contact = s.post(CONTACTS, json!({"last_name": "Wombatson"})).created();
        s.followed();
        assert_eq!(ids(s, "wombat", "").len(), 4);
        // found no more from the moment on, however far the follower is
        s.act(&format!("/v1/directory/products/{}/archive", id(&product)), &product, json!({})).ok();
        assert!(!ids(s, "wombat", "").contains(&id(&product).to_string()));
        s.act(&format!("{PARTIES}/{}/merge", id(&winner)), &winner, json!({"source_id": loser["id"], "take": []})).ok();
        assert!(!ids(s, "wombat two", "").contains(&id(&loser).to_string()));
        s.act(&format!("{CONTACTS}/{}/erase", id(&contact)), &contact, json!({"reason": "Asked"})).ok();
        assert!(ids(s, "wombatson", "").is_empty());
        let left = index_of(s);
        assert!(!left.iter().any(|line| line.contains("wombatson")), "the words of an erased person are gone at once");
        s.followed();
        assert_eq!(ids(s, "wombat", ""), [id(&winner)]);
        let with: BTreeSet<String> = ids(s, "wombat", "&archived=true").into_iter().collect();
        assert_eq!(with, [&winner, &product].map(|r| id(r).to_string()).into());
        let merged = results(s, "wombat two", "&merged=true");
        let merged: Vec<_> = merged.iter().map(|r| (id(r), &r["is_merged"])).collect();
        assert_eq!(merged, [(id(&loser), &json!(true))]);
        assert!(ids(s, "wombatson", "&archived=true&merged=true").is_empty());
        assert!(!index_of(s).iter().any(|line| line.contains("wombatson")));
        verified(s);
    }

    fn documents_of_an_erased_person_are_found_by_number_alone(s) {
        ready_to_sell(s);
        let person = party(s, json!({"name": "Numbat Person", "kind": "person"}));
        let body = json!({"company_id": s.company_id(), "customer_id": person["id"], "lines": [
            {"description": "Advice", "item_class": "service", "quantity": "1", "unit_price": "10", "tax_code_ids": []}]});
        let invoice = s.post("/v1/receivables/invoices", body).created();
        let invoice = s.act(&format!("/v1/receivables/invoices/{}/post", id(&invoice)), &invoice, json!({})).ok();
        let pay = json!({"company_id": s.company_id(), "party_id": person["id"], "amount": invoice["total"], "allocate_to": [{"invoice_id": invoice["id"]}]});
        let pay = s.post("/v1/banking/payments", pay).created();
        s.act(&format!("/v1/banking/payments/{}/post", id(&pay)), &pay, json!({})).ok();
        s.followed();
        let before: BTreeSet<String> = ids(s, "numbat", "").into_iter().collect();
        assert_eq!(before, [id(&person).to_string(), id(&invoice).to_string()].into());
        let now = s.get(&format!("{PARTIES}/{}", id(&person))).ok();
        s.act(&format!("{PARTIES}/{}/erase", id(&person)), &now, json!({"reason": "Asked"})).ok();
        assert!(ids(s, "numbat", "&archived=true").is_empty(), "at once");
        s.followed();
        assert!(ids(s, "numbat", "&archived=true").is_empty() && !index_of(s).iter().any(|line| line.contains("numbat")));
        let found = results(s, invoice["number"].as_str().unwrap(), "&kinds=invoice");
        assert_eq!((id(&found[0]), &found[0]["title"]), (id(&invoice), &invoice["number"]));
    }

    fn no_text_breaks_the_search(s) {
        party(s, json!({"name": "100% Wool_and \"Silk\""}));
        s.followed();
        for q in ["100%", "wool_and", "\"silk\"", "silk\" OR 1=1 --", "'; DROP TABLE parties; --"] {
            ask(s, q, "");
        }
        assert_eq!(ids(s, "100% wool_and \"silk\"", "").len(), 1);
        for nothing in ["%", "_", "\"", "*", "NEAR(", "^", "{}", "\\", "🙂", "' '", "wool* OR", "col:wool x"] {
            assert!(ids(s, nothing, "&kinds=party").is_empty(), "{nothing}");
            s.get(&format!("{PARTIES}?q={}", encoded(nothing))).ok();
        }
        let many: String = (0..60).map(|n| format!("{n} ")).collect();
        ask(s, &many, "");
        ask(s, &"ß".repeat(200), "");
        ask(s, &"山".repeat(200), "");
        let path = |q: &str| format!("/v1/platform/search?q={q}");
        s.get(&path(&encoded("a\0b"))).problem(400, "invalid_parameter");
        s.get(&path(&encoded("a\u{1b}b"))).problem(400, "invalid_parameter");
        s.get(&path("")).problem(400, "invalid_parameter");
        s.get(&path(&"a".repeat(201))).problem(400, "invalid_parameter");
        s.get(&path(&"a".repeat(10_000))).problem(400, "invalid_parameter");
        s.get("/v1/platform/search").problem(400, "invalid_parameter");
        s.get(&path("a&kinds=unicorn")).problem(422, "invalid_query");
        s.get(&path("a&limit=0")).problem(400, "invalid_parameter");
        s.get(&path("a&limit=101")).problem(400, "invalid_parameter");
        s.get(&path("a&sort=name")).problem(400, "unknown_parameter");
    }

    fn pages_hold_each_result_once(s) {
        let made: BTreeSet<String> = (0..25).map(|n| id(&party(s, json!({"code": format!("P{n:02}"), "name": format!("Pademelon {n}")}))).to_string()).collect();
        s.followed();
        let (mut met, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = ask(s, "pademelon", &format!("&limit=10{cursor}"));
            met.extend(page["data"].as_array().unwrap().iter().map(|r| id(r).to_string()));
            pages += 1;
            // what comes in between changes nothing of what follows
            party(s, json!({"name": format!("Pademelon new {pages}")}));
            s.followed();
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => {
                    assert_eq!(page["has_more"], false);
                    break;
                }
            }
        }
        assert_eq!(met.len(), met.iter().collect::<BTreeSet<_>>().len(), "none twice");
        assert!(made.is_subset(&met.iter().cloned().collect()) && pages >= 3, "{pages}");
        let path = |q: &str| format!("/v1/platform/search?q={q}&limit=10");
        let next = s.get(&path("pademelon")).ok()["next_cursor"].as_str().unwrap().to_string();
        s.get(&format!("{}&cursor={next}", path("wombat"))).problem(400, "cursor_mismatch");
        let other = if next.starts_with('A') { 'B' } else { 'A' };
        s.get(&format!("{}&cursor={other}{}", path("pademelon"), &next[1..])).problem(422, "invalid_query");
    }

    fn a_list_finds_what_was_just_written_and_the_search_waits_for_it(s) {
        for n in 0..20 {
            let name = format!("Bilby{n}");
            let made = s.post(PARTIES, json!({"name": name, "is_customer": true}));
            let event = made.header("Tandem-Event").unwrap().to_string();
            let made = made.created();
            assert_eq!(listed(s, PARTIES, &name), BTreeSet::from([id(&made).to_string()]), "{name}");
            assert_eq!(ids(s, &name, &format!("&wait_for={event}")), [id(&made)]);
            let renamed = s.patch(&format!("{PARTIES}/{}", id(&made)), &made, json!({"name": format!("Potoroo{n}")})).ok();
            assert!(listed(s, PARTIES, &name).is_empty() && !ids(s, &name, "").contains(&id(&made).to_string()), "{name}");
            assert_eq!(listed(s, PARTIES, &format!("potoroo{n}")), BTreeSet::from([id(&renamed).to_string()]));
        }
        // a change that is taken back was never there
        s.post(&format!("{PARTIES}?dry_run=true"), json!({"name": "Bandicoot"})).ok();
        assert!(listed(s, PARTIES, "bandicoot").is_empty());
        s.followed();
        assert!(ids(s, "bandicoot", "").is_empty());
        // filters, order and figures go with it
        let page = s.get(&format!("{PARTIES}?q=potoroo&sort=-name&limit=5&include_total=true")).ok();
        assert_eq!((page["total_count"].as_i64(), page["data"].as_array().unwrap().len()), (Some(20), 5));
        assert_eq!(s.get(&format!("{PARTIES}?q=potoroo&is_customer=false")).ok()["data"], json!([]));
        verified(s);
    }

    fn a_rebuilt_index_is_the_kept_one_and_lists_find_everything_meanwhile(s) {
        fixtures::a_bit_of_everything(s);
        let made = party(s, json!({"name": "Dunnart", "emails": [{"address": "dunnart@example.org"}]}));
        let made = s.patch(&format!("{PARTIES}/{}", id(&made)), &made, json!({"name": "Dunnart Works"})).ok();
        let gone = s.post("/v1/crm/activities", json!({"company_id": s.company_id(), "kind": "task", "subject": "Dunnart call", "regarding_id": made["id"]})).created();
        s.delete(&format!("/v1/crm/activities/{}", id(&gone)), &gone).no_content();
        s.followed();
        let kept = index_of(s);
        assert!(kept.len() > 200 && kept.iter().any(|l| l.contains("dunnart")), "{}", kept.len());
        let before = follower(s);
        s.act(&format!("/v1/platform/followers/{}/rebuild", id(&before)), &before, json!({})).ok();
        let began = Instant::now();
        loop {
            assert_eq!(listed(s, PARTIES, "dunnart"), BTreeSet::from([id(&made).to_string()]));
            if follower(s)["rebuilt_at"].is_string() {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(60));
        }
        s.followed();
        let rebuilt = index_of(s);
        let difference: Vec<&String> = kept.iter().filter(|l| !rebuilt.contains(l)).chain(rebuilt.iter().filter(|l| !kept.contains(l))).collect();
        assert!(difference.is_empty(), "{difference:#?}");
        assert_eq!(ids(s, "dunnart", ""), [id(&made)]);
        verified(s);
    }

    fn both_replicas_find_what_one_wrote(s) {
        if s.engine == crate::harness::Engine::Sqlite {
            return; // it has one process
        }
        let other = s.replica();
        for n in 0..10 {
            let made = s.post(PARTIES, json!({"name": format!("Quoll{n}"), "is_customer": true}));
            let event = made.header("Tandem-Event").unwrap().to_string();
            let made = made.created();
            assert_eq!(listed(&other, PARTIES, &format!("quoll{n}")), BTreeSet::from([id(&made).to_string()]));
            assert_eq!(ids(&other, &format!("quoll{n}"), &format!("&wait_for={event}")), [id(&made)]);
        }
    }
}

/// Lists with `q` whose rows are read, and not looked up: what is set up once, in tens, and what is asked for with its record, address or
/// product.
const READ_THROUGH: [&str; 19] = [
    "list_users",
    "list_roles",
    "list_calendars",
    "list_saved_views",
    "list_teams",
    "list_currencies",
    "list_units",
    "list_territories",
    "list_loss_reasons",
    "list_queues",
    "list_tax_codes",
    "list_payment_terms",
    "list_warehouses",
    "list_locations",
    "list_suppressions",
    "list_serials",
    "list_attachments",
    "list_comments",
    "list_record_tags",
];

#[test]
fn every_list_with_text_is_answered_from_the_index() {
    let table = gateway::composition::table();
    let searched: BTreeMap<&str, &str> = table.searched().map(|s| (s.schema.as_str(), s.noun)).collect();
    let with_text: BTreeSet<&str> = table
        .ops
        .iter()
        .filter(|op| op.listing.as_ref().is_some_and(|l| !l.search.is_empty() && !searched.contains_key(&*(l.row.name)())))
        .map(|op| op.id.as_str())
        .filter(|id| !id.starts_with("aggregate"))
        .collect();
    let read: BTreeSet<&str> = READ_THROUGH.into();
    assert_eq!(with_text.difference(&read).collect::<Vec<_>>(), Vec::<&&str>::new(), "lists with `q` that no index answers");
    assert_eq!(read.difference(&with_text).collect::<Vec<_>>(), Vec::<&&str>::new(), "they are in the index, or have no `q`");
    // and what is found has a list that finds it
    for (schema, noun) in searched {
        let has = |op: &&platform::table::Op| op.listing.as_ref().is_some_and(|l| (l.row.name)() == schema && !l.search.is_empty());
        assert!(table.ops.iter().any(|op| has(&op)), "the list of {noun} has no `q`");
    }
}
