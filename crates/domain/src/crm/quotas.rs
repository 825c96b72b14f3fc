//! Quotas: what a user, or a company as a whole, is to sell in a fiscal period.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::forecasts::{Period, PeriodKind};
use crate::directory::companies::Company;
use crate::directory::currencies::check_money;
use crate::ids::{CompanyId, QuotaId, UserId};
use crate::kernel::{Amount, Code, Result};

/// A quota is not below zero.
pub const NEGATIVE: Code = Code::invalid("quota.negative", "A quota must not be negative.");
/// There is one quota for each user and period.
pub const DUPLICATE: Code = Code::conflict("quota.duplicate", "There is a quota for this user and period already.");
/// What the rules of quotas can answer.
pub const REFUSALS: &[Code] =
    &[NEGATIVE, DUPLICATE, crate::kernel::problems::too_many_decimals, crate::kernel::problems::amount_out_of_range];

/// What is to be sold in a fiscal period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Quota {
    /// The id.
    pub id: QuotaId,
    /// The company.
    pub company_id: CompanyId,
    /// Whose it is; null for the company as a whole.
    #[schema(required)]
    pub user_id: Option<UserId>,
    /// The length of the fiscal period.
    pub period: PeriodKind,
    /// Its first day.
    pub start_date: NaiveDate,
    /// Its last day.
    pub end_date: NaiveDate,
    /// What is to be sold, before tax, in the company's currency.
    pub amount: Amount,
    /// Own keys and values of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Quota, QuotaId, "quota", company: |q| Some(q.company_id) }

/// A quota to set.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewQuota {
    /// The company.
    pub company_id: CompanyId,
    /// Whose it is; the company's as a whole when left out.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The length of the fiscal period.
    pub period: PeriodKind,
    /// A day in the period.
    pub date: NaiveDate,
    /// What is to be sold, before tax, in the company's currency.
    pub amount: Amount,
    /// Own keys and values.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a quota. User and period stay.
    pub struct QuotaPatch for Quota {
        /// What is to be sold, before tax, in the company's currency.
        set amount: Amount,
        /// Own keys and values; replaced whole.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl Quota {
    /// The quota for the fiscal period of the company that holds the day. Fails with [`REFUSALS`].
    pub fn new(id: QuotaId, company: &Company, new: NewQuota, now: DateTime<Utc>) -> Result<Self> {
        let period = Period::of(new.period, new.date, company.fiscal_year_start_month);
        let quota = Self {
            id,
            company_id: company.id,
            user_id: new.user_id,
            period: period.kind,
            start_date: period.start,
            end_date: period.end,
            amount: new.amount,
            metadata: new.metadata,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        quota.checked(company)
    }
    /// The quota with these changes. Fails with [`REFUSALS`].
    pub fn change(mut self, patch: QuotaPatch, company: &Company, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.updated_at = now;
        self.checked(company)
    }
    fn checked(self, company: &Company) -> Result<Self> {
        if self.amount.is_negative() {
            return Err(NEGATIVE.field("/amount", "The amount must not be negative."));
        }
        check_money(self.amount, &company.currency, "/amount")?;
        Ok(self)
    }
}
