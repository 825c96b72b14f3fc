DROP INDEX IF EXISTS sales_orders_owner_id;
