//! Rows of the nouns that front and back office share.

pub mod companies;
