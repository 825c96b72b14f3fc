DROP INDEX sales_orders_quote_id_key;
ALTER TABLE sales_orders DROP COLUMN quote_id;
DROP TABLE quote_lines;
DROP TABLE quotes;
