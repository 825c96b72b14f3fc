//! Rows of who may do what, and where. Hashes and private keys have queries of their own and never travel in a record.

pub mod api_keys;
pub mod company_grants;
pub mod credentials;
pub mod role_assignments;
pub mod roles;
pub mod sessions;
pub mod signing_keys;
pub mod throttle;
pub mod users;
pub mod visibility;
