//! Rows of who may do what, and where. Hashes and private keys have queries of their own and never travel in a record.

pub mod api_keys;
pub mod company_grants;
pub mod credentials;
pub mod people;
pub mod role_assignments;
pub mod roles;
pub mod second_factors;
pub mod sessions;
pub mod signing_keys;
pub mod throttle;
pub mod users;
pub mod visibility;

use crate::personal::Plain;

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[
    ("api_keys", &["name", "ends_with", "permissions", "company_ids", "status"]),
    ("roles", &["code", "name", "description", "permissions"]),
    ("sessions", &["status", "address", "revocation_reason"]),
    ("signing_keys", &["kid", "public_key"]),
    ("user_credentials", &["password_hash"]),
    ("users", &["email", "name", "locale", "time_zone", "status", "metadata", "search"]),
];
