DROP TABLE item_entries;
DROP TABLE allocations;
DROP TABLE payments;
