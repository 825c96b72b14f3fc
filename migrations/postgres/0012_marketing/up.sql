-- Baseline of the area `marketing`.

CREATE FUNCTION lead_form_submissions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.fields = '{}' AND NEW.email IS NULL AND NEW.ip_address IS NULL AND NEW.anonymous_id IS NULL
        AND NEW.status = OLD.status AND NEW.received_at = OLD.received_at AND NEW.occurred_at = OLD.occurred_at
        AND NEW.consent = OLD.consent AND NEW.consent_version IS NOT DISTINCT FROM OLD.consent_version
        AND NEW.consent_text IS NOT DISTINCT FROM OLD.consent_text AND NEW.lead_id IS NOT DISTINCT FROM OLD.lead_id THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'tandem: what was sent to a form cannot be changed';
END $$;

CREATE FUNCTION attribution_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: restatements and credits cannot be changed';
END $$;

CREATE FUNCTION consents_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: the consent ledger cannot be changed';
END $$;

CREATE FUNCTION template_revisions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: a revision of a template cannot be changed';
END $$;

CREATE FUNCTION journey_versions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: a version of a journey cannot be changed';
END $$;

-- Contacts of visitors with us. Only who a touch is from changes, when it becomes known.
CREATE TABLE touchpoints (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    kind TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    anonymous_id TEXT NULL,
    lead_id UUID NULL REFERENCES leads (id),
    contact_id UUID NULL REFERENCES contacts (id),
    party_id UUID NULL REFERENCES parties (id),
    opportunity_id UUID NULL REFERENCES opportunities (id),
    channel TEXT NOT NULL,
    utm JSONB NOT NULL,
    source TEXT NULL,
    medium TEXT NULL,
    campaign TEXT NULL,
    referrer TEXT NULL,
    referrer_host TEXT NULL,
    landing_page TEXT NULL,
    landing_path TEXT NULL,
    click_id TEXT NULL,
    click_id_kind TEXT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    campaign_id UUID NULL
);
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
CREATE INDEX touchpoints_campaign_id ON touchpoints (campaign_id, id);

-- Who an anonymous id was last said to be. Party and contact are named without a foreign key: a party that was merged away
-- stands for the one that stays, as long as it is merged.
CREATE TABLE visitor_identities (
    company_id UUID NOT NULL REFERENCES companies (id),
    anonymous_id TEXT NOT NULL,
    lead_id UUID NULL REFERENCES leads (id),
    contact_id UUID NULL,
    party_id UUID NULL,
    opportunity_id UUID NULL REFERENCES opportunities (id),
    identified_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (company_id, anonymous_id)
);
CREATE INDEX visitor_identities_lead_id ON visitor_identities (lead_id);
CREATE INDEX visitor_identities_opportunity_id ON visitor_identities (opportunity_id);

-- Forms that take leads from the web. Anybody who knows the key may send, nobody may read by it.
CREATE TABLE lead_forms (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    fields JSONB NOT NULL,
    consent JSONB NULL,
    consent_version INTEGER NULL,
    honeypot_field TEXT NULL,
    min_seconds INTEGER NOT NULL,
    max_per_minute INTEGER NOT NULL,
    max_per_minute_of_address INTEGER NOT NULL,
    source TEXT NULL,
    use_assignment_rules BOOLEAN NOT NULL,
    default_owner_id UUID NULL REFERENCES users (id),
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX lead_forms_key ON lead_forms (key);
CREATE INDEX lead_forms_company_id ON lead_forms (company_id, id);
CREATE INDEX lead_forms_name ON lead_forms (name, id);
CREATE INDEX lead_forms_is_active ON lead_forms (is_active, id);
CREATE INDEX lead_forms_default_owner_id ON lead_forms (default_owner_id);
CREATE INDEX lead_forms_created_at ON lead_forms (created_at, id);
CREATE INDEX lead_forms_updated_at ON lead_forms (updated_at, id);

-- Every wording that a form ever showed, word by word.
CREATE TABLE lead_form_wordings (
    id UUID NOT NULL PRIMARY KEY,
    form_id UUID NOT NULL REFERENCES lead_forms (id) ON DELETE CASCADE,
    company_id UUID NOT NULL REFERENCES companies (id),
    consent_version INTEGER NOT NULL,
    text TEXT NOT NULL,
    topic TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX lead_form_wordings_version_key ON lead_form_wordings (form_id, consent_version);
CREATE INDEX lead_form_wordings_form_id ON lead_form_wordings (form_id, id);
CREATE INDEX lead_form_wordings_company_id ON lead_form_wordings (company_id, id);
CREATE INDEX lead_form_wordings_created_at ON lead_form_wordings (created_at, id);

-- What was sent to forms, good or bad, with the consent that was given. The database refuses to change it, but for taking
-- the person out of it.
CREATE TABLE lead_form_submissions (
    id UUID NOT NULL PRIMARY KEY,
    form_id UUID NOT NULL REFERENCES lead_forms (id),
    company_id UUID NOT NULL REFERENCES companies (id),
    status TEXT NOT NULL,
    reason TEXT NULL,
    detail TEXT NULL,
    token TEXT NOT NULL,
    fields JSONB NOT NULL,
    origin JSONB NOT NULL,
    anonymous_id TEXT NULL,
    email TEXT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    ip_address TEXT NULL,
    consent BOOLEAN NOT NULL,
    consent_version INTEGER NULL,
    consent_text TEXT NULL,
    consent_topic TEXT NULL,
    consent_channel TEXT NULL,
    lead_id UUID NULL REFERENCES leads (id),
    touchpoint_id UUID NULL REFERENCES touchpoints (id)
);
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
CREATE INDEX lead_form_submissions_mailbox ON lead_form_submissions (lower(email)) WHERE email IS NOT NULL;
CREATE TRIGGER lead_form_submissions_update BEFORE UPDATE ON lead_form_submissions FOR EACH ROW EXECUTE FUNCTION lead_form_submissions_guard();
CREATE TRIGGER lead_form_submissions_delete BEFORE DELETE ON lead_form_submissions FOR EACH ROW EXECUTE FUNCTION lead_form_submissions_guard();
CREATE TRIGGER lead_form_submissions_truncate BEFORE TRUNCATE ON lead_form_submissions FOR EACH STATEMENT EXECUTE FUNCTION lead_form_submissions_guard();

-- What a campaign is called in the marks of links and in the dimensions of journal lines.
CREATE TABLE campaign_codes (
    company_id UUID NOT NULL REFERENCES companies (id),
    code TEXT NOT NULL,
    campaign_id UUID NOT NULL,
    PRIMARY KEY (company_id, code)
);
CREATE INDEX campaign_codes_campaign_id ON campaign_codes (campaign_id);

CREATE TABLE attribution_models (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    lookback_days BIGINT NOT NULL,
    half_life_days BIGINT NULL,
    weights JSONB NULL,
    effects JSONB NOT NULL,
    trained_at TIMESTAMPTZ NULL,
    trained_paths BIGINT NULL,
    is_ready BOOLEAN NOT NULL,
    -- The last deal that was credited, as long as not all are.
    credited_through UUID NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX attribution_models_name_key ON attribution_models (company_id, name);
CREATE INDEX attribution_models_company_id ON attribution_models (company_id, id);
CREATE INDEX attribution_models_kind ON attribution_models (kind, id);
CREATE INDEX attribution_models_name ON attribution_models (name, id);
CREATE INDEX attribution_models_created_at ON attribution_models (created_at, id);
CREATE INDEX attribution_models_updated_at ON attribution_models (updated_at, id);
CREATE INDEX attribution_models_not_ready ON attribution_models (id) WHERE NOT is_ready;

-- What may be credited: an opportunity with its orders and invoices, an order without one, an invoice without an order.
CREATE TABLE attribution_deals (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    opportunity_id UUID NULL REFERENCES opportunities (id),
    order_id UUID NULL,
    invoice_id UUID NULL,
    party_id UUID NOT NULL REFERENCES parties (id),
    lead_id UUID NULL REFERENCES leads (id),
    status TEXT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    lead_created_at TIMESTAMPTZ NULL,
    opportunity_created_at TIMESTAMPTZ NULL,
    converted_at TIMESTAMPTZ NULL,
    touch_count BIGINT NOT NULL,
    pipeline NUMERIC(18,4) NOT NULL,
    bookings NUMERIC(18,4) NOT NULL,
    invoiced NUMERIC(18,4) NOT NULL,
    cash NUMERIC(18,4) NOT NULL,
    margin NUMERIC(18,4) NOT NULL,
    is_stale BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
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
    deal_id UUID NOT NULL REFERENCES attribution_deals (id)
);
CREATE INDEX attribution_documents_deal_id ON attribution_documents (deal_id);

-- Every change of a figure of a deal, with the fact that caused it. Written once.
CREATE TABLE attribution_restatements (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    deal_id UUID NOT NULL REFERENCES attribution_deals (id),
    opportunity_id UUID NULL REFERENCES opportunities (id),
    basis TEXT NOT NULL,
    day DATE NOT NULL,
    before_amount NUMERIC(18,4) NOT NULL,
    after_amount NUMERIC(18,4) NOT NULL,
    change_amount NUMERIC(18,4) NOT NULL,
    reason TEXT NOT NULL,
    cause_id TEXT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX attribution_restatements_company_id ON attribution_restatements (company_id, id);
CREATE INDEX attribution_restatements_company_basis_day ON attribution_restatements (company_id, basis, day);
CREATE INDEX attribution_restatements_deal_id ON attribution_restatements (deal_id, basis, day);
CREATE INDEX attribution_restatements_opportunity_id ON attribution_restatements (opportunity_id, id);
CREATE INDEX attribution_restatements_basis ON attribution_restatements (basis, id);
CREATE INDEX attribution_restatements_day ON attribution_restatements (day, id);
CREATE INDEX attribution_restatements_reason ON attribution_restatements (reason, id);
CREATE INDEX attribution_restatements_cause_id ON attribution_restatements (cause_id, id);
CREATE INDEX attribution_restatements_created_at ON attribution_restatements (created_at, id);
CREATE TRIGGER attribution_restatements_update BEFORE UPDATE ON attribution_restatements FOR EACH ROW EXECUTE FUNCTION attribution_guard();
CREATE TRIGGER attribution_restatements_delete BEFORE DELETE ON attribution_restatements FOR EACH ROW EXECUTE FUNCTION attribution_guard();
CREATE TRIGGER attribution_restatements_truncate BEFORE TRUNCATE ON attribution_restatements FOR EACH STATEMENT EXECUTE FUNCTION attribution_guard();

-- What a touch earned of a change, by model. Without a touch: what nobody earned; without a model: by no model. Written once,
-- but for the pipeline, which is what stands now.
CREATE TABLE attribution_credits (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    model_id UUID NULL REFERENCES attribution_models (id),
    deal_id UUID NOT NULL REFERENCES attribution_deals (id),
    opportunity_id UUID NULL REFERENCES opportunities (id),
    restatement_id UUID NOT NULL REFERENCES attribution_restatements (id),
    basis TEXT NOT NULL,
    day DATE NOT NULL,
    touchpoint_id UUID NULL REFERENCES touchpoints (id),
    campaign_id UUID NULL,
    campaign TEXT NULL,
    channel TEXT NULL,
    source TEXT NULL,
    medium TEXT NULL,
    weight NUMERIC(18,10) NOT NULL,
    amount NUMERIC(18,4) NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
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
CREATE TRIGGER attribution_credits_update BEFORE UPDATE ON attribution_credits FOR EACH ROW EXECUTE FUNCTION attribution_guard();
CREATE TRIGGER attribution_credits_delete BEFORE DELETE ON attribution_credits FOR EACH ROW WHEN (OLD.basis <> 'pipeline')
    EXECUTE FUNCTION attribution_guard();
CREATE TRIGGER attribution_credits_truncate BEFORE TRUNCATE ON attribution_credits FOR EACH STATEMENT EXECUTE FUNCTION attribution_guard();

-- Who allowed or forbade what, and the addresses that get nothing.

-- The ledger. Rows are added and never changed.
CREATE TABLE consents (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NULL REFERENCES companies (id),
    party_id UUID NULL REFERENCES parties (id),
    contact_id UUID NULL REFERENCES contacts (id),
    lead_id UUID NULL REFERENCES leads (id),
    channel TEXT NOT NULL,
    topic TEXT NULL,
    status TEXT NOT NULL,
    lawful_basis TEXT NOT NULL,
    effective_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NULL,
    evidence_hash TEXT NOT NULL,
    carried_from_id UUID NULL REFERENCES consents (id),
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CHECK (status IN ('granted', 'pending_doi', 'withdrawn')),
    CHECK ((CASE WHEN party_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN contact_id IS NULL THEN 0 ELSE 1 END)
        + (CASE WHEN lead_id IS NULL THEN 0 ELSE 1 END) = 1)
);
CREATE INDEX consents_company_id ON consents (company_id, id);
CREATE INDEX consents_party_id ON consents (party_id, id);
CREATE INDEX consents_contact_id ON consents (contact_id, id);
CREATE INDEX consents_lead_id ON consents (lead_id, id);
CREATE INDEX consents_channel ON consents (channel, id);
CREATE INDEX consents_topic ON consents (topic, id);
CREATE INDEX consents_status ON consents (status, id);
CREATE INDEX consents_effective_at ON consents (effective_at, id);
CREATE INDEX consents_created_at ON consents (created_at, id);
CREATE INDEX consents_carried_from_id ON consents (carried_from_id);
CREATE TRIGGER consents_update BEFORE UPDATE ON consents FOR EACH ROW EXECUTE FUNCTION consents_guard();
CREATE TRIGGER consents_delete BEFORE DELETE ON consents FOR EACH ROW EXECUTE FUNCTION consents_guard();
CREATE TRIGGER consents_truncate BEFORE TRUNCATE ON consents FOR EACH STATEMENT EXECUTE FUNCTION consents_guard();

-- How a row is known. An erasure takes this away; the hash in the ledger stays.
CREATE TABLE consent_evidence (
    consent_id UUID NOT NULL PRIMARY KEY REFERENCES consents (id),
    evidence JSONB NOT NULL
);

-- The last word for each subject (the id of a party, contact or lead), channel and topic ('' for all): derived from the
-- ledger, written with it.
CREATE TABLE consent_states (
    subject UUID NOT NULL,
    channel TEXT NOT NULL,
    topic TEXT NOT NULL,
    consent_id UUID NOT NULL REFERENCES consents (id),
    status TEXT NOT NULL,
    strictness BIGINT NOT NULL,
    effective_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NULL,
    PRIMARY KEY (subject, channel, topic)
);
CREATE INDEX consent_states_consent_id ON consent_states (consent_id);

-- Addresses that get nothing.
CREATE TABLE suppressions (
    id UUID NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NULL,
    reason TEXT NOT NULL,
    note TEXT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    address_hash TEXT NOT NULL
);
CREATE INDEX suppressions_address ON suppressions (address, id);
CREATE INDEX suppressions_reason ON suppressions (reason, id);
CREATE INDEX suppressions_created_at ON suppressions (created_at, id);
CREATE INDEX suppressions_updated_at_id ON suppressions (updated_at, id);
CREATE UNIQUE INDEX suppressions_address_hash_key ON suppressions (address_hash, channel);
CREATE INDEX suppressions_channel ON suppressions (channel, id);

-- What is sent to whom: templates, segments, campaigns.

CREATE TABLE templates (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    revision BIGINT NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NULL,
    text TEXT NULL,
    variables JSONB NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX templates_company_name_key ON templates (company_id, name);
CREATE INDEX templates_company_id ON templates (company_id, id);
CREATE INDEX templates_name ON templates (name, id);
CREATE INDEX templates_archived_at ON templates (archived_at, id);
CREATE INDEX templates_created_at ON templates (created_at, id);
CREATE INDEX templates_updated_at ON templates (updated_at, id);

-- The contents that a template had and has.
CREATE TABLE template_revisions (
    id UUID NOT NULL PRIMARY KEY,
    template_id UUID NOT NULL REFERENCES templates (id),
    revision BIGINT NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NULL,
    text TEXT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX template_revisions_key ON template_revisions (template_id, revision);
CREATE INDEX template_revisions_template_id ON template_revisions (template_id, id);
CREATE INDEX template_revisions_created_at ON template_revisions (created_at, id);
CREATE TRIGGER template_revisions_update BEFORE UPDATE ON template_revisions FOR EACH ROW EXECUTE FUNCTION template_revisions_guard();

CREATE TABLE segments (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL,
    filter JSONB NULL,
    member_count BIGINT NULL,
    evaluated_at TIMESTAMPTZ NULL,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX segments_company_name_key ON segments (company_id, name);
CREATE INDEX segments_company_id ON segments (company_id, id);
CREATE INDEX segments_name ON segments (name, id);
CREATE INDEX segments_kind ON segments (kind, id);
CREATE INDEX segments_audience ON segments (audience, id);
CREATE INDEX segments_created_at ON segments (created_at, id);
CREATE INDEX segments_updated_at ON segments (updated_at, id);

-- Members of static segments: ids of parties, contacts or leads, as the segment says.
CREATE TABLE segment_members (
    segment_id UUID NOT NULL REFERENCES segments (id),
    subject UUID NOT NULL,
    PRIMARY KEY (segment_id, subject)
);

-- Journeys: what somebody gets step by step, with versions that never change and a row for each person on the way.

CREATE TABLE journeys (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    description TEXT NULL,
    status TEXT NOT NULL,
    entry JSONB NOT NULL,
    reentry JSONB NOT NULL,
    goal JSONB NULL,
    steps JSONB NOT NULL,
    topic TEXT NULL,
    from_name TEXT NULL,
    reply_to TEXT NULL,
    quiet_hours JSONB NULL,
    frequency_cap JSONB NULL,
    published_version BIGINT NULL,
    published_at TIMESTAMPTZ NULL,
    looked_at TIMESTAMPTZ NULL,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX journeys_company_id ON journeys (company_id, id);
CREATE INDEX journeys_status ON journeys (status, id);
CREATE INDEX journeys_topic ON journeys (topic, id);
CREATE INDEX journeys_name ON journeys (name, id);
CREATE INDEX journeys_created_at ON journeys (created_at, id);
CREATE INDEX journeys_updated_at ON journeys (updated_at, id);

-- One message, or variants of it, to everybody in a segment.
CREATE TABLE campaigns (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    segment_id UUID NULL REFERENCES segments (id),
    topic TEXT NULL,
    from_name TEXT NULL,
    reply_to TEXT NULL,
    variables JSONB NOT NULL,
    quiet_hours JSONB NULL,
    frequency_cap JSONB NULL,
    scheduled_at TIMESTAMPTZ NULL,
    launched_at TIMESTAMPTZ NULL,
    audience_at TIMESTAMPTZ NULL,
    ready_at TIMESTAMPTZ NULL,
    completed_at TIMESTAMPTZ NULL,
    cancelled_at TIMESTAMPTZ NULL,
    job_id UUID NULL,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    journey_id UUID NULL REFERENCES journeys (id),
    audience_count BIGINT NULL
);
CREATE INDEX campaigns_company_id ON campaigns (company_id, id);
CREATE INDEX campaigns_status ON campaigns (status, id);
CREATE INDEX campaigns_segment_id ON campaigns (segment_id, id);
CREATE INDEX campaigns_topic ON campaigns (topic, id);
CREATE INDEX campaigns_name ON campaigns (name, id);
CREATE INDEX campaigns_scheduled_at ON campaigns (scheduled_at, id);
CREATE INDEX campaigns_launched_at ON campaigns (launched_at, id);
CREATE INDEX campaigns_created_at ON campaigns (created_at, id);
CREATE INDEX campaigns_updated_at ON campaigns (updated_at, id);
CREATE INDEX campaigns_journey_id ON campaigns (journey_id, id);

CREATE TABLE campaign_variants (
    id UUID NOT NULL PRIMARY KEY,
    campaign_id UUID NOT NULL REFERENCES campaigns (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    template_id UUID NOT NULL REFERENCES templates (id),
    template_revision BIGINT NULL,
    share_percent INTEGER NOT NULL
);
CREATE UNIQUE INDEX campaign_variants_name_key ON campaign_variants (campaign_id, name);
CREATE INDEX campaign_variants_campaign_id ON campaign_variants (campaign_id, position);
CREATE INDEX campaign_variants_template_id ON campaign_variants (template_id);

-- The frozen audience, and what became of each message. Nobody is written to twice: neither the same subject nor the
-- same address. Parties, contacts and leads are named without foreign keys: what was sent stays when they go.
CREATE TABLE campaign_members (
    id UUID NOT NULL PRIMARY KEY,
    campaign_id UUID NOT NULL REFERENCES campaigns (id),
    company_id UUID NOT NULL REFERENCES companies (id),
    subject UUID NOT NULL,
    party_id UUID NULL,
    contact_id UUID NULL,
    lead_id UUID NULL,
    name TEXT NOT NULL,
    first_name TEXT NULL,
    last_name TEXT NULL,
    email TEXT NULL,
    email_key TEXT NULL,
    language TEXT NULL,
    country TEXT NULL,
    time_zone TEXT NULL,
    lot BIGINT NOT NULL,
    variant TEXT NULL,
    status TEXT NOT NULL,
    exclusion_reason TEXT NULL,
    due_at TIMESTAMPTZ NULL,
    attempts BIGINT NOT NULL,
    sent_at TIMESTAMPTZ NULL,
    opened_at TIMESTAMPTZ NULL,
    clicked_at TIMESTAMPTZ NULL,
    converted_at TIMESTAMPTZ NULL,
    bounced_at TIMESTAMPTZ NULL,
    complained_at TIMESTAMPTZ NULL,
    unsubscribed_at TIMESTAMPTZ NULL,
    open_count BIGINT NOT NULL,
    click_count BIGINT NOT NULL,
    bot_count BIGINT NOT NULL,
    note TEXT NULL,
    enrollment_id UUID NULL
);
CREATE INDEX campaign_members_email_key ON campaign_members (campaign_id, email_key, subject);
CREATE INDEX campaign_members_campaign_id ON campaign_members (campaign_id, id);
CREATE INDEX campaign_members_status ON campaign_members (campaign_id, status, due_at);
CREATE INDEX campaign_members_sent ON campaign_members (email_key, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX campaign_members_party_id ON campaign_members (party_id, id) WHERE party_id IS NOT NULL;
CREATE INDEX campaign_members_contact_id ON campaign_members (contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX campaign_members_lead_id ON campaign_members (lead_id, id) WHERE lead_id IS NOT NULL;
CREATE UNIQUE INDEX campaign_members_subject_key ON campaign_members (campaign_id, subject) WHERE enrollment_id IS NULL;
CREATE UNIQUE INDEX campaign_members_address_key ON campaign_members (campaign_id, email_key)
    WHERE enrollment_id IS NULL AND status NOT IN ('pending', 'excluded');
CREATE UNIQUE INDEX campaign_members_enrollment_key ON campaign_members (enrollment_id, campaign_id) WHERE enrollment_id IS NOT NULL;
CREATE INDEX campaign_members_mailbox ON campaign_members (email_key) WHERE email_key IS NOT NULL;

-- What was published. Whoever is on the way stays on the version of the day of entry.
CREATE TABLE journey_versions (
    id UUID NOT NULL PRIMARY KEY,
    journey_id UUID NOT NULL REFERENCES journeys (id),
    company_id UUID NOT NULL REFERENCES companies (id),
    number BIGINT NOT NULL,
    entry JSONB NOT NULL,
    reentry JSONB NOT NULL,
    goal JSONB NULL,
    steps JSONB NOT NULL,
    topic TEXT NULL,
    messages JSONB NOT NULL,
    entry_fact TEXT NOT NULL,
    goal_fact TEXT NOT NULL,
    published_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX journey_versions_number_key ON journey_versions (journey_id, number);
CREATE INDEX journey_versions_journey_id ON journey_versions (journey_id, id);
CREATE INDEX journey_versions_company_id ON journey_versions (company_id, id);
CREATE INDEX journey_versions_entry_fact ON journey_versions (entry_fact, id);
CREATE TRIGGER journey_versions_update BEFORE UPDATE ON journey_versions FOR EACH ROW EXECUTE FUNCTION journey_versions_guard();

-- The segments that a version asks for: they cannot be deleted.
CREATE TABLE journey_segments (
    journey_version_id UUID NOT NULL REFERENCES journey_versions (id),
    segment_id UUID NOT NULL REFERENCES segments (id),
    PRIMARY KEY (journey_version_id, segment_id)
);
CREATE INDEX journey_segments_segment_id ON journey_segments (segment_id);

-- Somebody on the way. `subject` is the party, contact or lead; `entered_as` who it was on the day of entry, before merges.
-- Parties, contacts and leads are named without foreign keys: what happened stays when they go.
CREATE TABLE journey_enrollments (
    id UUID NOT NULL PRIMARY KEY,
    journey_id UUID NOT NULL REFERENCES journeys (id),
    journey_version_id UUID NOT NULL REFERENCES journey_versions (id),
    journey_version BIGINT NOT NULL,
    company_id UUID NOT NULL REFERENCES companies (id),
    subject UUID NOT NULL,
    entered_as UUID NOT NULL,
    party_id UUID NULL,
    contact_id UUID NULL,
    lead_id UUID NULL,
    entered_by TEXT NOT NULL,
    entry_number BIGINT NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NULL,
    step TEXT NULL,
    due_at TIMESTAMPTZ NULL,
    ended_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK (status IN ('active', 'waiting', 'completed', 'exited'))
);
-- Nobody enters twice at once, and no entry is counted twice.
CREATE UNIQUE INDEX journey_enrollments_open_key ON journey_enrollments (journey_id, subject) WHERE status IN ('active', 'waiting');
CREATE UNIQUE INDEX journey_enrollments_entry_key ON journey_enrollments (journey_id, subject, entry_number);
CREATE INDEX journey_enrollments_journey_id ON journey_enrollments (journey_id, id);
CREATE INDEX journey_enrollments_journey_version_id ON journey_enrollments (journey_version_id, status);
CREATE INDEX journey_enrollments_company_id ON journey_enrollments (company_id, id);
CREATE INDEX journey_enrollments_due_at ON journey_enrollments (due_at, id) WHERE status IN ('active', 'waiting');
CREATE INDEX journey_enrollments_subject ON journey_enrollments (subject, status);
CREATE INDEX journey_enrollments_entered_as ON journey_enrollments (entered_as);
CREATE INDEX journey_enrollments_party_id ON journey_enrollments (party_id, id);
CREATE INDEX journey_enrollments_contact_id ON journey_enrollments (contact_id, id);
CREATE INDEX journey_enrollments_lead_id ON journey_enrollments (lead_id, id);
CREATE INDEX journey_enrollments_status ON journey_enrollments (status, id);
CREATE INDEX journey_enrollments_outcome ON journey_enrollments (outcome, id);
CREATE INDEX journey_enrollments_step ON journey_enrollments (step, id);
CREATE INDEX journey_enrollments_created_at ON journey_enrollments (created_at, id);
CREATE INDEX journey_enrollments_ended_at ON journey_enrollments (ended_at, id);
CREATE INDEX journey_enrollments_updated_at_id ON journey_enrollments (updated_at, id);

-- The steps that somebody came to, each once.
CREATE TABLE journey_visits (
    enrollment_id UUID NOT NULL REFERENCES journey_enrollments (id),
    step TEXT NOT NULL,
    result TEXT NULL,
    visited_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (enrollment_id, step)
);

-- Messages that ask whether a consent is meant (double opt-in). Each goes out at most once, and its link confirms once.
CREATE TABLE consent_confirmations (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    party_id UUID NULL REFERENCES parties (id),
    contact_id UUID NULL REFERENCES contacts (id),
    lead_id UUID NULL REFERENCES leads (id),
    subject UUID NOT NULL,
    topic TEXT NULL,
    email TEXT NULL,
    status TEXT NOT NULL,
    wording_version TEXT NOT NULL,
    wording TEXT NULL,
    source TEXT NOT NULL,
    confirm_url TEXT NULL,
    pending_consent_id UUID NOT NULL REFERENCES consents (id),
    granted_consent_id UUID NULL REFERENCES consents (id),
    expires_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ NULL,
    confirmed_at TIMESTAMPTZ NULL,
    note TEXT NULL,
    due_at TIMESTAMPTZ NULL,
    attempts BIGINT NOT NULL,
    job_id UUID NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX consent_confirmations_company_id ON consent_confirmations (company_id, id);
CREATE INDEX consent_confirmations_party_id ON consent_confirmations (party_id, id);
CREATE INDEX consent_confirmations_contact_id ON consent_confirmations (contact_id, id);
CREATE INDEX consent_confirmations_lead_id ON consent_confirmations (lead_id, id);
CREATE INDEX consent_confirmations_subject ON consent_confirmations (subject, created_at);
CREATE INDEX consent_confirmations_status ON consent_confirmations (status, id);
CREATE INDEX consent_confirmations_topic ON consent_confirmations (topic, id);
CREATE INDEX consent_confirmations_expires_at ON consent_confirmations (expires_at, id);
CREATE INDEX consent_confirmations_created_at ON consent_confirmations (created_at, id);
CREATE INDEX consent_confirmations_due_at ON consent_confirmations (due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX consent_confirmations_pending_consent_id ON consent_confirmations (pending_consent_id);
CREATE INDEX consent_confirmations_granted_consent_id ON consent_confirmations (granted_consent_id);
-- Lists that could be asked so already, without an index for it.
CREATE INDEX consent_confirmations_updated_at_id ON consent_confirmations (updated_at, id);
CREATE INDEX consent_confirmations_mailbox ON consent_confirmations (lower(email)) WHERE email IS NOT NULL;

-- The audience of a campaign is found at one moment and kept here as packed ids, 16 bytes each, until all are members.
CREATE TABLE campaign_audience_parts (
    campaign_id UUID NOT NULL REFERENCES campaigns (id),
    position BIGINT NOT NULL,
    subjects BYTEA NOT NULL,
    PRIMARY KEY (campaign_id, position)
);

-- The last word of each mailbox and number, whichever record it was said for, by hash, channel and topic ('' for all): a "no"
-- holds for every record with the address until somebody with it says yes again.
CREATE TABLE consent_addresses (
    address_hash TEXT NOT NULL,
    channel TEXT NOT NULL,
    topic TEXT NOT NULL,
    consent_id UUID NOT NULL REFERENCES consents (id),
    status TEXT NOT NULL,
    strictness BIGINT NOT NULL,
    effective_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (address_hash, channel, topic)
);
CREATE INDEX consent_addresses_consent_id ON consent_addresses (consent_id);

-- Rows of the ledger that a merge had carried to somebody and that do not count since it was taken back.
CREATE TABLE consent_returns (
    consent_id UUID NOT NULL PRIMARY KEY REFERENCES consents (id),
    merge_id UUID NOT NULL,
    returned_at TIMESTAMPTZ NOT NULL
);

-- Who writes to a mailbox holds its row until the message is on its way, so that two campaigns at once see each other's.
CREATE TABLE mailbox_turns (
    company_id UUID NOT NULL REFERENCES companies (id),
    address_hash TEXT NOT NULL,
    taken_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (company_id, address_hash)
);
