CREATE INDEX IF NOT EXISTS opportunities_last_activity_at ON opportunities (last_activity_at, id);
