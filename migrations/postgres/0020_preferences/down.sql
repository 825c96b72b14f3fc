DROP TABLE consent_confirmations;
DROP TABLE contact_preferences;
