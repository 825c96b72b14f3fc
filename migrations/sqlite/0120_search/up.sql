-- What records are found by, as a follower keeps it. Words are made by the program, so that both engines find the same.
CREATE TABLE search_documents (
    record_id BLOB NOT NULL PRIMARY KEY,
    noun TEXT NOT NULL,
    company_id BLOB NULL,
    state INTEGER NOT NULL,
    title TEXT NOT NULL,
    codes TEXT NOT NULL,
    digest TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- those whose words were taken away and that the follower has yet to read again
CREATE INDEX search_documents_emptied ON search_documents (noun, record_id) WHERE digest = '';
CREATE TABLE search_postings (
    word TEXT NOT NULL,
    place INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    noun TEXT NOT NULL,
    PRIMARY KEY (word, place, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_postings_record_id ON search_postings (record_id, word);
-- every word that a record has, and what it is found by in parts and in another spelling
CREATE TABLE search_words (
    word TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;
CREATE TABLE search_grams (
    gram TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (gram, word)
) STRICT, WITHOUT ROWID;
