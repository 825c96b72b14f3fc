//! What deals brought by the books, as the front office asks for it: by the ids of their orders and invoices.

use domain::directory::companies::Company;
use domain::ids::{CompanyId, InvoiceId, SalesOrderId};
use domain::marketing::attribution::{AttributionBasis, DealFigure, DealOrigin};
use persistence::sales::deal_figures as rows;
use platform::prelude::*;
use platform::questions::{DealAnswers, Questions};

pub fn questions(q: &mut Questions) {
    q.answer_deals(DealAnswers { origin, figures });
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

/// What documents brought in all, of these kinds of money, by day. The pipeline is not known here.
fn figures(cx: &mut Cx, company: CompanyId, documents: &[String], of: &[AttributionBasis]) -> Result<Vec<DealFigure>> {
    let orders: Vec<SalesOrderId> = documents.iter().filter_map(|d| d.parse().ok()).collect();
    let keys: Vec<_> = orders.iter().map(|o| o.uuid()).collect();
    let mut out = Vec::new();
    if of.contains(&AttributionBasis::Bookings) && !keys.is_empty() {
        let company = cx.find::<Company>(company)?;
        for (day, net, rate) in rows::booked(cx.db(), &keys)? {
            out.push(DealFigure { basis: AttributionBasis::Bookings, day, amount: company.round(net.get() * rate.get())? });
        }
    }
    let billed = [AttributionBasis::Invoiced, AttributionBasis::Cash, AttributionBasis::Margin];
    if !billed.iter().any(|b| of.contains(b)) {
        return Ok(out);
    }
    let mut invoices: Vec<_> = documents.iter().filter_map(|d| d.parse::<InvoiceId>().ok()).map(|i| i.uuid()).collect();
    if !orders.is_empty() {
        invoices.extend(rows::invoices_of(cx.db(), &orders)?);
    }
    let (wants_invoiced, wants_margin) = (of.contains(&AttributionBasis::Invoiced), of.contains(&AttributionBasis::Margin));
    if (wants_invoiced || wants_margin) && !invoices.is_empty() {
        for (day, amount) in rows::invoiced(cx.db(), &invoices)? {
            if wants_invoiced {
                out.push(DealFigure { basis: AttributionBasis::Invoiced, day, amount });
            }
            if wants_margin {
                out.push(DealFigure { basis: AttributionBasis::Margin, day, amount });
            }
        }
    }
    if wants_margin && !keys.is_empty() {
        let goods = rows::goods_of(cx.db(), &keys)?;
        let spent = rows::cost(cx.db(), &goods)?;
        out.extend(spent.into_iter().map(|(day, cost)| DealFigure { basis: AttributionBasis::Margin, day, amount: -cost }));
    }
    if of.contains(&AttributionBasis::Cash) && !invoices.is_empty() {
        let paid = rows::paid(cx.db(), &invoices)?;
        out.extend(paid.into_iter().map(|(day, amount)| DealFigure { basis: AttributionBasis::Cash, day, amount }));
    }
    Ok(out)
}
