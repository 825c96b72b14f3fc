//! Features of the area `inventory`, one file for each noun.

mod adjustments;
mod back_dating;
mod cases;
mod locations;
mod reservations;
mod serials;
mod stock;
mod valuation;
mod walk;
mod warehouses;
