//! Who and what everybody deals with: companies, parties, products, units, currencies. Shared by front and back office.

pub mod companies;
pub mod contacts;
pub mod parties;
pub mod products;
