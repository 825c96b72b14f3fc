-- The front office: pipelines and their stages, leads, opportunities with lines and history, activities.

-- The ways that deals of a company go. One of each company is the default.
CREATE TABLE pipelines (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    archived_at INTEGER NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX pipelines_company_id ON pipelines (company_id, id);
CREATE INDEX pipelines_company_name ON pipelines (company_id, name, id);
CREATE INDEX pipelines_updated_at ON pipelines (updated_at, id);
CREATE UNIQUE INDEX pipelines_default_key ON pipelines (company_id) WHERE is_default;

CREATE TABLE stages (
    id BLOB NOT NULL PRIMARY KEY,
    pipeline_id BLOB NOT NULL REFERENCES pipelines (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    probability_percent INTEGER NOT NULL,
    forecast_category TEXT NOT NULL,
    required_fields TEXT NOT NULL,
    allow_skip INTEGER NOT NULL,
    archived_at INTEGER NULL
) STRICT;
CREATE INDEX stages_pipeline_id ON stages (pipeline_id, position);

-- People and organisations who may become customers. What a lead became is kept on it; the opportunity is named
-- without a foreign key, because opportunities name their leads with one.
CREATE TABLE leads (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    status TEXT NOT NULL,
    name TEXT NOT NULL,
    first_name TEXT NULL,
    last_name TEXT NULL,
    job_title TEXT NULL,
    organisation_name TEXT NULL,
    tax_id TEXT NULL,
    email TEXT NULL,
    phone TEXT NULL,
    phone_normalised TEXT NULL,
    website TEXT NULL,
    address TEXT NULL,
    external_id TEXT NULL,
    source TEXT NULL,
    utm TEXT NOT NULL,
    description TEXT NULL,
    owner_id BLOB NULL REFERENCES users (id),
    first_response_at INTEGER NULL,
    qualified_at INTEGER NULL,
    disqualified_at INTEGER NULL,
    disqualification_reason TEXT NULL,
    converted_at INTEGER NULL,
    converted_party_id BLOB NULL REFERENCES parties (id),
    converted_party_origin TEXT NULL,
    converted_contact_id BLOB NULL REFERENCES contacts (id),
    converted_opportunity_id BLOB NULL,
    metadata TEXT NOT NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX leads_company_id ON leads (company_id, id);
CREATE INDEX leads_company_status ON leads (company_id, status, id);
CREATE INDEX leads_company_created_at ON leads (company_id, created_at, id);
CREATE INDEX leads_company_name ON leads (company_id, name, id);
CREATE INDEX leads_company_source ON leads (company_id, source, id);
CREATE INDEX leads_owner_id ON leads (owner_id, id);
CREATE INDEX leads_email ON leads (email, id);
CREATE INDEX leads_status ON leads (status, id);
CREATE INDEX leads_created_at ON leads (created_at, id);
CREATE INDEX leads_updated_at ON leads (updated_at, id);
CREATE INDEX leads_converted_at ON leads (converted_at, id);
CREATE INDEX leads_converted_party_id ON leads (converted_party_id, id);
CREATE INDEX leads_converted_contact_id ON leads (converted_contact_id);
CREATE INDEX leads_converted_opportunity_id ON leads (converted_opportunity_id);

-- Deals.
CREATE TABLE opportunities (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    party_id BLOB NOT NULL REFERENCES parties (id),
    contact_id BLOB NULL REFERENCES contacts (id),
    pipeline_id BLOB NOT NULL REFERENCES pipelines (id),
    stage_id BLOB NOT NULL REFERENCES stages (id),
    stage_entered_at INTEGER NOT NULL,
    currency TEXT NOT NULL,
    amount_source TEXT NOT NULL,
    amount INTEGER NOT NULL,
    probability_percent INTEGER NOT NULL,
    probability_is_manual INTEGER NOT NULL,
    weighted_amount INTEGER NOT NULL,
    forecast_category TEXT NOT NULL,
    forecast_category_is_manual INTEGER NOT NULL,
    expected_close_date TEXT NULL,
    close_date_pushes INTEGER NOT NULL,
    owner_id BLOB NULL REFERENCES users (id),
    source_lead_id BLOB NULL REFERENCES leads (id),
    source TEXT NULL,
    description TEXT NULL,
    loss_reason TEXT NULL,
    competitor TEXT NULL,
    closed_date TEXT NULL,
    closed_at INTEGER NULL,
    metadata TEXT NOT NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (status IN ('open', 'won', 'lost'))
) STRICT;
CREATE INDEX opportunities_company_id ON opportunities (company_id, id);
CREATE INDEX opportunities_company_status ON opportunities (company_id, status, id);
CREATE INDEX opportunities_company_close ON opportunities (company_id, expected_close_date, id);
CREATE INDEX opportunities_company_amount ON opportunities (company_id, amount, id);
CREATE INDEX opportunities_company_name ON opportunities (company_id, name, id);
CREATE INDEX opportunities_expected_close_date ON opportunities (expected_close_date, id);
CREATE INDEX opportunities_amount ON opportunities (amount, id);
CREATE INDEX opportunities_weighted_amount ON opportunities (weighted_amount, id);
CREATE INDEX opportunities_name ON opportunities (name, id);
CREATE INDEX opportunities_status ON opportunities (status, id);
CREATE INDEX opportunities_forecast_category ON opportunities (forecast_category, id);
CREATE INDEX opportunities_currency ON opportunities (currency, id);
CREATE INDEX opportunities_close_date_pushes ON opportunities (close_date_pushes, id);
CREATE INDEX opportunities_closed_date ON opportunities (closed_date, id);
CREATE INDEX opportunities_stage_entered_at ON opportunities (stage_entered_at, id);
CREATE INDEX opportunities_created_at ON opportunities (created_at, id);
CREATE INDEX opportunities_updated_at ON opportunities (updated_at, id);
CREATE INDEX opportunities_party_id ON opportunities (party_id, status, id);
CREATE INDEX opportunities_contact_id ON opportunities (contact_id, id);
CREATE INDEX opportunities_pipeline_id ON opportunities (pipeline_id, status, stage_id);
CREATE INDEX opportunities_stage_id ON opportunities (stage_id, status);
CREATE INDEX opportunities_owner_id ON opportunities (owner_id, id);
CREATE INDEX opportunities_source_lead_id ON opportunities (source_lead_id);

CREATE TABLE opportunity_lines (
    id BLOB NOT NULL PRIMARY KEY,
    opportunity_id BLOB NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    product_id BLOB NULL REFERENCES products (id),
    description TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price INTEGER NOT NULL,
    discount_percent INTEGER NOT NULL,
    net_amount INTEGER NOT NULL,
    CHECK (quantity > 0),
    CHECK (unit_price >= 0)
) STRICT;
CREATE INDEX opportunity_lines_opportunity_id ON opportunity_lines (opportunity_id, position);
CREATE INDEX opportunity_lines_product_id ON opportunity_lines (product_id);

-- What changed in a deal, when, by whom. Reports on velocity and slippage live on it; no row ever changes.
CREATE TABLE opportunity_changes (
    id BLOB NOT NULL PRIMARY KEY,
    opportunity_id BLOB NOT NULL REFERENCES opportunities (id),
    company_id BLOB NOT NULL REFERENCES companies (id),
    field TEXT NOT NULL,
    old_value TEXT NULL,
    new_value TEXT NULL,
    old_label TEXT NULL,
    new_label TEXT NULL,
    reason TEXT NULL,
    changed_by_user_id BLOB NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX opportunity_changes_opportunity_id ON opportunity_changes (opportunity_id, id);
CREATE INDEX opportunity_changes_company_id ON opportunity_changes (company_id, id);
CREATE INDEX opportunity_changes_value ON opportunity_changes (field, new_value);
CREATE INDEX opportunity_changes_changed_at ON opportunity_changes (changed_at, id);

CREATE TRIGGER opportunity_changes_update BEFORE UPDATE ON opportunity_changes
BEGIN
    SELECT RAISE(ABORT, 'tandem: the history of opportunities cannot be changed');
END;
CREATE TRIGGER opportunity_changes_delete BEFORE DELETE ON opportunity_changes
BEGIN
    SELECT RAISE(ABORT, 'tandem: the history of opportunities cannot be changed');
END;

-- What people do, did or mean to do. regarding_id names what it is about as on the wire.
CREATE TABLE activities (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NULL,
    regarding_id TEXT NOT NULL,
    regarding_kind TEXT NOT NULL,
    lead_id BLOB NULL REFERENCES leads (id),
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    party_id BLOB NULL REFERENCES parties (id),
    participants TEXT NOT NULL,
    owner_id BLOB NULL REFERENCES users (id),
    priority TEXT NOT NULL,
    status TEXT NOT NULL,
    due_at INTEGER NULL,
    time_zone TEXT NOT NULL,
    started_at INTEGER NULL,
    completed_at INTEGER NULL,
    outcome TEXT NULL,
    cancelled_at INTEGER NULL,
    postponements INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX activities_company_id ON activities (company_id, id);
CREATE INDEX activities_company_due_at ON activities (company_id, due_at, id);
CREATE INDEX activities_company_status ON activities (company_id, status, due_at);
CREATE INDEX activities_kind ON activities (kind, id);
CREATE INDEX activities_due_at ON activities (due_at, id);
CREATE INDEX activities_status ON activities (status, id);
CREATE INDEX activities_priority ON activities (priority, id);
CREATE INDEX activities_completed_at ON activities (completed_at, id);
CREATE INDEX activities_created_at ON activities (created_at, id);
CREATE INDEX activities_updated_at ON activities (updated_at, id);
CREATE INDEX activities_regarding_id ON activities (regarding_id, id);
CREATE INDEX activities_lead_id ON activities (lead_id, status, due_at);
CREATE INDEX activities_opportunity_id ON activities (opportunity_id, status, due_at);
CREATE INDEX activities_party_id ON activities (party_id, status, due_at);
CREATE INDEX activities_owner_id ON activities (owner_id, status, due_at);
