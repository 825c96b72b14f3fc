-- Duplicates: keys by which candidates are found, merges that can be taken back, and the right to move a pointer along one.

-- The party it was merged into; this one is a tombstone then.
ALTER TABLE parties ADD COLUMN merged_into UUID NULL REFERENCES parties (id);
CREATE INDEX parties_merged_into ON parties (merged_into, id);

-- What parties are found by when another may be the same: phones, tax numbers, parts of names. Written with the party.
CREATE TABLE party_match_keys (
    key TEXT NOT NULL,
    party_id UUID NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    PRIMARY KEY (key, party_id)
);
CREATE INDEX party_match_keys_party_id ON party_match_keys (party_id);

-- The same of people; written with the contact.
CREATE TABLE contact_match_keys (
    key TEXT NOT NULL,
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (key, contact_id)
);
CREATE INDEX contact_match_keys_contact_id ON contact_match_keys (contact_id);

-- Merges, with what was there before. The two parties are never moved in here.
CREATE TABLE party_merges (
    id UUID NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id UUID NOT NULL REFERENCES parties (id),
    loser_id UUID NOT NULL REFERENCES parties (id),
    conflicts JSONB NOT NULL,
    winner_before JSONB NOT NULL,
    winner_after JSONB NOT NULL,
    loser_before JSONB NOT NULL,
    undo_until TIMESTAMPTZ NOT NULL,
    undone_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    CHECK (winner_id <> loser_id)
);
CREATE INDEX party_merges_winner_id ON party_merges (winner_id, id);
CREATE INDEX party_merges_loser_id ON party_merges (loser_id, id);
CREATE INDEX party_merges_status ON party_merges (status, id);
CREATE INDEX party_merges_created_at ON party_merges (created_at, id);
CREATE INDEX party_merges_updated_at ON party_merges (updated_at, id);

-- Which rows followed, so that exactly they go back.
CREATE TABLE party_merge_moves (
    merge_id UUID NOT NULL REFERENCES party_merges (id),
    what TEXT NOT NULL,
    row_id UUID NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
);

-- When the personal data was erased.
ALTER TABLE parties ADD COLUMN erased_at TIMESTAMPTZ NULL;
ALTER TABLE contacts ADD COLUMN erased_at TIMESTAMPTZ NULL;

-- What was taken out of facts when a person was erased. hash is the link of the fact in the chain, which can no longer be
-- computed from what is left; before and after are digests of the fact. All rows of one erasure together are vouched for by
-- the fact that tells of it.
CREATE TABLE event_redactions (
    event_id UUID NOT NULL,
    erasure_id UUID NOT NULL,
    subject TEXT NOT NULL,
    hash BYTEA NOT NULL,
    before BYTEA NOT NULL,
    after BYTEA NOT NULL,
    PRIMARY KEY (event_id, erasure_id)
);
CREATE INDEX event_redactions_erasure_id ON event_redactions (erasure_id, event_id);
CREATE FUNCTION redactions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: redactions cannot be changed';
END $$;
CREATE TRIGGER event_redactions_change BEFORE UPDATE OR DELETE ON event_redactions FOR EACH ROW EXECUTE FUNCTION redactions_guard();
CREATE TRIGGER event_redactions_truncate BEFORE TRUNCATE ON event_redactions FOR EACH STATEMENT EXECUTE FUNCTION redactions_guard();

-- A fact gets its place once. Its contents change only by a redaction that is written down.
CREATE OR REPLACE FUNCTION events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.seq IS NULL AND OLD.hash IS NULL AND OLD.prev_hash IS NULL
            AND (NEW.id, NEW.at, NEW.kind, NEW.subject, NEW.company_id, NEW.party_id, NEW.version, NEW.data, NEW.previous,
                 NEW.actor, NEW.actor_name, NEW.request_id, NEW.reason)
                IS NOT DISTINCT FROM
                (OLD.id, OLD.at, OLD.kind, OLD.subject, OLD.company_id, OLD.party_id, OLD.version, OLD.data, OLD.previous,
                 OLD.actor, OLD.actor_name, OLD.request_id, OLD.reason)
        THEN
            RETURN NEW;
        END IF;
        IF OLD.seq IS NOT NULL
            AND (NEW.id, NEW.seq, NEW.at, NEW.kind, NEW.subject, NEW.company_id, NEW.party_id, NEW.version, NEW.actor,
                 NEW.actor_name, NEW.request_id, NEW.reason, NEW.prev_hash, NEW.hash)
                IS NOT DISTINCT FROM
                (OLD.id, OLD.seq, OLD.at, OLD.kind, OLD.subject, OLD.company_id, OLD.party_id, OLD.version, OLD.actor,
                 OLD.actor_name, OLD.request_id, OLD.reason, OLD.prev_hash, OLD.hash)
            AND EXISTS (SELECT 1 FROM event_redactions WHERE event_id = OLD.id)
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'tandem: events cannot be changed';
    END IF;
    RAISE EXCEPTION 'tandem: events cannot be deleted';
END $$;

-- What is posted stays as it is, but for the pointer to a party, which follows a merge and goes back with it.
CREATE FUNCTION follows_a_merge(old_party UUID, new_party UUID) RETURNS boolean LANGUAGE sql AS $$
    SELECT old_party IS NOT DISTINCT FROM new_party OR EXISTS (SELECT 1 FROM party_merges WHERE undone_at IS NULL
        AND ((loser_id = old_party AND winner_id = new_party) OR (loser_id = new_party AND winner_id = old_party)));
$$;

CREATE OR REPLACE FUNCTION journal_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE FUNCTION allocations_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.party_id <> NEW.party_id AND to_jsonb(OLD) - 'party_id' = to_jsonb(NEW) - 'party_id'
        AND follows_a_merge(OLD.party_id, NEW.party_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'tandem: rows of % cannot be changed', TG_TABLE_NAME;
END $$;
DROP TRIGGER allocations_change ON allocations;
CREATE TRIGGER allocations_change BEFORE UPDATE OR DELETE ON allocations FOR EACH ROW EXECUTE FUNCTION allocations_guard();

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
    IF OLD.status <> 'draft' AND (to_jsonb(OLD) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata' - pointer)
        IS DISTINCT FROM (to_jsonb(NEW) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata' - pointer) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    IF OLD.status <> 'draft' AND NOT follows_a_merge((to_jsonb(OLD) ->> pointer)::uuid, (to_jsonb(NEW) ->> pointer)::uuid) THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    RETURN NEW;
END $$;
