//! Banking: money received and paid.

pub(crate) mod payments;
