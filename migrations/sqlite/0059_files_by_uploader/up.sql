CREATE INDEX IF NOT EXISTS stored_files_uploaded_by ON stored_files (uploaded_by, id);
