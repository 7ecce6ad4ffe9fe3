-- Special editions: one letter more, at an hour and of columns that editors chose.

-- Those that are to come. Once one is frozen, it is an edition as any other.
CREATE TABLE special_editions (
    newsletter TEXT NOT NULL,
    cutoff_at BIGINT NOT NULL,
    period TEXT NOT NULL,
    planned_at BIGINT NOT NULL,
    who TEXT NOT NULL,
    PRIMARY KEY (newsletter, cutoff_at)
);
CREATE UNIQUE INDEX special_editions_by_period ON special_editions (newsletter, period);

-- Their columns, in their order: they are in no other edition meanwhile.
CREATE TABLE special_columns (
    newsletter TEXT NOT NULL,
    cutoff_at BIGINT NOT NULL,
    column_id BIGINT NOT NULL REFERENCES columns (id),
    place BIGINT NOT NULL,
    -- Whether it would be in the edition that comes next, if it were not for this one.
    is_open BIGINT NOT NULL,
    PRIMARY KEY (newsletter, column_id)
);
CREATE INDEX special_columns_by_edition ON special_columns (newsletter, cutoff_at);

-- One that was special goes to readers of every rhythm, and none of the schedule's hours counts from it.
ALTER TABLE editions ADD COLUMN is_special BIGINT NOT NULL DEFAULT 0;
