//! Rows of the lines of opportunities. They are written with their opportunity.

use domain::crm::opportunities::OpportunityLine;
use domain::ids::OpportunityId;
use domain::kernel::Id;

use crate::{Conn, Result, record};

crate::record! {
    opportunity_lines: OpportunityLine {
        id: uid, opportunity_id: uid, position: small, product_id: opt(uid), description: text, quantity: quantity,
        unit_price: price, discount_percent: rate, net_amount: amount,
    }
    unstored { available, version }
}

/// Replaces the lines of a deal by these.
pub fn write(db: &mut Conn, of: OpportunityId, lines: &[OpportunityLine]) -> Result<()> {
    record::delete_by::<OpportunityLine>(db, "opportunity_id", of.uuid())?;
    if lines.is_empty() { Ok(()) } else { record::insert(db, lines) }
}
