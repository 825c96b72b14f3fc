CREATE OR REPLACE FUNCTION opportunity_changes_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: the history of opportunities cannot be changed';
END $$;
