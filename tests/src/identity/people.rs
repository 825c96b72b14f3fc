//! People: what every user may know of every other, wherever an answer has the id of one.

use serde_json::{Value, json};

use super::member;
use crate::contract::Breaches;
use crate::fixtures::{self, id, user_with};
use crate::harness::{Answer, Client};

/// The smallest picture.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89";

fn upload(c: &Client, content: &[u8]) -> Answer {
    let head = b"--sep\r\nContent-Disposition: form-data; name=\"file\"; filename=\"me.png\"\r\n\r\n";
    c.request("POST", "/v1/platform/files").bytes("multipart/form-data; boundary=sep", [head, content, b"\r\n--sep--\r\n"].concat()).send()
}

each_engine! {
    fn a_user_without_any_permission_sees_who_the_others_are_and_no_more(s) {
        let (other, _) = fixtures::user(s);
        let team = s.post("/v1/directory/teams", json!({"company_id": s.company_id(), "name": "North", "member_ids": [other["id"]]})).created();
        let nobody = user_with(s, &["platform.jobs.read"], &[s.company_id()]);
        nobody.get("/v1/identity/users").problem(403, "missing_scope");
        let person = nobody.get(&format!("/v1/identity/people/{}", id(&other))).ok();
        let expected = json!({
            "id": other["id"], "name": other["name"], "status": "active", "picture_id": null, "version": person["version"], "updated_at": person["updated_at"],
            "teams": [{"id": team["id"], "company_id": s.company_id(), "name": "North", "is_manager": false}],
        });
        assert_eq!(person, expected);
        let page = nobody.get(&format!("/v1/identity/people?team_id={}", id(&team))).ok();
        assert_eq!(page["data"], json!([person]));
        assert!(nobody.all("/v1/identity/people").iter().all(|p| p.get("email").is_none() && p.get("metadata").is_none()));
        // neither the address nor the language can be guessed by asking
        assert!(nobody.all(&format!("/v1/identity/people?q={}", other["email"].as_str().unwrap())).is_empty());
        nobody.get("/v1/identity/people?email=a@example.com").problem(400, "unknown_parameter");
        // who does not work in the company of the team does not learn of it
        let stranger = user_with(s, &["platform.jobs.read"], &[]);
        assert_eq!(stranger.get(&format!("/v1/identity/people/{}", id(&other))).ok()["teams"], json!([]));
        s.anonymous().get("/v1/identity/people").problem(401, "unauthenticated");
    }

    fn every_list_that_shows_users_or_companies_expands_them(s) {
        let table = &s.running().app.table;
        let mut found = Breaches::default();
        let shows = |op: &str, name: &str| table.get(op).is_some_and(|op| op.expansions.iter().any(|e| e.name == name));
        for (op, name) in [
            ("list_leads", "owner"), ("get_lead", "company"), ("list_opportunities", "owner"), ("list_cases", "assignee"), ("list_teams", "manager"),
            ("list_teams", "members"), ("get_opportunity", "splits.user"), ("list_invoices", "created_by_person"), ("get_forecast", "rows.owner"),
            ("list_gl_lines", "account"), ("list_gl_lines", "party"),
        ] {
            if !shows(op, name) {
                let all: Vec<&str> = table.get(op).map(|op| op.expansions.iter().map(|e| e.name).collect()).unwrap_or_default();
                found.add(format!("{op} does not expand {name}, but {all:?}"));
            }
        }
        found.none("whoever shows a user or company expands it");
    }

    fn an_owner_is_expanded_for_who_may_read_no_users(s) {
        let (owner, _) = fixtures::user(s);
        let lead = s.post("/v1/crm/leads", json!({"company_id": s.company_id(), "last_name": "Lovelace", "owner_id": owner["id"]})).created();
        let rep = user_with(s, &["crm.leads.*"], &[s.company_id()]);
        for path in ["/v1/crm/leads".to_string(), format!("/v1/crm/leads/{}", id(&lead))] {
            let answer = rep.get(&format!("{path}?expand=owner,company")).ok();
            let row = if answer["data"].is_array() { answer["data"][0].clone() } else { answer };
            assert_eq!((&row["owner"]["name"], &row["owner"]["email"]), (&owner["name"], &Value::Null), "{path}");
            assert_eq!((&row["company"]["id"], &row["company"]["tax_id"]), (&json!(s.company_id()), &Value::Null), "{path}");
        }
        let row = rep.get("/v1/crm/leads?fields=name,owner.name").ok()["data"][0].clone();
        assert_eq!(row, json!({"name": lead["name"], "owner": {"name": owner["name"]}}));
        rep.get("/v1/crm/leads?fields=name,owner.email").problem(400, "invalid_query");
        // what is not known to everybody needs its permission still
        rep.get("/v1/crm/leads?fields=converted_party.name").problem(403, "missing_scope");
    }

    fn users_change_themselves_and_nothing_else(s) {
        let (user, client) = member(s, &["platform.files.*"]);
        let me = client.get("/v1/identity/me");
        let tag = me.header("etag").unwrap().to_string();
        let change = |body: Value, tag: &str| client.request("PATCH", "/v1/identity/me").header("if-match", tag).json(&body).send();
        let me = change(json!({"name": " Ada King ", "locale": "de-AT", "time_zone": "Pacific/Kiritimati"}), &tag).ok();
        assert_eq!((&me["user"]["name"], &me["user"]["time_zone"]), (&json!("Ada King"), &json!("Pacific/Kiritimati")));
        change(json!({"name": "Late"}), &tag).problem(412, "precondition_failed");
        client.request("PATCH", "/v1/identity/me").json(&json!({"name": "x"})).send().problem(428, "precondition_required");
        let now = client.get("/v1/identity/me");
        let tag = now.header("etag").unwrap().to_string();
        change(json!({"time_zone": "Mars/Olympus"}), &tag).problem(422, "user.unknown_time_zone");
        change(json!({"email": "else@example.com"}), &tag).problem(422, "unknown_field");
        change(json!({"name": " "}), &tag).expect(422);
        let text = upload(&client, b"no picture at all").created();
        change(json!({"picture_id": text["id"]}), &tag).problem(422, "user.no_picture");
        let picture = upload(&client, PNG).created();
        let me = change(json!({"picture_id": picture["id"], "time_zone": null}), &tag).ok();
        assert_eq!((&me["user"]["picture_id"], &me["user"]["time_zone"]), (&picture["id"], &Value::Null));
        // the picture is for everybody, the file is not
        let nobody = user_with(s, &["platform.files.read"], &[]);
        nobody.get(&format!("/v1/platform/files/{}", id(&picture))).problem(404, "not_found");
        let shown = nobody.get(&format!("/v1/identity/people/{}/picture", id(&user)));
        assert_eq!((shown.expect(200).body.as_slice(), shown.header("content-type")), (PNG, Some("image/png")));
        client.delete(&format!("/v1/platform/files/{}", id(&picture)), 1).problem(409, "in_use");
        let (other, _) = fixtures::user(s);
        nobody.get(&format!("/v1/identity/people/{}/picture", id(&other))).problem(404, "not_found");
        // an API key is not the user
        let key = s.post("/v1/identity/api-keys", json!({"name": "k"})).created();
        let program = s.with_token(key["key"].as_str().unwrap());
        let tag = program.get("/v1/identity/me").header("etag").unwrap().to_string();
        program.request("PATCH", "/v1/identity/me").header("if-match", &tag).json(&json!({"name": "x"})).send().problem(409, "session.none");
    }

    fn whoever_logs_in_learns_names_reaches_and_teams_at_once(s) {
        let (user, client) = member(s, &["crm.leads.*:team", "directory.parties.read"]);
        s.post("/v1/directory/teams", json!({"company_id": s.company_id(), "name": "North", "manager_id": user["id"]})).created();
        let me = client.get("/v1/identity/me").ok();
        assert_eq!(me["companies"][0]["id"], json!(s.company_id()));
        assert!(me["companies"][0]["name"].is_string() && me["companies"][0]["currency"].is_string() && me["companies"][0]["time_zone"].is_string());
        assert_eq!((&me["teams"][0]["name"], &me["teams"][0]["is_manager"]), (&json!("North"), &json!(true)));
        assert!(me["permissions"].as_array().unwrap().contains(&json!("crm.leads.*:team")), "{}", me["permissions"]);
        assert_eq!(client.get("/v1/identity/me?fields=teams.name").ok(), json!({"teams": [{"name": "North"}]}));
        let stranger = user_with(s, &["crm.leads.read"], &[]);
        assert_eq!(stranger.get("/v1/identity/me").ok()["companies"], json!([]));
    }
}
