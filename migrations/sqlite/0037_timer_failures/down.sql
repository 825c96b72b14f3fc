DROP TABLE timer_failures;
