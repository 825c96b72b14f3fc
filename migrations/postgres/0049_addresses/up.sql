-- Addresses and numbers are compared by keys, through indexes, and what is searched is folded. The functions `fold` and
-- `address_hash` say the same as those of the program.

CREATE FUNCTION address_hash(given TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT encode(sha256(convert_to(given, 'UTF8')), 'hex') $$;
-- As `domain::kernel::text::fold`: no case, no accents, single spaces.
CREATE FUNCTION fold(given TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT normalize(replace(lower(
    replace(replace(replace(replace(replace(replace(translate(
        btrim(regexp_replace(regexp_replace(normalize(given, NFKD),
            '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g'), '\s+', ' ', 'g')),
        'ØøŁłĐđı', 'oollddi'), 'ß', 'ss'), 'ẞ', 'ss'), 'Æ', 'ae'), 'æ', 'ae'), 'Œ', 'oe'), 'œ', 'oe')
    COLLATE "und-x-icu"), 'ς', 'σ'), NFC) $$;

-- Suppressed addresses by hash: what is left of one whose owner was erased.
ALTER TABLE suppressions ADD COLUMN address_hash TEXT NULL;
ALTER TABLE suppressions ALTER COLUMN address DROP NOT NULL;
UPDATE suppressions SET address_hash = address_hash(
    (CASE channel WHEN 'email' THEN 'email:' WHEN 'post' THEN 'post:' ELSE 'phone:' END) || address);
ALTER TABLE suppressions ALTER COLUMN address_hash SET NOT NULL;
DROP INDEX suppressions_channel_address_key;
CREATE UNIQUE INDEX suppressions_address_hash_key ON suppressions (address_hash, channel);
CREATE INDEX suppressions_channel ON suppressions (channel, id);

-- The last word of each mailbox and number, whichever record it was said for, by hash, channel and topic ('' for all): a "no"
-- holds for every record with the address until somebody with it says yes again.
CREATE TABLE consent_addresses (
    address_hash TEXT NOT NULL,
    channel TEXT NOT NULL,
    topic TEXT NOT NULL,
    consent_id UUID NOT NULL REFERENCES consents (id),
    status TEXT NOT NULL,
    strictness BIGINT NOT NULL,
    effective_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (address_hash, channel, topic)
);
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
    consent_id UUID NOT NULL PRIMARY KEY REFERENCES consents (id),
    merge_id UUID NOT NULL,
    returned_at TIMESTAMPTZ NOT NULL
);

-- Numbers as they compare, written with their owner.
CREATE TABLE party_phones (
    party_id UUID NOT NULL REFERENCES parties (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    PRIMARY KEY (party_id, number)
);
CREATE INDEX party_phones_number ON party_phones (number);
CREATE TABLE contact_phones (
    contact_id UUID NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    number TEXT NOT NULL,
    PRIMARY KEY (contact_id, number)
);
CREATE INDEX contact_phones_number ON contact_phones (number);
INSERT INTO party_phones (party_id, number)
SELECT DISTINCT p.id, n.value ->> 'normalised' FROM parties p, jsonb_array_elements(p.phones) AS n (value)
WHERE p.merged_into IS NULL AND p.erased_at IS NULL AND n.value ->> 'normalised' <> '';
INSERT INTO contact_phones (contact_id, number)
SELECT DISTINCT c.id, n.value ->> 'normalised' FROM contacts c, jsonb_array_elements(c.phones) AS n (value)
WHERE c.merged_into IS NULL AND c.erased_at IS NULL AND n.value ->> 'normalised' <> '';

-- Tax numbers as they compare.
ALTER TABLE parties ADD COLUMN tax_key TEXT NOT NULL DEFAULT '';
UPDATE parties SET tax_key = upper(regexp_replace(tax_id, '[^[:alnum:]]', '', 'g'))
WHERE tax_id IS NOT NULL AND merged_into IS NULL;
CREATE INDEX parties_tax_key ON parties (tax_key, id);

-- Mailboxes that rows name without a pointer to their owner.
CREATE INDEX leads_mailbox ON leads (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX leads_phone_normalised ON leads (phone_normalised) WHERE phone_normalised IS NOT NULL;
CREATE INDEX leads_converted_contact ON leads (converted_contact_id) WHERE converted_contact_id IS NOT NULL;
CREATE INDEX cases_mailbox ON cases (lower(requester_email)) WHERE requester_email IS NOT NULL;
CREATE INDEX quotes_mailbox ON quotes (lower(answer ->> 'email')) WHERE answer IS NOT NULL;
CREATE INDEX lead_form_submissions_mailbox ON lead_form_submissions (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX consent_confirmations_mailbox ON consent_confirmations (lower(email)) WHERE email IS NOT NULL;
CREATE INDEX campaign_members_mailbox ON campaign_members (email_key) WHERE email_key IS NOT NULL;
CREATE INDEX case_messages_author_contact ON case_messages (author_contact_id) WHERE author_contact_id IS NOT NULL;

-- Who takes part in activities: mailboxes in lower case, and contacts by their ids on the wire.
CREATE TABLE activity_participants (
    activity_id UUID NOT NULL REFERENCES activities (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    PRIMARY KEY (activity_id, key)
);
CREATE INDEX activity_participants_key ON activity_participants (key);
INSERT INTO activity_participants (activity_id, key)
SELECT DISTINCT a.id, COALESCE(lower(p.value ->> 'email'), p.value ->> 'contact_id')
FROM activities a, jsonb_array_elements(a.participants) AS p (value)
WHERE COALESCE(p.value ->> 'email', p.value ->> 'contact_id') IS NOT NULL;
CREATE FUNCTION activities_participants() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM activity_participants WHERE activity_id = NEW.id;
    END IF;
    INSERT INTO activity_participants (activity_id, key)
    SELECT DISTINCT NEW.id, COALESCE(lower(p.value ->> 'email'), p.value ->> 'contact_id')
    FROM jsonb_array_elements(NEW.participants) AS p (value)
    WHERE COALESCE(p.value ->> 'email', p.value ->> 'contact_id') IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER activities_participants_insert AFTER INSERT ON activities
FOR EACH ROW WHEN (NEW.participants <> '[]') EXECUTE FUNCTION activities_participants();
CREATE TRIGGER activities_participants_update AFTER UPDATE OF participants ON activities
FOR EACH ROW WHEN (NEW.participants <> OLD.participants) EXECUTE FUNCTION activities_participants();

-- The people and things that a kept answer names, by their ids on the wire.
CREATE TABLE idempotency_subjects (
    scope TEXT NOT NULL REFERENCES idempotency_keys (scope) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    PRIMARY KEY (subject, scope)
);
CREATE INDEX idempotency_subjects_scope ON idempotency_subjects (scope);
CREATE FUNCTION idempotency_keys_subjects() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO idempotency_subjects (scope, subject)
    SELECT DISTINCT NEW.scope, m[1] FROM regexp_matches(NEW.answer, '"((?:pty|con|lead|act|case|quo|sup)_[0-9a-z]{26})"', 'g') AS m
    ON CONFLICT (subject, scope) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER idempotency_keys_subjects AFTER UPDATE OF answer ON idempotency_keys
FOR EACH ROW WHEN (NEW.answer IS NOT NULL) EXECUTE FUNCTION idempotency_keys_subjects();
INSERT INTO idempotency_subjects (scope, subject)
SELECT DISTINCT k.scope, m[1] FROM idempotency_keys k, regexp_matches(k.answer, '"((?:pty|con|lead|act|case|quo|sup)_[0-9a-z]{26})"', 'g') AS m WHERE k.answer IS NOT NULL;

-- Who writes to a mailbox holds its row until the message is on its way, so that two campaigns at once see each other's.
CREATE TABLE mailbox_turns (
    company_id UUID NOT NULL REFERENCES companies (id),
    address_hash TEXT NOT NULL,
    taken_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (company_id, address_hash)
);

-- A person without an address and time zone of their own is written to by the hours of the firm.
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
    c.language,
    CASE WHEN c.address ->> 'country' IS NOT NULL OR c.metadata ->> 'time_zone' IS NOT NULL
        THEN c.address ->> 'country'
        ELSE (SELECT (SELECT a.value -> 'address' ->> 'country' FROM jsonb_array_elements(f.addresses) AS a (value) LIMIT 1) FROM relationships r JOIN parties f ON f.id = r.party_id
            WHERE r.contact_id = c.id AND (r.from_date IS NULL OR r.from_date <= CURRENT_DATE)
                AND (r.to_date IS NULL OR r.to_date >= CURRENT_DATE) AND f.archived_at IS NULL
            ORDER BY r.is_primary DESC, r.id LIMIT 1) END,
    CASE WHEN c.address ->> 'country' IS NOT NULL OR c.metadata ->> 'time_zone' IS NOT NULL
        THEN c.metadata ->> 'time_zone'
        ELSE (SELECT f.metadata ->> 'time_zone' FROM relationships r JOIN parties f ON f.id = r.party_id
            WHERE r.contact_id = c.id AND (r.from_date IS NULL OR r.from_date <= CURRENT_DATE)
                AND (r.to_date IS NULL OR r.to_date >= CURRENT_DATE) AND f.archived_at IS NULL
            ORDER BY r.is_primary DESC, r.id LIMIT 1) END
FROM contacts c WHERE c.archived_at IS NULL
UNION ALL
SELECT l.id, 'lead', l.company_id, NULL, NULL, l.id, l.name, l.first_name, l.last_name, l.email, NULL, l.address ->> 'country',
    l.metadata ->> 'time_zone'
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
