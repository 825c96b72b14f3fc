DROP TABLE reminders;
DROP TABLE notification_settings;
DROP TABLE notifications;
