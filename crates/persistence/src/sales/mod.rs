//! Rows and queries of orders, deliveries and returns.

pub mod deliveries;
pub mod orders;
pub mod returns;
