//! Sales orders: what a customer ordered, and the way from draft to closed. Shipping and billing have states of their
//! own, apart from the state of the order itself.

use std::collections::BTreeMap;

use crate::ids::SalesOrderId;
use crate::kernel::Decimal;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

pub use super::order_lines::{NewSalesOrderLine, SalesOrderLine, SalesOrderLinePatch};
pub use super::order_requests::{
    CancelSalesOrder, CancelSalesOrderLine, ConfirmSalesOrder, NewSalesOrder, SalesOrderPatch, SalesOrderReason,
};
use crate::directory::addresses::Address;
use crate::directory::products::TaxClass;
use crate::ids::{CompanyId, OpportunityId, PartyId, QuoteId, UserId, WarehouseId};
use crate::kernel::{Amount, Code, Decimals, FieldError, Problem, Quantity, Rate, Result, round};

crate::words! {
    /// Where a sales order stands.
    pub enum SalesOrderStatus {
        /// Can still change; binds nobody.
        Draft = "draft",
        /// Binding; it has a number and holds stock back.
        Confirmed = "confirmed",
        /// Given up before anything was shipped.
        Cancelled = "cancelled",
        /// Shipped, billed and done with.
        Closed = "closed",
    }
    /// How much of an order was shipped.
    pub enum FulfilmentStatus {
        /// Nothing was shipped.
        Unfulfilled = "unfulfilled",
        /// Some goods were shipped, some are to come.
        PartiallyShipped = "partially_shipped",
        /// Nothing is left to ship.
        Shipped = "shipped",
    }
    /// How much of an order was invoiced.
    pub enum BillingStatus {
        /// Nothing was invoiced.
        Unbilled = "unbilled",
        /// Some was invoiced.
        Partial = "partial",
        /// All that is to be paid was invoiced.
        Billed = "billed",
    }
    /// What the credit check said when the order was confirmed.
    pub enum CreditStatus {
        /// Not checked yet.
        Unchecked = "unchecked",
        /// Within the limit, or there is none.
        Passed = "passed",
        /// Over the limit; the company only warns.
        Warned = "warned",
        /// Over the limit, and somebody with the right to do so let it pass.
        Overridden = "overridden",
    }
}

pub const ORDER_NOT_A_DRAFT: Code = Code::conflict("sales_order.not_a_draft", "Only a draft can do this.");
pub const ORDER_NOT_CONFIRMED: Code = Code::conflict("sales_order.not_confirmed", "Only a confirmed order can do this.");
pub const ORDER_EMPTY: Code = Code::invalid("sales_order.empty", "The order has no lines.");
pub const ORDER_ON_HOLD: Code = Code::conflict("sales_order.on_hold", "The order is on hold.");
pub const ORDER_NOT_ON_HOLD: Code = Code::conflict("sales_order.not_on_hold", "The order is not on hold.");
pub const ORDER_NOTHING_TO_CANCEL: Code = Code::conflict("sales_order.nothing_to_cancel", "Everything was shipped or cancelled already.");
pub const ORDER_UNFINISHED: Code =
    Code::conflict("sales_order.unfinished", "Goods are still to be shipped or invoiced; cancel what is not wanted first.");
pub const ORDER_NOT_ENOUGH_STOCK: Code = Code::conflict("sales_order.not_enough_stock", "There is not enough stock for the order.");
pub const ORDER_NO_WAREHOUSE: Code = Code::invalid("sales_order.no_warehouse", "The order needs a warehouse to ship from.");
pub const ORDER_OVER_INVOICED: Code =
    Code::conflict("sales_order.over_invoiced", "More would be invoiced than was shipped and kept, or ordered as a service.");
pub const ORDER_NOTHING_TO_SHIP: Code = Code::conflict("sales_order.nothing_to_ship", "Nothing is left to ship.");
pub const ORDER_NOTHING_TO_INVOICE: Code = Code::conflict("sales_order.nothing_to_invoice", "Nothing can be invoiced now.");
pub const OPPORTUNITY_ORDERED: Code =
    Code::conflict("sales_order.opportunity_ordered", "The opportunity of the quote has an order already.");
pub const ORDER_AMOUNT: Code = Code::invalid("sales_order.amount_invalid", "An amount of the order is wrong.");

/// What a customer ordered.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SalesOrder {
    /// The id.
    pub id: SalesOrderId,
    /// The company that sells.
    pub company_id: CompanyId,
    /// The number, given on confirmation.
    #[schema(required, max_length = 40)]
    pub number: Option<String>,
    /// Where the order stands.
    pub status: SalesOrderStatus,
    /// How much was shipped.
    pub fulfilment_status: FulfilmentStatus,
    /// How much was invoiced.
    pub billing_status: BillingStatus,
    /// Whether somebody stopped it for now.
    pub is_on_hold: bool,
    /// Why it was stopped, or why it was cancelled.
    #[schema(required, max_length = 500)]
    pub status_reason: Option<String>,
    /// The customer.
    pub customer_id: PartyId,
    /// The customer's own number for the order.
    #[schema(required, max_length = 100)]
    pub customer_reference: Option<String>,
    /// The opportunity it came from.
    #[schema(required)]
    pub opportunity_id: Option<OpportunityId>,
    /// The quote it came from.
    #[schema(required)]
    pub quote_id: Option<QuoteId>,
    /// Who looks after it: the owner of the quote or opportunity that it came from, or else whoever created it.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    /// The warehouse the goods come from.
    #[schema(required)]
    pub warehouse_id: Option<WarehouseId>,
    /// The business date.
    pub order_date: NaiveDate,
    /// When the customer wants the goods.
    #[schema(required)]
    pub requested_date: Option<NaiveDate>,
    /// Where the goods go, as it was when the order was taken.
    #[schema(required)]
    pub ship_to: Option<Address>,
    /// Days from the invoice until payment is due, as agreed for this order; as agreed with the customer when null.
    #[schema(required, minimum = 0, maximum = 3650)]
    pub payment_terms_days: Option<i32>,
    /// The currency of all amounts.
    #[schema(max_length = 3)]
    pub currency: String,
    /// How much of the company's currency one unit of the order's currency is, pinned when the order was taken.
    pub exchange_rate: Rate,
    /// Whether prices have the tax inside.
    pub prices_include_tax: bool,
    /// Whether it may be confirmed with less stock than ordered; the rest is shipped when it comes in.
    pub allow_backorder: bool,
    /// Freight, without tax, or with it when prices include tax.
    pub freight_amount: Amount,
    /// Which rate of tax freight falls under.
    pub freight_tax_class: TaxClass,
    /// Freight with tax.
    pub freight_gross: Amount,
    /// How much of the freight was invoiced, in the terms of `freight_amount`.
    pub freight_invoiced: Amount,
    /// How much of the freight is on draft invoices, in the terms of `freight_amount`.
    pub freight_drafted: Amount,
    /// All lines and freight without tax.
    pub net_total: Amount,
    /// Tax on all lines and freight.
    pub tax_total: Amount,
    /// All lines and freight with tax.
    pub total: Amount,
    /// What the customer will owe for goods not yet shipped and services not yet invoiced, in the company's currency.
    pub unshipped_amount: Amount,
    /// What the customer will owe for goods shipped and not yet invoiced, in the company's currency.
    pub unbilled_amount: Amount,
    /// What the credit check said.
    pub credit_status: CreditStatus,
    /// A remark.
    #[schema(required, max_length = 2000)]
    pub note: Option<String>,
    /// What was ordered.
    #[schema(max_items = 1000)]
    pub lines: Vec<SalesOrderLine>,
    /// Free notes of the caller.
    #[schema(schema_with = crate::kernel::metadata)]
    pub metadata: BTreeMap<String, String>,
    /// When it was confirmed.
    #[schema(required)]
    pub confirmed_at: Option<DateTime<Utc>>,
    /// When it was cancelled.
    #[schema(required)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// When it was closed.
    #[schema(required)]
    pub closed_at: Option<DateTime<Utc>>,
    /// Counts the changes, from 1.
    #[schema(minimum = 1, maximum = 9007199254740991i64)]
    pub version: i64,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

crate::entity! { SalesOrder, SalesOrderId, "sales_order", company: |o| Some(o.company_id), party: |o| Some(o.customer_id), actions: |o| o.allowed(), parts: lines }

impl SalesOrder {
    /// What the present state allows.
    pub fn allowed(&self) -> Vec<&'static str> {
        use SalesOrderStatus::*;
        match (self.status, self.is_on_hold) {
            (Draft, false) => vec!["confirm", "hold", "cancel"],
            (Draft, true) => vec!["release", "cancel"],
            (Confirmed, on_hold) => {
                let mut out = vec![if on_hold { "release" } else { "hold" }];
                if !on_hold && self.lines.iter().any(|l| l.open_to_ship().is_positive()) {
                    out.push("deliver");
                }
                if !on_hold && self.can_invoice() {
                    out.push("invoice");
                }
                if !on_hold && self.is_finished() {
                    out.push("close");
                }
                if self.can_cancel() {
                    out.push("cancel");
                }
                out
            }
            _ => Vec::new(),
        }
    }

    /// The refusal of something that the state does not allow.
    pub fn refuse(&self, code: Code, detail: impl Into<String>) -> Problem {
        code.with(detail).in_state(self.status, &self.allowed())
    }

    /// Refuses anything but a draft.
    pub fn must_be_draft(&self) -> Result<()> {
        if self.status == SalesOrderStatus::Draft {
            Ok(())
        } else {
            Err(self.refuse(ORDER_NOT_A_DRAFT, format!("The order is {}.", self.status)))
        }
    }

    /// Refuses anything but a confirmed order that is not on hold.
    pub fn must_be_active(&self) -> Result<()> {
        if self.status != SalesOrderStatus::Confirmed {
            return Err(self.refuse(ORDER_NOT_CONFIRMED, format!("The order is {}.", self.status)));
        }
        if self.is_on_hold { Err(self.refuse(ORDER_ON_HOLD, "Release the order first.")) } else { Ok(()) }
    }

    /// Whether the order may be confirmed: a draft with lines that is not on hold.
    pub fn must_be_confirmable(&self) -> Result<()> {
        self.must_be_draft()?;
        if self.is_on_hold {
            return Err(self.refuse(ORDER_ON_HOLD, "Release the order first."));
        }
        if self.lines.is_empty() { Err(ORDER_EMPTY.field("/lines", "The order has no lines.")) } else { Ok(()) }
    }

    /// The draft becomes binding. `reserved` says by line how many were held back, in the line's unit.
    pub fn confirm(mut self, reserved: &[Quantity], credit: CreditStatus, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_confirmable()?;
        for (line, quantity) in self.lines.iter_mut().zip(reserved) {
            line.quantity_reserved = *quantity;
        }
        self.status = SalesOrderStatus::Confirmed;
        self.credit_status = credit;
        self.confirmed_at = Some(now);
        Ok(self.settle(now))
    }

    /// Whether an invoice for the order may be posted: it binds, and nobody has put it on hold.
    pub fn must_be_billable(&self) -> Result<()> {
        if self.status == SalesOrderStatus::Closed { Ok(()) } else { self.must_be_active() }
    }

    /// Counts what an invoice bills of one of its lines.
    pub fn bill(&mut self, line: &str, quantity: Quantity) -> Result<()> {
        let due = self.lines.iter().find(|l| l.id.to_string() == line).map(|l| l.open_to_invoice()).unwrap_or_default();
        if quantity > due {
            return Err(self.refuse(ORDER_OVER_INVOICED, format!("The invoice bills {quantity} of line {line}, {due} can be billed.")));
        }
        for l in self.lines.iter_mut().filter(|l| l.id.to_string() == line) {
            l.quantity_invoiced += quantity;
            // the invoice that bills it is a draft no more
            l.quantity_drafted = if quantity > l.quantity_drafted { Quantity::ZERO } else { l.quantity_drafted - quantity };
        }
        Ok(())
    }

    /// Stops the order for now.
    pub fn hold(mut self, reason: Option<String>, now: DateTime<Utc>) -> Result<Self> {
        if self.is_on_hold {
            return Err(self.refuse(ORDER_ON_HOLD, "The order is on hold already."));
        }
        if !matches!(self.status, SalesOrderStatus::Draft | SalesOrderStatus::Confirmed) {
            return Err(self.refuse(ORDER_NOT_CONFIRMED, format!("The order is {}.", self.status)));
        }
        self.is_on_hold = true;
        self.status_reason = reason;
        Ok(self.settle(now))
    }

    /// Lets it go on.
    pub fn release(mut self, now: DateTime<Utc>) -> Result<Self> {
        if !self.is_on_hold {
            return Err(self.refuse(ORDER_NOT_ON_HOLD, "The order is not on hold."));
        }
        self.is_on_hold = false;
        self.status_reason = None;
        Ok(self.settle(now))
    }

    /// Whether anything was shipped or invoiced.
    fn has_begun(&self) -> bool {
        self.lines.iter().any(|l| l.quantity_shipped.is_positive() || l.quantity_invoiced.is_positive())
    }

    fn can_cancel(&self) -> bool {
        !self.has_begun() || self.lines.iter().any(|l| l.cancellable().is_positive())
    }

    /// Gives up what was not shipped, or so many of some lines. An order of which nothing was shipped or invoiced and nothing is
    /// left is cancelled as a whole; another one stays confirmed until it is shipped, billed and closed.
    pub fn cancel(mut self, what: CancelSalesOrder, now: DateTime<Utc>) -> Result<Self> {
        if !matches!(self.status, SalesOrderStatus::Draft | SalesOrderStatus::Confirmed) {
            return Err(self.refuse(ORDER_NOT_CONFIRMED, format!("The order is {}.", self.status)));
        }
        if !self.can_cancel() {
            return Err(self.refuse(ORDER_NOTHING_TO_CANCEL, "Everything was shipped or cancelled already."));
        }
        let partly = what.lines.is_some();
        match what.lines {
            Some(_) if self.status == SalesOrderStatus::Draft => {
                return Err(self.refuse(ORDER_NOT_CONFIRMED, "Change the lines of a draft instead."));
            }
            Some(given) => self.cancel_lines(&given)?,
            None => self.lines.iter_mut().for_each(|l| l.quantity_cancelled += l.cancellable()),
        }
        self.status_reason = what.reason;
        let left = self.lines.iter().any(|l| l.cancellable().is_positive());
        self.is_on_hold &= partly && left;
        if !self.has_begun() && !left {
            self.status = SalesOrderStatus::Cancelled;
            self.cancelled_at = Some(now);
        }
        Ok(self.settle(now))
    }

    fn cancel_lines(&mut self, given: &[CancelSalesOrderLine]) -> Result<()> {
        let mut errors = Vec::new();
        for (i, g) in given.iter().enumerate() {
            let mut wrong = |field: &str, message: String| {
                errors.push(FieldError::body(format!("/lines/{i}/{field}"), super::order_lines::ORDER_LINE.code, message));
            };
            let Some(line) = self.lines.iter_mut().find(|l| l.id == g.order_line_id) else {
                wrong("order_line_id", "The order has no such line.".into());
                continue;
            };
            let most = line.cancellable();
            if g.quantity.is_positive() && g.quantity <= most {
                line.quantity_cancelled += g.quantity;
            } else {
                wrong("quantity", format!("Between zero and {most} can be cancelled."));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(super::order_lines::ORDER_LINE.at(errors)) }
    }

    /// Something is left to do after all: what was invoiced is credited, so the order goes on.
    pub fn reopen(mut self, now: DateTime<Utc>) -> Self {
        self.status = SalesOrderStatus::Confirmed;
        self.closed_at = None;
        self.settle(now)
    }

    /// Done with: everything was shipped or cancelled, and invoiced.
    pub fn close(mut self, now: DateTime<Utc>) -> Result<Self> {
        self.must_be_active()?;
        if !self.is_finished() {
            return Err(
                self.refuse(ORDER_UNFINISHED, format!("Shipping is {}, billing is {}.", self.fulfilment_status, self.billing_status))
            );
        }
        self.status = SalesOrderStatus::Closed;
        self.closed_at = Some(now);
        Ok(self.settle(now))
    }

    /// Whether nothing is left to ship or invoice.
    pub fn is_finished(&self) -> bool {
        self.fulfilment_status == FulfilmentStatus::Shipped && self.billing_status == BillingStatus::Billed
    }

    /// Whether there is anything to put on an invoice now.
    fn can_invoice(&self) -> bool {
        self.lines.iter().any(|l| l.open_to_draft().is_positive()) || self.freight_to_draft().is_positive()
    }

    /// Freight for the next invoice: it goes on the first one, or on one of its own when nothing else stands on a draft.
    pub fn freight_to_draft(&self) -> Amount {
        let alone = self.lines.iter().all(|l| l.quantity_drafted.is_zero());
        let due = self.freight_due() - self.freight_drafted;
        let with_others = self.lines.iter().any(|l| l.open_to_draft().is_positive());
        if due.is_positive() && (alone || with_others) { due } else { Amount::ZERO }
    }

    /// Freight not yet invoiced; due as soon as something was shipped or nothing is left to ship.
    pub fn freight_due(&self) -> Amount {
        let shipped = self.fulfilment_status != FulfilmentStatus::Unfulfilled;
        if self.status == SalesOrderStatus::Confirmed && shipped { self.freight_amount - self.freight_invoiced } else { Amount::ZERO }
    }

    /// Works the states of shipping and billing and the open amounts out from the lines.
    pub fn settle(mut self, now: DateTime<Utc>) -> Self {
        let any = |f: fn(&SalesOrderLine) -> bool| self.lines.iter().any(f);
        self.fulfilment_status = if self.status == SalesOrderStatus::Draft || self.status == SalesOrderStatus::Cancelled {
            FulfilmentStatus::Unfulfilled
        } else if !any(|l| l.open_to_ship().is_positive()) {
            FulfilmentStatus::Shipped
        } else if any(|l| l.quantity_shipped.is_positive()) {
            FulfilmentStatus::PartiallyShipped
        } else {
            FulfilmentStatus::Unfulfilled
        };
        let freight_open = (self.freight_amount - self.freight_invoiced).is_positive();
        self.billing_status = if self.status == SalesOrderStatus::Cancelled || self.status == SalesOrderStatus::Draft {
            BillingStatus::Unbilled
        } else if !freight_open && !any(|l| l.billable() > l.quantity_invoiced) {
            BillingStatus::Billed
        } else if any(|l| l.quantity_invoiced.is_positive()) || self.freight_invoiced.is_positive() {
            BillingStatus::Partial
        } else {
            BillingStatus::Unbilled
        };
        (self.unshipped_amount, self.unbilled_amount) = self.open_amounts();
        self.updated_at = now;
        self
    }

    /// What the customer will owe beyond what was invoiced, in the company's currency, rounded to four places:
    /// for what is still to come, and for what was shipped.
    fn open_amounts(&self) -> (Amount, Amount) {
        if self.status != SalesOrderStatus::Confirmed {
            return (Amount::ZERO, Amount::ZERO);
        }
        let (mut unshipped, mut unbilled) = (Decimal::ZERO, Decimal::ZERO);
        for l in &self.lines {
            if l.is_stocked {
                unshipped += l.gross_of(l.open_to_ship());
                unbilled += l.gross_of(l.open_to_invoice());
            } else {
                unshipped += l.gross_of(l.open_to_invoice());
            }
        }
        if !self.freight_amount.is_zero() {
            let open = (self.freight_amount - self.freight_invoiced).get().max(Decimal::ZERO);
            unshipped += self.freight_gross.get() * open / self.freight_amount.get();
        }
        let own = |v: Decimal| Amount::exact(round(v * self.exchange_rate.get(), Amount::SCALE)).unwrap_or_default();
        (own(unshipped), own(unbilled))
    }
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
