//! General ledger accounts: what they are and what may be posted to them. Balances are not kept here.

pub mod chart;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AccountId, CompanyId};
use crate::kernel::{Code, Result};

crate::words! {
    /// Where an account stands in the balance sheet or the income statement.
    pub enum AccountType {
        Asset = "asset",
        Liability = "liability",
        Equity = "equity",
        Income = "income",
        Expense = "expense",
    }
    /// The side on which the account normally grows.
    pub enum NormalSide {
        Debit = "debit",
        Credit = "credit",
    }
}

pub const ACCOUNT_IS_HEADING: Code = Code::invalid("account.is_heading", "The account is a heading; nothing is posted to it.");
pub const ACCOUNT_IS_CONTROL: Code =
    Code::invalid("account.is_control", "The account is kept by a subledger and closed to manual entries.");
pub const ACCOUNT_IS_ARCHIVED: Code = Code::invalid("account.is_archived", "The account is archived.");
pub const ACCOUNT_CURRENCY: Code = Code::invalid("account.other_currency", "The account takes another currency only.");

/// An account of the general ledger of one company.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Account {
    /// The id.
    pub id: AccountId,
    /// The company.
    pub company_id: CompanyId,
    /// The account number, unique in the company.
    #[schema(min_length = 1, max_length = 20, example = "1100")]
    pub code: String,
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "Accounts receivable - trade")]
    pub name: String,
    /// Where it stands in the statements.
    pub account_type: AccountType,
    /// The side on which it grows.
    pub normal_side: NormalSide,
    /// A heading groups other accounts and takes no postings.
    pub heading: bool,
    /// A control account is posted by its subledger alone, never by hand.
    pub control: bool,
    /// A contra account reduces the group it stands in.
    pub contra: bool,
    /// When set, the account takes amounts in this currency only (ISO 4217).
    #[schema(required, max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    /// An archived account takes no new postings.
    pub archived: bool,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Account, AccountId, "account", company: |a| Some(a.company_id) }

/// A new account.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The company.
    pub company_id: CompanyId,
    /// The account number, unique in the company: letters, digits, point and hyphen.
    #[schema(min_length = 1, max_length = 20, pattern = r"^[0-9A-Za-z][0-9A-Za-z.\-]{0,19}$", example = "6115")]
    pub code: String,
    /// The name.
    #[schema(min_length = 1, max_length = 200, example = "Water")]
    pub name: String,
    /// Where it stands in the statements.
    pub account_type: AccountType,
    /// A heading groups other accounts and takes no postings.
    #[serde(default)]
    pub heading: bool,
    /// A control account is posted by its subledger alone, never by hand.
    #[serde(default)]
    pub control: bool,
    /// A contra account reduces the group it stands in.
    #[serde(default)]
    pub contra: bool,
    /// When set, the account takes amounts in this currency only (ISO 4217).
    #[serde(default)]
    #[schema(min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
}

crate::patch! {
    /// Changes to an account. Its number and type stay, because postings rest on them.
    pub struct AccountPatch for Account {
        /// The name.
        set name: String [min_length = 1, max_length = 200],
        /// An archived account takes no new postings.
        set archived: bool,
        /// When set, the account takes amounts in this currency only (ISO 4217).
        clear currency: String [min_length = 3, max_length = 3, pattern = "^[A-Z]{3}$"],
    }
}

impl AccountType {
    /// The side on which such an account grows; contra accounts grow on the other.
    pub fn normal_side(self, contra: bool) -> NormalSide {
        match (matches!(self, Self::Asset | Self::Expense), contra) {
            (true, false) | (false, true) => NormalSide::Debit,
            _ => NormalSide::Credit,
        }
    }
    /// Whether the account belongs to the balance sheet and carries its balance into the next year.
    pub fn is_permanent(self) -> bool {
        matches!(self, Self::Asset | Self::Liability | Self::Equity)
    }
}

impl Account {
    pub fn new(id: AccountId, new: NewAccount, now: DateTime<Utc>) -> Self {
        Self {
            id,
            company_id: new.company_id,
            code: new.code,
            name: new.name,
            account_type: new.account_type,
            normal_side: new.account_type.normal_side(new.contra),
            heading: new.heading,
            control: new.control,
            contra: new.contra,
            currency: new.currency,
            archived: false,
            version: 1,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether a line in `currency` may be posted here; `manual` for entries made by hand.
    pub fn accepts(&self, currency: &str, manual: bool) -> Result<()> {
        let named = format!("Account {} {}", self.code, self.name);
        if self.heading {
            return Err(ACCOUNT_IS_HEADING.with(format!("{named} is a heading.")));
        }
        if self.archived {
            return Err(ACCOUNT_IS_ARCHIVED.with(format!("{named} is archived.")));
        }
        if manual && self.control {
            return Err(ACCOUNT_IS_CONTROL.with(format!("{named} is closed to manual entries.")));
        }
        match &self.currency {
            Some(only) if only != currency => Err(ACCOUNT_CURRENCY.with(format!("{named} takes {only} only, not {currency}."))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contra_accounts_grow_on_the_other_side() {
        assert_eq!(AccountType::Asset.normal_side(false), NormalSide::Debit);
        assert_eq!(AccountType::Asset.normal_side(true), NormalSide::Credit);
        assert_eq!(AccountType::Income.normal_side(false), NormalSide::Credit);
        assert_eq!(AccountType::Income.normal_side(true), NormalSide::Debit);
        assert_eq!(AccountType::Expense.normal_side(true), NormalSide::Credit);
    }
}
