//! What stock is worth, from the value ledger.

use domain::directory::companies::Company;
use domain::directory::products::Product;
use domain::identity::visibility::FieldClass;
use domain::ids::ProductId;
use domain::inventory::costing::per_unit;
use domain::inventory::valuation::{ProductCost, Valuation, ValuationFilter, ValuationLine, ValueEntry};
use persistence::inventory::valuation;
use platform::prelude::*;

pub fn operations(t: &mut Table) {
    t.report("inventory/valuation", report, "Get what the stock of a company is worth. By product at moving average; with `as_of`, as the entries up to that business date say.")
        .permission("inventory.valuation.read")
        .counts_all(&[]);
    t.masked::<Valuation>(FieldClass::Cost, &["total_value", "lines.value", "lines.unit_cost"]);
    let mut n = t.noun::<ValueEntry>(
        "inventory/value-entries",
        "The value ledger: every change of what stock is worth. Rows are added and never changed.",
    );
    n.masked(FieldClass::Cost, &["amount"]);
    n.list("List value entries.")
        .filter(&["company_id", "product_id", "kind", "source_id", "entry_date"])
        .sort(&["entry_date"])
        .expand::<Product>("product", "product_id")
        .permission("inventory.valuation.read");
    n.read("Get a value entry.").permission("inventory.valuation.read");
    let mut n = t.noun::<ProductCost>("inventory/product-costs", "What a company owns of each product, and its moving average.");
    n.masked(FieldClass::Cost, &["value", "last_unit_cost"]);
    n.list("List the running costs of products.")
        .filter(&["company_id", "product_id"])
        .expand::<Product>("product", "product_id")
        .permission("inventory.valuation.read");
    n.read("Get the running cost of a product.").permission("inventory.valuation.read");
}

fn report(cx: &mut Cx, filter: ValuationFilter) -> Result<Valuation> {
    let company = cx.find::<Company>(filter.company_id)?;
    let rows = valuation::of_company(cx.db(), company.id, filter.as_of, filter.product_id)?;
    let lines: Vec<ValuationLine> = rows
        .into_iter()
        .map(|(product, quantity, value)| ValuationLine {
            product_id: ProductId::from_uuid(product),
            quantity,
            value,
            unit_cost: per_unit(value, quantity),
        })
        .collect();
    let total_value = lines.iter().map(|l| l.value).sum();
    Ok(Valuation { company_id: company.id, as_of_date: filter.as_of, currency: company.currency, total_value, lines })
}
