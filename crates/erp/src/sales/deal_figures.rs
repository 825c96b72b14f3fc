//! What the documents of deals brought by the books, as the front office asks for it: one document at a time, so that the
//! thousandth invoice of an order costs what the first one did.

use chrono::NaiveDate;
use domain::directory::companies::Company;
use domain::ids::{CompanyId, CreditNoteId, CustomerReturnId, DeliveryId, InvoiceId, SalesOrderId};
use domain::marketing::attribution::{AttributionBasis, DealFigure, DealOrigin, FiguresOfDocument, OriginOfDocument};
use persistence::sales::deal_figures as rows;
use platform::prelude::*;
use platform::questions::Questions;

pub fn questions(q: &mut Questions) {
    q.answer::<OriginOfDocument>(origin);
    q.answer::<FiguresOfDocument>(figures);
}

/// Which deal an order or invoice belongs to.
fn origin(cx: &mut Cx, document: &str) -> Result<Option<DealOrigin>> {
    let mut document = document.to_string();
    if let Ok(invoice) = document.parse::<InvoiceId>() {
        let Some((company, party, order, at)) = rows::origin_of_invoice(cx.db(), invoice.uuid())? else { return Ok(None) };
        match order {
            Some(order) => document = order,
            None => return Ok(Some(DealOrigin { document, company, party, opportunity: None, at })),
        }
    }
    let Ok(order) = document.parse::<SalesOrderId>() else { return Ok(None) };
    let found = rows::origin_of_order(cx.db(), order.uuid())?;
    Ok(found.map(|(company, party, opportunity, at)| DealOrigin { document, company, party, opportunity, at }))
}

/// What one document brought, of these kinds of money, by day: an order was booked; an invoice, with what was paid of it, or a
/// credit note counts itself; a delivery or a return costs. The pipeline is not known here.
fn figures(cx: &mut Cx, (company, document, of): (CompanyId, &str, &[AttributionBasis])) -> Result<Vec<DealFigure>> {
    use AttributionBasis::{Bookings, Cash, Invoiced, Margin};
    let wants = |basis| of.contains(&basis);
    let as_figures = |basis, rows: Vec<(NaiveDate, Amount)>| rows.into_iter().map(move |(day, amount)| DealFigure { basis, day, amount });
    let mut out = Vec::new();
    if let Ok(order) = document.parse::<SalesOrderId>() {
        if wants(Bookings) {
            let company = cx.find::<Company>(company)?;
            for (day, net, rate) in rows::booked(cx.db(), order)? {
                out.push(DealFigure { basis: Bookings, day, amount: company.round(net.get() * rate.get())? });
            }
        }
        return Ok(out);
    }
    let billed = match (document.parse::<InvoiceId>(), document.parse::<CreditNoteId>()) {
        (Ok(invoice), _) => Some(rows::Billed::Invoice(invoice)),
        (_, Ok(note)) => Some(rows::Billed::CreditNote(note)),
        _ => None,
    };
    if let Some(billed) = billed {
        if wants(Invoiced) || wants(Margin) {
            let revenue = rows::invoiced(cx.db(), billed)?;
            for basis in [Invoiced, Margin].into_iter().filter(|b| wants(*b)) {
                out.extend(as_figures(basis, revenue.clone()));
            }
        }
        if wants(Cash) {
            out.extend(as_figures(Cash, rows::paid(cx.db(), billed)?));
        }
        return Ok(out);
    }
    let moves_goods = document.parse::<DeliveryId>().is_ok() || document.parse::<CustomerReturnId>().is_ok();
    if moves_goods && wants(Margin) {
        let cost = rows::cost(cx.db(), document)?;
        out.extend(as_figures(Margin, cost.into_iter().map(|(day, cost)| (day, -cost)).collect()));
    }
    Ok(out)
}
