//! Tax: codes, rates, rules and the calculation of taxes on documents.

pub mod calculations;
pub mod codes;
pub mod rules;
pub mod seed;

use platform::prelude::*;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    codes::operations(t);
    rules::operations(t);
    calculations::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("company.created", seed::on_company_created);
}
