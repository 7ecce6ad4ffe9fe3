-- What each hub is to be told of: the outbox of WebSub. A topic stands here once for each hub,
-- however often it changes before the hub is told.
CREATE TABLE hub_pings (
    id {key},
    hub TEXT NOT NULL,
    topic TEXT NOT NULL,
    -- Of the document that the hub is told of, so that the same one is never told twice.
    fingerprint TEXT NOT NULL,
    -- queued, leased, told, failed
    state TEXT NOT NULL,
    -- Since the hub was last told of this topic, or given up.
    attempts BIGINT NOT NULL,
    -- Counts the leases and the changes: who holds an older lease can settle nothing.
    fence BIGINT NOT NULL,
    -- When the first change came of those that the hub does not know.
    since_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT,
    -- The hub's last words.
    reply TEXT,
    UNIQUE (hub, topic)
);

CREATE INDEX hub_pings_to_do ON hub_pings (hub, due_at, id) WHERE state IN ('queued', 'leased');
