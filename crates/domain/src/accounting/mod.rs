//! The books: accounts, periods, journal entries, taxes, and what customers owe and pay. Rules only; what is stored
//! where, and who may ask, is decided elsewhere.

pub mod account_determinations;
pub mod accounts;
pub mod fiscal_years;
pub mod journal_entries;
pub mod periods;
pub mod policies;
pub mod posting;

pub mod reports;
