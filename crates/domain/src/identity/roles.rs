//! Roles: named sets of permissions. Ready-made ones carry a stable code and cannot be changed; copy them to vary them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permissions::{INVALID_PATTERN, Permissions, is_pattern};
use super::separation_of_duties::SodConflict;
use crate::ids::RoleId;
use crate::kernel::{Code, Failure, FieldError, Result};

/// Ready-made roles stay as they are shipped.
pub const READY_MADE: Code =
    Code::conflict("role.ready_made", "A ready-made role cannot be changed; create your own with its permissions.");
/// Somebody has the role.
pub const ASSIGNED: Code = Code::conflict("role.assigned", "The role is assigned to users; take it from them first.");
/// A role is given and changed only by those who hold all of it, wherever it counts.
pub const ROLE_OUT_OF_REACH: Code = Code::new(
    Failure::Forbidden,
    "role.out_of_reach",
    "The role grants, or would grant, permissions that you do not have, or users of companies that you do not have hold it.",
);

/// A named set of permissions.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Role {
    pub id: RoleId,
    /// Version: 1 at first, increased by every change; the value of the `ETag`.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// The stable name, unique: `sales_rep`.
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z][a-z0-9_]*$")]
    pub code: String,
    /// The name as shown to people.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What the role is for.
    #[schema(max_length = 500)]
    pub description: String,
    /// What it grants: `sales.orders.confirm`, or patterns such as `sales.*` and `*.*.read`. A reach may follow where
    /// records have an owner, `crm.leads.*:own`, `:team`, `:territory`, `:company` or `:all`; without one it is `all`.
    #[schema(max_items = 200)]
    pub permissions: Vec<String>,
    /// Whether it was shipped with the product and cannot be changed.
    pub ready_made: bool,
    pub created_at: DateTime<Utc>,
    /// Time of the last change.
    pub updated_at: DateTime<Utc>,
}
crate::entity!(Role, RoleId, "role");

/// A new role.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    /// The stable name, unique.
    #[schema(min_length = 1, max_length = 60, pattern = "^[a-z][a-z0-9_]*$", example = "night_shift")]
    pub code: String,
    /// The name as shown to people.
    #[schema(min_length = 1, max_length = 100, example = "Night shift")]
    pub name: String,
    /// What the role is for.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: String,
    /// What it grants: `sales.orders.confirm`, or patterns such as `sales.*` and `*.*.read`. A reach may follow where
    /// records have an owner, `crm.leads.*:own`, `:team`, `:territory`, `:company` or `:all`; without one it is `all`.
    #[schema(max_items = 200, example = json!(["inventory.stock.read", "sales.deliveries.*"]))]
    pub permissions: Vec<String>,
}

crate::patch! {
    /// Changes to a role. They count at once for everybody who has it.
    pub struct RolePatch for Role {
        /// The name as shown to people.
        set name: String [min_length = 1, max_length = 100],
        /// What the role is for.
        set description: String [max_length = 500],
        /// What it grants; replaces all of them.
        set permissions: Vec<String> [max_items = 200],
    }
}

/// The pairs of duties that one role puts into one hand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoleSodConflicts {
    pub role_id: RoleId,
    /// The pairs of duties that this role alone grants both of.
    #[schema(max_items = 100)]
    pub conflicts: Vec<SodConflict>,
}

/// The patterns sorted and without doubles; refused with the place of each that is none.
pub fn permissions(given: Vec<String>) -> Result<Vec<String>> {
    let wrong = |(i, p): (usize, &String)| {
        (!is_pattern(p)).then(|| FieldError::body(format!("/permissions/{i}"), INVALID_PATTERN.code, format!("{p:?} is not a permission.")))
    };
    let errors: Vec<FieldError> = given.iter().enumerate().filter_map(wrong).collect();
    if !errors.is_empty() {
        return Err(INVALID_PATTERN.at(errors));
    }
    Ok(Permissions::of(given).to_vec())
}

impl Role {
    /// A role of the customer's own.
    pub fn new(id: RoleId, new: NewRole, now: DateTime<Utc>) -> Result<Self> {
        let permissions = permissions(new.permissions)?;
        let NewRole { code, name, description, .. } = new;
        Ok(Self { id, version: 1, code, name, description, permissions, ready_made: false, created_at: now, updated_at: now })
    }

    /// Applies changes to a role of the customer's own.
    pub fn updated(mut self, patch: RolePatch) -> Result<Self> {
        self.check_own()?;
        patch.apply(&mut self);
        self.permissions = permissions(self.permissions)?;
        Ok(self)
    }

    /// Refuses ready-made roles.
    pub fn check_own(&self) -> Result<()> {
        if self.ready_made { Err(READY_MADE.with(format!("{} was shipped with the product.", self.code))) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;

    fn role() -> Role {
        let new = NewRole {
            code: "x".into(),
            name: "X".into(),
            description: String::new(),
            permissions: vec!["sales.orders.read".into(), "sales.*".into(), "crm.leads.read".into()],
        };
        Role::new(RoleId::from_uuid(uuid::Uuid::nil()), new, DateTime::UNIX_EPOCH).expect("a role")
    }

    #[test]
    fn permissions_are_kept_in_one_form() {
        assert_eq!(role().permissions, ["crm.leads.read", "sales.*"]);
    }

    #[test]
    fn each_wrong_permission_is_named() {
        let p = permissions(vec!["sales.*".into(), "nonsense".into(), "A.b.c".into()]).expect_err("wrong");
        let places: Vec<_> = p.errors().iter().filter_map(|e| e.pointer.clone()).collect();
        assert_eq!(places, ["/permissions/1", "/permissions/2"]);
    }

    #[test]
    fn ready_made_roles_stay() {
        let shipped = Role { ready_made: true, ..role() };
        assert_eq!(shipped.updated(RolePatch::default()).expect_err("shipped").code(), READY_MADE);
    }
}
