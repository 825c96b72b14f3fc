-- Baseline of the area `receivables`.

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
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX payment_terms_company_id_code ON payment_terms (company_id, code);
CREATE INDEX payment_terms_company_id_id ON payment_terms (company_id, id);
CREATE INDEX payment_terms_created_at_id ON payment_terms (created_at, id);
CREATE INDEX payment_terms_code_id ON payment_terms (code, id);
CREATE INDEX payment_terms_updated_at_id ON payment_terms (updated_at, id);

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
    created_at INTEGER NOT NULL,
    payment_terms_days INTEGER NULL,
    updated_at INTEGER NOT NULL,
    exchange_rate_agreed INTEGER NOT NULL DEFAULT 1,
    opening_date TEXT NULL,
    written_off INTEGER NOT NULL DEFAULT 0
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
CREATE INDEX invoices_updated_at_id ON invoices (updated_at, id);
-- A numbered document keeps its figures; only what is settled of it moves.
CREATE TRIGGER invoices_delete BEFORE DELETE ON invoices WHEN OLD.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be deleted'); END;
CREATE TRIGGER invoices_update BEFORE UPDATE ON invoices WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR
    (NEW.customer_id IS NOT OLD.customer_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.customer_id AND winner_id = NEW.customer_id) OR (loser_id = NEW.customer_id AND winner_id = OLD.customer_id)))) OR
    NEW.customer_name IS NOT OLD.customer_name OR NEW.customer_tax_id IS NOT OLD.customer_tax_id
    OR NEW.billing_address IS NOT OLD.billing_address OR NEW.reference IS NOT OLD.reference OR NEW.order_id IS NOT
    OLD.order_id OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.invoice_date
    IS NOT OLD.invoice_date OR NEW.payment_term_id IS NOT OLD.payment_term_id OR NEW.payment_terms_days IS NOT OLD.payment_terms_days OR NEW.due_date IS NOT OLD.due_date OR
    NEW.discount_until_date IS NOT OLD.discount_until_date OR NEW.discount_percent IS NOT OLD.discount_percent OR
    NEW.tolerance IS NOT OLD.tolerance OR NEW.rounding IS NOT OLD.rounding OR NEW.prices_include_tax IS NOT
    OLD.prices_include_tax OR NEW.taxes IS NOT OLD.taxes OR NEW.instalments IS NOT OLD.instalments OR NEW.net IS NOT
    OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS NOT OLD.total_company OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT
    OLD.posted_at OR NEW.created_at IS NOT OLD.created_at OR
    NEW.exchange_rate_agreed IS NOT OLD.exchange_rate_agreed OR
    NEW.opening_date IS NOT OLD.opening_date)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;

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
    created_at INTEGER NOT NULL,
    unit_id BLOB NULL REFERENCES units (id)
) STRICT;
CREATE INDEX invoice_lines_invoice_id_position ON invoice_lines (invoice_id, position);
CREATE INDEX invoice_lines_product_id ON invoice_lines (product_id);
CREATE INDEX invoice_lines_order_line_id ON invoice_lines (order_line_id);
CREATE INDEX invoice_lines_unit_id ON invoice_lines (unit_id);
CREATE TRIGGER invoice_lines_insert BEFORE INSERT ON invoice_lines
WHEN EXISTS (SELECT 1 FROM invoices WHERE id = NEW.invoice_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted invoice cannot be changed'); END;
CREATE TRIGGER invoice_lines_update BEFORE UPDATE ON invoice_lines
WHEN EXISTS (SELECT 1 FROM invoices WHERE id = NEW.invoice_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted invoice cannot be changed'); END;
CREATE TRIGGER invoice_lines_delete BEFORE DELETE ON invoice_lines
WHEN EXISTS (SELECT 1 FROM invoices WHERE id = OLD.invoice_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted invoice cannot be changed'); END;

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
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    discount INTEGER NOT NULL DEFAULT 0,
    discount_company INTEGER NOT NULL DEFAULT 0,
    discount_taxes TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE UNIQUE INDEX credit_notes_company_id_number ON credit_notes (company_id, number);
CREATE INDEX credit_notes_company_id_id ON credit_notes (company_id, id);
CREATE INDEX credit_notes_company_id_credit_date_id ON credit_notes (company_id, credit_date, id);
CREATE INDEX credit_notes_invoice_id ON credit_notes (invoice_id);
CREATE INDEX credit_notes_customer_id_id ON credit_notes (customer_id, id);
CREATE INDEX credit_notes_journal_entry_id ON credit_notes (journal_entry_id);
CREATE INDEX credit_notes_credit_date_id ON credit_notes (credit_date, id);
CREATE INDEX credit_notes_created_at_id ON credit_notes (created_at, id);
CREATE INDEX credit_notes_updated_at_id ON credit_notes (updated_at, id);
CREATE TRIGGER credit_notes_delete BEFORE DELETE ON credit_notes WHEN OLD.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be deleted'); END;
CREATE TRIGGER credit_notes_update BEFORE UPDATE ON credit_notes WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.invoice_id IS
    NOT OLD.invoice_id OR
    (NEW.customer_id IS NOT OLD.customer_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.customer_id AND winner_id = NEW.customer_id) OR (loser_id = NEW.customer_id AND winner_id = OLD.customer_id)))) OR
    NEW.customer_name IS NOT OLD.customer_name OR
    NEW.reason IS NOT OLD.reason OR NEW.credit_date IS NOT OLD.credit_date OR NEW.currency IS NOT OLD.currency OR
    NEW.exchange_rate IS NOT OLD.exchange_rate OR NEW.apply_to_invoice IS NOT OLD.apply_to_invoice OR NEW.taxes IS NOT
    OLD.taxes OR NEW.net IS NOT OLD.net OR NEW.tax IS NOT OLD.tax OR NEW.total IS NOT OLD.total OR NEW.total_company IS
    NOT OLD.total_company OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.created_by IS NOT OLD.created_by OR
    NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at OR
    NEW.discount IS NOT OLD.discount OR
    NEW.discount_company IS NOT OLD.discount_company OR
    NEW.discount_taxes IS NOT OLD.discount_taxes)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;

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
CREATE TRIGGER credit_note_lines_insert BEFORE INSERT ON credit_note_lines
WHEN EXISTS (SELECT 1 FROM credit_notes WHERE id = NEW.credit_note_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted credit note cannot be changed'); END;
CREATE TRIGGER credit_note_lines_update BEFORE UPDATE ON credit_note_lines
WHEN EXISTS (SELECT 1 FROM credit_notes WHERE id = NEW.credit_note_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted credit note cannot be changed'); END;
CREATE TRIGGER credit_note_lines_delete BEFORE DELETE ON credit_note_lines
WHEN EXISTS (SELECT 1 FROM credit_notes WHERE id = OLD.credit_note_id AND status <> 'draft')
BEGIN SELECT RAISE(ABORT, 'tandem: lines of a posted credit note cannot be changed'); END;

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
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    account_id BLOB NULL REFERENCES accounts (id)
) STRICT;
CREATE UNIQUE INDEX open_items_document_id_position ON open_items (document_id, position);
CREATE INDEX open_items_company_id_id ON open_items (company_id, id);
CREATE INDEX open_items_company_id_due_date_id ON open_items (company_id, due_date, id);
CREATE INDEX open_items_company_id_last_entry_date ON open_items (company_id, last_entry_date);
CREATE INDEX open_items_party_id_id ON open_items (party_id, id);
CREATE INDEX open_items_open ON open_items (company_id, party_id) WHERE outstanding <> 0;
CREATE INDEX open_items_updated_at_id ON open_items (updated_at, id);
CREATE INDEX open_items_company_id_account_id ON open_items (company_id, account_id);
CREATE INDEX open_items_account_id ON open_items (account_id);
