-- Whether a report came back to an address for bounces, which stands in no letter: 1. Who has somebody's letter can
-- write any other.
ALTER TABLE suppressions ADD COLUMN proven BIGINT NOT NULL DEFAULT 0;
