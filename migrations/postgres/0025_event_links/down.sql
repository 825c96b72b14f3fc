-- Links with a digest keep their place; only this version can compute them.
DROP VIEW audit_entries;
DROP VIEW published_events;
ALTER TABLE events ADD COLUMN seq BIGINT NULL, ADD COLUMN prev_hash BYTEA NULL, ADD COLUMN hash BYTEA NULL;
ALTER TABLE events DISABLE TRIGGER events_update;
UPDATE events SET seq = l.seq, prev_hash = l.prev_hash, hash = l.hash FROM event_links l WHERE l.event_id = events.id;
ALTER TABLE events ENABLE TRIGGER events_update;
CREATE UNIQUE INDEX events_seq_key ON events (seq);
CREATE INDEX events_unsequenced ON events (id) WHERE seq IS NULL;
DROP TABLE event_links;
DROP FUNCTION event_links_guard();
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
