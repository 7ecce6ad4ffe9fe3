//! Who gets what of a newsletter's editions: rhythms, groups of readers, and what of earlier editions is to come.

use super::ByDialect;

/// An edition `e` that is held and that nobody has got: its columns wait for the editors' word.
macro_rules! withheld {
    () => {
        concat!("(e.state = 'held' AND NOT ", sent!(), ")")
    };
}

/// From when on the columns of an edition `e` come to readers who did not get it.
macro_rules! position {
    () => {
        "COALESCE(e.position_at, e.cutoff_at)"
    };
}

/// A letter for every active reader whose group has a variant, in the freezing commit.
macro_rules! add_letters {
    ($from:literal, $order:literal) => {
        concat!(
            "INSERT INTO letters (edition_id, subscriber_id, variant_id, address, name, state, attempts, fence, due_at) \
            SELECT g.edition_id, s.id, g.variant_id, s.address, s.name, 'queued', 0, 0, 0 FROM ",
            $from,
            " AND p.newsletter = $2 AND p.state = 'active' \
            AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash)",
            $order
        )
    };
}

statements! {
    AUDIENCES:
    NEWSLETTERS = "SELECT name FROM newsletters ORDER BY name";
    ADD_NEWSLETTER = "INSERT INTO newsletters (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";
    GROUPS = "SELECT DISTINCT rhythm, choice, after_at, mark_at, had FROM subscriptions WHERE newsletter = $1 AND state = 'active' \
        ORDER BY rhythm, choice, after_at, mark_at, had";
    GROUP_AT = "SELECT p.rhythm, p.choice, p.after_at, p.mark_at, p.had FROM subscriptions p JOIN subscribers s \
        ON s.id = p.subscriber_id WHERE p.newsletter = $1 AND s.address_hash = $2 AND p.state = 'active'";
    /// Who would get an edition that is drawn up now.
    READERS_BY_GROUP = "SELECT p.rhythm, p.choice, p.after_at, p.mark_at, p.had, COUNT(*) AS readers FROM subscriptions p \
        JOIN subscribers s ON s.id = p.subscriber_id WHERE p.newsletter = $1 AND p.state = 'active' \
        AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash) \
        GROUP BY p.rhythm, p.choice, p.after_at, p.mark_at, p.had";
    LAST_OF_RHYTHMS = "SELECT r.rhythm, MAX(e.cutoff_at) FROM edition_rhythms r JOIN editions e ON e.id = r.edition_id \
        WHERE e.newsletter = $1 AND e.cutoff_at < $2 GROUP BY r.rhythm";
    EARLIER_EDITIONS = concat!("SELECT e.id, e.cutoff_at, e.since_at, ", position!(), " AS position_at, ", withheld!(),
        " AS is_withheld, e.is_special = 1 AS is_special FROM editions e WHERE e.newsletter = $1 AND ", position!(), " > $2 AND ", position!(),
        " < $3 AND e.cutoff_at < $3 ORDER BY ", position!());
    EARLIER_RHYTHMS = concat!("SELECT r.edition_id, r.rhythm FROM edition_rhythms r JOIN editions e ON e.id = r.edition_id \
        WHERE e.newsletter = $1 AND ", position!(), " > $2 AND e.cutoff_at < $3");
    EDITIONS_STAMP = concat!("SELECT CAST(COALESCE(MAX(", position!(), "), 0) AS BIGINT), CAST(COALESCE(SUM(CASE WHEN ",
        withheld!(), " THEN 1 ELSE 0 END), 0) AS BIGINT) FROM editions e WHERE e.newsletter = $1");
    COUNT_WITHHELD = concat!("SELECT COUNT(*) FROM editions e WHERE e.newsletter = $1 AND ", withheld!());
    /// Others whose columns come later than an edition's: its letters do not hold them.
    COUNT_BEHIND = concat!("SELECT COUNT(*) FROM editions e WHERE e.newsletter = $1 AND e.id <> $3 AND ", position!(), " > $2");
    ADD_RHYTHM = "INSERT INTO edition_rhythms (edition_id, rhythm) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    ADD_GROUP = "INSERT INTO edition_groups (edition_id, rhythm, choice, after_at, mark_at, had, variant_id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DROP_GROUPS = "DELETE FROM edition_groups WHERE edition_id = $1";
    MOVE_BEHIND = concat!("UPDATE editions SET position_at = (SELECT MAX(", position!(), ") + 1 FROM editions e \
        WHERE e.newsletter = editions.newsletter AND e.cutoff_at < $2) WHERE id = $1 AND state = 'held' AND NOT EXISTS (SELECT 1 \
        FROM letters l WHERE l.edition_id = $1 AND l.state = 'sent') AND EXISTS (SELECT 1 FROM editions e \
        WHERE e.newsletter = editions.newsletter AND e.cutoff_at < $2 AND e.cutoff_at > editions.cutoff_at)");
    SETTLE_GROUP = "UPDATE subscriptions SET after_at = 0, mark_at = 0, had = '' WHERE newsletter = $1 AND rhythm = $2 AND after_at > 0 \
        AND after_at < $3";
    HISTORY = "SELECT rhythm, after_at, mark_at, had FROM subscriptions WHERE subscriber_id = $1 AND newsletter = $2";
    /// The last edition of the schedule that was due for a rhythm and that its readers have got, or will.
    LAST_OF_RHYTHM = concat!("SELECT CAST(COALESCE(MAX(e.cutoff_at), 0) AS BIGINT) FROM editions e WHERE e.newsletter = $1 \
        AND e.is_special = 0 AND ($2 = '' OR EXISTS (SELECT 1 FROM edition_rhythms r WHERE r.edition_id = e.id AND r.rhythm = $2)) \
        AND e.cutoff_at <= $3 AND NOT ", withheld!());
    /// Editions of a rhythm, and special ones, that went out and whose columns come to others only after an instant.
    HAD_LATER = concat!("SELECT e.id FROM editions e WHERE e.newsletter = $1 AND ($2 = '' OR e.is_special = 1 OR EXISTS (SELECT 1 \
        FROM edition_rhythms r WHERE r.edition_id = e.id AND r.rhythm = $2)) AND e.cutoff_at > $3 AND ", position!(),
        " > $4 AND NOT ", withheld!(), " ORDER BY e.id");
    LATEST_CUTOFF = "SELECT CAST(COALESCE(MAX(cutoff_at), 0) AS BIGINT) FROM editions WHERE newsletter = $1 AND cutoff_at <= $2";
    SET_RHYTHM = "UPDATE subscriptions SET rhythm = $3, after_at = $4, mark_at = $5, had = $6 WHERE subscriber_id = $1 AND newsletter = $2";
    DROP_HELD_LETTERS = concat!("UPDATE letters SET state = 'suppressed' WHERE subscriber_id = $1 AND state = 'queued' \
        AND edition_id IN (SELECT e.id FROM editions e WHERE e.newsletter = $2 AND ", withheld!(), ")");
}

dialects! {
    /// One pass over all subscriptions, in the order of readers: group by group, each row of three tables would be looked for by
    /// itself, and each letter's entry in the index would have another place. Postgres would believe that hardly any reader
    /// is in a group, as five values must be equal, and look for each in turn; of an outer join it believes that all are.
    ADD_LETTERS = ByDialect {
        sqlite: add_letters!(
            "subscriptions p NOT INDEXED CROSS JOIN edition_groups g CROSS JOIN subscribers s WHERE g.edition_id = $1 \
            AND p.rhythm = g.rhythm AND p.choice = g.choice AND p.after_at = g.after_at AND p.mark_at = g.mark_at AND p.had = g.had \
            AND s.id = p.subscriber_id",
            ""
        ),
        postgres: add_letters!(
            "subscriptions p LEFT JOIN edition_groups g ON g.edition_id = $1 AND p.rhythm = g.rhythm AND p.choice = g.choice \
            AND p.after_at = g.after_at AND p.mark_at = g.mark_at AND p.had = g.had \
            JOIN subscribers s ON s.id = p.subscriber_id WHERE COALESCE(g.variant_id, 0) <> 0",
            " ORDER BY p.subscriber_id"
        ),
    };
    /// Before letters are added: SQLite gets room for their pages, and Postgres looks how many groups there are, which are
    /// of this transaction alone.
    FOR_LETTERS = ByDialect { sqlite: "PRAGMA cache_size = -16384", postgres: "ANALYZE edition_groups" };
}
