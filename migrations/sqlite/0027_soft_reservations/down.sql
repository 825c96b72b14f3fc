DROP INDEX reservations_soft;
