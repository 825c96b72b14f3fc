-- Between which numbers and ids the facts of a day lie, so that a bound in time becomes a bound in the feed and in the audit
-- log. A clock that was set back makes a day wider and never wrong.
CREATE TABLE event_days (
    day TEXT NOT NULL PRIMARY KEY,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    first_id BLOB NOT NULL,
    last_id BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO event_days (day, first_seq, last_seq, first_id, last_id)
SELECT strftime('%Y-%m-%d', e.at / 1000000, 'unixepoch'), MIN(l.seq), MAX(l.seq), MIN(e.id), MAX(e.id)
FROM events e JOIN event_links l ON l.event_id = e.id WHERE l.seq IS NOT NULL GROUP BY 1;
CREATE INDEX events_actor ON events (actor, id);
