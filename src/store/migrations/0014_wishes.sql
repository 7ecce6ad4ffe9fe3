-- How often an address is written to is counted by kinds of letters, so that one kind does not keep another away.

-- join, known, link, move, moved, desk
ALTER TABLE service_letters ADD COLUMN kind TEXT NOT NULL DEFAULT '';

-- The newest wish takes the place of the one before it.
CREATE INDEX requests_by_address ON requests (address_hash, kind);
