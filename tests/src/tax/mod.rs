//! Tax: codes, rates, rules and the calculation of taxes on documents.

pub(crate) mod calculations;
