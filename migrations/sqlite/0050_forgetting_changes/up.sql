-- The history of an opportunity stays as it was, but for the words in which somebody is named whose data is erased.
DROP TRIGGER opportunity_changes_update;
CREATE TRIGGER opportunity_changes_update BEFORE UPDATE ON opportunity_changes
WHEN NOT (
    NEW.id IS OLD.id AND NEW.opportunity_id IS OLD.opportunity_id AND NEW.company_id IS OLD.company_id AND NEW.field IS OLD.field
    AND NEW.changed_by_user_id IS OLD.changed_by_user_id AND NEW.changed_at IS OLD.changed_at
    AND (NEW.old_value IS OLD.old_value OR NEW.old_value = 'Erased') AND (NEW.new_value IS OLD.new_value OR NEW.new_value = 'Erased')
    AND (NEW.old_label IS OLD.old_label OR NEW.old_label = 'Erased') AND (NEW.new_label IS OLD.new_label OR NEW.new_label = 'Erased')
    AND (NEW.reason IS OLD.reason OR NEW.reason = 'Erased')
)
BEGIN
    SELECT RAISE(ABORT, 'tandem: the history of opportunities cannot be changed');
END;
