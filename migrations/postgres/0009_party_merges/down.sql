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
        RAISE EXCEPTION 'tandem: events cannot be changed';
    END IF;
    RAISE EXCEPTION 'tandem: events cannot be deleted';
END $$;
CREATE OR REPLACE FUNCTION journal_lines_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_draft BOOLEAN;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        RAISE EXCEPTION 'tandem: journal lines cannot be changed';
    END IF;
    SELECT status = 'draft' INTO is_draft FROM journal_entries WHERE id = NEW.journal_entry_id FOR SHARE;
    IF NOT COALESCE(is_draft, FALSE) THEN
        RAISE EXCEPTION 'tandem: a posted journal entry takes no more lines';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION posted_document_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' OR (TG_OP = 'DELETE' AND OLD.status <> 'draft') THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be deleted';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF OLD.status <> 'draft' AND (to_jsonb(OLD) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata')
        IS DISTINCT FROM (to_jsonb(NEW) - 'status' - 'outstanding' - 'credited' - 'unallocated' - 'version' - 'metadata') THEN
        RAISE EXCEPTION 'tandem: posted documents cannot be changed';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER allocations_change ON allocations;
CREATE TRIGGER allocations_change BEFORE UPDATE OR DELETE ON allocations FOR EACH ROW EXECUTE FUNCTION append_only_guard();
DROP FUNCTION allocations_guard;
DROP FUNCTION follows_a_merge;
DROP TABLE event_redactions;
DROP FUNCTION redactions_guard;
DROP TABLE party_merge_moves;
DROP TABLE party_merges;
DROP TABLE contact_match_keys;
DROP TABLE party_match_keys;
DROP INDEX parties_merged_into;
ALTER TABLE parties DROP COLUMN merged_into;
ALTER TABLE parties DROP COLUMN erased_at;
ALTER TABLE contacts DROP COLUMN erased_at;
