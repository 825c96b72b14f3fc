-- Baseline of the area `accounting`.

-- The books: accounts, periods, entries, taxes, invoices, payments, and what is open.

CREATE TABLE accounts (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    account_type TEXT NOT NULL,
    normal_side TEXT NOT NULL,
    heading INTEGER NOT NULL,
    control INTEGER NOT NULL,
    contra INTEGER NOT NULL,
    currency TEXT NULL,
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounts_company_id_code ON accounts (company_id, code);
CREATE INDEX accounts_company_id_id ON accounts (company_id, id);
CREATE INDEX accounts_company_id_name_id ON accounts (company_id, name, id);
CREATE INDEX accounts_created_at_id ON accounts (created_at, id);
CREATE INDEX accounts_code_id ON accounts (code, id);
CREATE INDEX accounts_updated_at_id ON accounts (updated_at, id);

-- Which account a role means; the most specific row that holds on the posting date wins.
CREATE TABLE account_determinations (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    role TEXT NOT NULL,
    item_class TEXT NULL,
    party_class TEXT NULL,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    valid_from_date TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_determinations_company_id_role_id ON account_determinations (company_id, role, id);
CREATE INDEX account_determinations_company_id_id ON account_determinations (company_id, id);
CREATE INDEX account_determinations_account_id ON account_determinations (account_id);
CREATE INDEX account_determinations_created_at_id ON account_determinations (created_at, id);
CREATE INDEX account_determinations_updated_at_id ON account_determinations (updated_at, id);

CREATE TABLE accounting_policies (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    entry_self_approval_limit INTEGER NULL,
    payment_self_approval_limit INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounting_policies_company_id ON accounting_policies (company_id);
CREATE INDEX accounting_policies_company_id_id ON accounting_policies (company_id, id);
CREATE INDEX accounting_policies_created_at_id ON accounting_policies (created_at, id);
CREATE INDEX accounting_policies_updated_at_id ON accounting_policies (updated_at, id);

CREATE TABLE fiscal_years (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX fiscal_years_company_id_start_date ON fiscal_years (company_id, start_date);
CREATE INDEX fiscal_years_company_id_id ON fiscal_years (company_id, id);
CREATE INDEX fiscal_years_start_date_id ON fiscal_years (start_date, id);
CREATE INDEX fiscal_years_created_at_id ON fiscal_years (created_at, id);
CREATE INDEX fiscal_years_updated_at_id ON fiscal_years (updated_at, id);

-- One month, with a lock for each part of the books. Postings hold a share lock on it until they commit.
CREATE TABLE periods (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    fiscal_year_id BLOB NOT NULL REFERENCES fiscal_years (id),
    number INTEGER NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    gl TEXT NOT NULL,
    ar TEXT NOT NULL,
    ap TEXT NOT NULL,
    inventory TEXT NOT NULL,
    payroll TEXT NOT NULL,
    tax TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX periods_company_id_start_date ON periods (company_id, start_date);
CREATE INDEX periods_company_id_id ON periods (company_id, id);
CREATE INDEX periods_fiscal_year_id ON periods (fiscal_year_id);
CREATE INDEX periods_start_date_id ON periods (start_date, id);
CREATE INDEX periods_created_at_id ON periods (created_at, id);
CREATE INDEX periods_updated_at_id ON periods (updated_at, id);

CREATE TABLE journal_entries (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    journal TEXT NOT NULL,
    class TEXT NOT NULL,
    status TEXT NOT NULL,
    posting_date TEXT NOT NULL,
    description TEXT NOT NULL,
    source TEXT NULL,
    reverses_id BLOB NULL REFERENCES journal_entries (id),
    total INTEGER NOT NULL,
    drafted TEXT NOT NULL,
    created_by BLOB NULL,
    posted_at INTEGER NULL,
    metadata TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    authors TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE UNIQUE INDEX journal_entries_company_id_number ON journal_entries (company_id, number);
CREATE UNIQUE INDEX journal_entries_reverses_id ON journal_entries (reverses_id);
CREATE INDEX journal_entries_company_id_id ON journal_entries (company_id, id);
CREATE INDEX journal_entries_company_id_posting_date_id ON journal_entries (company_id, posting_date, id);
CREATE INDEX journal_entries_posting_date_id ON journal_entries (posting_date, id);
CREATE INDEX journal_entries_source ON journal_entries (source);
CREATE INDEX journal_entries_created_at_id ON journal_entries (created_at, id);
CREATE INDEX journal_entries_updated_at_id ON journal_entries (updated_at, id);
-- The database guards the books itself: what is posted balances and stays.

CREATE TRIGGER journal_entries_insert BEFORE INSERT ON journal_entries WHEN NEW.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: journal entries start as drafts'); END;
CREATE TRIGGER journal_entries_delete BEFORE DELETE ON journal_entries WHEN OLD.status = 'posted'
BEGIN SELECT RAISE(ABORT, 'tandem: posted journal entries cannot be changed'); END;
CREATE TRIGGER journal_entries_post BEFORE UPDATE ON journal_entries WHEN OLD.status <> 'posted' AND NEW.status = 'posted'
BEGIN
    SELECT RAISE(ABORT, 'tandem: journal entry does not balance')
    WHERE (SELECT COUNT(*) < 2 OR COALESCE(SUM(debit - credit), 0) <> 0 FROM journal_lines WHERE journal_entry_id = NEW.id);
END;
CREATE TRIGGER journal_entries_update BEFORE UPDATE ON journal_entries WHEN OLD.status = 'posted'
BEGIN SELECT RAISE(ABORT, 'tandem: posted journal entries cannot be changed'); END;

-- The ledger. Written once, while its entry is a draft, and never again.
CREATE TABLE journal_lines (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    journal_entry_id BLOB NOT NULL REFERENCES journal_entries (id),
    position INTEGER NOT NULL,
    posting_date TEXT NOT NULL,
    account_id BLOB NOT NULL REFERENCES accounts (id),
    debit INTEGER NOT NULL,
    credit INTEGER NOT NULL,
    currency TEXT NOT NULL,
    amount_currency INTEGER NOT NULL,
    exchange_rate INTEGER NOT NULL,
    party_id BLOB NULL REFERENCES parties (id),
    product_id BLOB NULL,
    tax_code_id BLOB NULL,
    dimensions TEXT NOT NULL,
    description TEXT NULL,
    source TEXT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX journal_lines_journal_entry_id_position ON journal_lines (journal_entry_id, position);
CREATE INDEX journal_lines_account_id_posting_date_id ON journal_lines (account_id, posting_date, id);
CREATE INDEX journal_lines_company_id_posting_date_id ON journal_lines (company_id, posting_date, id);
CREATE INDEX journal_lines_party_id_posting_date_id ON journal_lines (party_id, posting_date, id);
CREATE INDEX journal_lines_source ON journal_lines (source);
-- What was spent on a campaign is found by the dimension of its lines.
CREATE INDEX journal_lines_campaign ON journal_lines (company_id, (dimensions ->> 'campaign'))
    WHERE (dimensions ->> 'campaign') IS NOT NULL;
CREATE TRIGGER journal_lines_insert BEFORE INSERT ON journal_lines
WHEN NOT EXISTS (SELECT 1 FROM journal_entries WHERE id = NEW.journal_entry_id AND status = 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: a posted journal entry takes no more lines'); END;
CREATE TRIGGER journal_lines_delete BEFORE DELETE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'tandem: rows of journal_lines cannot be changed'); END;
CREATE TRIGGER journal_lines_update BEFORE UPDATE ON journal_lines WHEN NEW.party_id IS OLD.party_id OR
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR
    NEW.position IS NOT OLD.position OR NEW.posting_date IS NOT OLD.posting_date OR NEW.account_id IS NOT OLD.account_id
    OR NEW.debit IS NOT OLD.debit OR NEW.credit IS NOT OLD.credit OR NEW.currency IS NOT OLD.currency OR
    NEW.amount_currency IS NOT OLD.amount_currency OR NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.product_id IS
    NOT OLD.product_id OR NEW.tax_code_id IS NOT OLD.tax_code_id OR NEW.dimensions IS NOT OLD.dimensions OR
    NEW.description IS NOT OLD.description OR NEW.source IS NOT OLD.source OR NEW.version IS NOT OLD.version OR
    NEW.created_at IS NOT OLD.created_at
    OR NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))
BEGIN SELECT RAISE(ABORT, 'tandem: rows of journal_lines cannot be changed'); END;

-- Running sums per account and month, in up to 16 rows so that concurrent postings do not wait for each other.
CREATE TABLE account_balances (
    company_id BLOB NOT NULL REFERENCES companies (id),
    account_id BLOB NOT NULL REFERENCES accounts (id),
    month TEXT NOT NULL,
    slot INTEGER NOT NULL,
    debit INTEGER NOT NULL,
    credit INTEGER NOT NULL,
    PRIMARY KEY (account_id, month, slot)
) STRICT;
CREATE INDEX account_balances_company_id_month ON account_balances (company_id, month);
