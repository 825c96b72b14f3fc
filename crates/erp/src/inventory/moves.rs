//! The quantity ledger, to read.

use domain::directory::products::Product;
use domain::inventory::locations::Location;
use domain::inventory::moves::StockMove;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<StockMove>(
        "inventory/moves",
        "The stock ledger: goods that went from one location to another. Rows are added and never changed.",
    );
    n.list("List stock moves.")
        .filter(&["company_id", "product_id", "from_location_id", "to_location_id", "source_id", "move_date"])
        .sort(&["move_date"])
        .expand::<Product>("product", "product_id")
        .expand::<Location>("from_location", "from_location_id")
        .expand::<Location>("to_location", "to_location_id")
        .figures(
            Figures::by(&["product_id", "from_location_id", "to_location_id", "company_id"])
                .sum(&["quantity"])
                .dates(&["move_date", "moved_at"]),
        );
    n.read("Get a stock move.");
}
