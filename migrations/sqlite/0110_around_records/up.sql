-- What stands beside records of any noun: what people say about them, files, and who watches them. record_id is the id on the
-- wire, record_key the id as it is kept.
CREATE TABLE comments (
    id BLOB NOT NULL PRIMARY KEY,
    record_id TEXT NOT NULL,
    record_key BLOB NOT NULL,
    record_kind TEXT NOT NULL,
    company_id BLOB NULL REFERENCES companies (id),
    party_id BLOB NULL REFERENCES parties (id),
    author_id BLOB NULL REFERENCES users (id),
    body TEXT NULL,
    mention_ids TEXT NOT NULL,
    edited_at INTEGER NULL,
    deleted_at INTEGER NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CHECK ((body IS NULL) OR (deleted_at IS NULL))
) STRICT;
CREATE INDEX comments_record_id ON comments (record_id, id);
CREATE INDEX comments_record_key ON comments (record_key, id);
CREATE INDEX comments_company_id ON comments (company_id, id);
CREATE INDEX comments_party_id ON comments (party_id, id);
CREATE INDEX comments_author_id ON comments (author_id, id);
CREATE INDEX comments_created_at ON comments (created_at, id);
CREATE INDEX comments_updated_at ON comments (updated_at, id);

CREATE TABLE attachments (
    id BLOB NOT NULL PRIMARY KEY,
    record_id TEXT NOT NULL,
    record_key BLOB NOT NULL,
    record_kind TEXT NOT NULL,
    company_id BLOB NULL REFERENCES companies (id),
    party_id BLOB NULL REFERENCES parties (id),
    uploaded_by_id BLOB NULL REFERENCES users (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size > 0),
    sha256 TEXT NOT NULL,
    search TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX attachments_record_id ON attachments (record_id, id);
CREATE INDEX attachments_record_key ON attachments (record_key, id);
CREATE INDEX attachments_company_id ON attachments (company_id, id);
CREATE INDEX attachments_party_id ON attachments (party_id, id);
CREATE INDEX attachments_uploaded_by_id ON attachments (uploaded_by_id, id);
CREATE INDEX attachments_sha256 ON attachments (sha256, id);
CREATE INDEX attachments_name ON attachments (name, id);
CREATE INDEX attachments_size ON attachments (size, id);
CREATE INDEX attachments_created_at ON attachments (created_at, id);
CREATE INDEX attachments_updated_at ON attachments (updated_at, id);

CREATE TABLE attachment_contents (
    id BLOB NOT NULL PRIMARY KEY REFERENCES attachments (id),
    content BLOB NOT NULL
) STRICT;

CREATE TABLE watchers (
    id BLOB NOT NULL PRIMARY KEY,
    record_id TEXT NOT NULL,
    record_key BLOB NOT NULL,
    record_kind TEXT NOT NULL,
    company_id BLOB NULL REFERENCES companies (id),
    user_id BLOB NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    stopped_at INTEGER NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (record_key, user_id)
) STRICT;
CREATE INDEX watchers_record_id ON watchers (record_id, id);
CREATE INDEX watchers_company_id ON watchers (company_id, id);
CREATE INDEX watchers_user_id ON watchers (user_id, id);
CREATE INDEX watchers_created_at ON watchers (created_at, id);
CREATE INDEX watchers_updated_at ON watchers (updated_at, id);
