//! What all lists have in common: what is out of use is left out, days are named by their distance from today, and a list embeds
//! what the read of one of its rows embeds.

use std::collections::BTreeSet;

use platform::table::Kind;
use serde_json::{Value, json};

use super::Breaches;
use crate::fixtures::{id, user_with};
use crate::harness::BEGIN;

fn names(rows: &[Value]) -> BTreeSet<&str> {
    rows.iter().filter_map(|r| r["name"].as_str()).collect()
}

each_engine! {
    fn a_list_and_the_read_of_a_row_embed_the_same(s) {
        let table = &s.running().app.table;
        let mut found = Breaches::default();
        let mut compared = 0;
        for read in table.ops.iter().filter(|op| op.kind == Kind::Read && op.entity.is_some()) {
            let Some((path, _)) = read.path.rsplit_once('/') else { continue };
            let Some(list) = table.ops.iter().find(|op| op.kind == Kind::List && op.path == path) else { continue };
            let of = |op: &platform::table::Op| op.expansions.iter().map(|e| e.name).collect::<BTreeSet<_>>();
            compared += 1;
            if of(list) != of(read) {
                found.add(format!("{path}: {:?} and {:?}", of(list), of(read)));
            }
        }
        assert!(compared > 40, "only {compared} nouns were compared");
        found.none("a list and the read of one of its rows embed the same");
    }

    fn what_is_archived_or_merged_is_left_out_unless_it_is_asked_for(s) {
        let parties = "/v1/directory/parties";
        let made = |name: &str| s.post(parties, json!({"name": name, "tags": ["state"]})).created();
        let (_, old, winner, loser) = (made("In use"), made("Archived"), made("Winner"), made("Loser"));
        s.act(&format!("{parties}/{}/archive", id(&old)), &old, json!({})).ok();
        s.act(&format!("{parties}/{}/merge", id(&winner)), &winner, json!({"source_id": loser["id"]})).ok();
        let listed = |query: &str| s.all(&format!("{parties}{query}"));
        let all = listed("");
        assert!(names(&all).contains("In use") && !names(&all).contains("Archived") && !names(&all).contains("Loser"), "{:?}", names(&all));
        assert!(names(&listed("?archived=true")).contains("Archived"));
        let with = listed("?archived=any");
        assert!(names(&with).contains("Archived") && names(&with).contains("In use"));
        assert!(names(&listed("?merged=true&archived=any")).contains("Loser"));
        assert!(names(&listed(&format!("?merged_into={}&archived=any", id(&winner)))).contains("Loser"));
        s.get(&format!("{parties}?archived=maybe")).problem(400, "invalid_parameter");
        // every list with such a state knows the parameter
        let table = &s.running().app.table;
        let mut found = Breaches::default();
        for op in table.ops.iter().filter(|op| op.kind == Kind::List) {
            let Some(listing) = &op.listing else { continue };
            let known: Vec<String> = listing.parameters().into_iter().map(|p| p.name).collect();
            for state in &listing.out_of_use {
                if !known.iter().any(|n| n == state.name) {
                    found.add(format!("{}: {}", op.id, state.name));
                }
            }
        }
        found.none("lists with a state that takes rows out of use know its parameter");
    }

    fn parties_and_contacts_are_found_by_what_screens_ask_for(s) {
        let parties = "/v1/directory/parties";
        let acme = s.post(parties, json!({
            "name": "Acme", "is_customer": true, "tags": ["Großkunde"], "customer_terms": {"blocked": "ship"},
            "addresses": [{"purpose": "billing", "address": {"line1": "x", "city": "Zürich", "country": "CH"}}],
            "emails": [{"address": "Office@Acme.example"}], "external_ids": [{"system": "shop", "id": "a:7"}],
        })).created();
        s.post(parties, json!({"name": "Other", "addresses": [{"purpose": "billing", "address": {"line1": "x", "city": "Bern", "country": "CH"}}]})).created();
        let territory = s.post("/v1/directory/territories", json!({"company_id": s.company_id(), "name": "Alps", "countries": ["CH"]})).created();
        let only = |query: &str| {
            let found = s.all(&format!("{parties}?{query}"));
            assert_eq!(found.iter().map(|p| &p["name"]).collect::<Vec<_>>(), [&json!("Acme")], "{query}");
        };
        only("tag=gro%C3%9Fkunde");
        only("city=zurich");
        only("country=CH&city=Z%C3%BCrich");
        only("email=office@ACME.example");
        only("external_id=shop:a:7");
        only("external_id=shop");
        only("is_blocked=true");
        assert_eq!(s.all(&format!("{parties}?territory_id={}", id(&territory))).len(), 2);
        assert!(s.all(&format!("{parties}?country=DE")).is_empty() && s.all(&format!("{parties}?external_id=shop:7")).is_empty());
        assert_eq!(s.all(&format!("{parties}?is_blocked=false")).len(), 1);
        // another tag, address or block is found at once
        let path = format!("{parties}/{}", id(&acme));
        s.patch(&path, &acme, json!({"tags": ["b"], "customer_terms": {"blocked": "none"}})).ok();
        only("tag=b");
        assert!(s.all(&format!("{parties}?tag=Gro%C3%9Fkunde")).is_empty() && s.all(&format!("{parties}?is_blocked=true")).is_empty());
        // people
        let contacts = "/v1/directory/contacts";
        let ann = s.post(contacts, json!({"last_name": "Ann", "tags": ["vip"], "emails": [{"address": "ann@example.com"}]})).created();
        s.post(contacts, json!({"last_name": "Bob"})).created();
        s.post("/v1/directory/relationships", json!({"contact_id": ann["id"], "party_id": acme["id"]})).created();
        for query in ["tag=VIP".to_string(), "email=Ann@example.com".into(), format!("party_id={}", id(&acme))] {
            let found = s.all(&format!("{contacts}?{query}"));
            assert_eq!(found.iter().map(|c| &c["id"]).collect::<Vec<_>>(), [&ann["id"]], "{query}");
        }
        only(&format!("contact_id={}", id(&ann)));
        assert_eq!(s.all(&format!("{contacts}?has_owner=false")).len(), 2);
        assert!(s.all(&format!("{contacts}?has_owner=true")).is_empty());
        // who may not see a party does not find it either
        let stranger = user_with(s, &["directory.parties.read:own"], &[s.company_id()]);
        assert!(stranger.all(&format!("{parties}?tag=b")).is_empty() && stranger.all(&format!("{parties}?city=zurich")).is_empty());
    }

    fn cases_are_sorted_by_priority_and_by_what_is_due_first(s) {
        let case = |subject: &str, level: &str| {
            let body = json!({"company_id": s.company_id(), "subject": subject, "channel": "web", "impact": level, "urgency": level});
            s.post("/v1/service/cases", body).created()
        };
        for (subject, level) in [("little", "low"), ("much", "high"), ("some", "medium")] {
            case(subject, level);
        }
        let found = |query: &str| {
            let rows = s.all(&format!("/v1/service/cases?limit=1&{query}"));
            rows.iter().map(|r| r["subject"].as_str().unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("sort=-priority"), ["much", "some", "little"]);
        assert_eq!(found("sort=priority"), ["little", "some", "much"]);
        assert_eq!(found("sort=due_at,-priority"), ["much", "some", "little"]);
        s.get("/v1/service/cases?sort=urgency").problem(400, "invalid_parameter");
    }

    fn days_are_named_by_their_distance_from_today(s) {
        let party = s.post("/v1/directory/parties", json!({"name": "Acme"})).created();
        let task = |subject: &str, days: i64| {
            let due = BEGIN.parse::<chrono::DateTime<chrono::Utc>>().unwrap() + chrono::TimeDelta::days(days);
            let body = json!({"company_id": s.company_id(), "kind": "task", "subject": subject, "regarding_id": party["id"], "due_at": due});
            s.post("/v1/crm/activities", body).created()
        };
        for (subject, days) in [("past", -10), ("now", 0), ("soon", 10)] {
            task(subject, days);
        }
        let found = |query: &str| {
            let rows = s.all(&format!("/v1/crm/activities?sort=due_at&{query}"));
            rows.iter().map(|r| r["subject"].as_str().unwrap().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(found("due_at_lte=today"), ["past", "now"]);
        assert_eq!(found("due_at_gte=today"), ["now", "soon"]);
        assert_eq!(found("due_at_gt=today"), ["soon"]);
        assert_eq!(found("due_at_lt=today-7d"), ["past"]);
        assert_eq!(found("due_at_gte=today-2w&due_at_lte=today%2B1m"), ["past", "now", "soon"]);
        s.get("/v1/crm/activities?due_at_lte=tomorrow").problem(400, "invalid_parameter");
        // a page goes on with the words that it began with
        let first = s.get("/v1/crm/activities?sort=due_at&due_at_lte=today&limit=1").ok();
        let next = s.get(&format!("/v1/crm/activities?sort=due_at&due_at_lte=today&limit=1&cursor={}", first["next_cursor"].as_str().unwrap())).ok();
        assert_eq!(next["data"][0]["subject"], "now");
    }
}
