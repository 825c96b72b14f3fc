DROP INDEX IF EXISTS cases_priority_rank;
