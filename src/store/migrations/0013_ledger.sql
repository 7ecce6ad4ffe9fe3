-- What is to do of an edition, by blocks of letters: those whose numbers divided by 64 are the same. A row of
-- `letters` is written three times on its way, and an index on what is written then would be written as often.
CREATE TABLE letter_blocks (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    block BIGINT NOT NULL,
    -- None of its letters that nobody holds is due before; nothing where there is none.
    due_at BIGINT,
    -- None of the leases on its letters ends before; nothing where there is none.
    lease_until BIGINT,
    PRIMARY KEY (edition_id, block)
);

CREATE INDEX letter_blocks_due ON letter_blocks (edition_id, due_at, block);

INSERT INTO letter_blocks (edition_id, block, due_at, lease_until)
SELECT edition_id, id / 64, MIN(CASE WHEN state IN ('queued', 'deferred') THEN due_at END),
    MIN(CASE WHEN state IN ('leased', 'sending') THEN lease_until END)
FROM letters WHERE state IN ('queued', 'leased', 'sending', 'deferred') GROUP BY edition_id, id / 64;

DROP INDEX letters_due;
DROP INDEX letters_to_do;
-- What did not go is counted; none of these states lies on a letter's ordinary way. Postgres would write a new entry
-- into every index of a row whenever its state changes, whether the row is in this one or not.
--sqlite: CREATE INDEX letters_not_gone ON letters (edition_id, state) WHERE state IN ('deferred', 'failed', 'suppressed', 'unknown');
-- Room for the next versions of a row beside it.
--postgres: ALTER TABLE letters SET (fillfactor = 30);
