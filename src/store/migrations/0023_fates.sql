-- What relays say in their own logs of letters that they took. A letter has a row once something is known.
CREATE TABLE letter_fates (
    letter_id BIGINT PRIMARY KEY,
    -- delivered, waiting, bounced
    fate TEXT NOT NULL,
    noted_at BIGINT NOT NULL
);

-- Which relays an edition's letters were given to, and since when, by the database's clock: what a log must cover that is to
-- prove that one of them never took a letter.
CREATE TABLE edition_relays (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    -- Host and port.
    relay TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    -- When its log was read last.
    read_at BIGINT,
    PRIMARY KEY (edition_id, relay)
);
