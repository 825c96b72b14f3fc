-- Baseline of the area `insight`.

-- What was learnt from all customers of a company about how long and how often they buy; rows are added and never changed.
CREATE TABLE clv_fits (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    as_of_date DATE NOT NULL,
    customers BIGINT NOT NULL,
    repeat_customers BIGINT NOT NULL,
    purchases JSONB NOT NULL,
    margins JSONB NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX clv_fits_company_id ON clv_fits (company_id, id);
CREATE INDEX clv_fits_company_as_of_date ON clv_fits (company_id, as_of_date, id);
CREATE INDEX clv_fits_as_of_date ON clv_fits (as_of_date, id);
CREATE INDEX clv_fits_created_at ON clv_fits (created_at, id);
