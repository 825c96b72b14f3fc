//! Tax determination: which taxes go on a line, from the tax class of the product and the tax status of the customer.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::directory::parties::TaxStatus;
use crate::directory::products::TaxClass;
use crate::ids::{CompanyId, TaxCodeId, TaxRuleId};
use crate::kernel::Code;

pub const TAX_RULE_MISSING: Code = Code::invalid("tax_rule_missing", "No tax is determined for this line.");

/// Which taxes go on a line.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TaxRule {
    /// The id.
    pub id: TaxRuleId,
    /// The company.
    pub company_id: CompanyId,
    /// Empty for every product.
    #[schema(required)]
    pub tax_class: Option<TaxClass>,
    /// Empty for every customer.
    #[schema(required)]
    pub tax_status: Option<TaxStatus>,
    /// The taxes, in the order in which they are computed. None: no tax.
    #[schema(max_items = 8)]
    pub tax_code_ids: Vec<TaxCodeId>,
    /// The first tax date the rule holds for; a later rule of the same key replaces it.
    pub valid_from_date: NaiveDate,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { TaxRule, TaxRuleId, "tax_rule", company: |r| Some(r.company_id) }

/// A new rule of tax determination.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTaxRule {
    /// The company.
    pub company_id: CompanyId,
    /// Leave out for every product.
    #[serde(default)]
    pub tax_class: Option<TaxClass>,
    /// Leave out for every customer.
    #[serde(default)]
    pub tax_status: Option<TaxStatus>,
    /// The taxes, in the order in which they are computed.
    #[schema(max_items = 8)]
    pub tax_code_ids: Vec<TaxCodeId>,
    /// The first tax date the rule holds for.
    pub valid_from_date: NaiveDate,
}

crate::patch! {
    /// Changes to a rule: other taxes. To change it from a date on, create a second rule instead.
    pub struct TaxRulePatch for TaxRule {
        /// The taxes, in the order in which they are computed.
        set tax_code_ids: Vec<TaxCodeId> [max_items = 8],
    }
}

/// The taxes of the most specific rule that holds on `date`: the customer's status before the product's class, then the
/// latest.
pub fn determine(rules: &[TaxRule], class: TaxClass, status: TaxStatus, date: NaiveDate) -> Option<&[TaxCodeId]> {
    rules
        .iter()
        .filter(|r| r.valid_from_date <= date)
        .filter(|r| r.tax_class.is_none_or(|c| c == class) && r.tax_status.is_none_or(|s| s == status))
        .max_by_key(|r| (r.tax_status.is_some(), r.tax_class.is_some(), r.valid_from_date))
        .map(|r| &*r.tax_code_ids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    #[test]
    fn the_customer_counts_more_than_the_product() {
        let id = |n| uuid::Uuid::from_u128(n);
        let rule = |class, status, code: u128| TaxRule {
            id: TaxRuleId::from_uuid(id(code)),
            company_id: CompanyId::from_uuid(id(1)),
            tax_class: class,
            tax_status: status,
            tax_code_ids: vec![TaxCodeId::from_uuid(id(code))],
            valid_from_date: NaiveDate::MIN,
            version: 1,
            created_at: Utc::now(),
            updated_at: Utc::now(),
        };
        let rules = [
            rule(Some(TaxClass::Standard), None, 1),
            rule(Some(TaxClass::Reduced), None, 2),
            rule(None, Some(TaxStatus::Exempt), 3),
            rule(Some(TaxClass::Reduced), Some(TaxStatus::Exempt), 4),
        ];
        let find = |c, s| determine(&rules, c, s, NaiveDate::MAX).map(|t| t[0].uuid().as_u128());
        assert_eq!(find(TaxClass::Standard, TaxStatus::Domestic), Some(1));
        assert_eq!(find(TaxClass::Standard, TaxStatus::Exempt), Some(3));
        assert_eq!(find(TaxClass::Reduced, TaxStatus::Exempt), Some(4));
        assert_eq!(find(TaxClass::Zero, TaxStatus::Domestic), None);
    }
}
