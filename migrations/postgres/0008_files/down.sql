DROP TABLE file_contents;
DROP TABLE stored_files;
