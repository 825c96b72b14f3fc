-- Baseline of the area `service`.

CREATE FUNCTION sla_policy_versions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: the terms of a service level policy cannot be changed';
END $$;

-- The words of somebody who is erased may go; nothing else of a message ever does.
CREATE FUNCTION case_messages_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.body = 'Erased' AND to_jsonb(NEW) - 'body' = to_jsonb(OLD) - 'body' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'tandem: the messages of cases cannot be changed';
END $$;

CREATE FUNCTION kb_article_versions_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'tandem: the published versions of articles cannot be changed';
END $$;

-- Service: queues of cases, service level policies, entitlements, cases with their messages, knowledge, surveys.

-- Where cases wait. turns counts the turns that the queue has given.
CREATE TABLE queues (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    description TEXT NULL,
    assignment TEXT NOT NULL,
    metadata JSONB NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    turns BIGINT NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX queues_company_id_name_key ON queues (company_id, name);
CREATE INDEX queues_company_id ON queues (company_id, id);
CREATE INDEX queues_name ON queues (name, id);
CREATE INDEX queues_assignment ON queues (assignment, id);
CREATE INDEX queues_created_at ON queues (created_at, id);
CREATE INDEX queues_updated_at ON queues (updated_at, id);

CREATE TABLE queue_members (
    queue_id UUID NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (queue_id, user_id)
);
CREATE INDEX queue_members_user_id ON queue_members (user_id);

-- Within how much working time cases are answered and resolved. One of a company is the default, if any.
CREATE TABLE sla_policies (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    terms_version INTEGER NOT NULL,
    calendar_id UUID NOT NULL REFERENCES calendars (id),
    targets JSONB NOT NULL,
    hold_behaviour TEXT NOT NULL,
    warn_percent INTEGER NOT NULL,
    reopen_days INTEGER NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX sla_policies_company_id_name_key ON sla_policies (company_id, name);
CREATE UNIQUE INDEX sla_policies_default_key ON sla_policies (company_id) WHERE is_default;
CREATE INDEX sla_policies_company_id ON sla_policies (company_id, id);
CREATE INDEX sla_policies_name ON sla_policies (name, id);
CREATE INDEX sla_policies_calendar_id ON sla_policies (calendar_id);
CREATE INDEX sla_policies_created_at ON sla_policies (created_at, id);
CREATE INDEX sla_policies_updated_at ON sla_policies (updated_at, id);

-- The terms as they were from some moment on. Cases point here; no row ever changes.
CREATE TABLE sla_policy_versions (
    id UUID NOT NULL PRIMARY KEY,
    sla_policy_id UUID NOT NULL REFERENCES sla_policies (id),
    terms_version INTEGER NOT NULL,
    calendar_id UUID NOT NULL REFERENCES calendars (id),
    targets JSONB NOT NULL,
    hold_behaviour TEXT NOT NULL,
    warn_percent INTEGER NOT NULL,
    reopen_days INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX sla_policy_versions_version_key ON sla_policy_versions (sla_policy_id, terms_version);
CREATE INDEX sla_policy_versions_calendar_id ON sla_policy_versions (calendar_id);
CREATE INDEX sla_policy_versions_created_at ON sla_policy_versions (created_at, id);
CREATE TRIGGER sla_policy_versions_update BEFORE UPDATE ON sla_policy_versions FOR EACH ROW EXECUTE FUNCTION sla_policy_versions_guard();
CREATE TRIGGER sla_policy_versions_delete BEFORE DELETE ON sla_policy_versions FOR EACH ROW EXECUTE FUNCTION sla_policy_versions_guard();
CREATE TRIGGER sla_policy_versions_truncate BEFORE TRUNCATE ON sla_policy_versions FOR EACH STATEMENT EXECUTE FUNCTION sla_policy_versions_guard();

-- What support contracts cover, and how much of it is used.
CREATE TABLE entitlements (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    party_id UUID NOT NULL REFERENCES parties (id),
    name TEXT NOT NULL,
    product_id UUID NULL REFERENCES products (id),
    sla_policy_id UUID NOT NULL REFERENCES sla_policies (id),
    starts_on DATE NOT NULL,
    ends_on DATE NOT NULL,
    incidents_included INTEGER NULL,
    incidents_used INTEGER NOT NULL,
    minutes_included INTEGER NULL,
    minutes_used INTEGER NOT NULL,
    metadata JSONB NOT NULL,
    cancelled_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    CHECK (incidents_used >= 0),
    CHECK (incidents_included IS NULL OR incidents_used <= incidents_included),
    CHECK (minutes_used >= 0)
);
CREATE INDEX entitlements_company_id ON entitlements (company_id, id);
CREATE INDEX entitlements_party_id ON entitlements (party_id, ends_on);
CREATE INDEX entitlements_product_id ON entitlements (product_id, id);
CREATE INDEX entitlements_sla_policy_id ON entitlements (sla_policy_id, id);
CREATE INDEX entitlements_starts_on ON entitlements (starts_on, id);
CREATE INDEX entitlements_ends_on ON entitlements (ends_on, id);
CREATE INDEX entitlements_created_at ON entitlements (created_at, id);
CREATE INDEX entitlements_updated_at ON entitlements (updated_at, id);

-- What customers ask of service. The order is of the back office and named without a foreign key.
CREATE TABLE cases (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    number TEXT NOT NULL,
    status TEXT NOT NULL,
    subject TEXT NOT NULL,
    channel TEXT NOT NULL,
    category TEXT NULL,
    impact TEXT NOT NULL,
    urgency TEXT NOT NULL,
    priority TEXT NOT NULL,
    party_id UUID NULL REFERENCES parties (id),
    contact_id UUID NULL REFERENCES contacts (id),
    requester_name TEXT NULL,
    requester_email TEXT NULL,
    product_id UUID NULL REFERENCES products (id),
    order_id UUID NULL,
    serial_number TEXT NULL,
    queue_id UUID NULL REFERENCES queues (id),
    assignee_id UUID NULL REFERENCES users (id),
    escalation_level INTEGER NOT NULL,
    escalated_at TIMESTAMPTZ NULL,
    follows_case_id UUID NULL REFERENCES cases (id),
    merged_into_id UUID NULL REFERENCES cases (id),
    entitlement_id UUID NULL REFERENCES entitlements (id),
    sla_policy_id UUID NULL REFERENCES sla_policies (id),
    sla_policy_version_id UUID NULL REFERENCES sla_policy_versions (id),
    sla_state TEXT NOT NULL,
    first_response_due_at TIMESTAMPTZ NULL,
    next_response_due_at TIMESTAMPTZ NULL,
    resolution_due_at TIMESTAMPTZ NULL,
    clocks JSONB NOT NULL,
    first_response_at TIMESTAMPTZ NULL,
    awaiting_response_since TIMESTAMPTZ NULL,
    held_since TIMESTAMPTZ NULL,
    hold_reason TEXT NULL,
    resolution TEXT NULL,
    resolved_at TIMESTAMPTZ NULL,
    reopen_until TIMESTAMPTZ NULL,
    closed_at TIMESTAMPTZ NULL,
    reopen_count INTEGER NOT NULL,
    spent_minutes INTEGER NOT NULL,
    metadata JSONB NOT NULL,
    pauses JSONB NOT NULL,
    sla_look_at TIMESTAMPTZ NULL,
    search TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    CHECK (status IN ('new', 'open', 'pending', 'resolved', 'closed'))
);
CREATE UNIQUE INDEX cases_company_id_number_key ON cases (company_id, number);
CREATE INDEX cases_company_id ON cases (company_id, id);
CREATE INDEX cases_company_status ON cases (company_id, status, id);
CREATE INDEX cases_number ON cases (number, id);
CREATE INDEX cases_status ON cases (status, id);
CREATE INDEX cases_channel ON cases (channel, id);
CREATE INDEX cases_category ON cases (category, id);
CREATE INDEX cases_priority ON cases (priority, id);
CREATE INDEX cases_party_id ON cases (party_id, status, id);
CREATE INDEX cases_contact_id ON cases (contact_id, id);
CREATE INDEX cases_product_id ON cases (product_id, id);
CREATE INDEX cases_order_id ON cases (order_id, id);
CREATE INDEX cases_serial_number ON cases (serial_number, id);
CREATE INDEX cases_queue_id ON cases (queue_id, status, id);
CREATE INDEX cases_assignee_id ON cases (assignee_id, status, id);
CREATE INDEX cases_follows_case_id ON cases (follows_case_id);
CREATE INDEX cases_merged_into_id ON cases (merged_into_id, id);
CREATE INDEX cases_entitlement_id ON cases (entitlement_id, id);
CREATE INDEX cases_sla_policy_id ON cases (sla_policy_id, id);
CREATE INDEX cases_sla_policy_version_id ON cases (sla_policy_version_id);
CREATE INDEX cases_sla_state ON cases (sla_state, id);
CREATE INDEX cases_first_response_due_at ON cases (first_response_due_at, id);
CREATE INDEX cases_next_response_due_at ON cases (next_response_due_at, id);
CREATE INDEX cases_resolution_due_at ON cases (resolution_due_at, id);
CREATE INDEX cases_resolved_at ON cases (resolved_at, id);
CREATE INDEX cases_created_at ON cases (created_at, id);
CREATE INDEX cases_updated_at ON cases (updated_at, id);
CREATE INDEX cases_sla_look_at ON cases (sla_look_at, id) WHERE sla_look_at IS NOT NULL;
CREATE INDEX cases_reopen_until ON cases (reopen_until, id) WHERE status = 'resolved';
-- The open cases of the terms that count by a calendar, for when its hours or holidays change.
CREATE INDEX cases_running_terms ON cases (sla_policy_version_id, id) WHERE status <> 'closed';
CREATE INDEX cases_mailbox ON cases (lower(requester_email)) WHERE requester_email IS NOT NULL;

-- What was said. No row ever changes.
CREATE TABLE case_messages (
    id UUID NOT NULL PRIMARY KEY,
    case_id UUID NOT NULL REFERENCES cases (id),
    company_id UUID NOT NULL REFERENCES companies (id),
    author TEXT NOT NULL,
    visibility TEXT NOT NULL,
    body TEXT NOT NULL,
    channel TEXT NOT NULL,
    author_user_id UUID NULL REFERENCES users (id),
    author_contact_id UUID NULL REFERENCES contacts (id),
    spent_minutes INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX case_messages_case_id ON case_messages (case_id, id);
CREATE INDEX case_messages_company_id ON case_messages (company_id, id);
CREATE INDEX case_messages_author_user_id ON case_messages (author_user_id);
CREATE INDEX case_messages_author_contact_id ON case_messages (author_contact_id);
CREATE INDEX case_messages_created_at ON case_messages (created_at, id);
CREATE INDEX case_messages_author_contact ON case_messages (author_contact_id) WHERE author_contact_id IS NOT NULL;
CREATE TRIGGER case_messages_update BEFORE UPDATE ON case_messages FOR EACH ROW EXECUTE FUNCTION case_messages_guard();
CREATE TRIGGER case_messages_delete BEFORE DELETE ON case_messages FOR EACH ROW EXECUTE FUNCTION case_messages_guard();
CREATE TRIGGER case_messages_truncate BEFORE TRUNCATE ON case_messages FOR EACH STATEMENT EXECUTE FUNCTION case_messages_guard();

-- What service knows. What was published has versions; no row of them ever changes.
CREATE TABLE kb_articles (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    status TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    category TEXT NULL,
    visibility TEXT NOT NULL,
    article_version INTEGER NOT NULL,
    has_changes BOOLEAN NOT NULL,
    published_at TIMESTAMPTZ NULL,
    archived_at TIMESTAMPTZ NULL,
    metadata JSONB NOT NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX kb_articles_company_id ON kb_articles (company_id, id);
CREATE INDEX kb_articles_status ON kb_articles (status, id);
CREATE INDEX kb_articles_category ON kb_articles (category, id);
CREATE INDEX kb_articles_visibility ON kb_articles (visibility, id);
CREATE INDEX kb_articles_title ON kb_articles (title, id);
CREATE INDEX kb_articles_published_at ON kb_articles (published_at, id);
CREATE INDEX kb_articles_created_at ON kb_articles (created_at, id);
CREATE INDEX kb_articles_updated_at ON kb_articles (updated_at, id);

CREATE TABLE kb_article_versions (
    id UUID NOT NULL PRIMARY KEY,
    kb_article_id UUID NOT NULL REFERENCES kb_articles (id),
    article_version INTEGER NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    published_by_user_id UUID NULL REFERENCES users (id),
    published_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX kb_article_versions_version_key ON kb_article_versions (kb_article_id, article_version);
CREATE INDEX kb_article_versions_kb_article_id ON kb_article_versions (kb_article_id, id);
CREATE INDEX kb_article_versions_published_by_user_id ON kb_article_versions (published_by_user_id);
CREATE TRIGGER kb_article_versions_update BEFORE UPDATE ON kb_article_versions FOR EACH ROW EXECUTE FUNCTION kb_article_versions_guard();
CREATE TRIGGER kb_article_versions_delete BEFORE DELETE ON kb_article_versions FOR EACH ROW EXECUTE FUNCTION kb_article_versions_guard();
CREATE TRIGGER kb_article_versions_truncate BEFORE TRUNCATE ON kb_article_versions FOR EACH STATEMENT EXECUTE FUNCTION kb_article_versions_guard();

-- Which articles answer a case.
CREATE TABLE case_articles (
    case_id UUID NOT NULL REFERENCES cases (id),
    kb_article_id UUID NOT NULL REFERENCES kb_articles (id),
    linked_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (case_id, kb_article_id)
);
CREATE INDEX case_articles_kb_article_id ON case_articles (kb_article_id);

-- What customers are asked after a case, and their answers: a survey asks about a case once.
CREATE TABLE surveys (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    question TEXT NOT NULL,
    least_responses INTEGER NOT NULL,
    answer_days INTEGER NOT NULL,
    archived_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX surveys_company_id_name_key ON surveys (company_id, name);
CREATE INDEX surveys_company_id ON surveys (company_id, id);
CREATE INDEX surveys_kind ON surveys (kind, id);
CREATE INDEX surveys_name ON surveys (name, id);
CREATE INDEX surveys_created_at ON surveys (created_at, id);
CREATE INDEX surveys_updated_at ON surveys (updated_at, id);

CREATE TABLE survey_responses (
    id UUID NOT NULL PRIMARY KEY,
    survey_id UUID NOT NULL REFERENCES surveys (id),
    company_id UUID NOT NULL REFERENCES companies (id),
    case_id UUID NOT NULL REFERENCES cases (id),
    party_id UUID NULL REFERENCES parties (id),
    contact_id UUID NULL REFERENCES contacts (id),
    agent_id UUID NULL REFERENCES users (id),
    expires_at TIMESTAMPTZ NOT NULL,
    score INTEGER NULL,
    comment TEXT NULL,
    responded_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX survey_responses_survey_id_case_id_key ON survey_responses (survey_id, case_id);
CREATE INDEX survey_responses_survey_id ON survey_responses (survey_id, responded_at);
CREATE INDEX survey_responses_company_id ON survey_responses (company_id, id);
CREATE INDEX survey_responses_case_id ON survey_responses (case_id, id);
CREATE INDEX survey_responses_party_id ON survey_responses (party_id, id);
CREATE INDEX survey_responses_contact_id ON survey_responses (contact_id);
CREATE INDEX survey_responses_agent_id ON survey_responses (agent_id, id);
CREATE INDEX survey_responses_score ON survey_responses (score, id);
CREATE INDEX survey_responses_responded_at ON survey_responses (responded_at, id);
CREATE INDEX survey_responses_created_at ON survey_responses (created_at, id);
CREATE INDEX survey_responses_updated_at ON survey_responses (updated_at, id);
