//! Nobody gets more than they have: on every road that changes an account, a role, a grant or a key, the caller is held to
//! what the caller holds at that moment, permissions and companies.

use serde_json::{Value, json};

use super::{behind_proxy, member, try_login_from};
use crate::fixtures::{self, id};
use crate::harness::{ADMIN_EMAIL, Client, Server};

/// A second company.
pub(super) fn second_company(s: &Server) -> Value {
    let n = fixtures::unique();
    let body = json!({"code": format!("C{n}"), "name": format!("Company {n}"), "currency": "EUR", "time_zone": "Europe/Berlin"});
    s.post("/v1/directory/companies", body).created()
}

/// A user of these companies alone: the user itself and its log-in.
fn limited(s: &Server, permissions: &[&str], companies: &[&str]) -> (Value, Client) {
    let (user, password) = fixtures::user(s);
    let role = fixtures::role(s, permissions);
    s.post(&path_of(&user, "/roles"), json!({"role_id": role["id"]})).created();
    for company in companies {
        s.post(&path_of(&user, "/grants"), json!({"company_id": company})).created();
    }
    let client = s.login(user["email"].as_str().unwrap(), password);
    (user, client)
}

fn path_of(user: &Value, rest: &str) -> String {
    format!("/v1/identity/users/{}{rest}", id(user))
}

fn admin(s: &Server) -> Value {
    s.get(&format!("/v1/identity/users?email={ADMIN_EMAIL}")).ok()["data"][0].clone()
}

fn ready_made(s: &Server, code: &str) -> Value {
    s.get(&format!("/v1/identity/roles?code={code}")).ok()["data"][0].clone()
}

fn with(s: &Server, key: &Value) -> Client {
    s.with_token(key["key"].as_str().unwrap())
}

/// Gives a ready-made role and all companies, and logs in.
fn with_role(s: &Server, code: &str) -> (Value, Client) {
    let (user, password) = fixtures::user(s);
    s.post(&path_of(&user, "/roles"), json!({"role_id": ready_made(s, code)["id"]})).created();
    s.post(&path_of(&user, "/grants"), json!({"all_companies": true})).created();
    let client = s.login(user["email"].as_str().unwrap(), password);
    (user, client)
}

each_engine! {
    fn a_secret_is_its_owners(s) {
        let key = s.post("/v1/identity/api-keys", json!({"name": "Owner's"})).created();
        let path = format!("/v1/identity/api-keys/{}", id(&key));
        let (_, clerk) = member(s, &["identity.api_keys.*"]);
        clerk.act(&format!("{path}/rotate"), &key, json!({})).problem(403, "api_key.not_the_owner");
        clerk.act(&format!("{path}/rotate?dry_run=true"), &key, json!({})).problem(403, "api_key.not_the_owner");
        clerk.act(&format!("{path}/revoke"), &key, json!({})).problem(403, "api_key.out_of_reach");
        clerk.delete(&path, &key).problem(403, "api_key.out_of_reach");
        // not even another owner gets it, but may end it
        let (_, owner) = with_role(s, "owner");
        owner.act(&format!("{path}/rotate"), &key, json!({})).problem(403, "api_key.not_the_owner");
        with(s, &key).get("/v1/identity/me").ok();
        owner.act(&format!("{path}/revoke"), &key, json!({})).ok();
        with(s, &key).get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn an_account_that_holds_more_is_not_touched(s) {
        let boss = admin(s);
        let session = s.get(&format!("/v1/identity/sessions?user_id={}", id(&boss))).ok()["data"][0].clone();
        let (_, clerk) = member(s, &["identity.*"]);
        for action in ["reset-password", "disable", "revoke-sessions"] {
            clerk.act(&path_of(&boss, &format!("/{action}")), &boss, json!({})).problem(403, "user.out_of_reach");
            clerk.act(&path_of(&boss, &format!("/{action}?dry_run=true")), &boss, json!({})).problem(403, "user.out_of_reach");
        }
        clerk.patch(&path_of(&boss, ""), &boss, json!({"email": "mine@example.com"})).problem(403, "user.out_of_reach");
        let roles = s.get(&path_of(&boss, "/roles")).ok();
        clerk.delete(&path_of(&boss, &format!("/roles/{}", id(&roles["data"][0]))), &boss).problem(403, "user.out_of_reach");
        let grants = s.get(&path_of(&boss, "/grants")).ok();
        clerk.delete(&path_of(&boss, &format!("/grants/{}", id(&grants["data"][0]))), &boss).problem(403, "user.out_of_reach");
        if !session.is_null() {
            clerk.act(&format!("/v1/identity/sessions/{}/revoke", id(&session)), &session, json!({})).problem(403, "user.out_of_reach");
        }
        // an account that holds less, or as much, is
        let (peer, _) = member(s, &["identity.users.read"]);
        clerk.act(&path_of(&peer, "/reset-password"), &peer, json!({})).ok();
        // and one that is disabled holds what it will hold again
        let (other, _) = with_role(s, "owner");
        let other = s.act(&path_of(&other, "/disable"), &other, json!({})).ok();
        clerk.act(&path_of(&other, "/enable"), &other, json!({})).problem(403, "user.out_of_reach");
        clerk.act(&path_of(&other, "/reset-password"), &other, json!({})).problem(403, "user.out_of_reach");
    }

    fn only_what_one_has_is_granted(s) {
        let owner = ready_made(s, "owner");
        let (user, clerk) = member(s, &["identity.users.*", "identity.roles.*"]);
        clerk.post(&path_of(&user, "/roles"), json!({"role_id": owner["id"]})).problem(403, "user.out_of_reach");
        clerk.post(&path_of(&user, "/roles?dry_run=true"), json!({"role_id": owner["id"]})).problem(403, "user.out_of_reach");
        let (friend, _) = fixtures::user(s);
        clerk.post(&path_of(&friend, "/roles"), json!({"role_id": owner["id"]})).problem(403, "user.out_of_reach");
        // the ready-made administrator neither
        let (account, administrator) = with_role(s, "admin");
        administrator.post(&path_of(&account, "/roles"), json!({"role_id": owner["id"]})).problem(403, "user.out_of_reach");
        // no role that is wider, new or changed
        let p = clerk.post("/v1/identity/roles", json!({"code": "all", "name": "All", "permissions": ["identity.users.read", "*"]})).problem(403, "role.out_of_reach");
        assert_eq!(p["errors"][0]["pointer"], "/permissions/1");
        let own = clerk.post("/v1/identity/roles", json!({"code": "some", "name": "Some", "permissions": ["identity.users.read"]})).created();
        let path = format!("/v1/identity/roles/{}", id(&own));
        clerk.patch(&path, &own, json!({"permissions": ["*"]})).problem(403, "role.out_of_reach");
        assert_eq!(s.get(&path).ok()["permissions"], json!(["identity.users.read"]));
        clerk.post(&path_of(&friend, "/roles"), json!({"role_id": own["id"]})).created();
        let own = clerk.patch(&path, &own, json!({"permissions": ["identity.roles.read"]})).ok();
        assert_eq!(own["permissions"], json!(["identity.roles.read"]));
        // nor is a wider role of others narrowed or deleted
        let wide = fixtures::role(s, &["crm.*"]);
        let path = format!("/v1/identity/roles/{}", id(&wide));
        clerk.patch(&path, &wide, json!({"permissions": ["identity.users.read"]})).problem(403, "role.out_of_reach");
        clerk.patch(&path, &wide, json!({"name": "Mine"})).problem(403, "role.out_of_reach");
        clerk.delete(&path, &wide).problem(403, "role.out_of_reach");
        assert_eq!(clerk.get("/v1/identity/me").ok()["permissions"], json!(["identity.roles.*", "identity.users.*"]));
    }

    fn the_own_role_is_not_widened(s) {
        let role = fixtures::role(s, &["identity.roles.*"]);
        let (user, password) = fixtures::user(s);
        s.post(&path_of(&user, "/roles"), json!({"role_id": role["id"]})).created();
        let client = s.login(user["email"].as_str().unwrap(), password);
        client.patch(&format!("/v1/identity/roles/{}", id(&role)), &role, json!({"permissions": ["*"]})).problem(403, "role.out_of_reach");
        client.patch(&format!("/v1/identity/roles/{}", id(&role)), &role, json!({"permissions": ["identity.roles.*", "crm.leads.read"]})).problem(403, "role.out_of_reach");
    }

    fn a_company_gives_no_permission_that_the_giver_lacks(s) {
        let other = second_company(s);
        let (seller, _) = limited(s, &["crm.*"], &[s.company_id()]);
        let (_, clerk) = limited(s, &["identity.*"], &[s.company_id(), id(&other)]);
        clerk.post(&path_of(&seller, "/grants"), json!({"company_id": other["id"]})).problem(403, "user.out_of_reach");
        let (_, boss) = limited(s, &["identity.*", "crm.*"], &[s.company_id(), id(&other)]);
        boss.post(&path_of(&seller, "/grants"), json!({"company_id": other["id"]})).created();
        boss.post(&path_of(&seller, "/grants"), json!({"all_companies": true})).problem(403, "user.out_of_reach");
        // a role counts in all companies of its user
        let (everywhere, _) = member(s, &["crm.leads.read"]);
        let role = fixtures::role(s, &["crm.leads.read"]);
        boss.post(&path_of(&everywhere, "/roles"), json!({"role_id": role["id"]})).problem(403, "user.out_of_reach");
    }

    fn what_was_lost_a_moment_ago_is_not_given_any_more(s) {
        let (user, clerk) = member(s, &["identity.*", "crm.*"]);
        let role = fixtures::role(s, &["crm.leads.read"]);
        let (friend, _) = fixtures::user(s);
        // another replica has let the clerk in and remembers it
        let other = s.replica();
        let there = other.with_token(clerk.token().unwrap());
        there.get("/v1/identity/users").ok();
        let held = s.get(&path_of(&user, "/roles")).ok()["data"][0].clone();
        let narrow = fixtures::role(s, &["identity.*"]);
        s.post(&path_of(&user, "/roles"), json!({"role_id": narrow["id"]})).created();
        s.delete(&path_of(&user, &format!("/roles/{}", id(&held))), &user).no_content();
        there.post(&path_of(&friend, "/roles"), json!({"role_id": role["id"]})).problem(403, "user.out_of_reach");
        there.post("/v1/identity/api-keys", json!({"name": "x", "permissions": ["crm.leads.read"]})).problem(422, "api_key.too_wide");
        there.post("/v1/identity/roles", json!({"code": "late", "name": "Late", "permissions": ["crm.leads.read"]})).problem(403, "role.out_of_reach");
    }

    fn a_key_acts_within_itself_and_never_as_its_user(s) {
        let boss = admin(s);
        let narrow = s.post("/v1/identity/api-keys", json!({"name": "A only", "permissions": ["identity.*"], "company_ids": [s.company_id()]})).created();
        let wide = s.post("/v1/identity/api-keys", json!({"name": "Everything"})).created();
        let key = with(s, &narrow);
        for action in ["reset-password", "revoke-sessions"] {
            key.act(&path_of(&boss, &format!("/{action}")), &boss, json!({})).problem(403, "user.out_of_reach");
        }
        key.patch(&path_of(&boss, ""), &boss, json!({"email": "mine@example.com"})).problem(403, "user.out_of_reach");
        // limited in its permissions alone, it is limited too
        let clerk = with(s, &s.post("/v1/identity/api-keys", json!({"name": "Clerk", "permissions": ["identity.*"]})).created());
        clerk.act(&path_of(&boss, "/reset-password"), &boss, json!({})).problem(403, "user.out_of_reach");
        let path = format!("/v1/identity/api-keys/{}", id(&wide));
        clerk.act(&format!("{path}/rotate"), &wide, json!({})).problem(403, "api_key.out_of_reach");
        clerk.act(&format!("{path}/revoke"), &wide, json!({})).problem(403, "api_key.out_of_reach");
        // a key of one company does not even know of it
        key.get(&path).problem(404, "not_found");
        key.act(&format!("{path}/rotate"), 99, json!({})).problem(404, "not_found");
        assert!(key.all("/v1/identity/api-keys").iter().all(|k| k["id"] != wide["id"]));
        // itself it may replace
        let own = format!("/v1/identity/api-keys/{}", id(&narrow));
        assert!(key.act(&format!("{own}/rotate"), &narrow, json!({})).ok()["key"].is_string());
    }

    fn a_key_gets_no_longer_life_through_another(s) {
        let short = s.post("/v1/identity/api-keys", json!({"name": "Short", "expires_at": "2026-01-02T09:30:00Z"})).created();
        let long = s.post("/v1/identity/api-keys", json!({"name": "Long"})).created();
        let program = with(s, &short);
        program.act(&format!("/v1/identity/api-keys/{}/rotate", id(&long)), &long, json!({})).problem(403, "api_key.out_of_reach");
        let p = program.post("/v1/identity/api-keys", json!({"name": "x", "expires_at": "2027-01-01T00:00:00Z"})).problem(422, "api_key.invalid_expiry");
        assert_eq!(p["errors"][0]["pointer"], "/expires_at");
        let child = program.post("/v1/identity/api-keys", json!({"name": "x"})).created();
        assert_eq!((&child["expires_at"], &child["parent_id"]), (&short["expires_at"], &short["id"]));
        let child = program.act(&format!("/v1/identity/api-keys/{}/rotate", id(&child)), &child, json!({})).ok();
        s.at("2026-01-02T09:30:00Z");
        with(s, &child).get("/v1/identity/me").problem(401, "unauthenticated");
    }

    fn what_a_key_created_ends_with_it(s) {
        for end in ["revoke", "delete"] {
            let parent = s.post("/v1/identity/api-keys", json!({"name": "Parent"})).created();
            let child = with(s, &parent).post("/v1/identity/api-keys", json!({"name": "Child"})).created();
            let grandchild = with(s, &child).post("/v1/identity/api-keys", json!({"name": "Grandchild"})).created();
            let sibling = s.post("/v1/identity/api-keys", json!({"name": "Sibling"})).created();
            with(s, &grandchild).get("/v1/identity/me").ok();
            let path = format!("/v1/identity/api-keys/{}", id(&parent));
            match end {
                "revoke" => drop(s.act(&format!("{path}/revoke"), &parent, json!({})).ok()),
                _ => s.delete(&path, &parent).no_content(),
            }
            for dead in [&parent, &child, &grandchild] {
                with(s, dead).get("/v1/identity/me").problem(401, "unauthenticated");
            }
            for dead in [&child, &grandchild] {
                assert_eq!(s.get(&format!("/v1/identity/api-keys/{}", id(dead))).ok()["status"], "revoked", "{end}");
            }
            with(s, &sibling).get("/v1/identity/me").ok();
        }
    }

    fn the_last_owner_stays(s) {
        let boss = admin(s);
        let first = |part: &str| s.get(&path_of(&boss, part)).ok()["data"][0].clone();
        let (role, grant) = (first("/roles"), first("/grants"));
        let of_role = path_of(&boss, &format!("/roles/{}", id(&role)));
        let of_grant = path_of(&boss, &format!("/grants/{}", id(&grant)));
        s.delete(&of_role, &boss).problem(409, "user.last_owner");
        s.delete(&of_grant, &boss).problem(409, "user.last_owner");
        // somebody who cannot log in is no owner, nor somebody with one company
        let silent = s.post("/v1/identity/users", json!({"email": "silent@example.com", "name": "Silent"})).created();
        s.post(&path_of(&silent, "/roles"), json!({"role_id": ready_made(s, "owner")["id"]})).created();
        s.post(&path_of(&silent, "/grants"), json!({"all_companies": true})).created();
        limited(s, &["*"], &[s.company_id()]);
        s.delete(&of_role, &boss).problem(409, "user.last_owner");
        // a role of one's own that grants everything makes an owner, and is not taken away from the last
        let everything = fixtures::role(s, &["*"]);
        let (other, password) = fixtures::user(s);
        s.post(&path_of(&other, "/roles"), json!({"role_id": everything["id"]})).created();
        s.post(&path_of(&other, "/grants"), json!({"all_companies": true})).created();
        let successor = s.login(other["email"].as_str().unwrap(), password);
        successor.act(&path_of(&boss, "/disable"), &boss, json!({})).ok();
        successor.patch(&format!("/v1/identity/roles/{}", id(&everything)), &everything, json!({"permissions": ["crm.*"]})).problem(409, "user.last_owner");
        successor.get("/v1/identity/users").ok();
    }

    fn of_two_owners_who_disable_each_other_one_stays(s) {
        for _ in 0..5 {
            let pair = [with_role(s, "owner"), with_role(s, "owner")];
            let boss = admin(s);
            // nobody else is left
            if boss["status"] == "active" {
                pair[0].1.act(&path_of(&boss, "/disable"), &boss, json!({})).ok();
            }
            let statuses = s.parallel(2, |i, _| pair[i].1.act(&path_of(&pair[1 - i].0, "/disable"), &pair[1 - i].0, json!({})).status);
            let done = statuses.iter().filter(|s| **s == 200).count();
            assert_eq!(done, 1, "{statuses:?}");
            let alive = pair.iter().filter(|(_, c)| c.get("/v1/identity/me").status == 200).count();
            assert_eq!(alive, 1, "{statuses:?}");
            let boss = if pair[0].1.get("/v1/identity/me").status == 200 { &pair[0].1 } else { &pair[1].1 };
            let first = boss.get(&format!("/v1/identity/users?email={ADMIN_EMAIL}")).ok()["data"][0].clone();
            boss.act(&path_of(&first, "/enable"), &first, json!({})).ok();
            let back = s.login(ADMIN_EMAIL, crate::harness::ADMIN_PASSWORD);
            for (user, _) in &pair {
                let user = back.get(&path_of(user, "")).ok();
                if user["status"] == "active" {
                    back.act(&path_of(&user, "/disable"), &user, json!({})).ok();
                }
            }
        }
    }

    fn who_has_some_companies_knows_no_keys_and_sessions_beyond(s) {
        let other = second_company(s);
        let (_, theirs) = limited(s, &["identity.*"], &[id(&other)]);
        let foreign = theirs.post("/v1/identity/api-keys", json!({"name": "Payroll of B"})).created();
        let session = theirs.get("/v1/identity/me").ok()["session_id"].clone();
        let (user, own) = limited(s, &["*"], &[s.company_id()]);
        let mine = own.post("/v1/identity/api-keys", json!({"name": "Mine"})).created();
        let (_, colleague) = limited(s, &["identity.*"], &[s.company_id()]);
        let seen = colleague.all("/v1/identity/api-keys");
        assert!(seen.iter().any(|k| k["id"] == mine["id"]) && seen.iter().all(|k| k["id"] != foreign["id"]), "{seen:?}");
        let path = format!("/v1/identity/api-keys/{}", id(&foreign));
        own.get(&path).problem(404, "not_found");
        for version in [1, 99] {
            own.act(&format!("{path}/revoke"), version, json!({})).problem(404, "not_found");
            own.act(&format!("{path}/rotate"), version, json!({})).problem(404, "not_found");
            own.delete(&path, version).problem(404, "not_found");
        }
        let (both, _) = limited(s, &["accounting.journal_entries.*"], &[id(&other)]);
        let named = |c: &Client| c.get("/v1/identity/sod-conflicts").ok()["users"].as_array().unwrap().iter().any(|u| u["user_id"] == both["id"]);
        assert!(named(s) && !named(&own));
        let path = format!("/v1/identity/sessions/{}", session.as_str().unwrap());
        own.get(&path).problem(404, "not_found");
        own.act(&format!("{path}/revoke"), 99, json!({})).problem(404, "not_found");
        assert!(own.all("/v1/identity/sessions").iter().all(|r| r["id"] != session));
        assert!(own.all("/v1/identity/sessions").iter().any(|r| r["user_id"] == user["id"]));
        assert!(s.all("/v1/identity/sessions").iter().any(|r| r["id"] == session));
    }

    fn who_has_some_companies_changes_nothing_that_all_share(s) {
        let other = second_company(s);
        let role = fixtures::role(s, &["crm.leads.read"]);
        let (theirs, _) = fixtures::user(s);
        s.post(&path_of(&theirs, "/roles"), json!({"role_id": role["id"]})).created();
        s.post(&path_of(&theirs, "/grants"), json!({"company_id": other["id"]})).created();
        let (_, own) = limited(s, &["*"], &[s.company_id()]);
        let path = format!("/v1/identity/roles/{}", id(&role));
        own.patch(&path, &role, json!({"permissions": ["crm.leads.read", "crm.leads.create"]})).problem(403, "role.out_of_reach");
        own.patch(&path, &role, json!({"permissions": []})).problem(403, "role.out_of_reach");
        own.post("/v1/identity/signing-keys/rotate", json!({})).problem(403, "company_grant.all_companies_needed");
        own.post("/v1/platform/link-keys/rotate", json!({"revoke": true})).problem(403, "company_grant.all_companies_needed");
        let key = with(s, &s.post("/v1/identity/api-keys", json!({"name": "A", "company_ids": [s.company_id()]})).created());
        key.post("/v1/identity/signing-keys/rotate", json!({})).problem(403, "company_grant.all_companies_needed");
        // a role that only their own people have they change
        let near = fixtures::role(s, &["crm.leads.read"]);
        let (colleague, _) = fixtures::user(s);
        s.post(&path_of(&colleague, "/roles"), json!({"role_id": near["id"]})).created();
        s.post(&path_of(&colleague, "/grants"), json!({"company_id": s.company_id()})).created();
        own.patch(&format!("/v1/identity/roles/{}", id(&near)), &near, json!({"permissions": ["crm.*"]})).ok();
    }

    fn a_password_change_leaves_no_session_of_the_old_password(s) {
        // each guesser comes from an address of its own, or the throttle would stop them
        let s = &behind_proxy(s);
        for round in 0..3 {
            let (user, password) = fixtures::user(s);
            let email = user["email"].as_str().unwrap();
            let own = s.login(email, password);
            let new = "eight white swans sleep on the lake";
            let change = json!({"current_password": password, "new_password": new});
            let answers = s.parallel(9, |i, _| match i {
                4 => vec![own.post("/v1/identity/me/password", change.clone())],
                _ => (0..3).map(|n| try_login_from(s, &format!("203.0.{round}.{}", i * 8 + n + 1), email, password)).collect(),
            });
            assert!(answers[4][0].status == 200, "{}", answers[4][0].whole());
            let tried: Vec<_> = answers.iter().enumerate().filter(|(i, _)| *i != 4).flat_map(|(_, a)| a).collect();
            assert!(tried.iter().all(|a| [200, 401].contains(&a.status)), "{:?}", tried.iter().map(|a| a.status).collect::<Vec<_>>());
            for answer in tried.iter().filter(|a| a.status == 200) {
                let token = answer.json()["access_token"].as_str().unwrap().to_string();
                s.with_token(&token).get("/v1/identity/me").problem(401, "unauthenticated");
            }
            let alive = s.all(&format!("/v1/identity/sessions?user_id={}&status=active", id(&user)));
            assert_eq!(alive.len(), 1, "round {round}: only the session that the change itself began");
            try_login_from(s, "198.51.100.7", email, password).problem(401, "unauthenticated");
        }
    }

    fn disabling_leaves_no_session_of_a_log_in_under_way(s) {
        let s = &behind_proxy(s);
        let (user, password) = fixtures::user(s);
        let email = user["email"].as_str().unwrap();
        s.parallel(7, |i, _| match i {
            3 => drop(s.act(&path_of(&user, "/disable"), &user, json!({})).ok()),
            _ => (0..3).for_each(|n| drop(try_login_from(s, &format!("203.0.113.{}", i * 8 + n + 1), email, password))),
        });
        assert_eq!(s.all(&format!("/v1/identity/sessions?user_id={}&status=active", id(&user))).len(), 0);
    }
}
