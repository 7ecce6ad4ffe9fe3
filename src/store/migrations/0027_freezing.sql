-- What a freezing need not write itself, and what need not be checked for each letter.

-- Postgres would look for the edition and the variant of each letter when it is added, for a million letters one by one: that took
-- longer than all else. Letters are added by one statement alone, which takes both from `edition_groups`; neither an edition nor a
-- variant is ever removed.
--postgres: ALTER TABLE letters DROP CONSTRAINT IF EXISTS letters_edition_id_fkey1;
--postgres: ALTER TABLE letters DROP CONSTRAINT IF EXISTS letters_variant_id_fkey1;

-- Readers of a rhythm who had chosen anew before a cutoff have had all that was theirs then: what tells them from others
-- is cleared a few at a time, after the letters have gone out.
CREATE TABLE settled_rhythms (
    newsletter TEXT NOT NULL REFERENCES newsletters (name),
    rhythm TEXT NOT NULL,
    -- The last edition that was due for them.
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    PRIMARY KEY (newsletter, rhythm)
);
