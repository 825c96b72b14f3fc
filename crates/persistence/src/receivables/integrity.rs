//! Queries that recompute what customers owe. Each answers the violations of its rule.

use chrono::NaiveDate;
use domain::kernel::Amount;
use uuid::Uuid;

use crate::{Conn, Only, Result, sql};

/// Days on which a receivable account moved by something else than its open items: company, account, day, ledger, items. An
/// account that agrees on each day agrees at the end of each day.
pub fn receivables(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid, NaiveDate, Amount, Amount)>> {
    sql!(
        "SELECT company_id, account_id, day, SUM(ledger), SUM(items) FROM (\
         SELECT l.company_id, l.account_id, l.posting_date AS day, l.debit - l.credit AS ledger, 0 AS items FROM journal_lines l \
         WHERE {} AND l.account_id IN (SELECT account_id FROM account_determinations WHERE role = 'receivable' \
         UNION SELECT account_id FROM open_items WHERE account_id IS NOT NULL) \
         UNION ALL SELECT e.company_id, COALESCE(i.account_id, (SELECT d.account_id FROM account_determinations d \
         WHERE d.company_id = i.company_id AND d.role = 'receivable' ORDER BY d.id LIMIT 1)), e.effective_date, 0, e.amount_company \
         FROM item_entries e JOIN open_items i ON i.id = e.item_id WHERE {}) x \
         GROUP BY company_id, account_id, day HAVING SUM(ledger) <> SUM(items) ORDER BY day LIMIT 100",
        only.on("l.company_id"),
        only.on("e.company_id")
    )
    .load(db)
}

/// Invoices that differ from the sums of their lines: invoice, total, sum of the lines.
pub fn invoices(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT i.id, i.total, COALESCE(SUM(l.gross), 0) FROM invoices i LEFT JOIN invoice_lines l ON l.invoice_id = i.id \
         WHERE {} GROUP BY i.id, i.net, i.tax, i.total HAVING COALESCE(SUM(l.net), 0) <> i.net OR COALESCE(SUM(l.tax), 0) <> i.tax \
         OR COALESCE(SUM(l.gross), 0) <> i.total OR i.net + i.tax <> i.total LIMIT 100",
        only.on("i.company_id")
    )
    .load(db)
}

/// Credit notes that differ from the sums of their lines less the discount: credit note, total, sum of the lines.
pub fn credit_notes(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT c.id, c.total, COALESCE(SUM(l.gross), 0) FROM credit_notes c LEFT JOIN credit_note_lines l ON l.credit_note_id = c.id \
         WHERE {} GROUP BY c.id, c.net, c.tax, c.total, c.discount HAVING COALESCE(SUM(l.gross), 0) <> c.total + c.discount \
         OR COALESCE(SUM(l.net + l.tax), 0) <> c.total + c.discount OR c.net + c.tax <> c.total LIMIT 100",
        only.on("c.company_id")
    )
    .load(db)
}

/// Posted invoices whose open amount is not the total less what settled it, or whose losses are not those of its
/// allocations: invoice, what it says, what the allocations say.
pub fn settled_invoices(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT i.id, i.outstanding, i.total - COALESCE(SUM(a.amount + a.discount + a.write_off), 0) FROM invoices i \
         LEFT JOIN allocations a ON a.invoice_id = i.id WHERE i.status <> 'draft' AND {} GROUP BY i.id, i.total, i.outstanding, i.written_off \
         HAVING i.outstanding <> i.total - COALESCE(SUM(a.amount + a.discount + a.write_off), 0) OR i.written_off <> \
         COALESCE(SUM(CASE WHEN a.payment_id IS NULL AND a.credit_note_id IS NULL THEN a.write_off ELSE 0 END), 0) LIMIT 100",
        only.on("i.company_id")
    )
    .load(db)
}

/// Invoices whose credited amount is not that of their posted credit notes: invoice, what it says, what they say.
pub fn credited_invoices(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT i.id, i.credited, COALESCE(SUM(c.total + c.discount), 0) FROM invoices i \
         LEFT JOIN credit_notes c ON c.invoice_id = i.id AND c.status <> 'draft' WHERE {} GROUP BY i.id, i.credited \
         HAVING i.credited <> COALESCE(SUM(c.total + c.discount), 0) LIMIT 100",
        only.on("i.company_id")
    )
    .load(db)
}

/// Posted credit notes that have something else left than their total less what they settled: credit note, what it says,
/// what the allocations say.
pub fn used_credit_notes(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT c.id, c.unallocated, c.total - COALESCE(SUM(a.amount), 0) FROM credit_notes c \
         LEFT JOIN allocations a ON a.credit_note_id = c.id WHERE c.status <> 'draft' AND {} GROUP BY c.id, c.total, c.unallocated \
         HAVING c.unallocated <> c.total - COALESCE(SUM(a.amount), 0) LIMIT 100",
        only.on("c.company_id")
    )
    .load(db)
}

/// Posted payments that have something else left than their amount less what they settled and what was paid back: payment,
/// what it says, what the allocations say. Of a reversed payment nothing is left and nothing settled.
pub fn used_payments(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Amount, Amount)>> {
    sql!(
        "SELECT p.id, p.unallocated, CASE p.status WHEN 'reversed' THEN 0 ELSE p.amount END - COALESCE(SUM(u.used), 0) FROM payments p \
         LEFT JOIN (SELECT payment_id AS id, amount + overpaid AS used FROM allocations WHERE payment_id IS NOT NULL \
         UNION ALL SELECT refunded_payment_id, amount FROM allocations WHERE refunded_payment_id IS NOT NULL) u ON u.id = p.id \
         WHERE p.status <> 'draft' AND {} GROUP BY p.id, p.status, p.amount, p.unallocated \
         HAVING p.unallocated <> CASE p.status WHEN 'reversed' THEN 0 ELSE p.amount END - COALESCE(SUM(u.used), 0) LIMIT 100",
        only.on("p.company_id")
    )
    .load(db)
}

/// Posted documents whose tax is not that of their entry by tax code: `invoices` or `credit_notes`, id, tax of the document,
/// tax by code.
pub fn taxes(db: &mut Conn, only: &Only) -> Result<Vec<(String, Uuid, Amount, Amount)>> {
    sql!(
        "SELECT 'invoice', i.id, i.tax, -COALESCE(SUM(l.amount_currency), 0) FROM invoices i LEFT JOIN journal_lines l \
         ON l.journal_entry_id = i.journal_entry_id AND l.tax_code_id IS NOT NULL WHERE i.status <> 'draft' AND i.opening_date IS NULL AND {} \
         GROUP BY i.id, i.tax HAVING i.tax <> -COALESCE(SUM(l.amount_currency), 0) \
         UNION ALL SELECT 'credit note', c.id, c.tax, COALESCE(SUM(l.amount_currency), 0) FROM credit_notes c LEFT JOIN journal_lines l \
         ON l.journal_entry_id = c.journal_entry_id AND l.tax_code_id IS NOT NULL WHERE c.status <> 'draft' AND {} \
         GROUP BY c.id, c.tax HAVING c.tax <> COALESCE(SUM(l.amount_currency), 0) LIMIT 100",
        only.on("i.company_id"),
        only.on("c.company_id")
    )
    .load(db)
}

/// Lines that documents posted to an account of taxes without naming the tax code: entry, account, balance. Without any, the
/// tax by code is the tax by account.
pub fn uncoded_taxes(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid, Uuid, Amount)>> {
    sql!(
        "SELECT l.journal_entry_id, l.account_id, l.debit - l.credit FROM journal_lines l WHERE l.source IS NOT NULL AND l.tax_code_id IS NULL AND {} \
         AND l.account_id IN (SELECT account_id FROM account_determinations WHERE role = 'output_tax' \
         UNION SELECT account_id FROM tax_codes WHERE account_id IS NOT NULL) LIMIT 100",
        only.on("l.company_id")
    )
    .load(db)
}

/// Items whose open amount is not the sum of their entries: item.
pub fn items(db: &mut Conn, only: &Only) -> Result<Vec<(Uuid,)>> {
    sql!(
        "SELECT i.id FROM open_items i LEFT JOIN item_entries e ON e.item_id = i.id WHERE {} GROUP BY i.id, i.outstanding, i.outstanding_company \
         HAVING COALESCE(SUM(e.amount), 0) <> i.outstanding OR COALESCE(SUM(e.amount_company), 0) <> i.outstanding_company LIMIT 100",
        only.on("i.company_id")
    )
    .load(db)
}
