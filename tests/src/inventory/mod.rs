//! Features of the area `inventory`, one file for each noun.

mod adjustments;
mod locations;
mod reservations;
mod serials;
mod stock;
mod valuation;
mod warehouses;
