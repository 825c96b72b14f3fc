-- What each document brought, so that a fact about one document reads nothing of the others.
CREATE TABLE attribution_figures (
    document_id TEXT NOT NULL,
    basis TEXT NOT NULL,
    day DATE NOT NULL,
    deal_id UUID NOT NULL REFERENCES attribution_deals (id),
    amount NUMERIC(18,4) NOT NULL,
    PRIMARY KEY (document_id, basis, day)
);
CREATE INDEX attribution_figures_deal_id ON attribution_figures (deal_id, basis);

-- What a deal brought on a day: the sum of its documents.
CREATE TABLE attribution_days (
    deal_id UUID NOT NULL REFERENCES attribution_deals (id),
    basis TEXT NOT NULL,
    day DATE NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    PRIMARY KEY (deal_id, basis, day)
);

-- What the credits of a deal sum to, by their place. No model and no touch are the id of zeros.
CREATE TABLE attribution_shares (
    deal_id UUID NOT NULL REFERENCES attribution_deals (id),
    basis TEXT NOT NULL,
    day DATE NOT NULL,
    model_id UUID NOT NULL,
    touchpoint_id UUID NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    PRIMARY KEY (deal_id, basis, day, model_id, touchpoint_id)
);

-- The ledger is derived from the books, so it may be cleared for a rebuild, and only then.
CREATE OR REPLACE FUNCTION attribution_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (SELECT 1 FROM followers WHERE name = 'marketing.attribution' AND status = 'clearing') THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'tandem: restatements and credits cannot be changed';
END $$;

-- When an order was confirmed, or an invoice without one posted: the first of them is the conversion of the deal.
ALTER TABLE attribution_documents ADD COLUMN at TIMESTAMPTZ NULL;
