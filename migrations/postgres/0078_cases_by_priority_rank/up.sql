CREATE INDEX CONCURRENTLY IF NOT EXISTS cases_priority_rank ON cases (priority_rank, id);
