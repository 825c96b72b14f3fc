//! Who may do what, and where: log-in, tokens, keys, roles and grants. Passwords are hashed here and nowhere else, and
//! never inside a transaction. What is asked for every request (who is this, what may he) is answered by
//! [`authenticate`], from memory for at most two seconds.

pub mod api_keys;
mod authentication;
mod authority;
pub mod company_grants;
pub mod me;
pub mod password_resets;
pub mod passwords;
pub mod people;
pub mod role_assignments;
pub mod roles;
pub mod second_factors;
pub mod secrets;
pub mod separation_of_duties;
pub mod sessions;
mod setup;
pub mod signing_keys;
pub(crate) mod state;
pub mod throttle;
mod token_crypto;
pub mod tokens;
pub mod users;

pub(crate) use authentication::caller_of;
pub use authentication::{authenticate, known};
pub use authority::judge_shared;
pub use setup::{
    Account, create_user, disable_user, enable_user, first_administrator, grant_all_companies, grant_company, grant_role, list_users,
    reset_password,
};
pub use signing_keys::jwks;
pub use state::{Config, State};

use crate::reactions::Reactions;
use crate::table::Table;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    sessions::operations(t);
    throttle::operations(t);
    me::operations(t);
    people::operations(t);
    second_factors::operations(t);
    password_resets::operations(t);
    users::operations(t);
    roles::operations(t);
    separation_of_duties::operations(t);
    api_keys::operations(t);
    signing_keys::operations(t);
}

/// What the area does when something happens elsewhere.
pub fn reactions(r: &mut Reactions) {
    r.on("company.created", company_grants::to_founder);
}

/// Whether a fact of this kind changes who may do what, so that nobody may be let in by memory after it.
pub(crate) fn concerns_rights(kind: &str) -> bool {
    let noun = kind.split_once('.').map_or(kind, |(n, _)| n);
    let grows = ["session.created", "session.refreshed"];
    !grows.contains(&kind) && ["user", "role", "role_assignment", "company_grant", "api_key", "session", "signing_key"].contains(&noun)
}
