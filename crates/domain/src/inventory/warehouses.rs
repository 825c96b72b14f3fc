//! Places where goods are kept. Each has a default location into which goods come and from which they go.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, LocationId, WarehouseId};
use crate::kernel::Code;

pub const WAREHOUSE_CODE_TAKEN: Code = Code::conflict("warehouse.code_taken", "The company has a warehouse with this code.");

/// A place where a company keeps goods.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Warehouse {
    /// The id.
    pub id: WarehouseId,
    /// The company whose goods lie there.
    pub company_id: CompanyId,
    /// Short name, unique in the company.
    #[schema(max_length = 20)]
    pub code: String,
    /// Name.
    #[schema(max_length = 200)]
    pub name: String,
    /// The location into which goods come and from which they go unless another is named.
    pub stock_location_id: LocationId,
    /// Whether orders that name no warehouse use this one.
    pub is_default: bool,
    /// False once it is no longer used.
    pub is_active: bool,
    /// Free notes of the caller.
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

crate::entity! { Warehouse, WarehouseId, "warehouse", company: |w| Some(w.company_id) }

/// A warehouse to be set up. Its stock location and the company's virtual locations are made with it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWarehouse {
    /// The company whose goods lie there.
    pub company_id: CompanyId,
    /// Short name, unique in the company.
    #[schema(min_length = 1, max_length = 20, pattern = "^[A-Za-z0-9._-]+$")]
    pub code: String,
    /// Name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Whether orders that name no warehouse use this one. The first warehouse of a company always does.
    #[serde(default)]
    pub is_default: bool,
    /// Free notes.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

crate::patch! {
    /// Changes to a warehouse.
    pub struct WarehousePatch for Warehouse {
        /// Name.
        set name: String [min_length = 1, max_length = 200],
        /// Whether orders that name no warehouse use this one.
        set is_default: bool,
        /// False once it is no longer used.
        set is_active: bool,
        /// Free notes.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}
