-- What users are told of records, how, and of what they want to be reminded.
CREATE TABLE notifications (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    record_id TEXT NOT NULL,
    record_key UUID NOT NULL,
    record_kind TEXT NOT NULL,
    company_id UUID NULL REFERENCES companies (id),
    actor_id UUID NULL REFERENCES users (id),
    comment_id UUID NULL,
    event_id UUID NOT NULL,
    event_kind TEXT NOT NULL,
    old_value TEXT NULL,
    new_value TEXT NULL,
    in_app BOOLEAN NOT NULL,
    read_at TIMESTAMPTZ NULL,
    digest BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    UNIQUE (user_id, event_id, kind)
);
CREATE INDEX notifications_user_id ON notifications (user_id, id);
CREATE INDEX notifications_unread ON notifications (user_id, kind) WHERE read_at IS NULL;
CREATE INDEX notifications_digest ON notifications (user_id, id) WHERE digest;
CREATE INDEX notifications_record_id ON notifications (record_id, id);
CREATE INDEX notifications_record_key ON notifications (record_key, id);
CREATE INDEX notifications_company_id ON notifications (company_id, id);
CREATE INDEX notifications_actor_id ON notifications (actor_id, id);
CREATE INDEX notifications_created_at ON notifications (created_at, id);
CREATE INDEX notifications_updated_at ON notifications (updated_at, id);

CREATE TABLE notification_settings (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL UNIQUE REFERENCES users (id),
    channels JSONB NOT NULL,
    digest TEXT NOT NULL,
    digest_time TEXT NOT NULL,
    next_digest_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX notification_settings_next_digest_at ON notification_settings (next_digest_at, id);
CREATE INDEX notification_settings_updated_at ON notification_settings (updated_at, id);

CREATE TABLE reminders (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    record_id TEXT NOT NULL,
    record_key UUID NOT NULL,
    record_kind TEXT NOT NULL,
    company_id UUID NULL REFERENCES companies (id),
    remind_at TIMESTAMPTZ NOT NULL,
    note TEXT NULL,
    reminded_at TIMESTAMPTZ NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX reminders_user_id ON reminders (user_id, id);
CREATE INDEX reminders_record_id ON reminders (record_id, id);
CREATE INDEX reminders_record_key ON reminders (record_key, id);
CREATE INDEX reminders_company_id ON reminders (company_id, id);
CREATE INDEX reminders_remind_at ON reminders (remind_at, id);
CREATE INDEX reminders_due ON reminders (remind_at, id) WHERE reminded_at IS NULL;
CREATE INDEX reminders_created_at ON reminders (created_at, id);
CREATE INDEX reminders_updated_at ON reminders (updated_at, id);
