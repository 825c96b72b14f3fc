-- Baseline of the area `insight`.

-- What was learnt from all customers of a company about how long and how often they buy; rows are added and never changed.
CREATE TABLE clv_fits (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    as_of_date TEXT NOT NULL,
    customers INTEGER NOT NULL,
    repeat_customers INTEGER NOT NULL,
    purchases TEXT NOT NULL,
    margins TEXT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX clv_fits_company_id ON clv_fits (company_id, id);
CREATE INDEX clv_fits_company_as_of_date ON clv_fits (company_id, as_of_date, id);
CREATE INDEX clv_fits_as_of_date ON clv_fits (as_of_date, id);
CREATE INDEX clv_fits_created_at ON clv_fits (created_at, id);
