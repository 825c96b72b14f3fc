-- What people like, and the messages by which they confirm that they want some.

-- What is known of somebody's likings: stated by the person, or inferred from what the person did.
CREATE TABLE contact_preferences (
    id UUID NOT NULL PRIMARY KEY,
    contact_id UUID NOT NULL REFERENCES contacts (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value JSONB NOT NULL,
    provenance TEXT NOT NULL,
    source TEXT NULL,
    noted_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CHECK (provenance IN ('stated', 'inferred'))
);
CREATE UNIQUE INDEX contact_preferences_name_key ON contact_preferences (contact_id, name);
CREATE INDEX contact_preferences_contact_id ON contact_preferences (contact_id, id);
CREATE INDEX contact_preferences_name ON contact_preferences (name, id);
CREATE INDEX contact_preferences_provenance ON contact_preferences (provenance, id);
CREATE INDEX contact_preferences_kind ON contact_preferences (kind, id);
CREATE INDEX contact_preferences_noted_at ON contact_preferences (noted_at, id);

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
