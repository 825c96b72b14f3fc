ALTER TABLE payments DROP COLUMN authors;
ALTER TABLE journal_entries DROP COLUMN authors;
ALTER TABLE refresh_tokens DROP COLUMN generation;
ALTER TABLE refresh_tokens DROP COLUMN used_by;
DROP INDEX api_keys_parent_id_idx;
ALTER TABLE api_keys DROP COLUMN parent_id;
