-- Baseline of the area `banking`.

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
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    authors TEXT NOT NULL DEFAULT '[]',
    exchange_rate_agreed INTEGER NOT NULL DEFAULT 1,
    reversal_date TEXT NULL,
    reversal_reason TEXT NULL,
    reversal_entry_id BLOB NULL REFERENCES journal_entries (id)
) STRICT;
CREATE UNIQUE INDEX payments_company_id_number ON payments (company_id, number);
CREATE INDEX payments_company_id_id ON payments (company_id, id);
CREATE INDEX payments_company_id_payment_date_id ON payments (company_id, payment_date, id);
CREATE INDEX payments_party_id_id ON payments (party_id, id);
CREATE INDEX payments_journal_entry_id ON payments (journal_entry_id);
CREATE INDEX payments_payment_date_id ON payments (payment_date, id);
CREATE INDEX payments_created_at_id ON payments (created_at, id);
CREATE INDEX payments_updated_at_id ON payments (updated_at, id);
CREATE INDEX payments_reversal_entry_id ON payments (reversal_entry_id);
CREATE TRIGGER payments_delete BEFORE DELETE ON payments WHEN OLD.status <> 'draft'
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be deleted'); END;
CREATE TRIGGER payments_authors BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND NEW.authors IS NOT OLD.authors
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
CREATE TRIGGER payments_update BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.direction IS NOT
    OLD.direction OR
    (NEW.party_id IS NOT OLD.party_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))) OR
    NEW.payment_date IS NOT OLD.payment_date OR NEW.method IS NOT
    OLD.method OR NEW.reference IS NOT OLD.reference OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT
    OLD.exchange_rate OR NEW.amount IS NOT OLD.amount OR NEW.fee IS NOT OLD.fee OR NEW.amount_company IS NOT
    OLD.amount_company OR NEW.allocate_to IS NOT OLD.allocate_to OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR
    NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at OR
    NEW.exchange_rate_agreed IS NOT OLD.exchange_rate_agreed OR
    (OLD.reversal_date IS NOT NULL AND NEW.reversal_date IS NOT OLD.reversal_date) OR
    (OLD.reversal_date IS NOT NULL AND NEW.reversal_reason IS NOT OLD.reversal_reason) OR
    (OLD.reversal_date IS NOT NULL AND NEW.reversal_entry_id IS NOT OLD.reversal_entry_id))
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;

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
    created_at INTEGER NOT NULL,
    refunded_payment_id BLOB NULL REFERENCES payments (id),
    discount_company INTEGER NOT NULL DEFAULT 0,
    taxes TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE UNIQUE INDEX allocations_reverses_id ON allocations (reverses_id);
CREATE INDEX allocations_company_id_id ON allocations (company_id, id);
CREATE INDEX allocations_party_id_id ON allocations (party_id, id);
CREATE INDEX allocations_payment_id ON allocations (payment_id);
CREATE INDEX allocations_credit_note_id ON allocations (credit_note_id);
CREATE INDEX allocations_invoice_id ON allocations (invoice_id);
CREATE INDEX allocations_journal_entry_id ON allocations (journal_entry_id);
CREATE INDEX allocations_refunded_payment_id ON allocations (refunded_payment_id);
CREATE TRIGGER allocations_delete BEFORE DELETE ON allocations
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;
CREATE TRIGGER allocations_update BEFORE UPDATE ON allocations WHEN NEW.party_id IS OLD.party_id OR
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.payment_id IS NOT OLD.payment_id OR
    NEW.credit_note_id IS NOT OLD.credit_note_id OR NEW.invoice_id IS NOT OLD.invoice_id OR NEW.effective_date IS NOT
    OLD.effective_date OR NEW.amount IS NOT OLD.amount OR NEW.discount IS NOT OLD.discount OR NEW.write_off IS NOT
    OLD.write_off OR NEW.overpaid IS NOT OLD.overpaid OR NEW.exchange_gain IS NOT OLD.exchange_gain OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.reverses_id IS NOT OLD.reverses_id OR NEW.version IS NOT
    OLD.version OR NEW.created_at IS NOT OLD.created_at
    OR NEW.refunded_payment_id IS NOT OLD.refunded_payment_id OR NEW.discount_company IS NOT OLD.discount_company OR NEW.taxes IS NOT OLD.taxes
    OR NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;

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
CREATE TRIGGER item_entries_update BEFORE UPDATE ON item_entries
BEGIN SELECT RAISE(ABORT, 'tandem: rows of item_entries cannot be changed'); END;
CREATE TRIGGER item_entries_delete BEFORE DELETE ON item_entries
BEGIN SELECT RAISE(ABORT, 'tandem: rows of item_entries cannot be changed'); END;
