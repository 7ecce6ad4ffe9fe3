-- Tallies that outlive their letters, and what keeps the ledger small.

-- How many letters an edition was frozen with.
ALTER TABLE editions ADD COLUMN letters BIGINT NOT NULL DEFAULT 0;

UPDATE editions SET letters = (SELECT COUNT(*) FROM letters l WHERE l.edition_id = editions.id);

-- Of these, the letters that are not kept any more, by the state that they had.
CREATE TABLE tidied_letters (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    state TEXT NOT NULL,
    letters BIGINT NOT NULL,
    PRIMARY KEY (edition_id, state)
);

-- What is done once a day, and when it was done last.
CREATE TABLE upkeep (
    name TEXT PRIMARY KEY,
    done_at BIGINT NOT NULL
);
