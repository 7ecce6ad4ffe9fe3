-- One text for both backends: {key} is a key that counts up by itself, {bytes} a string of bytes.
-- Instants are epoch milliseconds in UTC.

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value {bytes} NOT NULL
);

-- The rubriques as config.toml last named them, for who reads the store without it.
CREATE TABLE rubriques (
    slug TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    place BIGINT NOT NULL
);

CREATE TABLE columns (
    id {key},
    source TEXT NOT NULL,
    source_key TEXT NOT NULL,
    guid TEXT NOT NULL UNIQUE,
    rubrique TEXT,
    title TEXT NOT NULL,
    standfirst TEXT NOT NULL,
    byline TEXT,
    -- The byline as a part of a path, for its feed.
    byline_slug TEXT,
    body TEXT NOT NULL,
    cleaner BIGINT NOT NULL,
    url TEXT NOT NULL,
    image_url TEXT,
    image_alt TEXT,
    image_credit TEXT,
    image_type TEXT,
    image_width BIGINT,
    image_height BIGINT,
    image_length BIGINT,
    published_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    withdrawn_at BIGINT,
    fingerprint TEXT NOT NULL,
    -- Last, because SQLite reads through what stands before a value to come to it, and no feed
    -- wants this one.
    body_raw TEXT NOT NULL,
    UNIQUE (source, source_key)
);

-- What a feed holds is read from these alone; the columns themselves only when it changed.
CREATE INDEX columns_by_date ON columns (published_at, id, fingerprint, rubrique) WHERE withdrawn_at IS NULL;
CREATE INDEX columns_by_rubrique ON columns (rubrique, published_at, id, fingerprint) WHERE withdrawn_at IS NULL;
CREATE INDEX columns_by_byline ON columns (byline_slug, published_at, id, fingerprint) WHERE withdrawn_at IS NULL;
CREATE INDEX columns_by_update ON columns (updated_at);
CREATE INDEX columns_withdrawn ON columns (withdrawn_at) WHERE withdrawn_at IS NOT NULL;

-- Counts the commits that changed columns. One row.
CREATE TABLE revision (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL
);

INSERT INTO revision (one, number) VALUES (1, 0);

-- The months of each feed: when a column of one last changed, and what stood in it when it was
-- last published. A feed is '' (all columns), a rubrique's slug, or 'byline/' with a byline's slug;
-- a month is of UTC, such as 2026-11.
CREATE TABLE feed_months (
    feed TEXT NOT NULL,
    month TEXT NOT NULL,
    revision BIGINT NOT NULL,
    columns BIGINT NOT NULL,
    closed BIGINT NOT NULL,
    PRIMARY KEY (feed, month)
);

CREATE INDEX feed_months_by_revision ON feed_months (revision, feed);
CREATE INDEX feed_months_open ON feed_months (closed, month);

-- Files that sources were read from, so that an unchanged file is not read again.
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    stamp TEXT NOT NULL,
    -- The column that it gave: when the file is gone, the column is withdrawn.
    column_key TEXT
);

-- What was last published: of each feed, made from what, and up to which revision and instant.
CREATE TABLE feed_state (
    feed TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    revision BIGINT NOT NULL,
    published_at BIGINT NOT NULL
);

CREATE TABLE subscribers (
    id {key},
    address TEXT NOT NULL,
    address_hash {bytes} NOT NULL UNIQUE,
    name TEXT,
    -- Slugs in order with commas between; empty for all rubriques.
    choice TEXT NOT NULL,
    -- pending, active, unsubscribed
    state TEXT NOT NULL,
    joined_at BIGINT NOT NULL
);

CREATE INDEX subscribers_by_choice ON subscribers (state, choice);

CREATE TABLE suppressions (
    address_hash {bytes} PRIMARY KEY,
    reason TEXT NOT NULL,
    suppressed_at BIGINT NOT NULL
);

CREATE TABLE editions (
    id {key},
    number BIGINT NOT NULL UNIQUE,
    period TEXT NOT NULL UNIQUE,
    since_at BIGINT NOT NULL,
    cutoff_at BIGINT NOT NULL,
    -- frozen, sending, sent, held
    state TEXT NOT NULL,
    subject TEXT NOT NULL,
    dated_at BIGINT NOT NULL,
    frozen_at BIGINT NOT NULL
);

-- Every column is in exactly one edition: the unique key says so.
CREATE TABLE edition_columns (
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    column_id BIGINT NOT NULL UNIQUE REFERENCES columns (id),
    place BIGINT NOT NULL,
    PRIMARY KEY (edition_id, place)
);

CREATE TABLE variants (
    id {key},
    edition_id BIGINT NOT NULL REFERENCES editions (id),
    choice TEXT NOT NULL,
    html TEXT NOT NULL,
    plain TEXT NOT NULL,
    -- The MIME entity of its letters, encoded, with the places of the subscriber's token marked.
    entity {bytes} NOT NULL,
    content_hash TEXT NOT NULL,
    UNIQUE (edition_id, choice)
);

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

CREATE INDEX letters_to_do ON letters (edition_id, state, id);
