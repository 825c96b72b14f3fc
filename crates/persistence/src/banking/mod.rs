//! Banking: money received and paid.

pub mod payments;

use crate::personal::{Personal, Plain};

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[&payments::PERSONAL];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[];
