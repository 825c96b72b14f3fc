-- Baseline of the area `sales`.

-- From the order to the goods at the door and back.

-- What customers ordered. opportunity_id leads to a document of a later migration.
CREATE TABLE sales_orders (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    fulfilment_status TEXT NOT NULL,
    billing_status TEXT NOT NULL,
    is_on_hold BOOLEAN NOT NULL,
    status_reason TEXT NULL,
    customer_id UUID NOT NULL REFERENCES parties (id),
    customer_reference TEXT NULL,
    opportunity_id UUID NULL,
    warehouse_id UUID NULL REFERENCES warehouses (id),
    order_date DATE NOT NULL,
    requested_date DATE NULL,
    ship_to JSONB NULL,
    currency TEXT NOT NULL,
    exchange_rate NUMERIC(18,10) NOT NULL,
    prices_include_tax BOOLEAN NOT NULL,
    allow_backorder BOOLEAN NOT NULL,
    freight_amount NUMERIC(18,4) NOT NULL,
    freight_tax_class TEXT NOT NULL,
    freight_gross NUMERIC(18,4) NOT NULL,
    freight_invoiced NUMERIC(18,4) NOT NULL,
    net_total NUMERIC(18,4) NOT NULL,
    tax_total NUMERIC(18,4) NOT NULL,
    total NUMERIC(18,4) NOT NULL,
    unshipped_amount NUMERIC(18,4) NOT NULL,
    unbilled_amount NUMERIC(18,4) NOT NULL,
    credit_status TEXT NOT NULL,
    note TEXT NULL,
    metadata JSONB NOT NULL,
    confirmed_at TIMESTAMPTZ NULL,
    cancelled_at TIMESTAMPTZ NULL,
    closed_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    quote_id UUID NULL,
    payment_terms_days INTEGER NULL
);
CREATE UNIQUE INDEX sales_orders_company_id_number_key ON sales_orders (company_id, number);
CREATE INDEX sales_orders_company_id_id ON sales_orders (company_id, id);
CREATE INDEX sales_orders_company_id_order_date_id ON sales_orders (company_id, order_date, id);
CREATE INDEX sales_orders_company_id_requested_date_id ON sales_orders (company_id, requested_date, id);
CREATE INDEX sales_orders_company_id_total_id ON sales_orders (company_id, total, id);
CREATE INDEX sales_orders_company_id_status_id ON sales_orders (company_id, status, id);
CREATE INDEX sales_orders_company_id_fulfilment_status_id ON sales_orders (company_id, fulfilment_status, id);
CREATE INDEX sales_orders_company_id_billing_status_id ON sales_orders (company_id, billing_status, id);
CREATE INDEX sales_orders_company_id_updated_at_id ON sales_orders (company_id, updated_at, id);
CREATE INDEX sales_orders_customer_id_id ON sales_orders (customer_id, id);
CREATE INDEX sales_orders_customer_reference ON sales_orders (customer_reference);
CREATE INDEX sales_orders_opportunity_id ON sales_orders (opportunity_id);
CREATE INDEX sales_orders_warehouse_id ON sales_orders (warehouse_id);
CREATE UNIQUE INDEX sales_orders_quote_id_key ON sales_orders (quote_id);
CREATE INDEX sales_orders_updated_at_id ON sales_orders (updated_at, id);

-- What was ordered, and how far it has come. Quantities are in the unit of the line.
CREATE TABLE sales_order_lines (
    id UUID NOT NULL PRIMARY KEY,
    order_id UUID NOT NULL REFERENCES sales_orders (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    product_id UUID NULL REFERENCES products (id),
    description TEXT NOT NULL,
    is_stocked BOOLEAN NOT NULL,
    quantity NUMERIC(18,6) NOT NULL,
    unit_id UUID NULL REFERENCES units (id),
    unit_factor NUMERIC(18,10) NOT NULL,
    unit_price NUMERIC(18,6) NOT NULL,
    discount_percent NUMERIC(18,10) NOT NULL,
    line_amount NUMERIC(18,4) NOT NULL,
    tax_class TEXT NOT NULL,
    tax_code_ids JSONB NOT NULL,
    net_amount NUMERIC(18,4) NOT NULL,
    tax_amount NUMERIC(18,4) NOT NULL,
    gross_amount NUMERIC(18,4) NOT NULL,
    quantity_reserved NUMERIC(18,6) NOT NULL,
    quantity_shipped NUMERIC(18,6) NOT NULL,
    quantity_returned NUMERIC(18,6) NOT NULL,
    quantity_invoiced NUMERIC(18,6) NOT NULL,
    quantity_cancelled NUMERIC(18,6) NOT NULL,
    CONSTRAINT sales_order_lines_quantity_positive CHECK (quantity > 0),
    CONSTRAINT sales_order_lines_not_shipped_beyond CHECK (quantity_shipped + quantity_cancelled <= quantity),
    CONSTRAINT sales_order_lines_not_returned_beyond CHECK (quantity_returned <= quantity_shipped),
    CONSTRAINT sales_order_lines_not_reserved_below CHECK (quantity_reserved >= 0)
);
CREATE INDEX sales_order_lines_order_id_position ON sales_order_lines (order_id, position);
CREATE INDEX sales_order_lines_product_id ON sales_order_lines (product_id);
CREATE INDEX sales_order_lines_unit_id ON sales_order_lines (unit_id);
-- Goods that confirmed orders still wait for. Without this, goods that come in were compared with all orders ever taken.
CREATE INDEX sales_order_lines_waiting ON sales_order_lines (product_id, order_id)
    WHERE is_stocked AND quantity > quantity_cancelled + quantity_shipped;

-- Goods on their way to customers.
CREATE TABLE deliveries (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    order_id UUID NOT NULL REFERENCES sales_orders (id),
    customer_id UUID NOT NULL REFERENCES parties (id),
    warehouse_id UUID NOT NULL REFERENCES warehouses (id),
    delivery_date DATE NOT NULL,
    ship_to JSONB NULL,
    carrier TEXT NULL,
    tracking_number TEXT NULL,
    cost_total NUMERIC(18,4) NOT NULL,
    journal_entry_id UUID NULL REFERENCES journal_entries (id),
    note TEXT NULL,
    metadata JSONB NOT NULL,
    shipped_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX deliveries_company_id_number_key ON deliveries (company_id, number);
CREATE INDEX deliveries_company_id_id ON deliveries (company_id, id);
CREATE INDEX deliveries_company_id_delivery_date_id ON deliveries (company_id, delivery_date, id);
CREATE INDEX deliveries_company_id_status_id ON deliveries (company_id, status, id);
CREATE INDEX deliveries_order_id ON deliveries (order_id);
CREATE INDEX deliveries_customer_id_id ON deliveries (customer_id, id);
CREATE INDEX deliveries_warehouse_id ON deliveries (warehouse_id);
CREATE INDEX deliveries_journal_entry_id ON deliveries (journal_entry_id);
CREATE INDEX deliveries_tracking_number ON deliveries (tracking_number);
CREATE INDEX deliveries_updated_at_id ON deliveries (updated_at, id);

-- The goods of a delivery.
CREATE TABLE delivery_lines (
    id UUID NOT NULL PRIMARY KEY,
    delivery_id UUID NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    order_line_id UUID NOT NULL REFERENCES sales_order_lines (id),
    product_id UUID NOT NULL REFERENCES products (id),
    description TEXT NOT NULL,
    quantity NUMERIC(18,6) NOT NULL,
    stock_quantity NUMERIC(18,6) NOT NULL,
    unit_cost NUMERIC(18,6) NULL,
    cost_amount NUMERIC(18,4) NOT NULL,
    quantity_returned NUMERIC(18,6) NOT NULL,
    cost_returned NUMERIC(18,4) NOT NULL,
    serial_numbers JSONB NOT NULL DEFAULT '[]',
    unit_id UUID NULL REFERENCES units (id),
    CONSTRAINT delivery_lines_quantity_positive CHECK (quantity > 0),
    CONSTRAINT delivery_lines_not_returned_beyond CHECK (quantity_returned <= quantity)
);
CREATE INDEX delivery_lines_delivery_id_position ON delivery_lines (delivery_id, position);
CREATE INDEX delivery_lines_order_line_id ON delivery_lines (order_line_id);
CREATE INDEX delivery_lines_product_id ON delivery_lines (product_id);
CREATE INDEX delivery_lines_unit_id ON delivery_lines (unit_id);

-- Goods that customers send back.
CREATE TABLE customer_returns (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    delivery_id UUID NOT NULL REFERENCES deliveries (id),
    order_id UUID NOT NULL REFERENCES sales_orders (id),
    customer_id UUID NOT NULL REFERENCES parties (id),
    warehouse_id UUID NOT NULL REFERENCES warehouses (id),
    return_date DATE NOT NULL,
    reason TEXT NULL,
    cost_total NUMERIC(18,4) NOT NULL,
    journal_entry_id UUID NULL REFERENCES journal_entries (id),
    metadata JSONB NOT NULL,
    authorized_at TIMESTAMPTZ NULL,
    received_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX customer_returns_company_id_number_key ON customer_returns (company_id, number);
CREATE INDEX customer_returns_company_id_id ON customer_returns (company_id, id);
CREATE INDEX customer_returns_company_id_return_date_id ON customer_returns (company_id, return_date, id);
CREATE INDEX customer_returns_company_id_status_id ON customer_returns (company_id, status, id);
CREATE INDEX customer_returns_delivery_id ON customer_returns (delivery_id);
CREATE INDEX customer_returns_order_id ON customer_returns (order_id);
CREATE INDEX customer_returns_customer_id_id ON customer_returns (customer_id, id);
CREATE INDEX customer_returns_warehouse_id ON customer_returns (warehouse_id);
CREATE INDEX customer_returns_journal_entry_id ON customer_returns (journal_entry_id);
CREATE INDEX customer_returns_updated_at_id ON customer_returns (updated_at, id);

-- The goods of a return.
CREATE TABLE customer_return_lines (
    id UUID NOT NULL PRIMARY KEY,
    return_id UUID NOT NULL REFERENCES customer_returns (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    delivery_line_id UUID NOT NULL REFERENCES delivery_lines (id),
    order_line_id UUID NOT NULL REFERENCES sales_order_lines (id),
    product_id UUID NOT NULL REFERENCES products (id),
    quantity NUMERIC(18,6) NOT NULL,
    quantity_received NUMERIC(18,6) NOT NULL,
    quantity_restocked NUMERIC(18,6) NOT NULL,
    quantity_credited NUMERIC(18,6) NOT NULL,
    cost_amount NUMERIC(18,4) NOT NULL,
    unit_id UUID NULL REFERENCES units (id),
    CONSTRAINT customer_return_lines_quantity_positive CHECK (quantity > 0),
    CONSTRAINT customer_return_lines_not_received_beyond CHECK (quantity_received <= quantity)
);
CREATE INDEX customer_return_lines_return_id_position ON customer_return_lines (return_id, position);
CREATE INDEX customer_return_lines_delivery_line_id ON customer_return_lines (delivery_line_id);
CREATE INDEX customer_return_lines_order_line_id ON customer_return_lines (order_line_id);
CREATE INDEX customer_return_lines_product_id ON customer_return_lines (product_id);
CREATE INDEX customer_return_lines_unit_id ON customer_return_lines (unit_id);

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
