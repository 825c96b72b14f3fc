DROP VIEW audience;
DROP TABLE campaign_members;
DROP TABLE campaign_variants;
DROP TABLE campaigns;
DROP TABLE segment_members;
DROP TABLE segments;
DROP TABLE template_revisions;
DROP TABLE templates;
