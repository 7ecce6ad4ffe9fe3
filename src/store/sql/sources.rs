//! Sources: by whom they are read, their files, and what was told of them.

statements! {
    SOURCES:
    /// What a sync begins with, in one row: by whom each source is read, what was told, whether an
    /// older version left files, and whether columns have no fingerprint of their words yet.
    SOURCE_STATE = "SELECT (SELECT string_agg(name || '\u{1f}' || place, '\u{1e}') FROM sources), \
        (SELECT string_agg(what, '\u{1e}') FROM notices), \
        (SELECT COUNT(*) FROM (SELECT path FROM files LIMIT 1) AS old), \
        (SELECT COUNT(*) FROM (SELECT id FROM columns WHERE content = '' LIMIT 1) AS bare)";
    SOURCE_PLACE = "SELECT place FROM sources WHERE name = $1";
    ADD_SOURCE = "INSERT INTO sources (name, place, taken_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    TAKE_SOURCE = "UPDATE sources SET place = $2, taken_at = $3 WHERE name = $1 AND place = $4";
    RENAME_SOURCE = "UPDATE sources SET name = $2 WHERE name = $1 \
        AND NOT EXISTS (SELECT 1 FROM sources o WHERE o.name = $2)";
    DROP_SOURCE = "DELETE FROM sources WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM columns c WHERE c.source = $1)";
    SOURCE_FILES = "SELECT source, path, column_key, content, seen, due_at, refused FROM source_files";
    FILE_CONTENT = "SELECT content FROM source_files WHERE source = $1 AND path = $2";
    PUT_FILE = "INSERT INTO source_files (source, path, column_key, content, seen, due_at, refused) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, path) DO UPDATE SET column_key = excluded.column_key, \
        content = excluded.content, seen = excluded.seen, due_at = excluded.due_at, refused = excluded.refused";
    DROP_FILE = "DELETE FROM source_files WHERE source = $1 AND path = $2";
    MOVE_ALL_FILES = "UPDATE source_files SET source = $2 WHERE source = $1";
    DROP_FILES = "DELETE FROM source_files WHERE source = $1";
    /// What older versions wrote of the files they read.
    OLD_FILES = "SELECT path, column_key FROM files";
    DROP_OLD_FILE = "DELETE FROM files WHERE path = $1";

    REFUSED_FILES = "SELECT path, refused FROM source_files WHERE refused IS NOT NULL AND refused <> '' \
        ORDER BY source, path LIMIT 100";
    NOTICES = "SELECT what FROM notices";
    ADD_NOTICE = "INSERT INTO notices (what, told_at) VALUES ($1, $2) ON CONFLICT (what) DO NOTHING";
    DROP_NOTICE = "DELETE FROM notices WHERE what = $1";
}
