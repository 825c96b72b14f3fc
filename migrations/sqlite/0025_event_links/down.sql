-- Links with a digest keep their place; only this version can compute them.
DROP VIEW audit_entries;
DROP VIEW published_events;
DROP TRIGGER events_update;
ALTER TABLE events ADD COLUMN seq INTEGER;
ALTER TABLE events ADD COLUMN prev_hash BLOB;
ALTER TABLE events ADD COLUMN hash BLOB;
UPDATE events SET seq = l.seq, prev_hash = l.prev_hash, hash = l.hash FROM event_links l WHERE l.event_id = events.id;
CREATE UNIQUE INDEX events_seq_key ON events (seq);
CREATE INDEX events_unsequenced ON events (id) WHERE seq IS NULL;
DROP TABLE event_links;
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
