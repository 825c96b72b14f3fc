-- Files that people bring. The content stands apart, so that lists never touch it.
CREATE TABLE stored_files (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX stored_files_created_at ON stored_files (created_at, id);
CREATE INDEX stored_files_name ON stored_files (name, id);
CREATE INDEX stored_files_sha256 ON stored_files (sha256);

CREATE TABLE file_contents (
    id BLOB NOT NULL PRIMARY KEY REFERENCES stored_files (id),
    content BLOB NOT NULL
) STRICT;
