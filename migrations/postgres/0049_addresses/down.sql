DROP VIEW audience;
CREATE VIEW audience AS
SELECT p.id, 'party' AS kind, CAST(NULL AS UUID) AS company_id, p.id AS party_id, CAST(NULL AS UUID) AS contact_id,
    CAST(NULL AS UUID) AS lead_id, p.name, CAST(NULL AS TEXT) AS first_name, CAST(NULL AS TEXT) AS last_name,
    (SELECT e.value ->> 'address' FROM jsonb_array_elements(p.emails) AS e (value)
        WHERE CAST(e.value ->> 'primary' AS BOOLEAN) LIMIT 1) AS email,
    CAST(NULL AS TEXT) AS language,
    (SELECT a.value -> 'address' ->> 'country' FROM jsonb_array_elements(p.addresses) AS a (value) LIMIT 1) AS country,
    p.metadata ->> 'time_zone' AS time_zone
FROM parties p WHERE p.archived_at IS NULL
UNION ALL
SELECT c.id, 'contact', NULL, NULL, c.id, NULL, c.name, c.first_name, c.last_name,
    (SELECT e.value ->> 'address' FROM jsonb_array_elements(c.emails) AS e (value)
        WHERE CAST(e.value ->> 'primary' AS BOOLEAN) LIMIT 1),
    c.language, c.address ->> 'country', c.metadata ->> 'time_zone'
FROM contacts c WHERE c.archived_at IS NULL
UNION ALL
SELECT l.id, 'lead', l.company_id, NULL, NULL, l.id, l.name, l.first_name, l.last_name, l.email, NULL, l.address ->> 'country',
    l.metadata ->> 'time_zone'
FROM leads l WHERE l.status <> 'converted';
DROP TRIGGER idempotency_keys_subjects ON idempotency_keys;
DROP FUNCTION idempotency_keys_subjects();
DROP TRIGGER activities_participants_update ON activities;
DROP TRIGGER activities_participants_insert ON activities;
DROP FUNCTION activities_participants();
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
DROP INDEX suppressions_channel;
DROP INDEX suppressions_address_hash_key;
UPDATE suppressions SET address = address_hash WHERE address IS NULL;
ALTER TABLE suppressions ALTER COLUMN address SET NOT NULL;
ALTER TABLE suppressions DROP COLUMN address_hash;
CREATE UNIQUE INDEX suppressions_channel_address_key ON suppressions (channel, address);
DROP FUNCTION fold(TEXT);
DROP FUNCTION address_hash(TEXT);
