-- The history of an opportunity stays as it was, but for the words in which somebody is named whose data is erased.
CREATE OR REPLACE FUNCTION opportunity_changes_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.id = OLD.id AND NEW.opportunity_id = OLD.opportunity_id AND NEW.company_id = OLD.company_id
        AND NEW.field = OLD.field AND NEW.changed_by_user_id IS NOT DISTINCT FROM OLD.changed_by_user_id AND NEW.changed_at = OLD.changed_at
        AND (NEW.old_value IS NOT DISTINCT FROM OLD.old_value OR NEW.old_value = 'Erased')
        AND (NEW.new_value IS NOT DISTINCT FROM OLD.new_value OR NEW.new_value = 'Erased')
        AND (NEW.old_label IS NOT DISTINCT FROM OLD.old_label OR NEW.old_label = 'Erased')
        AND (NEW.new_label IS NOT DISTINCT FROM OLD.new_label OR NEW.new_label = 'Erased')
        AND (NEW.reason IS NOT DISTINCT FROM OLD.reason OR NEW.reason = 'Erased') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'tandem: the history of opportunities cannot be changed';
END $$;
