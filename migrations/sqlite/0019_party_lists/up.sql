-- Customers and vendors by name are the lists that people look at all day. Without these, SQLite collects all customers and
-- sorts them for every page, and a page costs more with every customer.
CREATE INDEX parties_customers_by_name ON parties (is_customer, name, id);
CREATE INDEX parties_vendors_by_name ON parties (is_vendor, name, id);
