CREATE INDEX CONCURRENTLY IF NOT EXISTS opportunities_by_stage ON opportunities (stage_id, owner_id, currency, company_id, status) INCLUDE (amount, weighted_amount);
