//! Rows and queries of orders, deliveries and returns.

pub mod customer_figures;
pub mod deal_figures;
pub mod deliveries;
pub mod orders;
pub mod purchase_histories;
pub mod returns;

use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] =
    &[&orders::PERSONAL, &orders::LINES, &deliveries::PERSONAL, &deliveries::LINES, &returns::PERSONAL];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[deliveries::REFERENCES, orders::REFERENCES, returns::REFERENCES];
