//! On which companies a user may work. A company without a grant does not exist for the user.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyGrantId, CompanyId, UserId};
use crate::kernel::{Code, Result};

/// Once is enough.
pub const ALREADY_GRANTED: Code = Code::conflict("company_grant.exists", "The user has this grant already.");
/// One of the two, not both and not neither.
pub const ONE_OR_ALL: Code = Code::invalid("company_grant.one_or_all", "Give either company_id or all_companies: true.");

/// A grant of one company, or of all, to a user.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct CompanyGrant {
    pub id: CompanyGrantId,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    pub user_id: UserId,
    /// The company; null when the grant is on all companies.
    #[schema(required)]
    pub company_id: Option<CompanyId>,
    /// Whether the grant is on all companies, also on those that are founded later.
    pub all_companies: bool,
    pub created_at: DateTime<Utc>,
}
crate::entity!(undated CompanyGrant, CompanyGrantId, "company_grant", company: |g| g.company_id);

/// A grant for a user.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCompanyGrant {
    /// Company that the data belongs to.
    #[serde(default)]
    pub company_id: Option<CompanyId>,
    /// True for all companies, also for those that are founded later. Only who has all companies can grant them.
    #[serde(default)]
    pub all_companies: bool,
}

impl CompanyGrant {
    pub fn new(id: CompanyGrantId, user_id: UserId, new: NewCompanyGrant, now: DateTime<Utc>) -> Result<Self> {
        if new.company_id.is_some() == new.all_companies {
            return Err(ONE_OR_ALL.field("/company_id", "Give either company_id or all_companies: true."));
        }
        Ok(Self { id, version: 1, user_id, company_id: new.company_id, all_companies: new.all_companies, created_at: now })
    }
}
