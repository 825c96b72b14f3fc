-- Tags on records of nouns that have no column for them. tag_key is how a tag compares.
CREATE TABLE record_tags (
    id BLOB NOT NULL PRIMARY KEY,
    record_id TEXT NOT NULL,
    record_key BLOB NOT NULL,
    record_kind TEXT NOT NULL,
    company_id BLOB NULL REFERENCES companies (id),
    tag TEXT NOT NULL,
    tag_key TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (record_key, tag_key)
) STRICT;
CREATE INDEX record_tags_tag_key ON record_tags (tag_key, record_key);
CREATE INDEX record_tags_tag ON record_tags (tag, id);
CREATE INDEX record_tags_record_id ON record_tags (record_id, id);
CREATE INDEX record_tags_company_id ON record_tags (company_id, id);
CREATE INDEX record_tags_created_at ON record_tags (created_at, id);
CREATE INDEX record_tags_updated_at ON record_tags (updated_at, id);
