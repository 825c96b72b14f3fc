DROP TABLE contact_merge_moves;
DROP TABLE contact_merges;
DROP INDEX contacts_merged_into;
ALTER TABLE contacts DROP COLUMN merged_into;
DROP INDEX cases_running_terms;
ALTER TABLE invoices DROP COLUMN payment_terms_days;
ALTER TABLE sales_orders DROP COLUMN payment_terms_days;
ALTER TABLE campaigns DROP COLUMN audience_count;
DROP TABLE campaign_audience_parts;
