-- How users look at lists: for themselves, for a team or for everybody.
CREATE TABLE saved_views (
    id BLOB NOT NULL PRIMARY KEY,
    noun TEXT NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    owner_id BLOB NULL REFERENCES users (id),
    team_id BLOB NULL REFERENCES teams (id),
    filters TEXT NOT NULL,
    sort TEXT NULL,
    columns TEXT NOT NULL,
    groups TEXT NOT NULL,
    is_default INTEGER NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((scope = 'team') = (team_id IS NOT NULL))
) STRICT;
CREATE INDEX saved_views_owner_id ON saved_views (owner_id, id);
CREATE INDEX saved_views_team_id ON saved_views (team_id, id);
CREATE INDEX saved_views_noun ON saved_views (noun, scope, id);
CREATE INDEX saved_views_name ON saved_views (name, id);
CREATE INDEX saved_views_created_at ON saved_views (created_at, id);
CREATE INDEX saved_views_updated_at ON saved_views (updated_at, id);
