//! Who has which role.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::separation_of_duties::SodConflict;
use crate::ids::{RoleAssignmentId, RoleId, UserId};
use crate::kernel::Code;

/// Once is enough.
pub const ALREADY_ASSIGNED: Code = Code::conflict("role_assignment.exists", "The user has this role already.");

/// That a user has a role.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RoleAssignment {
    pub id: RoleAssignmentId,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    pub user_id: UserId,
    pub role_id: RoleId,
    /// The pairs of duties that the user's roles together put into one hand. It is filled in the answer to the
    /// assignment, as a warning; see also the report of conflicts.
    #[schema(max_items = 100)]
    pub sod_conflicts: Vec<SodConflict>,
    pub created_at: DateTime<Utc>,
}
crate::entity!(undated RoleAssignment, RoleAssignmentId, "role_assignment");

/// A role for a user.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRoleAssignment {
    pub role_id: RoleId,
}
