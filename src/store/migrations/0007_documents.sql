-- What is written of each month's archive: how many documents, how many columns they hold, the
-- oldest of the month, and a fingerprint of these. Of what was written before, no more is known than
-- that there are at most as many documents as columns.
ALTER TABLE feed_months ADD COLUMN documents BIGINT NOT NULL DEFAULT 0;
ALTER TABLE feed_months ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE feed_months ADD COLUMN heads TEXT NOT NULL DEFAULT '';
UPDATE feed_months SET documents = columns;

-- No feed may say that a column was updated before 1990: see `Store::put`.
UPDATE columns SET updated_at = 631152000000 + id WHERE updated_at < 631152000000;
