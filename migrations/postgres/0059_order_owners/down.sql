DROP INDEX sales_orders_owner_id;
ALTER TABLE sales_orders DROP COLUMN owner_id;
