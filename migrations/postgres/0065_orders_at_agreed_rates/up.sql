-- Whether the rate of an order was agreed with the customer. Of older orders nobody knows; their invoices have the rate of the day.
ALTER TABLE sales_orders ADD COLUMN exchange_rate_agreed BOOLEAN NOT NULL DEFAULT FALSE;
