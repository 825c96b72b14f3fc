-- Quotes: priced and taxed offers with revisions. Where a quote came from and what it became is in the document flow.
CREATE TABLE quotes (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    revision INTEGER NOT NULL,
    previous_revision_id UUID NULL REFERENCES quotes (id),
    superseded_by_id UUID NULL REFERENCES quotes (id),
    status TEXT NOT NULL,
    title TEXT NOT NULL,
    opportunity_id UUID NULL REFERENCES opportunities (id),
    wins_opportunity BOOLEAN NOT NULL,
    party_id UUID NOT NULL REFERENCES parties (id),
    contact_id UUID NULL REFERENCES contacts (id),
    owner_id UUID NULL REFERENCES users (id),
    seller JSONB NOT NULL,
    customer JSONB NOT NULL,
    shipping_address JSONB NULL,
    quote_date DATE NOT NULL,
    valid_until DATE NOT NULL,
    expires_at TIMESTAMPTZ NULL,
    payment_terms_days INTEGER NOT NULL,
    currency TEXT NOT NULL,
    prices_include_tax BOOLEAN NOT NULL,
    freight_amount NUMERIC(18,4) NOT NULL,
    freight_tax_class TEXT NOT NULL,
    freight_gross NUMERIC(18,4) NOT NULL,
    net_total NUMERIC(18,4) NOT NULL,
    tax_total NUMERIC(18,4) NOT NULL,
    total NUMERIC(18,4) NOT NULL,
    taxes JSONB NOT NULL,
    note TEXT NULL,
    customer_reference TEXT NULL,
    answer JSONB NULL,
    win_problem TEXT NULL,
    sent_at TIMESTAMPTZ NULL,
    converted_at TIMESTAMPTZ NULL,
    metadata JSONB NOT NULL,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK (status IN ('draft', 'sent', 'accepted', 'rejected', 'expired', 'converted', 'superseded')),
    CHECK (status = 'draft' OR number IS NOT NULL)
);
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
    id UUID NOT NULL PRIMARY KEY,
    quote_id UUID NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    product_id UUID NULL REFERENCES products (id),
    description TEXT NOT NULL,
    quantity NUMERIC(18,6) NOT NULL,
    unit_id UUID NULL REFERENCES units (id),
    unit_price NUMERIC(18,6) NOT NULL,
    discount_percent NUMERIC(18,10) NOT NULL,
    line_amount NUMERIC(18,4) NOT NULL,
    tax_class TEXT NOT NULL,
    tax_code_ids JSONB NOT NULL,
    net_amount NUMERIC(18,4) NOT NULL,
    tax_amount NUMERIC(18,4) NOT NULL,
    gross_amount NUMERIC(18,4) NOT NULL,
    CHECK (quantity > 0),
    CHECK (unit_price >= 0)
);
CREATE INDEX quote_lines_quote_id ON quote_lines (quote_id, position);
CREATE INDEX quote_lines_product_id ON quote_lines (product_id);
CREATE INDEX quote_lines_unit_id ON quote_lines (unit_id);

-- One quote becomes one order, whoever asks how often at the same time.
ALTER TABLE sales_orders ADD COLUMN quote_id UUID NULL;
CREATE UNIQUE INDEX sales_orders_quote_id_key ON sales_orders (quote_id);
