-- Letters that a reader gets once and never again: the welcome to a newsletter, and the question whether to go on, which
-- is about none.
CREATE TABLE once_letters (
    subscriber_id BIGINT NOT NULL REFERENCES subscribers (id),
    -- welcome, reconfirm
    kind TEXT NOT NULL,
    newsletter TEXT NOT NULL,
    queued_at BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, kind, newsletter)
);
CREATE INDEX once_letters_by_time ON once_letters (kind, queued_at);

-- When a reader wants letters, after their editions' hours: an hour, a day of the week or both (`sat 18:00`); empty for
-- letters as they come.
ALTER TABLE subscriptions ADD COLUMN delivery TEXT NOT NULL DEFAULT '';
CREATE INDEX subscriptions_delivered_later ON subscriptions (newsletter, delivery) WHERE delivery <> '';
ALTER TABLE requests ADD COLUMN delivery TEXT NOT NULL DEFAULT '';
