//! Banking: money received and paid.

pub mod payments;

use crate::ledger::Ledger;
use crate::personal::{Personal, Plain};
use crate::reference::Reference;

/// What the area holds of a person, those that others lead through first.
pub(crate) const PERSONAL: &[&Personal] = &[&payments::PERSONAL];

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] = &[];

/// Foreign keys of the area that lead to parties and contacts.
pub(crate) const REFERENCES: &[&[Reference]] = &[payments::REFERENCES];

/// Tables of the area whose rows stay as they were written.
pub(crate) const LEDGERS: &[&[Ledger]] = &[payments::LEDGERS];
