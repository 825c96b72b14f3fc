-- The books: accounts, periods, entries, taxes, invoices, payments, and what is open.

CREATE TABLE accounts (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    account_type TEXT NOT NULL,
    normal_side TEXT NOT NULL,
    heading BOOLEAN NOT NULL,
    control BOOLEAN NOT NULL,
    contra BOOLEAN NOT NULL,
    currency TEXT NULL,
    archived BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX accounts_company_id_code ON accounts (company_id, code);
CREATE INDEX accounts_company_id_id ON accounts (company_id, id);
CREATE INDEX accounts_company_id_name_id ON accounts (company_id, name, id);
CREATE INDEX accounts_created_at_id ON accounts (created_at, id);
CREATE INDEX accounts_code_id ON accounts (code, id);

-- Which account a role means; the most specific row that holds on the posting date wins.
CREATE TABLE account_determinations (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    role TEXT NOT NULL,
    item_class TEXT NULL,
    party_class TEXT NULL,
    account_id UUID NOT NULL REFERENCES accounts (id),
    valid_from_date DATE NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX account_determinations_company_id_role_id ON account_determinations (company_id, role, id);
CREATE INDEX account_determinations_company_id_id ON account_determinations (company_id, id);
CREATE INDEX account_determinations_account_id ON account_determinations (account_id);
CREATE INDEX account_determinations_created_at_id ON account_determinations (created_at, id);

CREATE TABLE tax_codes (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    computation TEXT NOT NULL,
    treatment TEXT NOT NULL,
    price_includes_tax BOOLEAN NOT NULL,
    affects_base BOOLEAN NOT NULL,
    rates JSONB NOT NULL,
    account_id UUID NULL REFERENCES accounts (id),
    archived BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX tax_codes_company_id_code ON tax_codes (company_id, code);
CREATE INDEX tax_codes_company_id_id ON tax_codes (company_id, id);
CREATE INDEX tax_codes_account_id ON tax_codes (account_id);
CREATE INDEX tax_codes_created_at_id ON tax_codes (created_at, id);
CREATE INDEX tax_codes_code_id ON tax_codes (code, id);

CREATE TABLE tax_rules (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    tax_class TEXT NULL,
    tax_status TEXT NULL,
    tax_code_ids JSONB NOT NULL,
    valid_from_date DATE NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX tax_rules_company_id_id ON tax_rules (company_id, id);
CREATE INDEX tax_rules_created_at_id ON tax_rules (created_at, id);

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
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX payment_terms_company_id_code ON payment_terms (company_id, code);
CREATE INDEX payment_terms_company_id_id ON payment_terms (company_id, id);
CREATE INDEX payment_terms_created_at_id ON payment_terms (created_at, id);
CREATE INDEX payment_terms_code_id ON payment_terms (code, id);

CREATE TABLE accounting_policies (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    entry_self_approval_limit NUMERIC(18,4) NULL,
    payment_self_approval_limit NUMERIC(18,4) NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX accounting_policies_company_id ON accounting_policies (company_id);
CREATE INDEX accounting_policies_company_id_id ON accounting_policies (company_id, id);
CREATE INDEX accounting_policies_created_at_id ON accounting_policies (created_at, id);

CREATE TABLE fiscal_years (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX fiscal_years_company_id_start_date ON fiscal_years (company_id, start_date);
CREATE INDEX fiscal_years_company_id_id ON fiscal_years (company_id, id);
CREATE INDEX fiscal_years_start_date_id ON fiscal_years (start_date, id);
CREATE INDEX fiscal_years_created_at_id ON fiscal_years (created_at, id);

-- One month, with a lock for each part of the books. Postings hold a share lock on it until they commit.
CREATE TABLE periods (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    fiscal_year_id UUID NOT NULL REFERENCES fiscal_years (id),
    number BIGINT NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    gl TEXT NOT NULL,
    ar TEXT NOT NULL,
    ap TEXT NOT NULL,
    inventory TEXT NOT NULL,
    payroll TEXT NOT NULL,
    tax TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX periods_company_id_start_date ON periods (company_id, start_date);
CREATE INDEX periods_company_id_id ON periods (company_id, id);
CREATE INDEX periods_fiscal_year_id ON periods (fiscal_year_id);
CREATE INDEX periods_start_date_id ON periods (start_date, id);
CREATE INDEX periods_created_at_id ON periods (created_at, id);

CREATE TABLE journal_entries (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    journal TEXT NOT NULL,
    class TEXT NOT NULL,
    status TEXT NOT NULL,
    posting_date DATE NOT NULL,
    description TEXT NOT NULL,
    source TEXT NULL,
    reverses_id UUID NULL REFERENCES journal_entries (id),
    total NUMERIC(18,4) NOT NULL,
    drafted JSONB NOT NULL,
    created_by UUID NULL,
    posted_at TIMESTAMPTZ NULL,
    metadata JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX journal_entries_company_id_number ON journal_entries (company_id, number);
CREATE UNIQUE INDEX journal_entries_reverses_id ON journal_entries (reverses_id);
CREATE INDEX journal_entries_company_id_id ON journal_entries (company_id, id);
CREATE INDEX journal_entries_company_id_posting_date_id ON journal_entries (company_id, posting_date, id);
CREATE INDEX journal_entries_posting_date_id ON journal_entries (posting_date, id);
CREATE INDEX journal_entries_source ON journal_entries (source);
CREATE INDEX journal_entries_created_at_id ON journal_entries (created_at, id);

-- The ledger. Written once, while its entry is a draft, and never again.
CREATE TABLE journal_lines (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    journal_entry_id UUID NOT NULL REFERENCES journal_entries (id),
    position BIGINT NOT NULL,
    posting_date DATE NOT NULL,
    account_id UUID NOT NULL REFERENCES accounts (id),
    debit NUMERIC(18,4) NOT NULL,
    credit NUMERIC(18,4) NOT NULL,
    currency TEXT NOT NULL,
    amount_currency NUMERIC(18,4) NOT NULL,
    exchange_rate NUMERIC(18,10) NOT NULL,
    party_id UUID NULL REFERENCES parties (id),
    product_id UUID NULL,
    tax_code_id UUID NULL,
    dimensions JSONB NOT NULL,
    description TEXT NULL,
    source TEXT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX journal_lines_journal_entry_id_position ON journal_lines (journal_entry_id, position);
CREATE INDEX journal_lines_account_id_posting_date_id ON journal_lines (account_id, posting_date, id);
CREATE INDEX journal_lines_company_id_posting_date_id ON journal_lines (company_id, posting_date, id);
CREATE INDEX journal_lines_party_id_posting_date_id ON journal_lines (party_id, posting_date, id);
CREATE INDEX journal_lines_source ON journal_lines (source);

-- Running sums per account and month, in up to 16 rows so that concurrent postings do not wait for each other.
CREATE TABLE account_balances (
    company_id UUID NOT NULL REFERENCES companies (id),
    account_id UUID NOT NULL REFERENCES accounts (id),
    month DATE NOT NULL,
    slot BIGINT NOT NULL,
    debit NUMERIC(18,4) NOT NULL,
    credit NUMERIC(18,4) NOT NULL,
    PRIMARY KEY (account_id, month, slot)
);
CREATE INDEX account_balances_company_id_month ON account_balances (company_id, month);

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
    created_at TIMESTAMPTZ NOT NULL
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
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX invoice_lines_invoice_id_position ON invoice_lines (invoice_id, position);
CREATE INDEX invoice_lines_product_id ON invoice_lines (product_id);
CREATE INDEX invoice_lines_order_line_id ON invoice_lines (order_line_id);

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
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX credit_notes_company_id_number ON credit_notes (company_id, number);
CREATE INDEX credit_notes_company_id_id ON credit_notes (company_id, id);
CREATE INDEX credit_notes_company_id_credit_date_id ON credit_notes (company_id, credit_date, id);
CREATE INDEX credit_notes_invoice_id ON credit_notes (invoice_id);
CREATE INDEX credit_notes_customer_id_id ON credit_notes (customer_id, id);
CREATE INDEX credit_notes_journal_entry_id ON credit_notes (journal_entry_id);
CREATE INDEX credit_notes_credit_date_id ON credit_notes (credit_date, id);
CREATE INDEX credit_notes_created_at_id ON credit_notes (created_at, id);

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
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX payments_company_id_number ON payments (company_id, number);
CREATE INDEX payments_company_id_id ON payments (company_id, id);
CREATE INDEX payments_company_id_payment_date_id ON payments (company_id, payment_date, id);
CREATE INDEX payments_party_id_id ON payments (party_id, id);
CREATE INDEX payments_journal_entry_id ON payments (journal_entry_id);
CREATE INDEX payments_payment_date_id ON payments (payment_date, id);
CREATE INDEX payments_created_at_id ON payments (created_at, id);

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
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX allocations_reverses_id ON allocations (reverses_id);
CREATE INDEX allocations_company_id_id ON allocations (company_id, id);
CREATE INDEX allocations_party_id_id ON allocations (party_id, id);
CREATE INDEX allocations_payment_id ON allocations (payment_id);
CREATE INDEX allocations_credit_note_id ON allocations (credit_note_id);
CREATE INDEX allocations_invoice_id ON allocations (invoice_id);
CREATE INDEX allocations_journal_entry_id ON allocations (journal_entry_id);

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
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX open_items_document_id_position ON open_items (document_id, position);
CREATE INDEX open_items_company_id_id ON open_items (company_id, id);
CREATE INDEX open_items_company_id_due_date_id ON open_items (company_id, due_date, id);
CREATE INDEX open_items_company_id_last_entry_date ON open_items (company_id, last_entry_date);
CREATE INDEX open_items_party_id_id ON open_items (party_id, id);
CREATE INDEX open_items_open ON open_items (company_id, party_id) WHERE outstanding <> 0;

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

-- The database guards the books itself: what is posted balances and stays.

CREATE FUNCTION journal_entry_balances(entry UUID) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lines BIGINT;
    difference NUMERIC;
BEGIN
    SELECT COUNT(*), COALESCE(SUM(debit - credit), 0) INTO lines, difference FROM journal_lines WHERE journal_entry_id = entry;
    IF lines < 2 OR difference <> 0 THEN
        RAISE EXCEPTION 'tandem: journal entry % does not balance', entry;
    END IF;
END $$;

CREATE FUNCTION journal_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' OR OLD.status = 'posted' THEN
        RAISE EXCEPTION 'tandem: posted journal entries cannot be changed';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF NEW.status = 'posted' THEN
        PERFORM journal_entry_balances(NEW.id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_entries_change BEFORE UPDATE OR DELETE ON journal_entries FOR EACH ROW EXECUTE FUNCTION journal_entries_guard();
CREATE TRIGGER journal_entries_truncate BEFORE TRUNCATE ON journal_entries FOR EACH STATEMENT EXECUTE FUNCTION journal_entries_guard();

-- Whatever way an entry came to be posted, it balances at commit.
CREATE FUNCTION journal_entries_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM journal_entry_balances(NEW.id);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_entries_balance AFTER INSERT ON journal_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'posted') EXECUTE FUNCTION journal_entries_commit();

CREATE FUNCTION journal_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_draft BOOLEAN;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'tandem: journal lines cannot be changed';
    END IF;
    SELECT status = 'draft' INTO is_draft FROM journal_entries WHERE id = NEW.journal_entry_id FOR SHARE;
    IF NOT COALESCE(is_draft, FALSE) THEN
        RAISE EXCEPTION 'tandem: a posted journal entry takes no more lines';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER journal_lines_change BEFORE INSERT OR UPDATE OR DELETE ON journal_lines FOR EACH ROW EXECUTE FUNCTION journal_lines_guard();
CREATE TRIGGER journal_lines_truncate BEFORE TRUNCATE ON journal_lines FOR EACH STATEMENT EXECUTE FUNCTION journal_lines_guard();

CREATE FUNCTION append_only_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: rows of % cannot be changed', TG_TABLE_NAME;
END $$;
CREATE TRIGGER item_entries_change BEFORE UPDATE OR DELETE ON item_entries FOR EACH ROW EXECUTE FUNCTION append_only_guard();
CREATE TRIGGER item_entries_truncate BEFORE TRUNCATE ON item_entries FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard();
CREATE TRIGGER allocations_change BEFORE UPDATE OR DELETE ON allocations FOR EACH ROW EXECUTE FUNCTION append_only_guard();
CREATE TRIGGER allocations_truncate BEFORE TRUNCATE ON allocations FOR EACH STATEMENT EXECUTE FUNCTION append_only_guard();

-- A numbered document keeps its figures; only what is settled of it moves.
CREATE FUNCTION posted_document_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' OR (TG_OP = 'DELETE' AND OLD.status <> 'draft') THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be deleted';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF OLD.status <> 'draft' AND (to_jsonb(OLD) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata')
        IS DISTINCT FROM (to_jsonb(NEW) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata') THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER invoices_change BEFORE UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER invoices_truncate BEFORE TRUNCATE ON invoices FOR EACH STATEMENT EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER credit_notes_change BEFORE UPDATE OR DELETE ON credit_notes FOR EACH ROW EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER credit_notes_truncate BEFORE TRUNCATE ON credit_notes FOR EACH STATEMENT EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER payments_change BEFORE UPDATE OR DELETE ON payments FOR EACH ROW EXECUTE FUNCTION posted_document_guard();
CREATE TRIGGER payments_truncate BEFORE TRUNCATE ON payments FOR EACH STATEMENT EXECUTE FUNCTION posted_document_guard();

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
CREATE TRIGGER invoice_lines_change BEFORE INSERT OR UPDATE OR DELETE ON invoice_lines FOR EACH ROW EXECUTE FUNCTION invoice_lines_guard();
CREATE TRIGGER invoice_lines_truncate BEFORE TRUNCATE ON invoice_lines FOR EACH STATEMENT EXECUTE FUNCTION invoice_lines_guard();

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
CREATE TRIGGER credit_note_lines_change BEFORE INSERT OR UPDATE OR DELETE ON credit_note_lines FOR EACH ROW EXECUTE FUNCTION credit_note_lines_guard();
CREATE TRIGGER credit_note_lines_truncate BEFORE TRUNCATE ON credit_note_lines FOR EACH STATEMENT EXECUTE FUNCTION credit_note_lines_guard();
