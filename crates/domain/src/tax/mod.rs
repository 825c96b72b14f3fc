//! Tax: codes, rates, rules and the calculation of taxes on documents.

pub mod calculations;
pub mod codes;
pub mod engine;
pub mod rules;
