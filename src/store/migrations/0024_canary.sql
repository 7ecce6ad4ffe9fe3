-- The first letters of an edition, of which the others wait for what becomes of them.
CREATE TABLE edition_canaries (
    edition_id BIGINT PRIMARY KEY REFERENCES editions (id),
    -- out, passed, failed
    state TEXT NOT NULL,
    -- By the database's clock.
    begun_at BIGINT NOT NULL
);

CREATE TABLE canary_letters (
    letter_id BIGINT PRIMARY KEY,
    edition_id BIGINT NOT NULL REFERENCES editions (id)
);

CREATE INDEX canary_letters_by_edition ON canary_letters (edition_id);
