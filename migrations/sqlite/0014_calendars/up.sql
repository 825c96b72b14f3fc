-- When people work: hours of the week in a time zone, and holidays. Targets of service and response times count by them.
CREATE TABLE calendars (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    working_hours TEXT NOT NULL,
    holidays TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX calendars_name_key ON calendars (name);
CREATE INDEX calendars_time_zone ON calendars (time_zone, id);
CREATE INDEX calendars_created_at ON calendars (created_at, id);
CREATE INDEX calendars_updated_at ON calendars (updated_at, id);
