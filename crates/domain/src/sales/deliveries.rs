//! Deliveries: goods on their way to the customer. Shipping one moves stock and posts what the goods cost.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::orders::SalesOrder;
use crate::directory::addresses::Address;
use crate::ids::SalesOrderLineId;
use crate::ids::{CompanyId, DeliveryId, DeliveryLineId, JournalEntryId, PartyId, ProductId, SalesOrderId, UnitId, WarehouseId};
use crate::kernel::{Amount, Code, Decimals, FieldError, Quantity, Result, UnitPrice, problems};

crate::words! {
    /// Where a delivery stands.
    pub enum DeliveryStatus {
        /// Being made ready; can still change.
        Draft = "draft",
        /// On its way; stock and books hold it.
        Shipped = "shipped",
        /// Given up before it was shipped.
        Cancelled = "cancelled",
    }
}

pub const DELIVERY_NOT_A_DRAFT: Code = Code::conflict("delivery.not_a_draft", "Only a draft can do this.");
pub const DELIVERY_LINE: Code = Code::invalid("delivery.line_invalid", "A line of the delivery is wrong.");
pub const DELIVERY_OVER_ORDERED: Code = Code::conflict("delivery.over_ordered", "More would be shipped than was ordered.");
pub const DELIVERY_NOT_ENOUGH_STOCK: Code = Code::conflict("delivery.not_enough_stock", "There is not enough stock to ship.");

/// Goods on their way to a customer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Delivery {
    /// The id.
    pub id: DeliveryId,
    /// The company that ships.
    pub company_id: CompanyId,
    /// The number, given on shipping.
    #[schema(required, max_length = 40)]
    pub number: Option<String>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// The order.
    pub order_id: SalesOrderId,
    /// The customer.
    pub customer_id: PartyId,
    /// The warehouse the goods come from.
    pub warehouse_id: WarehouseId,
    /// The business date of shipping; while it is a draft, the date it is planned for.
    pub delivery_date: NaiveDate,
    /// Where the goods go.
    #[schema(required)]
    pub ship_to: Option<Address>,
    /// Who carries them.
    #[schema(required, max_length = 100)]
    pub carrier: Option<String>,
    /// The carrier's number for the parcel.
    #[schema(required, max_length = 100)]
    pub tracking_number: Option<String>,
    /// Whether the order is on hold. A delivery of an order on hold cannot be shipped.
    pub order_is_on_hold: bool,
    /// What the goods cost, in the company's currency; zero until it is shipped. It follows when their cost is corrected later.
    pub cost_total: Amount,
    /// The journal entry; null until it is shipped, and for goods without cost.
    #[schema(required)]
    pub journal_entry_id: Option<JournalEntryId>,
    /// A remark.
    #[schema(required, max_length = 2000)]
    pub note: Option<String>,
    /// What is shipped.
    #[schema(max_items = 1000)]
    pub lines: Vec<DeliveryLine>,
    /// Free notes of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was shipped.
    #[schema(required)]
    pub shipped_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! {
    Delivery, DeliveryId, "delivery",
    company: |d| Some(d.company_id), party: |d| Some(d.customer_id), actions: |d| d.allowed()
}

/// Goods of one order line on a delivery.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveryLine {
    /// The id.
    pub id: DeliveryLineId,
    /// The delivery.
    pub delivery_id: DeliveryId,
    /// The place among the lines, from 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub position: i32,
    /// The line of the order.
    pub order_line_id: SalesOrderLineId,
    /// The product.
    pub product_id: ProductId,
    /// What it is.
    #[schema(max_length = 500)]
    pub description: String,
    /// How many, in the unit of the order line.
    pub quantity: Quantity,
    /// That unit.
    #[schema(required)]
    pub unit_id: Option<UnitId>,
    /// How many, in the product's unit.
    pub stock_quantity: Quantity,
    /// What one of the product's unit cost when it left, six places; null until it is shipped.
    #[schema(required)]
    pub unit_cost: Option<UnitPrice>,
    /// What the line cost, in the company's currency; zero until it is shipped.
    pub cost_amount: Amount,
    /// How many came back, in the unit of the order line.
    pub quantity_returned: Quantity,
    /// What came back had cost, in the company's currency.
    pub cost_returned: Amount,
    /// Which pieces leave, of a product that is tracked by serial numbers.
    #[schema(max_items = 1000)]
    pub serial_numbers: Vec<String>,
}

/// Goods to be delivered for an order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {
    /// The order; it must be confirmed.
    pub order_id: SalesOrderId,
    /// The warehouse; that of the order when left out.
    #[serde(default)]
    pub warehouse_id: Option<WarehouseId>,
    /// The date it is planned for; today when left out.
    #[serde(default)]
    pub delivery_date: Option<NaiveDate>,
    /// Who carries them.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub carrier: Option<String>,
    /// The carrier's number for the parcel.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub tracking_number: Option<String>,
    /// A remark.
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// What is to be delivered; everything that is still open when left out.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub lines: Option<Vec<NewDeliveryLine>>,
    /// Free notes.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

/// Goods of one order line to be delivered.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeliveryLine {
    /// The line of the order.
    pub order_line_id: SalesOrderLineId,
    /// How many, in the unit of the order line; more than zero.
    pub quantity: Quantity,
    /// Which pieces leave, of a product that is tracked by serial numbers. They may be written down later, before it ships.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub serial_numbers: Vec<String>,
}

/// How an order is delivered in one step.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeliverSalesOrder {
    /// Whether the goods leave at once; otherwise the delivery is a draft.
    #[serde(default)]
    pub ship: bool,
    /// The business date; today when left out. Must not be in the future when the goods are shipped at once.
    #[serde(default)]
    pub delivery_date: Option<NaiveDate>,
    /// Who carries them.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub carrier: Option<String>,
    /// The carrier's number for the parcel.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub tracking_number: Option<String>,
}

/// How a delivery is shipped.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShipDelivery {
    /// The business date on which the goods left, not in the future; the planned date when left out, or today if that is in the future.
    #[serde(default)]
    pub delivery_date: Option<NaiveDate>,
}

crate::patch! {
    /// Changes to a draft delivery.
    pub struct DeliveryPatch for Delivery {
        /// The date it is planned for.
        set delivery_date: NaiveDate,
        /// Who carries them.
        clear carrier: String [max_length = 100],
        /// The carrier's number for the parcel.
        clear tracking_number: String [max_length = 100],
        /// A remark.
        clear note: String [max_length = 2000],
        /// Free notes.
        set metadata: BTreeMap<String, String> [schema_with = crate::kernel::metadata],
    }
}

impl DeliveryLine {
    /// So many of the order line's unit in the product's unit, by what was delivered; nothing where that is not exact.
    pub fn in_stock_unit(&self, quantity: Quantity) -> Option<Quantity> {
        let pieces = self.stock_quantity.get().checked_mul(quantity.get())?.checked_div(self.quantity.get())?;
        Quantity::exact(pieces).ok()
    }
}

impl Delivery {
    fn allowed(&self) -> Vec<&'static str> {
        match (self.status, self.order_is_on_hold) {
            (DeliveryStatus::Draft, false) => vec!["ship", "record-serials", "cancel"],
            (DeliveryStatus::Draft, true) => vec!["record-serials", "cancel"],
            (DeliveryStatus::Shipped | DeliveryStatus::Cancelled, _) => Vec::new(),
        }
    }

    /// Refuses anything but a draft.
    pub fn must_be_draft(&self) -> Result<()> {
        if self.status == DeliveryStatus::Draft {
            return Ok(());
        }
        Err(DELIVERY_NOT_A_DRAFT.with(format!("The delivery is {}.", self.status)).in_state(self.status, &self.allowed()))
    }

    /// The lines at what they cost now.
    pub fn recost(mut self, costs: &std::collections::HashMap<String, Amount>) -> Self {
        for line in &mut self.lines {
            line.cost_amount = costs.get(&line.id.to_string()).copied().unwrap_or(line.cost_amount);
            line.unit_cost = crate::inventory::costing::per_unit(line.cost_amount, line.stock_quantity);
        }
        self.cost_total = self.lines.iter().map(|l| l.cost_amount).sum();
        self
    }

    /// Gives up a draft.
    pub fn cancel(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_draft()?;
        self.status = DeliveryStatus::Cancelled;
        self.updated_at = now;
        Ok(self)
    }

    /// The goods leave: `costs` says by line what they cost.
    pub fn ship(mut self, number: String, costs: &[Amount], entry: Option<JournalEntryId>, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_draft()?;
        for (line, cost) in self.lines.iter_mut().zip(costs) {
            line.cost_amount = *cost;
            line.unit_cost = crate::inventory::costing::per_unit(*cost, line.stock_quantity);
        }
        self.cost_total = costs.iter().copied().sum();
        self.number = Some(number);
        self.status = DeliveryStatus::Shipped;
        self.journal_entry_id = entry;
        self.shipped_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
}

/// Puts shipped quantities on the order's lines; `take` says by order line how many of them were reserved.
/// Refuses to ship more than is open, naming each place.
pub fn ship_lines(order: &mut SalesOrder, lines: &[DeliveryLine]) -> Result<()> {
    let mut errors = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let Some(of) = order.lines.iter_mut().find(|l| l.id == line.order_line_id) else {
            return Err(problems::unknown_reference.field(format!("/lines/{i}/order_line_id"), "The order has no such line."));
        };
        if line.quantity > of.open_to_ship() {
            let message = format!("{} are open, {} would be shipped.", of.open_to_ship(), line.quantity);
            errors.push(FieldError::body(format!("/lines/{i}/quantity"), DELIVERY_OVER_ORDERED.code, message));
        }
        of.quantity_shipped += line.quantity;
    }
    if errors.is_empty() { Ok(()) } else { Err(DELIVERY_OVER_ORDERED.at(errors)) }
}
