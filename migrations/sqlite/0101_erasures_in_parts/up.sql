-- The job that erases a person of whom there is much.
ALTER TABLE parties ADD COLUMN erasure_job_id BLOB NULL;
ALTER TABLE contacts ADD COLUMN erasure_job_id BLOB NULL;
ALTER TABLE leads ADD COLUMN erasure_job_id BLOB NULL;
