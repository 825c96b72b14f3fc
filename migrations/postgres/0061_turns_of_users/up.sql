-- Which turn each user had last, by an assignment rule and in a queue: those who take turns are not the same for every lead
-- or case, so one counter for all of them would always meet the same user.
CREATE TABLE assignment_turns (
    rule_id UUID NOT NULL REFERENCES assignment_rules (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id),
    turn BIGINT NOT NULL,
    PRIMARY KEY (rule_id, user_id)
);
CREATE INDEX assignment_turns_user_id ON assignment_turns (user_id);

CREATE TABLE queue_turns (
    queue_id UUID NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id),
    turn BIGINT NOT NULL,
    PRIMARY KEY (queue_id, user_id)
);
CREATE INDEX queue_turns_user_id ON queue_turns (user_id);
