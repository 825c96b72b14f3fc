-- Baseline of the area `identity`.

-- The database guards the books itself: what is posted balances and stays.

CREATE FUNCTION journal_entry_balances(entry UUID) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lines BIGINT;
    difference NUMERIC;
BEGIN
    SELECT COUNT(*), COALESCE(SUM(debit - credit), 0) INTO lines, difference FROM journal_lines WHERE journal_entry_id = entry;
    IF lines < 2 OR difference <> 0 THEN
        RAISE EXCEPTION 'tandem: journal entry % does not balance', entry;
    END IF;
END $$;

-- Who may do what, and where. Hashes and private keys have tables of their own, so that no list, event or export can
-- carry them along.

CREATE TABLE users (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    status TEXT NOT NULL,
    must_change_password BOOLEAN NOT NULL,
    metadata JSONB NOT NULL,
    search TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX users_email_key ON users (email);
CREATE INDEX users_name_idx ON users (name, id);
CREATE INDEX users_status_idx ON users (status, id);
CREATE INDEX users_created_at_idx ON users (created_at, id);
CREATE INDEX users_updated_at_id ON users (updated_at, id);

-- Argon2id in the PHC form. A user without a row cannot log in with a password.
CREATE TABLE user_credentials (
    id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE roles (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions JSONB NOT NULL,
    ready_made BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX roles_code_key ON roles (code);
CREATE INDEX roles_name_idx ON roles (name, id);
CREATE INDEX roles_created_at_idx ON roles (created_at, id);
CREATE INDEX roles_ready_made_idx ON roles (ready_made, id);
CREATE INDEX roles_updated_at_id ON roles (updated_at, id);

CREATE TABLE role_assignments (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    role_id UUID NOT NULL REFERENCES roles (id),
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX role_assignments_user_id_role_id_key ON role_assignments (user_id, role_id);
CREATE INDEX role_assignments_role_id_idx ON role_assignments (role_id, id);

-- company_id is empty when the grant is on all companies. The companies are made in a later migration, so no
-- reference is declared; the operation that grants checks it.
CREATE TABLE company_grants (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    company_id UUID,
    all_companies BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX company_grants_user_id_company_id_key ON company_grants (user_id, company_id);
CREATE UNIQUE INDEX company_grants_all_key ON company_grants (user_id) WHERE company_id IS NULL;
CREATE INDEX company_grants_company_id_idx ON company_grants (company_id, id);

CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    ends_with TEXT NOT NULL,
    permissions JSONB NOT NULL,
    company_ids JSONB,
    status TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    parent_id UUID NULL REFERENCES api_keys (id) ON DELETE SET NULL
);
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id, id);
CREATE INDEX api_keys_name_idx ON api_keys (name, id);
CREATE INDEX api_keys_status_idx ON api_keys (status, id);
CREATE INDEX api_keys_expires_at_idx ON api_keys (expires_at, id);
CREATE INDEX api_keys_last_used_at_idx ON api_keys (last_used_at, id);
CREATE INDEX api_keys_created_at_idx ON api_keys (created_at, id);
CREATE INDEX api_keys_updated_at_id ON api_keys (updated_at, id);
CREATE INDEX api_keys_parent_id_idx ON api_keys (parent_id);

-- SHA-256 of secrets of 256 random bits; two rows for one key while it is rotated with an overlap.
CREATE TABLE api_key_secrets (
    id UUID PRIMARY KEY,
    api_key_id UUID NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    secret_hash BYTEA NOT NULL,
    expires_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX api_key_secrets_secret_hash_key ON api_key_secrets (secret_hash);
CREATE INDEX api_key_secrets_api_key_id_idx ON api_key_secrets (api_key_id, id);

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id),
    status TEXT NOT NULL,
    address TEXT,
    refreshed_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    revocation_reason TEXT,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id, id);
CREATE INDEX sessions_status_idx ON sessions (status, id);
CREATE INDEX sessions_refreshed_at_idx ON sessions (refreshed_at, id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at, id);
CREATE INDEX sessions_created_at_idx ON sessions (created_at, id);

-- SHA-256 of tokens of 256 random bits. A used one stays until it expires, so that a second use is noticed.
CREATE TABLE refresh_tokens (
    id UUID PRIMARY KEY,
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash BYTEA NOT NULL,
    used_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    used_by BYTEA NULL,
    generation BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX refresh_tokens_token_hash_key ON refresh_tokens (token_hash);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id, id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE TABLE signing_keys (
    id UUID PRIMARY KEY,
    version BIGINT NOT NULL,
    kid TEXT NOT NULL,
    public_key TEXT NOT NULL,
    signs_from_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX signing_keys_kid_key ON signing_keys (kid);
CREATE INDEX signing_keys_expires_at_idx ON signing_keys (expires_at);

CREATE TABLE signing_key_secrets (
    id UUID PRIMARY KEY REFERENCES signing_keys (id) ON DELETE CASCADE,
    seed BYTEA NOT NULL
);

-- Failed log-ins, so that every replica holds up who guesses. A source is the SHA-256 of an address or of an account.
CREATE TABLE login_failures (
    source BYTEA NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX login_failures_last_at ON login_failures (last_at);

-- From where an account was logged in to. A place is the SHA-256 of account and address together.
CREATE TABLE login_places (
    place BYTEA NOT NULL PRIMARY KEY,
    last_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX login_places_last_at ON login_places (last_at);

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
