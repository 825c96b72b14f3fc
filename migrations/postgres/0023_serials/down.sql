DROP TABLE serials;
ALTER TABLE delivery_lines DROP COLUMN serial_numbers;
ALTER TABLE products DROP COLUMN tracking;
