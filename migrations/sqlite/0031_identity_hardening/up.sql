-- The key that created a key: revoking it revokes what it created.
ALTER TABLE api_keys ADD COLUMN parent_id BLOB NULL REFERENCES api_keys (id) ON DELETE SET NULL;
CREATE INDEX api_keys_parent_id_idx ON api_keys (parent_id);

-- Which client used a refresh token, as a hash, and how many exchanges it is away from the log-in: a repetition by the
-- same client is told from theft.
ALTER TABLE refresh_tokens ADD COLUMN used_by BLOB NULL;
ALTER TABLE refresh_tokens ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;

-- Everybody who wrote the substance of a document that needs a second pair of eyes. Of what is there already, only who
-- made it is known.
ALTER TABLE journal_entries ADD COLUMN authors TEXT NOT NULL DEFAULT '[]';
ALTER TABLE payments ADD COLUMN authors TEXT NOT NULL DEFAULT '[]';
CREATE TRIGGER payments_authors BEFORE UPDATE ON payments WHEN OLD.status <> 'draft' AND NEW.authors IS NOT OLD.authors
BEGIN SELECT RAISE(ABORT, 'tandem: posted documents cannot be changed'); END;
