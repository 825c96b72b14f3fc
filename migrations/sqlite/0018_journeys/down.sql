DELETE FROM campaign_members WHERE enrollment_id IS NOT NULL;
DELETE FROM campaign_variants WHERE campaign_id IN (SELECT id FROM campaigns WHERE journey_id IS NOT NULL);
DELETE FROM campaigns WHERE journey_id IS NOT NULL;
DROP INDEX campaign_members_enrollment_key;
DROP INDEX campaign_members_address_key;
DROP INDEX campaign_members_subject_key;
ALTER TABLE campaign_members DROP COLUMN enrollment_id;
CREATE UNIQUE INDEX campaign_members_subject_key ON campaign_members (campaign_id, subject);
CREATE UNIQUE INDEX campaign_members_address_key ON campaign_members (campaign_id, email_key) WHERE status NOT IN ('pending', 'excluded');
DROP INDEX campaigns_journey_id;
ALTER TABLE campaigns DROP COLUMN journey_id;
-- SQLite cannot take a column's NULL away; without campaigns of journeys no row has it.
DROP TABLE journey_visits;
DROP TABLE journey_enrollments;
DROP TABLE journey_segments;
DROP TABLE journey_versions;
DROP TABLE journeys;
