-- What people like, and the messages by which they confirm that they want some.

-- What is known of somebody's likings: stated by the person, or inferred from what the person did.
CREATE TABLE contact_preferences (
    id BLOB NOT NULL PRIMARY KEY,
    contact_id BLOB NOT NULL REFERENCES contacts (id),
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    provenance TEXT NOT NULL,
    source TEXT NULL,
    noted_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CHECK (provenance IN ('stated', 'inferred'))
) STRICT;
CREATE UNIQUE INDEX contact_preferences_name_key ON contact_preferences (contact_id, name);
CREATE INDEX contact_preferences_contact_id ON contact_preferences (contact_id, id);
CREATE INDEX contact_preferences_name ON contact_preferences (name, id);
CREATE INDEX contact_preferences_provenance ON contact_preferences (provenance, id);
CREATE INDEX contact_preferences_kind ON contact_preferences (kind, id);
CREATE INDEX contact_preferences_noted_at ON contact_preferences (noted_at, id);

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
