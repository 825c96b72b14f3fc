-- Parts of invoices: the tax in discounts and losses, the account of each item, payments taken back, invoices taken over.

ALTER TABLE allocations ADD COLUMN refunded_payment_id UUID NULL REFERENCES payments (id);
ALTER TABLE allocations ADD COLUMN discount_company NUMERIC(18,4) NOT NULL DEFAULT 0;
ALTER TABLE allocations ADD COLUMN taxes JSONB NOT NULL DEFAULT '[]';
CREATE INDEX allocations_refunded_payment_id ON allocations (refunded_payment_id);
-- In the company's currency a discount is what the entries of its items say; rows stay as they were written but for this.
ALTER TABLE allocations DISABLE TRIGGER allocations_change;
UPDATE allocations SET discount_company = COALESCE((SELECT -SUM(e.amount_company) FROM item_entries e
    WHERE e.allocation_id = allocations.id AND e.cause = 'discount'), 0) WHERE discount <> 0;
ALTER TABLE allocations ENABLE TRIGGER allocations_change;

ALTER TABLE open_items ADD COLUMN account_id UUID NULL REFERENCES accounts (id);
CREATE INDEX open_items_company_id_account_id ON open_items (company_id, account_id);
CREATE INDEX open_items_account_id ON open_items (account_id);
UPDATE open_items SET account_id = (SELECT l.account_id FROM journal_lines l
    JOIN journal_entries j ON j.id = l.journal_entry_id
    JOIN account_determinations d ON d.account_id = l.account_id AND d.company_id = l.company_id AND d.role = 'receivable'
    WHERE l.source = open_items.document_id AND l.posting_date = open_items.document_date ORDER BY j.id, l.position LIMIT 1);

CREATE OR REPLACE FUNCTION posted_document_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pointer TEXT := CASE TG_TABLE_NAME WHEN 'payments' THEN 'party_id' ELSE 'customer_id' END;
    reversal TEXT[] := '{}';
BEGIN
    IF TG_OP = 'TRUNCATE' OR (TG_OP = 'DELETE' AND OLD.status <> 'draft') THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be deleted';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    -- a reversal is written once
    IF TG_TABLE_NAME = 'payments' AND to_jsonb(OLD) ->> 'reversal_date' IS NULL THEN
        reversal := '{reversal_date,reversal_reason,reversal_entry_id}';
    END IF;
    IF OLD.status <> 'draft' AND (to_jsonb(OLD) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'updated_at' - 'metadata'
        - 'written_off' - reversal - pointer)
        IS DISTINCT FROM (to_jsonb(NEW) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'updated_at' - 'metadata'
        - 'written_off' - reversal - pointer) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    IF OLD.status <> 'draft' AND NOT follows_a_merge((to_jsonb(OLD) ->> pointer)::uuid, (to_jsonb(NEW) ->> pointer)::uuid) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    RETURN NEW;
END $$;

ALTER TABLE invoices ADD COLUMN exchange_rate_agreed BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE invoices ADD COLUMN opening_date DATE NULL;
ALTER TABLE invoices ADD COLUMN written_off NUMERIC(18,4) NOT NULL DEFAULT 0;
UPDATE invoices SET written_off = COALESCE((SELECT SUM(a.write_off) FROM allocations a
    WHERE a.invoice_id = invoices.id AND a.payment_id IS NULL AND a.credit_note_id IS NULL), 0) WHERE status = 'written_off';
ALTER TABLE credit_notes ADD COLUMN discount NUMERIC(18,4) NOT NULL DEFAULT 0;
ALTER TABLE credit_notes ADD COLUMN discount_company NUMERIC(18,4) NOT NULL DEFAULT 0;
ALTER TABLE credit_notes ADD COLUMN discount_taxes JSONB NOT NULL DEFAULT '[]';
ALTER TABLE payments ADD COLUMN exchange_rate_agreed BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE payments ADD COLUMN reversal_date DATE NULL;
ALTER TABLE payments ADD COLUMN reversal_reason TEXT NULL;
ALTER TABLE payments ADD COLUMN reversal_entry_id UUID NULL REFERENCES journal_entries (id);
CREATE INDEX payments_reversal_entry_id ON payments (reversal_entry_id);
