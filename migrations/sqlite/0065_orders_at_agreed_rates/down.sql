ALTER TABLE sales_orders DROP COLUMN exchange_rate_agreed;
