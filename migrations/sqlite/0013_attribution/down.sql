DROP INDEX journal_lines_campaign;
DROP TABLE attribution_credits;
DROP TABLE attribution_restatements;
DROP TABLE attribution_documents;
DROP TABLE attribution_deals;
DROP TABLE attribution_models;
DROP TABLE campaign_codes;
DROP INDEX touchpoints_campaign_id;
ALTER TABLE touchpoints DROP COLUMN campaign_id;
