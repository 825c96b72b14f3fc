//! Who may call, and what each may do.

pub mod users;
