-- How often readers want a letter, and what each has had. A reader gets the columns of all editions after the one that
-- was last for the reader, up to the one that a letter belongs to.

-- Empty for each edition; daily, weekly-mon … weekly-sun, monthly.
ALTER TABLE subscriptions ADD COLUMN rhythm TEXT NOT NULL DEFAULT '';
-- Editions with a cutoff up to this one are not for the reader: the last one before a rhythm was chosen, or the end of
-- a pause. 0 for who never chose.
ALTER TABLE subscriptions ADD COLUMN after_at BIGINT NOT NULL DEFAULT 0;
-- Up to which cutoff the reader had had everything when that was chosen.
ALTER TABLE subscriptions ADD COLUMN mark_at BIGINT NOT NULL DEFAULT 0;
-- Numbers of editions that the reader has had all the same, with commas between: they were held, and come later to others.
ALTER TABLE subscriptions ADD COLUMN had TEXT NOT NULL DEFAULT '';
DROP INDEX subscriptions_by_choice;
CREATE INDEX subscriptions_by_group ON subscriptions (newsletter, state, rhythm, choice, after_at, mark_at, had);
CREATE INDEX subscriptions_chosen ON subscriptions (newsletter, after_at) WHERE after_at > 0;

-- For which rhythms an edition was due, beside those who get each.
CREATE TABLE edition_rhythms (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    rhythm TEXT NOT NULL,
    PRIMARY KEY (edition_id, rhythm)
);

-- Which variant each group of readers gets, while an edition is frozen.
CREATE TABLE edition_groups (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    rhythm TEXT NOT NULL,
    choice TEXT NOT NULL,
    after_at BIGINT NOT NULL,
    mark_at BIGINT NOT NULL,
    had TEXT NOT NULL,
    variant_id BIGINT NOT NULL REFERENCES variants (id),
    PRIMARY KEY (edition_id, rhythm, choice, after_at, mark_at, had)
);

-- Rubriques in order with commas between, empty for all, and behind an @ the cutoff of the oldest edition whose columns
-- it holds beside the edition's own.
ALTER TABLE variants RENAME COLUMN choice TO audience;
-- The edition's own if missing.
ALTER TABLE variants ADD COLUMN subject TEXT;

-- From when on the columns of an edition come to readers who did not get it: later than its cutoff where it was held
-- until others had gone out.
ALTER TABLE editions ADD COLUMN position_at BIGINT;

-- The newsletter that is asked for, the digest if it is not said, and others with it: names with what is chosen of
-- each behind =, and semicolons between.
ALTER TABLE requests ADD COLUMN newsletter TEXT;
ALTER TABLE requests ADD COLUMN others TEXT NOT NULL DEFAULT '';
