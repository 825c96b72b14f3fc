DROP INDEX CONCURRENTLY IF EXISTS opportunities_by_stage;
