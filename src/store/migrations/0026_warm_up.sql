-- Which letters a new sender let go on which day, for each provider. Those that it has not let go yet are due far behind the
-- end of the year 9999.
CREATE TABLE warm_up_letters (
    letter_id BIGINT PRIMARY KEY,
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    provider TEXT NOT NULL,
    -- Days since 1970, by the magazine's clock.
    day BIGINT NOT NULL
);

CREATE INDEX warm_up_letters_by_day ON warm_up_letters (day, provider);
CREATE INDEX warm_up_letters_by_edition ON warm_up_letters (edition_id, day);

-- Editions of which letters wait for that.
CREATE TABLE edition_warm_ups (
    edition_id BIGINT PRIMARY KEY REFERENCES editions (id)
);

-- How far each relay's log was read: the file, by its place on the disk and its first line, and the end of the last whole line.
CREATE TABLE relay_log_positions (
    -- Host and port.
    relay TEXT PRIMARY KEY,
    device BIGINT NOT NULL,
    inode BIGINT NOT NULL,
    length BIGINT NOT NULL,
    -- A fingerprint; empty as long as there is no whole line.
    first_line TEXT NOT NULL
);

-- Letters that a relay has in its queue there, by its own names for them.
CREATE TABLE relay_log_names (
    relay TEXT NOT NULL,
    queue TEXT NOT NULL,
    edition_id BIGINT NOT NULL,
    public_id {bytes} NOT NULL,
    named_at BIGINT NOT NULL,
    PRIMARY KEY (relay, queue)
);
