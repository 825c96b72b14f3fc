-- Pieces of products that are told apart by serial numbers, once they were shipped.
ALTER TABLE products ADD COLUMN tracking TEXT NOT NULL DEFAULT 'none';
ALTER TABLE delivery_lines ADD COLUMN serial_numbers JSONB NOT NULL DEFAULT '[]';
CREATE TABLE serials (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    product_id UUID NOT NULL REFERENCES products (id),
    number TEXT NOT NULL,
    status TEXT NOT NULL,
    customer_id UUID NOT NULL REFERENCES parties (id),
    delivery_id UUID NOT NULL REFERENCES deliveries (id),
    delivery_line_id UUID NOT NULL REFERENCES delivery_lines (id),
    shipped_at TIMESTAMPTZ NOT NULL,
    returned_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX serials_number_key ON serials (product_id, number);
CREATE INDEX serials_company_id ON serials (company_id, id);
CREATE INDEX serials_product_id ON serials (product_id, id);
CREATE INDEX serials_number ON serials (number, id);
CREATE INDEX serials_status ON serials (status, id);
CREATE INDEX serials_customer_id ON serials (customer_id, id);
CREATE INDEX serials_customer_shipped ON serials (customer_id, shipped_at, id);
CREATE INDEX serials_delivery_id ON serials (delivery_id, id);
CREATE INDEX serials_delivery_line_id ON serials (delivery_line_id, id);
CREATE INDEX serials_shipped_at ON serials (shipped_at, id);
CREATE INDEX serials_created_at ON serials (created_at, id);
CREATE INDEX serials_updated_at ON serials (updated_at, id);
