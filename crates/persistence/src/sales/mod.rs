//! Rows and queries of orders, deliveries and returns.

pub mod customer_figures;
pub mod deal_figures;
pub mod deliveries;
pub mod orders;
pub mod purchase_histories;
pub mod returns;
