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

-- One message, or variants of it, to everybody in a segment.
CREATE TABLE campaigns (
    id BLOB NOT NULL PRIMARY KEY,
    company_id BLOB NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    segment_id BLOB NOT NULL REFERENCES segments (id),
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
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX campaigns_company_id ON campaigns (company_id, id);
CREATE INDEX campaigns_status ON campaigns (status, id);
CREATE INDEX campaigns_segment_id ON campaigns (segment_id, id);
CREATE INDEX campaigns_topic ON campaigns (topic, id);
CREATE INDEX campaigns_name ON campaigns (name, id);
CREATE INDEX campaigns_scheduled_at ON campaigns (scheduled_at, id);
CREATE INDEX campaigns_launched_at ON campaigns (launched_at, id);
CREATE INDEX campaigns_created_at ON campaigns (created_at, id);
CREATE INDEX campaigns_updated_at ON campaigns (updated_at, id);

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
    note TEXT NULL
) STRICT;
CREATE UNIQUE INDEX campaign_members_subject_key ON campaign_members (campaign_id, subject);
CREATE UNIQUE INDEX campaign_members_address_key ON campaign_members (campaign_id, email_key) WHERE status NOT IN ('pending', 'excluded');
CREATE INDEX campaign_members_email_key ON campaign_members (campaign_id, email_key, subject);
CREATE INDEX campaign_members_campaign_id ON campaign_members (campaign_id, id);
CREATE INDEX campaign_members_status ON campaign_members (campaign_id, status, due_at);
CREATE INDEX campaign_members_sent ON campaign_members (email_key, sent_at) WHERE sent_at IS NOT NULL;
CREATE INDEX campaign_members_party_id ON campaign_members (party_id, id) WHERE party_id IS NOT NULL;
CREATE INDEX campaign_members_contact_id ON campaign_members (contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX campaign_members_lead_id ON campaign_members (lead_id, id) WHERE lead_id IS NOT NULL;

-- Whoever can be written to, with the primary e-mail address.
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
    c.language, json_extract(c.address, '$.country'), json_extract(c.metadata, '$.time_zone')
FROM contacts c WHERE c.archived_at IS NULL
UNION ALL
SELECT l.id, 'lead', l.company_id, NULL, NULL, l.id, l.name, l.first_name, l.last_name, l.email, NULL,
    json_extract(l.address, '$.country'), json_extract(l.metadata, '$.time_zone')
FROM leads l WHERE l.status <> 'converted';
