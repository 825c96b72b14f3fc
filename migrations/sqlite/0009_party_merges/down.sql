DROP TRIGGER events_update;
CREATE TRIGGER events_update BEFORE UPDATE ON events
WHEN OLD.seq IS NOT NULL OR OLD.hash IS NOT NULL OR OLD.prev_hash IS NOT NULL
  OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind OR NEW.subject IS NOT OLD.subject
  OR NEW.company_id IS NOT OLD.company_id OR NEW.party_id IS NOT OLD.party_id OR NEW.version IS NOT OLD.version
  OR NEW.data IS NOT OLD.data OR NEW.previous IS NOT OLD.previous OR NEW.actor IS NOT OLD.actor
  OR NEW.actor_name IS NOT OLD.actor_name OR NEW.request_id IS NOT OLD.request_id OR NEW.reason IS NOT OLD.reason
BEGIN
    SELECT RAISE(ABORT, 'tandem: events cannot be changed');
END;
DROP TRIGGER journal_lines_update;
CREATE TRIGGER journal_lines_update BEFORE UPDATE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'tandem: rows of journal_lines cannot be changed'); END;
DROP TRIGGER allocations_update;
CREATE TRIGGER allocations_update BEFORE UPDATE ON allocations
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;
DROP TRIGGER invoices_update;
CREATE TRIGGER invoices_update BEFORE UPDATE ON invoices WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.customer_id IS
    NOT OLD.customer_id OR NEW.customer_name IS NOT OLD.customer_name OR NEW.customer_tax_id IS NOT OLD.customer_tax_id
    OR NEW.billing_address IS NOT OLD.billing_address OR NEW.reference IS NOT OLD.reference OR NEW.order_id IS NOT
    OLD.order_id OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.invoice_date
    IS NOT OLD.invoice_date OR NEW.payment_term_id IS NOT OLD.payment_term_id OR NEW.due_date IS NOT OLD.due_date OR
    NEW.discount_until_date IS NOT OLD.discount_until_date OR NEW.discount_percent IS NOT OLD.discount_percent OR
    NEW.tolerance IS NOT OLD.tolerance OR NEW.rounding IS NOT OLD.rounding OR NEW.prices_include_tax IS NOT
    OLD.prices_include_tax OR NEW.taxes IS NOT OLD.taxes OR NEW.instalments IS NOT OLD.instalments OR NEW.net IS NOT
    OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS NOT OLD.total_company OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT
    OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
DROP TRIGGER credit_notes_update;
CREATE TRIGGER credit_notes_update BEFORE UPDATE ON credit_notes WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.invoice_id IS
    NOT OLD.invoice_id OR NEW.customer_id IS NOT OLD.customer_id OR NEW.customer_name IS NOT OLD.customer_name OR
    NEW.reason IS NOT OLD.reason OR NEW.credit_date IS NOT OLD.credit_date OR NEW.currency IS NOT OLD.currency OR
    NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.apply_to_invoice IS NOT OLD.apply_to_invoice OR NEW.taxes IS NOT
    OLD.taxes OR NEW.net IS NOT OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS
    NOT OLD.total_company OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR
    NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
DROP TRIGGER payments_update;
CREATE TRIGGER payments_update BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.direction IS NOT
    OLD.direction OR NEW.party_id IS NOT OLD.party_id OR NEW.payment_date IS NOT OLD.payment_date OR NEW.method IS NOT
    OLD.method OR NEW.reference IS NOT OLD.reference OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT
    OLD.exchange_rate OR NEW.amount IS NOT OLD.amount OR NEW.fee IS NOT OLD.fee OR NEW.amount_company IS NOT
    OLD.amount_company OR NEW.allocate_to IS NOT OLD.allocate_to OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR
    NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
DROP TABLE event_redactions;
DROP TABLE party_merge_moves;
DROP TABLE party_merges;
DROP TABLE contact_match_keys;
DROP TABLE party_match_keys;
DROP INDEX parties_merged_into;
ALTER TABLE parties DROP COLUMN merged_into;
ALTER TABLE parties DROP COLUMN erased_at;
ALTER TABLE contacts DROP COLUMN erased_at;
