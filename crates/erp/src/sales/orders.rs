//! Sales orders: the operations. What they do is in [`super::drafts`], [`super::confirmation`], [`super::shipping`] and
//! [`super::billing`].

use domain::directory::companies::Company;
use domain::directory::parties;
use domain::directory::parties::Party;
use domain::directory::products::Product;
use domain::directory::timeline::TimelineEntry;
use domain::ids::{CompanyId, PartyId, TeamId};
use domain::inventory::stock::DATE_IN_FUTURE;
use domain::inventory::warehouses::Warehouse;
use domain::sales::credit::{CreditExposure, OVER_CREDIT_LIMIT};
use domain::sales::deliveries::{DELIVERY_NOT_ENOUGH_STOCK, DELIVERY_OVER_ORDERED};
use domain::sales::orders::*;
use persistence::directory::teams;
use platform::directory::timeline;
use platform::prelude::*;
use platform::table::Noun;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{billing, confirmation, drafts, order_lines, shipping};
use crate::accounting::posting;
use crate::inventory::serials;

/// What a customer on a document may answer.
pub const CUSTOMER: &[Code] = &[parties::BLOCKED, parties::ARCHIVED, parties::NOT_A_CUSTOMER];
const DRAFT: &[Code] = &[
    domain::directory::currencies::UNKNOWN_CURRENCY,
    domain::directory::exchange_rates::NO_RATE,
    domain::directory::addresses::UNKNOWN_COUNTRY,
];

const TIMELINE: &str =
    "List what happened to an order and to what came from it, newest first. Kinds that the caller may not read are left out.";

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<SalesOrder>("sales/orders", "What customers ordered, from draft to closed.");
    n.searched(Words::numbered(&["number", "customer_reference"]).details(&["note"]));
    n.owned_by("owner_id").takes_tags();
    n.list("List sales orders.")
        .filter(&["owner_id"])
        .filter_by::<TeamId>("owner_team_id", "The owner is in this team or in a team below it.", teams::owned_by)
        .filter(&["company_id", "status", "fulfilment_status", "billing_status", "is_on_hold", "customer_id", "opportunity_id", "quote_id"])
        .filter(&["warehouse_id", "number", "customer_reference", "currency", "order_date", "requested_date", "total"])
        .search(&["number", "customer_reference"])
        .sort(&["order_date", "requested_date", "number", "total"])
        .expand::<Party>("customer", "customer_id")
        .expand::<Warehouse>("warehouse", "warehouse_id")
        .expand::<Product>("lines.product", "lines.product_id")
        .figures(
            Figures::by(&[
                "status",
                "fulfilment_status",
                "billing_status",
                "customer_id",
                "owner_id",
                "warehouse_id",
                "currency",
                "company_id",
            ])
            .money("currency", &["net_total", "tax_total", "total", "unshipped_amount", "unbilled_amount"])
            .dates(&["order_date", "requested_date", "created_at", "confirmed_at"]),
        );
    n.create(drafts::create, "Create a sales order. It starts as a draft without a number; totals and taxes are worked out here.")
        .fails(order_lines::build::REFUSALS)
        .fails(CUSTOMER)
        .fails(DRAFT);
    n.bulk(drafts::create);
    n.read("Get a sales order.")
        .expand::<Party>("customer", "customer_id")
        .expand::<Warehouse>("warehouse", "warehouse_id")
        .expand::<Product>("lines.product", "lines.product_id");
    n.update(drafts::update, "Change a draft order. Lines are replaced as a whole; single lines have endpoints of their own.")
        .fails(&[ORDER_NOT_A_DRAFT])
        .fails(order_lines::build::REFUSALS)
        .fails(CUSTOMER)
        .fails(DRAFT);
    n.delete(drafts::delete, "Delete a draft order.").fails(&[ORDER_NOT_A_DRAFT]);
    n.page_of::<TimelineEntry>("timeline", timeline::of_document::<SalesOrder>, TIMELINE)
        .filter_as("occurred_at", "at")
        .filter(&["kind", "subject"]);
    actions(&mut n);
    order_lines::operations(&mut n);
    t.report(
        "sales/credit-exposure",
        exposure,
        "Get what a customer owes and will owe. Open receivables, shipments not invoiced and open orders, against the credit limit; in the company's currency.",
    )
    .permission("sales.orders.read")
    .counts_all(&["sales.orders"])
    .fails(&[domain::directory::exchange_rates::NO_RATE]);
}

fn actions(n: &mut Noun<SalesOrder>) {
    n.action_with(
        "confirm",
        confirmation::confirm,
        "Confirm a sales order. Takes a number, checks the customer's credit and holds stock back; all or nothing unless backorders are allowed.",
    )
    .fails(&[ORDER_NOT_A_DRAFT, ORDER_ON_HOLD, ORDER_EMPTY, ORDER_NO_WAREHOUSE, ORDER_NOT_ENOUGH_STOCK, OVER_CREDIT_LIMIT])
    .fails(CUSTOMER)
    .fails(DRAFT);
    n.action_with(
        "hold",
        confirmation::hold,
        "Put a sales order on hold. Nothing is confirmed, shipped or invoiced until it is released; stock stays reserved.",
    )
    .fails(&[ORDER_ON_HOLD, ORDER_NOT_CONFIRMED]);
    n.action("release", confirmation::release, "Release a sales order from hold.").fails(&[ORDER_NOT_ON_HOLD]);
    n.action_with(
        "cancel",
        confirmation::cancel,
        "Cancel what was not shipped of a sales order, or so many of some lines. Reservations end, and draft deliveries of it; an order of which nothing was shipped or invoiced and nothing is left is cancelled as a whole.",
    )
    .fails(&[ORDER_NOT_CONFIRMED, ORDER_NOTHING_TO_CANCEL, domain::sales::order_lines::ORDER_LINE]);
    n.action("close", confirmation::close, "Close a sales order. Everything must be shipped or cancelled, and invoiced.").fails(&[
        ORDER_NOT_CONFIRMED,
        ORDER_ON_HOLD,
        ORDER_UNFINISHED,
    ]);
    n.command_on("deliver", shipping::deliver, "Deliver everything that is open on a sales order. Drafts a delivery, or ships it at once.")
        .fails(&[
            ORDER_NOT_CONFIRMED,
            ORDER_ON_HOLD,
            ORDER_NOTHING_TO_SHIP,
            ORDER_NO_WAREHOUSE,
            DELIVERY_OVER_ORDERED,
            DELIVERY_NOT_ENOUGH_STOCK,
            DATE_IN_FUTURE,
        ])
        .fails(serials::REFUSALS)
        .fails(serials::SHIP_REFUSALS)
        .fails(CUSTOMER)
        .fails(posting::REFUSALS);
    n.command_on(
        "invoice",
        billing::invoice,
        "Draft an invoice for a sales order. It bills what was shipped and not invoiced, services as ordered, and the freight.",
    )
    .fails(&[ORDER_NOT_CONFIRMED, ORDER_ON_HOLD, ORDER_NOTHING_TO_INVOICE])
    .fails(order_lines::build::REFUSALS)
    .fails(billing::REFUSALS)
    .fails(crate::tax::calculations::REFUSALS);
}

/// Whose exposure is asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExposureFilter {
    /// The company that sells.
    pub company_id: CompanyId,
    /// The customer.
    pub customer_id: PartyId,
}

fn exposure(cx: &mut Cx, filter: ExposureFilter) -> Result<CreditExposure> {
    let company = cx.find::<Company>(filter.company_id)?;
    let customer = cx.find_survivor::<Party>(filter.customer_id)?;
    let today = cx.today(&company);
    confirmation::exposure(cx, &company, &customer, today)
}
