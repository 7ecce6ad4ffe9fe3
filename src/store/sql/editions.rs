//! Editions: their columns, variants and letters, and how they stand.

/// What makes up a [`crate::model::Edition`].
macro_rules! edition {
    () => {
        "SELECT e.id, e.newsletter, e.mark, e.number, e.period, e.since_at, e.cutoff_at, e.state, e.subject, e.dated_at, \
         e.frozen_at IS NOT NULL AS is_frozen FROM editions e "
    };
}

statements! {
    EDITIONS:
    /// Editions of a newsletter up to an instant, of those that the schedule has: what lies behind it hides nothing.
    LAST_EDITION = concat!(edition!(), "WHERE e.newsletter = $1 AND e.cutoff_at <= $2 AND e.is_special = 0 ORDER BY e.cutoff_at DESC LIMIT 1");
    FIRST_EDITION = concat!(edition!(), "WHERE e.newsletter = $1 AND e.cutoff_at <= $2 AND e.is_special = 0 ORDER BY e.cutoff_at LIMIT 1");
    FUTURE_EDITIONS = concat!(edition!(), "WHERE e.cutoff_at > $1 ORDER BY e.newsletter, e.cutoff_at");
    LAST_NUMBER = "SELECT COALESCE(MAX(number), 0) FROM editions WHERE newsletter = $1";
    /// The labels that editions have in a week, this one and those with a number.
    LABELS = "SELECT period, cutoff_at FROM editions WHERE newsletter = $1 AND (period = $2 OR period LIKE $2 || '-%')";
    FIND_EDITION = concat!(edition!(), "WHERE e.newsletter = $1 AND e.period = $2");
    FIND_EDITION_BY_CUTOFF = concat!(edition!(), "WHERE e.newsletter = $1 AND e.cutoff_at = $2");
    ALL_EDITIONS = concat!(edition!(), "WHERE e.newsletter = $1 ORDER BY e.number");
    EDITION_OF_ALL = concat!(edition!(), "ORDER BY e.id");
    /// Those that somebody has got, newest first.
    ARCHIVE = concat!(edition!(), "WHERE e.newsletter = $1 AND EXISTS (SELECT 1 FROM variants v WHERE v.edition_id = e.id \
        AND v.audience = '') AND ", sent!(), " ORDER BY e.cutoff_at DESC LIMIT $2");
    ARCHIVED = concat!(edition!(), "WHERE e.newsletter = $1 AND e.period = $2 AND ", sent!());
    WHOLE_VARIANT = "SELECT COALESCE((SELECT e.archive_html FROM editions e WHERE e.id = $1), html) FROM variants \
        WHERE edition_id = $1 AND audience = ''";
    SET_ARCHIVE_PAGE = "UPDATE editions SET archive_html = $2 WHERE id = $1 \
        AND EXISTS (SELECT 1 FROM revision r WHERE r.number = $3)";
    COLUMNS_OF = columns!("id IN (SELECT column_id FROM edition_columns WHERE edition_id = $1)");
    /// Titles of an edition's columns that were withdrawn since.
    WITHDRAWN_IN = "SELECT c.title FROM edition_columns e JOIN columns c ON c.id = e.column_id \
        WHERE e.edition_id = $1 AND c.withdrawn_at IS NOT NULL ORDER BY e.place";
    /// Those with letters to send, oldest first; also one that was closed while something was to do.
    OPEN_EDITIONS = concat!(edition!(), "WHERE e.state IN ('frozen', 'sending') OR (e.state = 'sent' AND ", to_do!(),
        ") ORDER BY e.cutoff_at");
    ADD_EDITION = "INSERT INTO editions (newsletter, cutoff_at, mark, number, period, since_at, state, subject, dated_at, \
        frozen_at, held_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING id";
    HAS_MARK = "SELECT COUNT(*) FROM editions WHERE mark = $1";
    /// One that was held over its hour gets its letters.
    FREEZE_HELD = "UPDATE editions SET state = $2, subject = $3, dated_at = $4, frozen_at = $4, held_reason = NULL \
        WHERE id = $1 AND state = 'held' AND frozen_at IS NULL";
    DROP_EDITION_COLUMNS = "DELETE FROM edition_columns WHERE edition_id = $1";
    /// Not of one that is planned for a special edition meanwhile.
    ADD_EDITION_COLUMN = "INSERT INTO edition_columns (edition_id, newsletter, column_id, place) \
        SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS BIGINT) \
        WHERE NOT EXISTS (SELECT 1 FROM special_columns s WHERE s.newsletter = $2 AND s.column_id = $3) ON CONFLICT DO NOTHING";
    ADD_WAITING_COLUMN = "INSERT INTO waiting_columns (newsletter, column_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    DROP_WAITING_COLUMN = "DELETE FROM waiting_columns WHERE newsletter = $1 AND column_id = $2";
    ADD_VARIANT = "INSERT INTO variants (edition_id, audience, subject, html, plain, entity, content_hash, earlier, others) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id";
    ADD_VARIANT_COLUMN = "INSERT INTO variant_columns (variant_id, column_id) VALUES ($1, $2)";
    LARGEST_VARIANT = "SELECT CAST(COALESCE(MAX(length(entity)), 0) AS BIGINT) FROM variants WHERE edition_id = $1";
    FIND_VARIANT = "SELECT v.entity, COALESCE(v.subject, e.subject) AS subject, v.others FROM variants v JOIN editions e ON e.id = v.edition_id \
        WHERE v.id = $1";
    /// The letters of one that was begun keep their date.
    RELEASE_EDITION = "UPDATE editions SET state = 'frozen', held_reason = NULL, dated_at = CASE WHEN EXISTS \
        (SELECT 1 FROM letters l WHERE l.edition_id = editions.id AND l.attempts > 0) THEN dated_at ELSE $2 END \
        WHERE id = $1 AND state = 'held' AND frozen_at IS NOT NULL";
    BEGIN_EDITION = "UPDATE editions SET state = 'sending' WHERE id = $1 AND state = 'frozen'";
    /// One after another: each statement of a transaction sees what was committed before it began, so that
    /// who has locked the edition sees every letter that was settled before.
    TOUCH_EDITION = "UPDATE editions SET state = state WHERE id = $1 RETURNING state";
    /// Nor one of which letters lie in others that are to go: who holds it takes them out again.
    CLOSE_EDITION = concat!("UPDATE editions SET state = 'sent' WHERE id = $1 AND state = 'sending' \
        AND NOT EXISTS (SELECT 1 FROM editions e WHERE e.id = $1 AND ", to_do!(), ") AND NOT EXISTS (SELECT 1 FROM carried_letters m \
        JOIN letters c ON c.id = m.carrier_id WHERE m.edition_id = $1 AND c.state IN ('queued', 'leased', 'sending', 'deferred'))");
    /// Something is to do again.
    REOPEN_EDITION = "UPDATE editions SET state = CASE WHEN state = 'sent' THEN 'sending' ELSE state END WHERE id = $1";
    MARK_OF = "SELECT mark FROM editions WHERE id = $1";
    EDITION_STATE = "SELECT state FROM editions WHERE id = $1";
    TALLY = tally!(" WHERE id = $1", " AND edition_id = $1", " AND b.edition_id = $1");
    SET_LETTERS = "UPDATE editions SET letters = $2 WHERE id = $1";
    UNKNOWN_LETTERS = "SELECT address FROM letters WHERE edition_id = $1 AND state = 'unknown' ORDER BY id";
    FAILED_LETTERS = "SELECT address, COALESCE(reply, '') FROM letters WHERE edition_id = $1 AND state = 'failed' ORDER BY id";
    /// An edition of the future becomes one of the present.
    REDATE_EDITION = "UPDATE editions SET cutoff_at = $2, period = $3, since_at = CASE WHEN since_at < $2 THEN since_at ELSE $2 END \
        WHERE id = $1 AND cutoff_at = $4";
    EDITION_COLUMNS = "SELECT column_id FROM edition_columns WHERE edition_id = $1 ORDER BY place";
    /// An edition's variants as they were frozen, that for all rubriques first; without those that hold letters of others.
    FROZEN_VARIANTS = "SELECT v.audience, COALESCE(v.subject, e.subject) AS subject, v.html, v.plain, v.entity, v.content_hash \
        FROM variants v JOIN editions e ON e.id = v.edition_id WHERE v.edition_id = $1 AND v.html <> '' AND v.others = '' ORDER BY v.audience";
    VARIANT_HASHES = "SELECT content_hash FROM variants WHERE edition_id = $1 AND others = '' ORDER BY audience";
    HOLD_EDITION = "UPDATE editions SET state = 'held', held_reason = $2 WHERE id = $1 AND state IN ('frozen', 'sending')";
    HELD_REASON = "SELECT held_reason FROM editions WHERE id = $1 AND state = 'held'";
}
