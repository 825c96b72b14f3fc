//! Rows of companies.

use domain::directory::companies::{Company, CompanySummary};

crate::record! {
    companies: Company {
        id: uid, code: text, name: text, legal_name: opt(text), currency: text, time_zone: text, fiscal_year_start_month: small,
        rounding: word, prices_include_tax: bool, negative_stock: word, credit_policy: word, order_closing: word, payment_terms_days: small,
        tax_id: opt(text), address: opt(json), metadata: json, created_at: instant, updated_at: instant, version: int,
    }
    derived { search: text = |c| c.search_text() }
}
crate::record! {
    companies: CompanySummary { id: uid, code: text, name: text, currency: text, time_zone: text }
}
