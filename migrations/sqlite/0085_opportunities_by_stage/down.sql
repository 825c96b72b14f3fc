DROP INDEX IF EXISTS opportunities_by_stage;
