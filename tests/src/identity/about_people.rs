//! Rows about people: who may not see a person finds in no list that there is one, and what was said and done.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::contract::{Breaches, Operation, operations};
use crate::fixtures::{id, user_with};

/// What leads to a person.
const PEOPLE: [&str; 3] = ["PartyId", "ContactId", "LeadId"];

/// Lists of records that are judged by themselves: by their owner, by the record they belong to, or as documents of a company, which
/// name their customer to whoever may read them.
const JUDGED_BY_THEMSELVES: [&str; 21] = [
    "list_parties",
    "list_contacts",
    "list_contact_preferences",
    "list_leads",
    "list_opportunities",
    "list_quotes",
    "list_activities",
    "list_cases",
    "list_case_messages",
    "list_survey_responses",
    "list_entitlements",
    "list_sales_orders",
    "list_deliveries",
    "list_customer_returns",
    "list_serials",
    "list_invoices",
    "list_credit_notes",
    "list_payments",
    "list_open_items",
    "list_events",
    "list_audit_log",
];

/// Ledger rows of a document that is posted.
const LEDGER: [&str; 1] = ["list_gl_lines"];

/// The columns of a list that lead to people.
fn columns(list: &Operation) -> BTreeSet<String> {
    let answer = list.resolve(&list.spec["responses"]["200"]);
    let schema = list.resolve(&answer["content"]["application/json"]["schema"]);
    let row = list.resolve(&schema["properties"]["data"]["items"]);
    let leads = |v: &Value| PEOPLE.iter().any(|p| v.to_string().contains(&format!("/{p}\"")));
    row["properties"].as_object().into_iter().flatten().filter(|(_, v)| leads(v)).map(|(name, _)| name.clone()).collect()
}

each_engine! {
    fn no_list_shows_a_row_about_a_person_beyond_the_reach_of_its_caller(s) {
        gateway::demo::fill_quietly(&s.running().app).unwrap();
        let people = s.all("/v1/directory/parties?limit=200");
        let company = s.get("/v1/sales/orders?limit=1").ok()["data"][0]["company_id"].as_str().unwrap().to_string();
        // whatever the demo has none of
        let lost = s.post("/v1/directory/parties", json!({"name": "Lost twin"})).created();
        s.act(&format!("/v1/directory/parties/{}/merge", id(&people[0])), &s.get(&format!("/v1/directory/parties/{}", id(&people[0]))).ok(), json!({"source_id": lost["id"]})).ok();
        let permissions = [
            "marketing.*", "directory.relationships.read", "directory.party_merges.read", "directory.contact_merges.read",
            "directory.parties.read:own", "directory.contacts.read:own", "crm.leads.read:own", "crm.opportunities.read:own",
            "sales.orders.read:own", "platform.comments.read", "platform.attachments.read",
        ];
        let stranger = user_with(s, &permissions, &[&company]);
        let mut breaches = Breaches::default();
        let (mut looked_at, mut hidden) = (BTreeSet::new(), 0);
        for list in operations(s).iter().filter(|o| o.method == "GET" && o.id.starts_with("list_")) {
            let columns = columns(list);
            if columns.is_empty() || JUDGED_BY_THEMSELVES.contains(&&*list.id) || LEDGER.contains(&&*list.id) {
                continue;
            }
            let paths: Vec<String> = match list.path.split_once("/{") {
                None => vec![list.path.clone()],
                Some((parents, rest)) => {
                    let (_, tail) = rest.split_once('}').unwrap();
                    s.all(parents).iter().filter(|p| p["company_id"] == *company).map(|p| format!("{parents}/{}{tail}", id(p))).collect()
                }
            };
            looked_at.insert(list.id.clone());
            for path in paths {
                let names = |row: &Value| columns.iter().any(|c| !row[c].is_null());
                let all = s.get(&format!("{path}?limit=200&include_total=true")).ok();
                let about = all["data"].as_array().unwrap().iter().filter(|r| names(r)).count();
                hidden += about;
                let answer = stranger.get(&format!("{path}?limit=200&include_total=true"));
                if answer.status != 200 {
                    breaches.add(format!("{path}: {} {}", answer.status, answer.text()));
                    continue;
                }
                let seen = answer.ok();
                let rows = seen["data"].as_array().unwrap();
                if let Some(row) = rows.iter().find(|r| names(r)) {
                    breaches.add(format!("{path}: shows {row}"));
                }
                if seen["total_count"].as_u64().is_some_and(|n| n as usize != rows.len() && rows.len() < 200) {
                    breaches.add(format!("{path}: counts {} of {}", seen["total_count"], rows.len()));
                }
                // nor is one found by who it is about, or read by its id
                if let Some(row) = all["data"].as_array().unwrap().iter().find(|r| names(r)) {
                    let column = columns.iter().find(|c| !row[*c].is_null()).unwrap();
                    let found = stranger.get(&format!("{path}?{column}={}", row[column].as_str().unwrap()));
                    if found.status == 200 && !found.ok()["data"].as_array().unwrap().is_empty() {
                        breaches.add(format!("{path}: is found by {column}"));
                    }
                    let one = stranger.get(&format!("{path}/{}", row["id"].as_str().unwrap()));
                    if one.status != 404 {
                        breaches.add(format!("{path}/{}: {}", row["id"], one.status));
                    }
                }
            }
        }
        for list in ["list_touchpoints", "list_consents", "list_campaign_members", "list_segment_members", "list_journey_enrollments", "list_relationships"] {
            assert!(looked_at.contains(list), "{list} was not looked at, of {looked_at:?}");
        }
        assert!(hidden > 20, "there are only {hidden} rows about people");
        breaches.none("a row about a person is as visible as the person");
    }

    fn who_sees_the_person_sees_the_rows(s) {
        let company = s.company_id();
        let owner = user_with(s, &["marketing.consents.*", "marketing.touchpoints.*", "directory.parties.*:own"], &[company]);
        let other = s.post("/v1/directory/parties", json!({"name": "Somebody else", "is_customer": true})).created();
        let own = owner.post("/v1/directory/parties", json!({"name": "Mine"})).created();
        for party in [&own, &other] {
            let word = json!({"party_id": party["id"], "channel": "email", "status": "granted", "evidence": {"wording_version": "v1", "source": "form"}});
            s.post("/v1/marketing/consents", word).created();
            s.post("/v1/marketing/touchpoints", json!({"company_id": company, "kind": "chat", "party_id": party["id"]})).created();
        }
        for list in ["consents", "touchpoints"] {
            let seen = owner.all(&format!("/v1/marketing/{list}"));
            assert_eq!(seen.iter().map(|r| &r["party_id"]).collect::<Vec<_>>(), [&own["id"]], "{list}");
        }
        let word = json!({"party_id": other["id"], "channel": "email", "status": "withdrawn"});
        owner.post("/v1/marketing/consents", word).problem(422, "unknown_reference");
    }
}
