DROP TABLE settings;
DROP TABLE links;
DROP TABLE number_series;
DROP TABLE jobs;
DROP TABLE idempotency_keys;
DROP TABLE events;
DROP FUNCTION events_guard();
