//! On which companies a user may work.

use serde_json::json;

use crate::fixtures::{self, id};

each_engine! {
    fn a_company_without_a_grant_does_not_exist(s) {
        let (user, password) = fixtures::user(s);
        let role = fixtures::role(s, &["directory.*"]);
        s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
        let client = s.login(user["email"].as_str().unwrap(), password);
        let company = format!("/v1/directory/companies/{}", s.company_id());
        client.get(&company).problem(404, "not_found");
        let grants = format!("/v1/identity/users/{}/grants", id(&user));
        let grant = s.post(&grants, json!({"company_id": s.company_id()})).created();
        client.get(&company).ok();
        assert_eq!(client.get("/v1/identity/me").ok()["company_ids"], json!([s.company_id()]));
        s.post(&grants, json!({"company_id": s.company_id()})).problem(409, "company_grant.exists");
        s.delete(&format!("{grants}/{}", id(&grant)), &user).no_content();
        client.get(&company).problem(404, "not_found");
        s.post(&grants, json!({"all_companies": true})).created();
        client.get(&company).ok();
        s.post(&grants, json!({"all_companies": true})).problem(409, "company_grant.exists");
        assert_eq!(s.all(&grants).len(), 1);
    }

    fn a_grant_is_on_one_company_or_on_all(s) {
        let (user, _) = fixtures::user(s);
        let grants = format!("/v1/identity/users/{}/grants", id(&user));
        s.post(&grants, json!({})).problem(422, "company_grant.one_or_all");
        s.post(&grants, json!({"company_id": s.company_id(), "all_companies": true})).problem(422, "company_grant.one_or_all");
        s.post(&grants, json!({"company_id": "co_00000000000000000000000000"})).problem(422, "unknown_reference");
    }

    fn nobody_grants_what_he_has_not(s) {
        let limited = fixtures::user_with(s, &["identity.*"], &[]);
        let (user, _) = fixtures::user(s);
        let grants = format!("/v1/identity/users/{}/grants", id(&user));
        limited.post(&grants, json!({"company_id": s.company_id()})).problem(422, "unknown_reference");
        limited.post(&grants, json!({"all_companies": true})).problem(403, "user.out_of_reach");
    }

    fn who_founds_a_company_gets_it(s) {
        let founder = fixtures::user_with(s, &["directory.companies.*"], &[]);
        let company = founder.post("/v1/directory/companies", json!({"code": "SECOND", "name": "Second", "currency": "EUR", "time_zone": "Europe/Berlin"})).created();
        founder.get(&format!("/v1/directory/companies/{}", id(&company))).ok();
        founder.get(&format!("/v1/directory/companies/{}", s.company_id())).problem(404, "not_found");
    }
}
