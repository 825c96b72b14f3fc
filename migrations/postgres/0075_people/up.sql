-- What users say of themselves: the time zone of their days and the file with their picture.
ALTER TABLE users ADD COLUMN time_zone TEXT NULL;
ALTER TABLE users ADD COLUMN picture_id UUID NULL;
