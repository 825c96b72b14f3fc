CREATE INDEX IF NOT EXISTS cases_due_at ON cases (due_at, id);
