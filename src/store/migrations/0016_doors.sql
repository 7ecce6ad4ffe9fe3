-- What bounds the letters that anybody can have sent to an address, and how somebody at the machine enters the desk.

-- A keyed hash of the mailbox, which is the same whatever stands after a + in the address.
ALTER TABLE service_letters ADD COLUMN mailbox_hash {bytes};
CREATE INDEX service_letters_by_mailbox ON service_letters (mailbox_hash, queued_at);

-- Links to the desk that work once.
CREATE TABLE desk_entries (
    -- A keyed hash of what the link shows.
    id {bytes} PRIMARY KEY,
    ends_at BIGINT NOT NULL
);
