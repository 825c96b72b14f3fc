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

-- Addresses that get nothing.
CREATE TABLE suppressions (
    id BLOB NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX suppressions_channel_address_key ON suppressions (channel, address);
CREATE INDEX suppressions_address ON suppressions (address, id);
CREATE INDEX suppressions_reason ON suppressions (reason, id);
CREATE INDEX suppressions_created_at ON suppressions (created_at, id);
