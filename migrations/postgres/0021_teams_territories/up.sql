-- Who sells where: teams with managers, territories of countries; and what deals are counted by.

CREATE TABLE teams (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    parent_id UUID NULL REFERENCES teams (id),
    manager_id UUID NULL REFERENCES users (id),
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX teams_company_name_key ON teams (company_id, name_key);
CREATE INDEX teams_company_id ON teams (company_id, id);
CREATE INDEX teams_parent_id ON teams (parent_id, id);
CREATE INDEX teams_manager_id ON teams (manager_id, id);
CREATE INDEX teams_name ON teams (name, id);
CREATE INDEX teams_created_at ON teams (created_at, id);
CREATE INDEX teams_updated_at ON teams (updated_at, id);

-- A user is in one team of a company, so that no sum counts anybody twice.
CREATE TABLE team_members (
    team_id UUID NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
    company_id UUID NOT NULL REFERENCES companies (id),
    user_id UUID NOT NULL REFERENCES users (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (company_id, user_id)
);
CREATE INDEX team_members_team_id ON team_members (team_id, user_id);
CREATE INDEX team_members_user_id ON team_members (user_id, team_id);

CREATE TABLE territories (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    name TEXT NOT NULL,
    parent_id UUID NULL REFERENCES territories (id),
    countries JSONB NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    name_key TEXT NOT NULL
);
CREATE UNIQUE INDEX territories_company_name_key ON territories (company_id, name_key);
CREATE INDEX territories_company_id ON territories (company_id, id);
CREATE INDEX territories_parent_id ON territories (parent_id, id);
CREATE INDEX territories_name ON territories (name, id);
CREATE INDEX territories_created_at ON territories (created_at, id);
CREATE INDEX territories_updated_at ON territories (updated_at, id);

CREATE TABLE territory_countries (
    territory_id UUID NOT NULL REFERENCES territories (id) ON DELETE CASCADE,
    company_id UUID NOT NULL REFERENCES companies (id),
    country TEXT NOT NULL,
    PRIMARY KEY (company_id, country)
);
CREATE INDEX territory_countries_territory_id ON territory_countries (territory_id);

ALTER TABLE opportunities ADD COLUMN territory_id UUID NULL REFERENCES territories (id);
ALTER TABLE opportunities ADD COLUMN campaign TEXT NULL;
ALTER TABLE opportunities ADD COLUMN days_to_close INTEGER NULL;
UPDATE opportunities SET campaign = (SELECT l.campaign FROM leads l WHERE l.id = opportunities.source_lead_id) WHERE source_lead_id IS NOT NULL;
UPDATE opportunities SET days_to_close = CAST(CEIL(EXTRACT(EPOCH FROM closed_at - created_at) / 86400) AS INTEGER) WHERE closed_at IS NOT NULL;
CREATE INDEX opportunities_territory_id ON opportunities (territory_id, id);
CREATE INDEX opportunities_campaign ON opportunities (campaign, id);
CREATE INDEX opportunities_source ON opportunities (source, id);
CREATE INDEX opportunities_days_to_close ON opportunities (days_to_close, id);

-- The score of a lead fades while nobody looks: when the clock last looked, the longest ago first.
ALTER TABLE leads ADD COLUMN score_checked_at TIMESTAMPTZ NOT NULL DEFAULT '1970-01-01T00:00:00Z';
CREATE INDEX leads_score_checked_at ON leads (score_checked_at, id) WHERE score IS NOT NULL AND status IN ('new', 'working', 'qualified');

-- What was learnt from all customers of a company about how long and how often they buy; rows are added and never changed.
CREATE TABLE clv_fits (
    id UUID NOT NULL PRIMARY KEY,
    company_id UUID NOT NULL REFERENCES companies (id),
    as_of_date DATE NOT NULL,
    customers BIGINT NOT NULL,
    repeat_customers BIGINT NOT NULL,
    purchases JSONB NOT NULL,
    margins JSONB NULL,
    created_at TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX clv_fits_company_id ON clv_fits (company_id, id);
CREATE INDEX clv_fits_company_as_of_date ON clv_fits (company_id, as_of_date, id);
CREATE INDEX clv_fits_as_of_date ON clv_fits (as_of_date, id);
CREATE INDEX clv_fits_created_at ON clv_fits (created_at, id);
