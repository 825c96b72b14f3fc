-- Addresses and numbers are compared by keys, through indexes, and what is searched is folded. The functions `fold` and
-- `address_hash` are made known to each connection by the program.

-- Suppressed addresses by hash: what is left of one whose owner was erased.
CREATE TABLE suppressions_by_hash (
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
INSERT INTO suppressions_by_hash (id, channel, address, address_hash, reason, note, version, created_at, updated_at)
SELECT id, channel, address, address_hash(
    (CASE channel WHEN 'email' THEN 'email:' WHEN 'post' THEN 'post:' ELSE 'phone:' END) || address), reason, note, version, created_at,
    updated_at FROM suppressions;
DROP TABLE suppressions;
ALTER TABLE suppressions_by_hash RENAME TO suppressions;
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
INSERT INTO consent_addresses (address_hash, channel, topic, consent_id, status, strictness, effective_at)
SELECT address_hash('email:' || a.address), s.channel, s.topic, s.consent_id, s.status, s.strictness, s.effective_at
FROM consent_states s JOIN (
    SELECT party_id AS subject, address FROM party_emails UNION ALL SELECT contact_id, address FROM contact_emails
    UNION ALL SELECT id, lower(email) FROM leads WHERE email IS NOT NULL) a ON a.subject = s.subject
WHERE s.channel = 'email' AND s.status <> 'pending_doi'
ORDER BY s.effective_at DESC, s.strictness DESC
ON CONFLICT (address_hash, channel, topic) DO NOTHING;

-- Rows of the ledger that a merge had carried to somebody and that do not count since it was taken back.
CREATE TABLE consent_returns (
    consent_id BLOB NOT NULL PRIMARY KEY REFERENCES consents (id),
    merge_id BLOB NOT NULL,
    returned_at INTEGER NOT NULL
) STRICT;

-- Numbers as they compare, written with their owner.
CREATE TABLE party_phones (
    party_id BLOB NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    PRIMARY KEY (party_id, number)
) STRICT;
CREATE INDEX party_phones_number ON party_phones (number);
CREATE TABLE contact_phones (
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    PRIMARY KEY (contact_id, number)
) STRICT;
CREATE INDEX contact_phones_number ON contact_phones (number);
INSERT INTO party_phones (party_id, number)
SELECT DISTINCT p.id, json_extract(n.value, '$.normalised') FROM parties p, json_each(p.phones) n
WHERE p.merged_into IS NULL AND p.erased_at IS NULL AND json_extract(n.value, '$.normalised') <> '';
INSERT INTO contact_phones (contact_id, number)
SELECT DISTINCT c.id, json_extract(n.value, '$.normalised') FROM contacts c, json_each(c.phones) n
WHERE c.merged_into IS NULL AND c.erased_at IS NULL AND json_extract(n.value, '$.normalised') <> '';

-- Tax numbers as they compare.
ALTER TABLE parties ADD COLUMN tax_key TEXT NOT NULL DEFAULT '';
UPDATE parties SET tax_key = upper(replace(replace(replace(replace(replace(tax_id, ' ', ''), '-', ''), '.', ''), '/', ''), '_', ''))
WHERE tax_id IS NOT NULL AND merged_into IS NULL;
CREATE INDEX parties_tax_key ON parties (tax_key, id);

-- Mailboxes that rows name without a pointer to their owner.
CREATE INDEX leads_mailbox ON leads (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX leads_phone_normalised ON leads (phone_normalised) WHERE phone_normalised IS NOT NULL;
CREATE INDEX leads_converted_contact ON leads (converted_contact_id) WHERE converted_contact_id IS NOT NULL;
CREATE INDEX cases_mailbox ON cases (lower(requester_email)) WHERE requester_email IS NOT NULL;
CREATE INDEX quotes_mailbox ON quotes (lower(json_extract(answer, '$.email'))) WHERE answer IS NOT NULL;
CREATE INDEX lead_form_submissions_mailbox ON lead_form_submissions (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX consent_confirmations_mailbox ON consent_confirmations (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX campaign_members_mailbox ON campaign_members (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX case_messages_author_contact ON case_messages (author_contact_id) WHERE author_contact_id IS NOT NULL;

-- Who takes part in activities: mailboxes in lower case, and contacts by their ids on the wire.
CREATE TABLE activity_participants (
    activity_id BLOB NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (activity_id, key)
) STRICT;
CREATE INDEX activity_participants_key ON activity_participants (key);
INSERT INTO activity_participants (activity_id, key)
SELECT DISTINCT a.id, COALESCE(lower(json_extract(p.value, '$.email')), json_extract(p.value, '$.contact_id'))
FROM activities a, json_each(a.participants) p
WHERE COALESCE(json_extract(p.value, '$.email'), json_extract(p.value, '$.contact_id')) IS NOT NULL;
CREATE TRIGGER activities_participants_insert AFTER INSERT ON activities WHEN NEW.participants <> '[]'
BEGIN
    INSERT INTO activity_participants (activity_id, key)
    SELECT DISTINCT NEW.id, COALESCE(lower(json_extract(p.value, '$.email')), json_extract(p.value, '$.contact_id'))
    FROM json_each(NEW.participants) p
    WHERE COALESCE(json_extract(p.value, '$.email'), json_extract(p.value, '$.contact_id')) IS NOT NULL;
END;
CREATE TRIGGER activities_participants_update AFTER UPDATE OF participants ON activities WHEN NEW.participants <> OLD.participants
BEGIN
    DELETE FROM activity_participants WHERE activity_id = NEW.id;
    INSERT INTO activity_participants (activity_id, key)
    SELECT DISTINCT NEW.id, COALESCE(lower(json_extract(p.value, '$.email')), json_extract(p.value, '$.contact_id'))
    FROM json_each(NEW.participants) p
    WHERE COALESCE(json_extract(p.value, '$.email'), json_extract(p.value, '$.contact_id')) IS NOT NULL;
END;

-- The people and things that a kept answer names, by their ids on the wire.
CREATE TABLE idempotency_subjects (
    scope TEXT NOT NULL REFERENCES idempotency_keys (scope) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    PRIMARY KEY (subject, scope)
) STRICT;
CREATE INDEX idempotency_subjects_scope ON idempotency_subjects (scope);
CREATE TRIGGER idempotency_keys_subjects AFTER UPDATE OF answer ON idempotency_keys
WHEN NEW.answer IS NOT NULL AND json_valid(NEW.answer)
BEGIN
    INSERT INTO idempotency_subjects (scope, subject)
    SELECT DISTINCT NEW.scope, n.value FROM json_tree(NEW.answer) n
    WHERE n.type = 'text' AND length(n.value) BETWEEN 30 AND 31
        AND substr(n.value, 1, instr(n.value, '_')) IN ('pty_', 'con_', 'lead_', 'act_', 'case_', 'quo_', 'sup_')
    ON CONFLICT (subject, scope) DO NOTHING;
END;
INSERT INTO idempotency_subjects (scope, subject)
SELECT DISTINCT k.scope, n.value FROM idempotency_keys k, json_tree(k.answer) n
WHERE k.answer IS NOT NULL AND json_valid(k.answer) AND n.type = 'text' AND length(n.value) BETWEEN 30 AND 31
    AND substr(n.value, 1, instr(n.value, '_')) IN ('pty_', 'con_', 'lead_', 'act_', 'case_', 'quo_', 'sup_');

-- Who writes to a mailbox holds its row until the message is on its way, so that two campaigns at once see each other's.
CREATE TABLE mailbox_turns (
    company_id BLOB NOT NULL REFERENCES companies (id),
    address_hash TEXT NOT NULL,
    taken_at INTEGER NOT NULL,
    PRIMARY KEY (company_id, address_hash)
) STRICT;

-- A person without an address and time zone of their own is written to by the hours of the firm.
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
    c.language,
    CASE WHEN json_extract(c.address, '$.country') IS NOT NULL OR json_extract(c.metadata, '$.time_zone') IS NOT NULL
        THEN json_extract(c.address, '$.country')
        ELSE (SELECT (SELECT json_extract(a.value, '$.address.country') FROM json_each(f.addresses) AS a LIMIT 1)
            FROM relationships r JOIN parties f ON f.id = r.party_id
            WHERE r.contact_id = c.id AND (r.from_date IS NULL OR r.from_date <= CURRENT_DATE)
                AND (r.to_date IS NULL OR r.to_date >= CURRENT_DATE) AND f.archived_at IS NULL
            ORDER BY r.is_primary DESC, r.id LIMIT 1) END,
    CASE WHEN json_extract(c.address, '$.country') IS NOT NULL OR json_extract(c.metadata, '$.time_zone') IS NOT NULL
        THEN json_extract(c.metadata, '$.time_zone')
        ELSE (SELECT json_extract(f.metadata, '$.time_zone') FROM relationships r JOIN parties f ON f.id = r.party_id
            WHERE r.contact_id = c.id AND (r.from_date IS NULL OR r.from_date <= CURRENT_DATE)
                AND (r.to_date IS NULL OR r.to_date >= CURRENT_DATE) AND f.archived_at IS NULL
            ORDER BY r.is_primary DESC, r.id LIMIT 1) END
FROM contacts c WHERE c.archived_at IS NULL
UNION ALL
SELECT l.id, 'lead', l.company_id, NULL, NULL, l.id, l.name, l.first_name, l.last_name, l.email, NULL,
    json_extract(l.address, '$.country'), json_extract(l.metadata, '$.time_zone')
FROM leads l WHERE l.status <> 'converted';

-- What is searched is folded.
UPDATE users SET search = fold(search);
UPDATE companies SET search = fold(search);
UPDATE products SET search = fold(search);
UPDATE parties SET search = fold(search);
UPDATE contacts SET search = fold(search);
UPDATE leads SET search = fold(search);
UPDATE opportunities SET search = fold(search);
UPDATE activities SET search = fold(search);
UPDATE quotes SET search = fold(search);
UPDATE cases SET search = fold(search);
UPDATE kb_articles SET search = fold(search);
UPDATE templates SET search = fold(search);
UPDATE segments SET search = fold(search);
UPDATE campaigns SET search = fold(search);
UPDATE journeys SET search = fold(search);
