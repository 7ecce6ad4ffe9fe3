-- Keys that mean the thing itself. A reader is known outside the store by a random id that is never
-- used again, an edition by its newsletter and its cutoff. Lines that begin with `--postgres: ` or
-- `--sqlite: ` are for that backend alone. {counted} is a key that never comes twice, {random} sixteen
-- random bytes.

-- What the store is for, and since when: filled in when it is opened first.
CREATE TABLE magazine (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id {bytes} NOT NULL,
    -- As the configuration last called it.
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    began_at BIGINT NOT NULL
);

CREATE TABLE newsletters (
    name TEXT PRIMARY KEY
);

INSERT INTO newsletters (name) VALUES ('digest');

ALTER TABLE letters RENAME TO old_letters;
ALTER TABLE edition_columns RENAME TO old_edition_columns;
ALTER TABLE variants RENAME TO old_variants;
ALTER TABLE editions RENAME TO old_editions;
ALTER TABLE subscribers RENAME TO old_subscribers;
ALTER TABLE service_letters RENAME TO old_service_letters;
ALTER TABLE bounces RENAME TO old_bounces;
ALTER TABLE edition_changes RENAME TO old_edition_changes;
ALTER TABLE edition_notes RENAME TO old_edition_notes;
ALTER TABLE quiet_weeks RENAME TO old_quiet_weeks;
DROP INDEX letters_to_do;
DROP INDEX letters_due;
DROP INDEX subscribers_by_choice;
DROP INDEX service_letters_by_address;
DROP INDEX service_letters_to_do;
DROP INDEX edition_notes_by_period;
DROP INDEX edition_notes_told;

CREATE TABLE subscribers (
    id {counted},
    -- What tokens, message ids and addresses for bounces name.
    public_id {bytes} NOT NULL UNIQUE,
    -- The row's number in the first version, which the links in its letters name. None where it had
    -- been another reader's before.
    old_number BIGINT UNIQUE,
    address TEXT NOT NULL,
    address_hash {bytes} NOT NULL UNIQUE,
    name TEXT,
    -- Of what we write outside the digest; the magazine's if missing.
    language TEXT,
    joined_at BIGINT NOT NULL,
    -- When the reader last said or proved that the address is good: what came back before counts no more.
    returned_at BIGINT NOT NULL,
    -- How often the reader has moved: links that were sent to an earlier address have ended.
    moves BIGINT NOT NULL DEFAULT 0
);

INSERT INTO subscribers (id, public_id, old_number, address, address_hash, name, language, joined_at, returned_at)
SELECT s.id, {random}, CASE WHEN EXISTS (SELECT 1 FROM old_letters l JOIN old_editions e ON e.id = l.edition_id
    WHERE l.subscriber_id = s.id AND (l.address = '(erased)' OR e.frozen_at < s.joined_at)) THEN NULL ELSE s.id END,
    s.address, s.address_hash, s.name, s.language, s.joined_at, s.joined_at
FROM old_subscribers s;

-- Which newsletters a reader gets, and what of them.
CREATE TABLE subscriptions (
    subscriber_id BIGINT NOT NULL,
    newsletter TEXT NOT NULL REFERENCES newsletters (name),
    -- Slugs of rubriques in order with commas between; empty for all.
    choice TEXT NOT NULL,
    -- pending, active, unsubscribed
    state TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    PRIMARY KEY (subscriber_id, newsletter)
);

INSERT INTO subscriptions (subscriber_id, newsletter, choice, state, since_at)
SELECT id, 'digest', choice, state, joined_at FROM old_subscribers;

CREATE INDEX subscriptions_by_choice ON subscriptions (newsletter, state, choice);

-- Addresses from which readers have moved, as hashes: a list that still names one brings nobody a second
-- letter.
CREATE TABLE former_addresses (
    address_hash {bytes} PRIMARY KEY,
    subscriber_id BIGINT NOT NULL,
    moved_at BIGINT NOT NULL
);

CREATE TABLE editions (
    id {key},
    newsletter TEXT NOT NULL REFERENCES newsletters (name),
    cutoff_at BIGINT NOT NULL,
    -- What addresses for bounces name it by: 24 bits made of newsletter and cutoff.
    mark BIGINT NOT NULL UNIQUE,
    -- Labels for people.
    number BIGINT NOT NULL,
    period TEXT NOT NULL,
    since_at BIGINT NOT NULL,
    -- frozen, sending, sent, held
    state TEXT NOT NULL,
    subject TEXT NOT NULL,
    dated_at BIGINT NOT NULL,
    -- None while it is held and keeps its columns without letters.
    frozen_at BIGINT,
    held_reason TEXT,
    -- The archive's page instead of the letter for all, where a column was taken out of it.
    archive_html TEXT,
    UNIQUE (newsletter, cutoff_at),
    UNIQUE (newsletter, number),
    UNIQUE (newsletter, period)
);

INSERT INTO editions (id, newsletter, cutoff_at, mark, number, period, since_at, state, subject, dated_at, frozen_at, held_reason)
SELECT id, 'digest', cutoff_at, id, number, period, since_at, state, subject, dated_at, frozen_at, held_reason
FROM old_editions;

CREATE TABLE edition_columns (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    newsletter TEXT NOT NULL,
    column_id BIGINT NOT NULL REFERENCES columns (id),
    place BIGINT NOT NULL,
    PRIMARY KEY (edition_id, place),
    UNIQUE (newsletter, column_id)
);

INSERT INTO edition_columns (edition_id, newsletter, column_id, place)
SELECT edition_id, 'digest', column_id, place FROM old_edition_columns;

-- Columns that editors left out of an edition: they wait for a later one, however long.
CREATE TABLE waiting_columns (
    newsletter TEXT NOT NULL,
    column_id BIGINT NOT NULL REFERENCES columns (id),
    PRIMARY KEY (newsletter, column_id)
);

CREATE TABLE variants (
    id {key},
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    choice TEXT NOT NULL,
    html TEXT NOT NULL,
    plain TEXT NOT NULL,
    -- The MIME entity of its letters, encoded, with the places of the reader's token marked.
    entity {bytes} NOT NULL,
    content_hash TEXT NOT NULL,
    UNIQUE (edition_id, choice)
);

INSERT INTO variants (id, edition_id, choice, html, plain, entity, content_hash)
SELECT id, edition_id, choice, html, plain, entity, content_hash FROM old_variants;

-- Which columns a variant holds: with the letters, who got what.
CREATE TABLE variant_columns (
    variant_id BIGINT NOT NULL REFERENCES variants (id),
    column_id BIGINT NOT NULL REFERENCES columns (id),
    PRIMARY KEY (variant_id, column_id)
);

INSERT INTO variant_columns (variant_id, column_id)
SELECT v.id, c.column_id FROM old_variants v JOIN old_edition_columns c ON c.edition_id = v.edition_id
JOIN columns k ON k.id = c.column_id
WHERE v.choice = '' OR ',' || v.choice || ',' LIKE '%,' || k.rubrique || ',%';

CREATE TABLE letters (
    id {key},
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    subscriber_id BIGINT NOT NULL,
    variant_id BIGINT NOT NULL REFERENCES variants (id),
    address TEXT NOT NULL,
    name TEXT,
    -- queued, leased, sending, sent, deferred, failed, suppressed, unknown
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Counts the leases: who holds an older one can settle nothing.
    fence BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT,
    settled_at BIGINT,
    -- The relay's last words.
    reply TEXT,
    UNIQUE (edition_id, subscriber_id)
);

INSERT INTO letters (id, edition_id, subscriber_id, variant_id, address, name, state, attempts, fence, due_at, lease_until,
    settled_at, reply)
SELECT id, edition_id, subscriber_id, variant_id, address, name, state, attempts, fence, due_at, lease_until, settled_at, reply
FROM old_letters;

CREATE TABLE service_letters (
    id {counted},
    -- What its file in an outbox and its envelope name.
    public_id {bytes} NOT NULL UNIQUE,
    address_hash {bytes} NOT NULL,
    address TEXT NOT NULL,
    -- RFC 5322.
    message TEXT NOT NULL,
    -- queued, leased, sent, failed
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    queued_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    lease_until BIGINT,
    -- Of no use any more after this.
    expires_at BIGINT NOT NULL,
    reply TEXT
);

INSERT INTO service_letters (id, public_id, address_hash, address, message, state, attempts, fence, queued_at, due_at, lease_until,
    expires_at, reply)
SELECT id, {random}, address_hash, address, message, state, attempts, fence, queued_at, due_at, lease_until, expires_at, reply
FROM old_service_letters;

-- What came back, by the reader and the address that the letter had gone to.
CREATE TABLE bounces (
    -- 0 where only the reader is known.
    edition_id BIGINT NOT NULL,
    subscriber_id BIGINT NOT NULL,
    -- hard, soft, ours, complaint
    kind TEXT NOT NULL,
    address_hash {bytes} NOT NULL,
    -- The mail server's.
    words TEXT NOT NULL,
    noted_at BIGINT NOT NULL,
    PRIMARY KEY (edition_id, subscriber_id, kind)
);

INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at)
SELECT b.edition_id, b.subscriber_id, b.kind, s.address_hash, b.words, b.noted_at
FROM old_bounces b JOIN subscribers s ON s.id = b.subscriber_id;

CREATE INDEX bounces_by_subscriber ON bounces (subscriber_id);

-- What the editors change in an edition before it is frozen: each change is a version of its own,
-- so that who works on an older one can be told what has changed.
CREATE TABLE edition_changes (
    newsletter TEXT NOT NULL,
    cutoff_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- JSON
    changes TEXT NOT NULL,
    who TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (newsletter, cutoff_at, version)
);

INSERT INTO edition_changes (newsletter, cutoff_at, version, changes, who, changed_at)
SELECT e.newsletter, e.cutoff_at, c.version, c.changes, c.who, c.changed_at
FROM old_edition_changes c JOIN editions e ON e.period = c.period;

-- What was decided and told about an edition, frozen or not.
CREATE TABLE edition_notes (
    id {counted},
    newsletter TEXT NOT NULL,
    cutoff_at BIGINT NOT NULL,
    -- approved, held, released, proof, told
    kind TEXT NOT NULL,
    -- Of approvals and proofs the content's fingerprint, else what was told.
    subject TEXT NOT NULL,
    who TEXT NOT NULL,
    words TEXT NOT NULL,
    noted_at BIGINT NOT NULL
);

INSERT INTO edition_notes (id, newsletter, cutoff_at, kind, subject, who, words, noted_at)
SELECT n.id, e.newsletter, e.cutoff_at, n.kind, n.subject, n.who, n.words, n.noted_at
FROM old_edition_notes n JOIN editions e ON e.period = n.period;

-- Cutoffs at which nothing was new: what is entered for one of them later is in the next edition.
CREATE TABLE quiet_cutoffs (
    newsletter TEXT NOT NULL,
    cutoff_at BIGINT NOT NULL,
    PRIMARY KEY (newsletter, cutoff_at)
);

INSERT INTO quiet_cutoffs (newsletter, cutoff_at) SELECT 'digest', cutoff_at FROM old_quiet_weeks;

DROP TABLE old_letters;
DROP TABLE old_edition_columns;
DROP TABLE old_variants;
DROP TABLE old_editions;
DROP TABLE old_subscribers;
DROP TABLE old_service_letters;
DROP TABLE old_bounces;
DROP TABLE old_edition_changes;
DROP TABLE old_edition_notes;
DROP TABLE old_quiet_weeks;

CREATE INDEX letters_to_do ON letters (edition_id, state, id);
-- The next letters, found without a look at those that are done.
CREATE INDEX letters_due ON letters (edition_id, due_at, id) WHERE state IN ('queued', 'deferred');
CREATE INDEX service_letters_by_address ON service_letters (address_hash, queued_at);
CREATE INDEX service_letters_to_do ON service_letters (due_at, id) WHERE state IN ('queued', 'leased');
CREATE INDEX edition_notes_by_edition ON edition_notes (newsletter, cutoff_at, id);
-- Nobody is told the same thing twice.
CREATE UNIQUE INDEX edition_notes_told ON edition_notes (newsletter, cutoff_at, subject) WHERE kind = 'told';

-- Rows that were copied with their numbers have not counted them.
--postgres: SELECT setval(pg_get_serial_sequence('subscribers', 'id'), GREATEST((SELECT MAX(id) FROM subscribers), 1), (SELECT COUNT(*) > 0 FROM subscribers));
--postgres: SELECT setval(pg_get_serial_sequence('editions', 'id'), GREATEST((SELECT MAX(id) FROM editions), 1), (SELECT COUNT(*) > 0 FROM editions));
--postgres: SELECT setval(pg_get_serial_sequence('variants', 'id'), GREATEST((SELECT MAX(id) FROM variants), 1), (SELECT COUNT(*) > 0 FROM variants));
--postgres: SELECT setval(pg_get_serial_sequence('letters', 'id'), GREATEST((SELECT MAX(id) FROM letters), 1), (SELECT COUNT(*) > 0 FROM letters));
--postgres: SELECT setval(pg_get_serial_sequence('service_letters', 'id'), GREATEST((SELECT MAX(id) FROM service_letters), 1), (SELECT COUNT(*) > 0 FROM service_letters));
--postgres: SELECT setval(pg_get_serial_sequence('edition_notes', 'id'), GREATEST((SELECT MAX(id) FROM edition_notes), 1), (SELECT COUNT(*) > 0 FROM edition_notes));
