//! The quantity ledger: goods go from one location to another, and no row ever changes.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::ids::{CompanyId, LocationId, ProductId, StockMoveId};
use crate::kernel::Quantity;

/// Goods that went from one location to another. Written once and never changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockMove {
    /// The id.
    pub id: StockMoveId,
    /// The company whose goods moved.
    pub company_id: CompanyId,
    /// The product.
    pub product_id: ProductId,
    /// Where they came from.
    pub from_location_id: LocationId,
    /// Where they went.
    pub to_location_id: LocationId,
    /// How many, in the product's unit; always more than zero.
    pub quantity: Quantity,
    /// The document that moved them.
    #[schema(max_length = 40)]
    pub source_id: String,
    /// The line of the document.
    #[schema(required, max_length = 40)]
    pub source_line_id: Option<String>,
    /// The business date.
    pub move_date: NaiveDate,
    /// When it was recorded.
    pub moved_at: DateTime<Utc>,
}

crate::entity! { unchanging StockMove, StockMoveId, "stock_move", company: |o| Some(o.company_id) }
