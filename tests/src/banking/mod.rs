//! Features of the area `banking`, one file for each noun.

mod allocations;
mod payments;
mod reversals;
