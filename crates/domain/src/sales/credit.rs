//! The credit check: what a customer owes already and will owe, against what they may.

use serde::Serialize;
use utoipa::ToSchema;

use super::orders::CreditStatus;
use crate::directory::companies::CreditPolicy;
use crate::ids::PartyId;
use crate::kernel::{Amount, Code, Problem, Result};

pub const OVER_CREDIT_LIMIT: Code = Code::conflict("sales_order.over_credit_limit", "The order would exceed the customer's credit limit.");

/// What a customer owes and will owe to a company, in the company's currency.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CreditExposure {
    /// The customer.
    pub customer_id: PartyId,
    /// Invoiced and not paid.
    pub open_receivables: Amount,
    /// Shipped and not invoiced.
    pub unbilled_shipments: Amount,
    /// Ordered and not shipped.
    pub open_orders: Amount,
    /// The sum of the three.
    pub exposure: Amount,
    /// How much the customer may owe; null when there is no limit.
    #[schema(required)]
    pub credit_limit: Option<Amount>,
}

impl CreditExposure {
    pub fn of(customer_id: PartyId, receivables: Amount, unbilled: Amount, orders: Amount, limit: Option<Amount>) -> Self {
        Self {
            customer_id,
            open_receivables: receivables,
            unbilled_shipments: unbilled,
            open_orders: orders,
            exposure: receivables + unbilled + orders,
            credit_limit: limit,
        }
    }

    /// Whether an order of `amount` more (company's currency) may pass. Reaching the limit exactly is allowed.
    pub fn check(&self, amount: Amount, policy: CreditPolicy, overridden: bool) -> Result<CreditStatus> {
        let Some(limit) = self.credit_limit else { return Ok(CreditStatus::Passed) };
        if self.exposure + amount <= limit {
            return Ok(CreditStatus::Passed);
        }
        match policy {
            _ if overridden => Ok(CreditStatus::Overridden),
            CreditPolicy::Warn => Ok(CreditStatus::Warned),
            CreditPolicy::Block => Err(self.refusal(amount, limit)),
        }
    }

    fn refusal(&self, amount: Amount, limit: Amount) -> Problem {
        OVER_CREDIT_LIMIT.with(format!(
            "The limit is {limit}. Open receivables {}, unbilled shipments {}, open orders {} and this order {amount} make {}.",
            self.open_receivables,
            self.unbilled_shipments,
            self.open_orders,
            self.exposure + amount
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use crate::kernel::reexport::Uuid;

    fn exposure(limit: Option<&str>) -> CreditExposure {
        let a = |s: &str| s.parse::<Amount>().expect("an amount");
        let customer = PartyId::from_uuid(Uuid::from_u128(1));
        CreditExposure::of(customer, a("100"), a("50"), a("25"), limit.map(a))
    }

    #[test]
    fn an_order_may_reach_the_limit_and_not_pass_it() {
        let (at, over) = ("25".parse().expect("an amount"), "25.01".parse().expect("an amount"));
        let e = exposure(Some("200"));
        assert_eq!(e.check(at, CreditPolicy::Block, false).expect("within"), CreditStatus::Passed);
        let refused = e.check(over, CreditPolicy::Block, false).expect_err("over");
        assert_eq!(refused.code(), OVER_CREDIT_LIMIT);
        assert!(refused.detail().expect("figures").contains("200.01"));
        assert_eq!(e.check(over, CreditPolicy::Warn, false).expect("warned"), CreditStatus::Warned);
        assert_eq!(e.check(over, CreditPolicy::Block, true).expect("overridden"), CreditStatus::Overridden);
        assert_eq!(exposure(None).check(over, CreditPolicy::Block, false).expect("no limit"), CreditStatus::Passed);
    }
}
