DROP VIEW audience;
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
DROP TRIGGER idempotency_keys_subjects;
DROP TRIGGER activities_participants_update;
DROP TRIGGER activities_participants_insert;
DROP TABLE mailbox_turns;
DROP TABLE idempotency_subjects;
DROP TABLE activity_participants;
DROP TABLE contact_phones;
DROP TABLE party_phones;
DROP TABLE consent_returns;
DROP TABLE consent_addresses;
DROP INDEX case_messages_author_contact;
DROP INDEX campaign_members_mailbox;
DROP INDEX consent_confirmations_mailbox;
DROP INDEX lead_form_submissions_mailbox;
DROP INDEX quotes_mailbox;
DROP INDEX cases_mailbox;
DROP INDEX leads_converted_contact;
DROP INDEX leads_phone_normalised;
DROP INDEX leads_mailbox;
DROP INDEX parties_tax_key;
ALTER TABLE parties DROP COLUMN tax_key;
CREATE TABLE suppressions_by_address (
    id BLOB NOT NULL PRIMARY KEY,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO suppressions_by_address (id, channel, address, reason, note, version, created_at, updated_at)
SELECT id, channel, COALESCE(address, address_hash), reason, note, version, created_at, updated_at FROM suppressions;
DROP TABLE suppressions;
ALTER TABLE suppressions_by_address RENAME TO suppressions;
CREATE UNIQUE INDEX suppressions_channel_address_key ON suppressions (channel, address);
CREATE INDEX suppressions_address ON suppressions (address, id);
CREATE INDEX suppressions_reason ON suppressions (reason, id);
CREATE INDEX suppressions_created_at ON suppressions (created_at, id);
CREATE INDEX suppressions_updated_at_id ON suppressions (updated_at, id);
