//! Goods: where they are (quantity ledger), whose they are to be (reservations), and what they are worth (value ledger).
//! The quantity ledger and the value ledger are kept apart; what links them is the document that moved the goods.

pub mod adjustments;
pub mod costing;
pub mod locations;
pub mod moves;
pub mod reservations;
pub mod serials;
pub mod stock;
pub mod timeline;
pub mod valuation;
pub mod warehouses;
