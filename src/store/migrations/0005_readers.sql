-- Readers subscribe, choose and leave by themselves.

-- The language of what we write to a subscriber outside the digest; the magazine's if missing.
ALTER TABLE subscribers ADD COLUMN language TEXT;

-- What somebody asked for and has not confirmed by mail yet: to join, or to move to a new address.
-- Confirmed or out of date, it is forgotten.
CREATE TABLE requests (
    id {key},
    -- join, move
    kind TEXT NOT NULL,
    address TEXT NOT NULL,
    address_hash {bytes} NOT NULL,
    -- Who moves.
    subscriber_id BIGINT,
    name TEXT,
    choice TEXT NOT NULL,
    language TEXT NOT NULL,
    -- What was agreed to, word for word.
    consent TEXT NOT NULL,
    -- form, script
    way TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_from TEXT,
    expires_at BIGINT NOT NULL
);

CREATE INDEX requests_by_end ON requests (expires_at);

-- Who agreed to what, when, and from where: kept as long as the subscriber.
CREATE TABLE consents (
    id {key},
    subscriber_id BIGINT NOT NULL,
    -- form, script, command
    way TEXT NOT NULL,
    consent TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    asked_from TEXT,
    confirmed_at BIGINT NOT NULL,
    confirmed_from TEXT
);

CREATE INDEX consents_by_subscriber ON consents (subscriber_id);

-- Letters that serve one person: to confirm, to find one's preferences again. What they say goes
-- when they are settled; that there was one stays for a while, so that nobody gets a heap of them.
CREATE TABLE service_letters (
    id {key},
    address_hash {bytes} NOT NULL,
    address TEXT NOT NULL,
    -- RFC 5322.
    message TEXT NOT NULL,
    -- queued, leased, sent, failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT,
    -- Of no use any more after this.
    expires_at BIGINT NOT NULL,
    reply TEXT
);

CREATE INDEX service_letters_by_address ON service_letters (address_hash, queued_at);
CREATE INDEX service_letters_to_do ON service_letters (due_at, id) WHERE state IN ('queued', 'leased');
