-- A column has lists: several bylines, tags. Which columns are in feeds that are made of these is written down once, when
-- the column has changed, and read from there.

-- JSON arrays of names. Empty where there are none, and where `byline` is the one that there is.
ALTER TABLE columns ADD COLUMN bylines TEXT NOT NULL DEFAULT '';
ALTER TABLE columns ADD COLUMN tags TEXT NOT NULL DEFAULT '';

-- The recording: a JSON object of url, type, length and duration. Empty where there is none.
ALTER TABLE columns ADD COLUMN audio TEXT NOT NULL DEFAULT '';

-- The commit that changed the column last.
ALTER TABLE columns ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;
CREATE INDEX columns_by_revision ON columns (revision, id);

-- The columns of the feeds of bylines, of tags, and of those that the configuration chooses columns for, withdrawn ones
-- included.
CREATE TABLE feed_columns (
    -- As in `feed_months`.
    feed TEXT NOT NULL,
    column_id BIGINT NOT NULL REFERENCES columns (id),
    -- When the column was published.
    shown_at BIGINT NOT NULL,
    -- The byline or the tag as the column has it.
    label TEXT NOT NULL,
    PRIMARY KEY (feed, shown_at, column_id)
);

CREATE INDEX feed_columns_by_column ON feed_columns (column_id, feed);
CREATE INDEX feed_columns_by_date ON feed_columns (shown_at, feed);

-- A column may have several.
DROP INDEX columns_by_byline;
ALTER TABLE columns DROP COLUMN byline_slug;
