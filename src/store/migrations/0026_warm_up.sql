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
