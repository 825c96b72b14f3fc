-- Baseline of the area `identity`.

-- Who may do what, and where. Hashes and private keys have tables of their own, so that no list, event or export can
-- carry them along.

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    status TEXT NOT NULL,
    must_change_password INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    search TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_email_key ON users (email);
CREATE INDEX users_name_idx ON users (name, id);
CREATE INDEX users_status_idx ON users (status, id);
CREATE INDEX users_created_at_idx ON users (created_at, id);
CREATE INDEX users_updated_at_id ON users (updated_at, id);

-- Argon2id in the PHC form. A user without a row cannot log in with a password.
CREATE TABLE user_credentials (
    id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    password_hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE roles (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    permissions TEXT NOT NULL,
    ready_made INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_code_key ON roles (code);
CREATE INDEX roles_name_idx ON roles (name, id);
CREATE INDEX roles_created_at_idx ON roles (created_at, id);
CREATE INDEX roles_ready_made_idx ON roles (ready_made, id);
CREATE INDEX roles_updated_at_id ON roles (updated_at, id);

CREATE TABLE role_assignments (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    role_id BLOB NOT NULL REFERENCES roles (id),
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX role_assignments_user_id_role_id_key ON role_assignments (user_id, role_id);
CREATE INDEX role_assignments_role_id_idx ON role_assignments (role_id, id);

-- company_id is empty when the grant is on all companies. The companies are made in a later migration, so no
-- reference is declared; the operation that grants checks it.
CREATE TABLE company_grants (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    company_id BLOB,
    all_companies INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX company_grants_user_id_company_id_key ON company_grants (user_id, company_id);
CREATE UNIQUE INDEX company_grants_all_key ON company_grants (user_id) WHERE company_id IS NULL;
CREATE INDEX company_grants_company_id_idx ON company_grants (company_id, id);

CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    name TEXT NOT NULL,
    ends_with TEXT NOT NULL,
    permissions TEXT NOT NULL,
    company_ids TEXT,
    status TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    last_used_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    parent_id BLOB NULL REFERENCES api_keys (id) ON DELETE SET NULL
) STRICT;
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
    id BLOB NOT NULL PRIMARY KEY,
    api_key_id BLOB NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE,
    secret_hash BLOB NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX api_key_secrets_secret_hash_key ON api_key_secrets (secret_hash);
CREATE INDEX api_key_secrets_api_key_id_idx ON api_key_secrets (api_key_id, id);

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id),
    status TEXT NOT NULL,
    address TEXT,
    refreshed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    revocation_reason TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user_id_idx ON sessions (user_id, id);
CREATE INDEX sessions_status_idx ON sessions (status, id);
CREATE INDEX sessions_refreshed_at_idx ON sessions (refreshed_at, id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at, id);
CREATE INDEX sessions_created_at_idx ON sessions (created_at, id);

-- SHA-256 of tokens of 256 random bits. A used one stays until it expires, so that a second use is noticed.
CREATE TABLE refresh_tokens (
    id BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL,
    used_at INTEGER,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_by BLOB NULL,
    generation INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX refresh_tokens_token_hash_key ON refresh_tokens (token_hash);
CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id, id);
CREATE INDEX refresh_tokens_expires_at_idx ON refresh_tokens (expires_at);

CREATE TABLE signing_keys (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    kid TEXT NOT NULL,
    public_key TEXT NOT NULL,
    signs_from_at INTEGER NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX signing_keys_kid_key ON signing_keys (kid);
CREATE INDEX signing_keys_expires_at_idx ON signing_keys (expires_at);

CREATE TABLE signing_key_secrets (
    id BLOB NOT NULL PRIMARY KEY REFERENCES signing_keys (id) ON DELETE CASCADE,
    seed BLOB NOT NULL
) STRICT;

-- Failed log-ins, so that every replica holds up who guesses. A source is the SHA-256 of an address or of an account.
CREATE TABLE login_failures (
    source BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failures_last_at ON login_failures (last_at);

-- From where an account was logged in to. A place is the SHA-256 of account and address together.
CREATE TABLE login_places (
    place BLOB NOT NULL PRIMARY KEY,
    last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_places_last_at ON login_places (last_at);
