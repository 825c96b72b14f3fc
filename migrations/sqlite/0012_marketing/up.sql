-- Baseline of the area `marketing`.

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
    version INTEGER NOT NULL,
    campaign_id BLOB NULL
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
CREATE INDEX touchpoints_campaign_id ON touchpoints (campaign_id, id);

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
CREATE INDEX lead_form_submissions_mailbox ON lead_form_submissions (lower(email)) WHERE email IS NOT NULL;
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
CREATE TRIGGER attribution_restatements_update BEFORE UPDATE ON attribution_restatements
BEGIN
    SELECT RAISE(ABORT, 'tandem: restatements cannot be changed');
END;
CREATE TRIGGER attribution_restatements_delete BEFORE DELETE ON attribution_restatements
BEGIN
    SELECT RAISE(ABORT, 'tandem: restatements cannot be changed');
END;

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
CREATE TRIGGER attribution_credits_update BEFORE UPDATE ON attribution_credits
BEGIN
    SELECT RAISE(ABORT, 'tandem: credits cannot be changed');
END;
CREATE TRIGGER attribution_credits_delete BEFORE DELETE ON attribution_credits WHEN OLD.basis <> 'pipeline'
BEGIN
    SELECT RAISE(ABORT, 'tandem: credits cannot be changed');
END;

-- Who allowed or forbade what, and the addresses that get nothing.

-- The ledger. Rows are added and never changed.
CREATE TABLE consents (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NULL REFERENCES companies (id),
    party_id BLOB NULL REFERENCES parties (id),
    contact_id BLOB NULL REFERENCES contacts (id),
    lead_id BLOB NULL REFERENCES leads (id),
    channel TEXT NOT NULL,
    topic TEXT NULL,
    status TEXT NOT NULL,
    lawful_basis TEXT NOT NULL,
    effective_at INTEGER NOT NULL,
    expires_at INTEGER NULL,
    evidence_hash TEXT NOT NULL,
    carried_from_id BLOB NULL REFERENCES consents (id),
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (status IN ('granted', 'pending_doi', 'withdrawn')),
    CHECK ((CASE WHEN party_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN contact_id IS NULL THEN 0 ELSE 1 END)
        + (CASE WHEN lead_id IS NULL THEN 0 ELSE 1 END) = 1)
) STRICT;
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
CREATE TRIGGER consents_update BEFORE UPDATE ON consents
BEGIN
    SELECT RAISE(ABORT, 'tandem: the consent ledger cannot be changed');
END;
CREATE TRIGGER consents_delete BEFORE DELETE ON consents
BEGIN
    SELECT RAISE(ABORT, 'tandem: the consent ledger cannot be changed');
END;

-- How a row is known. An erasure takes this away; the hash in the ledger stays.
CREATE TABLE consent_evidence (
    consent_id BLOB NOT NULL PRIMARY KEY REFERENCES consents (id),
    evidence TEXT NOT NULL
) STRICT;

-- The last word for each subject (the id of a party, contact or lead), channel and topic ('' for all): derived from the
-- ledger, written with it.
CREATE TABLE consent_states (
    subject BLOB NOT NULL,
    channel TEXT NOT NULL,
    topic TEXT NOT NULL,
    consent_id BLOB NOT NULL REFERENCES consents (id),
    status TEXT NOT NULL,
    strictness INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    expires_at INTEGER NULL,
    PRIMARY KEY (subject, channel, topic)
) STRICT;
CREATE INDEX consent_states_consent_id ON consent_states (consent_id);

-- What is sent to whom: templates, segments, campaigns.

CREATE TABLE templates (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NULL,
    text TEXT NULL,
    variables TEXT NOT NULL,
    archived_at INTEGER NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX templates_company_name_key ON templates (company_id, name);
CREATE INDEX templates_company_id ON templates (company_id, id);
CREATE INDEX templates_name ON templates (name, id);
CREATE INDEX templates_archived_at ON templates (archived_at, id);
CREATE INDEX templates_created_at ON templates (created_at, id);
CREATE INDEX templates_updated_at ON templates (updated_at, id);

-- The contents that a template had and has.
CREATE TABLE template_revisions (
    id BLOB NOT NULL PRIMARY KEY,
    template_id BLOB NOT NULL REFERENCES templates (id),
    revision INTEGER NOT NULL,
    subject TEXT NOT NULL,
    html TEXT NULL,
    text TEXT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX template_revisions_key ON template_revisions (template_id, revision);
CREATE INDEX template_revisions_template_id ON template_revisions (template_id, id);
CREATE INDEX template_revisions_created_at ON template_revisions (created_at, id);
CREATE TRIGGER template_revisions_update BEFORE UPDATE ON template_revisions
BEGIN
    SELECT RAISE(ABORT, 'tandem: a revision of a template cannot be changed');
END;

CREATE TABLE segments (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    audience TEXT NOT NULL,
    filter TEXT NULL,
    member_count INTEGER NULL,
    evaluated_at INTEGER NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX segments_company_name_key ON segments (company_id, name);
CREATE INDEX segments_company_id ON segments (company_id, id);
CREATE INDEX segments_name ON segments (name, id);
CREATE INDEX segments_kind ON segments (kind, id);
CREATE INDEX segments_audience ON segments (audience, id);
CREATE INDEX segments_created_at ON segments (created_at, id);
CREATE INDEX segments_updated_at ON segments (updated_at, id);

-- Members of static segments: ids of parties, contacts or leads, as the segment says.
CREATE TABLE segment_members (
    segment_id BLOB NOT NULL REFERENCES segments (id),
    subject BLOB NOT NULL,
    PRIMARY KEY (segment_id, subject)
) STRICT;

-- Journeys: what somebody gets step by step, with versions that never change and a row for each person on the way.

CREATE TABLE journeys (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    description TEXT NULL,
    status TEXT NOT NULL,
    entry TEXT NOT NULL,
    reentry TEXT NOT NULL,
    goal TEXT NULL,
    steps TEXT NOT NULL,
    topic TEXT NULL,
    from_name TEXT NULL,
    reply_to TEXT NULL,
    quiet_hours TEXT NULL,
    frequency_cap TEXT NULL,
    published_version INTEGER NULL,
    published_at INTEGER NULL,
    looked_at INTEGER NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX journeys_company_id ON journeys (company_id, id);
CREATE INDEX journeys_status ON journeys (status, id);
CREATE INDEX journeys_topic ON journeys (topic, id);
CREATE INDEX journeys_name ON journeys (name, id);
CREATE INDEX journeys_created_at ON journeys (created_at, id);
CREATE INDEX journeys_updated_at ON journeys (updated_at, id);

-- One message, or variants of it, to everybody in a segment.
CREATE TABLE campaigns (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    topic TEXT NULL,
    from_name TEXT NULL,
    reply_to TEXT NULL,
    variables TEXT NOT NULL,
    quiet_hours TEXT NULL,
    frequency_cap TEXT NULL,
    scheduled_at INTEGER NULL,
    launched_at INTEGER NULL,
    audience_at INTEGER NULL,
    ready_at INTEGER NULL,
    completed_at INTEGER NULL,
    cancelled_at INTEGER NULL,
    job_id BLOB NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    journey_id BLOB NULL REFERENCES journeys (id),
    segment_id BLOB NULL REFERENCES segments (id),
    audience_count INTEGER NULL
) STRICT;
CREATE INDEX campaigns_company_id ON campaigns (company_id, id);
CREATE INDEX campaigns_status ON campaigns (status, id);
CREATE INDEX campaigns_topic ON campaigns (topic, id);
CREATE INDEX campaigns_name ON campaigns (name, id);
CREATE INDEX campaigns_scheduled_at ON campaigns (scheduled_at, id);
CREATE INDEX campaigns_launched_at ON campaigns (launched_at, id);
CREATE INDEX campaigns_created_at ON campaigns (created_at, id);
CREATE INDEX campaigns_updated_at ON campaigns (updated_at, id);
CREATE INDEX campaigns_journey_id ON campaigns (journey_id, id);
CREATE INDEX campaigns_segment_id ON campaigns (segment_id, id);

CREATE TABLE campaign_variants (
    id BLOB NOT NULL PRIMARY KEY,
    campaign_id BLOB NOT NULL REFERENCES campaigns (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    template_id BLOB NOT NULL REFERENCES templates (id),
    template_revision INTEGER NULL,
    share_percent INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX campaign_variants_name_key ON campaign_variants (campaign_id, name);
CREATE INDEX campaign_variants_campaign_id ON campaign_variants (campaign_id, position);
CREATE INDEX campaign_variants_template_id ON campaign_variants (template_id);

-- The frozen audience, and what became of each message. Nobody is written to twice: neither the same subject nor the
-- same address. Parties, contacts and leads are named without foreign keys: what was sent stays when they go.
CREATE TABLE campaign_members (
    id BLOB NOT NULL PRIMARY KEY,
    campaign_id BLOB NOT NULL REFERENCES campaigns (id),
    company_id BLOB NOT NULL REFERENCES companies (id),
    subject BLOB NOT NULL,
    party_id BLOB NULL,
    contact_id BLOB NULL,
    lead_id BLOB NULL,
    name TEXT NOT NULL,
    first_name TEXT NULL,
    last_name TEXT NULL,
    email TEXT NULL,
    email_key TEXT NULL,
    language TEXT NULL,
    country TEXT NULL,
    time_zone TEXT NULL,
    lot INTEGER NOT NULL,
    variant TEXT NULL,
    status TEXT NOT NULL,
    exclusion_reason TEXT NULL,
    due_at INTEGER NULL,
    attempts INTEGER NOT NULL,
    sent_at INTEGER NULL,
    opened_at INTEGER NULL,
    clicked_at INTEGER NULL,
    converted_at INTEGER NULL,
    bounced_at INTEGER NULL,
    complained_at INTEGER NULL,
    unsubscribed_at INTEGER NULL,
    open_count INTEGER NOT NULL,
    click_count INTEGER NOT NULL,
    bot_count INTEGER NOT NULL,
    note TEXT NULL,
    enrollment_id BLOB NULL
) STRICT;
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
    id BLOB NOT NULL PRIMARY KEY,
    journey_id BLOB NOT NULL REFERENCES journeys (id),
    company_id BLOB NOT NULL REFERENCES companies (id),
    number INTEGER NOT NULL,
    entry TEXT NOT NULL,
    reentry TEXT NOT NULL,
    goal TEXT NULL,
    steps TEXT NOT NULL,
    topic TEXT NULL,
    messages TEXT NOT NULL,
    entry_fact TEXT NOT NULL,
    goal_fact TEXT NOT NULL,
    published_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX journey_versions_number_key ON journey_versions (journey_id, number);
CREATE INDEX journey_versions_journey_id ON journey_versions (journey_id, id);
CREATE INDEX journey_versions_company_id ON journey_versions (company_id, id);
CREATE INDEX journey_versions_entry_fact ON journey_versions (entry_fact, id);
CREATE TRIGGER journey_versions_update BEFORE UPDATE ON journey_versions
BEGIN
    SELECT RAISE(ABORT, 'tandem: a version of a journey cannot be changed');
END;

-- The segments that a version asks for: they cannot be deleted.
CREATE TABLE journey_segments (
    journey_version_id BLOB NOT NULL REFERENCES journey_versions (id),
    segment_id BLOB NOT NULL REFERENCES segments (id),
    PRIMARY KEY (journey_version_id, segment_id)
) STRICT;
CREATE INDEX journey_segments_segment_id ON journey_segments (segment_id);

-- Somebody on the way. `subject` is the party, contact or lead; `entered_as` who it was on the day of entry, before merges.
-- Parties, contacts and leads are named without foreign keys: what happened stays when they go.
CREATE TABLE journey_enrollments (
    id BLOB NOT NULL PRIMARY KEY,
    journey_id BLOB NOT NULL REFERENCES journeys (id),
    journey_version_id BLOB NOT NULL REFERENCES journey_versions (id),
    journey_version INTEGER NOT NULL,
    company_id BLOB NOT NULL REFERENCES companies (id),
    subject BLOB NOT NULL,
    entered_as BLOB NOT NULL,
    party_id BLOB NULL,
    contact_id BLOB NULL,
    lead_id BLOB NULL,
    entered_by TEXT NOT NULL,
    entry_number INTEGER NOT NULL,
    status TEXT NOT NULL,
    outcome TEXT NULL,
    step TEXT NULL,
    due_at INTEGER NULL,
    ended_at INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK (status IN ('active', 'waiting', 'completed', 'exited'))
) STRICT;
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
    enrollment_id BLOB NOT NULL REFERENCES journey_enrollments (id),
    step TEXT NOT NULL,
    result TEXT NULL,
    visited_at INTEGER NOT NULL,
    PRIMARY KEY (enrollment_id, step)
) STRICT;

-- Messages that ask whether a consent is meant (double opt-in). Each goes out at most once, and its link confirms once.
CREATE TABLE consent_confirmations (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    party_id BLOB NULL REFERENCES parties (id),
    contact_id BLOB NULL REFERENCES contacts (id),
    lead_id BLOB NULL REFERENCES leads (id),
    subject BLOB NOT NULL,
    topic TEXT NULL,
    email TEXT NULL,
    status TEXT NOT NULL,
    wording_version TEXT NOT NULL,
    wording TEXT NULL,
    source TEXT NOT NULL,
    confirm_url TEXT NULL,
    pending_consent_id BLOB NOT NULL REFERENCES consents (id),
    granted_consent_id BLOB NULL REFERENCES consents (id),
    expires_at INTEGER NOT NULL,
    sent_at INTEGER NULL,
    confirmed_at INTEGER NULL,
    note TEXT NULL,
    due_at INTEGER NULL,
    attempts INTEGER NOT NULL,
    job_id BLOB NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
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
    campaign_id BLOB NOT NULL REFERENCES campaigns (id),
    position INTEGER NOT NULL,
    subjects BLOB NOT NULL,
    PRIMARY KEY (campaign_id, position)
) STRICT;

-- Addresses and numbers are compared by keys, through indexes, and what is searched is folded. The functions `fold` and
-- `address_hash` are made known to each connection by the program.

-- Suppressed addresses by hash: what is left of one whose owner was erased.
CREATE TABLE suppressions (
    id BLOB NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NULL,
    address_hash TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX suppressions_address_hash_key ON suppressions (address_hash, channel);
CREATE INDEX suppressions_channel ON suppressions (channel, id);
CREATE INDEX suppressions_address ON suppressions (address, id);
CREATE INDEX suppressions_reason ON suppressions (reason, id);
CREATE INDEX suppressions_created_at ON suppressions (created_at, id);
CREATE INDEX suppressions_updated_at_id ON suppressions (updated_at, id);

-- The last word of each mailbox and number, whichever record it was said for, by hash, channel and topic ('' for all): a "no"
-- holds for every record with the address until somebody with it says yes again.
CREATE TABLE consent_addresses (
    address_hash TEXT NOT NULL,
    channel TEXT NOT NULL,
    topic TEXT NOT NULL,
    consent_id BLOB NOT NULL REFERENCES consents (id),
    status TEXT NOT NULL,
    strictness INTEGER NOT NULL,
    effective_at INTEGER NOT NULL,
    PRIMARY KEY (address_hash, channel, topic)
) STRICT;
CREATE INDEX consent_addresses_consent_id ON consent_addresses (consent_id);

-- Rows of the ledger that a merge had carried to somebody and that do not count since it was taken back.
CREATE TABLE consent_returns (
    consent_id BLOB NOT NULL PRIMARY KEY REFERENCES consents (id),
    merge_id BLOB NOT NULL,
    returned_at INTEGER NOT NULL
) STRICT;

-- Who writes to a mailbox holds its row until the message is on its way, so that two campaigns at once see each other's.
CREATE TABLE mailbox_turns (
    company_id BLOB NOT NULL REFERENCES companies (id),
    address_hash TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (company_id, address_hash)
) STRICT;
