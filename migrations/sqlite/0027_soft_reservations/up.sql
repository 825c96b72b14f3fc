-- What is wished for of a product is asked whenever a deal shows its stock. Without this the hard reservations of all open
-- orders of the product were read for it.
CREATE INDEX reservations_soft ON reservations (product_id, company_id, warehouse_id, quantity) WHERE kind = 'soft';
