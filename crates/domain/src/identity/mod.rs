//! Who may do what, and where: users, roles, grants on companies, API keys, sessions. Pure rules; hashes, tokens and
//! keys are made elsewhere and never appear in these types, because these types are told as events.

pub mod actors;
pub mod api_keys;
pub mod authority;
pub mod catalogue;
pub mod company_grants;
pub mod me;
pub mod password_resets;
pub mod passwords;
pub mod people;
pub mod permissions;
pub mod role_assignments;
pub mod roles;
pub mod second_factors;
pub mod separation_of_duties;
pub mod sessions;
pub mod signing_keys;
pub mod users;
pub mod visibility;
