//! Adjustments: stock set right by hand. Opening stock, counts, scrap and things found; each posts its moves, its value
//! entries and one journal entry.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::costing::{CostState, extend};
use crate::accounting::posting::Role;
use crate::ids::{CompanyId, LocationId, ProductId, StockAdjustmentId, StockAdjustmentLineId, WarehouseId};
use crate::kernel::{Amount, Code, FieldError, Quantity, Result, UnitPrice, problems};

crate::words! {
    /// Where a stock adjustment stands.
    pub enum AdjustmentStatus {
        /// Can still change.
        Draft = "draft",
        /// Stock and books hold it; it never changes again.
        Posted = "posted",
    }
    /// Why stock is set right.
    pub enum AdjustmentReason {
        /// Stock at the start of the books; against opening-balance equity (9980).
        Opening = "opening",
        /// A count found another quantity; against count gain/loss (5200).
        Count = "count",
        /// Goods were destroyed; against scrap (5210). Quantities must be negative.
        Scrap = "scrap",
        /// Goods turned up; against count gain/loss (5200). Quantities must be positive.
        Found = "found",
    }
}

impl AdjustmentReason {
    /// What the other side of the posting is.
    pub fn role(self) -> Role {
        match self {
            Self::Opening => Role::OpeningBalance,
            Self::Count | Self::Found => Role::CountDifference,
            Self::Scrap => Role::Scrap,
        }
    }
}

pub const ADJUSTMENT_NOT_A_DRAFT: Code = Code::conflict("stock_adjustment.not_a_draft", "Only a draft can change.");
pub const ADJUSTMENT_EMPTY: Code = Code::invalid("stock_adjustment.empty", "The adjustment has no lines.");
pub const ADJUSTMENT_LINE: Code = Code::invalid("stock_adjustment.line_invalid", "A line of the adjustment is wrong.");

/// Stock set right by hand.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockAdjustment {
    /// The id.
    pub id: StockAdjustmentId,
    /// The company.
    pub company_id: CompanyId,
    /// The number, given when it is posted.
    #[schema(required, max_length = 40)]
    pub number: Option<String>,
    /// Where it stands.
    pub status: AdjustmentStatus,
    /// Why.
    pub reason: AdjustmentReason,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The location of lines that name none.
    pub location_id: LocationId,
    /// The business date.
    pub adjustment_date: NaiveDate,
    /// The moment of a count on that day: what moved until then is compared with it, what moved since is kept. The end of the day
    /// when null.
    #[schema(required)]
    pub counted_at: Option<DateTime<Utc>>,
    /// A remark.
    #[schema(required, max_length = 2000)]
    pub note: Option<String>,
    /// What it added to the value of stock, in the company's currency; zero until it is posted.
    pub total_value: Amount,
    /// What is set right.
    #[schema(max_items = 1000)]
    pub lines: Vec<StockAdjustmentLine>,
    /// Free notes of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was posted.
    #[schema(required)]
    pub posted_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { StockAdjustment, StockAdjustmentId, "stock_adjustment", company: |a| Some(a.company_id), actions: |a| a.allowed() }

/// One product set right.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StockAdjustmentLine {
    /// The id.
    pub id: StockAdjustmentLineId,
    /// The adjustment.
    pub adjustment_id: StockAdjustmentId,
    /// The place among the lines, from 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub position: i32,
    /// The product.
    pub product_id: ProductId,
    /// The location.
    pub location_id: LocationId,
    /// By how much the stock changes, in the product's unit; null while a count waits to be posted.
    #[schema(required)]
    pub quantity_delta: Option<Quantity>,
    /// What was counted.
    #[schema(required)]
    pub counted_quantity: Option<Quantity>,
    /// What one piece of a gain costs; the running cost when null.
    #[schema(required)]
    pub unit_cost: Option<UnitPrice>,
    /// What it added to the value of stock; null until it is posted.
    #[schema(required)]
    pub value: Option<Amount>,
}

/// Stock to be set right. It starts as a draft and changes nothing until it is posted.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStockAdjustment {
    /// Why.
    pub reason: AdjustmentReason,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The location of lines that name none; the warehouse's stock location when left out.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// The business date; today when left out.
    #[serde(default)]
    pub adjustment_date: Option<NaiveDate>,
    /// The moment of a count on that day, when goods moved on it after the count. When left out: now for a count of today, and the
    /// end of the day for one of an earlier day.
    #[serde(default)]
    pub counted_at: Option<DateTime<Utc>>,
    /// A remark.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// What is to be set right, each product and location once.
    #[schema(max_items = 1000)]
    pub lines: Vec<NewStockAdjustmentLine>,
    /// Free notes.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

/// One product to be set right. Give either the change or what was counted.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStockAdjustmentLine {
    /// The product.
    pub product_id: ProductId,
    /// The location; that of the adjustment when left out.
    #[serde(default)]
    pub location_id: Option<LocationId>,
    /// By how much the stock changes, in the product's unit; below zero for losses.
    #[serde(default)]
    pub quantity_delta: Option<Quantity>,
    /// What was counted; the change is worked out when the adjustment is posted, against the stock at the moment of the count.
    #[serde(default)]
    pub counted_quantity: Option<Quantity>,
    /// What one piece of a gain costs; the running cost, or else the product's cost, when left out.
    #[serde(default)]
    pub unit_cost: Option<UnitPrice>,
}

crate::patch! {
    /// Changes to a draft adjustment. Lines are replaced as a whole.
    pub struct StockAdjustmentPatch {
        /// Why.
        set reason: AdjustmentReason,
        /// The business date.
        set adjustment_date: NaiveDate,
        /// The moment of a count on that day; worked out anew when left out and date, reason or lines change.
        set counted_at: DateTime<Utc>,
        /// A remark.
        clear note: String [max_length = 2000],
        /// All lines anew.
        set lines: Vec<NewStockAdjustmentLine> [max_items = 1000],
        /// Free notes.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl StockAdjustment {
    fn allowed(&self) -> Vec<&'static str> {
        if self.status == AdjustmentStatus::Draft { vec!["post"] } else { Vec::new() }
    }

    /// Refuses anything but a draft.
    pub fn must_be_draft(&self) -> Result<()> {
        if self.status != AdjustmentStatus::Draft {
            return Err(ADJUSTMENT_NOT_A_DRAFT.with("The adjustment is posted.").in_state(self.status, &self.allowed()));
        }
        Ok(())
    }
}

/// The moment up to which moves of its day belong to what is counted; `today` is the company's day of `now`, and `day_of` that of a
/// given moment. Nothing stands for the end of the day, and for anything but a count.
pub fn moment_of_count(
    reason: AdjustmentReason,
    date: NaiveDate,
    given: Option<(DateTime<Utc>, NaiveDate)>,
    (now, today): (DateTime<Utc>, NaiveDate),
) -> Result<Option<DateTime<Utc>>> {
    match (reason, given) {
        (AdjustmentReason::Count, Some((moment, day))) if day == date && moment <= now => Ok(Some(moment)),
        (AdjustmentReason::Count, Some((moment, _))) => {
            let message = format!("{moment} is not a past moment of {date}, the day of the count.");
            Err(problems::invalid_body.field("/counted_at", message))
        }
        (AdjustmentReason::Count, None) => Ok((date == today).then_some(now)),
        (_, None) => Ok(None),
        (_, Some(_)) => Err(problems::invalid_body.field("/counted_at", "Only a count has a moment.")),
    }
}

/// All that is wrong with the lines, each at its pointer.
pub fn check_lines(reason: AdjustmentReason, location: LocationId, lines: &[NewStockAdjustmentLine]) -> Result<()> {
    let mut errors = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (i, line) in lines.iter().enumerate() {
        let mut wrong =
            |field: &str, message: &str| errors.push(FieldError::body(format!("/lines/{i}/{field}"), ADJUSTMENT_LINE.code, message));
        match (line.quantity_delta, line.counted_quantity) {
            (Some(d), None) if d.is_zero() => wrong("quantity_delta", "The change must not be zero."),
            (Some(d), None) if reason == AdjustmentReason::Scrap && d.is_positive() => {
                wrong("quantity_delta", "Scrap takes goods away: the change must be below zero.");
            }
            (Some(d), None) if matches!(reason, AdjustmentReason::Found | AdjustmentReason::Opening) && d.is_negative() => {
                wrong("quantity_delta", "The change must be above zero.");
            }
            (Some(_), None) => {}
            (None, Some(_)) if reason != AdjustmentReason::Count => wrong("counted_quantity", "Only a count has counted quantities."),
            (None, Some(c)) if c.is_negative() => wrong("counted_quantity", "One cannot count less than nothing."),
            (None, Some(_)) => {}
            _ => wrong("quantity_delta", "Give either quantity_delta or counted_quantity."),
        }
        if line.unit_cost.is_some_and(UnitPrice::is_negative) {
            wrong("unit_cost", "A cost is not below zero.");
        }
        if !seen.insert((line.product_id, line.location_id.unwrap_or(location))) {
            wrong("product_id", "The product stands twice for one location.");
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(ADJUSTMENT_LINE.at(errors)) }
}

/// What a gain of so many pieces costs: `unit_cost` each, else the running cost, else `product_cost`.
pub fn gain_cost(
    state: CostState,
    quantity: Quantity,
    unit_cost: Option<UnitPrice>,
    product_cost: UnitPrice,
    minor_units: u32,
) -> Result<Amount> {
    let known = if state.unit_cost().is_zero() { product_cost } else { state.unit_cost() };
    let cost = unit_cost.unwrap_or(known);
    if cost.is_negative() {
        return Err(problems::invalid_body.with("A cost is not below zero."));
    }
    extend(quantity, cost, minor_units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Id;
    use crate::kernel::reexport::Uuid;

    fn line(delta: Option<i32>, counted: Option<i32>) -> NewStockAdjustmentLine {
        NewStockAdjustmentLine {
            product_id: ProductId::from_uuid(Uuid::from_u128(1)),
            location_id: None,
            quantity_delta: delta.map(Into::into),
            counted_quantity: counted.map(Into::into),
            unit_cost: None,
        }
    }

    #[test]
    fn a_line_has_a_change_or_a_count_with_the_right_sign() {
        let at = LocationId::from_uuid(Uuid::from_u128(9));
        let ok = |reason, l: NewStockAdjustmentLine| check_lines(reason, at, &[l]).is_ok();
        assert!(ok(AdjustmentReason::Opening, line(Some(3), None)));
        assert!(ok(AdjustmentReason::Count, line(None, Some(0))));
        assert!(ok(AdjustmentReason::Scrap, line(Some(-1), None)));
        for (reason, delta, counted) in [
            (AdjustmentReason::Scrap, Some(1), None),
            (AdjustmentReason::Found, Some(-1), None),
            (AdjustmentReason::Opening, None, Some(1)),
            (AdjustmentReason::Count, Some(1), Some(1)),
            (AdjustmentReason::Count, None, None),
            (AdjustmentReason::Count, Some(0), None),
        ] {
            assert!(!ok(reason, line(delta, counted)), "{reason} {delta:?} {counted:?}");
        }
        let twice = check_lines(AdjustmentReason::Count, at, &[line(Some(1), None), line(Some(1), None)]);
        assert_eq!(twice.expect_err("refused").errors()[0].pointer.as_deref(), Some("/lines/1/product_id"));
    }

    #[test]
    fn a_gain_without_a_cost_comes_at_the_running_cost() {
        let cost = |s: &str| s.parse::<UnitPrice>().expect("a price");
        let amount = |s: &str| s.parse::<Amount>().expect("an amount");
        let state = CostState { quantity: 10.into(), value: amount("40.00"), last_unit_cost: cost("4") };
        let of = |state, unit_cost| gain_cost(state, 5.into(), unit_cost, cost("9"), 2).expect("valued");
        assert_eq!(of(state, Some(cost("2"))), amount("10.00"));
        assert_eq!(of(state, None), amount("20.00"));
        assert_eq!(of(CostState::default(), None), amount("45.00"));
    }
}
