//! Rows of tax codes.

use domain::tax::codes::TaxCode;

crate::record! {
    tax_codes: TaxCode {
        id: uid, company_id: uid, code: text, name: text, computation: word, treatment: word, price_includes_tax: bool,
        affects_base: bool, rates: json, account_id: opt(uid), archived: bool, version: int, created_at: instant, updated_at: instant,
    }
}
