DROP INDEX IF EXISTS stored_files_uploaded_by;
