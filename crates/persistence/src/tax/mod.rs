//! Rows of tax codes and tax rules.

pub mod codes;
pub mod rules;

use crate::personal::Plain;

/// Tables without anything of a person.
pub(crate) const PLAIN: &[Plain] =
    &[("tax_codes", &["code", "name", "computation", "treatment", "rates"]), ("tax_rules", &["tax_class", "tax_status", "tax_code_ids"])];
