-- Baseline of the area `accounting`.

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

-- Whatever way an entry came to be posted, it balances at commit.
CREATE FUNCTION journal_entries_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM journal_entry_balances(NEW.id);
    RETURN NULL;
END $$;

CREATE FUNCTION journal_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_draft BOOLEAN;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.party_id <> NEW.party_id AND to_jsonb(OLD) - 'party_id' = to_jsonb(NEW) - 'party_id'
        AND follows_a_merge(OLD.party_id, NEW.party_id) THEN
        RETURN NEW;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'tandem: journal lines cannot be changed';
    END IF;
    SELECT status = 'draft' INTO is_draft FROM journal_entries WHERE id = NEW.journal_entry_id FOR SHARE;
    IF NOT COALESCE(is_draft, FALSE) THEN
        RAISE EXCEPTION 'tandem: a posted journal entry takes no more lines';
    END IF;
    RETURN NEW;
END $$;

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
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX accounts_company_id_code ON accounts (company_id, code);
CREATE INDEX accounts_company_id_id ON accounts (company_id, id);
CREATE INDEX accounts_company_id_name_id ON accounts (company_id, name, id);
CREATE INDEX accounts_created_at_id ON accounts (created_at, id);
CREATE INDEX accounts_code_id ON accounts (code, id);
CREATE INDEX accounts_updated_at_id ON accounts (updated_at, id);

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
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX account_determinations_company_id_role_id ON account_determinations (company_id, role, id);
CREATE INDEX account_determinations_company_id_id ON account_determinations (company_id, id);
CREATE INDEX account_determinations_account_id ON account_determinations (account_id);
CREATE INDEX account_determinations_created_at_id ON account_determinations (created_at, id);
CREATE INDEX account_determinations_updated_at_id ON account_determinations (updated_at, id);

CREATE TABLE accounting_policies (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    entry_self_approval_limit NUMERIC(18,4) NULL,
    payment_self_approval_limit NUMERIC(18,4) NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX accounting_policies_company_id ON accounting_policies (company_id);
CREATE INDEX accounting_policies_company_id_id ON accounting_policies (company_id, id);
CREATE INDEX accounting_policies_created_at_id ON accounting_policies (created_at, id);
CREATE INDEX accounting_policies_updated_at_id ON accounting_policies (updated_at, id);

CREATE TABLE fiscal_years (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX fiscal_years_company_id_start_date ON fiscal_years (company_id, start_date);
CREATE INDEX fiscal_years_company_id_id ON fiscal_years (company_id, id);
CREATE INDEX fiscal_years_start_date_id ON fiscal_years (start_date, id);
CREATE INDEX fiscal_years_created_at_id ON fiscal_years (created_at, id);
CREATE INDEX fiscal_years_updated_at_id ON fiscal_years (updated_at, id);

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
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX periods_company_id_start_date ON periods (company_id, start_date);
CREATE INDEX periods_company_id_id ON periods (company_id, id);
CREATE INDEX periods_fiscal_year_id ON periods (fiscal_year_id);
CREATE INDEX periods_start_date_id ON periods (start_date, id);
CREATE INDEX periods_created_at_id ON periods (created_at, id);
CREATE INDEX periods_updated_at_id ON periods (updated_at, id);

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
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    authors JSONB NOT NULL DEFAULT '[]'
);
CREATE UNIQUE INDEX journal_entries_company_id_number ON journal_entries (company_id, number);
CREATE UNIQUE INDEX journal_entries_reverses_id ON journal_entries (reverses_id);
CREATE INDEX journal_entries_company_id_id ON journal_entries (company_id, id);
CREATE INDEX journal_entries_company_id_posting_date_id ON journal_entries (company_id, posting_date, id);
CREATE INDEX journal_entries_posting_date_id ON journal_entries (posting_date, id);
CREATE INDEX journal_entries_source ON journal_entries (source);
CREATE INDEX journal_entries_created_at_id ON journal_entries (created_at, id);
CREATE INDEX journal_entries_updated_at_id ON journal_entries (updated_at, id);
CREATE TRIGGER journal_entries_change BEFORE UPDATE OR DELETE ON journal_entries FOR EACH ROW EXECUTE FUNCTION journal_entries_guard();
CREATE TRIGGER journal_entries_truncate BEFORE TRUNCATE ON journal_entries FOR EACH STATEMENT EXECUTE FUNCTION journal_entries_guard();
CREATE CONSTRAINT TRIGGER journal_entries_balance AFTER INSERT ON journal_entries DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.status = 'posted') EXECUTE FUNCTION journal_entries_commit();

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
-- What was spent on a campaign is found by the dimension of its lines.
CREATE INDEX journal_lines_campaign ON journal_lines (company_id, (dimensions ->> 'campaign'))
    WHERE (dimensions ->> 'campaign') IS NOT NULL;
CREATE TRIGGER journal_lines_change BEFORE INSERT OR UPDATE OR DELETE ON journal_lines FOR EACH ROW EXECUTE FUNCTION journal_lines_guard();
CREATE TRIGGER journal_lines_truncate BEFORE TRUNCATE ON journal_lines FOR EACH STATEMENT EXECUTE FUNCTION journal_lines_guard();

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
