DROP INDEX stored_files_uploaded_by;
DROP INDEX stored_files_company_id;
ALTER TABLE stored_files DROP COLUMN uploaded_by;
ALTER TABLE stored_files DROP COLUMN company_id;
