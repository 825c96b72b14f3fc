//! Tax: codes, rates, rules and the calculation of taxes on documents.

pub mod calculations;
