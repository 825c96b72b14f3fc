-- Who works in a territory: permissions may reach the records of the territories that a user works in.
CREATE TABLE territory_members (
    territory_id UUID NOT NULL REFERENCES territories (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (territory_id, user_id)
);
CREATE INDEX territory_members_user_id ON territory_members (user_id, territory_id);
