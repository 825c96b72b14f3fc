-- Files that people bring. The content stands apart, so that lists never touch it.
CREATE TABLE stored_files (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX stored_files_created_at ON stored_files (created_at, id);
CREATE INDEX stored_files_name ON stored_files (name, id);
CREATE INDEX stored_files_sha256 ON stored_files (sha256);

CREATE TABLE file_contents (
    id UUID NOT NULL PRIMARY KEY REFERENCES stored_files (id),
    content BYTEA NOT NULL
);
