-- SQLite has checked the owners of orders from the beginning.
SELECT 1;
