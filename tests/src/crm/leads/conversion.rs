//! What a lead becomes.

use serde_json::{Value, json};

use crate::crm::common::{act, activity, at, events, qualified};
use crate::fixtures::{customer, id, user_with};

fn parties(s: &crate::harness::Server) -> Vec<Value> {
    s.all("/v1/directory/parties")
}

each_engine! {
    fn a_lead_becomes_a_party_a_contact_and_a_deal_at_once(s) {
        let l = qualified(s, json!({"first_name": "Ana", "organisation_name": "Emparedados", "email": "ana@example.org", "phone": "+52 55 5555 4729",
            "job_title": "Owner", "source": "fair", "tax_id": "MX1", "external_id": {"system": "webshop", "id": "7"}, "address": {"line1": "Calle 1", "country": "MX"}}));
        let call = activity(s, &l, json!({"kind": "call"}));
        let deal = json!({"name": "First shop", "amount": "1000.00", "expected_close_date": "2026-02-01"});
        let c = act(s, "leads", &l, "convert", json!({"opportunity": deal}));
        assert_eq!((&c["lead"]["status"], &c["party_origin"]), (&json!("converted"), &json!("created")));

        let party = s.get(&format!("/v1/directory/parties/{}", c["party_id"].as_str().unwrap())).ok();
        assert_eq!((&party["name"], &party["kind"], &party["tax_id"]), (&json!("Emparedados"), &json!("organisation"), &json!("MX1")));
        assert_eq!((&party["is_customer"], &party["external_ids"][0]["id"]), (&json!(false), &json!("7")));
        let contact = s.get(&format!("/v1/directory/contacts/{}", c["contact_id"].as_str().unwrap())).ok();
        assert_eq!((&contact["name"], &contact["emails"][0]["address"]), (&json!("Ana Trujillo"), &json!("ana@example.org")));
        let serves = s.all(&format!("/v1/directory/relationships?contact_id={}", id(&contact)));
        assert_eq!((&serves[0]["party_id"], &serves[0]["title"]), (&party["id"], &json!("Owner")));

        let o = s.get(&format!("/v1/crm/opportunities/{}", c["opportunity_id"].as_str().unwrap())).ok();
        assert_eq!((&o["name"], &o["amount"], &o["source_lead_id"]), (&json!("First shop"), &json!("1000.00"), &l["id"]));
        assert_eq!((&o["party_id"], &o["contact_id"], &o["source"]), (&party["id"], &contact["id"], &json!("fair")));

        let moved = s.get(&at("activities", &call)).ok();
        assert_eq!((&moved["regarding_id"], &moved["party_id"], &moved["lead_id"]), (&o["id"], &party["id"], &json!(null)));
        assert_eq!(events(s, &call), ["activity.created", "activity.moved"]);
        assert_eq!(events(s, &l), ["lead.created", "lead.qualified", "lead.converted"]);
    }

    fn what_was_done_about_the_lead_was_done_about_the_deal(s) {
        let l = qualified(s, json!({"email": "ana@example.org"}));
        let call = json!({"kind": "call", "completed_at": "2026-01-02T08:30:00Z"});
        activity(s, &l, call);
        let l = s.get(&at("leads", &l)).ok();
        let c = act(s, "leads", &l, "convert", json!({}));
        let o = s.get(&format!("/v1/crm/opportunities/{}", c["opportunity_id"].as_str().unwrap())).ok();
        assert_eq!(o["last_activity_at"], "2026-01-02T08:30:00Z");
    }

    fn the_candidates_of_a_duplicate_are_in_its_params(s) {
        let party = s.post("/v1/directory/parties", json!({"name": "Emparedados", "emails": [{"address": "ana@example.org"}]})).created();
        let l = qualified(s, json!({"organisation_name": "Emparedados", "last_name": null, "email": "ana@example.org"}));
        let problem = s.act(&format!("{}/convert", at("leads", &l)), &l, json!({})).problem(409, "lead.duplicate");
        let params = &problem["errors"][0]["params"];
        assert_eq!((&params["id"], &params["name"]), (&party["id"], &json!("Emparedados")), "{problem}");
        let again = json!({"name": "Another", "emails": [{"address": "ana@example.org"}]});
        let problem = s.post("/v1/directory/parties", again).expect(409).json();
        assert_eq!(problem["errors"][0]["params"]["id"], party["id"], "{problem}");
    }

    fn a_person_without_organisation_becomes_a_person(s) {
        let l = qualified(s, json!({"first_name": "Ana", "email": "ana@example.org"}));
        let c = act(s, "leads", &l, "convert", json!({"create_opportunity": false}));
        let party = s.get(&format!("/v1/directory/parties/{}", c["party_id"].as_str().unwrap())).ok();
        assert_eq!((&party["name"], &party["kind"]), (&json!("Ana Trujillo"), &json!("person")));
        assert_eq!((&c["opportunity_id"], c["contact_id"].is_string()), (&json!(null), true));
        let l = qualified(s, json!({"last_name": null, "organisation_name": "Emparedados"}));
        let c = act(s, "leads", &l, "convert", json!({"create_opportunity": false}));
        assert_eq!(c["contact_id"], json!(null));
    }

    fn converting_again_answers_the_same_and_creates_nothing(s) {
        let l = qualified(s, json!({"organisation_name": "Emparedados"}));
        let first = act(s, "leads", &l, "convert", json!({}));
        let again = act(s, "leads", &first["lead"], "convert", json!({"on_duplicate": "create"}));
        assert_eq!(again, first);
        assert_eq!(parties(s).len(), 1);
        assert_eq!(s.all("/v1/crm/opportunities").len(), 1);
    }

    fn eight_conversions_at_once_make_one_party(s) {
        let l = qualified(s, json!({"organisation_name": "Emparedados", "email": "ana@example.org"}));
        let path = format!("{}/convert", at("leads", &l));
        let answers = s.parallel(8, |_, c| c.act(&path, &l, json!({"on_duplicate": "link"})));
        let statuses: Vec<u16> = answers.iter().map(|a| a.status).collect();
        assert_eq!(statuses.iter().filter(|s| **s == 200).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|s| matches!(s, 200 | 412)), "{statuses:?}");
        assert_eq!((parties(s).len(), s.all("/v1/directory/contacts").len(), s.all("/v1/crm/opportunities").len()), (1, 1, 1));
        // those who came too late look again and get what it became
        let seen = s.get(&at("leads", &l)).ok();
        let answers = s.parallel(8, |_, c| c.act(&path, &seen, json!({"on_duplicate": "link"})).ok()["party_id"].clone());
        assert!(answers.iter().all(|a| *a == seen["converted_party_id"]), "{answers:?}");
    }

    fn one_key_has_one_effect_however_often_it_is_sent(s) {
        let l = qualified(s, json!({"organisation_name": "Emparedados"}));
        let path = format!("{}/convert", at("leads", &l));
        let send = |c: &crate::harness::Client| c.request("POST", &path).if_match(&l).key("k1").json(&json!({})).send();
        let answers = s.parallel(8, |_, c| send(c).status);
        assert!(answers.iter().all(|s| matches!(s, 200 | 409)), "{answers:?}");
        let replay = send(s);
        replay.ok();
        assert_eq!(replay.header("idempotency-replayed"), Some("true"));
        assert_eq!(parties(s).len(), 1);
    }

    fn two_leads_of_one_person_at_once_make_one_party_when_linked(s) {
        let more = json!({"organisation_name": "Emparedados", "email": "ana@example.org"});
        let leads: Vec<_> = (0..4).map(|_| qualified(s, more.clone())).collect();
        let answers = s.parallel(4, |i, c| c.act(&format!("{}/convert", at("leads", &leads[i])), &leads[i], json!({"on_duplicate": "link"})).status);
        assert_eq!(answers, [200; 4]);
        assert_eq!((parties(s).len(), s.all("/v1/directory/contacts").len(), s.all("/v1/crm/opportunities").len()), (1, 1, 4));
    }

    fn a_duplicate_is_refused_with_its_candidates(s) {
        let known = s.post("/v1/directory/parties", json!({"name": "Emparedados", "tax_id": "MX1", "emails": [{"address": "info@example.org"}]})).created();
        for (more, why) in [(json!({"email": "INFO@example.org"}), "e-mail address"), (json!({"tax_id": "MX1"}), "tax number")] {
            let l = qualified(s, more);
            let path = format!("{}/convert", at("leads", &l));
            let problem = s.act(&path, &l, json!({})).problem(409, "lead.duplicate");
            let message = problem["errors"][0]["message"].as_str().unwrap();
            assert!(message.contains(id(&known)) && message.contains(why), "{message}");
            s.act(&path, &l, json!({"on_duplicate": "reject"})).problem(409, "lead.duplicate");
        }
        assert_eq!(parties(s).len(), 1);
    }

    fn an_external_id_finds_its_party(s) {
        let external = json!({"system": "webshop", "id": "7"});
        let known = s.post("/v1/directory/parties", json!({"name": "Emparedados", "external_ids": [external]})).created();
        let l = qualified(s, json!({"external_id": external}));
        s.act(&format!("{}/convert", at("leads", &l)), &l, json!({})).problem(409, "lead.duplicate");
        let c = act(s, "leads", &l, "convert", json!({"on_duplicate": "link"}));
        assert_eq!((&c["party_id"], &c["party_origin"]), (&known["id"], &json!("linked")));
        // created all the same: the external id stays with its first owner
        let l = qualified(s, json!({"external_id": external}));
        let c = act(s, "leads", &l, "convert", json!({"on_duplicate": "create"}));
        assert_eq!(c["party_origin"], "created");
        assert_eq!(s.get(&format!("/v1/directory/parties/{}", c["party_id"].as_str().unwrap())).ok()["external_ids"], json!([]));
    }

    fn a_known_person_is_linked_with_the_party_they_serve(s) {
        let first = qualified(s, json!({"first_name": "Ana", "organisation_name": "Emparedados", "email": "ana@example.org"}));
        let first = act(s, "leads", &first, "convert", json!({}));
        let second = qualified(s, json!({"first_name": "Ana", "email": "Ana@Example.org"}));
        let path = format!("{}/convert", at("leads", &second));
        let problem = s.act(&path, &second, json!({})).problem(409, "lead.duplicate");
        assert_eq!(problem["errors"].as_array().unwrap().len(), 2, "{problem}");
        let c = act(s, "leads", &second, "convert", json!({"on_duplicate": "link"}));
        assert_eq!((&c["party_id"], &c["contact_id"]), (&first["party_id"], &first["contact_id"]));
        assert_eq!(s.all("/v1/directory/relationships").len(), 1);
        let third = qualified(s, json!({"first_name": "Ana", "email": "ana@example.org"}));
        let c = act(s, "leads", &third, "convert", json!({"on_duplicate": "create"}));
        assert!(c["party_id"] != first["party_id"] && c["contact_id"] != first["contact_id"]);
    }

    fn several_candidates_need_a_choice(s) {
        let body = |name: &str| json!({"name": name, "emails": [{"address": "info@example.org"}], "allow_duplicate": true});
        let (a, b) = (s.post("/v1/directory/parties", body("A")).created(), s.post("/v1/directory/parties", body("B")).created());
        let l = qualified(s, json!({"email": "info@example.org"}));
        let problem = s.act(&format!("{}/convert", at("leads", &l)), &l, json!({"on_duplicate": "link"})).problem(409, "lead.ambiguous");
        let told = problem["errors"].to_string();
        assert!(told.contains(id(&a)) && told.contains(id(&b)), "{told}");
        let c = act(s, "leads", &l, "convert", json!({"party_id": b["id"]}));
        assert_eq!((&c["party_id"], &c["party_origin"]), (&b["id"], &json!("linked")));
    }

    fn a_failed_conversion_leaves_nothing_behind(s) {
        let l = qualified(s, json!({"organisation_name": "Emparedados", "email": "ana@example.org"}));
        let path = format!("{}/convert", at("leads", &l));
        let wrong = json!({"opportunity": {"amount": "1.005"}});
        let problem = s.act(&path, &l, wrong).problem(422, "too_many_decimals");
        assert_eq!(problem["errors"][0]["pointer"], "/opportunity/amount");
        s.act(&path, &l, json!({"party_id": "pty_00000000000000000000000000"})).problem(422, "unknown_reference");
        s.act(&path, &l, json!({"opportunity": {"pipeline_id": "pl_00000000000000000000000000"}})).problem(422, "unknown_reference");
        assert!(parties(s).is_empty() && s.all("/v1/directory/contacts").is_empty());
        assert_eq!(s.get(&at("leads", &l)).ok(), l);
        // and a rehearsal neither
        s.act(&format!("{path}?dry_run=true"), &l, json!({})).ok();
        assert!(parties(s).is_empty());
    }

    fn people_of_one_domain_are_of_one_organisation_unless_anybody_can_have_it(s) {
        let one = |email: &str, organisation: &str| qualified(s, json!({"first_name": "Ana", "email": email, "organisation_name": organisation}));
        let first = act(s, "leads", &one("ana@beans.example", "Beans"), "convert", json!({}));
        let second = one("bob@Beans.example", "Beans Ltd");
        let problem = s.act(&format!("{}/convert", at("leads", &second)), &second, json!({})).problem(409, "lead.duplicate");
        let told = problem["errors"].to_string();
        assert!(told.contains(first["party_id"].as_str().unwrap()) && told.contains("e-mail domain"), "{told}");
        let linked = act(s, "leads", &second, "convert", json!({"on_duplicate": "link"}));
        assert_eq!(linked["party_id"], first["party_id"]);
        assert_ne!(linked["contact_id"], first["contact_id"]);
        act(s, "leads", &one("carla@gmail.com", "Carla's"), "convert", json!({}));
        act(s, "leads", &one("dora@gmail.com", "Dora's"), "convert", json!({}));
        assert_eq!(parties(s).len(), 3);
        // a domain that many have says nothing either
        for n in 0..4 {
            let l = one(&format!("p{n}@hosting.example"), &format!("Tenant {n}"));
            act(s, "leads", &l, "convert", json!({"on_duplicate": "create"}));
        }
        act(s, "leads", &one("p5@hosting.example", "Tenant 5"), "convert", json!({}));
        assert_eq!(parties(s).len(), 8);
    }

    fn colleagues_converted_at_once_share_their_organisation(s) {
        let leads: Vec<_> = (0..4).map(|n| qualified(s, json!({"first_name": format!("P{n}"), "email": format!("p{n}@beans.example"), "organisation_name": "Beans"}))).collect();
        s.parallel(4, |i, c| c.act(&format!("{}/convert", at("leads", &leads[i])), &leads[i], json!({"on_duplicate": "link"})).ok());
        assert_eq!((parties(s).len(), s.all("/v1/directory/contacts").len()), (1, 4));
    }

    fn a_lead_that_is_not_qualified_is_not_converted(s) {
        let l = crate::crm::common::lead(s, json!({}));
        let problem = s.act(&format!("{}/convert", at("leads", &l)), &l, json!({})).problem(409, "invalid_state");
        assert_eq!((&problem["current_state"], &problem["allowed_actions"]), (&json!("new"), &json!(["assign", "qualify", "disqualify", "erase"])));
    }

    fn candidates_are_named_only_to_those_who_may_read_them(s) {
        let known = customer(s, "Emparedados");
        let known = s.patch(&format!("/v1/directory/parties/{}", id(&known)), &known, json!({"emails": [{"address": "info@example.org"}]})).ok();
        let l = qualified(s, json!({"email": "info@example.org"}));
        let clerk = user_with(s, &["crm.leads.*"], &[s.company_id()]);
        let problem = clerk.act(&format!("{}/convert", at("leads", &l)), &l, json!({})).problem(409, "lead.duplicate");
        assert!(!problem.to_string().contains(id(&known)), "{problem}");
        clerk.act(&format!("{}/convert", at("leads", &l)), &l, json!({"on_duplicate": "link"})).ok();
    }
}
