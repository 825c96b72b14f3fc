//! Duplicates: who may be the same, with the reasons, of those who are there and of those being entered.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::references::run;
use crate::fixtures::{id, user_with};

const PARTIES: &str = "/v1/directory/parties";
const CONTACTS: &str = "/v1/directory/contacts";

/// The names of the candidates with their scores and kinds of reasons.
fn told(matches: &Value, what: &str) -> Vec<(String, i64, Vec<String>)> {
    let text = |v: &Value| v.as_str().unwrap().to_string();
    let kinds = |m: &Value| m["reasons"].as_array().unwrap().iter().map(|r| text(&r["kind"])).collect();
    matches["matches"].as_array().unwrap().iter().map(|m| (text(&m[what]["name"]), m["score"].as_i64().unwrap(), kinds(m))).collect()
}

each_engine! {
    fn candidates_are_told_with_score_and_reasons_the_likeliest_first(s) {
        let make = |body: Value| s.post(PARTIES, body).created();
        let first = make(json!({"name": "Alfreds Futterkiste", "tax_id": "DE 811-128", "emails": [{"address": "maria@alfki.example"}],
            "phones": [{"number": "+49 30 0074321"}]}));
        make(json!({"name": "Alfred's Futterkiste GmbH", "phones": [{"number": "030-0074321"}]}));
        make(json!({"name": "Somebody else", "tax_id": "de811128", "emails": [{"address": "MARIA@alfki.example"}], "allow_duplicate": true}));
        make(json!({"name": "Around the Horn"}));
        let found = s.get(&format!("{PARTIES}/{}/duplicates", id(&first))).ok();
        let names: Vec<String> = told(&found, "party").into_iter().map(|(n, ..)| n).collect();
        assert_eq!(names, ["Somebody else", "Alfred's Futterkiste GmbH"], "{found:#}");
        let kinds: Vec<Vec<String>> = told(&found, "party").into_iter().map(|(.., k)| k).collect();
        assert_eq!(kinds, [vec!["tax_id", "email"], vec!["name", "phone"]], "{found:#}");
        assert!(told(&found, "party")[0].1 >= 99 && told(&found, "party")[1].1 > 80, "{found:#}");
        let alone = s.post(PARTIES, json!({"name": "Unlike anybody"})).created();
        assert_eq!(s.get(&format!("{PARTIES}/{}/duplicates", id(&alone))).ok(), json!({"matches": []}));
        s.get(&format!("{PARTIES}/pty_00000000000000000000000000/duplicates")).problem(404, "not_found");
    }

    fn a_draft_is_compared_before_it_is_written(s) {
        let there = s.post(PARTIES, json!({"name": "Berglunds snabbköp", "emails": [{"address": "b@berg.example"}]})).created();
        let found = s.post(&format!("{PARTIES}/match"), json!({"name": "Berglund Snabbkop AB"})).ok();
        assert_eq!(told(&found, "party")[0].0, "Berglunds snabbköp", "{found:#}");
        let found = s.post(&format!("{PARTIES}/match"), json!({"emails": ["B@Berg.example"], "except_id": there["id"]})).ok();
        assert_eq!(found, json!({"matches": []}));
        assert_eq!(s.post(&format!("{PARTIES}/match"), json!({})).ok(), json!({"matches": []}));
        s.post(&format!("{PARTIES}/match"), json!({"emails": ["nonsense"]})).problem(422, "email.invalid");
        s.post(&format!("{PARTIES}/match"), json!({"phones": ["call me"]})).problem(422, "phone.invalid");
        user_with(s, &["directory.contacts.read"], &[]).post(&format!("{PARTIES}/match"), json!({})).problem(403, "missing_scope");
        assert_eq!(s.all(PARTIES).len(), 1, "nothing was written");
    }

    fn what_changes_is_found_under_its_new_values_and_no_longer_under_the_old(s) {
        let made = s.post(PARTIES, json!({"name": "Old Name", "phones": [{"number": "+4930901820"}]})).created();
        let path = format!("{PARTIES}/{}", id(&made));
        s.patch(&path, &made, json!({"name": "Fresh Title", "phones": [{"number": "+4930777777"}]})).ok();
        let ask = |body: Value| told(&s.post(&format!("{PARTIES}/match"), body).ok(), "party").len();
        assert_eq!((ask(json!({"name": "Old Name"})), ask(json!({"phones": ["+4930901820"]}))), (0, 0));
        assert_eq!((ask(json!({"name": "Fresh Titel"})), ask(json!({"phones": ["+4930777777"]}))), (1, 1));
    }

    fn people_are_compared_alike(s) {
        let maria = s.post(CONTACTS, json!({"first_name": "Maria", "last_name": "Anders", "emails": [{"address": "m@x.example"}]})).created();
        s.post(CONTACTS, json!({"first_name": "Anders", "last_name": "Maria"})).created();
        s.post(CONTACTS, json!({"first_name": "Otto", "last_name": "Berg"})).created();
        let found = s.get(&format!("{CONTACTS}/{}/duplicates", id(&maria))).ok();
        assert_eq!(told(&found, "contact"), [("Anders Maria".to_string(), 70, vec!["name".to_string()])]);
        let found = s.post(&format!("{CONTACTS}/match"), json!({"name": "M. Anders", "emails": ["M@x.example"]})).ok();
        assert_eq!(told(&found, "contact")[0].0, "Maria Anders");
        s.post(&format!("{CONTACTS}/match"), json!({"phones": ["?"]})).problem(422, "invalid_body");
        s.post(&format!("{CONTACTS}/match"), json!({"phones": ["call me"]})).problem(422, "phone.invalid");
    }

    fn what_was_there_before_there_were_keys_is_found_after_a_while(s) {
        s.post(PARTIES, json!({"name": "Old Customer"})).created();
        s.post(CONTACTS, json!({"last_name": "Veteran"})).created();
        let gone = "DELETE FROM party_match_keys; DELETE FROM contact_match_keys; DELETE FROM settings WHERE id = 'directory.match_keys.facets'";
        assert_eq!(run(s, gone), None);
        s.at("2026-01-02T09:05:00Z");
        let began = Instant::now();
        let all = || told(&s.post(&format!("{PARTIES}/match"), json!({"name": "Old Custommer"})).ok(), "party").len()
            + told(&s.post(&format!("{CONTACTS}/match"), json!({"name": "Veteran"})).ok(), "contact").len();
        while all() < 2 {
            assert!(began.elapsed() < Duration::from_secs(10), "the keys are never written");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
