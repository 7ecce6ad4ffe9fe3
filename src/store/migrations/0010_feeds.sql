-- Publications that are under way, or whose program died. What such a one has written since may be
-- older than what the store says of it: while one stands here, the next looks at all files again.
CREATE TABLE publications (
    id TEXT PRIMARY KEY,
    begun_at BIGINT NOT NULL
);

-- When the feed last told its readers that it had changed: that never goes back.
ALTER TABLE feed_state ADD COLUMN told_at BIGINT NOT NULL DEFAULT 0;

-- Which archive documents there should be.
CREATE INDEX feed_months_documents ON feed_months (feed, month, documents) WHERE documents > 0;
