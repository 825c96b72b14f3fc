-- The audience of a campaign is found at one moment and kept here as packed ids, 16 bytes each, until all are members.
CREATE TABLE campaign_audience_parts (
    campaign_id UUID NOT NULL REFERENCES campaigns (id),
    position BIGINT NOT NULL,
    subjects BYTEA NOT NULL,
    PRIMARY KEY (campaign_id, position)
);
ALTER TABLE campaigns ADD COLUMN audience_count BIGINT NULL;

-- Days to pay that were agreed for one order, and the invoices of it; those of the customer hold where there are none.
ALTER TABLE sales_orders ADD COLUMN payment_terms_days INTEGER NULL;
ALTER TABLE invoices ADD COLUMN payment_terms_days INTEGER NULL;

-- The open cases of the terms that count by a calendar, for when its hours or holidays change.
CREATE INDEX cases_running_terms ON cases (sla_policy_version_id, id) WHERE status <> 'closed';

-- Merges of contacts, as those of parties: what was there before, and which rows followed.
ALTER TABLE contacts ADD COLUMN merged_into UUID NULL REFERENCES contacts (id);
CREATE INDEX contacts_merged_into ON contacts (merged_into, id);
CREATE TABLE contact_merges (
    id UUID NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    winner_id UUID NOT NULL REFERENCES contacts (id),
    loser_id UUID NOT NULL REFERENCES contacts (id),
    conflicts JSONB NOT NULL,
    winner_before JSONB NOT NULL,
    winner_after JSONB NOT NULL,
    loser_before JSONB NOT NULL,
    undo_until TIMESTAMPTZ NOT NULL,
    undone_at TIMESTAMPTZ NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL,
    CHECK (winner_id <> loser_id)
);
CREATE INDEX contact_merges_winner_id ON contact_merges (winner_id, id);
CREATE INDEX contact_merges_loser_id ON contact_merges (loser_id, id);
CREATE INDEX contact_merges_status ON contact_merges (status, id);
CREATE INDEX contact_merges_created_at ON contact_merges (created_at, id);
CREATE INDEX contact_merges_updated_at ON contact_merges (updated_at, id);
CREATE TABLE contact_merge_moves (
    merge_id UUID NOT NULL REFERENCES contact_merges (id),
    what TEXT NOT NULL,
    row_id UUID NOT NULL,
    PRIMARY KEY (merge_id, what, row_id)
);
