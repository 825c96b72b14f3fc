//! Account determination: which account a role means for a company, an item class and a party class. The most
//! specific rule wins; there is no silent default.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounting::posting::{ItemClass, Role};
use crate::ids::{AccountDeterminationId, AccountId, CompanyId};

/// Which account serves a role, from a date on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AccountDetermination {
    /// The id.
    pub id: AccountDeterminationId,
    /// The company.
    pub company_id: CompanyId,
    /// What the account is for.
    pub role: Role,
    /// Empty for every kind of item.
    #[schema(required)]
    pub item_class: Option<ItemClass>,
    /// Posting class of the party; empty for every party.
    #[schema(required, max_length = 40)]
    pub party_class: Option<String>,
    /// The account.
    pub account_id: AccountId,
    /// The first posting date the rule holds for; a later rule of the same key replaces it.
    pub valid_from_date: NaiveDate,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { AccountDetermination, AccountDeterminationId, "account_determination", company: |d| Some(d.company_id) }

/// A new rule of account determination.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountDetermination {
    /// The company.
    pub company_id: CompanyId,
    /// What the account is for.
    pub role: Role,
    /// Leave out for every kind of item.
    #[serde(default)]
    pub item_class: Option<ItemClass>,
    /// Posting class of the party; leave out for every party.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 40)]
    pub party_class: Option<String>,
    /// The account.
    pub account_id: AccountId,
    /// The first posting date the rule holds for.
    pub valid_from_date: NaiveDate,
}

crate::patch! {
    /// Changes to a rule: another account. To change it from a date on, create a second rule instead.
    pub struct AccountDeterminationPatch for AccountDetermination {
        /// The account.
        set account_id: AccountId,
    }
}

/// What a rule says, without the rest.
#[derive(Debug, Clone)]
pub struct Rule {
    /// What the account is for.
    pub role: Role,
    /// Picks the account.
    pub item_class: Option<ItemClass>,
    pub party_class: Option<String>,
    pub valid_from_date: NaiveDate,
    /// The account.
    pub account_id: AccountId,
}

/// The account of the most specific rule that holds on `date`: party class before item class, then the latest.
pub fn determine(rules: &[Rule], role: Role, item: Option<ItemClass>, party: Option<&str>, date: NaiveDate) -> Option<AccountId> {
    rules
        .iter()
        .filter(|r| r.role == role && r.valid_from_date <= date)
        .filter(|r| r.item_class.is_none() || r.item_class == item)
        .filter(|r| r.party_class.is_none() || r.party_class.as_deref() == party)
        .max_by_key(|r| (r.party_class.is_some(), r.item_class.is_some(), r.valid_from_date))
        .map(|r| r.account_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn rule(item_class: Option<ItemClass>, party_class: Option<&str>, from: i32, account: u128) -> Rule {
        Rule {
            role: Role::Revenue,
            item_class,
            party_class: party_class.map(Into::into),
            valid_from_date: NaiveDate::from_ymd_opt(from, 1, 1).expect("a date"),
            account_id: AccountId::from_uuid(uuid::Uuid::from_u128(account)),
        }
    }

    #[test]
    fn the_most_specific_rule_wins_and_nothing_is_guessed() {
        let rules = [
            rule(Some(ItemClass::Service), None, 2020, 1),
            rule(Some(ItemClass::Service), Some("export"), 2020, 2),
            rule(Some(ItemClass::Service), None, 2024, 3),
            rule(Some(ItemClass::Freight), None, 2020, 4),
        ];
        let on = |y| NaiveDate::from_ymd_opt(y, 6, 1).expect("a date");
        let find = |item, party, y| determine(&rules, Role::Revenue, item, party, on(y)).map(|a| a.uuid().as_u128());
        assert_eq!(find(Some(ItemClass::Service), None, 2021), Some(1));
        assert_eq!(find(Some(ItemClass::Service), None, 2025), Some(3));
        assert_eq!(find(Some(ItemClass::Service), Some("export"), 2025), Some(2));
        assert_eq!(find(Some(ItemClass::Freight), Some("home"), 2025), Some(4));
        assert_eq!(find(Some(ItemClass::Merchandise), None, 2025), None);
        assert_eq!(find(Some(ItemClass::Service), None, 2019), None);
    }
}
