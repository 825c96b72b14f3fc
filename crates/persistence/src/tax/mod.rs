//! Rows of tax codes and tax rules.

pub mod codes;
pub mod rules;
