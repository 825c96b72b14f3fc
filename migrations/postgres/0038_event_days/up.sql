-- Between which numbers and ids the facts of a day lie, so that a bound in time becomes a bound in the feed and in the audit
-- log. A clock that was set back makes a day wider and never wrong.
CREATE TABLE event_days (
    day DATE NOT NULL PRIMARY KEY,
    first_seq BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    first_id UUID NOT NULL,
    last_id UUID NOT NULL
);
INSERT INTO event_days (day, first_seq, last_seq, first_id, last_id)
SELECT (e.at AT TIME ZONE 'UTC')::date, MIN(l.seq), MAX(l.seq), (array_agg(e.id ORDER BY e.id))[1], (array_agg(e.id ORDER BY e.id DESC))[1]
FROM events e JOIN event_links l ON l.event_id = e.id WHERE l.seq IS NOT NULL GROUP BY 1;
CREATE INDEX events_actor ON events (actor, id);
