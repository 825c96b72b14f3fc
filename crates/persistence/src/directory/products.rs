//! Rows of products.

use domain::directory::products::Product;

crate::record! {
    products: Product {
        id: uid, sku: text, name: text, description: opt(text), kind: word, tracking: word, unit_id: uid, sales_price: opt(price),
        expected_cost: opt(price), currency: opt(text), tax_class: word, posting_class: word, category: opt(text),
        barcode: opt(text), weight_kg: opt(quantity), tags: json, metadata: json, archived_at: opt(instant),
        created_at: instant, updated_at: instant, version: int,
    }
    derived { search: text = |p| p.search_text() }
}
