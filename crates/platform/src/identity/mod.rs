//! Who may do what, and where: log-in, tokens, keys, roles and grants.

pub mod passwords;
pub mod secrets;
pub mod throttle;
pub mod tokens;

/// What identity keeps in memory between requests.
#[derive(Default)]
pub struct State {}
