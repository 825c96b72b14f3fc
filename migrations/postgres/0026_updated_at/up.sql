-- When a row last changed, for whoever keeps a copy. Of rows that are there already, only when they were made is known. The
-- columns are filled by rewriting the tables and not by updates, which the guards of what is posted would refuse.
ALTER TABLE accounts ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE accounts ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX accounts_updated_at_id ON accounts (updated_at, id);
ALTER TABLE account_determinations ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE account_determinations ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX account_determinations_updated_at_id ON account_determinations (updated_at, id);
ALTER TABLE tax_codes ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE tax_codes ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX tax_codes_updated_at_id ON tax_codes (updated_at, id);
ALTER TABLE tax_rules ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE tax_rules ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX tax_rules_updated_at_id ON tax_rules (updated_at, id);
ALTER TABLE payment_terms ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE payment_terms ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX payment_terms_updated_at_id ON payment_terms (updated_at, id);
ALTER TABLE accounting_policies ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE accounting_policies ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX accounting_policies_updated_at_id ON accounting_policies (updated_at, id);
ALTER TABLE fiscal_years ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE fiscal_years ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX fiscal_years_updated_at_id ON fiscal_years (updated_at, id);
ALTER TABLE periods ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE periods ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX periods_updated_at_id ON periods (updated_at, id);
ALTER TABLE journal_entries ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE journal_entries ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX journal_entries_updated_at_id ON journal_entries (updated_at, id);
ALTER TABLE invoices ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE invoices ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX invoices_updated_at_id ON invoices (updated_at, id);
ALTER TABLE credit_notes ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE credit_notes ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX credit_notes_updated_at_id ON credit_notes (updated_at, id);
ALTER TABLE payments ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE payments ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX payments_updated_at_id ON payments (updated_at, id);
ALTER TABLE open_items ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE open_items ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX open_items_updated_at_id ON open_items (updated_at, id);
ALTER TABLE users ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE users ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX users_updated_at_id ON users (updated_at, id);
ALTER TABLE roles ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE roles ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX roles_updated_at_id ON roles (updated_at, id);
ALTER TABLE api_keys ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE api_keys ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX api_keys_updated_at_id ON api_keys (updated_at, id);
ALTER TABLE reservations ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE reservations ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX reservations_updated_at_id ON reservations (updated_at, id);
ALTER TABLE suppressions ADD COLUMN updated_at TIMESTAMPTZ NULL;
ALTER TABLE suppressions ALTER COLUMN updated_at TYPE TIMESTAMPTZ USING created_at, ALTER COLUMN updated_at SET NOT NULL;
CREATE INDEX suppressions_updated_at_id ON suppressions (updated_at, id);

-- It moves with what may change of a posted document; every figure stays.
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

-- Lists that could be asked so already, without an index for it.
CREATE INDEX consent_confirmations_updated_at_id ON consent_confirmations (updated_at, id);
CREATE INDEX customer_returns_updated_at_id ON customer_returns (updated_at, id);
CREATE INDEX deliveries_updated_at_id ON deliveries (updated_at, id);
CREATE INDEX jobs_updated_at_id ON jobs (updated_at, id);
CREATE INDEX journey_enrollments_updated_at_id ON journey_enrollments (updated_at, id);
CREATE INDEX locations_updated_at_id ON locations (updated_at, id);
CREATE INDEX product_costs_updated_at_id ON product_costs (updated_at, id);
CREATE INDEX sales_orders_updated_at_id ON sales_orders (updated_at, id);
CREATE INDEX stock_adjustments_updated_at_id ON stock_adjustments (updated_at, id);
CREATE INDEX stock_levels_updated_at_id ON stock_levels (updated_at, id);
CREATE INDEX warehouses_updated_at_id ON warehouses (updated_at, id);
