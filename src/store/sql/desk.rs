//! The desk: what editors change and say of editions, and who may come in.

statements! {
    DESK:
    MOVE_CHANGES = "UPDATE edition_changes SET cutoff_at = $3 WHERE newsletter = $1 AND cutoff_at = $2";
    MOVE_NOTES = "UPDATE edition_notes SET cutoff_at = $3 WHERE newsletter = $1 AND cutoff_at = $2";

    /// What the editors changed in an edition, and what they said of it.
    ADD_CHANGES = "INSERT INTO edition_changes (newsletter, cutoff_at, version, changes, who, changed_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    LAST_CHANGES = "SELECT version, changes, who, changed_at FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2 \
        ORDER BY version DESC LIMIT 1";
    FIND_CHANGES = "SELECT version, changes, who, changed_at FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2 \
        AND version = $3";
    ADD_NOTE = "INSERT INTO edition_notes (newsletter, cutoff_at, kind, subject, who, words, noted_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    NOTES = "SELECT id, kind, subject, who, words, noted_at FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2 \
        ORDER BY id";
    /// The last word on whether an edition may go out.
    LAST_DECISION = "SELECT id, kind, subject, who, words, noted_at FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2 \
        AND kind IN ('approved', 'held', 'released') ORDER BY id DESC LIMIT 1";
    /// Who has got the proof of a content since an instant.
    PROOFS_SINCE = "SELECT words FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2 AND kind = 'proof' \
        AND subject = $3 AND noted_at > $4";
    /// What a freezing must have seen: the last version, the last note.
    DESK_STAMP = "SELECT COALESCE((SELECT MAX(version) FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2), 0), \
        COALESCE((SELECT MAX(id) FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2), 0)";
    /// Cutoffs of which editors have said something and that have no edition yet, oldest first.
    DRAFT_CUTOFFS = "SELECT DISTINCT n.cutoff_at FROM (SELECT newsletter, cutoff_at FROM edition_notes \
        UNION SELECT newsletter, cutoff_at FROM edition_changes) n WHERE n.newsletter = $1 AND NOT EXISTS \
        (SELECT 1 FROM editions e WHERE e.newsletter = n.newsletter AND e.cutoff_at = n.cutoff_at) AND NOT EXISTS \
        (SELECT 1 FROM special_editions s WHERE s.newsletter = n.newsletter AND s.cutoff_at = n.cutoff_at) ORDER BY n.cutoff_at";
    STATE_AT = "SELECT id, state FROM editions WHERE newsletter = $1 AND cutoff_at = $2";
    ADD_QUIET_CUTOFF = "INSERT INTO quiet_cutoffs (newsletter, cutoff_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    LAST_QUIET_CUTOFF = "SELECT MAX(cutoff_at) FROM quiet_cutoffs WHERE newsletter = $1 AND cutoff_at <= $2";
    QUIET_AFTER = "SELECT cutoff_at FROM quiet_cutoffs WHERE newsletter = $1 AND cutoff_at > $2 ORDER BY cutoff_at";
    DROP_QUIET_CUTOFF = "DELETE FROM quiet_cutoffs WHERE newsletter = $1 AND cutoff_at = $2";
    /// Cutoffs whose editions editors skip, with who said so.
    SKIPPED_AFTER = "SELECT q.cutoff_at, n.who FROM quiet_cutoffs q JOIN edition_notes n ON n.newsletter = q.newsletter \
        AND n.cutoff_at = q.cutoff_at WHERE q.newsletter = $1 AND q.cutoff_at > $2 AND n.kind = 'skipped' \
        AND n.id = (SELECT MAX(m.id) FROM edition_notes m WHERE m.newsletter = q.newsletter \
        AND m.cutoff_at = q.cutoff_at AND m.kind = 'skipped') ORDER BY q.cutoff_at";
    VERSIONS = "SELECT version, changes, who, changed_at FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2 \
        ORDER BY version DESC LIMIT 40";
    /// What became of an edition's letters, by the domain of their addresses. It looks at each letter: for who asks.
    FIGURES = "SELECT f.domain, COUNT(*), SUM(f.sent), SUM(f.failed), SUM(f.unsure), SUM(f.came_back), SUM(f.complained), \
        SUM(f.gone) FROM (SELECT LOWER(SUBSTR(l.address, LENGTH(RTRIM(l.address, REPLACE(l.address, '@', ''))) + 1)) AS domain, \
        CASE WHEN l.state = 'sent' THEN 1 ELSE 0 END AS sent, CASE WHEN l.state = 'failed' THEN 1 ELSE 0 END AS failed, \
        CASE WHEN l.state = 'unknown' THEN 1 ELSE 0 END AS unsure, \
        CASE WHEN EXISTS (SELECT 1 FROM bounces b WHERE b.edition_id = l.edition_id AND b.subscriber_id = l.subscriber_id \
        AND b.kind IN ('hard', 'soft')) THEN 1 ELSE 0 END AS came_back, \
        CASE WHEN EXISTS (SELECT 1 FROM bounces b WHERE b.edition_id = l.edition_id AND b.subscriber_id = l.subscriber_id \
        AND b.kind = 'complaint') THEN 1 ELSE 0 END AS complained, \
        CASE WHEN EXISTS (SELECT 1 FROM subscriptions p WHERE p.subscriber_id = l.subscriber_id AND p.newsletter = $2 \
        AND p.state = 'unsubscribed' AND p.since_at >= $3 AND p.since_at < $4) THEN 1 ELSE 0 END AS gone \
        FROM letters l WHERE l.edition_id = $1) AS f GROUP BY f.domain ORDER BY COUNT(*) DESC, f.domain";
    NEXT_CUTOFF = "SELECT MIN(cutoff_at) FROM editions WHERE newsletter = $1 AND cutoff_at > $2";
    COLUMN = columns!("id = $1");
    DOCUMENTS_OF = "SELECT f.source, f.path FROM source_files f JOIN columns c ON c.source = f.source \
        AND c.source_key = f.column_key WHERE c.id = $1 ORDER BY f.path";
    DESK_GENERATION = "SELECT generation FROM desk_keys WHERE name = $1";
    DESK_EDITORS = "SELECT name, is_editor FROM desk_keys WHERE name <> ''";
    ADD_DESK_EDITOR = "INSERT INTO desk_keys (name, generation, is_editor) VALUES ($1, 0, 1) \
        ON CONFLICT (name) DO UPDATE SET is_editor = 1";
    DROP_DESK_EDITOR = "UPDATE desk_keys SET is_editor = 0, generation = generation + 1 WHERE name = $1 AND is_editor = 1";
    REVOKE_DESK = "INSERT INTO desk_keys (name, generation, is_editor) VALUES ($1, 1, 0) \
        ON CONFLICT (name) DO UPDATE SET generation = desk_keys.generation + 1";
    REVOKE_EDITORS = "UPDATE desk_keys SET generation = generation + 1 WHERE name <> ''";
    ADD_DESK_SESSION = "INSERT INTO desk_sessions (id, name, generation, began_at, ends_at, came_from) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    DESK_SESSION = "SELECT s.name FROM desk_sessions s LEFT JOIN desk_keys k ON k.name = s.name \
        WHERE s.id = $1 AND s.ends_at > $2 AND s.generation = COALESCE(k.generation, 0)";
    DESK_SESSIONS = "SELECT s.name, s.began_at, s.ends_at, s.came_from FROM desk_sessions s \
        LEFT JOIN desk_keys k ON k.name = s.name WHERE s.ends_at > $1 AND s.generation = COALESCE(k.generation, 0) \
        ORDER BY s.began_at, s.id";
    END_DESK_SESSION = "DELETE FROM desk_sessions WHERE id = $1";
    END_DESK_SESSIONS = "DELETE FROM desk_sessions";
    END_DESK_SESSIONS_OF = "DELETE FROM desk_sessions WHERE name = $1";
    /// A link that works once.
    ADD_DESK_ENTRY = "INSERT INTO desk_entries (id, ends_at) VALUES ($1, $2)";
    IS_DESK_ENTRY = "SELECT COUNT(*) FROM desk_entries WHERE id = $1 AND ends_at > $2";
    USE_DESK_ENTRY = "DELETE FROM desk_entries WHERE id = $1 AND ends_at > $2";
    DROP_OLD_DESK_ENTRIES = "DELETE FROM desk_entries WHERE ends_at <= $1";
    END_DESK_ENTRIES = "DELETE FROM desk_entries";
    DROP_OLD_DESK_SESSIONS = "DELETE FROM desk_sessions WHERE ends_at <= $1";
}
