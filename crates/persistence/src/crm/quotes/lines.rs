//! Rows of the lines of quotes. They are written with their quote.

use domain::crm::quotes::QuoteLine;
use domain::ids::QuoteId;
use domain::kernel::Id;

use crate::{Conn, Result, record};

crate::record! {
    quote_lines: QuoteLine {
        id: uid, quote_id: uid, position: small, product_id: opt(uid), description: text, quantity: quantity, unit_id: opt(uid),
        unit_price: price, discount_percent: rate, line_amount: amount, tax_class: word, tax_code_ids: json, net_amount: amount,
        tax_amount: amount, gross_amount: amount,
    }
    unstored { version }
}

/// Replaces the lines of a quote by these.
pub fn write(db: &mut Conn, of: QuoteId, lines: &[QuoteLine]) -> Result<()> {
    record::delete_by::<QuoteLine>(db, "quote_id", of.uuid())?;
    if lines.is_empty() { Ok(()) } else { record::insert(db, lines) }
}
