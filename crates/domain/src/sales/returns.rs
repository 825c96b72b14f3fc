//! Returns: goods that customers send back. They come back at the cost at which they left.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::SalesOrderLineId;
use crate::ids::{
    CompanyId, CustomerReturnId, CustomerReturnLineId, DeliveryId, DeliveryLineId, JournalEntryId, PartyId, ProductId, SalesOrderId,
    UnitId, WarehouseId,
};
use crate::kernel::{Amount, Code, Quantity, Result};

crate::words! {
    /// Where a return stands.
    pub enum ReturnStatus {
        /// The customer asked for it.
        Requested = "requested",
        /// The customer may send the goods.
        Authorized = "authorized",
        /// Goods came in; more may follow until all are there.
        PartiallyReceived = "partially_received",
        /// All goods came in.
        Received = "received",
        /// Refused before anything came in.
        Rejected = "rejected",
    }
}

pub const RETURN_STATE: Code = Code::conflict("customer_return.wrong_state", "The return is in another state.");
pub const RETURN_EMPTY: Code = Code::invalid("customer_return.empty", "The return has no lines.");
pub const RETURN_LINE: Code = Code::invalid("customer_return.line_invalid", "A line of the return is wrong.");
pub const RETURN_TOO_MUCH: Code = Code::conflict("customer_return.more_than_delivered", "More would come back than was delivered.");
pub const RETURN_BEFORE_DELIVERY: Code = Code::invalid("customer_return.before_delivery", "A return cannot be dated before its delivery.");
pub const RETURN_NOTHING_TO_CREDIT: Code = Code::conflict("customer_return.nothing_to_credit", "Nothing of what came back was invoiced.");

/// Goods that a customer sends back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerReturn {
    /// The id.
    pub id: CustomerReturnId,
    /// The company that takes them back.
    pub company_id: CompanyId,
    /// The number, given when it is authorised.
    #[schema(required, max_length = 40)]
    pub number: Option<String>,
    /// Where it stands.
    pub status: ReturnStatus,
    /// The delivery the goods came with.
    pub delivery_id: DeliveryId,
    /// The order.
    pub order_id: SalesOrderId,
    /// The customer.
    pub customer_id: PartyId,
    /// The warehouse that takes the goods.
    pub warehouse_id: WarehouseId,
    /// The business date of the last receipt; until then, of the request.
    pub return_date: NaiveDate,
    /// Why the goods come back, or why the return was refused.
    #[schema(required, max_length = 500)]
    pub reason: Option<String>,
    /// What the goods that came in had cost, in the company's currency.
    pub cost_total: Amount,
    /// The journal entry of the last receipt.
    #[schema(required)]
    pub journal_entry_id: Option<JournalEntryId>,
    /// What comes back.
    #[schema(max_items = 1000)]
    pub lines: Vec<CustomerReturnLine>,
    /// Free notes of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was authorised.
    #[schema(required)]
    pub authorized_at: Option<DateTime<Utc>>,
    /// When the last goods came in.
    #[schema(required)]
    pub received_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! {
    CustomerReturn, CustomerReturnId, "customer_return",
    company: |r| Some(r.company_id), party: |r| Some(r.customer_id), actions: |r| r.allowed()
}

/// Goods of one delivery line that come back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CustomerReturnLine {
    /// The id.
    pub id: CustomerReturnLineId,
    /// The return.
    pub return_id: CustomerReturnId,
    /// The place among the lines, from 1.
    #[schema(minimum = 1, maximum = 1000)]
    pub position: i32,
    /// The line of the delivery.
    pub delivery_line_id: DeliveryLineId,
    /// The line of the order.
    pub order_line_id: SalesOrderLineId,
    /// The product.
    pub product_id: ProductId,
    /// How many are to come back, in the unit of the order line.
    pub quantity: Quantity,
    /// That unit.
    #[schema(required)]
    pub unit_id: Option<UnitId>,
    /// How many came in.
    pub quantity_received: Quantity,
    /// How many of them can be sold again and went to stock.
    pub quantity_restocked: Quantity,
    /// How many of them were put on credit notes.
    pub quantity_credited: Quantity,
    /// How many of them can be put on a credit note now: they came in, were invoiced, and are on no credit note yet.
    pub quantity_creditable: Quantity,
    /// What the goods that came in had cost, in the company's currency.
    pub cost_amount: Amount,
}

/// Goods to be sent back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomerReturn {
    /// The delivery the goods came with; it must be shipped.
    pub delivery_id: DeliveryId,
    /// The warehouse that takes them; that of the delivery when left out.
    #[serde(default)]
    pub warehouse_id: Option<WarehouseId>,
    /// The business date; today when left out.
    #[serde(default)]
    pub return_date: Option<NaiveDate>,
    /// Why they come back.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
    /// What comes back.
    #[schema(min_items = 1, max_items = 1000)]
    pub lines: Vec<NewCustomerReturnLine>,
    /// Free notes.
    #[serde(default)]
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
}

/// Goods of one delivery line to be sent back.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCustomerReturnLine {
    /// The line of the delivery.
    pub delivery_line_id: DeliveryLineId,
    /// How many, in the unit of the order line; more than zero.
    pub quantity: Quantity,
}

/// Goods that came in.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveCustomerReturn {
    /// What came in; everything that is still to come, fit to be sold, when left out.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub lines: Option<Vec<ReceivedReturnLine>>,
    /// The business date; today when left out. Not before the delivery and not in the future.
    #[serde(default)]
    pub return_date: Option<NaiveDate>,
    /// Whether a credit note is drafted for what was invoiced of it.
    #[serde(default)]
    pub credit: bool,
}

/// Goods of one line that came in.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceivedReturnLine {
    /// The line of the return.
    pub return_line_id: CustomerReturnLineId,
    /// How many, in the unit of the order line; more than zero.
    pub quantity: Quantity,
    /// Which pieces came in, of a product that is tracked by serial numbers; all that are still out of the line when left out
    /// and all of them come.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub serial_numbers: Vec<String>,
    /// Whether they can be sold again; otherwise they are scrapped.
    #[serde(default = "crate::kernel::yes")]
    pub resaleable: bool,
}

/// Why a return is refused.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectCustomerReturn {
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

impl CustomerReturn {
    /// What the present state allows.
    pub fn allowed(&self) -> Vec<&'static str> {
        match self.status {
            ReturnStatus::Requested => vec!["authorize", "reject"],
            ReturnStatus::Authorized => vec!["receive", "reject"],
            ReturnStatus::PartiallyReceived if self.can_credit() => vec!["receive", "credit"],
            ReturnStatus::PartiallyReceived => vec!["receive"],
            ReturnStatus::Received if self.can_credit() => vec!["credit"],
            _ => Vec::new(),
        }
    }

    fn can_credit(&self) -> bool {
        self.lines.iter().any(|l| l.quantity_creditable.is_positive())
    }

    fn must_be(&self, states: &[ReturnStatus]) -> Result<()> {
        if states.contains(&self.status) {
            return Ok(());
        }
        Err(RETURN_STATE.with(format!("The return is {}.", self.status)).in_state(self.status, &self.allowed()))
    }

    /// Refuses a return that cannot take goods.
    pub fn must_be_receivable(&self) -> Result<()> {
        self.must_be(&[ReturnStatus::Authorized, ReturnStatus::PartiallyReceived])
    }

    /// Refuses a return of which nothing came in, or nothing that came in can be credited.
    pub fn must_be_creditable(&self) -> Result<()> {
        self.must_be(&[ReturnStatus::PartiallyReceived, ReturnStatus::Received])?;
        if self.can_credit() {
            return Ok(());
        }
        let detail = "Nothing of what came back was invoiced, or all of it is credited.";
        Err(RETURN_NOTHING_TO_CREDIT.with(detail).in_state(self.status, &self.allowed()))
    }

    /// A credit note of it was deleted: what stood on it, by order line, can be credited again.
    pub fn uncredit(mut self, quantities: &[(SalesOrderLineId, Quantity)], now: DateTime<Utc>) -> Self {
        for (line, quantity) in quantities {
            for l in self.lines.iter_mut().filter(|l| l.order_line_id == *line) {
                l.quantity_credited = if *quantity < l.quantity_credited { l.quantity_credited - *quantity } else { Quantity::ZERO };
            }
        }
        self.updated_at = now;
        self
    }

    /// The customer may send the goods.
    pub fn authorize(mut self, number: String, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[ReturnStatus::Requested])?;
        self.number = Some(number);
        self.status = ReturnStatus::Authorized;
        self.authorized_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }

    /// Refused.
    pub fn reject(mut self, reason: Option<String>, now: DateTime<Utc>) -> Result<Self> {
        self.must_be(&[ReturnStatus::Requested, ReturnStatus::Authorized])?;
        self.status = ReturnStatus::Rejected;
        self.reason = reason.or(self.reason);
        self.updated_at = now;
        Ok(self)
    }

    /// The state after goods came in.
    pub fn receive(mut self, entry: Option<JournalEntryId>, date: NaiveDate, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_receivable()?;
        let all = self.lines.iter().all(|l| l.quantity_received >= l.quantity);
        self.status = if all { ReturnStatus::Received } else { ReturnStatus::PartiallyReceived };
        self.cost_total = self.lines.iter().map(|l| l.cost_amount).sum();
        self.journal_entry_id = entry.or(self.journal_entry_id);
        self.return_date = date;
        self.received_at = Some(now);
        self.updated_at = now;
        Ok(self)
    }
}
