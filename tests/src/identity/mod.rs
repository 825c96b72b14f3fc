//! Features of the area `identity`, one file for each noun, and the hostile suites that walk across all of them.

mod about_people;
mod api_keys;
mod authority;
mod company_grants;
mod figures;
mod password_resets;
mod people;
mod reach;
mod role_assignments;
mod role_matrix;
mod roles;
mod second_factors;
mod secrecy;
mod sessions;
mod signing_keys;
mod throttle;
mod tokens;
mod users;
mod visibility;

use serde_json::{Value, json};

use crate::fixtures::{self, id};
use crate::harness::{Answer, Client, Server};

/// Tries to log in.
fn try_login(c: &Client, email: &str, password: &str) -> Answer {
    c.anonymous().post("/v1/identity/login", json!({"email": email, "password": password}))
}

/// The same server behind a proxy that is believed, so that a test can come from any address.
fn behind_proxy(s: &Server) -> Server {
    let mut s = Server::start(s.engine);
    s.restart(|c| c.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    s
}

/// Tries to log in from an address, on a server that believes its proxy.
fn try_login_from(c: &Client, address: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    c.anonymous().request("POST", "/v1/identity/login").header("x-forwarded-for", address).json(&body).send()
}

/// A user with these permissions and all companies: the user itself and its log-in.
fn member(s: &Server, permissions: &[&str]) -> (Value, Client) {
    let (user, password) = fixtures::user(s);
    let role = fixtures::role(s, permissions);
    s.post(&format!("/v1/identity/users/{}/roles", id(&user)), json!({"role_id": role["id"]})).created();
    s.post(&format!("/v1/identity/users/{}/grants", id(&user)), json!({"all_companies": true})).created();
    let client = s.login(user["email"].as_str().unwrap(), password);
    (user, client)
}
