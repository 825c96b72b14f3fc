-- The audience of a campaign is found at one moment and kept here as packed ids, 16 bytes each, until all are members.
CREATE TABLE campaign_audience_parts (
    campaign_id BLOB NOT NULL REFERENCES campaigns (id),
    position INTEGER NOT NULL,
    subjects BLOB NOT NULL,
    PRIMARY KEY (campaign_id, position)
) STRICT;
ALTER TABLE campaigns ADD COLUMN audience_count INTEGER NULL;

-- Days to pay that were agreed for one order, and the invoices of it; those of the customer hold where there are none.
ALTER TABLE sales_orders ADD COLUMN payment_terms_days INTEGER NULL;
ALTER TABLE invoices ADD COLUMN payment_terms_days INTEGER NULL;
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
    OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;

-- The open cases of the terms that count by a calendar, for when its hours or holidays change.
CREATE INDEX cases_running_terms ON cases (sla_policy_version_id, id) WHERE status <> 'closed';

-- Merges of contacts, as those of parties: what was there before, and which rows followed.
ALTER TABLE contacts ADD COLUMN merged_into BLOB NULL REFERENCES contacts (id);
CREATE INDEX contacts_merged_into ON contacts (merged_into, id);
CREATE TABLE contact_merges (
    id BLOB NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id BLOB NOT NULL REFERENCES contacts (id),
    loser_id BLOB NOT NULL REFERENCES contacts (id),
    conflicts TEXT NOT NULL,
    winner_before TEXT NOT NULL,
    winner_after TEXT NOT NULL,
    loser_before TEXT NOT NULL,
    undo_until INTEGER NOT NULL,
    undone_at INTEGER NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CHECK (winner_id <> loser_id)
) STRICT;
CREATE INDEX contact_merges_winner_id ON contact_merges (winner_id, id);
CREATE INDEX contact_merges_loser_id ON contact_merges (loser_id, id);
CREATE INDEX contact_merges_status ON contact_merges (status, id);
CREATE INDEX contact_merges_created_at ON contact_merges (created_at, id);
CREATE INDEX contact_merges_updated_at ON contact_merges (updated_at, id);
CREATE TABLE contact_merge_moves (
    merge_id BLOB NOT NULL REFERENCES contact_merges (id),
    what TEXT NOT NULL,
    row_id BLOB NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
) STRICT;
