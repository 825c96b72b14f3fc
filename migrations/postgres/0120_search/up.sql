-- What records are found by, as a follower keeps it. Words are made by the program, so that both engines find the same.
CREATE TABLE search_documents (
    record_id UUID PRIMARY KEY,
    noun TEXT NOT NULL,
    company_id UUID NULL,
    state BIGINT NOT NULL,
    title TEXT NOT NULL,
    codes TEXT NOT NULL,
    digest TEXT NOT NULL
);
-- those whose words were taken away and that the follower has yet to read again
CREATE INDEX search_documents_emptied ON search_documents (noun, record_id) WHERE digest = '';
CREATE TABLE search_postings (
    word TEXT COLLATE "C" NOT NULL,
    place BIGINT NOT NULL,
    record_id UUID NOT NULL,
    noun TEXT NOT NULL,
    PRIMARY KEY (word, place, record_id)
);
CREATE INDEX search_postings_record_id ON search_postings (record_id, word);
-- every word that a record has, and what it is found by in parts and in another spelling
CREATE TABLE search_words (
    word TEXT COLLATE "C" PRIMARY KEY
);
CREATE TABLE search_grams (
    gram TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (gram, word)
);
