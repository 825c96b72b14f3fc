-- What every area stands on: facts, idempotency, jobs, numbers, document flow, settings.

-- Facts. One row is audit trail, timeline, change feed and outbox at once. seq and the hashes are given after the commit
-- by one sequencer; nothing else of a row ever changes.
CREATE TABLE events (
    id BLOB NOT NULL PRIMARY KEY,
    seq INTEGER NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    company_id BLOB NULL,
    party_id BLOB NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    previous TEXT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    request_id TEXT NOT NULL,
    reason TEXT NULL,
    prev_hash BLOB NULL,
    hash BLOB NULL
) STRICT;
CREATE UNIQUE INDEX events_seq_key ON events (seq);
CREATE INDEX events_unsequenced ON events (id) WHERE seq IS NULL;
CREATE INDEX events_subject ON events (subject, id);
CREATE INDEX events_party ON events (party_id, id);
CREATE INDEX events_company ON events (company_id, id);
CREATE INDEX events_kind ON events (kind, id);

CREATE TRIGGER events_update BEFORE UPDATE ON events
WHEN OLD.seq IS NOT NULL OR OLD.hash IS NOT NULL OR OLD.prev_hash IS NOT NULL
  OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind OR NEW.subject IS NOT OLD.subject
  OR NEW.company_id IS NOT OLD.company_id OR NEW.party_id IS NOT OLD.party_id OR NEW.version IS NOT OLD.version
  OR NEW.data IS NOT OLD.data OR NEW.previous IS NOT OLD.previous OR NEW.actor IS NOT OLD.actor
  OR NEW.actor_name IS NOT OLD.actor_name OR NEW.request_id IS NOT OLD.request_id OR NEW.reason IS NOT OLD.reason
BEGIN
    SELECT RAISE(ABORT, 'tandem: events cannot be changed');
END;
CREATE TRIGGER events_delete BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'tandem: events cannot be deleted');
END;

-- Answers kept for repeated requests. scope is a hash of caller, operation and key.
CREATE TABLE idempotency_keys (
    scope TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    answer TEXT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Work that outlives its request. Taken with a lease; a lease that ran out means that its worker died.
CREATE TABLE jobs (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    input TEXT NOT NULL,
    state TEXT NOT NULL,
    progress TEXT NOT NULL,
    result TEXT NULL,
    result_url TEXT NULL,
    error TEXT NULL,
    cancel_requested INTEGER NOT NULL,
    owner TEXT NOT NULL,
    caller TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    lease TEXT NULL,
    leased_until INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER NULL
) STRICT;
CREATE INDEX jobs_open ON jobs (status, leased_until, id);
CREATE INDEX jobs_status ON jobs (status, id);
CREATE INDEX jobs_owner ON jobs (owner, id);
CREATE INDEX jobs_kind ON jobs (kind, id);
CREATE INDEX jobs_created_at ON jobs (created_at, id);
CREATE INDEX jobs_finished_at ON jobs (finished_at, id);

-- The next number of each series. Taken last in a transaction, so that a refusal leaves no gap.
CREATE TABLE number_series (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL,
    code TEXT NOT NULL,
    year INTEGER NOT NULL,
    next INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX number_series_key ON number_series (company_id, code, year);

-- Which document came from which.
CREATE TABLE links (
    id BLOB NOT NULL PRIMARY KEY,
    from_id TEXT NOT NULL,
    to_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX links_key ON links (from_id, to_id, kind);
CREATE INDEX links_to ON links (to_id);

-- What the deployment remembers about itself.
CREATE TABLE settings (
    id TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
