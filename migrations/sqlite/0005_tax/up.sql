-- Baseline of the area `tax`.

CREATE TABLE tax_codes (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    computation TEXT NOT NULL,
    treatment TEXT NOT NULL,
    price_includes_tax INTEGER NOT NULL,
    affects_base INTEGER NOT NULL,
    rates TEXT NOT NULL,
    account_id BLOB NULL REFERENCES accounts (id),
    archived INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tax_codes_company_id_code ON tax_codes (company_id, code);
CREATE INDEX tax_codes_company_id_id ON tax_codes (company_id, id);
CREATE INDEX tax_codes_account_id ON tax_codes (account_id);
CREATE INDEX tax_codes_created_at_id ON tax_codes (created_at, id);
CREATE INDEX tax_codes_code_id ON tax_codes (code, id);
CREATE INDEX tax_codes_updated_at_id ON tax_codes (updated_at, id);

CREATE TABLE tax_rules (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    tax_class TEXT NULL,
    tax_status TEXT NULL,
    tax_code_ids TEXT NOT NULL,
    valid_from_date TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX tax_rules_company_id_id ON tax_rules (company_id, id);
CREATE INDEX tax_rules_created_at_id ON tax_rules (created_at, id);
CREATE INDEX tax_rules_updated_at_id ON tax_rules (updated_at, id);
