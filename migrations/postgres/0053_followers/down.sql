DROP TABLE follower_failures;
DROP TABLE followers;
