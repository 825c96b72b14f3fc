-- When people work: hours of the week in a time zone, and holidays. Targets of service and response times count by them.
CREATE TABLE calendars (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    working_hours JSONB NOT NULL,
    holidays JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX calendars_name_key ON calendars (name);
CREATE INDEX calendars_time_zone ON calendars (time_zone, id);
CREATE INDEX calendars_created_at ON calendars (created_at, id);
CREATE INDEX calendars_updated_at ON calendars (updated_at, id);
