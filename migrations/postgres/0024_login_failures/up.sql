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
