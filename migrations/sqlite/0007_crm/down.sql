DROP TABLE activities;
DROP TABLE opportunity_changes;
DROP TABLE opportunity_lines;
DROP TABLE opportunities;
DROP TABLE leads;
DROP TABLE stages;
DROP TABLE pipelines;
