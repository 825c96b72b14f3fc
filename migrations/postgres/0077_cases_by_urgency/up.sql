-- By what cases are sorted: how urgent they are, and when the first running clock is missed.
ALTER TABLE cases ADD COLUMN priority_rank BIGINT NULL;
ALTER TABLE cases ADD COLUMN due_at TIMESTAMPTZ NULL;
