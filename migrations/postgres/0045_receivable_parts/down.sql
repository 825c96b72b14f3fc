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
CREATE OR REPLACE FUNCTION posted_document_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    pointer TEXT := CASE TG_TABLE_NAME WHEN 'payments' THEN 'party_id' ELSE 'customer_id' END;
BEGIN
    IF TG_OP = 'TRUNCATE' OR (TG_OP = 'DELETE' AND OLD.status <> 'draft') THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be deleted';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF OLD.status <> 'draft' AND (to_jsonb(OLD) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'updated_at' - 'metadata'
        - pointer)
        IS DISTINCT FROM (to_jsonb(NEW) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'updated_at' - 'metadata'
        - pointer) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    IF OLD.status <> 'draft' AND NOT follows_a_merge((to_jsonb(OLD) ->> pointer)::uuid, (to_jsonb(NEW) ->> pointer)::uuid) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    RETURN NEW;
END $$;
