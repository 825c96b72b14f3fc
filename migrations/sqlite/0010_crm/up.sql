-- Baseline of the area `crm`.

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
    archived_at INTEGER NULL,
    stalled_after_days INTEGER NULL
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
    updated_at INTEGER NOT NULL,
    campaign TEXT NULL,
    first_touch TEXT NULL,
    last_touch TEXT NULL,
    assigned_at INTEGER NULL,
    assignment_rule_id BLOB NULL,
    score INTEGER NULL,
    grade TEXT NULL,
    scored_at INTEGER NULL,
    scoring_model_version INTEGER NULL,
    grade_changes INTEGER NOT NULL DEFAULT 0,
    score_checked_at INTEGER NOT NULL DEFAULT 0
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
CREATE INDEX leads_campaign ON leads (campaign, id);
CREATE INDEX leads_grade ON leads (grade, id);
CREATE INDEX leads_score ON leads (score, id);
CREATE INDEX leads_company_score ON leads (company_id, score, id);
CREATE INDEX leads_assignment_rule_id ON leads (assignment_rule_id, id);
CREATE INDEX leads_email_key ON leads (company_id, lower(email), id);
CREATE INDEX leads_open_by_owner ON leads (company_id, owner_id, status);
CREATE INDEX leads_score_checked_at ON leads (score_checked_at, id) WHERE score IS NOT NULL AND status IN ('new', 'working', 'qualified');
-- Mailboxes that rows name without a pointer to their owner.
CREATE INDEX leads_mailbox ON leads (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX leads_phone_normalised ON leads (phone_normalised) WHERE phone_normalised IS NOT NULL;
CREATE INDEX leads_converted_contact ON leads (converted_contact_id) WHERE converted_contact_id IS NOT NULL;

CREATE TABLE loss_reasons (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    requires_competitor INTEGER NOT NULL,
    archived_at INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name_key TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX loss_reasons_company_name_key ON loss_reasons (company_id, name_key);
CREATE INDEX loss_reasons_company_id ON loss_reasons (company_id, id);
CREATE INDEX loss_reasons_name ON loss_reasons (name, id);
CREATE INDEX loss_reasons_created_at ON loss_reasons (created_at, id);
CREATE INDEX loss_reasons_updated_at ON loss_reasons (updated_at, id);

-- Forecasting: who shares a deal, why deals are lost and to whom, deals that wait too long.

CREATE TABLE competitors (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    website TEXT NULL,
    strengths TEXT NULL,
    weaknesses TEXT NULL,
    metadata TEXT NOT NULL,
    archived_at INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    name_key TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX competitors_company_name_key ON competitors (company_id, name_key);
CREATE INDEX competitors_company_id ON competitors (company_id, id);
CREATE INDEX competitors_name ON competitors (name, id);
CREATE INDEX competitors_created_at ON competitors (created_at, id);
CREATE INDEX competitors_updated_at ON competitors (updated_at, id);

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
    last_activity_at INTEGER NULL,
    stalls_at INTEGER NULL,
    stalled_at INTEGER NULL,
    loss_reason_id BLOB NULL REFERENCES loss_reasons (id),
    competitor_id BLOB NULL REFERENCES competitors (id),
    territory_id BLOB NULL REFERENCES territories (id),
    campaign TEXT NULL,
    days_to_close INTEGER NULL,
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
CREATE INDEX opportunities_loss_reason_id ON opportunities (loss_reason_id, id);
CREATE INDEX opportunities_competitor_id ON opportunities (competitor_id, id);
CREATE INDEX opportunities_stalls_at ON opportunities (stalls_at, id) WHERE status = 'open';
CREATE INDEX opportunities_company_closed_date ON opportunities (company_id, status, closed_date);
CREATE INDEX opportunities_company_created_at ON opportunities (company_id, created_at);
CREATE INDEX opportunities_territory_id ON opportunities (territory_id, id);
CREATE INDEX opportunities_campaign ON opportunities (campaign, id);
CREATE INDEX opportunities_source ON opportunities (source, id);
CREATE INDEX opportunities_days_to_close ON opportunities (days_to_close, id);

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
CREATE TRIGGER opportunity_changes_delete BEFORE DELETE ON opportunity_changes
BEGIN
    SELECT RAISE(ABORT, 'tandem: the history of opportunities cannot be changed');
END;
CREATE TRIGGER opportunity_changes_update BEFORE UPDATE ON opportunity_changes
WHEN NOT (
    NEW.id IS OLD.id AND NEW.opportunity_id IS OLD.opportunity_id AND NEW.company_id IS OLD.company_id AND NEW.field IS OLD.field
    AND NEW.changed_by_user_id IS OLD.changed_by_user_id AND NEW.changed_at IS OLD.changed_at
    AND (NEW.old_value IS OLD.old_value OR NEW.old_value = 'Erased') AND (NEW.new_value IS OLD.new_value OR NEW.new_value = 'Erased')
    AND (NEW.old_label IS OLD.old_label OR NEW.old_label = 'Erased') AND (NEW.new_label IS OLD.new_label OR NEW.new_label = 'Erased')
    AND (NEW.reason IS OLD.reason OR NEW.reason = 'Erased')
    AND (NEW.old_value IS NOT OLD.old_value OR NEW.new_value IS NOT OLD.new_value OR NEW.old_label IS NOT OLD.old_label
        OR NEW.new_label IS NOT OLD.new_label OR NEW.reason IS NOT OLD.reason)
)
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
CREATE TRIGGER activities_participants_insert AFTER INSERT ON activities WHEN NEW.participants <> '[]'
BEGIN
    INSERT INTO activity_participants (activity_id, key)
    SELECT DISTINCT NEW.id, COALESCE(lower(json_extract(p.value, '$.email')), json_extract(p.value, '$.contact_id'))
    FROM json_each(NEW.participants) p
    WHERE COALESCE(json_extract(p.value, '$.email'), json_extract(p.value, '$.contact_id')) IS NOT NULL;
END;
CREATE TRIGGER activities_participants_update AFTER UPDATE OF participants ON activities WHEN NEW.participants <> OLD.participants
BEGIN
    DELETE FROM activity_participants WHERE activity_id = NEW.id;
    INSERT INTO activity_participants (activity_id, key)
    SELECT DISTINCT NEW.id, COALESCE(lower(json_extract(p.value, '$.email')), json_extract(p.value, '$.contact_id'))
    FROM json_each(NEW.participants) p
    WHERE COALESCE(json_extract(p.value, '$.email'), json_extract(p.value, '$.contact_id')) IS NOT NULL;
END;

CREATE TABLE assignment_rules (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    is_active INTEGER NOT NULL,
    conditions TEXT NOT NULL,
    method TEXT NOT NULL,
    members TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX assignment_rules_company_id ON assignment_rules (company_id, position, id);
CREATE INDEX assignment_rules_name ON assignment_rules (name, id);
CREATE INDEX assignment_rules_position ON assignment_rules (position, id);
CREATE INDEX assignment_rules_method ON assignment_rules (method, id);
CREATE INDEX assignment_rules_is_active ON assignment_rules (is_active, id);
CREATE INDEX assignment_rules_created_at ON assignment_rules (created_at, id);
CREATE INDEX assignment_rules_updated_at ON assignment_rules (updated_at, id);

-- How many leads a rule has given away. Apart from the rule, so that taking the next number locks this row alone and
-- changes no version.
CREATE TABLE assignment_cursors (
    id BLOB NOT NULL PRIMARY KEY REFERENCES assignment_rules (id) ON DELETE CASCADE,
    taken INTEGER NOT NULL
) STRICT;

-- Versions of the scoring model of a company. One of each company is active.
CREATE TABLE lead_scoring_models (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    model_version INTEGER NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    fit_rules TEXT NOT NULL,
    engagement_rules TEXT NOT NULL,
    grades TEXT NOT NULL,
    activated_at INTEGER NULL,
    retired_at INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX lead_scoring_models_company_id ON lead_scoring_models (company_id, id);
CREATE UNIQUE INDEX lead_scoring_models_version_key ON lead_scoring_models (company_id, model_version);
CREATE UNIQUE INDEX lead_scoring_models_active_key ON lead_scoring_models (company_id) WHERE status = 'active';
CREATE INDEX lead_scoring_models_status ON lead_scoring_models (status, id);
CREATE INDEX lead_scoring_models_model_version ON lead_scoring_models (model_version, id);
CREATE INDEX lead_scoring_models_created_at ON lead_scoring_models (created_at, id);
CREATE INDEX lead_scoring_models_updated_at ON lead_scoring_models (updated_at, id);

-- Changes of the grade of a lead, each told once: the numbers of a lead's changes are unique.
CREATE TABLE lead_grade_changes (
    id BLOB NOT NULL PRIMARY KEY,
    lead_id BLOB NOT NULL REFERENCES leads (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    from_grade TEXT NULL,
    to_grade TEXT NULL,
    score INTEGER NOT NULL,
    model_version INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX lead_grade_changes_ordinal_key ON lead_grade_changes (lead_id, ordinal);

-- Shares of a deal; their sum of 100 percent is a rule of the deal. Without rows the deal is its owner's alone.
CREATE TABLE opportunity_splits (
    id BLOB NOT NULL PRIMARY KEY,
    opportunity_id BLOB NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    percent INTEGER NOT NULL,
    CHECK (percent > 0)
) STRICT;
CREATE UNIQUE INDEX opportunity_splits_opportunity_id_user_id ON opportunity_splits (opportunity_id, user_id);
CREATE INDEX opportunity_splits_user_id ON opportunity_splits (user_id, opportunity_id);

CREATE TABLE opportunity_contact_roles (
    id BLOB NOT NULL PRIMARY KEY,
    opportunity_id BLOB NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    role TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX opportunity_contact_roles_opportunity_id_contact_id ON opportunity_contact_roles (opportunity_id, contact_id);
CREATE INDEX opportunity_contact_roles_contact_id ON opportunity_contact_roles (contact_id);

CREATE TABLE opportunity_competitors (
    id BLOB NOT NULL PRIMARY KEY,
    opportunity_id BLOB NOT NULL REFERENCES opportunities (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    competitor_id BLOB NOT NULL REFERENCES competitors (id)
) STRICT;
CREATE UNIQUE INDEX opportunity_competitors_opportunity_id_competitor_id ON opportunity_competitors (opportunity_id, competitor_id);
CREATE INDEX opportunity_competitors_competitor_id ON opportunity_competitors (competitor_id, opportunity_id);

CREATE TABLE quotas (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    user_id BLOB NULL REFERENCES users (id),
    period TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    amount INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (amount >= 0)
) STRICT;
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
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    user_id BLOB NULL REFERENCES users (id),
    submitted_by_user_id BLOB NULL REFERENCES users (id),
    period TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    method TEXT NOT NULL,
    forecast_amount INTEGER NOT NULL,
    commit_amount INTEGER NOT NULL,
    adjustment_amount INTEGER NOT NULL,
    note TEXT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX forecast_submissions_company_period ON forecast_submissions (company_id, period, start_date, id);
CREATE INDEX forecast_submissions_company_id ON forecast_submissions (company_id, id);
CREATE INDEX forecast_submissions_user_id ON forecast_submissions (user_id, id);
CREATE INDEX forecast_submissions_submitted_by_user_id ON forecast_submissions (submitted_by_user_id, id);
CREATE INDEX forecast_submissions_start_date ON forecast_submissions (start_date, id);
CREATE INDEX forecast_submissions_created_at ON forecast_submissions (created_at, id);
CREATE TRIGGER forecast_submissions_update BEFORE UPDATE ON forecast_submissions
BEGIN
    SELECT RAISE(ABORT, 'tandem: submissions of forecasts cannot be changed');
END;
CREATE TRIGGER forecast_submissions_delete BEFORE DELETE ON forecast_submissions
BEGIN
    SELECT RAISE(ABORT, 'tandem: submissions of forecasts cannot be changed');
END;

-- What forecasts said on a day; no row ever changes.
CREATE TABLE forecast_snapshots (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    snapshot_date TEXT NOT NULL,
    period TEXT NOT NULL,
    start_date TEXT NOT NULL,
    end_date TEXT NOT NULL,
    currency TEXT NOT NULL,
    closed_amount INTEGER NOT NULL,
    commit_amount INTEGER NOT NULL,
    best_case_amount INTEGER NOT NULL,
    pipeline_amount INTEGER NOT NULL,
    weighted_amount INTEGER NOT NULL,
    quota_amount INTEGER NULL,
    adjustment_amount INTEGER NOT NULL,
    rows TEXT NOT NULL,
    rates TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX forecast_snapshots_day_key ON forecast_snapshots (company_id, period, start_date, snapshot_date);
CREATE INDEX forecast_snapshots_company_id ON forecast_snapshots (company_id, id);
CREATE INDEX forecast_snapshots_snapshot_date ON forecast_snapshots (snapshot_date, id);
CREATE INDEX forecast_snapshots_start_date ON forecast_snapshots (start_date, id);
CREATE INDEX forecast_snapshots_created_at ON forecast_snapshots (created_at, id);
CREATE TRIGGER forecast_snapshots_update BEFORE UPDATE ON forecast_snapshots
BEGIN
    SELECT RAISE(ABORT, 'tandem: snapshots of forecasts cannot be changed');
END;
CREATE TRIGGER forecast_snapshots_delete BEFORE DELETE ON forecast_snapshots
BEGIN
    SELECT RAISE(ABORT, 'tandem: snapshots of forecasts cannot be changed');
END;

-- Quotes: priced and taxed offers with revisions. Where a quote came from and what it became is in the document flow.
CREATE TABLE quotes (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    number TEXT NULL,
    revision INTEGER NOT NULL,
    previous_revision_id BLOB NULL REFERENCES quotes (id),
    superseded_by_id BLOB NULL REFERENCES quotes (id),
    status TEXT NOT NULL,
    title TEXT NOT NULL,
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    wins_opportunity INTEGER NOT NULL,
    party_id BLOB NOT NULL REFERENCES parties (id),
    contact_id BLOB NULL REFERENCES contacts (id),
    owner_id BLOB NULL REFERENCES users (id),
    seller TEXT NOT NULL,
    customer TEXT NOT NULL,
    shipping_address TEXT NULL,
    quote_date TEXT NOT NULL,
    valid_until TEXT NOT NULL,
    expires_at INTEGER NULL,
    payment_terms_days INTEGER NOT NULL,
    currency TEXT NOT NULL,
    prices_include_tax INTEGER NOT NULL,
    freight_amount INTEGER NOT NULL,
    freight_tax_class TEXT NOT NULL,
    freight_gross INTEGER NOT NULL,
    net_total INTEGER NOT NULL,
    tax_total INTEGER NOT NULL,
    total INTEGER NOT NULL,
    taxes TEXT NOT NULL,
    note TEXT NULL,
    customer_reference TEXT NULL,
    answer TEXT NULL,
    win_problem TEXT NULL,
    sent_at INTEGER NULL,
    converted_at INTEGER NULL,
    metadata TEXT NOT NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (status IN ('draft', 'sent', 'accepted', 'rejected', 'expired', 'converted', 'superseded')),
    CHECK (status = 'draft' OR number IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX quotes_number_key ON quotes (company_id, number, revision);
CREATE INDEX quotes_company_id ON quotes (company_id, id);
CREATE INDEX quotes_company_status ON quotes (company_id, status, id);
CREATE INDEX quotes_company_quote_date ON quotes (company_id, quote_date, id);
CREATE INDEX quotes_company_valid_until ON quotes (company_id, valid_until, id);
CREATE INDEX quotes_company_total ON quotes (company_id, total, id);
CREATE INDEX quotes_previous_revision_id ON quotes (previous_revision_id);
CREATE INDEX quotes_superseded_by_id ON quotes (superseded_by_id);
CREATE INDEX quotes_opportunity_id ON quotes (opportunity_id, status, id);
CREATE INDEX quotes_party_id ON quotes (party_id, status, id);
CREATE INDEX quotes_contact_id ON quotes (contact_id, id);
CREATE INDEX quotes_owner_id ON quotes (owner_id, status, id);
CREATE INDEX quotes_status_expires_at ON quotes (status, expires_at, id);
CREATE INDEX quotes_number ON quotes (number, id);
CREATE INDEX quotes_currency ON quotes (currency, id);
CREATE INDEX quotes_quote_date ON quotes (quote_date, id);
CREATE INDEX quotes_valid_until ON quotes (valid_until, id);
CREATE INDEX quotes_total ON quotes (total, id);
CREATE INDEX quotes_title ON quotes (title, id);
CREATE INDEX quotes_sent_at ON quotes (sent_at, id);
CREATE INDEX quotes_created_at ON quotes (created_at, id);
CREATE INDEX quotes_updated_at ON quotes (updated_at, id);
CREATE INDEX quotes_mailbox ON quotes (lower(json_extract(answer, '$.email'))) WHERE answer IS NOT NULL;

CREATE TABLE quote_lines (
    id BLOB NOT NULL PRIMARY KEY,
    quote_id BLOB NOT NULL REFERENCES quotes (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    product_id BLOB NULL REFERENCES products (id),
    description TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_id BLOB NULL REFERENCES units (id),
    unit_price INTEGER NOT NULL,
    discount_percent INTEGER NOT NULL,
    line_amount INTEGER NOT NULL,
    tax_class TEXT NOT NULL,
    tax_code_ids TEXT NOT NULL,
    net_amount INTEGER NOT NULL,
    tax_amount INTEGER NOT NULL,
    gross_amount INTEGER NOT NULL,
    CHECK (quantity > 0),
    CHECK (unit_price >= 0)
) STRICT;
CREATE INDEX quote_lines_quote_id ON quote_lines (quote_id, position);
CREATE INDEX quote_lines_product_id ON quote_lines (product_id);
CREATE INDEX quote_lines_unit_id ON quote_lines (unit_id);

-- Who takes part in activities: mailboxes in lower case, and contacts by their ids on the wire.
CREATE TABLE activity_participants (
    activity_id BLOB NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (activity_id, key)
) STRICT;
CREATE INDEX activity_participants_key ON activity_participants (key);

CREATE VIEW audience AS
SELECT p.id, 'party' AS kind, NULL AS company_id, p.id AS party_id, NULL AS contact_id,
    NULL AS lead_id, p.name, NULL AS first_name, NULL AS last_name,
    (SELECT json_extract(e.value, '$.address') FROM json_each(p.emails) AS e
        WHERE json_extract(e.value, '$.primary') LIMIT 1) AS email,
    NULL AS language,
    (SELECT json_extract(a.value, '$.address.country') FROM json_each(p.addresses) AS a LIMIT 1) AS country,
    json_extract(p.metadata, '$.time_zone') AS time_zone
FROM parties p WHERE p.archived_at IS NULL
UNION ALL
SELECT c.id, 'contact', NULL, NULL, c.id, NULL, c.name, c.first_name, c.last_name,
    (SELECT json_extract(e.value, '$.address') FROM json_each(c.emails) AS e
        WHERE json_extract(e.value, '$.primary') LIMIT 1),
    c.language,
    CASE WHEN json_extract(c.address, '$.country') IS NOT NULL OR json_extract(c.metadata, '$.time_zone') IS NOT NULL
        THEN json_extract(c.address, '$.country')
        ELSE (SELECT (SELECT json_extract(a.value, '$.address.country') FROM json_each(f.addresses) AS a LIMIT 1)
            FROM relationships r JOIN parties f ON f.id = r.party_id
            WHERE r.contact_id = c.id AND (r.from_date IS NULL OR r.from_date <= CURRENT_DATE)
                AND (r.to_date IS NULL OR r.to_date >= CURRENT_DATE) AND f.archived_at IS NULL
            ORDER BY r.is_primary DESC, r.id LIMIT 1) END,
    CASE WHEN json_extract(c.address, '$.country') IS NOT NULL OR json_extract(c.metadata, '$.time_zone') IS NOT NULL
        THEN json_extract(c.metadata, '$.time_zone')
        ELSE (SELECT json_extract(f.metadata, '$.time_zone') FROM relationships r JOIN parties f ON f.id = r.party_id
            WHERE r.contact_id = c.id AND (r.from_date IS NULL OR r.from_date <= CURRENT_DATE)
                AND (r.to_date IS NULL OR r.to_date >= CURRENT_DATE) AND f.archived_at IS NULL
            ORDER BY r.is_primary DESC, r.id LIMIT 1) END
FROM contacts c WHERE c.archived_at IS NULL
UNION ALL
SELECT l.id, 'lead', l.company_id, NULL, NULL, l.id, l.name, l.first_name, l.last_name, l.email, NULL,
    json_extract(l.address, '$.country'), json_extract(l.metadata, '$.time_zone')
FROM leads l WHERE l.status <> 'converted';
