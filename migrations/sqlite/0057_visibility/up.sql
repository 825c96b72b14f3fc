-- Whose a file is: a company's, or else its uploader's. Of older files nobody knows; they are shown to callers who have all companies.
ALTER TABLE stored_files ADD COLUMN company_id BLOB NULL REFERENCES companies (id);
ALTER TABLE stored_files ADD COLUMN uploaded_by TEXT NOT NULL DEFAULT '';
-- Who looks after an order. Older orders have nobody.
ALTER TABLE sales_orders ADD COLUMN owner_id BLOB NULL REFERENCES users (id);
-- Who works in a territory: permissions may reach the records of the territories that a user works in.
CREATE TABLE territory_members (
    territory_id BLOB NOT NULL REFERENCES territories (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (territory_id, user_id)
) STRICT;
CREATE INDEX territory_members_user_id ON territory_members (user_id, territory_id);
