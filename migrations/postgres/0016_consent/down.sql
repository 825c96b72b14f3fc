DROP TABLE suppressions;
DROP TABLE consent_states;
DROP TABLE consent_evidence;
DROP TABLE consents;
DROP FUNCTION consents_guard();
