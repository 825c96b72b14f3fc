DROP INDEX IF EXISTS opportunities_last_activity_at;
