//! The consent ledger.

use persistence::{Database, DatabaseConfig, Error, Outcome, Statement};
use serde_json::{Value, json};

use crate::crm::common::{act, at, lead, qualified, with};
use crate::fixtures::{self, id, user_with, verified};
use crate::harness::Server;

/// A row about a party: granted by e-mail for everything unless `more` says otherwise.
#[track_caller]
pub fn consent(s: &Server, about: Value, more: Value) -> Value {
    s.post("/v1/marketing/consents", with(new_consent(about), more)).created()
}

fn new_consent(about: Value) -> Value {
    with(json!({"channel": "email", "status": "granted", "evidence": {"wording_version": "v1", "source": "web form"}}), about)
}

/// The answer for one subject: allowed, and why.
#[track_caller]
fn check(s: &Server, about: &Value, more: Value) -> (bool, String) {
    let answer = s.post("/v1/marketing/consents/check", with(json!({"channel": "email", "subjects": [about]}), more)).ok();
    let one = &answer["results"][0];
    (one["allowed"].as_bool().unwrap(), one["reason"].as_str().unwrap().to_string())
}

fn of_party(s: &Server) -> Value {
    json!({"party_id": fixtures::customer(s, "Ana")["id"]})
}

each_engine! {
    fn the_last_word_decides_and_an_opt_out_of_everything_dominates_topics(s) {
        let about = of_party(s);
        let news = json!({"topic": "news"});
        assert_eq!(check(s, &about, json!({})), (false, "no_consent".into()));
        consent(s, about.clone(), with(news.clone(), json!({"status": "pending_doi"})));
        assert_eq!(check(s, &about, news.clone()), (false, "not_confirmed".into()));
        s.at("2026-01-02T10:00:00Z");
        let granted = consent(s, about.clone(), news.clone());
        assert_eq!(check(s, &about, news.clone()), (true, "granted".into()));
        assert_eq!(check(s, &about, json!({})), (false, "no_consent".into()));
        // of the same moment
        consent(s, about.clone(), with(news.clone(), json!({"status": "withdrawn"})));
        assert_eq!(check(s, &about, news.clone()), (false, "withdrawn".into()));
        consent(s, about.clone(), news.clone());
        assert_eq!(check(s, &about, news.clone()), (false, "withdrawn".into()));
        s.at("2026-01-02T11:00:00Z");
        consent(s, about.clone(), json!({"status": "withdrawn"}));
        s.at("2026-01-02T12:00:00Z");
        consent(s, about.clone(), news.clone());
        assert_eq!(check(s, &about, news.clone()), (false, "opted_out".into()));
        assert_eq!(check(s, &about, json!({"transactional": true})), (true, "transactional".into()));
        consent(s, about.clone(), json!({"expires_at": "2026-01-03T12:00:00Z"}));
        assert_eq!(check(s, &about, news.clone()), (true, "granted".into()));
        s.at("2026-01-03T12:00:00Z");
        assert_eq!(check(s, &about, json!({})), (false, "expired".into()));
        assert_eq!(s.get(&at("consents", &granted)).ok(), granted);
        let rows = s.all(&format!("/v1/marketing/consents?party_id={}&topic=news&status=granted", about["party_id"].as_str().unwrap()));
        assert_eq!(rows.len(), 3);
        verified(s);
    }

    fn what_cannot_be_recorded_has_a_code_of_its_own(s) {
        let about = of_party(s);
        let refused = |more: Value, code: &str| s.post("/v1/marketing/consents", with(new_consent(about.clone()), more)).problem(422, code);
        refused(json!({"lead_id": lead(s, json!({}))["id"]}), "consent.one_subject");
        refused(json!({"effective_at": "2026-01-02T09:00:01Z"}), "consent.in_the_future");
        refused(json!({"expires_at": "2026-01-01T00:00:00Z"}), "consent.wrong_expiry");
        let bare = refused(json!({"evidence": {"wording_version": "v1"}}), "consent.no_evidence");
        assert_eq!(bare["errors"][0]["pointer"], "/evidence/source");
        refused(json!({"party_id": "pty_00000000000000000000000000"}), "unknown_reference");
        s.post("/v1/marketing/consents/check", json!({"channel": "email", "subjects": [{}]})).problem(422, "consent.one_subject");
        let unknown = json!({"channel": "email", "subjects": [about, {"party_id": "pty_00000000000000000000000000"}]});
        assert_eq!(s.post("/v1/marketing/consents/check", unknown).problem(422, "unknown_reference")["errors"][0]["pointer"], "/subjects/1");
    }

    fn the_database_refuses_to_change_the_ledger(s) {
        let row = consent(s, of_party(s), json!({}));
        let db = Database::open(&DatabaseConfig::new(s.database_url())).unwrap();
        for text in ["UPDATE consents SET status = 'withdrawn'", "DELETE FROM consents"] {
            let done = db.write::<_, Error>(Box::new(move |c| Ok(Outcome::Keep(Statement::new(text).execute(c)?))));
            assert!(matches!(done, Err(Error::Guard(_))), "{text}: {done:?}");
        }
        assert_eq!(s.get(&at("consents", &row)).ok()["status"], "granted");
        s.request("DELETE", &at("consents", &row)).if_match(1).send().problem(405, "method_not_allowed");
    }

    fn many_rows_are_recorded_at_once(s) {
        let rows = [of_party(s), of_party(s)].map(new_consent);
        s.post("/v1/marketing/consents/bulk", json!({"mode": "atomic", "items": rows})).ok();
        assert_eq!(s.all("/v1/marketing/consents").len(), 2);
    }

    fn what_a_lead_allowed_its_contact_allows(s) {
        let l = qualified(s, json!({"first_name": "Ana", "email": "ana@example.org"}));
        let said = consent(s, json!({"lead_id": l["id"]}), json!({"topic": "news", "effective_at": "2026-01-01T09:00:00Z"}));
        assert_eq!(said["company_id"], s.company["id"]);
        let done = act(s, "leads", &l, "convert", json!({}));
        let about = json!({"contact_id": done["contact_id"]});
        assert_eq!(check(s, &about, json!({"topic": "news"})), (true, "granted".into()));
        let carried = &s.all(&format!("/v1/marketing/consents?contact_id={}", done["contact_id"].as_str().unwrap()))[0];
        assert_eq!((&carried["carried_from_id"], &carried["effective_at"]), (&said["id"], &said["effective_at"]));
        assert_eq!((&carried["evidence"], &carried["evidence_hash"]), (&said["evidence"], &said["evidence_hash"]));
    }

    fn a_lead_without_a_person_hands_its_consent_to_the_party(s) {
        let l = s.post("/v1/crm/leads", json!({"company_id": s.company_id(), "organisation_name": "Emparedados", "email": "x@example.org"})).created();
        consent(s, json!({"lead_id": l["id"]}), json!({"status": "withdrawn"}));
        let l = act(s, "leads", &l, "qualify", json!({}));
        let done = act(s, "leads", &l, "convert", json!({}));
        assert_eq!(check(s, &json!({"party_id": done["party_id"]}), json!({})), (false, "opted_out".into()));
    }

    fn in_a_merge_the_strictest_word_stays_and_the_winner_is_in_the_segments_of_the_loser(s) {
        let (winner, loser) = (fixtures::customer(s, "Winner"), fixtures::customer(s, "Loser"));
        let about = |p: &Value| json!({"party_id": p["id"]});
        let topic = |t: &str| json!({ "topic": t });
        consent(s, about(&loser), with(topic("news"), json!({"status": "withdrawn"})));
        consent(s, about(&loser), topic("offers"));
        consent(s, about(&winner), with(topic("events"), json!({"status": "withdrawn"})));
        consent(s, about(&loser), topic("events"));
        s.at("2026-01-02T10:00:00Z");
        consent(s, about(&winner), topic("news"));
        let segment = json!({"company_id": s.company_id(), "name": "Friends", "kind": "static"});
        let segment = s.post("/v1/marketing/segments", segment).created();
        let segment = act(s, "segments", &segment, "add-members", json!({"party_ids": [loser["id"]]}));
        s.at("2026-01-02T11:00:00Z");
        let path = format!("/v1/directory/parties/{}", id(&winner));
        s.act(&format!("{path}/merge"), &s.get(&path).ok(), json!({"source_id": loser["id"], "take": []})).ok();
        let reason = |t: &str| check(s, &about(&winner), topic(t)).1;
        assert_eq!(["news", "offers", "events"].map(reason), ["withdrawn", "granted", "withdrawn"]);
        let members = s.all(&format!("{}/members", at("segments", &segment)));
        assert_eq!(members.iter().map(|m| m["party_id"].clone()).collect::<Vec<_>>(), [winner["id"].clone()]);
        let asked_by_the_loser = s.all(&format!("/v1/marketing/consents?party_id={}", id(&loser)));
        let own = asked_by_the_loser.iter().filter(|c| c["party_id"] == loser["id"]).count();
        assert_eq!(own, 3, "the rows of the loser stay with it");
        assert!(asked_by_the_loser.len() > own, "and those of the winner are found by the old id");
        verified(s);
    }

    fn an_erasure_takes_the_evidence_and_leaves_its_hash(s) {
        let ana = s.post("/v1/directory/contacts", json!({"last_name": "Ana", "emails": [{"address": "ana@example.org"}]})).created();
        let evidence = json!({"evidence": {"wording_version": "v1", "source": "form", "ip_address": "192.0.2.77"}});
        let row = consent(s, json!({"contact_id": ana["id"]}), evidence);
        s.act(&format!("/v1/directory/contacts/{}/erase", id(&ana)), &ana, json!({})).ok();
        let kept = s.get(&at("consents", &row)).ok();
        assert_eq!((&kept["evidence"], &kept["evidence_hash"], &kept["status"]), (&Value::Null, &row["evidence_hash"], &row["status"]));
        verified(s);
    }

    fn consent_of_a_foreign_lead_does_not_exist(s) {
        let l = lead(s, json!({}));
        let row = consent(s, json!({"lead_id": l["id"]}), json!({}));
        let stranger = user_with(s, &["marketing.*"], &[]);
        stranger.get(&at("consents", &row)).problem(404, "not_found");
        assert!(stranger.all("/v1/marketing/consents").is_empty());
        stranger.post("/v1/marketing/consents", new_consent(json!({"lead_id": l["id"]}))).problem(422, "unknown_reference");
    }

    fn evidence_is_not_told_to_the_world(s) {
        let row = consent(s, of_party(s), json!({"evidence": {"wording_version": "v1", "source": "form", "ip_address": "192.0.2.7"}}));
        assert_eq!(row["evidence"]["ip_address"], "192.0.2.7");
        let told = s.all(&format!("/v1/platform/audit-log?subject={}", id(&row)));
        assert_eq!(told[0]["kind"], "consent.recorded");
        assert!(!told[0].to_string().contains("192.0.2.7"), "{}", told[0]);
    }
}

/// A contact with this address, and whether it may be written to.
fn contact(s: &Server, mail: &str) -> Value {
    s.post("/v1/directory/contacts", json!({"last_name": mail, "emails": [{"address": mail}]})).created()
}

fn of_contact(c: &Value) -> Value {
    json!({"contact_id": c["id"]})
}

fn merge(s: &Server, winner: &Value, loser: &Value) {
    let path = format!("/v1/directory/contacts/{}", id(winner));
    s.act(&format!("{path}/merge"), &s.get(&path).ok(), json!({"source_id": loser["id"]})).ok();
}

each_engine! {
    fn a_word_under_the_id_of_who_was_merged_away_is_one_of_who_stayed(s) {
        let (a, b) = (contact(s, "a@example.org"), contact(s, "b@example.org"));
        consent(s, of_contact(&a), json!({}));
        merge(s, &a, &b);
        s.at("2026-01-02T10:00:00Z");
        let said = consent(s, of_contact(&b), json!({"status": "withdrawn"}));
        assert_eq!(said["contact_id"], a["id"]);
        for about in [&a, &b] {
            assert_eq!(check(s, &of_contact(about), json!({})), (false, "opted_out".into()));
        }
        verified(s);
    }

    fn a_merge_that_is_taken_back_returns_each_their_own_consent(s) {
        let (a, b, c) = (contact(s, "a@example.org"), contact(s, "b@example.org"), contact(s, "c@example.org"));
        consent(s, of_contact(&b), json!({}));
        consent(s, of_contact(&c), json!({}));
        merge(s, &a, &b);
        assert_eq!(check(s, &of_contact(&a), json!({})), (true, "granted".into()));
        let unmerge = |gone: &Value| {
            let path = format!("/v1/directory/contacts/{}", id(gone));
            s.act(&format!("{path}/unmerge"), &s.get(&path).ok(), Value::Null).ok();
        };
        unmerge(&b);
        assert_eq!(check(s, &of_contact(&a), json!({})), (false, "no_consent".into()));
        assert_eq!(check(s, &of_contact(&b), json!({})), (true, "granted".into()));
        // a refusal goes back, too
        s.at("2026-01-02T10:00:00Z");
        consent(s, of_contact(&b), json!({"status": "withdrawn"}));
        merge(s, &c, &b);
        assert_eq!(check(s, &of_contact(&c), json!({})), (false, "opted_out".into()));
        unmerge(&b);
        assert_eq!(check(s, &of_contact(&c), json!({})), (true, "granted".into()));
        assert_eq!(check(s, &of_contact(&b), json!({})), (false, "opted_out".into()));
        verified(s);
    }

    fn a_merge_of_parties_that_is_taken_back_returns_each_their_own_consent(s) {
        let party = |mail: &str| {
            let body = json!({"kind": "person", "name": mail, "emails": [{"address": mail}]});
            s.post("/v1/directory/parties", body).created()
        };
        let of = |p: &Value| json!({"party_id": p["id"]});
        let (a, b, c) = (party("a@example.org"), party("b@example.org"), party("c@example.org"));
        let path = |p: &Value| format!("/v1/directory/parties/{}", id(p));
        let merge = |winner: &Value, loser: &Value| {
            s.act(&format!("{}/merge", path(winner)), &s.get(&path(winner)).ok(), json!({"source_id": loser["id"]})).ok();
        };
        let unmerge = |gone: &Value| {
            s.act(&format!("{}/unmerge", path(gone)), &s.get(&path(gone)).ok(), Value::Null).ok();
        };
        consent(s, of(&b), json!({}));
        consent(s, of(&c), json!({}));
        merge(&a, &b);
        assert_eq!(check(s, &of(&a), json!({})), (true, "granted".into()));
        unmerge(&b);
        assert_eq!(check(s, &of(&a), json!({})), (false, "no_consent".into()), "what was granted by another is not granted by this one");
        assert_eq!(check(s, &of(&b), json!({})), (true, "granted".into()));
        // a refusal goes back, too
        s.at("2026-01-02T10:00:00Z");
        consent(s, of(&b), json!({"status": "withdrawn"}));
        merge(&c, &b);
        assert_eq!(check(s, &of(&c), json!({})), (false, "opted_out".into()));
        unmerge(&b);
        assert_eq!(check(s, &of(&c), json!({})), (true, "granted".into()));
        assert_eq!(check(s, &of(&b), json!({})), (false, "opted_out".into()));
        verified(s);
    }

    fn a_suppressed_number_gets_nothing_on_its_channel(s) {
        let c = s.post("/v1/directory/contacts", json!({"last_name": "Caller", "address": {"line1": "x", "country": "DE"}, "phones": [{"number": "030 9018201"}]})).created();
        assert_eq!(c["phones"][0]["normalised"], "+49309018201");
        consent(s, of_contact(&c), json!({"channel": "sms"}));
        assert_eq!(check(s, &of_contact(&c), json!({"channel": "sms"})), (true, "granted".into()));
        s.post("/v1/marketing/suppressions", json!({"channel": "sms", "address": "+49 (0)30 9018201"})).created();
        for more in [json!({"channel": "sms"}), json!({"channel": "sms", "transactional": true})] {
            assert_eq!(check(s, &of_contact(&c), more), (false, "suppressed".into()));
        }
        assert_eq!(check(s, &of_contact(&c), json!({"channel": "phone", "transactional": true})), (true, "transactional".into()));
    }

    fn the_evidence_of_a_form_names_the_form_and_the_program(s) {
        let agreed = json!({"text": "Send me news.", "topic": "news", "channel": "email"});
        let form = json!({"company_id": s.company_id(), "name": "News", "fields": [{"name": "email", "target": "email", "required": true}], "consent": agreed});
        let form = s.post("/v1/marketing/lead-forms", form).created();
        let path = format!("/v1/public/forms/{}/submissions", form["key"].as_str().unwrap());
        let body = json!({"token": "0123456789abcdef", "fields": {"email": "ana@example.org"}, "consent": true});
        s.anonymous().request("POST", &path).header("user-agent", "Mozilla/5.0 Firefox/140.0").json(&body).send().ok();
        let said = &s.all("/v1/marketing/consents?topic=news")[0]["evidence"];
        assert_eq!((&said["source"], &said["wording_version"]), (&json!(format!("form {}", id(&form))), &json!(format!("{} 1", id(&form)))));
        assert!(said["user_agent"].as_str().unwrap().contains("Firefox"), "{said}");
    }
}
