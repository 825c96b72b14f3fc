-- Whose a file is: a company's, or else its uploader's. Of older files nobody knows; they are shown to who has all companies.
ALTER TABLE stored_files ADD COLUMN company_id UUID NULL REFERENCES companies (id);
ALTER TABLE stored_files ADD COLUMN uploaded_by TEXT NOT NULL DEFAULT '';
CREATE INDEX stored_files_company_id ON stored_files (company_id, id);
CREATE INDEX stored_files_uploaded_by ON stored_files (uploaded_by, id);
