-- A second factor of log-in: time-based codes (RFC 6238) and codes for who has lost the device.
ALTER TABLE users ADD COLUMN second_factor_enabled INTEGER NOT NULL DEFAULT 0;

-- One for a user. It counts from when its first code was confirmed. No code is accepted twice: `last_step` is that of the last.
CREATE TABLE second_factors (
    id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret BLOB NOT NULL,
    last_step INTEGER NOT NULL,
    confirmed_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

-- SHA-256 of random codes.
CREATE TABLE recovery_codes (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL,
    used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX recovery_codes_user_id_code_hash ON recovery_codes (user_id, code_hash);
