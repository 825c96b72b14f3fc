-- Followers read the numbered facts in their order, each from its own cursor. The cursor moves in the transaction of the effect.
CREATE TABLE followers (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    cursor_seq BIGINT NOT NULL,
    rebuild_to BIGINT NULL,
    rebuilt_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX followers_name_key ON followers (name);
CREATE INDEX followers_created_at ON followers (created_at, id);
CREATE INDEX followers_updated_at ON followers (updated_at, id);

-- Facts that a follower failed on: they wait for the next attempt, or are set aside.
CREATE TABLE follower_failures (
    id UUID NOT NULL PRIMARY KEY,
    follower_id UUID NOT NULL REFERENCES followers (id),
    event_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NULL,
    retry_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX follower_failures_seq_key ON follower_failures (follower_id, seq);
CREATE INDEX follower_failures_status ON follower_failures (status, id);
CREATE INDEX follower_failures_kind ON follower_failures (kind, id);
CREATE INDEX follower_failures_subject ON follower_failures (subject, id);
CREATE INDEX follower_failures_retry_at ON follower_failures (follower_id, retry_at);
CREATE INDEX follower_failures_created_at ON follower_failures (created_at, id);
CREATE INDEX follower_failures_updated_at ON follower_failures (updated_at, id);
