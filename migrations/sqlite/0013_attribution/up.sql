-- Which touches of a journey earned how much of what a deal brought.

-- By which campaign a touch came about. No foreign key: campaigns belong to a later migration.
ALTER TABLE touchpoints ADD COLUMN campaign_id BLOB NULL;
CREATE INDEX touchpoints_campaign_id ON touchpoints (campaign_id, id);

-- What a campaign is called in the marks of links and in the dimensions of journal lines.
CREATE TABLE campaign_codes (
    company_id BLOB NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    campaign_id BLOB NOT NULL,
    PRIMARY KEY (company_id, code)
) STRICT;
CREATE INDEX campaign_codes_campaign_id ON campaign_codes (campaign_id);

CREATE TABLE attribution_models (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    lookback_days INTEGER NOT NULL,
    half_life_days INTEGER NULL,
    weights TEXT NULL,
    effects TEXT NOT NULL,
    trained_at INTEGER NULL,
    trained_paths INTEGER NULL,
    is_ready INTEGER NOT NULL,
    -- The last deal that was credited, as long as not all are.
    credited_through BLOB NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX attribution_models_name_key ON attribution_models (company_id, name);
CREATE INDEX attribution_models_company_id ON attribution_models (company_id, id);
CREATE INDEX attribution_models_kind ON attribution_models (kind, id);
CREATE INDEX attribution_models_name ON attribution_models (name, id);
CREATE INDEX attribution_models_created_at ON attribution_models (created_at, id);
CREATE INDEX attribution_models_updated_at ON attribution_models (updated_at, id);
CREATE INDEX attribution_models_not_ready ON attribution_models (id) WHERE NOT is_ready;

-- What may be credited: an opportunity with its orders and invoices, an order without one, an invoice without an order.
CREATE TABLE attribution_deals (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    order_id BLOB NULL,
    invoice_id BLOB NULL,
    party_id BLOB NOT NULL REFERENCES parties (id),
    lead_id BLOB NULL REFERENCES leads (id),
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    lead_created_at INTEGER NULL,
    opportunity_created_at INTEGER NULL,
    converted_at INTEGER NULL,
    touch_count INTEGER NOT NULL,
    pipeline INTEGER NOT NULL,
    bookings INTEGER NOT NULL,
    invoiced INTEGER NOT NULL,
    cash INTEGER NOT NULL,
    margin INTEGER NOT NULL,
    is_stale INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX attribution_deals_opportunity_key ON attribution_deals (opportunity_id);
CREATE UNIQUE INDEX attribution_deals_order_key ON attribution_deals (order_id);
CREATE UNIQUE INDEX attribution_deals_invoice_key ON attribution_deals (invoice_id);
CREATE INDEX attribution_deals_company_id ON attribution_deals (company_id, id);
CREATE INDEX attribution_deals_party_id ON attribution_deals (party_id, id);
CREATE INDEX attribution_deals_lead_id ON attribution_deals (lead_id, id);
CREATE INDEX attribution_deals_status ON attribution_deals (status, id);
CREATE INDEX attribution_deals_converted_at ON attribution_deals (converted_at, id);
CREATE INDEX attribution_deals_created_at ON attribution_deals (created_at, id);
CREATE INDEX attribution_deals_updated_at ON attribution_deals (updated_at, id);
CREATE INDEX attribution_deals_stale ON attribution_deals (id) WHERE is_stale;

-- The documents of the back office that a deal led to.
CREATE TABLE attribution_documents (
    document_id TEXT NOT NULL PRIMARY KEY,
    deal_id BLOB NOT NULL REFERENCES attribution_deals (id)
) STRICT;
CREATE INDEX attribution_documents_deal_id ON attribution_documents (deal_id);

-- Every change of a figure of a deal, with the fact that caused it. Written once.
CREATE TABLE attribution_restatements (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    deal_id BLOB NOT NULL REFERENCES attribution_deals (id),
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    basis TEXT NOT NULL,
    day TEXT NOT NULL,
    before_amount INTEGER NOT NULL,
    after_amount INTEGER NOT NULL,
    change_amount INTEGER NOT NULL,
    reason TEXT NOT NULL,
    cause_id TEXT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attribution_restatements_company_id ON attribution_restatements (company_id, id);
CREATE INDEX attribution_restatements_company_basis_day ON attribution_restatements (company_id, basis, day);
CREATE INDEX attribution_restatements_deal_id ON attribution_restatements (deal_id, basis, day);
CREATE INDEX attribution_restatements_opportunity_id ON attribution_restatements (opportunity_id, id);
CREATE INDEX attribution_restatements_basis ON attribution_restatements (basis, id);
CREATE INDEX attribution_restatements_day ON attribution_restatements (day, id);
CREATE INDEX attribution_restatements_reason ON attribution_restatements (reason, id);
CREATE INDEX attribution_restatements_cause_id ON attribution_restatements (cause_id, id);
CREATE INDEX attribution_restatements_created_at ON attribution_restatements (created_at, id);

-- What a touch earned of a change, by model. Without a touch: what nobody earned; without a model: by no model. Written once,
-- but for the pipeline, which is what stands now.
CREATE TABLE attribution_credits (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    model_id BLOB NULL REFERENCES attribution_models (id),
    deal_id BLOB NOT NULL REFERENCES attribution_deals (id),
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    restatement_id BLOB NOT NULL REFERENCES attribution_restatements (id),
    basis TEXT NOT NULL,
    day TEXT NOT NULL,
    touchpoint_id BLOB NULL REFERENCES touchpoints (id),
    campaign_id BLOB NULL,
    campaign TEXT NULL,
    channel TEXT NULL,
    source TEXT NULL,
    medium TEXT NULL,
    weight INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attribution_credits_company_id ON attribution_credits (company_id, id);
CREATE INDEX attribution_credits_report ON attribution_credits (company_id, model_id, basis, day);
CREATE INDEX attribution_credits_model_id ON attribution_credits (model_id, id);
CREATE INDEX attribution_credits_deal_id ON attribution_credits (deal_id, basis);
CREATE INDEX attribution_credits_opportunity_id ON attribution_credits (opportunity_id, id);
CREATE INDEX attribution_credits_restatement_id ON attribution_credits (restatement_id);
CREATE INDEX attribution_credits_touchpoint_id ON attribution_credits (touchpoint_id, id);
CREATE INDEX attribution_credits_campaign_id ON attribution_credits (campaign_id, model_id, basis, day);
CREATE INDEX attribution_credits_campaign ON attribution_credits (campaign, id);
CREATE INDEX attribution_credits_channel ON attribution_credits (channel, id);
CREATE INDEX attribution_credits_source ON attribution_credits (source, id);
CREATE INDEX attribution_credits_medium ON attribution_credits (medium, id);
CREATE INDEX attribution_credits_basis ON attribution_credits (basis, id);
CREATE INDEX attribution_credits_day ON attribution_credits (day, id);
CREATE INDEX attribution_credits_created_at ON attribution_credits (created_at, id);

CREATE TRIGGER attribution_restatements_update BEFORE UPDATE ON attribution_restatements
BEGIN
    SELECT RAISE(ABORT, 'tandem: restatements cannot be changed');
END;
CREATE TRIGGER attribution_restatements_delete BEFORE DELETE ON attribution_restatements
BEGIN
    SELECT RAISE(ABORT, 'tandem: restatements cannot be changed');
END;
CREATE TRIGGER attribution_credits_update BEFORE UPDATE ON attribution_credits
BEGIN
    SELECT RAISE(ABORT, 'tandem: credits cannot be changed');
END;
CREATE TRIGGER attribution_credits_delete BEFORE DELETE ON attribution_credits WHEN OLD.basis <> 'pipeline'
BEGIN
    SELECT RAISE(ABORT, 'tandem: credits cannot be changed');
END;

-- What was spent on a campaign is found by the dimension of its lines.
CREATE INDEX journal_lines_campaign ON journal_lines (company_id, (dimensions ->> 'campaign'))
    WHERE (dimensions ->> 'campaign') IS NOT NULL;
