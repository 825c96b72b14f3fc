DROP TRIGGER allocations_update;
DROP TRIGGER invoices_update;
DROP TRIGGER credit_notes_update;
DROP TRIGGER payments_update;
DROP INDEX payments_reversal_entry_id;
DROP INDEX open_items_company_id_account_id;
DROP INDEX open_items_account_id;
DROP INDEX allocations_refunded_payment_id;
ALTER TABLE payments DROP COLUMN reversal_entry_id;
ALTER TABLE payments DROP COLUMN reversal_reason;
ALTER TABLE payments DROP COLUMN reversal_date;
ALTER TABLE payments DROP COLUMN exchange_rate_agreed;
ALTER TABLE credit_notes DROP COLUMN discount_taxes;
ALTER TABLE credit_notes DROP COLUMN discount_company;
ALTER TABLE credit_notes DROP COLUMN discount;
ALTER TABLE invoices DROP COLUMN written_off;
ALTER TABLE invoices DROP COLUMN opening_date;
ALTER TABLE invoices DROP COLUMN exchange_rate_agreed;
ALTER TABLE open_items DROP COLUMN account_id;
ALTER TABLE allocations DROP COLUMN taxes;
ALTER TABLE allocations DROP COLUMN discount_company;
ALTER TABLE allocations DROP COLUMN refunded_payment_id;
CREATE TRIGGER allocations_update BEFORE UPDATE ON allocations WHEN NEW.party_id IS OLD.party_id OR
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.payment_id IS NOT OLD.payment_id OR
    NEW.credit_note_id IS NOT OLD.credit_note_id OR NEW.invoice_id IS NOT OLD.invoice_id OR NEW.effective_date IS NOT
    OLD.effective_date OR NEW.amount IS NOT OLD.amount OR NEW.discount IS NOT OLD.discount OR NEW.write_off IS NOT
    OLD.write_off OR NEW.overpaid IS NOT OLD.overpaid OR NEW.exchange_gain IS NOT OLD.exchange_gain OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.reverses_id IS NOT OLD.reverses_id OR NEW.version IS NOT
    OLD.version OR NEW.created_at IS NOT OLD.created_at
    OR NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;
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
    OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
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
    NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
CREATE TRIGGER payments_update BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.direction IS NOT
    OLD.direction OR
    (NEW.party_id IS NOT OLD.party_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))) OR
    NEW.payment_date IS NOT OLD.payment_date OR NEW.method IS NOT
    OLD.method OR NEW.reference IS NOT OLD.reference OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT
    OLD.exchange_rate OR NEW.amount IS NOT OLD.amount OR NEW.fee IS NOT OLD.fee OR NEW.amount_company IS NOT
    OLD.amount_company OR NEW.allocate_to IS NOT OLD.allocate_to OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR
    NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
