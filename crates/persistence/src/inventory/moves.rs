//! The quantity ledger: rows are added and never changed.

use crate::ledger::Ledger;
use domain::inventory::moves::StockMove;

crate::record! {
    stock_moves: StockMove {
        id: uid, company_id: uid, product_id: uid, from_location_id: uid, to_location_id: uid, quantity: quantity,
        source_id: text, source_line_id: opt(text), move_date: date, moved_at: instant,
    }
}

/// The table here whose rows stay as they were written.
pub(crate) const LEDGERS: &[Ledger] = &[Ledger { table: "stock_moves", columns: &[] }];
