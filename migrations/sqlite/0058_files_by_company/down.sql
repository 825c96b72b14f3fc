DROP INDEX IF EXISTS stored_files_company_id;
