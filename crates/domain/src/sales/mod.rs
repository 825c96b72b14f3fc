//! From the customer's order to the goods at their door and back: orders, deliveries, returns, credit.
//! What goods cost belongs to inventory, what is owed belongs to accounting.

pub mod credit;
pub mod deliveries;
pub mod delivery_overview;
pub mod order_lines;
pub mod order_requests;
pub mod orders;
pub mod returns;
