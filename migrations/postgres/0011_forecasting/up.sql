-- Forecasting: who shares a deal, why deals are lost and to whom, deals that wait too long.

CREATE TABLE competitors (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    website TEXT NULL,
    strengths TEXT NULL,
    weaknesses TEXT NULL,
    metadata JSONB NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX competitors_company_name_key ON competitors (company_id, name_key);
CREATE INDEX competitors_company_id ON competitors (company_id, id);
CREATE INDEX competitors_name ON competitors (name, id);
CREATE INDEX competitors_created_at ON competitors (created_at, id);
CREATE INDEX competitors_updated_at ON competitors (updated_at, id);

CREATE TABLE loss_reasons (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    requires_competitor BOOLEAN NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX loss_reasons_company_name_key ON loss_reasons (company_id, name_key);
CREATE INDEX loss_reasons_company_id ON loss_reasons (company_id, id);
CREATE INDEX loss_reasons_name ON loss_reasons (name, id);
CREATE INDEX loss_reasons_created_at ON loss_reasons (created_at, id);
CREATE INDEX loss_reasons_updated_at ON loss_reasons (updated_at, id);

-- Shares of a deal; their sum of 100 percent is a rule of the deal. Without rows the deal is its owner's alone.
CREATE TABLE opportunity_splits (
    id UUID NOT NULL PRIMARY KEY,
    opportunity_id UUID NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    percent NUMERIC(18,10) NOT NULL,
    CHECK (percent > 0)
);
CREATE UNIQUE INDEX opportunity_splits_opportunity_id_user_id ON opportunity_splits (opportunity_id, user_id);
CREATE INDEX opportunity_splits_user_id ON opportunity_splits (user_id, opportunity_id);

CREATE TABLE opportunity_contact_roles (
    id UUID NOT NULL PRIMARY KEY,
    opportunity_id UUID NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    contact_id UUID NOT NULL REFERENCES contacts (id),
    role TEXT NOT NULL
);
CREATE UNIQUE INDEX opportunity_contact_roles_opportunity_id_contact_id ON opportunity_contact_roles (opportunity_id, contact_id);
CREATE INDEX opportunity_contact_roles_contact_id ON opportunity_contact_roles (contact_id);

CREATE TABLE opportunity_competitors (
    id UUID NOT NULL PRIMARY KEY,
    opportunity_id UUID NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    competitor_id UUID NOT NULL REFERENCES competitors (id)
);
CREATE UNIQUE INDEX opportunity_competitors_opportunity_id_competitor_id ON opportunity_competitors (opportunity_id, competitor_id);
CREATE INDEX opportunity_competitors_competitor_id ON opportunity_competitors (competitor_id, opportunity_id);

ALTER TABLE stages ADD COLUMN stalled_after_days INTEGER NULL;
ALTER TABLE opportunities ADD COLUMN last_activity_at TIMESTAMPTZ NULL;
ALTER TABLE opportunities ADD COLUMN stalls_at TIMESTAMPTZ NULL;
ALTER TABLE opportunities ADD COLUMN stalled_at TIMESTAMPTZ NULL;
ALTER TABLE opportunities ADD COLUMN loss_reason_id UUID NULL REFERENCES loss_reasons (id);
ALTER TABLE opportunities ADD COLUMN competitor_id UUID NULL REFERENCES competitors (id);
CREATE INDEX opportunities_loss_reason_id ON opportunities (loss_reason_id, id);
CREATE INDEX opportunities_competitor_id ON opportunities (competitor_id, id);
CREATE INDEX opportunities_stalls_at ON opportunities (stalls_at, id) WHERE status = 'open';
CREATE INDEX opportunities_company_closed_date ON opportunities (company_id, status, closed_date);
CREATE INDEX opportunities_company_created_at ON opportunities (company_id, created_at);

CREATE TABLE quotas (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    user_id UUID NULL REFERENCES users (id),
    period TEXT NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    metadata JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK (amount >= 0)
);
CREATE UNIQUE INDEX quotas_user_key ON quotas (company_id, period, start_date, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX quotas_company_key ON quotas (company_id, period, start_date) WHERE user_id IS NULL;
CREATE INDEX quotas_company_id ON quotas (company_id, id);
CREATE INDEX quotas_user_id ON quotas (user_id, id);
CREATE INDEX quotas_period ON quotas (period, id);
CREATE INDEX quotas_start_date ON quotas (start_date, id);
CREATE INDEX quotas_created_at ON quotas (created_at, id);
CREATE INDEX quotas_updated_at ON quotas (updated_at, id);

-- What users commit to. Rows are added and never changed: the last one for a period speaks.
CREATE TABLE forecast_submissions (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    user_id UUID NULL REFERENCES users (id),
    submitted_by_user_id UUID NULL REFERENCES users (id),
    period TEXT NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    method TEXT NOT NULL,
    forecast_amount NUMERIC(18,4) NOT NULL,
    commit_amount NUMERIC(18,4) NOT NULL,
    adjustment_amount NUMERIC(18,4) NOT NULL,
    note TEXT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX forecast_submissions_company_period ON forecast_submissions (company_id, period, start_date, id);
CREATE INDEX forecast_submissions_company_id ON forecast_submissions (company_id, id);
CREATE INDEX forecast_submissions_user_id ON forecast_submissions (user_id, id);
CREATE INDEX forecast_submissions_submitted_by_user_id ON forecast_submissions (submitted_by_user_id, id);
CREATE INDEX forecast_submissions_start_date ON forecast_submissions (start_date, id);
CREATE INDEX forecast_submissions_created_at ON forecast_submissions (created_at, id);

-- What forecasts said on a day; no row ever changes.
CREATE TABLE forecast_snapshots (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    snapshot_date DATE NOT NULL,
    period TEXT NOT NULL,
    start_date DATE NOT NULL,
    end_date DATE NOT NULL,
    currency TEXT NOT NULL,
    closed_amount NUMERIC(18,4) NOT NULL,
    commit_amount NUMERIC(18,4) NOT NULL,
    best_case_amount NUMERIC(18,4) NOT NULL,
    pipeline_amount NUMERIC(18,4) NOT NULL,
    weighted_amount NUMERIC(18,4) NOT NULL,
    quota_amount NUMERIC(18,4) NULL,
    adjustment_amount NUMERIC(18,4) NOT NULL,
    rows JSONB NOT NULL,
    rates JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX forecast_snapshots_day_key ON forecast_snapshots (company_id, period, start_date, snapshot_date);
CREATE INDEX forecast_snapshots_company_id ON forecast_snapshots (company_id, id);
CREATE INDEX forecast_snapshots_snapshot_date ON forecast_snapshots (snapshot_date, id);
CREATE INDEX forecast_snapshots_start_date ON forecast_snapshots (start_date, id);
CREATE INDEX forecast_snapshots_created_at ON forecast_snapshots (created_at, id);

CREATE FUNCTION forecasts_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: submissions and snapshots of forecasts cannot be changed';
END $$;
CREATE TRIGGER forecast_submissions_update BEFORE UPDATE ON forecast_submissions FOR EACH ROW EXECUTE FUNCTION forecasts_guard();
CREATE TRIGGER forecast_submissions_delete BEFORE DELETE ON forecast_submissions FOR EACH ROW EXECUTE FUNCTION forecasts_guard();
CREATE TRIGGER forecast_submissions_truncate BEFORE TRUNCATE ON forecast_submissions FOR EACH STATEMENT EXECUTE FUNCTION forecasts_guard();
CREATE TRIGGER forecast_snapshots_update BEFORE UPDATE ON forecast_snapshots FOR EACH ROW EXECUTE FUNCTION forecasts_guard();
CREATE TRIGGER forecast_snapshots_delete BEFORE DELETE ON forecast_snapshots FOR EACH ROW EXECUTE FUNCTION forecasts_guard();
CREATE TRIGGER forecast_snapshots_truncate BEFORE TRUNCATE ON forecast_snapshots FOR EACH STATEMENT EXECUTE FUNCTION forecasts_guard();
