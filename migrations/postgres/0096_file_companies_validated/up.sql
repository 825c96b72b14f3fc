-- The companies of files were checked for new rows alone; now they are known for all, while others read and write.
ALTER TABLE stored_files VALIDATE CONSTRAINT stored_files_company_id_fkey;
