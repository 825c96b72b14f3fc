-- What was found true stays true: there is nothing to take back.
SELECT 1;
