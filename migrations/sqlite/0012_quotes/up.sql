-- Quotes: priced and taxed offers with revisions. Where a quote came from and what it became is in the document flow.
CREATE TABLE quotes (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    revision INTEGER NOT NULL,
    previous_revision_id BLOB NULL REFERENCES quotes (id),
    superseded_by_id BLOB NULL REFERENCES quotes (id),
    status TEXT NOT NULL,
    title TEXT NOT NULL,
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    wins_opportunity INTEGER NOT NULL,
    party_id BLOB NOT NULL REFERENCES parties (id),
    contact_id BLOB NULL REFERENCES contacts (id),
    owner_id BLOB NULL REFERENCES users (id),
    seller TEXT NOT NULL,
    customer TEXT NOT NULL,
    shipping_address TEXT NULL,
    quote_date TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    expires_at INTEGER NULL,
    payment_terms_days INTEGER NOT NULL,
    currency TEXT NOT NULL,
    prices_include_tax INTEGER NOT NULL,
    freight_amount INTEGER NOT NULL,
    freight_tax_class TEXT NOT NULL,
    freight_gross INTEGER NOT NULL,
    net_total INTEGER NOT NULL,
    tax_total INTEGER NOT NULL,
    total INTEGER NOT NULL,
    taxes TEXT NOT NULL,
    note TEXT NULL,
    customer_reference TEXT NULL,
    answer TEXT NULL,
    win_problem TEXT NULL,
    sent_at INTEGER NULL,
    converted_at INTEGER NULL,
    metadata TEXT NOT NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (status IN ('draft', 'sent', 'accepted', 'rejected', 'expired', 'converted', 'superseded')),
    CHECK (status = 'draft' OR number IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX quotes_number_key ON quotes (company_id, number, revision);
CREATE INDEX quotes_company_id ON quotes (company_id, id);
CREATE INDEX quotes_company_status ON quotes (company_id, status, id);
CREATE INDEX quotes_company_quote_date ON quotes (company_id, quote_date, id);
CREATE INDEX quotes_company_valid_until ON quotes (company_id, valid_until, id);
CREATE INDEX quotes_company_total ON quotes (company_id, total, id);
CREATE INDEX quotes_previous_revision_id ON quotes (previous_revision_id);
CREATE INDEX quotes_superseded_by_id ON quotes (superseded_by_id);
CREATE INDEX quotes_opportunity_id ON quotes (opportunity_id, status, id);
CREATE INDEX quotes_party_id ON quotes (party_id, status, id);
CREATE INDEX quotes_contact_id ON quotes (contact_id, id);
CREATE INDEX quotes_owner_id ON quotes (owner_id, status, id);
CREATE INDEX quotes_status_expires_at ON quotes (status, expires_at, id);
CREATE INDEX quotes_number ON quotes (number, id);
CREATE INDEX quotes_currency ON quotes (currency, id);
CREATE INDEX quotes_quote_date ON quotes (quote_date, id);
CREATE INDEX quotes_valid_until ON quotes (valid_until, id);
CREATE INDEX quotes_total ON quotes (total, id);
CREATE INDEX quotes_title ON quotes (title, id);
CREATE INDEX quotes_sent_at ON quotes (sent_at, id);
CREATE INDEX quotes_created_at ON quotes (created_at, id);
CREATE INDEX quotes_updated_at ON quotes (updated_at, id);

CREATE TABLE quote_lines (
    id BLOB NOT NULL PRIMARY KEY,
    quote_id BLOB NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    product_id BLOB NULL REFERENCES products (id),
    description TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_id BLOB NULL REFERENCES units (id),
    unit_price INTEGER NOT NULL,
    discount_percent INTEGER NOT NULL,
    line_amount INTEGER NOT NULL,
    tax_class TEXT NOT NULL,
    tax_code_ids TEXT NOT NULL,
    net_amount INTEGER NOT NULL,
    tax_amount INTEGER NOT NULL,
    gross_amount INTEGER NOT NULL,
    CHECK (quantity > 0),
    CHECK (unit_price >= 0)
) STRICT;
CREATE INDEX quote_lines_quote_id ON quote_lines (quote_id, position);
CREATE INDEX quote_lines_product_id ON quote_lines (product_id);
CREATE INDEX quote_lines_unit_id ON quote_lines (unit_id);

-- One quote becomes one order, whoever asks how often at the same time.
ALTER TABLE sales_orders ADD COLUMN quote_id BLOB NULL;
CREATE UNIQUE INDEX sales_orders_quote_id_key ON sales_orders (quote_id);
