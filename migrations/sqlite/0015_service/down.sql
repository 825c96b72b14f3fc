DROP TABLE case_messages;
DROP TABLE cases;
DROP TABLE entitlements;
DROP TABLE sla_policy_versions;
DROP TABLE sla_policies;
DROP TABLE queue_members;
DROP TABLE queues;
