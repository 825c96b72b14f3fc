//! Serial numbers: which piece of a product went to whom, and whether it came back. Identity alone; what pieces are worth is
//! not told apart.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{CompanyId, DeliveryId, DeliveryLineId, PartyId, ProductId, SerialId};
use crate::kernel::{Code, FieldError, Quantity, Result};
use crate::sales::deliveries::DeliveryLine;

crate::words! {
    /// Where a piece is, as far as is known.
    pub enum SerialStatus {
        /// With the customer.
        Shipped = "shipped",
        /// It came back.
        Returned = "returned",
    }
}

/// The numbers do not fit the line.
pub const SERIALS_WRONG: Code = Code::invalid("serial.wrong_numbers", "The serial numbers do not fit the line.");
/// Some pieces that leave or come back have no number.
pub const SERIALS_MISSING: Code = Code::conflict("serial.numbers_missing", "Each piece of a tracked product needs its serial number.");
/// The piece is with a customer already.
pub const WITH_A_CUSTOMER: Code = Code::conflict("serial.with_a_customer", "The piece is with a customer already.");

/// A piece of a product that was shipped.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Serial {
    /// The id.
    pub id: SerialId,
    /// The company that shipped it last.
    pub company_id: CompanyId,
    /// The product.
    pub product_id: ProductId,
    /// The number; unique for the product.
    #[schema(min_length = 1, max_length = 100, example = "EM-2026-000117")]
    pub number: String,
    /// Where it is.
    pub status: SerialStatus,
    /// The customer it was shipped to last.
    pub customer_id: PartyId,
    /// The delivery it left with last.
    pub delivery_id: DeliveryId,
    /// The line of that delivery.
    pub delivery_line_id: DeliveryLineId,
    /// When it left last. A warranty counts from then.
    pub shipped_at: DateTime<Utc>,
    /// When it came back; null while it is with the customer.
    #[schema(required)]
    pub returned_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was first shipped.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { Serial, SerialId, "serial", company: |s| Some(s.company_id), party: |s| Some(s.customer_id) }

/// Which pieces leave on a draft delivery; replaces what was written down for these lines.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSerials {
    /// The lines.
    #[schema(min_items = 1, max_items = 1000)]
    pub lines: Vec<SerialsOfLine>,
}

/// Which pieces leave on a line.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SerialsOfLine {
    /// The line of the delivery.
    pub delivery_line_id: DeliveryLineId,
    /// Their numbers.
    #[schema(max_items = 1000)]
    pub serial_numbers: Vec<String>,
}

/// What a customer has of tracked products, and what came back.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct SerialsOverview {
    /// Pieces that are with the customer.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub with_customer_count: i64,
    /// Those that were shipped last; at most ten.
    #[schema(max_items = 10)]
    pub latest_serials: Vec<Serial>,
}

/// The numbers without the space around them.
///
/// # Errors
/// [`SERIALS_WRONG`] when one is empty or too long.
pub fn tidied(numbers: Vec<String>, at: &str) -> Result<Vec<String>> {
    let numbers: Vec<String> = numbers.into_iter().map(|n| n.trim().to_string()).collect();
    match numbers.iter().position(|n| n.is_empty() || n.chars().count() > 100) {
        Some(i) => Err(SERIALS_WRONG.field(format!("{at}/{i}"), "A number has 1 to 100 letters.")),
        None => Ok(numbers),
    }
}

/// Refuses numbers that stand twice for one product, and more numbers than pieces. `is_tracked` says of which products pieces
/// are told apart.
pub fn check(lines: &[DeliveryLine], is_tracked: impl Fn(ProductId) -> bool) -> Result<()> {
    let (mut seen, mut errors) = (BTreeSet::new(), Vec::new());
    for (i, line) in lines.iter().enumerate().filter(|(_, l)| !l.serial_numbers.is_empty()) {
        let mut wrong = |message: String| errors.push(FieldError::body(format!("/lines/{i}/serial_numbers"), SERIALS_WRONG.code, message));
        if !is_tracked(line.product_id) {
            wrong("The product is not tracked by serial numbers.".into());
        } else if Quantity::from(line.serial_numbers.len() as i32) > line.stock_quantity {
            wrong(format!("{} numbers for {} pieces.", line.serial_numbers.len(), line.stock_quantity));
        }
        if line.serial_numbers.iter().any(|n| !seen.insert((line.product_id, n))) {
            wrong("A number stands twice.".into());
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(SERIALS_WRONG.at(errors)) }
}

/// Refuses to ship pieces without a number.
pub fn check_complete(lines: &[DeliveryLine], is_tracked: impl Fn(ProductId) -> bool) -> Result<()> {
    let short = |l: &&DeliveryLine| is_tracked(l.product_id) && Quantity::from(l.serial_numbers.len() as i32) != l.stock_quantity;
    match lines.iter().find(short) {
        Some(l) => {
            Err(SERIALS_MISSING.with(format!("Line {}: {} numbers for {} pieces.", l.position, l.serial_numbers.len(), l.stock_quantity)))
        }
        None => Ok(()),
    }
}
