-- The place of a fact in the chain moves into a narrow row of its own, written with the fact and completed by the
-- sequencer. Facts themselves are never updated any more, and the sequencer reads digests instead of contents.
-- Without a digest: a link from before, computed over the whole fact.
CREATE TABLE event_links (
    event_id BLOB NOT NULL PRIMARY KEY,
    digest BLOB,
    seq INTEGER,
    prev_hash BLOB,
    hash BLOB
) STRICT, WITHOUT ROWID;
INSERT INTO event_links (event_id, digest, seq, prev_hash, hash) SELECT id, NULL, seq, prev_hash, hash FROM events;
CREATE UNIQUE INDEX event_links_seq_key ON event_links (seq);
CREATE INDEX event_links_unsequenced ON event_links (event_id) WHERE seq IS NULL;

-- a fact gets its place once
CREATE TRIGGER event_links_update BEFORE UPDATE ON event_links
WHEN OLD.seq IS NOT NULL OR OLD.hash IS NOT NULL OR OLD.prev_hash IS NOT NULL OR NEW.event_id IS NOT OLD.event_id
  OR (OLD.digest IS NOT NULL AND NEW.digest IS NOT OLD.digest)
BEGIN SELECT RAISE(ABORT, 'tandem: the place of an event cannot be changed'); END;
CREATE TRIGGER event_links_delete BEFORE DELETE ON event_links
BEGIN SELECT RAISE(ABORT, 'tandem: the place of an event cannot be changed'); END;

DROP TRIGGER events_update;
DROP INDEX events_seq_key;
DROP INDEX events_unsequenced;
ALTER TABLE events DROP COLUMN seq;
ALTER TABLE events DROP COLUMN prev_hash;
ALTER TABLE events DROP COLUMN hash;

-- the contents of a fact change only by a redaction that is written down
CREATE TRIGGER events_update BEFORE UPDATE ON events
WHEN NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.kind IS NOT OLD.kind OR NEW.subject IS NOT OLD.subject
  OR NEW.company_id IS NOT OLD.company_id OR NEW.party_id IS NOT OLD.party_id OR NEW.version IS NOT OLD.version
  OR NEW.actor IS NOT OLD.actor OR NEW.actor_name IS NOT OLD.actor_name OR NEW.request_id IS NOT OLD.request_id
  OR NEW.reason IS NOT OLD.reason OR NOT EXISTS (SELECT 1 FROM event_redactions WHERE event_id = OLD.id)
BEGIN
    SELECT RAISE(ABORT, 'tandem: events cannot be changed');
END;

-- what the feed shows, and what the audit trail shows
CREATE VIEW published_events AS
SELECT e.id, l.seq, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, e.at
FROM event_links l JOIN events e ON e.id = l.event_id
WHERE l.seq IS NOT NULL;
CREATE VIEW audit_entries AS
SELECT e.id, l.seq, e.kind, e.subject, e.company_id, e.party_id, e.version, e.data, e.previous, e.actor, e.actor_name,
    e.request_id, e.reason, e.at, l.hash
FROM events e LEFT JOIN event_links l ON l.event_id = e.id;
