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

-- The steps that somebody came to, each once.
CREATE TABLE journey_visits (
    enrollment_id BLOB NOT NULL REFERENCES journey_enrollments (id),
    step TEXT NOT NULL,
    result TEXT NULL,
    visited_at INTEGER NOT NULL,
    PRIMARY KEY (enrollment_id, step)
) STRICT;

-- A journey that sends does so by campaigns of its own, one for each step that sends, whose readers come one by one.
ALTER TABLE campaigns ADD COLUMN journey_id BLOB NULL REFERENCES journeys (id);
CREATE INDEX campaigns_journey_id ON campaigns (journey_id, id);
DROP INDEX campaigns_segment_id;
ALTER TABLE campaigns ADD COLUMN audience_id BLOB NULL REFERENCES segments (id);
UPDATE campaigns SET audience_id = segment_id;
ALTER TABLE campaigns DROP COLUMN segment_id;
ALTER TABLE campaigns RENAME COLUMN audience_id TO segment_id;
CREATE INDEX campaigns_segment_id ON campaigns (segment_id, id);

-- Somebody who goes the same way again gets the message again: once for each enrolment.
ALTER TABLE campaign_members ADD COLUMN enrollment_id BLOB NULL;
DROP INDEX campaign_members_subject_key;
DROP INDEX campaign_members_address_key;
CREATE UNIQUE INDEX campaign_members_subject_key ON campaign_members (campaign_id, subject) WHERE enrollment_id IS NULL;
CREATE UNIQUE INDEX campaign_members_address_key ON campaign_members (campaign_id, email_key)
    WHERE enrollment_id IS NULL AND status NOT IN ('pending', 'excluded');
CREATE UNIQUE INDEX campaign_members_enrollment_key ON campaign_members (enrollment_id, campaign_id) WHERE enrollment_id IS NOT NULL;
