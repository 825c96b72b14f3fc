DROP TABLE item_entries;
DROP TABLE allocations;
DROP TABLE payments;
DROP FUNCTION append_only_guard;
DROP FUNCTION allocations_guard;
