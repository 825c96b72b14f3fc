DROP TABLE serials;
DROP TABLE customer_return_lines;
DROP TABLE customer_returns;
DROP TABLE delivery_lines;
DROP TABLE deliveries;
DROP TABLE sales_order_lines;
DROP TABLE sales_orders;
