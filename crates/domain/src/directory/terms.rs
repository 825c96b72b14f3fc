//! The terms of trade with a party in one role: what it may owe, when it pays, what is stopped.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::currencies;
use crate::kernel::{Amount, Code, Findings, Result};

crate::string_enum! {
    /// How tax is judged: as at home, as abroad, or not at all.
    pub enum TaxStatus {
        Domestic = "domestic",
        Foreign = "foreign",
        Exempt = "exempt",
    }
    /// What is stopped for a party: nothing, shipping to it, shipping and invoicing, or every new document.
    pub enum Blocked {
        None = "none",
        Ship = "ship",
        Invoice = "invoice",
        All = "all",
    }
}

/// The permission to change the terms of credit of a customer: credit limit, days to pay, block, and how tax is judged.
pub const SET_TERMS: &str = "directory.customer_terms.update";
/// The permission to say who is a vendor and on which terms.
pub const SET_VENDOR_TERMS: &str = "directory.vendor_terms.update";
/// A credit limit below zero.
pub const NEGATIVE_CREDIT_LIMIT: Code = Code::invalid("party.negative_credit_limit", "A credit limit is not below zero.");

/// The terms of trade with a party in one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TradeTerms {
    /// Currency of its documents, ISO 4217; that of the company when left out.
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// How much it may owe us (as a customer) or we may owe it (as a vendor), in its currency; unlimited when left out.
    #[serde(default)]
    pub credit_limit: Option<Amount>,
    /// Days until payment is due; those of the company when left out.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3650, example = 30)]
    pub payment_terms_days: Option<i32>,
    /// How tax is judged; `domestic` when left out.
    #[serde(default = "domestic")]
    pub tax_status: TaxStatus,
    /// What is stopped; `none` when left out.
    #[serde(default = "not_blocked")]
    pub blocked: Blocked,
}

impl TradeTerms {
    /// Whether others give the same credit, limit, days to pay and what is stopped, and are taxed alike.
    pub fn has_credit_of(&self, other: &TradeTerms) -> bool {
        let credit = |t: &TradeTerms| (t.credit_limit, t.payment_terms_days, t.blocked, t.tax_status);
        credit(self) == credit(other)
    }
}

fn domestic() -> TaxStatus {
    TaxStatus::Domestic
}
fn not_blocked() -> Blocked {
    Blocked::None
}

impl Default for TradeTerms {
    fn default() -> Self {
        Self { currency: None, credit_limit: None, payment_terms_days: None, tax_status: domestic(), blocked: not_blocked() }
    }
}

crate::patch! {
    /// Changes to the terms of trade.
    pub struct TradeTermsPatch for TradeTerms {
        /// Currency of its documents.
        clear currency: String [min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$"],
        /// How much may be owed.
        clear credit_limit: Amount,
        /// Days until payment is due.
        clear payment_terms_days: i32 [minimum = 0, maximum = 3650],
        /// How tax is judged.
        set tax_status: TaxStatus,
        /// What is stopped.
        set blocked: Blocked,
    }
}

impl TradeTerms {
    /// Refuses an unknown currency and a limit that is negative or finer than the currency.
    pub fn check(&self) -> Result<()> {
        let mut found = Findings::default();
        if let Some(currency) = &self.currency {
            let known = found.take("/currency", currencies::minor_units(currency));
            if let (Some(_), Some(limit)) = (known, self.credit_limit) {
                found.take("", currencies::check_money(limit, currency, "/credit_limit"));
            }
        }
        if self.credit_limit.is_some_and(Amount::is_negative) {
            found.add(NEGATIVE_CREDIT_LIMIT, "/credit_limit", "It must not be below zero.");
        }
        found.done()
    }
}
