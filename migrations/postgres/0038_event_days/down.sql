DROP INDEX events_actor;
DROP TABLE event_days;
