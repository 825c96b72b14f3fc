CREATE INDEX CONCURRENTLY IF NOT EXISTS sales_orders_owner_id ON sales_orders (owner_id, id);
