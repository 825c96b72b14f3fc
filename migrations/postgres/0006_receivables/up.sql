-- Baseline of the area `receivables`.

CREATE FUNCTION posted_document_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION invoice_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched UUID;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'tandem: lines of posted documents cannot be deleted';
    END IF;
    IF TG_OP = 'DELETE' THEN touched := OLD.invoice_id; ELSE touched := NEW.invoice_id; END IF;
    IF EXISTS (SELECT 1 FROM invoices WHERE id = touched AND status <> 'draft') THEN
        RAISE EXCEPTION 'tandem: lines of a posted invoice cannot be changed';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION credit_note_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched UUID;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        RAISE EXCEPTION 'tandem: lines of posted documents cannot be deleted';
    END IF;
    IF TG_OP = 'DELETE' THEN touched := OLD.credit_note_id; ELSE touched := NEW.credit_note_id; END IF;
    IF EXISTS (SELECT 1 FROM credit_notes WHERE id = touched AND status <> 'draft') THEN
        RAISE EXCEPTION 'tandem: lines of a posted credit note cannot be changed';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;

CREATE TABLE payment_terms (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    instalments JSONB NOT NULL,
    discount_percent NUMERIC(18,10) NOT NULL,
    discount_days BIGINT NOT NULL,
    tolerance NUMERIC(18,4) NOT NULL,
    archived BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX payment_terms_company_id_code ON payment_terms (company_id, code);
CREATE INDEX payment_terms_company_id_id ON payment_terms (company_id, id);
CREATE INDEX payment_terms_created_at_id ON payment_terms (created_at, id);
CREATE INDEX payment_terms_code_id ON payment_terms (code, id);
CREATE INDEX payment_terms_updated_at_id ON payment_terms (updated_at, id);

CREATE TABLE invoices (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    customer_id UUID NOT NULL REFERENCES parties (id),
    customer_name TEXT NOT NULL,
    customer_tax_id TEXT NULL,
    billing_address JSONB NULL,
    reference TEXT NULL,
    order_id TEXT NULL,
    currency TEXT NOT NULL,
    exchange_rate NUMERIC(18,10) NOT NULL,
    invoice_date DATE NOT NULL,
    payment_term_id UUID NULL REFERENCES payment_terms (id),
    due_date DATE NULL,
    discount_until_date DATE NULL,
    discount_percent NUMERIC(18,10) NOT NULL,
    tolerance NUMERIC(18,4) NOT NULL,
    rounding TEXT NOT NULL,
    prices_include_tax BOOLEAN NOT NULL,
    taxes JSONB NOT NULL,
    instalments JSONB NOT NULL,
    net NUMERIC(18,4) NOT NULL,
    tax NUMERIC(18,4) NOT NULL,
    total NUMERIC(18,4) NOT NULL,
    total_company NUMERIC(18,4) NOT NULL,
    outstanding NUMERIC(18,4) NOT NULL,
    credited NUMERIC(18,4) NOT NULL,
    journal_entry_id UUID NULL REFERENCES journal_entries (id),
    created_by UUID NULL,
    posted_at TIMESTAMPTZ NULL,
    metadata JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    payment_terms_days INTEGER NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    exchange_rate_agreed BOOLEAN NOT NULL DEFAULT TRUE,
    opening_date DATE NULL,
    written_off NUMERIC(18,4) NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX invoices_company_id_number ON invoices (company_id, number);
CREATE INDEX invoices_company_id_id ON invoices (company_id, id);
CREATE INDEX invoices_company_id_invoice_date_id ON invoices (company_id, invoice_date, id);
CREATE INDEX invoices_company_id_due_date_id ON invoices (company_id, due_date, id);
CREATE INDEX invoices_customer_id_id ON invoices (customer_id, id);
CREATE INDEX invoices_payment_term_id ON invoices (payment_term_id);
CREATE INDEX invoices_journal_entry_id ON invoices (journal_entry_id);
CREATE INDEX invoices_order_id ON invoices (order_id);
CREATE INDEX invoices_number_id ON invoices (number, id);
CREATE INDEX invoices_invoice_date_id ON invoices (invoice_date, id);
CREATE INDEX invoices_due_date_id ON invoices (due_date, id);
CREATE INDEX invoices_total_id ON invoices (total, id);
CREATE INDEX invoices_created_at_id ON invoices (created_at, id);
CREATE INDEX invoices_updated_at_id ON invoices (updated_at, id);
CREATE TRIGGER invoices_change BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER invoices_truncate BEFORE TRUNCATE ON invoices FOR EACH STATEMENT EXECUTE FUNCTION posted_document_guard();

CREATE TABLE invoice_lines (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    invoice_id UUID NOT NULL REFERENCES invoices (id),
    position BIGINT NOT NULL,
    product_id UUID NULL REFERENCES products (id),
    item_class TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity NUMERIC(18,6) NOT NULL,
    unit_price NUMERIC(18,6) NOT NULL,
    discount_percent NUMERIC(18,10) NOT NULL,
    tax_code_ids JSONB NOT NULL,
    taxes JSONB NOT NULL,
    net NUMERIC(18,4) NOT NULL,
    tax NUMERIC(18,4) NOT NULL,
    gross NUMERIC(18,4) NOT NULL,
    order_line_id TEXT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    unit_id UUID NULL REFERENCES units (id)
);
CREATE INDEX invoice_lines_invoice_id_position ON invoice_lines (invoice_id, position);
CREATE INDEX invoice_lines_product_id ON invoice_lines (product_id);
CREATE INDEX invoice_lines_order_line_id ON invoice_lines (order_line_id);
CREATE INDEX invoice_lines_unit_id ON invoice_lines (unit_id);
CREATE TRIGGER invoice_lines_change BEFORE INSERT OR UPDATE OR DELETE ON invoice_lines FOR EACH ROW EXECUTE FUNCTION invoice_lines_guard();
CREATE TRIGGER invoice_lines_truncate BEFORE TRUNCATE ON invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION invoice_lines_guard();

CREATE TABLE credit_notes (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    invoice_id UUID NOT NULL REFERENCES invoices (id),
    customer_id UUID NOT NULL REFERENCES parties (id),
    customer_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    credit_date DATE NOT NULL,
    currency TEXT NOT NULL,
    exchange_rate NUMERIC(18,10) NOT NULL,
    apply_to_invoice BOOLEAN NOT NULL,
    taxes JSONB NOT NULL,
    net NUMERIC(18,4) NOT NULL,
    tax NUMERIC(18,4) NOT NULL,
    total NUMERIC(18,4) NOT NULL,
    total_company NUMERIC(18,4) NOT NULL,
    unallocated NUMERIC(18,4) NOT NULL,
    journal_entry_id UUID NULL REFERENCES journal_entries (id),
    created_by UUID NULL,
    posted_at TIMESTAMPTZ NULL,
    metadata JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    discount NUMERIC(18,4) NOT NULL DEFAULT 0,
    discount_company NUMERIC(18,4) NOT NULL DEFAULT 0,
    discount_taxes JSONB NOT NULL DEFAULT '[]'
);
CREATE UNIQUE INDEX credit_notes_company_id_number ON credit_notes (company_id, number);
CREATE INDEX credit_notes_company_id_id ON credit_notes (company_id, id);
CREATE INDEX credit_notes_company_id_credit_date_id ON credit_notes (company_id, credit_date, id);
CREATE INDEX credit_notes_invoice_id ON credit_notes (invoice_id);
CREATE INDEX credit_notes_customer_id_id ON credit_notes (customer_id, id);
CREATE INDEX credit_notes_journal_entry_id ON credit_notes (journal_entry_id);
CREATE INDEX credit_notes_credit_date_id ON credit_notes (credit_date, id);
CREATE INDEX credit_notes_created_at_id ON credit_notes (created_at, id);
CREATE INDEX credit_notes_updated_at_id ON credit_notes (updated_at, id);
CREATE TRIGGER credit_notes_change BEFORE UPDATE OR DELETE ON credit_notes FOR EACH ROW EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER credit_notes_truncate BEFORE TRUNCATE ON credit_notes FOR EACH STATEMENT EXECUTE FUNCTION posted_document_guard();

CREATE TABLE credit_note_lines (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    credit_note_id UUID NOT NULL REFERENCES credit_notes (id),
    position BIGINT NOT NULL,
    invoice_line_id UUID NOT NULL REFERENCES invoice_lines (id),
    product_id UUID NULL REFERENCES products (id),
    item_class TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity NUMERIC(18,6) NOT NULL,
    taxes JSONB NOT NULL,
    net NUMERIC(18,4) NOT NULL,
    tax NUMERIC(18,4) NOT NULL,
    gross NUMERIC(18,4) NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX credit_note_lines_credit_note_id_position ON credit_note_lines (credit_note_id, position);
CREATE INDEX credit_note_lines_invoice_line_id ON credit_note_lines (invoice_line_id);
CREATE INDEX credit_note_lines_product_id ON credit_note_lines (product_id);
CREATE TRIGGER credit_note_lines_change BEFORE INSERT OR UPDATE OR DELETE ON credit_note_lines FOR EACH ROW EXECUTE FUNCTION credit_note_lines_guard();
CREATE TRIGGER credit_note_lines_truncate BEFORE TRUNCATE ON credit_note_lines FOR EACH STATEMENT EXECUTE FUNCTION credit_note_lines_guard();

-- The receivables subledger: items, and the dated rows that they are the sum of.
CREATE TABLE open_items (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    party_id UUID NOT NULL REFERENCES parties (id),
    kind TEXT NOT NULL,
    document_id TEXT NOT NULL,
    document_number TEXT NOT NULL,
    position BIGINT NOT NULL,
    document_date DATE NOT NULL,
    due_date DATE NOT NULL,
    currency TEXT NOT NULL,
    exchange_rate NUMERIC(18,10) NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    outstanding NUMERIC(18,4) NOT NULL,
    outstanding_company NUMERIC(18,4) NOT NULL,
    last_entry_date DATE NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    account_id UUID NULL REFERENCES accounts (id)
);
CREATE UNIQUE INDEX open_items_document_id_position ON open_items (document_id, position);
CREATE INDEX open_items_company_id_id ON open_items (company_id, id);
CREATE INDEX open_items_company_id_due_date_id ON open_items (company_id, due_date, id);
CREATE INDEX open_items_company_id_last_entry_date ON open_items (company_id, last_entry_date);
CREATE INDEX open_items_party_id_id ON open_items (party_id, id);
CREATE INDEX open_items_open ON open_items (company_id, party_id) WHERE outstanding <> 0;
CREATE INDEX open_items_updated_at_id ON open_items (updated_at, id);
CREATE INDEX open_items_company_id_account_id ON open_items (company_id, account_id);
CREATE INDEX open_items_account_id ON open_items (account_id);
