-- One campaign has one name, whatever joined its words: see domain/src/crm/campaign_names.rs.
INSERT INTO campaign_codes (company_id, code, campaign_id)
SELECT DISTINCT ON (company_id, REPLACE(REPLACE(REPLACE(code, '-', ' '), '_', ' '), '+', ' '))
company_id, REPLACE(REPLACE(REPLACE(code, '-', ' '), '_', ' '), '+', ' '), campaign_id
FROM campaign_codes WHERE code NOT LIKE 'cmp!_%' ESCAPE '!'
ON CONFLICT (company_id, code) DO NOTHING;
UPDATE touchpoints SET campaign = LOWER(REPLACE(REPLACE(REPLACE(campaign, '-', ' '), '_', ' '), '+', ' '))
WHERE campaign IS NOT NULL AND campaign NOT LIKE 'cmp!_%' ESCAPE '!';
UPDATE leads SET campaign = LOWER(REPLACE(REPLACE(REPLACE(campaign, '-', ' '), '_', ' '), '+', ' '))
WHERE campaign IS NOT NULL AND campaign NOT LIKE 'cmp!_%' ESCAPE '!';
UPDATE opportunities SET campaign = LOWER(REPLACE(REPLACE(REPLACE(campaign, '-', ' '), '_', ' '), '+', ' '))
WHERE campaign IS NOT NULL AND campaign NOT LIKE 'cmp!_%' ESCAPE '!';
