ALTER TABLE cases DROP COLUMN due_at;
ALTER TABLE cases DROP COLUMN priority_rank;
