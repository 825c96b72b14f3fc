-- SQLite has checked the companies of files from the beginning.
SELECT 1;
