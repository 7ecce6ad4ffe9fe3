//! A new sender's letters. Those whose day has not come are due so much later that nothing else is due then: every worker
//! leaves them alone, whatever it knows of warm-ups, and their own hour is kept. It is another distance than that of the
//! canary, so that a letter may wait for both.

use super::ByDialect;

/// Lets the oldest readers' letters go first, so many to each provider as are left of its day. What wait for the canary, or
/// for an hour that has not come, or for a domain that rests, take no one's place.
macro_rules! let_go {
    ($domain:literal, $known:literal) => {
        concat!(
            "INSERT INTO warm_up_letters (letter_id, edition_id, provider, day) \
            SELECT y.id, y.edition_id, y.provider, CAST($3 AS BIGINT) FROM (SELECT x.id, x.edition_id, x.provider, \
            ROW_NUMBER() OVER (PARTITION BY x.provider ORDER BY x.since_at, x.id) AS place FROM (SELECT l.id, l.edition_id, \
            COALESCE(k.provider, ",
            $domain,
            ") AS provider, COALESCE(s.since_at, 0) AS since_at FROM letter_blocks b CROSS JOIN letters l JOIN editions e ON e.id = $1 \
            LEFT JOIN subscriptions s ON s.subscriber_id = l.subscriber_id AND s.newsletter = e.newsletter LEFT JOIN ",
            $known,
            " ON k.domain = ",
            $domain,
            " WHERE b.edition_id = $1 AND l.id BETWEEN b.block * 64 AND b.block * 64 + 63 AND CASE WHEN l.edition_id = b.edition_id \
            AND l.state IN ('queued', 'deferred') AND l.due_at >= 1000000000000000 \
            AND l.due_at - 1000000000000000 <= $2 THEN TRUE ELSE FALSE END AND NOT EXISTS (SELECT 1 FROM resting_domains r WHERE r.domain = ",
            $domain,
            " AND r.until_at > $6)) AS x) AS y LEFT JOIN (SELECT w.provider, COUNT(*) AS gone FROM warm_up_letters w \
            JOIN letters g ON g.id = w.letter_id WHERE w.day = $3 AND g.state NOT IN ('suppressed', 'carried') GROUP BY w.provider) AS u \
            ON u.provider = y.provider WHERE y.place <= $4 - COALESCE(u.gone, 0) \
            ON CONFLICT (letter_id) DO UPDATE SET day = excluded.day"
        )
    };
}

statements! {
    WARM_UP:
    HAS_WARM_UP = "SELECT COUNT(*) FROM edition_warm_ups WHERE edition_id = $1";
    BEGIN_WARM_UP = "INSERT INTO edition_warm_ups (edition_id) VALUES ($1) ON CONFLICT DO NOTHING";
    /// Blocks before their letters.
    LOCK_DAY_BLOCKS = "UPDATE letter_blocks SET due_at = due_at WHERE edition_id = $1 AND due_at < 1000000000000000";
    /// Whatever is due and was not let go today.
    WAIT_FOR_DAY = concat!(
        "UPDATE letters SET due_at = due_at + 1000000000000000 WHERE id IN (SELECT l.id FROM letter_blocks b CROSS JOIN ",
        letters_in!(
            "b",
            "l.edition_id = b.edition_id AND l.state IN ('queued', 'deferred') AND l.due_at < 1000000000000000"
        ),
        " AND b.edition_id = $1 AND b.due_at < 1000000000000000 \
        AND NOT EXISTS (SELECT 1 FROM warm_up_letters w WHERE w.letter_id = l.id AND w.day = $2))"
    );
    WAIT_DAY_BLOCKS = concat!(
        "UPDATE letter_blocks SET due_at = (SELECT MIN(l.due_at) FROM ",
        letters_in!("letter_blocks", "l.edition_id = letter_blocks.edition_id AND l.state IN ('queued', 'deferred')"),
        ") WHERE edition_id = $1 AND due_at < 1000000000000000"
    );
    /// What another program has in its hands since an earlier day, or had when it died, counts among today's.
    COUNT_IN_HAND = "UPDATE warm_up_letters SET day = $2 WHERE edition_id = $1 AND day < $2 \
        AND EXISTS (SELECT 1 FROM letters l WHERE l.id = warm_up_letters.letter_id AND l.state IN ('leased', 'sending'))";
    GO_TODAY = "UPDATE letters SET due_at = due_at - 1000000000000000 WHERE edition_id = $1 AND state IN ('queued', 'deferred') \
        AND due_at >= 1000000000000000 AND id IN (SELECT w.letter_id FROM warm_up_letters w WHERE w.edition_id = $1 AND w.day = $2)";
    GO_BLOCKS = "UPDATE letter_blocks SET due_at = 0 WHERE edition_id = $1 \
        AND block IN (SELECT w.letter_id / 64 FROM warm_up_letters w WHERE w.edition_id = $1 AND w.day = $2)";
    FORGET_WARM_UP_DAYS = "DELETE FROM warm_up_letters WHERE day < $1";
    COUNT_WARMING = concat!(
        "SELECT COUNT(*) FROM letter_blocks b CROSS JOIN ",
        letters_in!(
            "b",
            "l.edition_id = b.edition_id AND l.state IN ('queued', 'deferred') AND l.due_at >= 1000000000000000"
        ),
        " AND b.edition_id = $1"
    );
    /// The plan is over, or there is none any more.
    END_WARM_UP = "DELETE FROM edition_warm_ups WHERE edition_id = $1";
    GO_ALL = "UPDATE letters SET due_at = due_at - 1000000000000000 WHERE edition_id = $1 AND due_at >= 1000000000000000";
    GO_ALL_BLOCKS = "UPDATE letter_blocks SET due_at = 0 WHERE edition_id = $1";
}

dialects! {
    LET_GO = ByDialect {
        sqlite: let_go!(
            "LOWER(SUBSTR(l.address, INSTR(l.address, '@') + 1))",
            "(SELECT value ->> 0 AS domain, value ->> 1 AS provider FROM json_each($5)) AS k"
        ),
        postgres: let_go!(
            "LOWER(SPLIT_PART(l.address, '@', 2))",
            "(SELECT value ->> 0 AS domain, value ->> 1 AS provider FROM jsonb_array_elements(CAST($5 AS JSONB))) AS k"
        ),
    };
}
