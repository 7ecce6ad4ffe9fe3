-- Lists of readers, and rubriques that are called otherwise now.

-- Suppressions that were lifted, and why: kept with the hash of the address.
CREATE TABLE allowances (
    id {counted},
    address_hash {bytes} NOT NULL,
    -- Somebody's words.
    words TEXT NOT NULL,
    -- What the address had been suppressed for, and since when.
    reason TEXT NOT NULL,
    suppressed_at BIGINT NOT NULL,
    allowed_at BIGINT NOT NULL
);

CREATE INDEX allowances_by_address ON allowances (address_hash);
CREATE INDEX former_addresses_by_reader ON former_addresses (subscriber_id);

-- The configuration whose rubriques were last compared with what readers and columns name. One row.
CREATE TABLE rubriques_checked (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    fingerprint TEXT NOT NULL
);
