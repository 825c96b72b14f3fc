//! The quantity ledger: rows are added and never changed.

use domain::inventory::moves::StockMove;

crate::record! {
    stock_moves: StockMove {
        id: uid, company_id: uid, product_id: uid, from_location_id: uid, to_location_id: uid, quantity: quantity,
        source_id: text, source_line_id: opt(text), move_date: date, moved_at: instant,
    }
}
