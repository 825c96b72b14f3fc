-- SQLite has one writer: nobody reads a party before it is merged away and writes after.
SELECT 1;
