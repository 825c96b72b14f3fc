//! Saved views: judged by their list, seen by whom they are shared with, and one default of each scope.

use serde_json::{Value, json};

use crate::fixtures::{self, id, role};
use crate::harness::{Client, Server};

const HERE: &str = "/v1/platform/saved-views";

/// A user of the company with these permissions, and its log-in.
fn member(s: &Server, permissions: &[&str]) -> (Value, Client) {
    let (user, password) = fixtures::user(s);
    let role = role(s, permissions);
    s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
    s.post(&format!("/v1/identity/users/{}/grants", id(&user)), json!({"company_id": s.company_id()})).created();
    let client = s.login(user["email"].as_str().unwrap(), password);
    (user, client)
}

each_engine! {
    fn a_view_is_judged_as_its_list_judges(s) {
        let (_, rep) = member(s, &["crm.leads.*"]);
        let view = json!({
            "noun": "crm/leads", "name": "Hot", "filters": {"status": "new,working", "created_at_gte": "today-7d", "archived": "any"},
            "sort": "-score,name", "columns": ["name", "owner.name"], "groups": ["status"],
        });
        // leads are not archived, and say so
        let p = rep.post(HERE, view.clone()).problem(422, "saved_view.unfit");
        assert_eq!(p["errors"][0]["pointer"], "/filters/archived");
        let mut view = view;
        view["filters"].as_object_mut().unwrap().remove("archived");
        let made = rep.post(HERE, view.clone()).created();
        assert_eq!((&made["scope"], &made["is_default"], &made["columns"]), (&json!("private"), &json!(false), &view["columns"]));
        assert_eq!(rep.get(&format!("{HERE}/{}", id(&made))).ok(), made);
        let with = |name: &str, value: Value| {
            let mut other = view.clone();
            other[name] = value;
            rep.post(HERE, other)
        };
        for (name, value, pointer) in [
            ("filters", json!({"colour": "red"}), "/filters/colour"),
            ("filters", json!({"status": "hot"}), "/filters/status"),
            ("filters", json!({"limit": "5"}), "/filters/limit"),
            ("sort", json!("-colour"), "/sort"),
            ("columns", json!(["name", "owner.email"]), "/columns"),
            ("groups", json!(["colour"]), "/columns"),
        ] {
            assert_eq!(with(name, value).problem(422, "saved_view.unfit")["errors"][0]["pointer"], pointer);
        }
        with("noun", json!("crm/nothing")).problem(422, "saved_view.unknown_list");
        with("noun", json!("receivables/invoices")).problem(403, "missing_scope");
        let path = format!("{HERE}/{}", id(&made));
        rep.patch(&path, &made, json!({"sort": "colour"})).problem(422, "saved_view.unfit");
        let changed = rep.patch(&path, &made, json!({"sort": null, "name": "Warm"})).ok();
        assert_eq!((&changed["sort"], &changed["name"]), (&Value::Null, &json!("Warm")));
        rep.delete(&path, &changed).no_content();
    }

    fn a_view_is_seen_by_whom_it_is_shared_with(s) {
        let (lead, manager) = member(s, &["crm.leads.*"]);
        let (ann, member_of) = member(s, &["crm.leads.*"]);
        let (_, stranger) = member(s, &["crm.leads.*"]);
        let team = json!({"company_id": s.company_id(), "name": "North", "manager_id": lead["id"], "member_ids": [ann["id"]]});
        let team = s.post("/v1/directory/teams", team).created();
        let body = |name: &str, scope: &str, team: &Value| json!({"noun": "crm/leads", "name": name, "scope": scope, "team_id": team});
        let own = manager.post(HERE, body("own", "private", &Value::Null)).created();
        let ours = manager.post(HERE, body("ours", "team", &team["id"])).created();
        manager.post(HERE, body("all", "everybody", &Value::Null)).problem(403, "missing_scope");
        stranger.post(HERE, body("ours", "team", &team["id"])).problem(403, "missing_scope");
        manager.post(HERE, body("none", "team", &Value::Null)).problem(422, "saved_view.team_needed");
        let all = s.post(HERE, body("all", "everybody", &Value::Null)).created();
        let names = |c: &Client| c.all(&format!("{HERE}?sort=name&noun=crm/leads")).iter().map(|v| v["name"].as_str().unwrap().to_string()).collect::<Vec<_>>();
        assert_eq!(names(&manager), ["all", "ours", "own"]);
        assert_eq!(names(&member_of), ["all", "ours"]);
        assert_eq!(names(&stranger), ["all"]);
        stranger.get(&format!("{HERE}/{}", id(&ours))).problem(404, "not_found");
        member_of.get(&format!("{HERE}/{}", id(&own))).problem(404, "not_found");
        member_of.patch(&format!("{HERE}/{}", id(&ours)), &ours, json!({"name": "mine"})).problem(403, "saved_view.not_yours");
        stranger.delete(&format!("{HERE}/{}", id(&own)), &own).problem(404, "not_found");
        member_of.delete(&format!("{HERE}/{}", id(&all)), &all).problem(403, "saved_view.not_yours");
        s.anonymous().get(HERE).problem(401, "unauthenticated");
    }

    fn a_list_opens_with_the_narrowest_default(s) {
        let (lead, manager) = member(s, &["crm.leads.*"]);
        let team = s.post("/v1/directory/teams", json!({"company_id": s.company_id(), "name": "North", "manager_id": lead["id"]})).created();
        let open = |c: &Client| c.get("/v1/platform/default-view?noun=crm/leads").ok()["view"]["name"].clone();
        assert_eq!(open(&manager), Value::Null);
        let body = |name: &str, scope: &str, team: &Value| json!({"noun": "crm/leads", "name": name, "scope": scope, "team_id": team, "is_default": true});
        s.post(HERE, body("all", "everybody", &Value::Null)).created();
        assert_eq!(open(&manager), "all");
        manager.post(HERE, body("ours", "team", &team["id"])).created();
        assert_eq!((open(&manager), open(s)), (json!("ours"), json!("all")));
        let first = manager.post(HERE, body("first", "private", &Value::Null)).created();
        assert_eq!(open(&manager), "first");
        let second = manager.post(HERE, body("second", "private", &Value::Null)).created();
        assert_eq!(open(&manager), "second");
        assert_eq!(manager.get(&format!("{HERE}/{}", id(&first))).ok()["is_default"], false);
        manager.delete(&format!("{HERE}/{}", id(&second)), &second).no_content();
        assert_eq!(open(&manager), "ours");
    }
}
