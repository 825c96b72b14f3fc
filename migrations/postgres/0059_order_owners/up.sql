-- Who looks after an order. Orders from before have the owner of the quote or opportunity that they came from.
ALTER TABLE sales_orders ADD COLUMN owner_id UUID NULL REFERENCES users (id);
UPDATE sales_orders SET owner_id = COALESCE(
    (SELECT q.owner_id FROM quotes q WHERE q.id = sales_orders.quote_id),
    (SELECT o.owner_id FROM opportunities o WHERE o.id = sales_orders.opportunity_id)
) WHERE quote_id IS NOT NULL OR opportunity_id IS NOT NULL;
CREATE INDEX sales_orders_owner_id ON sales_orders (owner_id, id);
