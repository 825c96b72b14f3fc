CREATE INDEX IF NOT EXISTS stored_files_company_id ON stored_files (company_id, id);
