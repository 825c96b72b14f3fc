//! Rows of companies.

use domain::directory::companies::Company;
use uuid::Uuid;

use crate::{Statement, Value};

crate::record! {
    companies: Company {
        id: uid, code: text, name: text, legal_name: opt(text), currency: text, time_zone: text, fiscal_year_start_month: small,
        rounding: word, prices_include_tax: bool, negative_stock: word, credit_policy: word, order_closing: word, payment_terms_days: small,
        tax_id: opt(text), address: opt(json), metadata: json, created_at: instant, updated_at: instant, version: int,
    }
    derived { search: text = |c| c.search_text() }
}

/// The companies to look at; `None` for all.
pub type Companies = Option<Vec<Uuid>>;

/// `AND` of these companies, or nothing.
pub(crate) fn and_of(companies: &Companies) -> Statement {
    match companies {
        None => Statement::default(),
        Some(ids) => {
            let mut s = Statement::new(" AND company_id IN (");
            if ids.is_empty() {
                s.sql("NULL")
            } else {
                s.values(ids.iter().copied().map(Value::Uid))
            };
            s.sql(")");
            s
        }
    }
}
