//! Operations on quotes: making them, by hand or from an opportunity, and changing drafts. Prices and taxes are asked of
//! the back office, so that the order that comes of a quote costs the same.

pub mod lines;
pub mod link;
pub mod pdf;
pub mod steps;

use domain::crm::opportunities::{NOT_OPEN, Opportunity, OpportunityStatus};
use domain::crm::quotes::steps::{check_validity, validity_from};
use domain::crm::quotes::*;
use domain::directory::addresses::Address;
use domain::directory::companies::Company;
use domain::directory::contacts::Contact;
use domain::directory::parties::{AddressPurpose, Party};
use domain::directory::products::{Product, TaxClass};
use domain::directory::timeline::TimelineEntry;
use domain::directory::{currencies, parties};
use domain::identity::users::DISABLED;
use domain::identity::visibility::FieldClass;
use domain::ids::{ContactId, QuoteId, QuoteLineId, UserId};
use domain::sales::orders::NewSalesOrder;
use domain::sales::orders::PriceOfSale;
use persistence::crm::quotes::lines as line_rows;
use platform::directory::parties::check_days;
use platform::directory::timeline;
use platform::identity::users;
use platform::pdf::UNPRINTABLE;
use platform::prelude::*;

/// A quote is for somebody.
pub const NO_PARTY: Code = Code::invalid("quote.no_party", "A quote needs a party or an opportunity.");
/// The opportunity is one with another party.
pub const FOREIGN_OPPORTUNITY: Code = Code::invalid("quote.opportunity_of_another_party", "The opportunity is one with another party.");
/// There is no opportunity to win.
pub const NO_OPPORTUNITY: Code = Code::invalid("quote.no_opportunity", "The quote belongs to no opportunity.");
/// Lines of an opportunity are in its currency, without tax.
pub const OTHER_PRICES: Code =
    Code::invalid("quote.opportunity_prices", "The lines of an opportunity are in its currency and without tax; give lines of your own.");

/// What pricing a quote can answer.
pub const PRICE_REFUSALS: &[Code] = &[
    currencies::UNKNOWN_CURRENCY,
    parties::ARCHIVED,
    domain::directory::products::ARCHIVED,
    domain::sales::order_lines::ORDER_LINE,
    domain::sales::orders::ORDER_AMOUNT,
    domain::tax::rules::TAX_RULE_MISSING,
    domain::tax::codes::NO_RATE_YET,
    domain::tax::engine::NEGATIVE_LINE,
];
const VALIDITY: &[Code] = &[domain::crm::quotes::steps::VALIDITY_PAST, domain::crm::quotes::steps::VALIDITY_TOO_LONG];
const ADDRESS: &[Code] = &[domain::directory::addresses::UNKNOWN_COUNTRY];

pub fn operations(t: &mut Table) {
    let mut n = t.noun::<Quote>("crm/quotes", "Priced and taxed offers, with revisions, public links and a PDF.");
    n.searched(Words::titled("title").codes(&["number", "customer_reference"]).details(&["customer.name"]));
    n.owned_by("owner_id").takes_tags();
    n.masked(FieldClass::Personal, &["answer.address", "answer.user_agent"]);
    n.list("List quotes.")
        .filter(&["status", "number", "revision", "party_id", "contact_id", "opportunity_id", "owner_id", "previous_revision_id"])
        .filter(&["currency", "quote_date", "valid_until", "total", "sent_at"])
        .search(&["search"])
        .sort(&["number", "title", "quote_date", "valid_until", "total", "sent_at"])
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Opportunity>("opportunity", "opportunity_id")
        .expand::<Product>("lines.product", "lines.product_id")
        .figures(
            Figures::by(&["status", "owner_id", "party_id", "opportunity_id", "currency", "company_id"])
                .money("currency", &["net_total", "tax_total", "total"])
                .dates(&["quote_date", "created_at", "valid_until", "sent_at"]),
        );
    n.create(create, CREATE).fails(PRICE_REFUSALS).fails(VALIDITY).fails(ADDRESS).fails(&[
        NO_PARTY,
        FOREIGN_OPPORTUNITY,
        NO_OPPORTUNITY,
        OTHER_PRICES,
        NOT_OPEN,
        DISABLED,
    ]);
    n.read("Get a quote.")
        .expand::<Party>("party", "party_id")
        .expand::<Contact>("contact", "contact_id")
        .expand::<Opportunity>("opportunity", "opportunity_id")
        .expand::<Product>("lines.product", "lines.product_id");
    n.update(update, UPDATE).fails(PRICE_REFUSALS).fails(VALIDITY).fails(ADDRESS).fails(&[
        domain::crm::quotes::steps::NOT_A_DRAFT,
        NO_OPPORTUNITY,
        DISABLED,
    ]);
    n.delete(delete, "Delete a draft that was never sent. A revision stays, because its number is out.")
        .fails(&[domain::crm::quotes::steps::NOT_A_DRAFT, domain::crm::quotes::steps::REVISION_STAYS]);
    n.page_of::<TimelineEntry>("timeline", timeline::of_document::<Quote>, TIMELINE)
        .filter_as("occurred_at", "at")
        .filter(&["kind", "subject"]);
    n.content("pdf", pdf::of_quote, PDF).makes("application/pdf").fails(&[UNPRINTABLE]);
    steps::operations(&mut n);
    lines::operations(&mut n);
    let minute = chrono::TimeDelta::minutes(1);
    t.each("crm.quotes.expire", minute, steps::BATCH, steps::overdue, steps::expire);
}

const TIMELINE: &str =
    "List what happened to a quote and to what came from it, newest first. Kinds that the caller may not read are left out.";
const CREATE: &str = "Make a quote, by hand or from an opportunity. From an opportunity it takes party, contact, currency and lines \
where they are left out. Lines are priced and taxed as those of a sales order. It starts as a draft without a number.";
const PDF: &str = "Get a quote as PDF. The same quote gives the same bytes. Letters outside of Western Europe are written in Latin \
letters, and the document says so.";
const UPDATE: &str = "Change a draft. Lines are replaced as a whole; single lines have endpoints of their own. What was sent is revised.";

fn create(cx: &mut Cx, mut new: NewQuote) -> Result<Quote> {
    let company = cx.company(new.company_id)?;
    let deal = deal_of(cx, &new)?;
    let Some(party_id) = new.party_id.or(deal.as_ref().map(|d| d.party_id)) else {
        return Err(NO_PARTY.field("/party_id", "Say for whom it is."));
    };
    let party = cx.refer_itself::<Party>("/party_id", party_id)?;
    party.check_usable("/party_id")?;
    check_days(cx, &party, &company, None, new.payment_terms_days)?;
    let contact_id = new.contact_id.or(deal.as_ref().and_then(|d| d.contact_id));
    let contact_id = contact_id.map(|id| cx.refer::<Contact>("/contact_id", id)).transpose()?.map(|c| c.id);
    let today = cx.today(&company);
    let valid_until = new.valid_until.unwrap_or_else(|| validity_from(today));
    check_validity(valid_until, today)?;
    let currency = new.currency.take().or(deal.as_ref().map(|d| d.currency.clone())).unwrap_or_else(|| party.sales_currency(&company));
    currencies::minor_units(&currency).map_err(|p| p.under("/currency"))?;
    let wanted = match (new.lines.take(), &deal) {
        (Some(lines), _) => lines,
        (None, Some(deal)) => {
            if currency != deal.currency || new.prices_include_tax == Some(true) {
                return Err(OTHER_PRICES.field("/lines", format!("Those of the opportunity are in {} without tax.", deal.currency)));
            }
            new.prices_include_tax = Some(false);
            lines_of(deal)
        }
        (None, None) => Vec::new(),
    };
    check_addresses(&[("/billing_address", &new.billing_address), ("/shipping_address", &new.shipping_address)])?;
    check_owner(cx, new.owner_id)?;
    let title = new.title.or(deal.as_ref().map(|d| d.name.clone())).unwrap_or_else(|| party.name.clone());
    let mut quote = Quote {
        id: cx.new_id(),
        company_id: company.id,
        number: None,
        revision: 1,
        previous_revision_id: None,
        superseded_by_id: None,
        status: QuoteStatus::Draft,
        title,
        opportunity_id: deal.as_ref().map(|d| d.id),
        wins_opportunity: new.wins_opportunity,
        party_id,
        contact_id,
        owner_id: new.owner_id.or(cx.caller.user_id),
        seller: seller(&company),
        customer: QuoteParty {
            name: String::new(),
            contact: None,
            tax_id: None,
            address: new.billing_address.or_else(|| party.address_for(AddressPurpose::Billing).cloned()),
        },
        shipping_address: new.shipping_address.or_else(|| party.address_for(AddressPurpose::Shipping).cloned()),
        quote_date: today,
        valid_until,
        expires_at: None,
        payment_terms_days: new.payment_terms_days.unwrap_or_else(|| party.customer_days(&company)),
        currency,
        prices_include_tax: new.prices_include_tax.unwrap_or(company.prices_include_tax),
        freight_amount: new.freight_amount,
        freight_tax_class: new.freight_tax_class.unwrap_or(TaxClass::Standard),
        freight_gross: Amount::ZERO,
        net_total: Amount::ZERO,
        tax_total: Amount::ZERO,
        total: Amount::ZERO,
        taxes: Vec::new(),
        note: new.note,
        customer_reference: None,
        answer: None,
        win_problem: None,
        sent_at: None,
        converted_at: None,
        sales_order_id: None,
        link: None,
        lines: Vec::new(),
        metadata: new.metadata,
        version: 1,
        created_at: cx.now,
        updated_at: cx.now,
    };
    print_names(cx, &mut quote, &company, &party)?;
    price(cx, &mut quote, fresh(cx, wanted))?;
    let made = cx.create(quote)?;
    cx.insert_all(&made.lines)?;
    if let Some(deal) = &deal {
        cx.link(deal.id, made.id, "quotes")?;
    }
    Ok(made)
}

/// The opportunity that a quote is made from, when it fits.
fn deal_of(cx: &mut Cx, new: &NewQuote) -> Result<Option<Opportunity>> {
    let Some(id) = new.opportunity_id else {
        return match new.wins_opportunity {
            true => Err(NO_OPPORTUNITY.field("/wins_opportunity", "There is no opportunity to win.")),
            false => Ok(None),
        };
    };
    let deal = cx.refer::<Opportunity>("/opportunity_id", id)?;
    if deal.company_id != new.company_id {
        return Err(problems::unknown_reference.field("/opportunity_id", "The opportunity belongs to another company."));
    }
    if new.party_id.is_some_and(|p| p != deal.party_id) {
        return Err(FOREIGN_OPPORTUNITY.field("/party_id", "Leave it out to take that of the opportunity."));
    }
    if deal.status == OpportunityStatus::Lost {
        return Err(NOT_OPEN.field("/opportunity_id", "The opportunity is lost."));
    }
    Ok(Some(deal))
}

/// What a deal is about, as lines of a quote: a deal without lines gives one of its amount.
fn lines_of(deal: &Opportunity) -> Vec<NewQuoteLine> {
    let blank = |description: &str, quantity, unit_price, discount_percent, product_id| NewQuoteLine {
        product_id,
        description: Some(description.to_string()),
        quantity,
        unit_id: None,
        unit_price,
        discount_percent,
        tax_class: None,
    };
    match deal.lines.is_empty() {
        true if deal.amount.is_positive() => {
            vec![blank(&deal.name, Quantity::ONE, UnitPrice::try_from(deal.amount.get()).ok(), Rate::ZERO, None)]
        }
        _ => {
            let lines = deal.lines.iter();
            lines.map(|l| blank(&l.description, l.quantity, Some(l.unit_price), l.discount_percent, l.product_id)).collect()
        }
    }
}

fn update(cx: &mut Cx, id: QuoteId, patch: QuotePatch) -> Result<Quote> {
    let before = cx.load_for_update::<Quote>(id)?;
    before.must_be_draft()?;
    let company = cx.find::<Company>(before.company_id)?;
    let party = cx.find::<Party>(before.party_id)?;
    let mut after = before.clone();
    if patch.wins_opportunity == Some(true) && before.opportunity_id.is_none() {
        return Err(NO_OPPORTUNITY.field("/wins_opportunity", "There is no opportunity to win."));
    }
    if let Some(until) = patch.valid_until {
        check_validity(until, cx.today(&company))?;
        after.valid_until = until;
    }
    let given = |a: &Option<Option<Address>>| a.clone().flatten();
    check_addresses(&[("/billing_address", &given(&patch.billing_address)), ("/shipping_address", &given(&patch.shipping_address))])?;
    check_owner(cx, patch.owner_id.flatten().filter(|owner| before.owner_id != Some(*owner)))?;
    after.title = patch.title.unwrap_or(after.title);
    after.wins_opportunity = patch.wins_opportunity.unwrap_or(after.wins_opportunity);
    if let Some(named) = patch.contact_id {
        after.contact_id = named.map(|id| cx.refer::<Contact>("/contact_id", id)).transpose()?.map(|c| c.id);
    }
    after.owner_id = patch.owner_id.unwrap_or(after.owner_id);
    after.customer.address = patch.billing_address.unwrap_or(after.customer.address);
    after.shipping_address = patch.shipping_address.unwrap_or(after.shipping_address);
    after.payment_terms_days = patch.payment_terms_days.unwrap_or(after.payment_terms_days);
    check_days(cx, &party, &company, Some(before.payment_terms_days), Some(after.payment_terms_days))?;
    after.note = patch.note.unwrap_or(after.note);
    after.metadata = patch.metadata.unwrap_or(after.metadata);
    let reprice = patch.lines.is_some() || patch.freight_amount.is_some() || patch.freight_tax_class.is_some();
    after.freight_amount = patch.freight_amount.unwrap_or(after.freight_amount);
    after.freight_tax_class = patch.freight_tax_class.unwrap_or(after.freight_tax_class);
    print_names(cx, &mut after, &company, &party)?;
    if reprice {
        let wanted = match patch.lines {
            Some(lines) => fresh(cx, lines),
            None => kept(&after),
        };
        price(cx, &mut after, wanted)?;
    }
    store(cx, &before, after, "updated")
}

fn delete(cx: &mut Cx, id: QuoteId) -> Result<()> {
    let quote = cx.load_for_update::<Quote>(id)?;
    quote.must_be_deletable()?;
    cx.remove(quote)
}

/// Lines to be priced, and the ids they have or get.
pub(crate) type Wanted = Vec<(QuoteLineId, NewQuoteLine)>;

pub(crate) fn fresh(cx: &Cx, lines: Vec<NewQuoteLine>) -> Wanted {
    lines.into_iter().map(|l| (cx.new_id(), l)).collect()
}
pub(crate) fn kept(quote: &Quote) -> Wanted {
    quote.lines.iter().map(|l| (l.id, l.into())).collect()
}

/// Asks the back office what these lines come to and writes the figures onto the quote. Places of refusals are those of a
/// quote: `/lines/0/quantity`, `/freight_amount`.
pub(crate) fn price(cx: &mut Cx, quote: &mut Quote, wanted: Wanted) -> Result<()> {
    let (ids, lines): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    let sale = NewSalesOrder {
        company_id: quote.company_id,
        customer_id: quote.party_id,
        customer_reference: None,
        owner_id: None,
        warehouse_id: None,
        order_date: Some(quote.quote_date),
        requested_date: None,
        ship_to: None,
        payment_terms_days: None,
        currency: Some(quote.currency.clone()),
        exchange_rate: None,
        prices_include_tax: Some(quote.prices_include_tax),
        allow_backorder: false,
        freight_amount: quote.freight_amount,
        freight_tax_class: Some(quote.freight_tax_class),
        note: None,
        lines: lines.into_iter().map(Into::into).collect(),
        metadata: Default::default(),
    };
    let priced = cx.ask::<PriceOfSale>(sale)?;
    let order = priced.order;
    let lines = ids.into_iter().zip(order.lines).zip(1..);
    quote.lines = lines.map(|((id, line), position)| QuoteLine::priced(id, quote.id, position, line)).collect();
    quote.taxes = priced.taxes;
    quote.freight_gross = order.freight_gross;
    (quote.net_total, quote.tax_total, quote.total) = (order.net_total, order.tax_total, order.total);
    Ok(())
}

/// Writes a changed quote, lines and all.
pub(crate) fn store(cx: &mut Cx, before: &Quote, mut after: Quote, verb: &str) -> Result<Quote> {
    after.updated_at = cx.now;
    store_lines(cx, before, &after)?;
    cx.save(before, after, verb)
}

/// Writes the lines where they changed.
pub(crate) fn store_lines(cx: &mut Cx, before: &Quote, after: &Quote) -> Result<()> {
    if before.lines != after.lines {
        line_rows::write(cx.db(), after.id, &after.lines)?;
    }
    Ok(())
}

/// Copies the names that are printed; addresses stay as they were chosen.
pub(crate) fn print_names(cx: &mut Cx, quote: &mut Quote, company: &Company, party: &Party) -> Result<()> {
    quote.seller = seller(company);
    quote.customer.name = party.legal_name.clone().unwrap_or_else(|| party.name.clone());
    quote.customer.tax_id = party.tax_id.clone();
    quote.customer.contact = match quote.contact_id {
        Some(id) => Some(contact_name(cx, id)?),
        None => None,
    };
    Ok(())
}

fn contact_name(cx: &mut Cx, id: ContactId) -> Result<String> {
    Ok(cx.refer::<Contact>("/contact_id", id)?.name.chars().take(200).collect())
}

fn seller(company: &Company) -> QuoteParty {
    QuoteParty {
        name: company.legal_name.clone().unwrap_or_else(|| company.name.clone()),
        contact: None,
        tax_id: company.tax_id.clone(),
        address: company.address.clone(),
    }
}

fn check_addresses(given: &[(&str, &Option<Address>)]) -> Result<()> {
    for (pointer, address) in given {
        if let Some(address) = address {
            address.check().map_err(|p| p.under(pointer))?;
        }
    }
    Ok(())
}

fn check_owner(cx: &mut Cx, owner: Option<UserId>) -> Result<()> {
    match owner {
        Some(owner) => users::refer_active(cx, "/owner_id", owner).map(drop),
        None => Ok(()),
    }
}
