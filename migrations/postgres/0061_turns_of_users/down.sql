DROP TABLE queue_turns;
DROP TABLE assignment_turns;
