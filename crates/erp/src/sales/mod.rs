//! Sales: orders, deliveries, returns, and what of them is billed. Goods move through inventory, money through
//! accounting; nothing here writes to either directly.

pub mod allocation;
pub mod answers;
pub mod billing;
pub mod books;
pub mod confirmation;
pub mod customer_figures;
pub mod deal_figures;
pub mod deliveries;
pub mod drafts;
pub mod order_lines;
pub mod orders;
pub mod recosting;
pub mod returns;
pub mod shipping;

use domain::directory::overview::{OrdersOfParty, OrdersOfPartyAsOf};
use domain::sales::delivery_overview::DeliveriesOfParty;
use domain::sales::orders::PriceOfSale;
use platform::prelude::*;
use platform::questions::Questions;

/// The operations of the area.
pub fn operations(t: &mut Table) {
    orders::operations(t);
    deliveries::operations(t);
    returns::operations(t);
}

/// What the area hears.
pub fn reactions(r: &mut Reactions) {
    r.on("opportunity.won", drafts::draft_for_won_deal);
    r.on("opportunity.lost", drafts::cancel_for_lost_deal);
    r.on("quote.converted", drafts::draft_for_quote);
    r.on("invoice.posted", billing::follow_invoice);
    r.on("credit_note.posted", billing::follow_credit_note);
    r.on("credit_note.deleted", returns::follow_deleted_note);
    for moved in ["stock_adjustment.posted", "delivery.shipped", "customer_return.received"] {
        r.on(moved, recosting::follow);
    }
    for lost in ["reservation.deleted", "reservation.reduced"] {
        r.on(lost, allocation::follow_loss);
    }
    for freed in ["stock_adjustment.posted", "customer_return.received", "delivery.shipped", "sales_order.cancelled", "reservation.deleted"]
    {
        r.on(freed, allocation::serve_waiting);
    }
}

/// What the area answers to others.
pub fn questions(q: &mut Questions) {
    q.explain("so", answers::explain_order);
    q.explain("dlv", answers::explain_delivery);
    q.explain("ret", answers::explain_return);
    q.answer::<DeliveriesOfParty>(answers::deliveries_overview);
    q.answer::<OrdersOfParty>(answers::overview);
    q.answer::<OrdersOfPartyAsOf>(answers::overview_as_of);
    customer_figures::questions(q);
    deal_figures::questions(q);
    q.answer::<PriceOfSale>(drafts::price);
    q.numbered::<domain::sales::orders::SalesOrder>("SO");
    q.numbered::<domain::sales::deliveries::Delivery>("DLV");
    q.numbered::<domain::sales::returns::CustomerReturn>("RET");
    q.check(answers::checks);
}
