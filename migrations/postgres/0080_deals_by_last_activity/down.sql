DROP INDEX CONCURRENTLY IF EXISTS opportunities_last_activity_at;
