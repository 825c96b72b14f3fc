-- Baseline of the area `inventory`.

CREATE FUNCTION stock_moves_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: stock_moves cannot be changed';
END $$;

CREATE FUNCTION value_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: value_entries cannot be changed';
END $$;

-- Where goods are, to whom they are promised and what they are worth.

-- Places where goods are, real or virtual, so that every move has two ends. warehouse_id leads to warehouses, which
-- lead back to their stock location and therefore come second.
CREATE TABLE locations (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    warehouse_id UUID NULL,
    parent_id UUID NULL REFERENCES locations (id),
    kind TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX locations_company_id_code_key ON locations (company_id, code) WHERE warehouse_id IS NULL;
CREATE UNIQUE INDEX locations_warehouse_id_code_key ON locations (warehouse_id, code) WHERE warehouse_id IS NOT NULL;
CREATE INDEX locations_company_id_id ON locations (company_id, id);
CREATE INDEX locations_company_id_code_id ON locations (company_id, code, id);
CREATE INDEX locations_parent_id ON locations (parent_id);
CREATE INDEX locations_warehouse_id_id ON locations (warehouse_id, id);
CREATE INDEX locations_updated_at_id ON locations (updated_at, id);

-- Places where a company keeps goods.
CREATE TABLE warehouses (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    stock_location_id UUID NOT NULL REFERENCES locations (id),
    is_default BOOLEAN NOT NULL,
    is_active BOOLEAN NOT NULL,
    metadata JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX warehouses_company_id_code_key ON warehouses (company_id, code);
CREATE INDEX warehouses_company_id_id ON warehouses (company_id, id);
CREATE INDEX warehouses_company_id_name_id ON warehouses (company_id, name, id);
CREATE INDEX warehouses_stock_location_id ON warehouses (stock_location_id);
CREATE INDEX warehouses_updated_at_id ON warehouses (updated_at, id);

-- The quantity ledger.
CREATE TABLE stock_moves (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    product_id UUID NOT NULL REFERENCES products (id),
    from_location_id UUID NOT NULL REFERENCES locations (id),
    to_location_id UUID NOT NULL REFERENCES locations (id),
    quantity NUMERIC(18,6) NOT NULL,
    source_id TEXT NOT NULL,
    source_line_id TEXT NULL,
    move_date DATE NOT NULL,
    moved_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT stock_moves_quantity_positive CHECK (quantity > 0),
    CONSTRAINT stock_moves_two_ends CHECK (from_location_id <> to_location_id)
);
CREATE INDEX stock_moves_company_id_id ON stock_moves (company_id, id);
CREATE INDEX stock_moves_company_id_move_date_id ON stock_moves (company_id, move_date, id);
CREATE INDEX stock_moves_product_id_move_date_id ON stock_moves (product_id, move_date, id);
CREATE INDEX stock_moves_from_location_id_product_id ON stock_moves (from_location_id, product_id);
CREATE INDEX stock_moves_to_location_id_product_id ON stock_moves (to_location_id, product_id);
CREATE INDEX stock_moves_source_id ON stock_moves (source_id);
CREATE TRIGGER stock_moves_update BEFORE UPDATE ON stock_moves FOR EACH ROW EXECUTE FUNCTION stock_moves_guard();
CREATE TRIGGER stock_moves_delete BEFORE DELETE ON stock_moves FOR EACH ROW EXECUTE FUNCTION stock_moves_guard();
CREATE TRIGGER stock_moves_truncate BEFORE TRUNCATE ON stock_moves FOR EACH STATEMENT EXECUTE FUNCTION stock_moves_guard();

-- What is on hand of a product at a location and how much of it is promised: the running sum of the moves.
CREATE TABLE stock_levels (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    product_id UUID NOT NULL REFERENCES products (id),
    warehouse_id UUID NOT NULL REFERENCES warehouses (id),
    location_id UUID NOT NULL REFERENCES locations (id),
    on_hand NUMERIC(18,6) NOT NULL,
    reserved NUMERIC(18,6) NOT NULL,
    negative_allowed BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT stock_levels_reserved_not_negative CHECK (reserved >= 0),
    CONSTRAINT stock_levels_not_promised_twice CHECK (negative_allowed OR on_hand >= reserved)
);
CREATE UNIQUE INDEX stock_levels_product_id_location_id_key ON stock_levels (product_id, location_id);
CREATE INDEX stock_levels_company_id_id ON stock_levels (company_id, id);
CREATE INDEX stock_levels_company_id_product_id_id ON stock_levels (company_id, product_id, id);
CREATE INDEX stock_levels_company_id_on_hand_id ON stock_levels (company_id, on_hand, id);
CREATE INDEX stock_levels_warehouse_id_product_id ON stock_levels (warehouse_id, product_id);
CREATE INDEX stock_levels_location_id ON stock_levels (location_id);
CREATE INDEX stock_levels_updated_at_id ON stock_levels (updated_at, id);

-- Promises of stock. order_id and order_line_id lead to documents of a later migration.
CREATE TABLE reservations (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    kind TEXT NOT NULL,
    product_id UUID NOT NULL REFERENCES products (id),
    warehouse_id UUID NOT NULL REFERENCES warehouses (id),
    location_id UUID NOT NULL REFERENCES locations (id),
    quantity NUMERIC(18,6) NOT NULL,
    order_id UUID NULL,
    order_line_id UUID NULL,
    note TEXT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT reservations_quantity_positive CHECK (quantity > 0)
);
CREATE INDEX reservations_company_id_id ON reservations (company_id, id);
CREATE INDEX reservations_product_id_location_id ON reservations (product_id, location_id);
CREATE INDEX reservations_warehouse_id ON reservations (warehouse_id);
CREATE INDEX reservations_location_id ON reservations (location_id);
CREATE INDEX reservations_order_id ON reservations (order_id);
CREATE INDEX reservations_order_line_id ON reservations (order_line_id);
CREATE INDEX reservations_updated_at_id ON reservations (updated_at, id);
-- What is wished for of a product is asked whenever a deal shows its stock. Without this the hard reservations of all open
-- orders of the product were read for it.
CREATE INDEX reservations_soft ON reservations (product_id, company_id, warehouse_id, quantity) WHERE kind = 'soft';

-- What a company owns of a product and what it is worth: the running sum of the value entries.
CREATE TABLE product_costs (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    product_id UUID NOT NULL REFERENCES products (id),
    quantity NUMERIC(18,6) NOT NULL,
    value NUMERIC(18,4) NOT NULL,
    last_unit_cost NUMERIC(18,6) NOT NULL,
    version BIGINT NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    account_id UUID NULL REFERENCES accounts (id),
    last_entry_date DATE NULL,
    CONSTRAINT product_costs_empty_is_worthless CHECK (quantity <> 0 OR value = 0)
);
CREATE UNIQUE INDEX product_costs_company_id_product_id_key ON product_costs (company_id, product_id);
CREATE INDEX product_costs_company_id_id ON product_costs (company_id, id);
CREATE INDEX product_costs_product_id ON product_costs (product_id);
CREATE INDEX product_costs_updated_at_id ON product_costs (updated_at, id);
CREATE INDEX product_costs_account_id ON product_costs (account_id);

-- The value ledger.
CREATE TABLE value_entries (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    product_id UUID NOT NULL REFERENCES products (id),
    kind TEXT NOT NULL,
    quantity NUMERIC(18,6) NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    source_id TEXT NOT NULL,
    source_line_id TEXT NULL,
    entry_date DATE NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    valuation_date DATE NOT NULL,
    applies_to_id UUID NULL REFERENCES value_entries (id),
    covered_by_id UUID NULL REFERENCES value_entries (id),
    account_id UUID NULL REFERENCES accounts (id),
    counter_account_id UUID NULL REFERENCES accounts (id)
);
CREATE INDEX value_entries_company_id_id ON value_entries (company_id, id);
CREATE INDEX value_entries_company_id_entry_date_id ON value_entries (company_id, entry_date, id);
CREATE INDEX value_entries_company_id_product_id_id ON value_entries (company_id, product_id, id);
CREATE INDEX value_entries_product_id ON value_entries (product_id);
CREATE INDEX value_entries_source_id ON value_entries (source_id);
CREATE INDEX value_entries_company_id_product_id_valuation_date ON value_entries (company_id, product_id, valuation_date, id);
CREATE INDEX value_entries_applies_to_id ON value_entries (applies_to_id);
CREATE INDEX value_entries_covered_by_id ON value_entries (covered_by_id);
CREATE INDEX value_entries_account_id ON value_entries (account_id, entry_date);
CREATE INDEX value_entries_counter_account_id ON value_entries (counter_account_id);
CREATE TRIGGER value_entries_update BEFORE UPDATE ON value_entries FOR EACH ROW EXECUTE FUNCTION value_entries_guard();
CREATE TRIGGER value_entries_delete BEFORE DELETE ON value_entries FOR EACH ROW EXECUTE FUNCTION value_entries_guard();
CREATE TRIGGER value_entries_truncate BEFORE TRUNCATE ON value_entries FOR EACH STATEMENT EXECUTE FUNCTION value_entries_guard();

-- Stock set right by hand.
CREATE TABLE stock_adjustments (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    warehouse_id UUID NOT NULL REFERENCES warehouses (id),
    location_id UUID NOT NULL REFERENCES locations (id),
    adjustment_date DATE NOT NULL,
    note TEXT NULL,
    total_value NUMERIC(18,4) NOT NULL,
    metadata JSONB NOT NULL,
    posted_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    counted_at TIMESTAMPTZ NULL
);
CREATE UNIQUE INDEX stock_adjustments_company_id_number_key ON stock_adjustments (company_id, number);
CREATE INDEX stock_adjustments_company_id_id ON stock_adjustments (company_id, id);
CREATE INDEX stock_adjustments_company_id_adjustment_date_id ON stock_adjustments (company_id, adjustment_date, id);
CREATE INDEX stock_adjustments_company_id_status_id ON stock_adjustments (company_id, status, id);
CREATE INDEX stock_adjustments_warehouse_id ON stock_adjustments (warehouse_id);
CREATE INDEX stock_adjustments_location_id ON stock_adjustments (location_id);
CREATE INDEX stock_adjustments_updated_at_id ON stock_adjustments (updated_at, id);

-- The products of an adjustment.
CREATE TABLE stock_adjustment_lines (
    id UUID NOT NULL PRIMARY KEY,
    adjustment_id UUID NOT NULL REFERENCES stock_adjustments (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    product_id UUID NOT NULL REFERENCES products (id),
    location_id UUID NOT NULL REFERENCES locations (id),
    quantity_delta NUMERIC(18,6) NULL,
    counted_quantity NUMERIC(18,6) NULL,
    unit_cost NUMERIC(18,6) NULL,
    value NUMERIC(18,4) NULL
);
CREATE INDEX stock_adjustment_lines_adjustment_id_position ON stock_adjustment_lines (adjustment_id, position);
CREATE INDEX stock_adjustment_lines_product_id ON stock_adjustment_lines (product_id);
CREATE INDEX stock_adjustment_lines_location_id ON stock_adjustment_lines (location_id);
