-- What each document brought, so that a fact about one document reads nothing of the others.
CREATE TABLE attribution_figures (
    document_id TEXT NOT NULL,
    basis TEXT NOT NULL,
    day TEXT NOT NULL,
    deal_id BLOB NOT NULL REFERENCES attribution_deals (id),
    amount INTEGER NOT NULL,
    PRIMARY KEY (document_id, basis, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX attribution_figures_deal_id ON attribution_figures (deal_id, basis);

-- What a deal brought on a day: the sum of its documents.
CREATE TABLE attribution_days (
    deal_id BLOB NOT NULL REFERENCES attribution_deals (id),
    basis TEXT NOT NULL,
    day TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (deal_id, basis, day)
) STRICT, WITHOUT ROWID;

-- What the credits of a deal sum to, by their place. No model and no touch are the id of zeros.
CREATE TABLE attribution_shares (
    deal_id BLOB NOT NULL REFERENCES attribution_deals (id),
    basis TEXT NOT NULL,
    day TEXT NOT NULL,
    model_id BLOB NOT NULL,
    touchpoint_id BLOB NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (deal_id, basis, day, model_id, touchpoint_id)
) STRICT, WITHOUT ROWID;

-- The ledger is derived from the books, so it may be cleared for a rebuild, and only then.
DROP TRIGGER attribution_restatements_delete;
CREATE TRIGGER attribution_restatements_delete BEFORE DELETE ON attribution_restatements
WHEN NOT EXISTS (SELECT 1 FROM followers WHERE name = 'marketing.attribution' AND status = 'clearing')
BEGIN
    SELECT RAISE(ABORT, 'tandem: restatements cannot be changed');
END;
DROP TRIGGER attribution_credits_delete;
CREATE TRIGGER attribution_credits_delete BEFORE DELETE ON attribution_credits
WHEN OLD.basis <> 'pipeline' AND NOT EXISTS (SELECT 1 FROM followers WHERE name = 'marketing.attribution' AND status = 'clearing')
BEGIN
    SELECT RAISE(ABORT, 'tandem: credits cannot be changed');
END;

-- When an order was confirmed, or an invoice without one posted: the first of them is the conversion of the deal.
ALTER TABLE attribution_documents ADD COLUMN at INTEGER NULL;
