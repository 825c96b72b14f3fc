//! Rows of products.

use domain::directory::products::Product;
use domain::kernel::text::fold;

use crate::{Condition, sql};

crate::record! {
    products: Product {
        id: uid, sku: text, name: text, description: opt(text), kind: word, tracking: word, unit_id: uid, sales_price: opt(price),
        expected_cost: opt(price), currency: opt(text), tax_class: word, posting_class: word, category: opt(text),
        barcode: opt(text), weight_kg: opt(quantity), tags: json, metadata: json, archived_at: opt(instant),
        created_at: instant, updated_at: instant, version: int,
    }
    derived { search: text = |p| p.search_text() }
}

/// Products with this tag, whatever its case and accents.
pub fn tagged(tag: &str) -> Condition {
    // the list as text: each tag stands in it between quotation marks
    let quoted = serde_json::Value::String(fold(tag)).to_string();
    let mut pattern = String::from("%");
    for c in quoted.chars() {
        if ['!', '%', '_'].contains(&c) {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    Condition::Other(sql!("fold(CAST(products.tags AS TEXT)) LIKE {} ESCAPE '!'", pattern))
}
