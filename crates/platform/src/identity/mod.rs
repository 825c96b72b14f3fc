//! Who may do what, and where: log-in, tokens, keys, roles and grants.

pub mod passwords;
pub mod secrets;
pub mod throttle;
pub mod tokens;

/// What identity keeps in memory between requests.
#[derive(Default)]
pub struct State {}

/// The caller behind an access token or an API key.
pub fn authenticate(_app: &std::sync::Arc<crate::App>, _bearer: &str) -> domain::Result<crate::Caller> {
    Err(domain::kernel::problems::unauthenticated.into())
}

/// The public keys of access tokens, as a JSON Web Key Set.
pub fn jwks(_app: &std::sync::Arc<crate::App>) -> domain::Result<serde_json::Value> {
    Ok(serde_json::json!({ "keys": [] }))
}

/// Makes the first administrator when there is no user. Answers the password when it had to be made up.
pub fn first_administrator(_app: &std::sync::Arc<crate::App>, _email: &str, _password: Option<&str>) -> domain::Result<Option<String>> {
    Ok(None)
}
