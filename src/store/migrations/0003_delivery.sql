-- Letters by several connections and relays.

-- The next letters, found without a look at those that are done.
CREATE INDEX letters_due ON letters (edition_id, due_at, id) WHERE state IN ('queued', 'deferred');

-- Why somebody or something holds an edition, in words for the editors.
ALTER TABLE editions ADD COLUMN held_reason TEXT;

-- How many letters a relay got, by hours since 1970: what is left of its day.
CREATE TABLE relay_use (
    relay TEXT NOT NULL,
    hour BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (relay, hour)
);
