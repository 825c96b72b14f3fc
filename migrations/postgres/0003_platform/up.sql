-- Baseline of the area `platform`.

-- the contents of a fact change only by a redaction that is written down
CREATE FUNCTION events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.id, NEW.at, NEW.kind, NEW.subject, NEW.company_id, NEW.party_id, NEW.version, NEW.actor, NEW.actor_name,
            NEW.request_id, NEW.reason)
                IS NOT DISTINCT FROM
                (OLD.id, OLD.at, OLD.kind, OLD.subject, OLD.company_id, OLD.party_id, OLD.version, OLD.actor,
                 OLD.actor_name, OLD.request_id, OLD.reason)
            AND EXISTS (SELECT 1 FROM event_redactions WHERE event_id = OLD.id)
        THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'tandem: events cannot be changed';
    END IF;
    RAISE EXCEPTION 'tandem: events cannot be deleted';
END $$;

CREATE FUNCTION redactions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: redactions cannot be changed';
END $$;

-- a fact gets its place once
CREATE FUNCTION event_links_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: the place of an event cannot be changed';
END $$;

-- What every area stands on: facts, idempotency, jobs, numbers, document flow, settings.

-- Facts. One row is audit trail, timeline, change feed and outbox at once. seq and the hashes are given after the commit
-- by one sequencer; nothing else of a row ever changes.
CREATE TABLE events (
    id UUID NOT NULL PRIMARY KEY,
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
    reason TEXT NULL
);
CREATE INDEX events_subject ON events (subject, id);
CREATE INDEX events_party ON events (party_id, id);
CREATE INDEX events_company ON events (company_id, id);
CREATE INDEX events_kind ON events (kind, id);
CREATE INDEX events_actor ON events (actor, id);
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
CREATE INDEX jobs_updated_at_id ON jobs (updated_at, id);

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

-- Files that people bring. The content stands apart, so that lists never touch it.
CREATE TABLE stored_files (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX stored_files_created_at ON stored_files (created_at, id);
CREATE INDEX stored_files_name ON stored_files (name, id);
CREATE INDEX stored_files_sha256 ON stored_files (sha256);

CREATE TABLE file_contents (
    id UUID NOT NULL PRIMARY KEY REFERENCES stored_files (id),
    content BYTEA NOT NULL
);

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
CREATE TRIGGER event_redactions_change BEFORE UPDATE OR DELETE ON event_redactions FOR EACH ROW EXECUTE FUNCTION redactions_guard();
CREATE TRIGGER event_redactions_truncate BEFORE TRUNCATE ON event_redactions FOR EACH STATEMENT EXECUTE FUNCTION redactions_guard();

-- When people work: hours of the week in a time zone, and holidays. Targets of service and response times count by them.
CREATE TABLE calendars (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    working_hours JSONB NOT NULL,
    holidays JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendars_name_key ON calendars (name);
CREATE INDEX calendars_time_zone ON calendars (time_zone, id);
CREATE INDEX calendars_created_at ON calendars (created_at, id);
CREATE INDEX calendars_updated_at ON calendars (updated_at, id);

-- The place of a fact in the chain moves into a narrow row of its own, written with the fact and completed by the
-- sequencer. Facts themselves are never updated any more, and the sequencer reads digests instead of contents.
-- Without a digest: a link from before, computed over the whole fact.
CREATE TABLE event_links (
    event_id UUID NOT NULL PRIMARY KEY,
    digest BYTEA NULL,
    seq BIGINT NULL,
    prev_hash BYTEA NULL,
    hash BYTEA NULL
);
CREATE UNIQUE INDEX event_links_seq_key ON event_links (seq);
CREATE INDEX event_links_unsequenced ON event_links (event_id) WHERE seq IS NULL;
CREATE TRIGGER event_links_update BEFORE UPDATE ON event_links FOR EACH ROW
    WHEN (OLD.seq IS NOT NULL OR OLD.hash IS NOT NULL OR OLD.prev_hash IS NOT NULL OR NEW.event_id <> OLD.event_id
          OR (OLD.digest IS NOT NULL AND NEW.digest IS DISTINCT FROM OLD.digest))
    EXECUTE FUNCTION event_links_guard();
CREATE TRIGGER event_links_delete BEFORE DELETE ON event_links FOR EACH ROW EXECUTE FUNCTION event_links_guard();
CREATE TRIGGER event_links_truncate BEFORE TRUNCATE ON event_links FOR EACH STATEMENT EXECUTE FUNCTION event_links_guard();

-- What the clock could not do: one row for each thing that failed, until it succeeds.
CREATE TABLE timer_failures (
    id UUID NOT NULL PRIMARY KEY,
    timer TEXT NOT NULL,
    subject TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    retry_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX timer_failures_key ON timer_failures (timer, subject);
CREATE INDEX timer_failures_subject ON timer_failures (subject, id);
CREATE INDEX timer_failures_created_at ON timer_failures (created_at, id);
CREATE INDEX timer_failures_updated_at_id ON timer_failures (updated_at, id);

-- Between which numbers and ids the facts of a day lie, so that a bound in time becomes a bound in the feed and in the audit
-- log. A clock that was set back makes a day wider and never wrong.
CREATE TABLE event_days (
    day DATE NOT NULL PRIMARY KEY,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    first_id UUID NOT NULL,
    last_id UUID NOT NULL
);

-- what the feed shows, and what the audit trail shows
CREATE VIEW published_events AS
SELECT e.id, l.seq, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, e.at
FROM event_links l JOIN events e ON e.id = l.event_id
WHERE l.seq IS NOT NULL;

CREATE VIEW audit_entries AS
SELECT e.id, l.seq, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, e.actor, e.actor_name,
    e.request_id, e.reason, e.at, l.hash
FROM events e LEFT JOIN event_links l ON l.event_id = e.id;
