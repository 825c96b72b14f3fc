-- What the clock could not do: one row for each thing that failed, until it succeeds.
CREATE TABLE timer_failures (
    id UUID NOT NULL PRIMARY KEY,
    timer TEXT NOT NULL,
    subject TEXT NOT NULL,
    code TEXT NOT NULL,
    detail TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    retry_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX timer_failures_key ON timer_failures (timer, subject);
CREATE INDEX timer_failures_subject ON timer_failures (subject, id);
CREATE INDEX timer_failures_created_at ON timer_failures (created_at, id);
CREATE INDEX timer_failures_updated_at_id ON timer_failures (updated_at, id);
