//! What is on hand of a product at a location, how much of it is promised, and how a demand is spread over locations.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{CompanyId, LocationId, ProductId, StockLevelId, WarehouseId};
use crate::kernel::{Code, Quantity};

pub const NOT_ENOUGH_STOCK: Code = Code::conflict("stock.not_enough", "There is not enough stock.");
pub const NOT_STOCKED: Code = Code::invalid("stock.product_not_stocked", "The product is not kept in stock.");

pub const DATE_IN_FUTURE: Code = Code::invalid("stock.date_in_future", "A stock movement cannot be dated in the future.");

/// What is on hand of one product at one location. Always the sum of the moves to the location less those from it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockLevel {
    /// The id.
    pub id: StockLevelId,
    /// The company whose goods these are.
    pub company_id: CompanyId,
    /// The product.
    pub product_id: ProductId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The location.
    pub location_id: LocationId,
    /// How many are there, in the product's unit.
    pub on_hand: Quantity,
    /// How many of them are promised by hard reservations.
    pub reserved: Quantity,
    /// How many may still be promised: on hand less reserved.
    pub available: Quantity,
    /// Whether on hand may fall below reserved, as the company says.
    pub negative_allowed: bool,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { StockLevel, StockLevelId, "stock_level", company: |s| Some(s.company_id) }

/// Which stock is asked for, as of a business date.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StockAsOfFilter {
    /// The company.
    pub company_id: CompanyId,
    /// Count moves up to and including this business date.
    pub as_of: NaiveDate,
    /// Only this product.
    #[serde(default)]
    pub product_id: Option<ProductId>,
    /// Only this warehouse.
    #[serde(default)]
    pub warehouse_id: Option<WarehouseId>,
}

/// What was on hand at the end of a business date.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockAsOf {
    /// The company.
    pub company_id: CompanyId,
    /// The business date.
    pub as_of_date: NaiveDate,
    /// One line for each product and location that has stock.
    #[schema(max_items = 100000)]
    pub lines: Vec<StockAsOfLine>,
}

/// What was on hand of one product at one location.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockAsOfLine {
    /// The product.
    pub product_id: ProductId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The location.
    pub location_id: LocationId,
    /// How many were there, in the product's unit.
    pub on_hand: Quantity,
}

/// Which availability is asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StockAvailabilityFilter {
    /// The products, separated by commas; at most 200.
    #[param(min_length = 30, max_length = 7000, pattern = "^prd_[0-7][0-9a-hjkmnp-tv-z]{25}(,prd_[0-7][0-9a-hjkmnp-tv-z]{25}){0,199}$")]
    pub product_ids: String,
    /// Only stock of this company; all companies of the caller when left out.
    #[serde(default)]
    pub company_id: Option<CompanyId>,
    /// Only stock of this warehouse.
    #[serde(default)]
    pub warehouse_id: Option<WarehouseId>,
}

/// What can be promised of some products now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockAvailability {
    /// One line for each product asked for, in that order.
    #[schema(max_items = 200)]
    pub lines: Vec<StockAvailabilityLine>,
}

/// What can be promised of one product now; quantities in the product's unit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockAvailabilityLine {
    /// The product.
    pub product_id: ProductId,
    /// How many are there.
    pub on_hand: Quantity,
    /// How many of them are promised by hard reservations.
    pub reserved: Quantity,
    /// How many may still be promised: on hand less reserved.
    pub available: Quantity,
    /// How many more are wished for by soft reservations, which hold nothing back.
    pub soft_reserved: Quantity,
}

/// A place a demand can be served from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shelf {
    pub product: ProductId,
    pub location: LocationId,
    pub on_hand: Quantity,
    pub reserved: Quantity,
    pub negative_allowed: bool,
}

impl Shelf {
    pub fn available(&self) -> Quantity {
        self.on_hand - self.reserved
    }
}

/// So many pieces for demand number `demand` from shelf number `shelf`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    pub demand: usize,
    pub shelf: usize,
    pub quantity: Quantity,
}

/// Spreads demands over shelves, in the order both are given; a shelf that may go negative takes whatever the others
/// cannot serve. Answers the picks and, by demand, what could not be served.
pub fn allocate(demands: &[(ProductId, Quantity)], shelves: &[Shelf]) -> (Vec<Pick>, Vec<Quantity>) {
    let mut free: Vec<Quantity> =
        shelves.iter().map(|s| if s.available().is_positive() { s.available() } else { Quantity::ZERO }).collect();
    let (mut picks, mut short) = (Vec::new(), Vec::with_capacity(demands.len()));
    for (demand, &(product, wanted)) in demands.iter().enumerate() {
        let mut open = wanted;
        for (shelf, _) in shelves.iter().enumerate().filter(|(_, s)| s.product == product) {
            let quantity = if free[shelf] < open { free[shelf] } else { open };
            if quantity.is_positive() {
                picks.push(Pick { demand, shelf, quantity });
                (free[shelf], open) = (free[shelf] - quantity, open - quantity);
            }
            if open.is_zero() {
                break;
            }
        }
        let endless = shelves.iter().position(|s| s.product == product && s.negative_allowed);
        if let (true, Some(shelf)) = (open.is_positive(), endless) {
            match picks.iter_mut().find(|p: &&mut Pick| p.demand == demand && p.shelf == shelf) {
                Some(p) => p.quantity += open,
                None => picks.push(Pick { demand, shelf, quantity: open }),
            }
            open = Quantity::ZERO;
        }
        short.push(open);
    }
    (picks, short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use crate::kernel::reexport::Uuid;
    use proptest::prelude::*;

    fn product(n: u128) -> ProductId {
        ProductId::from_uuid(Uuid::from_u128(n))
    }
    fn shelf(p: u128, l: u128, on_hand: i32, reserved: i32, negative_allowed: bool) -> Shelf {
        let location = LocationId::from_uuid(Uuid::from_u128(l));
        Shelf { product: product(p), location, on_hand: on_hand.into(), reserved: reserved.into(), negative_allowed }
    }

    #[test]
    fn a_demand_takes_from_one_shelf_after_the_other() {
        let shelves = [shelf(1, 1, 5, 2, false), shelf(1, 2, 4, 0, false), shelf(2, 1, 9, 0, false)];
        let (picks, short) = allocate(&[(product(1), 6.into()), (product(1), 3.into())], &shelves);
        let flat: Vec<_> = picks.iter().map(|p| (p.demand, p.shelf, p.quantity)).collect();
        assert_eq!(flat, [(0, 0, 3.into()), (0, 1, 3.into()), (1, 1, 1.into())]);
        assert_eq!(short, [0.into(), 2.into()]);
    }

    #[test]
    fn a_shelf_that_may_go_negative_serves_everything() {
        let (picks, short) = allocate(&[(product(1), 9.into())], &[shelf(1, 1, 2, 0, true)]);
        assert_eq!((picks[0].quantity, short[0]), (9.into(), 0.into()));
    }

    proptest! {
        #[test]
        fn nothing_is_promised_twice(demands in prop::collection::vec((1u128..4, 1i32..50), 1..20), shelves in prop::collection::vec((1u128..4, 0i32..60, 0i32..30), 0..10)) {
            let shelves: Vec<_> = shelves.iter().enumerate().map(|(i, &(p, on, res))| shelf(p, i as u128, on, res.min(on), false)).collect();
            let demands: Vec<_> = demands.iter().map(|&(p, q)| (product(p), Quantity::from(q))).collect();
            let (picks, short) = allocate(&demands, &shelves);
            for (i, s) in shelves.iter().enumerate() {
                let taken: Quantity = picks.iter().filter(|p| p.shelf == i).map(|p| p.quantity).sum();
                prop_assert!(taken <= s.available());
            }
            for (i, d) in demands.iter().enumerate() {
                let got: Quantity = picks.iter().filter(|p| p.demand == i).map(|p| p.quantity).sum();
                prop_assert_eq!(got + short[i], d.1);
            }
        }
    }
}
