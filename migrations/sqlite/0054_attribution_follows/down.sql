ALTER TABLE attribution_documents DROP COLUMN at;
DROP TRIGGER attribution_credits_delete;
CREATE TRIGGER attribution_credits_delete BEFORE DELETE ON attribution_credits WHEN OLD.basis <> 'pipeline'
BEGIN
    SELECT RAISE(ABORT, 'tandem: credits cannot be changed');
END;
DROP TRIGGER attribution_restatements_delete;
CREATE TRIGGER attribution_restatements_delete BEFORE DELETE ON attribution_restatements
BEGIN
    SELECT RAISE(ABORT, 'tandem: restatements cannot be changed');
END;
DROP TABLE attribution_shares;
DROP TABLE attribution_days;
DROP TABLE attribution_figures;
