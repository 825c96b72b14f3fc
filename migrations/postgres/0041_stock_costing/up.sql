-- The value ledger knows for which day a change counts, whose cost it corrects and on which accounts it was booked, so that a
-- back-dated movement re-costs the later ones by entries of their own.
ALTER TABLE value_entries DISABLE TRIGGER value_entries_update;
ALTER TABLE value_entries ADD COLUMN valuation_date DATE NOT NULL DEFAULT '1970-01-01';
ALTER TABLE value_entries ADD COLUMN applies_to_id UUID NULL REFERENCES value_entries (id);
ALTER TABLE value_entries ADD COLUMN covered_by_id UUID NULL REFERENCES value_entries (id);
ALTER TABLE value_entries ADD COLUMN account_id UUID NULL REFERENCES accounts (id);
ALTER TABLE value_entries ADD COLUMN counter_account_id UUID NULL REFERENCES accounts (id);
UPDATE value_entries SET valuation_date = entry_date, account_id = (
    SELECT d.account_id FROM account_determinations d JOIN products p ON p.id = value_entries.product_id
    WHERE d.company_id = value_entries.company_id AND d.role = 'inventory' AND d.party_class IS NULL
    AND (d.item_class IS NULL OR d.item_class = p.posting_class) AND d.valid_from_date <= value_entries.entry_date
    ORDER BY CASE WHEN d.item_class IS NULL THEN 1 ELSE 0 END, d.valid_from_date DESC LIMIT 1);
ALTER TABLE value_entries ENABLE TRIGGER value_entries_update;
CREATE INDEX value_entries_company_id_product_id_valuation_date ON value_entries (company_id, product_id, valuation_date, id);
CREATE INDEX value_entries_applies_to_id ON value_entries (applies_to_id);
CREATE INDEX value_entries_covered_by_id ON value_entries (covered_by_id);
CREATE INDEX value_entries_account_id ON value_entries (account_id, entry_date);
CREATE INDEX value_entries_counter_account_id ON value_entries (counter_account_id);

ALTER TABLE product_costs ADD COLUMN account_id UUID NULL REFERENCES accounts (id);
ALTER TABLE product_costs ADD COLUMN last_entry_date DATE NULL;
UPDATE product_costs SET
    last_entry_date = (SELECT MAX(e.entry_date) FROM value_entries e WHERE e.company_id = product_costs.company_id
        AND e.product_id = product_costs.product_id),
    account_id = (SELECT e.account_id FROM value_entries e WHERE e.company_id = product_costs.company_id
        AND e.product_id = product_costs.product_id ORDER BY e.entry_date DESC, e.id DESC LIMIT 1);
CREATE INDEX product_costs_account_id ON product_costs (account_id);

-- The moment at which goods were counted, when the day of the count goes on after it.
ALTER TABLE stock_adjustments ADD COLUMN counted_at TIMESTAMPTZ NULL;

-- The unit of every quantity on a document.
ALTER TABLE delivery_lines ADD COLUMN unit_id UUID NULL REFERENCES units (id);
UPDATE delivery_lines SET unit_id = (SELECT l.unit_id FROM sales_order_lines l WHERE l.id = delivery_lines.order_line_id);
CREATE INDEX delivery_lines_unit_id ON delivery_lines (unit_id);
ALTER TABLE customer_return_lines ADD COLUMN unit_id UUID NULL REFERENCES units (id);
UPDATE customer_return_lines SET unit_id = (SELECT l.unit_id FROM sales_order_lines l WHERE l.id = customer_return_lines.order_line_id);
CREATE INDEX customer_return_lines_unit_id ON customer_return_lines (unit_id);
ALTER TABLE invoice_lines ADD COLUMN unit_id UUID NULL REFERENCES units (id);
CREATE INDEX invoice_lines_unit_id ON invoice_lines (unit_id);

-- Whether orders close themselves. Companies that are there already go on as they did.
ALTER TABLE companies ADD COLUMN order_closing TEXT NOT NULL DEFAULT 'manual';

-- Goods that confirmed orders still wait for. Without this, goods that come in were compared with all orders ever taken.
CREATE INDEX sales_order_lines_waiting ON sales_order_lines (product_id, order_id)
    WHERE is_stocked AND quantity > quantity_cancelled + quantity_shipped;
