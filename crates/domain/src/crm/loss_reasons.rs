//! Loss reasons: the reasons for losing a deal that a company counts. The words of a reason are kept on the deal, so
//! that renaming or archiving one changes no history.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, LossReasonId};
use crate::kernel::text::filled;
use crate::kernel::{Code, Result};

/// No deal is lost for an archived reason.
pub const ARCHIVED: Code = Code::invalid("loss_reason.archived", "The loss reason is archived.");
/// Names are unique in a company, whatever the case.
pub const DUPLICATE_NAME: Code = Code::conflict("loss_reason.duplicate_name", "The company has a loss reason with this name.");
/// The reason asks who won the deal instead.
pub const COMPETITOR_MISSING: Code = Code::invalid("loss_reason.competitor_missing", "The loss reason asks for a competitor.");

/// A reason for losing a deal.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LossReason {
    /// The id.
    pub id: LossReasonId,
    /// The company that counts it.
    pub company_id: CompanyId,
    /// What it is called.
    #[schema(max_length = 200, example = "price")]
    pub name: String,
    /// Whether a deal lost for it must name a competitor.
    pub requires_competitor: bool,
    /// When it was archived; no deal is lost for it any more.
    #[schema(required)]
    pub archived_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { LossReason, LossReasonId, "loss_reason", company: |r| Some(r.company_id), actions: |r| match r.archived_at {
    Some(_) => vec!["restore"],
    None => vec!["archive"],
} }
crate::archivable! { LossReason }

/// A loss reason to enter.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLossReason {
    /// The company that counts it.
    pub company_id: CompanyId,
    /// What it is called; unique in the company.
    #[schema(min_length = 1, max_length = 200, example = "price")]
    pub name: String,
    /// Whether a deal lost for it must name a competitor.
    #[serde(default)]
    pub requires_competitor: bool,
}

crate::patch! {
    /// Changes to a loss reason. Lost deals keep the words they were lost with.
    pub struct LossReasonPatch for LossReason {
        /// What it is called; unique in the company.
        set name: String [min_length = 1, max_length = 200],
        /// Whether a deal lost for it must name a competitor.
        set requires_competitor: bool,
    }
}

impl LossReason {
    /// The reason as entered. Fails when the name is blank.
    pub fn new(id: LossReasonId, new: NewLossReason, now: DateTime<Utc>) -> Result<Self> {
        Ok(Self {
            id,
            company_id: new.company_id,
            name: filled(&new.name, "/name")?,
            requires_competitor: new.requires_competitor,
            archived_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
    /// The reason with these changes.
    pub fn change(mut self, patch: LossReasonPatch, now: DateTime<Utc>) -> Result<Self> {
        patch.apply(&mut self);
        self.name = filled(&self.name, "/name")?;
        self.updated_at = now;
        Ok(self)
    }
}
