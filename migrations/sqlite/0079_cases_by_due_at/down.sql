DROP INDEX IF EXISTS cases_due_at;
