DROP TRIGGER opportunity_changes_update;
CREATE TRIGGER opportunity_changes_update BEFORE UPDATE ON opportunity_changes
BEGIN
    SELECT RAISE(ABORT, 'tandem: the history of opportunities cannot be changed');
END;
