//! Rows of tax rules.

use domain::tax::rules::TaxRule;
use uuid::Uuid;

use crate::{Conn, Result, Value, record};

crate::record! {
    tax_rules: TaxRule {
        id: uid, company_id: uid, tax_class: opt(word), tax_status: opt(word), tax_code_ids: json, valid_from_date: date,
        version: int, created_at: instant, updated_at: instant,
    }
}

/// All tax rules of a company, the oldest first.
pub fn tax_rules_of(db: &mut Conn, company: Uuid) -> Result<Vec<TaxRule>> {
    let mut statement = record::select::<TaxRule>();
    statement.sql(" WHERE company_id = ").push(Value::Uid(company)).sql(" ORDER BY id");
    record::load(db, &statement)
}
