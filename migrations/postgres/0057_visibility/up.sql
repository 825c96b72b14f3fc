-- Whose a file is: a company's, or else its uploader's. Of older files nobody knows; they are shown to callers who have all companies.
ALTER TABLE stored_files ADD COLUMN company_id UUID NULL;
ALTER TABLE stored_files ADD CONSTRAINT stored_files_company_id_fkey FOREIGN KEY (company_id) REFERENCES companies (id) NOT VALID;
ALTER TABLE stored_files ADD COLUMN uploaded_by TEXT NOT NULL DEFAULT '';
-- Who looks after an order. Older orders have nobody.
ALTER TABLE sales_orders ADD COLUMN owner_id UUID NULL;
ALTER TABLE sales_orders ADD CONSTRAINT sales_orders_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users (id) NOT VALID;
-- Who works in a territory: permissions may reach the records of the territories that a user works in.
CREATE TABLE territory_members (
    territory_id UUID NOT NULL REFERENCES territories (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (territory_id, user_id)
);
CREATE INDEX territory_members_user_id ON territory_members (user_id, territory_id);
