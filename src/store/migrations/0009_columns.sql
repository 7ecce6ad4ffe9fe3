-- What makes a column the same column, whatever becomes of its file, its folder and its machine.

-- A fingerprint of the words alone, without date, address, id and source: see `model::column::content`.
-- Empty until a column is put the next time.
ALTER TABLE columns ADD COLUMN content TEXT NOT NULL DEFAULT '';
CREATE INDEX columns_by_content ON columns (content, id);

-- The address that its source gave, where another column has that one and it got another.
ALTER TABLE columns ADD COLUMN asked_url TEXT;
CREATE INDEX columns_by_url ON columns (url);

-- The sources that were read, by their names in the configuration, and by whom: a folder is read by
-- the machine that read it first.
CREATE TABLE sources (
    name TEXT PRIMARY KEY,
    place TEXT NOT NULL,
    taken_at BIGINT NOT NULL
);

-- The files that sources were read from, so that an unchanged file is not read again. Table `files`
-- is what older versions wrote: the first sync takes over what it holds.
CREATE TABLE source_files (
    source TEXT NOT NULL,
    -- Below the source's folder.
    path TEXT NOT NULL,
    -- The column that it gave: when the file is gone, the column is withdrawn.
    column_key TEXT,
    -- Of its bytes and of what reads them.
    content TEXT NOT NULL,
    -- Of its size and times: as long as it is the same, the file is not even opened.
    seen TEXT NOT NULL,
    -- When it must be read again though it is the same, because something in it comes true then.
    due_at BIGINT,
    -- Why it could not be taken, if it could not.
    refused TEXT,
    PRIMARY KEY (source, path)
);

-- What was told and need not be told again as long as it lasts.
CREATE TABLE notices (
    what TEXT PRIMARY KEY,
    told_at BIGINT NOT NULL
);
