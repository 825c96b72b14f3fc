//! Features of the area `inventory`, one file for each noun.

mod adjustments;
mod cases;
mod locations;
mod reservations;
mod serials;
mod stock;
mod valuation;
mod warehouses;
