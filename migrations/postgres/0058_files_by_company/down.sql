DROP INDEX CONCURRENTLY IF EXISTS stored_files_company_id;
