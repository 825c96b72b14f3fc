//! Tables whose rows stay as they were written: triggers guard them on both engines, and on PostgreSQL the role that serves has no
//! right to change them. Each noun declares its own beside its rows. Those that begin as drafts (entries, invoices, payments) are
//! not among them: there the triggers judge each row, and only the owner could switch them off.

/// A table whose rows stay as they were written.
pub struct Ledger {
    pub table: &'static str,
    /// Columns that may change all the same; the triggers say when.
    pub columns: &'static [&'static str],
}
