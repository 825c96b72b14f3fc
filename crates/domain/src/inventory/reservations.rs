//! Promises of stock. A hard reservation holds pieces back, a soft one only says that they are wished for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, LocationId, ProductId, ReservationId, SalesOrderId, WarehouseId};
use crate::kernel::{Code, Quantity};
use crate::sales::orders::SalesOrderLineId;

crate::words! {
    /// How binding a reservation is.
    pub enum ReservationKind {
        /// The pieces are held back for it.
        Hard = "hard",
        /// A wish that holds nothing back.
        Soft = "soft",
    }
}

pub const RESERVATION_QUANTITY: Code = Code::invalid("reservation.quantity_not_positive", "The quantity must be more than zero.");
pub const RESERVATION_OF_ORDER: Code =
    Code::conflict("reservation.belongs_to_order", "The order holds this reservation; cancel or hold the order instead.");

/// Pieces of a product at a location that are promised.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Reservation {
    /// The id.
    pub id: ReservationId,
    /// The company.
    pub company_id: CompanyId,
    /// How binding it is.
    pub kind: ReservationKind,
    /// The product.
    pub product_id: ProductId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The location where the pieces lie.
    pub location_id: LocationId,
    /// How many are still promised, in the product's unit. A delivery takes from it; at zero the reservation is gone.
    pub quantity: Quantity,
    /// The order they are promised to.
    #[schema(required)]
    pub order_id: Option<SalesOrderId>,
    /// The line of the order.
    #[schema(required)]
    pub order_line_id: Option<SalesOrderLineId>,
    /// Why, for reservations without an order.
    #[schema(required, max_length = 500)]
    pub note: Option<String>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Reservation, ReservationId, "reservation", company: |r| Some(r.company_id) }

/// A promise to be made outside an order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReservation {
    /// How binding it is; hard when left out.
    #[serde(default = "hard")]
    pub kind: ReservationKind,
    /// The product.
    pub product_id: ProductId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The location; the warehouse's stock location when left out.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// How many, in the product's unit; more than zero.
    pub quantity: Quantity,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: Option<String>,
}

fn hard() -> ReservationKind {
    ReservationKind::Hard
}
