-- How leads come in and to whom they go: touches, capture forms, assignment rules, scoring models.

-- What leads know about their touches, their assignment and their score. Rules and models are named without a foreign
-- key: what a lead was given by a rule stays true when the rule is gone.
ALTER TABLE leads ADD COLUMN campaign TEXT NULL;
ALTER TABLE leads ADD COLUMN first_touch TEXT NULL;
ALTER TABLE leads ADD COLUMN last_touch TEXT NULL;
ALTER TABLE leads ADD COLUMN assigned_at INTEGER NULL;
ALTER TABLE leads ADD COLUMN assignment_rule_id BLOB NULL;
ALTER TABLE leads ADD COLUMN score INTEGER NULL;
ALTER TABLE leads ADD COLUMN grade TEXT NULL;
ALTER TABLE leads ADD COLUMN scored_at INTEGER NULL;
ALTER TABLE leads ADD COLUMN scoring_model_version INTEGER NULL;
ALTER TABLE leads ADD COLUMN grade_changes INTEGER NOT NULL DEFAULT 0;
CREATE INDEX leads_campaign ON leads (campaign, id);
CREATE INDEX leads_grade ON leads (grade, id);
CREATE INDEX leads_score ON leads (score, id);
CREATE INDEX leads_company_score ON leads (company_id, score, id);
CREATE INDEX leads_assignment_rule_id ON leads (assignment_rule_id, id);
CREATE INDEX leads_email_key ON leads (company_id, lower(email), id);
CREATE INDEX leads_open_by_owner ON leads (company_id, owner_id, status);

-- Conversions look for organisations with the e-mail domain of the lead.
CREATE INDEX party_emails_domain ON party_emails (substr(address, instr(address, '@') + 1), party_id);
CREATE INDEX contact_emails_domain ON contact_emails (substr(address, instr(address, '@') + 1), contact_id);

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

-- Contacts of visitors with us. Only who a touch is from changes, when it becomes known.
CREATE TABLE touchpoints (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    kind TEXT NOT NULL,
    occurred_at INTEGER NOT NULL,
    anonymous_id TEXT NULL,
    lead_id BLOB NULL REFERENCES leads (id),
    contact_id BLOB NULL REFERENCES contacts (id),
    party_id BLOB NULL REFERENCES parties (id),
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    channel TEXT NOT NULL,
    utm TEXT NOT NULL,
    source TEXT NULL,
    medium TEXT NULL,
    campaign TEXT NULL,
    referrer TEXT NULL,
    referrer_host TEXT NULL,
    landing_page TEXT NULL,
    landing_path TEXT NULL,
    click_id TEXT NULL,
    click_id_kind TEXT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX touchpoints_company_id ON touchpoints (company_id, id);
CREATE INDEX touchpoints_company_occurred_at ON touchpoints (company_id, occurred_at, id);
CREATE INDEX touchpoints_occurred_at ON touchpoints (occurred_at, id);
CREATE INDEX touchpoints_created_at ON touchpoints (created_at, id);
CREATE INDEX touchpoints_visitor ON touchpoints (company_id, anonymous_id, id);
CREATE INDEX touchpoints_anonymous_id ON touchpoints (anonymous_id, id);
CREATE INDEX touchpoints_lead_id ON touchpoints (lead_id, occurred_at, id);
CREATE INDEX touchpoints_contact_id ON touchpoints (contact_id, occurred_at, id);
CREATE INDEX touchpoints_party_id ON touchpoints (party_id, occurred_at, id);
CREATE INDEX touchpoints_opportunity_id ON touchpoints (opportunity_id, occurred_at, id);
CREATE INDEX touchpoints_kind ON touchpoints (kind, id);
CREATE INDEX touchpoints_channel ON touchpoints (channel, id);
CREATE INDEX touchpoints_source ON touchpoints (source, id);
CREATE INDEX touchpoints_medium ON touchpoints (medium, id);
CREATE INDEX touchpoints_campaign ON touchpoints (campaign, id);
CREATE INDEX touchpoints_referrer_host ON touchpoints (referrer_host, id);
CREATE INDEX touchpoints_landing_path ON touchpoints (landing_path, id);

-- Who an anonymous id was last said to be. Party and contact are named without a foreign key: a party that was merged away
-- stands for the one that stays, as long as it is merged.
CREATE TABLE visitor_identities (
    company_id BLOB NOT NULL REFERENCES companies (id),
    anonymous_id TEXT NOT NULL,
    lead_id BLOB NULL REFERENCES leads (id),
    contact_id BLOB NULL,
    party_id BLOB NULL,
    opportunity_id BLOB NULL REFERENCES opportunities (id),
    identified_at INTEGER NOT NULL,
    PRIMARY KEY (company_id, anonymous_id)
) STRICT;
CREATE INDEX visitor_identities_lead_id ON visitor_identities (lead_id);
CREATE INDEX visitor_identities_opportunity_id ON visitor_identities (opportunity_id);

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

-- Forms that take leads from the web. Anybody who knows the key may send, nobody may read by it.
CREATE TABLE lead_forms (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    fields TEXT NOT NULL,
    consent TEXT NULL,
    consent_version INTEGER NULL,
    honeypot_field TEXT NULL,
    min_seconds INTEGER NOT NULL,
    max_per_minute INTEGER NOT NULL,
    max_per_minute_of_address INTEGER NOT NULL,
    source TEXT NULL,
    use_assignment_rules INTEGER NOT NULL,
    default_owner_id BLOB NULL REFERENCES users (id),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX lead_forms_key ON lead_forms (key);
CREATE INDEX lead_forms_company_id ON lead_forms (company_id, id);
CREATE INDEX lead_forms_name ON lead_forms (name, id);
CREATE INDEX lead_forms_is_active ON lead_forms (is_active, id);
CREATE INDEX lead_forms_default_owner_id ON lead_forms (default_owner_id);
CREATE INDEX lead_forms_created_at ON lead_forms (created_at, id);
CREATE INDEX lead_forms_updated_at ON lead_forms (updated_at, id);

-- Every wording that a form ever showed, word by word.
CREATE TABLE lead_form_wordings (
    id BLOB NOT NULL PRIMARY KEY,
    form_id BLOB NOT NULL REFERENCES lead_forms (id) ON DELETE CASCADE,
    company_id BLOB NOT NULL REFERENCES companies (id),
    consent_version INTEGER NOT NULL,
    text TEXT NOT NULL,
    topic TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX lead_form_wordings_version_key ON lead_form_wordings (form_id, consent_version);
CREATE INDEX lead_form_wordings_form_id ON lead_form_wordings (form_id, id);
CREATE INDEX lead_form_wordings_company_id ON lead_form_wordings (company_id, id);
CREATE INDEX lead_form_wordings_created_at ON lead_form_wordings (created_at, id);

-- What was sent to forms, good or bad, with the consent that was given. The database refuses to change it, but for taking
-- the person out of it.
CREATE TABLE lead_form_submissions (
    id BLOB NOT NULL PRIMARY KEY,
    form_id BLOB NOT NULL REFERENCES lead_forms (id),
    company_id BLOB NOT NULL REFERENCES companies (id),
    status TEXT NOT NULL,
    reason TEXT NULL,
    detail TEXT NULL,
    token TEXT NOT NULL,
    fields TEXT NOT NULL,
    origin TEXT NOT NULL,
    anonymous_id TEXT NULL,
    email TEXT NULL,
    occurred_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    ip_address TEXT NULL,
    consent INTEGER NOT NULL,
    consent_version INTEGER NULL,
    consent_text TEXT NULL,
    consent_topic TEXT NULL,
    consent_channel TEXT NULL,
    lead_id BLOB NULL REFERENCES leads (id),
    touchpoint_id BLOB NULL REFERENCES touchpoints (id)
) STRICT;
-- A refused submission may be corrected and sent again under its token.
CREATE UNIQUE INDEX lead_form_submissions_token_key ON lead_form_submissions (form_id, token) WHERE status <> 'refused';
CREATE INDEX lead_form_submissions_form_id ON lead_form_submissions (form_id, received_at);
CREATE INDEX lead_form_submissions_address ON lead_form_submissions (form_id, ip_address, received_at);
CREATE INDEX lead_form_submissions_company_id ON lead_form_submissions (company_id, id);
CREATE INDEX lead_form_submissions_status ON lead_form_submissions (status, id);
CREATE INDEX lead_form_submissions_reason ON lead_form_submissions (reason, id);
CREATE INDEX lead_form_submissions_token ON lead_form_submissions (token, id);
CREATE INDEX lead_form_submissions_email ON lead_form_submissions (email, id);
CREATE INDEX lead_form_submissions_ip_address ON lead_form_submissions (ip_address, id);
CREATE INDEX lead_form_submissions_received_at ON lead_form_submissions (received_at, id);
CREATE INDEX lead_form_submissions_occurred_at ON lead_form_submissions (occurred_at, id);
CREATE INDEX lead_form_submissions_consent ON lead_form_submissions (consent, id);
CREATE INDEX lead_form_submissions_lead_id ON lead_form_submissions (lead_id, id);
CREATE INDEX lead_form_submissions_touchpoint_id ON lead_form_submissions (touchpoint_id);

CREATE TRIGGER lead_form_submissions_update BEFORE UPDATE ON lead_form_submissions
WHEN NOT (NEW.fields = '{}' AND NEW.email IS NULL AND NEW.ip_address IS NULL AND NEW.anonymous_id IS NULL
    AND NEW.status = OLD.status AND NEW.received_at = OLD.received_at AND NEW.occurred_at = OLD.occurred_at
    AND NEW.consent = OLD.consent AND NEW.consent_version IS OLD.consent_version
    AND NEW.consent_text IS OLD.consent_text AND NEW.lead_id IS OLD.lead_id)
BEGIN
    SELECT RAISE(ABORT, 'tandem: what was sent to a form cannot be changed');
END;
CREATE TRIGGER lead_form_submissions_delete BEFORE DELETE ON lead_form_submissions
BEGIN
    SELECT RAISE(ABORT, 'tandem: what was sent to a form cannot be changed');
END;
