DROP TABLE territory_members;
ALTER TABLE sales_orders DROP COLUMN owner_id;
ALTER TABLE stored_files DROP COLUMN uploaded_by;
ALTER TABLE stored_files DROP COLUMN company_id;
