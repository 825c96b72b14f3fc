DROP INDEX warehouses_updated_at_id;
DROP INDEX stock_levels_updated_at_id;
DROP INDEX stock_adjustments_updated_at_id;
DROP INDEX sales_orders_updated_at_id;
DROP INDEX product_costs_updated_at_id;
DROP INDEX locations_updated_at_id;
DROP INDEX journey_enrollments_updated_at_id;
DROP INDEX jobs_updated_at_id;
DROP INDEX deliveries_updated_at_id;
DROP INDEX customer_returns_updated_at_id;
DROP INDEX consent_confirmations_updated_at_id;
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
    IF OLD.status <> 'draft' AND (to_jsonb(OLD) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata' - pointer)
        IS DISTINCT FROM (to_jsonb(NEW) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata' - pointer) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    IF OLD.status <> 'draft' AND NOT follows_a_merge((to_jsonb(OLD) ->> pointer)::uuid, (to_jsonb(NEW) ->> pointer)::uuid) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    RETURN NEW;
END $$;
DROP INDEX suppressions_updated_at_id;
ALTER TABLE suppressions DROP COLUMN updated_at;
DROP INDEX reservations_updated_at_id;
ALTER TABLE reservations DROP COLUMN updated_at;
DROP INDEX api_keys_updated_at_id;
ALTER TABLE api_keys DROP COLUMN updated_at;
DROP INDEX roles_updated_at_id;
ALTER TABLE roles DROP COLUMN updated_at;
DROP INDEX users_updated_at_id;
ALTER TABLE users DROP COLUMN updated_at;
DROP INDEX open_items_updated_at_id;
ALTER TABLE open_items DROP COLUMN updated_at;
DROP INDEX payments_updated_at_id;
ALTER TABLE payments DROP COLUMN updated_at;
DROP INDEX credit_notes_updated_at_id;
ALTER TABLE credit_notes DROP COLUMN updated_at;
DROP INDEX invoices_updated_at_id;
ALTER TABLE invoices DROP COLUMN updated_at;
DROP INDEX journal_entries_updated_at_id;
ALTER TABLE journal_entries DROP COLUMN updated_at;
DROP INDEX periods_updated_at_id;
ALTER TABLE periods DROP COLUMN updated_at;
DROP INDEX fiscal_years_updated_at_id;
ALTER TABLE fiscal_years DROP COLUMN updated_at;
DROP INDEX accounting_policies_updated_at_id;
ALTER TABLE accounting_policies DROP COLUMN updated_at;
DROP INDEX payment_terms_updated_at_id;
ALTER TABLE payment_terms DROP COLUMN updated_at;
DROP INDEX tax_rules_updated_at_id;
ALTER TABLE tax_rules DROP COLUMN updated_at;
DROP INDEX tax_codes_updated_at_id;
ALTER TABLE tax_codes DROP COLUMN updated_at;
DROP INDEX account_determinations_updated_at_id;
ALTER TABLE account_determinations DROP COLUMN updated_at;
DROP INDEX accounts_updated_at_id;
ALTER TABLE accounts DROP COLUMN updated_at;
