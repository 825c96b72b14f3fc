-- Parts of invoices: the tax in discounts and losses, the account of each item, payments taken back, invoices taken over.

ALTER TABLE allocations ADD COLUMN refunded_payment_id BLOB NULL REFERENCES payments (id);
ALTER TABLE allocations ADD COLUMN discount_company INTEGER NOT NULL DEFAULT 0;
ALTER TABLE allocations ADD COLUMN taxes TEXT NOT NULL DEFAULT '[]';
CREATE INDEX allocations_refunded_payment_id ON allocations (refunded_payment_id);
-- In the company's currency a discount is what the entries of its items say; rows stay as they were written but for this.
DROP TRIGGER allocations_update;
UPDATE allocations SET discount_company = COALESCE((SELECT -SUM(e.amount_company) FROM item_entries e
    WHERE e.allocation_id = allocations.id AND e.cause = 'discount'), 0) WHERE discount <> 0;

ALTER TABLE open_items ADD COLUMN account_id BLOB NULL REFERENCES accounts (id);
CREATE INDEX open_items_company_id_account_id ON open_items (company_id, account_id);
CREATE INDEX open_items_account_id ON open_items (account_id);
UPDATE open_items SET account_id = (SELECT l.account_id FROM journal_lines l
    JOIN journal_entries j ON j.id = l.journal_entry_id
    JOIN account_determinations d ON d.account_id = l.account_id AND d.company_id = l.company_id AND d.role = 'receivable'
    WHERE l.source = open_items.document_id AND l.posting_date = open_items.document_date ORDER BY j.id, l.position LIMIT 1);

ALTER TABLE invoices ADD COLUMN exchange_rate_agreed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE invoices ADD COLUMN opening_date TEXT NULL;
ALTER TABLE invoices ADD COLUMN written_off INTEGER NOT NULL DEFAULT 0;
UPDATE invoices SET written_off = COALESCE((SELECT SUM(a.write_off) FROM allocations a
    WHERE a.invoice_id = invoices.id AND a.payment_id IS NULL AND a.credit_note_id IS NULL), 0) WHERE status = 'written_off';
ALTER TABLE credit_notes ADD COLUMN discount INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credit_notes ADD COLUMN discount_company INTEGER NOT NULL DEFAULT 0;
ALTER TABLE credit_notes ADD COLUMN discount_taxes TEXT NOT NULL DEFAULT '[]';
ALTER TABLE payments ADD COLUMN exchange_rate_agreed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE payments ADD COLUMN reversal_date TEXT NULL;
ALTER TABLE payments ADD COLUMN reversal_reason TEXT NULL;
ALTER TABLE payments ADD COLUMN reversal_entry_id BLOB NULL REFERENCES journal_entries (id);
CREATE INDEX payments_reversal_entry_id ON payments (reversal_entry_id);

CREATE TRIGGER allocations_update BEFORE UPDATE ON allocations WHEN NEW.party_id IS OLD.party_id OR
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.payment_id IS NOT OLD.payment_id OR
    NEW.credit_note_id IS NOT OLD.credit_note_id OR NEW.invoice_id IS NOT OLD.invoice_id OR NEW.effective_date IS NOT
    OLD.effective_date OR NEW.amount IS NOT OLD.amount OR NEW.discount IS NOT OLD.discount OR NEW.write_off IS NOT
    OLD.write_off OR NEW.overpaid IS NOT OLD.overpaid OR NEW.exchange_gain IS NOT OLD.exchange_gain OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.reverses_id IS NOT OLD.reverses_id OR NEW.version IS NOT
    OLD.version OR NEW.created_at IS NOT OLD.created_at
    OR NEW.refunded_payment_id IS NOT OLD.refunded_payment_id OR NEW.discount_company IS NOT OLD.discount_company OR NEW.taxes IS NOT OLD.taxes
    OR NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;
DROP TRIGGER invoices_update;
CREATE TRIGGER invoices_update BEFORE UPDATE ON invoices WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR
    (NEW.customer_id IS NOT OLD.customer_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.customer_id AND winner_id = NEW.customer_id) OR (loser_id = NEW.customer_id AND winner_id = OLD.customer_id)))) OR
    NEW.customer_name IS NOT OLD.customer_name OR NEW.customer_tax_id IS NOT OLD.customer_tax_id
    OR NEW.billing_address IS NOT OLD.billing_address OR NEW.reference IS NOT OLD.reference OR NEW.order_id IS NOT
    OLD.order_id OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.invoice_date
    IS NOT OLD.invoice_date OR NEW.payment_term_id IS NOT OLD.payment_term_id OR NEW.payment_terms_days IS NOT OLD.payment_terms_days OR NEW.due_date IS NOT OLD.due_date OR
    NEW.discount_until_date IS NOT OLD.discount_until_date OR NEW.discount_percent IS NOT OLD.discount_percent OR
    NEW.tolerance IS NOT OLD.tolerance OR NEW.rounding IS NOT OLD.rounding OR NEW.prices_include_tax IS NOT
    OLD.prices_include_tax OR NEW.taxes IS NOT OLD.taxes OR NEW.instalments IS NOT OLD.instalments OR NEW.net IS NOT
    OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS NOT OLD.total_company OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT
    OLD.posted_at OR NEW.created_at IS NOT OLD.created_at OR
    NEW.exchange_rate_agreed IS NOT OLD.exchange_rate_agreed OR
    NEW.opening_date IS NOT OLD.opening_date)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
DROP TRIGGER credit_notes_update;
CREATE TRIGGER credit_notes_update BEFORE UPDATE ON credit_notes WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.invoice_id IS
    NOT OLD.invoice_id OR
    (NEW.customer_id IS NOT OLD.customer_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.customer_id AND winner_id = NEW.customer_id) OR (loser_id = NEW.customer_id AND winner_id = OLD.customer_id)))) OR
    NEW.customer_name IS NOT OLD.customer_name OR
    NEW.reason IS NOT OLD.reason OR NEW.credit_date IS NOT OLD.credit_date OR NEW.currency IS NOT OLD.currency OR
    NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.apply_to_invoice IS NOT OLD.apply_to_invoice OR NEW.taxes IS NOT
    OLD.taxes OR NEW.net IS NOT OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS
    NOT OLD.total_company OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR
    NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at OR
    NEW.discount IS NOT OLD.discount OR
    NEW.discount_company IS NOT OLD.discount_company OR
    NEW.discount_taxes IS NOT OLD.discount_taxes)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
DROP TRIGGER payments_update;
CREATE TRIGGER payments_update BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.direction IS NOT
    OLD.direction OR
    (NEW.party_id IS NOT OLD.party_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))) OR
    NEW.payment_date IS NOT OLD.payment_date OR NEW.method IS NOT
    OLD.method OR NEW.reference IS NOT OLD.reference OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT
    OLD.exchange_rate OR NEW.amount IS NOT OLD.amount OR NEW.fee IS NOT OLD.fee OR NEW.amount_company IS NOT
    OLD.amount_company OR NEW.allocate_to IS NOT OLD.allocate_to OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR
    NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at OR
    NEW.exchange_rate_agreed IS NOT OLD.exchange_rate_agreed OR
    (OLD.reversal_date IS NOT NULL AND NEW.reversal_date IS NOT OLD.reversal_date) OR
    (OLD.reversal_date IS NOT NULL AND NEW.reversal_reason IS NOT OLD.reversal_reason) OR
    (OLD.reversal_date IS NOT NULL AND NEW.reversal_entry_id IS NOT OLD.reversal_entry_id))
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
