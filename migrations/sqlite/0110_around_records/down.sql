DROP TABLE watchers;
DROP TABLE attachment_contents;
DROP TABLE attachments;
DROP TABLE comments;
