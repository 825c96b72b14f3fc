//! A quote on paper. What is printed is what the quote keeps, so that one that was sent looks the same for ever.

use domain::crm::quotes::{Quote, QuoteParty, QuoteStatus};
use domain::directory::addresses::Address;
use domain::ids::QuoteId;
use platform::pdf::{Column, MARGIN, PAGE_WIDTH, Sheet, Style};
use platform::prelude::*;
use platform::table::Binary;

use super::link;

const RIGHT: i64 = PAGE_WIDTH - MARGIN;
const HALF: Column = Column::left(MARGIN, 230_000);
const FACT: Column = Column::left(RIGHT - 190_000, 90_000);
const VALUE: Column = Column::right(RIGHT - 100_000, 100_000);

const POSITION: Column = Column::left(MARGIN, 24_000);
const WHAT: Column = Column::left(MARGIN + 26_000, 196_000);
const QUANTITY: Column = Column::right(MARGIN + 226_000, 56_000);
const PRICE: Column = Column::right(MARGIN + 286_000, 72_000);
const DISCOUNT: Column = Column::right(MARGIN + 362_000, 44_000);
const AMOUNT: Column = Column::right(RIGHT - 74_000, 74_000);
const SUM: Column = Column::right(RIGHT - 330_000, 230_000);
const SUM_VALUE: Column = Column::right(RIGHT - 98_000, 98_000);

/// The quote as PDF, for its author.
pub fn of_quote(cx: &mut Cx, id: QuoteId) -> Result<Binary> {
    let quote = cx.find::<Quote>(id)?;
    printed(&quote)
}

/// The quote as PDF, for who has its link.
pub fn by_link(cx: &mut Cx, token: &str) -> Result<Binary> {
    let quote = link::opened(cx, token)?;
    printed(&quote)
}

fn printed(quote: &Quote) -> Result<Binary> {
    let name = quote.number.clone().unwrap_or_else(|| "draft".into());
    Ok(Binary {
        media_type: "application/pdf".into(),
        file_name: format!("{name}-{}.pdf", quote.revision),
        etag: Some(quote.version.to_string()),
        bytes: render(quote)?,
    })
}

fn render(q: &Quote) -> Result<Vec<u8>> {
    let mut sheet = Sheet::default();
    head(&mut sheet, q);
    columns(&mut sheet, q);
    for l in &q.lines {
        let discount = if l.discount_percent.is_zero() { String::new() } else { format!("{} %", plain(&l.discount_percent.to_string())) };
        let cells = [
            (POSITION, l.position.to_string()),
            (WHAT, l.description.clone()),
            (QUANTITY, plain(&l.quantity.to_string())),
            (PRICE, grouped(&l.unit_price.to_string())),
            (DISCOUNT, discount),
            (AMOUNT, grouped(&l.line_amount.to_string())),
        ];
        sheet.row(Style::PLAIN, &cells, |s| columns(s, q));
        sheet.space(3_000);
    }
    totals(&mut sheet, q);
    foot(&mut sheet, q);
    let title = format!("Quote {}", known_as(q));
    let footer = format!("{} - {}", q.seller.name, title);
    sheet.finish(&title, &footer)
}

fn known_as(q: &Quote) -> String {
    match (&q.number, q.revision) {
        (None, _) => "(draft)".into(),
        (Some(n), 1) => n.clone(),
        (Some(n), r) => format!("{n} revision {r}"),
    }
}

fn head(sheet: &mut Sheet, q: &Quote) {
    party(sheet, &q.seller, Style::BOLD);
    sheet.space(14_000);
    sheet.text(Column::WHOLE, Style::TITLE, &format!("Quote {}", known_as(q)));
    if q.status == QuoteStatus::Draft {
        sheet.text(Column::WHOLE, Style::PLAIN, "A draft that binds nobody.");
    }
    sheet.text(Column::WHOLE, Style::BOLD, &q.title);
    sheet.space(10_000);
    let top = sheet.y();
    party(sheet, &q.customer, Style::PLAIN);
    let left = sheet.y();
    sheet.set_y(top);
    let terms = match q.payment_terms_days {
        0 => "at once".to_string(),
        days => format!("{days} days"),
    };
    for (fact, value) in [
        ("Date", q.quote_date.to_string()),
        ("Valid until", q.valid_until.to_string()),
        ("Payment", terms),
        ("Currency", q.currency.clone()),
    ] {
        sheet.row(Style::PLAIN, &[(FACT, fact.into()), (VALUE, value)], |_| {});
    }
    sheet.set_y(sheet.y().max(left) + 16_000);
}

fn party(sheet: &mut Sheet, p: &QuoteParty, name: Style) {
    sheet.text(HALF, name, &p.name);
    if let Some(contact) = &p.contact {
        sheet.text(HALF, Style::PLAIN, contact);
    }
    if let Some(a) = &p.address {
        address(sheet, a);
    }
    if let Some(tax_id) = &p.tax_id {
        sheet.text(HALF, Style::SMALL, &format!("Tax id {tax_id}"));
    }
}

fn address(sheet: &mut Sheet, a: &Address) {
    let place = [a.postal_code.as_deref(), a.city.as_deref(), a.region.as_deref()];
    let place = place.into_iter().flatten().collect::<Vec<_>>().join(" ");
    for line in [Some(a.line1.as_str()), a.line2.as_deref(), Some(place.as_str()), Some(a.country.as_str())].into_iter().flatten() {
        if !line.is_empty() {
            sheet.text(HALF, Style::PLAIN, line);
        }
    }
}

/// What stands above the lines, on every page.
fn columns(sheet: &mut Sheet, q: &Quote) {
    let price = if q.prices_include_tax { "Price with tax" } else { "Price" };
    let cells = [(POSITION, ""), (WHAT, "Description"), (QUANTITY, "Quantity"), (PRICE, price), (DISCOUNT, "Discount"), (AMOUNT, "Amount")];
    sheet.row(Style::BOLD, &cells.map(|(c, t)| (c, t.to_string())), |_| {});
    sheet.rule();
}

fn totals(sheet: &mut Sheet, q: &Quote) {
    let mut sums: Vec<(String, Amount)> = Vec::new();
    if !q.freight_amount.is_zero() {
        sums.push(("Freight".into(), q.freight_amount));
    }
    sums.push(("Net".into(), q.net_total));
    for t in &q.taxes {
        sums.push((format!("{} {} % on {}", t.code, plain(&t.rate.to_string()), grouped(&t.base.to_string())), t.amount));
    }
    // the sums stay together
    sheet.keep((sums.len() as i64 + 2) * Style::PLAIN.leading() + 8_000);
    sheet.rule();
    for (what, amount) in sums {
        sheet.row(Style::PLAIN, &[(SUM, what), (SUM_VALUE, grouped(&amount.to_string()))], |_| {});
    }
    let total = format!("{} {}", grouped(&q.total.to_string()), q.currency);
    sheet.row(Style::BOLD, &[(SUM, "Total".into()), (SUM_VALUE, total)], |_| {});
}

fn foot(sheet: &mut Sheet, q: &Quote) {
    if let Some(note) = &q.note {
        sheet.space(14_000);
        sheet.text(Column::WHOLE, Style::PLAIN, note);
    }
    if let Some(to) = q.shipping_address.as_ref().filter(|a| q.customer.address.as_ref() != Some(a)) {
        sheet.space(14_000);
        sheet.keep(5 * Style::PLAIN.leading());
        sheet.text(HALF, Style::BOLD, "Delivery to");
        address(sheet, to);
    }
}

/// `1234567.50` as `1,234,567.50`.
fn grouped(number: &str) -> String {
    let (sign, digits) = number.strip_prefix('-').map_or(("", number), |d| ("-", d));
    let (whole, rest) = digits.split_once('.').map_or((digits, None), |(w, r)| (w, Some(r)));
    let mut out = String::from(sign);
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

/// Without zeros that say nothing.
fn plain(number: &str) -> String {
    match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_easy_to_read() {
        for (number, text) in [("0.00", "0.00"), ("999", "999"), ("1000", "1,000"), ("-1234567.5", "-1,234,567.5")] {
            assert_eq!(grouped(number), text);
        }
        for (number, text) in [("10", "10"), ("1.500000", "1.5"), ("2.000000", "2"), ("100", "100")] {
            assert_eq!(plain(number), text);
        }
    }
}
