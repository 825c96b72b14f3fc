//! Rows of what a company's books are set up with: tax codes and rules, payment terms, the policy.

use domain::accounting::policies::AccountingPolicy;
use domain::receivables::payment_terms::PaymentTerm;
use domain::tax::codes::TaxCode;
use domain::tax::rules::TaxRule;
use uuid::Uuid;

use crate::{Conn, Result, Value, record};

crate::record! {
    tax_codes: TaxCode {
        id: uid, company_id: uid, code: text, name: text, computation: word, treatment: word, price_includes_tax: bool,
        affects_base: bool, rates: json, account_id: opt(uid), archived: bool, version: int, created_at: instant, updated_at: instant,
    }
}

crate::record! {
    tax_rules: TaxRule {
        id: uid, company_id: uid, tax_class: opt(word), tax_status: opt(word), tax_code_ids: json, valid_from_date: date,
        version: int, created_at: instant, updated_at: instant,
    }
}

crate::record! {
    payment_terms: PaymentTerm {
        id: uid, company_id: uid, code: text, name: text, instalments: json, discount_percent: rate, discount_days: small,
        tolerance: amount, archived: bool, version: int, created_at: instant, updated_at: instant,
    }
}

crate::record! {
    accounting_policies: AccountingPolicy {
        id: uid, company_id: uid, entry_self_approval_limit: opt(amount), payment_self_approval_limit: opt(amount),
        version: int, created_at: instant, updated_at: instant,
    }
}

/// All tax rules of a company, the oldest first.
pub fn tax_rules_of(db: &mut Conn, company: Uuid) -> Result<Vec<TaxRule>> {
    let mut statement = record::select::<TaxRule>();
    statement.sql(" WHERE company_id = ").push(Value::Uid(company)).sql(" ORDER BY id");
    record::load(db, &statement)
}
