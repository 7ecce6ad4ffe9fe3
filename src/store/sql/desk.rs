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
