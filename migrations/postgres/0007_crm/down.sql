DROP TABLE activities;
DROP TABLE opportunity_changes;
DROP FUNCTION opportunity_changes_guard();
DROP TABLE opportunity_lines;
DROP TABLE opportunities;
DROP TABLE leads;
DROP TABLE stages;
DROP TABLE pipelines;
