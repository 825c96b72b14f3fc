//! Rows of payment terms.

use domain::receivables::payment_terms::PaymentTerm;

crate::record! {
    payment_terms: PaymentTerm {
        id: uid, company_id: uid, code: text, name: text, instalments: json, discount_percent: rate, discount_days: small,
        tolerance: amount, archived: bool, version: int, created_at: instant, updated_at: instant,
    }
}
