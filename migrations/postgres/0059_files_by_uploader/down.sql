DROP INDEX CONCURRENTLY IF EXISTS stored_files_uploaded_by;
