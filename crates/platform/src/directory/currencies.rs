//! Currencies: read only, they come with the program.

use domain::directory::currencies::Currency;

use crate::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Currency>("directory/currencies", "Currencies of ISO 4217 and their minor units.");
    n.list("List currencies. Metals, test codes and units of account without minor units are not among them.")
        .filter(&["numeric_code"])
        .search(&["name"])
        .sort(&["name"]);
    n.read("Get a currency. The id is its code, such as EUR.");
}
