-- What every area stands on: facts, idempotency, jobs, numbers, document flow, settings.

-- Facts. One row is audit trail, timeline, change feed and outbox at once. seq and the hashes are given after the commit
-- by one sequencer; nothing else of a row ever changes.
CREATE TABLE events (
    id UUID NOT NULL PRIMARY KEY,
    seq BIGINT NULL,
    at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    company_id UUID NULL,
    party_id UUID NULL,
    version BIGINT NOT NULL,
    data JSONB NOT NULL,
    previous JSONB NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    request_id TEXT NOT NULL,
    reason TEXT NULL,
    prev_hash BYTEA NULL,
    hash BYTEA NULL
);
CREATE UNIQUE INDEX events_seq_key ON events (seq);
CREATE INDEX events_unsequenced ON events (id) WHERE seq IS NULL;
CREATE INDEX events_subject ON events (subject, id);
CREATE INDEX events_party ON events (party_id, id);
CREATE INDEX events_company ON events (company_id, id);
CREATE INDEX events_kind ON events (kind, id);

CREATE FUNCTION events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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
        RAISE EXCEPTION 'tandem: events cannot be changed';
    END IF;
    RAISE EXCEPTION 'tandem: events cannot be deleted';
END $$;
CREATE TRIGGER events_update BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION events_guard();
CREATE TRIGGER events_delete BEFORE DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_guard();
CREATE TRIGGER events_truncate BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION events_guard();

-- Answers kept for repeated requests. scope is a hash of caller, operation and key.
CREATE TABLE idempotency_keys (
    scope TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    answer TEXT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);

-- Work that outlives its request. Taken with a lease; a lease that ran out means that its worker died.
CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    input JSONB NOT NULL,
    state JSONB NOT NULL,
    progress JSONB NOT NULL,
    result JSONB NULL,
    result_url TEXT NULL,
    error JSONB NULL,
    cancel_requested BOOLEAN NOT NULL,
    owner TEXT NOT NULL,
    caller JSONB NOT NULL,
    attempts BIGINT NOT NULL,
    lease TEXT NULL,
    leased_until TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ NULL
);
CREATE INDEX jobs_open ON jobs (status, leased_until, id);
CREATE INDEX jobs_status ON jobs (status, id);
CREATE INDEX jobs_owner ON jobs (owner, id);
CREATE INDEX jobs_kind ON jobs (kind, id);
CREATE INDEX jobs_created_at ON jobs (created_at, id);
CREATE INDEX jobs_finished_at ON jobs (finished_at, id);

-- The next number of each series. Taken last in a transaction, so that a refusal leaves no gap.
CREATE TABLE number_series (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL,
    code TEXT NOT NULL,
    year BIGINT NOT NULL,
    next BIGINT NOT NULL
);
CREATE UNIQUE INDEX number_series_key ON number_series (company_id, code, year);

-- Which document came from which.
CREATE TABLE links (
    id UUID NOT NULL PRIMARY KEY,
    from_id TEXT NOT NULL,
    to_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX links_key ON links (from_id, to_id, kind);
CREATE INDEX links_to ON links (to_id);

-- What the deployment remembers about itself.
CREATE TABLE settings (
    id TEXT NOT NULL PRIMARY KEY,
    value JSONB NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
