//! Inventory: where goods are, to whom they are promised and what they are worth. Every other area that moves goods does
//! it through [`shelves`] (quantities) and [`ledger`] (values).

pub mod adjustments;
pub mod answers;
pub mod ledger;
pub mod locations;
pub mod moves;
pub mod recosting;
pub mod reservations;
pub mod serials;
pub mod shelves;
pub mod stock;
pub mod valuation;
pub mod warehouses;

use domain::inventory::serials::{SerialsOfCustomer, WasShippedTo};
use domain::inventory::stock::AvailabilityOf;
use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    warehouses::operations(t);
    locations::operations(t);
    stock::operations(t);
    moves::operations(t);
    reservations::operations(t);
    serials::operations(t);
    adjustments::operations(t);
    valuation::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("company.updated", stock::follow_policy);
}

/// What the area answers to others.
pub fn questions(q: &mut Questions) {
    q.answer::<AvailabilityOf>(answers::availability);
    q.answer::<SerialsOfCustomer>(serials::of_customer);
    q.answer::<WasShippedTo>(serials::was_shipped_to);
    q.numbered::<domain::inventory::adjustments::StockAdjustment>("ADJ");
    q.explain("adj", answers::explain_adjustment);
    q.check(answers::checks);
}
