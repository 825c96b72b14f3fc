-- Baseline of the area `banking`.

CREATE FUNCTION append_only_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: rows of % cannot be changed', TG_TABLE_NAME;
END $$;

CREATE FUNCTION allocations_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.party_id <> NEW.party_id AND to_jsonb(OLD) - 'party_id' = to_jsonb(NEW) - 'party_id'
        AND follows_a_merge(OLD.party_id, NEW.party_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'tandem: rows of % cannot be changed', TG_TABLE_NAME;
END $$;

CREATE TABLE payments (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    direction TEXT NOT NULL,
    party_id UUID NOT NULL REFERENCES parties (id),
    payment_date DATE NOT NULL,
    method TEXT NOT NULL,
    reference TEXT NULL,
    currency TEXT NOT NULL,
    exchange_rate NUMERIC(18,10) NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    fee NUMERIC(18,4) NOT NULL,
    amount_company NUMERIC(18,4) NOT NULL,
    unallocated NUMERIC(18,4) NOT NULL,
    allocate_to JSONB NOT NULL,
    journal_entry_id UUID NULL REFERENCES journal_entries (id),
    created_by UUID NULL,
    posted_at TIMESTAMPTZ NULL,
    metadata JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    authors JSONB NOT NULL DEFAULT '[]',
    exchange_rate_agreed BOOLEAN NOT NULL DEFAULT TRUE,
    reversal_date DATE NULL,
    reversal_reason TEXT NULL,
    reversal_entry_id UUID NULL REFERENCES journal_entries (id)
);
CREATE UNIQUE INDEX payments_company_id_number ON payments (company_id, number);
CREATE INDEX payments_company_id_id ON payments (company_id, id);
CREATE INDEX payments_company_id_payment_date_id ON payments (company_id, payment_date, id);
CREATE INDEX payments_party_id_id ON payments (party_id, id);
CREATE INDEX payments_journal_entry_id ON payments (journal_entry_id);
CREATE INDEX payments_payment_date_id ON payments (payment_date, id);
CREATE INDEX payments_created_at_id ON payments (created_at, id);
CREATE INDEX payments_updated_at_id ON payments (updated_at, id);
CREATE INDEX payments_reversal_entry_id ON payments (reversal_entry_id);
CREATE TRIGGER payments_change BEFORE UPDATE OR DELETE ON payments FOR EACH ROW EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER payments_truncate BEFORE TRUNCATE ON payments FOR EACH STATEMENT EXECUTE FUNCTION posted_document_guard();

-- What settled what. Undone by a row with the opposite signs.
CREATE TABLE allocations (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    party_id UUID NOT NULL REFERENCES parties (id),
    payment_id UUID NULL REFERENCES payments (id),
    credit_note_id UUID NULL REFERENCES credit_notes (id),
    invoice_id UUID NULL REFERENCES invoices (id),
    effective_date DATE NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    discount NUMERIC(18,4) NOT NULL,
    write_off NUMERIC(18,4) NOT NULL,
    overpaid NUMERIC(18,4) NOT NULL,
    exchange_gain NUMERIC(18,4) NOT NULL,
    journal_entry_id UUID NULL REFERENCES journal_entries (id),
    reverses_id UUID NULL REFERENCES allocations (id),
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    refunded_payment_id UUID NULL REFERENCES payments (id),
    discount_company NUMERIC(18,4) NOT NULL DEFAULT 0,
    taxes JSONB NOT NULL DEFAULT '[]'
);
CREATE UNIQUE INDEX allocations_reverses_id ON allocations (reverses_id);
CREATE INDEX allocations_company_id_id ON allocations (company_id, id);
CREATE INDEX allocations_party_id_id ON allocations (party_id, id);
CREATE INDEX allocations_payment_id ON allocations (payment_id);
CREATE INDEX allocations_credit_note_id ON allocations (credit_note_id);
CREATE INDEX allocations_invoice_id ON allocations (invoice_id);
CREATE INDEX allocations_journal_entry_id ON allocations (journal_entry_id);
CREATE INDEX allocations_refunded_payment_id ON allocations (refunded_payment_id);
CREATE TRIGGER allocations_truncate BEFORE TRUNCATE ON allocations FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard();
CREATE TRIGGER allocations_change BEFORE UPDATE OR DELETE ON allocations FOR EACH ROW EXECUTE FUNCTION allocations_guard();

CREATE TABLE item_entries (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    item_id UUID NOT NULL REFERENCES open_items (id),
    allocation_id UUID NULL REFERENCES allocations (id),
    cause TEXT NOT NULL,
    effective_date DATE NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    amount_company NUMERIC(18,4) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX item_entries_item_id_effective_date ON item_entries (item_id, effective_date);
CREATE INDEX item_entries_company_id_effective_date ON item_entries (company_id, effective_date);
CREATE INDEX item_entries_allocation_id ON item_entries (allocation_id);
CREATE TRIGGER item_entries_change BEFORE UPDATE OR DELETE ON item_entries FOR EACH ROW EXECUTE FUNCTION append_only_guard();
CREATE TRIGGER item_entries_truncate BEFORE TRUNCATE ON item_entries FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard();
