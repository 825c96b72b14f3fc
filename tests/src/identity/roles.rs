//! Roles: ready-made and own, and how they count at once.

use serde_json::json;

use super::member;
use crate::fixtures::{self, id};

each_engine! {
    fn ready_made_roles_are_there_and_stay(s) {
        let roles = s.all("/v1/identity/roles?ready_made=true");
        for code in ["owner", "admin", "sales_rep", "sales_manager", "ar_clerk", "accountant", "controller", "warehouse_operator", "auditor", "integration"] {
            assert!(roles.iter().any(|r| r["code"] == code), "{code}");
        }
        let auditor = roles.iter().find(|r| r["code"] == "auditor").unwrap();
        let path = format!("/v1/identity/roles/{}", id(auditor));
        s.patch(&path, auditor, json!({"permissions": ["*"]})).problem(409, "role.ready_made");
        s.delete(&path, auditor).problem(409, "role.ready_made");
    }

    fn an_own_role_is_made_changed_and_deleted(s) {
        let body = json!({"code": "night_shift", "name": "Night shift", "permissions": ["sales.orders.read", "sales.*", "crm.leads.read"]});
        let role = s.post("/v1/identity/roles", body.clone()).created();
        assert_eq!(role["permissions"], json!(["crm.leads.read", "sales.*"]));
        s.post("/v1/identity/roles", body).problem(409, "already_exists");
        let path = format!("/v1/identity/roles/{}", id(&role));
        let role = s.patch(&path, &role, json!({"permissions": ["crm.*"]})).ok();
        let (user, _) = fixtures::user(s);
        let assigned = s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
        s.delete(&path, &role).problem(409, "role.assigned");
        s.delete(&format!("/v1/identity/users/{}/roles/{}", id(&user), id(&assigned)), &user).no_content();
        s.delete(&path, &role).no_content();
        s.get(&path).problem(404, "not_found");
    }

    fn what_is_no_permission_is_named(s) {
        let body = json!({"code": "x", "name": "X", "permissions": ["sales.*", "Nonsense!", "sales.orders..read"]});
        let p = s.post("/v1/identity/roles", body).problem(422, "permission.invalid");
        assert_eq!((&p["errors"][0]["pointer"], &p["errors"][1]["pointer"]), (&json!("/permissions/1"), &json!("/permissions/2")));
    }

    fn a_changed_role_counts_at_once(s) {
        let role = fixtures::role(s, &["identity.users.read"]);
        let (user, password) = fixtures::user(s);
        s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
        let client = s.login(user["email"].as_str().unwrap(), password);
        client.get("/v1/identity/users").ok();
        client.get("/v1/identity/roles").problem(403, "missing_scope");
        let role = s.patch(&format!("/v1/identity/roles/{}", id(&role)), &role, json!({"permissions": ["identity.roles.read"]})).ok();
        client.get("/v1/identity/users").problem(403, "missing_scope");
        client.get("/v1/identity/roles").ok();
        assert_eq!(client.get("/v1/identity/me").ok()["permissions"], json!(["identity.roles.read"]));
        assert_eq!(client.get("/v1/identity/me").ok()["roles"], json!([role["code"]]));
    }

    fn permission_is_judged_before_the_request(s) {
        let (_, client) = member(s, &["crm.leads.read"]);
        client.request("POST", "/v1/identity/users").bytes("application/json", "{ not json").send().problem(403, "missing_scope");
        client.post("/v1/identity/users", json!({})).problem(403, "missing_scope");
        client.get("/v1/identity/users?no_such_parameter=1").problem(403, "missing_scope");
        client.get("/v1/identity/users/usr_00000000000000000000000000").problem(403, "missing_scope");
    }

    fn a_role_says_which_duties_it_brings_together(s) {
        let role = fixtures::role(s, &["accounting.journal_entries.*"]);
        let found = s.get(&format!("/v1/identity/roles/{}/sod-conflicts", id(&role))).ok();
        assert_eq!(found["conflicts"][0]["code"], "journal_and_approval");
        assert!(s.get("/v1/identity/sod-rules").ok()["rules"].as_array().unwrap().len() >= 8);
    }
}
