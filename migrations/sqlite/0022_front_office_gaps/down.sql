DROP TABLE contact_merge_moves;
DROP TABLE contact_merges;
DROP INDEX contacts_merged_into;
ALTER TABLE contacts DROP COLUMN merged_into;
DROP INDEX cases_running_terms;
DROP TRIGGER invoices_update;
ALTER TABLE invoices DROP COLUMN payment_terms_days;
ALTER TABLE sales_orders DROP COLUMN payment_terms_days;
CREATE TRIGGER invoices_update BEFORE UPDATE ON invoices WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR
    (NEW.customer_id IS NOT OLD.customer_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.customer_id AND winner_id = NEW.customer_id) OR (loser_id = NEW.customer_id AND winner_id = OLD.customer_id)))) OR
    NEW.customer_name IS NOT OLD.customer_name OR NEW.customer_tax_id IS NOT OLD.customer_tax_id
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
ALTER TABLE campaigns DROP COLUMN audience_count;
DROP TABLE campaign_audience_parts;
