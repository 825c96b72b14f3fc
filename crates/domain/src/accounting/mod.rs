//! The books: accounts, periods, journal entries, taxes, and what customers owe and pay. Rules only; what is stored
//! where, and who may ask, is decided elsewhere.

pub mod accounts;
pub mod chart;
pub mod determinations;
pub mod fiscal_years;
pub mod journal_entries;
pub mod periods;
pub mod posting;
pub mod settings;
pub mod tax;
pub mod tax_codes;
pub mod tax_rules;
