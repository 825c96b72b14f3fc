//! Banking: money received and paid.

pub mod payments;
