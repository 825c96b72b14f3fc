ALTER TABLE leads DROP COLUMN erasure_job_id;
ALTER TABLE contacts DROP COLUMN erasure_job_id;
ALTER TABLE parties DROP COLUMN erasure_job_id;
