ALTER TABLE users DROP COLUMN picture_id;
ALTER TABLE users DROP COLUMN time_zone;
