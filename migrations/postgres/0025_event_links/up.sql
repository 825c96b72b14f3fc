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
INSERT INTO event_links (event_id, digest, seq, prev_hash, hash) SELECT id, NULL, seq, prev_hash, hash FROM events;
CREATE UNIQUE INDEX event_links_seq_key ON event_links (seq);
CREATE INDEX event_links_unsequenced ON event_links (event_id) WHERE seq IS NULL;

-- a fact gets its place once
CREATE FUNCTION event_links_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: the place of an event cannot be changed';
END $$;
CREATE TRIGGER event_links_update BEFORE UPDATE ON event_links FOR EACH ROW
    WHEN (OLD.seq IS NOT NULL OR OLD.hash IS NOT NULL OR OLD.prev_hash IS NOT NULL OR NEW.event_id <> OLD.event_id
          OR (OLD.digest IS NOT NULL AND NEW.digest IS DISTINCT FROM OLD.digest))
    EXECUTE FUNCTION event_links_guard();
CREATE TRIGGER event_links_delete BEFORE DELETE ON event_links FOR EACH ROW EXECUTE FUNCTION event_links_guard();
CREATE TRIGGER event_links_truncate BEFORE TRUNCATE ON event_links FOR EACH STATEMENT EXECUTE FUNCTION event_links_guard();

DROP INDEX events_seq_key;
DROP INDEX events_unsequenced;
ALTER TABLE events DROP COLUMN seq, DROP COLUMN prev_hash, DROP COLUMN hash;

-- the contents of a fact change only by a redaction that is written down
CREATE OR REPLACE FUNCTION events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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

-- what the feed shows, and what the audit trail shows
CREATE VIEW published_events AS
SELECT e.id, l.seq, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, e.at
FROM event_links l JOIN events e ON e.id = l.event_id
WHERE l.seq IS NOT NULL;
CREATE VIEW audit_entries AS
SELECT e.id, l.seq, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, e.actor, e.actor_name,
    e.request_id, e.reason, e.at, l.hash
FROM events e LEFT JOIN event_links l ON l.event_id = e.id;
