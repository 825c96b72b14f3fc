//! Locations: the tree of places in a warehouse, and the virtual places where goods come from and go to, so that every
//! move has two ends.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, LocationId, WarehouseId};
use crate::kernel::Code;

crate::words! {
    /// What a location stands for.
    pub enum LocationKind {
        /// A place in a warehouse; what lies there is on hand.
        Internal = "internal",
        /// Where purchased goods come from.
        Vendor = "vendor",
        /// Where delivered goods go.
        Customer = "customer",
        /// Where losses go and gains come from.
        Loss = "loss",
        /// On the way between warehouses.
        Transit = "transit",
        /// Where components go and products come from.
        Production = "production",
    }
}

pub const LOCATION_HAS_STOCK: Code = Code::conflict("location.has_stock", "Goods lie at this location.");
pub const LOCATION_IS_VIRTUAL: Code = Code::invalid("location.is_virtual", "Goods cannot be kept at a virtual location.");
pub const PARENT_ELSEWHERE: Code = Code::invalid("location.parent_elsewhere", "The parent location belongs to another warehouse.");

/// A place where goods can be, real or virtual.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Location {
    /// The id.
    pub id: LocationId,
    /// The company.
    pub company_id: CompanyId,
    /// The warehouse it is in; virtual locations are in none.
    #[schema(required)]
    pub warehouse_id: Option<WarehouseId>,
    /// The location it is part of.
    #[schema(required)]
    pub parent_id: Option<LocationId>,
    /// What it stands for.
    pub kind: LocationKind,
    /// Short name, unique in its warehouse.
    #[schema(max_length = 40)]
    pub code: String,
    /// Name.
    #[schema(max_length = 200)]
    pub name: String,
    /// False once it is no longer used.
    pub is_active: bool,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Location, LocationId, "location", company: |l| Some(l.company_id) }

/// A place in a warehouse to be set up.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLocation {
    /// The warehouse it is in.
    pub warehouse_id: WarehouseId,
    /// The location it is part of; the top of the warehouse when left out.
    #[serde(default)]
    pub parent_id: Option<LocationId>,
    /// Short name, unique in its warehouse.
    #[schema(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9._/-]+$")]
    pub code: String,
    /// Name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
}

crate::patch! {
    /// Changes to a location.
    pub struct LocationPatch for Location {
        /// Name.
        set name: String [min_length = 1, max_length = 200],
        /// False once it is no longer used; it must be empty.
        set is_active: bool,
    }
}

/// The virtual locations every company with a warehouse has: kind, code, name.
pub const VIRTUAL: &[(LocationKind, &str, &str)] = &[
    (LocationKind::Vendor, "VENDOR", "Vendors"),
    (LocationKind::Customer, "CUSTOMER", "Customers"),
    (LocationKind::Loss, "LOSS", "Losses and gains"),
    (LocationKind::Transit, "TRANSIT", "In transit"),
    (LocationKind::Production, "PRODUCTION", "Production"),
];
