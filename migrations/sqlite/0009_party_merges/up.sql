-- Duplicates: keys by which candidates are found, merges that can be taken back, and the right to move a pointer along one.

-- The party it was merged into; this one is a tombstone then.
ALTER TABLE parties ADD COLUMN merged_into BLOB NULL REFERENCES parties (id);
CREATE INDEX parties_merged_into ON parties (merged_into, id);

-- What parties are found by when another may be the same: phones, tax numbers, parts of names. Written with the party.
CREATE TABLE party_match_keys (
    key TEXT NOT NULL,
    party_id BLOB NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    PRIMARY KEY (key, party_id)
) STRICT;
CREATE INDEX party_match_keys_party_id ON party_match_keys (party_id);

-- The same of people; written with the contact.
CREATE TABLE contact_match_keys (
    key TEXT NOT NULL,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (key, contact_id)
) STRICT;
CREATE INDEX contact_match_keys_contact_id ON contact_match_keys (contact_id);

-- Merges, with what was there before. The two parties are never moved in here.
CREATE TABLE party_merges (
    id BLOB NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id BLOB NOT NULL REFERENCES parties (id),
    loser_id BLOB NOT NULL REFERENCES parties (id),
    conflicts TEXT NOT NULL,
    winner_before TEXT NOT NULL,
    winner_after TEXT NOT NULL,
    loser_before TEXT NOT NULL,
    undo_until INTEGER NOT NULL,
    undone_at INTEGER NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    CHECK (winner_id <> loser_id)
) STRICT;
CREATE INDEX party_merges_winner_id ON party_merges (winner_id, id);
CREATE INDEX party_merges_loser_id ON party_merges (loser_id, id);
CREATE INDEX party_merges_status ON party_merges (status, id);
CREATE INDEX party_merges_created_at ON party_merges (created_at, id);
CREATE INDEX party_merges_updated_at ON party_merges (updated_at, id);

-- Which rows followed, so that exactly they go back.
CREATE TABLE party_merge_moves (
    merge_id BLOB NOT NULL REFERENCES party_merges (id),
    what TEXT NOT NULL,
    row_id BLOB NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
) STRICT;

-- When the personal data was erased.
ALTER TABLE parties ADD COLUMN erased_at INTEGER NULL;
ALTER TABLE contacts ADD COLUMN erased_at INTEGER NULL;

-- What was taken out of facts when a person was erased. hash is the link of the fact in the chain, which can no longer be
-- computed from what is left; before and after are digests of the fact. All rows of one erasure together are vouched for by
-- the fact that tells of it.
CREATE TABLE event_redactions (
    event_id BLOB NOT NULL,
    erasure_id BLOB NOT NULL,
    subject TEXT NOT NULL,
    hash BLOB NOT NULL,
    before BLOB NOT NULL,
    after BLOB NOT NULL,
    PRIMARY KEY (event_id, erasure_id)
) STRICT;
CREATE INDEX event_redactions_erasure_id ON event_redactions (erasure_id, event_id);
CREATE TRIGGER event_redactions_update BEFORE UPDATE ON event_redactions
BEGIN SELECT RAISE(ABORT, 'tandem: redactions cannot be changed'); END;
CREATE TRIGGER event_redactions_delete BEFORE DELETE ON event_redactions
BEGIN SELECT RAISE(ABORT, 'tandem: redactions cannot be changed'); END;

-- A fact gets its place once. Its contents change only by a redaction that is written down.
DROP TRIGGER events_update;
CREATE TRIGGER events_update BEFORE UPDATE ON events
WHEN NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind OR NEW.subject IS NOT OLD.subject
  OR NEW.company_id IS NOT OLD.company_id OR NEW.party_id IS NOT OLD.party_id OR NEW.version IS NOT OLD.version
  OR NEW.actor IS NOT OLD.actor OR NEW.actor_name IS NOT OLD.actor_name OR NEW.request_id IS NOT OLD.request_id
  OR NEW.reason IS NOT OLD.reason
  OR ((NEW.data IS NOT OLD.data OR NEW.previous IS NOT OLD.previous)
      AND NOT EXISTS (SELECT 1 FROM event_redactions WHERE event_id = OLD.id))
  OR ((OLD.seq IS NOT NULL OR OLD.hash IS NOT NULL OR OLD.prev_hash IS NOT NULL)
      AND (NEW.seq IS NOT OLD.seq OR NEW.hash IS NOT OLD.hash OR NEW.prev_hash IS NOT OLD.prev_hash
           OR NOT EXISTS (SELECT 1 FROM event_redactions WHERE event_id = OLD.id)))
BEGIN
    SELECT RAISE(ABORT, 'tandem: events cannot be changed');
END;

-- What is posted stays as it is, but for the pointer to a party, which follows a merge and goes back with it.
DROP TRIGGER journal_lines_update;
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
DROP TRIGGER allocations_update;
CREATE TRIGGER allocations_update BEFORE UPDATE ON allocations WHEN NEW.party_id IS OLD.party_id OR
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.payment_id IS NOT OLD.payment_id OR
    NEW.credit_note_id IS NOT OLD.credit_note_id OR NEW.invoice_id IS NOT OLD.invoice_id OR NEW.effective_date IS NOT
    OLD.effective_date OR NEW.amount IS NOT OLD.amount OR NEW.discount IS NOT OLD.discount OR NEW.write_off IS NOT
    OLD.write_off OR NEW.overpaid IS NOT OLD.overpaid OR NEW.exchange_gain IS NOT OLD.exchange_gain OR
    NEW.journal_entry_id IS NOT OLD.journal_entry_id OR NEW.reverses_id IS NOT OLD.reverses_id OR NEW.version IS NOT
    OLD.version OR NEW.created_at IS NOT OLD.created_at
    OR NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))
BEGIN SELECT RAISE(ABORT, 'tandem: rows of allocations cannot be changed'); END;
DROP TRIGGER invoices_update;
CREATE TRIGGER invoices_update BEFORE UPDATE ON invoices WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR
    (NEW.customer_id IS NOT OLD.customer_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.customer_id AND winner_id = NEW.customer_id) OR (loser_id = NEW.customer_id AND winner_id = OLD.customer_id)))) OR
    NEW.customer_name IS NOT OLD.customer_name OR NEW.customer_tax_id IS NOT OLD.customer_tax_id
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
DROP TRIGGER credit_notes_update;
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
    NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
DROP TRIGGER payments_update;
CREATE TRIGGER payments_update BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND (
    NEW.id IS NOT OLD.id OR NEW.company_id IS NOT OLD.company_id OR NEW.number IS NOT OLD.number OR NEW.direction IS NOT
    OLD.direction OR
    (NEW.party_id IS NOT OLD.party_id AND NOT EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = OLD.party_id AND winner_id = NEW.party_id) OR (loser_id = NEW.party_id AND winner_id = OLD.party_id)))) OR
    NEW.payment_date IS NOT OLD.payment_date OR NEW.method IS NOT
    OLD.method OR NEW.reference IS NOT OLD.reference OR NEW.currency IS NOT OLD.currency OR NEW.exchange_rate IS NOT
    OLD.exchange_rate OR NEW.amount IS NOT OLD.amount OR NEW.fee IS NOT OLD.fee OR NEW.amount_company IS NOT
    OLD.amount_company OR NEW.allocate_to IS NOT OLD.allocate_to OR NEW.journal_entry_id IS NOT OLD.journal_entry_id OR
    NEW.created_by IS NOT OLD.created_by OR NEW.posted_at IS NOT OLD.posted_at OR NEW.created_at IS NOT OLD.created_at)
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
