ALTER TABLE attribution_documents DROP COLUMN at;
CREATE OR REPLACE FUNCTION attribution_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: restatements and credits cannot be changed';
END $$;
DROP TABLE attribution_shares;
DROP TABLE attribution_days;
DROP TABLE attribution_figures;
