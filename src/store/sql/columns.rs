//! Columns: entered, moved, withdrawn, and waiting for an edition.

statements! {
    COLUMNS:
    PUT_RUBRIQUE = "INSERT INTO rubriques (slug, label, place) VALUES ($1, $2, $3) \
        ON CONFLICT (slug) DO UPDATE SET label = excluded.label, place = excluded.place \
        WHERE rubriques.label <> excluded.label OR rubriques.place <> excluded.place";

    /// What an import compares with.
    KNOWN_COLUMNS = "SELECT source_key, guid, title, standfirst, published_at, withdrawn_at FROM columns \
        WHERE source = $1";
    FIND_COLUMN = "SELECT id, fingerprint, updated_at, published_at, rubrique, withdrawn_at \
        FROM columns WHERE source = $1 AND source_key = $2";
    HAS_GUID = "SELECT source_key FROM columns WHERE guid = $1";
    COLUMN_ADDRESS = "SELECT url, asked_url FROM columns WHERE id = $1";
    /// Who has an address, of the columns that readers see, but for one.
    ADDRESS_OWNER = "SELECT source_key, title FROM columns WHERE url = $1 AND withdrawn_at IS NULL AND id <> $2 \
        ORDER BY id LIMIT 1";
    /// Columns of which each wants the address of another, or has it.
    TWIN_ADDRESSES = "SELECT c.title, c.guid, c.url, o.title AS owner, o.url AS wanted FROM columns c JOIN columns o \
        ON o.url = COALESCE(c.asked_url, c.url) AND o.id <> c.id AND o.withdrawn_at IS NULL \
        WHERE c.withdrawn_at IS NULL AND (c.asked_url IS NOT NULL OR o.id < c.id) ORDER BY c.id, o.id";
    /// A column's name in its source, where it was moved.
    MOVE_COLUMN = "UPDATE columns SET source = $3, source_key = $4 WHERE source = $1 AND source_key = $2 \
        AND NOT EXISTS (SELECT 1 FROM columns o WHERE o.source = $3 AND o.source_key = $4)";
    MOVE_ALL_COLUMNS = "UPDATE columns SET source = $2 WHERE source = $1 \
        AND NOT EXISTS (SELECT 1 FROM columns o WHERE o.source = $2 AND o.source_key = columns.source_key)";
    /// What may be a column under another name: who has no file any more.
    COLUMN_TRACE = "SELECT source, source_key, guid, content, title, url, published_at, withdrawn_at FROM columns \
        WHERE source = $1 AND source_key = $2";
    TRACES_OF_SOURCE = "SELECT source, source_key, guid, content, title, url, published_at, withdrawn_at FROM columns \
        WHERE source = $1 ORDER BY id";
    WITHDRAWN_TRACES = "SELECT source, source_key, guid, content, title, url, published_at, withdrawn_at FROM columns \
        WHERE withdrawn_at IS NOT NULL ORDER BY id";
    COLUMN_TEXT = "SELECT standfirst, body FROM columns WHERE source = $1 AND source_key = $2";
    COLUMN_SOURCES = "SELECT source, COUNT(*) FROM columns WHERE withdrawn_at IS NULL GROUP BY source ORDER BY source";
    NEWEST_OF_SOURCES = "SELECT source, MAX(published_at) FROM columns WHERE withdrawn_at IS NULL GROUP BY source \
        ORDER BY source";
    LIST_COLUMNS = "SELECT id, source, source_key, title, url, published_at, withdrawn_at FROM columns \
        ORDER BY published_at DESC, id DESC";
    /// As they may enter another store.
    EXPORT_COLUMNS = "SELECT id, source, source_key, guid, rubrique, title, standfirst, byline, bylines, tags, audio, body_raw, \
        COALESCE(asked_url, url) AS url, image_url, image_alt, image_credit, image_type, image_width, image_height, \
        image_length, published_at, updated_at, withdrawn_at FROM columns WHERE id > $1 ORDER BY id LIMIT $2";
    RAW_BODIES = "SELECT id, guid, title, url, body_raw FROM columns WHERE withdrawn_at IS NULL AND id > $1 \
        ORDER BY id LIMIT $2";
    /// Columns that were put before there was a fingerprint of their words.
    WITHOUT_CONTENT = "SELECT id, title, standfirst, body FROM columns WHERE content = '' ORDER BY id LIMIT $1";
    /// Not over one that somebody has put meanwhile, with other words.
    SET_CONTENT = "UPDATE columns SET content = $2 WHERE id = $1 AND content = ''";
    REDATE_COLUMN = "UPDATE columns SET published_at = $2, updated_at = $3, fingerprint = $4, revision = $5 WHERE id = $1";
    RESTORE_COLUMN = "UPDATE columns SET withdrawn_at = NULL, revision = $2 WHERE id = $1 AND withdrawn_at IS NOT NULL";
    /// Instants that are taken, so that no two columns share one.
    UPDATES_BETWEEN = "SELECT updated_at FROM columns WHERE updated_at BETWEEN $1 AND $2";
    ADD_COLUMN = "INSERT INTO columns (source, source_key, guid, rubrique, title, standfirst, byline, body_raw, body, \
        cleaner, url, image_url, image_alt, image_credit, image_type, image_width, image_height, image_length, \
        published_at, updated_at, fingerprint, bylines, tags, audio, revision, withdrawn_at, content, asked_url) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25, $26, $27, $28)";
    CHANGE_COLUMN = "UPDATE columns SET rubrique = $1, title = $2, standfirst = $3, byline = $4, body_raw = $5, \
        body = $6, cleaner = $7, url = $8, image_url = $9, image_alt = $10, image_credit = $11, image_type = $12, \
        image_width = $13, image_height = $14, image_length = $15, published_at = $16, updated_at = $17, \
        fingerprint = $18, bylines = $19, tags = $20, audio = $21, revision = $22, withdrawn_at = $23, content = $24, \
        asked_url = $25 WHERE id = $26";

    WITHDRAW_COLUMN = "UPDATE columns SET withdrawn_at = $2, revision = $3 WHERE id = $1 AND withdrawn_at IS NULL";
    REVISION = "SELECT number FROM revision";
    NEXT_REVISION = "UPDATE revision SET number = number + 1 RETURNING number";
    /// Published in a span of time, or left out of an edition before, and in none of the newsletter yet.
    UNSENT_COLUMNS = columns!("published_at <= $2 AND (published_at >= $1 \
        OR id IN (SELECT w.column_id FROM waiting_columns w WHERE w.newsletter = $3)) \
        AND NOT EXISTS (SELECT 1 FROM edition_columns e WHERE e.newsletter = $3 AND e.column_id = columns.id) \
        AND NOT EXISTS (SELECT 1 FROM special_columns s WHERE s.newsletter = $3 AND s.column_id = columns.id)");
    /// Of these, those whose words are in an edition under another id.
    REPEATED_COLUMNS = "SELECT c.id, c.source, c.source_key, c.standfirst, c.body, MIN(e.period) FROM columns c \
        JOIN columns o ON o.content = c.content AND o.id <> c.id \
        JOIN edition_columns x ON x.newsletter = $3 AND x.column_id = o.id JOIN editions e ON e.id = x.edition_id \
        WHERE c.content <> '' AND c.withdrawn_at IS NULL AND c.published_at <= $2 AND (c.published_at >= $1 \
        OR c.id IN (SELECT w.column_id FROM waiting_columns w WHERE w.newsletter = $3)) \
        AND NOT EXISTS (SELECT 1 FROM edition_columns e WHERE e.newsletter = $3 AND e.column_id = c.id) \
        AND NOT EXISTS (SELECT 1 FROM special_columns s WHERE s.newsletter = $3 AND s.column_id = c.id) \
        GROUP BY c.id, c.source, c.source_key, c.standfirst, c.body";
}
