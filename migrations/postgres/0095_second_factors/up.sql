-- A second factor of log-in: time-based codes (RFC 6238) and codes for who has lost the device.
ALTER TABLE users ADD COLUMN second_factor_enabled BOOLEAN NOT NULL DEFAULT FALSE;

-- One for a user. It counts from when its first code was confirmed. No code is accepted twice: `last_step` is that of the last.
CREATE TABLE second_factors (
    id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret BYTEA NOT NULL,
    last_step BIGINT NOT NULL,
    confirmed_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

-- SHA-256 of random codes.
CREATE TABLE recovery_codes (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BYTEA NOT NULL,
    used_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX recovery_codes_user_id_code_hash ON recovery_codes (user_id, code_hash);
