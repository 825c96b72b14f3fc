//! The order in which a transaction locks rows of the main documents, asserted in debug builds. Two transactions that lock the
//! same rows in the same order never wait for each other in a circle; so each table has a rank, and within one transaction
//! ranks only rise. A lower one may be locked again when that very row is locked already.
//!
//! On SQLite there is one writer and nothing to wait for; the order is asserted there all the same, because that is where
//! most tests run.

#[cfg(debug_assertions)]
use std::cell::RefCell;

use uuid::Uuid;

/// Tables in the order in which their rows are locked. What is not named here is locked last or alone.
#[cfg(debug_assertions)]
const RANKS: &[&str] = &[
    "leads",
    "opportunities",
    "quotes",
    "customer_returns",
    "deliveries",
    "payments",
    "credit_notes",
    "invoices",
    "sales_orders",
    "journal_entries",
];

#[cfg(debug_assertions)]
thread_local! {
    static HELD: RefCell<Vec<(usize, Uuid)>> = const { RefCell::new(Vec::new()) };
    /// Rows outside of the order: those that the transaction made itself, for which nobody else can wait, and those that it says
    /// it locks late.
    static MADE: RefCell<Vec<Uuid>> = const { RefCell::new(Vec::new()) };
}

/// A transaction begins, or a job of a group.
pub(crate) fn begin() {
    #[cfg(debug_assertions)]
    {
        HELD.with_borrow_mut(Vec::clear);
        MADE.with_borrow_mut(Vec::clear);
    }
}

/// A row was inserted.
#[cfg_attr(not(debug_assertions), allow(unused_variables))]
pub(crate) fn made(table: &'static str, id: Uuid) {
    #[cfg(debug_assertions)]
    if RANKS.contains(&table) {
        MADE.with_borrow_mut(|made| made.push(id));
    }
}

/// A row is locked late, as a consequence that was not known before.
pub(crate) fn exempt(table: &'static str, id: Uuid) {
    made(table, id);
}

/// A row is about to be locked.
#[cfg_attr(not(debug_assertions), allow(unused_variables))]
pub(crate) fn taken(table: &'static str, id: Uuid) {
    #[cfg(debug_assertions)]
    if let Some(rank) = RANKS.iter().position(|t| *t == table) {
        HELD.with_borrow_mut(|held| {
            if held.contains(&(rank, id)) || MADE.with_borrow(|made| made.contains(&id)) {
                return;
            }
            let highest = held.iter().map(|h| h.0).max().unwrap_or_default();
            assert!(rank >= highest, "a row of {table} is locked after one of {}: the order is {RANKS:?}", RANKS[highest]);
            held.push((rank, id));
        });
    }
}
