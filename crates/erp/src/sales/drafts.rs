//! Draft orders: taking one down, changing it, and drafting one for a deal that was won.

use domain::crm::opportunities::{WonDeal, WonLine};
use domain::crm::quotes::answers::{ConvertedLine, ConvertedQuote};
use domain::directory::companies::Company;
use domain::directory::currencies;
use domain::directory::parties::{AddressPurpose, Party};
use domain::directory::products::TaxClass;
use domain::identity::users::User;
use domain::ids::{OpportunityId, SalesOrderId, UserId, WarehouseId};
use domain::inventory::warehouses::Warehouse;
use domain::sales::orders::*;
use persistence::inventory::warehouses;
use persistence::sales::orders;
use platform::directory::parties::check_days;
use platform::prelude::*;

use super::books::{self, Taxes};
use super::order_lines::build::build;

/// Takes an order down.
pub fn create(cx: &mut Cx, mut new: NewSalesOrder) -> Result<SalesOrder> {
    check_owner(cx, new.owner_id)?;
    new.owner_id = new.owner_id.or(cx.caller.user_id);
    let order = draft(cx, new)?;
    check_terms(cx, None, &order)?;
    keep(cx, order)
}

/// Days to pay that were stated are judged as those of the customer.
fn check_terms(cx: &mut Cx, before: Option<&SalesOrder>, order: &SalesOrder) -> Result<()> {
    let known = before.and_then(|o| o.payment_terms_days);
    if order.payment_terms_days.is_none() || order.payment_terms_days == known {
        return Ok(());
    }
    let (customer, company) = (cx.find::<Party>(order.customer_id)?, cx.find::<Company>(order.company_id)?);
    check_days(cx, &customer, &company, known, order.payment_terms_days)
}

fn keep(cx: &mut Cx, order: SalesOrder) -> Result<SalesOrder> {
    let lines = order.lines.clone();
    cx.create_with(order, &lines)
}

fn check_owner(cx: &mut Cx, owner: Option<UserId>) -> Result<()> {
    owner.map_or(Ok(()), |id| cx.refer::<User>("/owner_id", id).map(drop))
}

fn draft(cx: &mut Cx, new: NewSalesOrder) -> Result<SalesOrder> {
    let company = cx.company(new.company_id)?;
    let customer = cx.refer_itself::<Party>("/customer_id", new.customer_id)?;
    customer.check_orderable("/customer_id")?;
    let (given, named) = (new.exchange_rate, new.warehouse_id);
    let mut order = priced(cx, &company, &customer, new)?.order;
    rate(cx, &company, &mut order, given)?;
    order.warehouse_id = warehouse(cx, &company, named)?.map(|w| w.id);
    Ok(order)
}

/// The rate of an order: the agreed one, or that of its day.
fn rate(cx: &mut Cx, company: &Company, order: &mut SalesOrder, agreed: Option<Rate>) -> Result<()> {
    order.exchange_rate = match agreed {
        Some(rate) if !rate.is_positive() => return Err(ORDER_AMOUNT.field("/exchange_rate", "A rate is more than zero.")),
        Some(rate) if order.currency != company.currency => rate,
        Some(rate) if rate != Rate::ONE => return Err(ORDER_AMOUNT.field("/exchange_rate", "The rate of the company's own currency is 1.")),
        _ => books::exchange_rate(cx, company, &order.currency, order.order_date)?,
    };
    order.exchange_rate_agreed = agreed.is_some();
    Ok(())
}

/// What an order would come to, for others than its customers too: asked by whoever makes offers.
pub fn price(cx: &mut Cx, new: NewSalesOrder) -> Result<PricedSale> {
    let company = cx.company(new.company_id)?;
    let customer = cx.refer_itself::<Party>("/customer_id", new.customer_id)?;
    customer.check_usable("/customer_id")?;
    priced(cx, &company, &customer, new)
}

/// The order with its lines, taxes and totals, but for the rate of its currency and the place it ships from.
fn priced(cx: &mut Cx, company: &Company, customer: &Party, new: NewSalesOrder) -> Result<PricedSale> {
    let currency = new.currency.clone().unwrap_or_else(|| customer.sales_currency(company));
    let places = currencies::minor_units(&currency).map_err(|p| p.under("/currency"))?;
    let order_date = new.order_date.unwrap_or_else(|| cx.today(company));
    if let Some(address) = &new.ship_to {
        address.check().map_err(|p| p.under("/ship_to"))?;
    }
    check_freight(new.freight_amount, places)?;
    let given = new.lines.clone();
    let mut order = blank(cx, company, customer, new);
    (order.currency, order.order_date) = (currency, order_date);
    order.lines = build(cx, &order, given, "/lines")?;
    let taxes = Taxes::of(cx, &order, customer)?;
    let taxes = books::assess(&mut order, &taxes, company)?;
    Ok(PricedSale { order, taxes })
}

/// An order without lines and figures.
fn blank(cx: &Cx, company: &Company, customer: &Party, new: NewSalesOrder) -> SalesOrder {
    SalesOrder {
        id: cx.new_id(),
        company_id: company.id,
        number: None,
        status: SalesOrderStatus::Draft,
        fulfilment_status: FulfilmentStatus::Unfulfilled,
        billing_status: BillingStatus::Unbilled,
        is_on_hold: false,
        status_reason: None,
        customer_id: customer.id,
        customer_reference: new.customer_reference,
        opportunity_id: None,
        quote_id: None,
        owner_id: new.owner_id,
        warehouse_id: None,
        order_date: cx.now.date_naive(),
        requested_date: new.requested_date,
        ship_to: new.ship_to.or_else(|| customer.address_for(AddressPurpose::Shipping).cloned()),
        payment_terms_days: new.payment_terms_days,
        currency: company.currency.clone(),
        exchange_rate: Rate::ONE,
        exchange_rate_agreed: false,
        prices_include_tax: new.prices_include_tax.unwrap_or(company.prices_include_tax),
        allow_backorder: new.allow_backorder,
        freight_amount: new.freight_amount,
        freight_tax_class: new.freight_tax_class.unwrap_or(TaxClass::Standard),
        freight_gross: Amount::ZERO,
        freight_invoiced: Amount::ZERO,
        freight_drafted: Amount::ZERO,
        net_total: Amount::ZERO,
        tax_total: Amount::ZERO,
        total: Amount::ZERO,
        unshipped_amount: Amount::ZERO,
        unbilled_amount: Amount::ZERO,
        credit_status: CreditStatus::Unchecked,
        note: new.note,
        lines: Vec::new(),
        metadata: new.metadata,
        confirmed_at: None,
        cancelled_at: None,
        closed_at: None,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    }
}

fn check_freight(freight: Amount, places: u32) -> Result<()> {
    if freight.is_negative() {
        return Err(ORDER_AMOUNT.field("/freight_amount", "Freight is not below zero."));
    }
    if freight.get().normalize().scale() > places {
        return Err(problems::too_many_decimals.field("/freight_amount", format!("The currency has {places} decimal places.")));
    }
    Ok(())
}

/// The warehouse a body names, or the company's default one if it has any.
fn warehouse(cx: &mut Cx, company: &Company, named: Option<WarehouseId>) -> Result<Option<Warehouse>> {
    let Some(id) = named else { return Ok(warehouses::default_of(cx.db(), company.id)?) };
    let found = cx.refer::<Warehouse>("/warehouse_id", id)?;
    if found.company_id != company.id {
        return Err(problems::unknown_reference.field("/warehouse_id", "The warehouse belongs to another company."));
    }
    Ok(Some(found))
}

/// Changes a draft.
pub fn update(cx: &mut Cx, id: SalesOrderId, patch: SalesOrderPatch) -> Result<SalesOrder> {
    let before = cx.load_for_update::<SalesOrder>(id)?;
    before.must_be_draft()?;
    let mut after = before.clone();
    if let Some(named) = patch.warehouse_id {
        let company = cx.find::<Company>(before.company_id)?;
        after.warehouse_id = warehouse(cx, &company, Some(named))?.map(|w| w.id);
    }
    if let Some(Some(address)) = &patch.ship_to {
        address.check().map_err(|p| p.under("/ship_to"))?;
    }
    if let Some(customer) = patch.customer_id {
        let new = cx.refer_itself::<Party>("/customer_id", customer)?;
        new.check_orderable("/customer_id")?;
        let old = cx.find::<Party>(before.customer_id)?;
        if before.ship_to.as_ref() == old.address_for(AddressPurpose::Shipping) {
            after.ship_to = new.address_for(AddressPurpose::Shipping).cloned();
        }
        after.customer_id = new.id;
    }
    if let Some(freight) = patch.freight_amount {
        check_freight(freight, currencies::minor_units(&before.currency)?)?;
        after.freight_amount = freight;
    }
    check_owner(cx, patch.owner_id.flatten())?;
    after.owner_id = patch.owner_id.unwrap_or(after.owner_id);
    after.customer_reference = patch.customer_reference.unwrap_or(after.customer_reference);
    after.order_date = patch.order_date.unwrap_or(after.order_date);
    if patch.exchange_rate.is_some() || (patch.order_date.is_some() && !before.exchange_rate_agreed) {
        let company = cx.find::<Company>(before.company_id)?;
        rate(cx, &company, &mut after, patch.exchange_rate)?;
    }
    after.requested_date = patch.requested_date.unwrap_or(after.requested_date);
    after.ship_to = patch.ship_to.unwrap_or(after.ship_to);
    after.payment_terms_days = patch.payment_terms_days.unwrap_or(after.payment_terms_days);
    check_terms(cx, Some(&before), &after)?;
    after.allow_backorder = patch.allow_backorder.unwrap_or(after.allow_backorder);
    after.freight_tax_class = patch.freight_tax_class.unwrap_or(after.freight_tax_class);
    after.note = patch.note.unwrap_or(after.note);
    after.metadata = patch.metadata.unwrap_or(after.metadata);
    if let Some(given) = patch.lines {
        after.lines = build(cx, &before, given, "/lines")?;
    }
    store(cx, &before, after)
}

/// Works the totals of a changed draft out and writes it, lines and all.
pub fn store(cx: &mut Cx, before: &SalesOrder, mut after: SalesOrder) -> Result<SalesOrder> {
    let company = cx.find::<Company>(after.company_id)?;
    let customer = cx.find::<Party>(after.customer_id)?;
    let taxes = Taxes::of(cx, &after, &customer)?;
    books::assess(&mut after, &taxes, &company)?;
    after.updated_at = cx.now;
    cx.delete_by::<SalesOrderLine>("order_id", before.id.uuid())?;
    cx.insert_all(&after.lines)?;
    cx.save(before, after, "updated")
}

/// Deletes a draft.
pub fn delete(cx: &mut Cx, id: SalesOrderId) -> Result<()> {
    let order = cx.load_for_update::<SalesOrder>(id)?;
    order.must_be_draft()?;
    cx.remove(order)
}

/// A deal was won: its order is drafted in the same transaction. A deal without lines gives one service line of its amount.
/// Won again after it was reopened, its draft follows what it has become; an order that binds already, or that a quote
/// gave, stays.
pub fn draft_for_won_deal(cx: &mut Cx, event: &Event) -> Result<()> {
    let deal: WonDeal = serde_json::from_value(event.data.clone()).map_err(|e| {
        log::error!("a won deal cannot be read: {e}");
        problems::internal
    })?;
    let known = orders::of_opportunity(cx.db(), deal.id)?;
    let known = known.map(|id| cx.find::<SalesOrder>(SalesOrderId::from_uuid(id))).transpose()?;
    if known.as_ref().is_some_and(|o| o.status != SalesOrderStatus::Draft || o.quote_id.is_some()) {
        return Ok(());
    }
    let lines = match deal.lines.is_empty() {
        true if deal.amount.is_positive() => vec![NewSalesOrderLine {
            product_id: None,
            description: Some(deal.name.clone()),
            quantity: Quantity::ONE,
            unit_id: None,
            unit_price: UnitPrice::try_from(deal.amount.get()).ok(),
            discount_percent: Rate::ZERO,
            tax_class: None,
        }],
        _ => deal.lines.iter().map(won_line).collect(),
    };
    let new = NewSalesOrder {
        company_id: deal.company_id,
        customer_id: deal.party_id,
        customer_reference: None,
        owner_id: deal.owner_id,
        warehouse_id: None,
        order_date: deal.closed_date,
        requested_date: None,
        ship_to: None,
        payment_terms_days: None,
        currency: Some(deal.currency.clone()),
        exchange_rate: None,
        prices_include_tax: Some(false),
        allow_backorder: false,
        freight_amount: Amount::ZERO,
        freight_tax_class: None,
        note: None,
        lines,
        metadata: Default::default(),
    };
    if let Some(draft) = known {
        return redraft(cx, draft, new);
    }
    let mut order = draft(cx, new)?;
    order.opportunity_id = Some(deal.id);
    let order = keep(cx, order)?;
    cx.link(deal.id, order.id, "orders")
}

/// A deal was lost: its draft order is given up, so that nobody confirms it. Won again later, the deal drafts another one.
pub fn cancel_for_lost_deal(cx: &mut Cx, event: &Event) -> Result<()> {
    let Ok(deal) = event.subject.parse::<OpportunityId>() else { return Ok(()) };
    for id in orders::draft_of_opportunity(cx.db(), deal)? {
        let before = cx.load_for_update::<SalesOrder>(SalesOrderId::from_uuid(id))?;
        let why = CancelSalesOrder { reason: Some("The opportunity was lost.".into()), lines: None };
        let after = before.clone().cancel(why, cx.now)?;
        orders::store_progress(cx.db(), &after.lines)?;
        cx.save(&before, after, "cancelled")?;
    }
    Ok(())
}

/// The draft of a deal that was won again: customer, currency, date and lines as they are now, all else as it was.
fn redraft(cx: &mut Cx, before: SalesOrder, new: NewSalesOrder) -> Result<()> {
    let before = cx.load_for_update::<SalesOrder>(before.id)?;
    let agreed = before.agreed_rate().filter(|_| new.currency.as_ref() == Some(&before.currency));
    let fresh = draft(cx, NewSalesOrder { exchange_rate: agreed, ..new })?;
    let mut lines = fresh.lines;
    lines.iter_mut().for_each(|l| l.order_id = before.id);
    let after = SalesOrder {
        ship_to: if fresh.customer_id == before.customer_id { before.ship_to.clone() } else { fresh.ship_to },
        customer_id: fresh.customer_id,
        currency: fresh.currency,
        exchange_rate: fresh.exchange_rate,
        exchange_rate_agreed: fresh.exchange_rate_agreed,
        order_date: fresh.order_date,
        prices_include_tax: fresh.prices_include_tax,
        lines,
        ..before.clone()
    };
    store(cx, &before, after).map(drop)
}

/// Letters that a remark on an order has at most; that of a quote may be longer.
const NOTE: usize = 2_000;

/// A quote became an order: it is drafted as it was accepted, in the same transaction and once. A later win of the quote's
/// deal finds it and drafts no other.
pub fn draft_for_quote(cx: &mut Cx, event: &Event) -> Result<()> {
    let quote: ConvertedQuote = serde_json::from_value(event.data.clone()).map_err(|e| {
        log::error!("a converted quote cannot be read: {e}");
        problems::internal
    })?;
    if orders::has_of_quote(cx.db(), quote.id)? {
        return Ok(());
    }
    if let Some(deal) = quote.opportunity_id
        && orders::of_opportunity(cx.db(), deal)?.is_some()
    {
        return Err(OPPORTUNITY_ORDERED.with(format!("The order of {deal} was drafted without this quote.")));
    }
    let new = NewSalesOrder {
        company_id: quote.company_id,
        customer_id: quote.party_id,
        customer_reference: quote.customer_reference,
        owner_id: quote.owner_id,
        warehouse_id: None,
        order_date: None,
        requested_date: None,
        ship_to: quote.shipping_address,
        payment_terms_days: Some(quote.payment_terms_days),
        currency: Some(quote.currency),
        exchange_rate: None,
        prices_include_tax: Some(quote.prices_include_tax),
        allow_backorder: false,
        freight_amount: quote.freight_amount,
        freight_tax_class: Some(quote.freight_tax_class),
        note: quote.note.map(|note| note.chars().take(NOTE).collect()),
        lines: quote.lines.iter().map(quoted_line).collect(),
        metadata: Default::default(),
    };
    let mut order = draft(cx, new)?;
    (order.opportunity_id, order.quote_id) = (quote.opportunity_id, Some(quote.id));
    let order = keep(cx, order)?;
    cx.link(quote.id, order.id, "orders")
}

fn quoted_line(l: &ConvertedLine) -> NewSalesOrderLine {
    NewSalesOrderLine {
        product_id: l.product_id,
        description: Some(l.description.clone()),
        quantity: l.quantity,
        unit_id: l.unit_id,
        unit_price: Some(l.unit_price),
        discount_percent: l.discount_percent,
        tax_class: Some(l.tax_class),
    }
}

fn won_line(l: &WonLine) -> NewSalesOrderLine {
    NewSalesOrderLine {
        product_id: l.product_id,
        description: Some(l.description.clone()),
        quantity: l.quantity,
        unit_id: None,
        unit_price: Some(l.unit_price),
        discount_percent: l.discount_percent,
        tax_class: None,
    }
}
