//! Who may call: users, roles, keys and sessions.

/// What identity keeps in memory between requests.
#[derive(Default)]
pub struct State {}
