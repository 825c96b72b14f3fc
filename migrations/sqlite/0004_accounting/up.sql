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
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounts_company_id_code ON accounts (company_id, code);
CREATE INDEX accounts_company_id_id ON accounts (company_id, id);
CREATE INDEX accounts_company_id_name_id ON accounts (company_id, name, id);
CREATE INDEX accounts_created_at_id ON accounts (created_at, id);
CREATE INDEX accounts_code_id ON accounts (code, id);

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
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX account_determinations_company_id_role_id ON account_determinations (company_id, role, id);
CREATE INDEX account_determinations_company_id_id ON account_determinations (company_id, id);
CREATE INDEX account_determinations_account_id ON account_determinations (account_id);
CREATE INDEX account_determinations_created_at_id ON account_determinations (created_at, id);

CREATE TABLE tax_codes (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    computation TEXT NOT NULL,
    treatment TEXT NOT NULL,
    price_includes_tax INTEGER NOT NULL,
    affects_base INTEGER NOT NULL,
    rates TEXT NOT NULL,
    account_id BLOB NULL REFERENCES accounts (id),
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tax_codes_company_id_code ON tax_codes (company_id, code);
CREATE INDEX tax_codes_company_id_id ON tax_codes (company_id, id);
CREATE INDEX tax_codes_account_id ON tax_codes (account_id);
CREATE INDEX tax_codes_created_at_id ON tax_codes (created_at, id);
CREATE INDEX tax_codes_code_id ON tax_codes (code, id);

CREATE TABLE tax_rules (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    tax_class TEXT NULL,
    tax_status TEXT NULL,
    tax_code_ids TEXT NOT NULL,
    valid_from_date TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tax_rules_company_id_id ON tax_rules (company_id, id);
CREATE INDEX tax_rules_created_at_id ON tax_rules (created_at, id);

CREATE TABLE payment_terms (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    instalments TEXT NOT NULL,
    discount_percent INTEGER NOT NULL,
    discount_days INTEGER NOT NULL,
    tolerance INTEGER NOT NULL,
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payment_terms_company_id_code ON payment_terms (company_id, code);
CREATE INDEX payment_terms_company_id_id ON payment_terms (company_id, id);
CREATE INDEX payment_terms_created_at_id ON payment_terms (created_at, id);
CREATE INDEX payment_terms_code_id ON payment_terms (code, id);

CREATE TABLE accounting_policies (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    entry_self_approval_limit INTEGER NULL,
    payment_self_approval_limit INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX accounting_policies_company_id ON accounting_policies (company_id);
CREATE INDEX accounting_policies_company_id_id ON accounting_policies (company_id, id);
CREATE INDEX accounting_policies_created_at_id ON accounting_policies (created_at, id);

CREATE TABLE fiscal_years (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX fiscal_years_company_id_start_date ON fiscal_years (company_id, start_date);
CREATE INDEX fiscal_years_company_id_id ON fiscal_years (company_id, id);
CREATE INDEX fiscal_years_start_date_id ON fiscal_years (start_date, id);
CREATE INDEX fiscal_years_created_at_id ON fiscal_years (created_at, id);

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
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX periods_company_id_start_date ON periods (company_id, start_date);
CREATE INDEX periods_company_id_id ON periods (company_id, id);
CREATE INDEX periods_fiscal_year_id ON periods (fiscal_year_id);
CREATE INDEX periods_start_date_id ON periods (start_date, id);
CREATE INDEX periods_created_at_id ON periods (created_at, id);

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
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX journal_entries_company_id_number ON journal_entries (company_id, number);
CREATE UNIQUE INDEX journal_entries_reverses_id ON journal_entries (reverses_id);
CREATE INDEX journal_entries_company_id_id ON journal_entries (company_id, id);
CREATE INDEX journal_entries_company_id_posting_date_id ON journal_entries (company_id, posting_date, id);
CREATE INDEX journal_entries_posting_date_id ON journal_entries (posting_date, id);
CREATE INDEX journal_entries_source ON journal_entries (source);
CREATE INDEX journal_entries_created_at_id ON journal_entries (created_at, id);

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

CREATE TABLE invoices (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    customer_id BLOB NOT NULL REFERENCES parties (id),
    customer_name TEXT NOT NULL,
    customer_tax_id TEXT NULL,
    billing_address TEXT NULL,
    reference TEXT NULL,
    order_id TEXT NULL,
    currency TEXT NOT NULL,
    exchange_rate INTEGER NOT NULL,
    invoice_date TEXT NOT NULL,
    payment_term_id BLOB NULL REFERENCES payment_terms (id),
    due_date TEXT NULL,
    discount_until_date TEXT NULL,
    discount_percent INTEGER NOT NULL,
    tolerance INTEGER NOT NULL,
    rounding TEXT NOT NULL,
    prices_include_tax INTEGER NOT NULL,
    taxes TEXT NOT NULL,
    instalments TEXT NOT NULL,
    net INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    total INTEGER NOT NULL,
    total_company INTEGER NOT NULL,
    outstanding INTEGER NOT NULL,
    credited INTEGER NOT NULL,
    journal_entry_id BLOB NULL REFERENCES journal_entries (id),
    created_by BLOB NULL,
    posted_at INTEGER NULL,
    metadata TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
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
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    position INTEGER NOT NULL,
    product_id BLOB NULL REFERENCES products (id),
    item_class TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price INTEGER NOT NULL,
    discount_percent INTEGER NOT NULL,
    tax_code_ids TEXT NOT NULL,
    taxes TEXT NOT NULL,
    net INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    gross INTEGER NOT NULL,
    order_line_id TEXT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invoice_lines_invoice_id_position ON invoice_lines (invoice_id, position);
CREATE INDEX invoice_lines_product_id ON invoice_lines (product_id);
CREATE INDEX invoice_lines_order_line_id ON invoice_lines (order_line_id);

CREATE TABLE credit_notes (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    invoice_id BLOB NOT NULL REFERENCES invoices (id),
    customer_id BLOB NOT NULL REFERENCES parties (id),
    customer_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    credit_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    exchange_rate INTEGER NOT NULL,
    apply_to_invoice INTEGER NOT NULL,
    taxes TEXT NOT NULL,
    net INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    total INTEGER NOT NULL,
    total_company INTEGER NOT NULL,
    unallocated INTEGER NOT NULL,
    journal_entry_id BLOB NULL REFERENCES journal_entries (id),
    created_by BLOB NULL,
    posted_at INTEGER NULL,
    metadata TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX credit_notes_company_id_number ON credit_notes (company_id, number);
CREATE INDEX credit_notes_company_id_id ON credit_notes (company_id, id);
CREATE INDEX credit_notes_company_id_credit_date_id ON credit_notes (company_id, credit_date, id);
CREATE INDEX credit_notes_invoice_id ON credit_notes (invoice_id);
CREATE INDEX credit_notes_customer_id_id ON credit_notes (customer_id, id);
CREATE INDEX credit_notes_journal_entry_id ON credit_notes (journal_entry_id);
CREATE INDEX credit_notes_credit_date_id ON credit_notes (credit_date, id);
CREATE INDEX credit_notes_created_at_id ON credit_notes (created_at, id);

CREATE TABLE credit_note_lines (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    credit_note_id BLOB NOT NULL REFERENCES credit_notes (id),
    position INTEGER NOT NULL,
    invoice_line_id BLOB NOT NULL REFERENCES invoice_lines (id),
    product_id BLOB NULL REFERENCES products (id),
    item_class TEXT NOT NULL,
    description TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    taxes TEXT NOT NULL,
    net INTEGER NOT NULL,
    tax INTEGER NOT NULL,
    gross INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX credit_note_lines_credit_note_id_position ON credit_note_lines (credit_note_id, position);
CREATE INDEX credit_note_lines_invoice_line_id ON credit_note_lines (invoice_line_id);
CREATE INDEX credit_note_lines_product_id ON credit_note_lines (product_id);

CREATE TABLE payments (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    direction TEXT NOT NULL,
    party_id BLOB NOT NULL REFERENCES parties (id),
    payment_date TEXT NOT NULL,
    method TEXT NOT NULL,
    reference TEXT NULL,
    currency TEXT NOT NULL,
    exchange_rate INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    amount_company INTEGER NOT NULL,
    unallocated INTEGER NOT NULL,
    allocate_to TEXT NOT NULL,
    journal_entry_id BLOB NULL REFERENCES journal_entries (id),
    created_by BLOB NULL,
    posted_at INTEGER NULL,
    metadata TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payments_company_id_number ON payments (company_id, number);
CREATE INDEX payments_company_id_id ON payments (company_id, id);
CREATE INDEX payments_company_id_payment_date_id ON payments (company_id, payment_date, id);
CREATE INDEX payments_party_id_id ON payments (party_id, id);
CREATE INDEX payments_journal_entry_id ON payments (journal_entry_id);
CREATE INDEX payments_payment_date_id ON payments (payment_date, id);
CREATE INDEX payments_created_at_id ON payments (created_at, id);

-- What settled what. Undone by a row with the opposite signs.
CREATE TABLE allocations (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    party_id BLOB NOT NULL REFERENCES parties (id),
    payment_id BLOB NULL REFERENCES payments (id),
    credit_note_id BLOB NULL REFERENCES credit_notes (id),
    invoice_id BLOB NULL REFERENCES invoices (id),
    effective_date TEXT NOT NULL,
    amount INTEGER NOT NULL,
    discount INTEGER NOT NULL,
    write_off INTEGER NOT NULL,
    overpaid INTEGER NOT NULL,
    exchange_gain INTEGER NOT NULL,
    journal_entry_id BLOB NULL REFERENCES journal_entries (id),
    reverses_id BLOB NULL REFERENCES allocations (id),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX allocations_reverses_id ON allocations (reverses_id);
CREATE INDEX allocations_company_id_id ON allocations (company_id, id);
CREATE INDEX allocations_party_id_id ON allocations (party_id, id);
CREATE INDEX allocations_payment_id ON allocations (payment_id);
CREATE INDEX allocations_credit_note_id ON allocations (credit_note_id);
CREATE INDEX allocations_invoice_id ON allocations (invoice_id);
CREATE INDEX allocations_journal_entry_id ON allocations (journal_entry_id);

-- The receivables subledger: items, and the dated rows that they are the sum of.
CREATE TABLE open_items (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    party_id BLOB NOT NULL REFERENCES parties (id),
    kind TEXT NOT NULL,
    document_id TEXT NOT NULL,
    document_number TEXT NOT NULL,
    position INTEGER NOT NULL,
    document_date TEXT NOT NULL,
    due_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    exchange_rate INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    outstanding INTEGER NOT NULL,
    outstanding_company INTEGER NOT NULL,
    last_entry_date TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX open_items_document_id_position ON open_items (document_id, position);
CREATE INDEX open_items_company_id_id ON open_items (company_id, id);
CREATE INDEX open_items_company_id_due_date_id ON open_items (company_id, due_date, id);
CREATE INDEX open_items_company_id_last_entry_date ON open_items (company_id, last_entry_date);
CREATE INDEX open_items_party_id_id ON open_items (party_id, id);
CREATE INDEX open_items_open ON open_items (company_id, party_id) WHERE outstanding <> 0;

CREATE TABLE item_entries (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    item_id BLOB NOT NULL REFERENCES open_items (id),
    allocation_id BLOB NULL REFERENCES allocations (id),
    cause TEXT NOT NULL,
    effective_date TEXT NOT NULL,
    amount INTEGER NOT NULL,
    amount_company INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX item_entries_item_id_effective_date ON item_entries (item_id, effective_date);
CREATE INDEX item_entries_company_id_effective_date ON item_entries (company_id, effective_date);
CREATE INDEX item_entries_allocation_id ON item_entries (allocation_id);

-- The database guards the books itself: what is posted balances and stays.

CREATE TRIGGER journal_entries_insert BEFORE INSERT ON journal_entries WHEN NEW.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: journal entries start as drafts'); END;
CREATE TRIGGER journal_entries_update BEFORE UPDATE ON journal_entries WHEN OLD.status = 'posted'
BEGIN SELECT RAISE(ABORT, 'tandem: posted journal entries cannot be changed'); END;
CREATE TRIGGER journal_entries_delete BEFORE DELETE ON journal_entries WHEN OLD.status = 'posted'
BEGIN SELECT RAISE(ABORT, 'tandem: posted journal entries cannot be changed'); END;
CREATE TRIGGER journal_entries_post BEFORE UPDATE ON journal_entries WHEN OLD.status <> 'posted' AND NEW.status = 'posted'
BEGIN
    SELECT RAISE(ABORT, 'tandem: journal entry does not balance')
    WHERE (SELECT COUNT(*) < 2 OR COALESCE(SUM(debit - credit), 0) <> 0 FROM journal_lines WHERE journal_entry_id = NEW.id);
END;

CREATE TRIGGER journal_lines_insert BEFORE INSERT ON journal_lines
WHEN NOT EXISTS (SELECT 1 FROM journal_entries WHERE id = NEW.journal_entry_id AND status = 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: a posted journal entry takes no more lines'); END;
CREATE TRIGGER journal_lines_update BEFORE UPDATE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'tandem: rows of journal_lines cannot be changed'); END;
CREATE TRIGGER journal_lines_delete BEFORE DELETE ON journal_lines
BEGIN SELECT RAISE(ABORT, 'tandem: rows of journal_lines cannot be changed'); END;
CREATE TRIGGER item_entries_update BEFORE UPDATE ON item_entries
BEGIN SELECT RAISE(ABORT, 'tandem: rows of item_entries cannot be changed'); END;
CREATE TRIGGER item_entries_delete BEFORE DELETE ON item_entries
BEGIN SELECT RAISE(ABORT, 'tandem: rows of item_entries cannot be changed'); END;
CREATE TRIGGER allocations_update BEFORE UPDATE ON allocations
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;
CREATE TRIGGER allocations_delete BEFORE DELETE ON allocations
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;

-- A numbered document keeps its figures; only what is settled of it moves.
CREATE TRIGGER invoices_delete BEFORE DELETE ON invoices WHEN OLD.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be deleted'); END;
CREATE TRIGGER invoices_update BEFORE UPDATE ON invoices WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.customer_id IS
    NOT OLD.customer_id OR NEW.customer_name IS NOT OLD.customer_name OR NEW.customer_tax_id IS NOT OLD.customer_tax_id
    OR NEW.billing_address IS NOT OLD.billing_address OR NEW.reference IS NOT OLD.reference OR NEW.order_id IS NOT
    OLD.order_id OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.invoice_date
    IS NOT OLD.invoice_date OR NEW.payment_term_id IS NOT OLD.payment_term_id OR NEW.due_date IS NOT OLD.due_date OR
    NEW.discount_until_date IS NOT OLD.discount_until_date OR NEW.discount_percent IS NOT OLD.discount_percent OR
    NEW.tolerance IS NOT OLD.tolerance OR NEW.rounding IS NOT OLD.rounding OR NEW.prices_include_tax IS NOT
    OLD.prices_include_tax OR NEW.taxes IS NOT OLD.taxes OR NEW.instalments IS NOT OLD.instalments OR NEW.net IS NOT
    OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS NOT OLD.total_company OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT
    OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
CREATE TRIGGER credit_notes_delete BEFORE DELETE ON credit_notes WHEN OLD.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be deleted'); END;
CREATE TRIGGER credit_notes_update BEFORE UPDATE ON credit_notes WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.invoice_id IS
    NOT OLD.invoice_id OR NEW.customer_id IS NOT OLD.customer_id OR NEW.customer_name IS NOT OLD.customer_name OR
    NEW.reason IS NOT OLD.reason OR NEW.credit_date IS NOT OLD.credit_date OR NEW.currency IS NOT OLD.currency OR
    NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.apply_to_invoice IS NOT OLD.apply_to_invoice OR NEW.taxes IS NOT
    OLD.taxes OR NEW.net IS NOT OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS
    NOT OLD.total_company OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR
    NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
CREATE TRIGGER payments_delete BEFORE DELETE ON payments WHEN OLD.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be deleted'); END;
CREATE TRIGGER payments_update BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.direction IS NOT
    OLD.direction OR NEW.party_id IS NOT OLD.party_id OR NEW.payment_date IS NOT OLD.payment_date OR NEW.method IS NOT
    OLD.method OR NEW.reference IS NOT OLD.reference OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT
    OLD.exchange_rate OR NEW.amount IS NOT OLD.amount OR NEW.fee IS NOT OLD.fee OR NEW.amount_company IS NOT
    OLD.amount_company OR NEW.allocate_to IS NOT OLD.allocate_to OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR
    NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
CREATE TRIGGER invoice_lines_insert BEFORE INSERT ON invoice_lines
WHEN EXISTS (SELECT 1 FROM invoices WHERE id = NEW.invoice_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted invoice cannot be changed'); END;
CREATE TRIGGER invoice_lines_update BEFORE UPDATE ON invoice_lines
WHEN EXISTS (SELECT 1 FROM invoices WHERE id = NEW.invoice_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted invoice cannot be changed'); END;
CREATE TRIGGER invoice_lines_delete BEFORE DELETE ON invoice_lines
WHEN EXISTS (SELECT 1 FROM invoices WHERE id = OLD.invoice_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted invoice cannot be changed'); END;
CREATE TRIGGER credit_note_lines_insert BEFORE INSERT ON credit_note_lines
WHEN EXISTS (SELECT 1 FROM credit_notes WHERE id = NEW.credit_note_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted credit note cannot be changed'); END;
CREATE TRIGGER credit_note_lines_update BEFORE UPDATE ON credit_note_lines
WHEN EXISTS (SELECT 1 FROM credit_notes WHERE id = NEW.credit_note_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted credit note cannot be changed'); END;
CREATE TRIGGER credit_note_lines_delete BEFORE DELETE ON credit_note_lines
WHEN EXISTS (SELECT 1 FROM credit_notes WHERE id = OLD.credit_note_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted credit note cannot be changed'); END;
