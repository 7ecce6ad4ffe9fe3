//! The first letters of an edition. The others are due that much later than the end of the year 9999 as long as nobody knows
//! what becomes of these: so every worker leaves them alone, whatever it knows of canaries, and their own hour is kept.

use super::ByDialect;

/// The first letters of an edition, one after the other from each domain, from large domains first.
macro_rules! choose {
    ($domain:literal) => {
        concat!(
            "INSERT INTO canary_letters (letter_id, edition_id) SELECT x.id, x.edition_id FROM (SELECT l.id, l.edition_id, \
            ROW_NUMBER() OVER (PARTITION BY ",
            $domain,
            " ORDER BY l.id) AS place, COUNT(*) OVER (PARTITION BY ",
            $domain,
            ") AS size FROM letters l WHERE l.edition_id = $1 AND l.state = 'queued' AND l.due_at <= $3) AS x \
            ORDER BY x.place, x.size DESC, x.id LIMIT $2"
        )
    };
}

/// What became of them, by domain.
macro_rules! fared {
    ($domain:literal) => {
        concat!(
            "SELECT x.domain, COUNT(*) AS letters, CAST(SUM(x.to_do) AS BIGINT) AS to_do, CAST(SUM(x.bad) AS BIGINT) AS bad, \
            CAST(SUM(x.deferred) AS BIGINT) AS deferred, MAX(x.settled_at) AS settled_at, MAX(x.reply) AS reply FROM (SELECT ",
            $domain,
            " AS domain, CASE WHEN l.state IN ('queued', 'leased', 'sending') THEN 1 ELSE 0 END AS to_do, \
            CASE WHEN l.state IN ('failed', 'unknown') OR f.fate = 'bounced' THEN 1 ELSE 0 END AS bad, \
            CASE WHEN l.state = 'deferred' THEN 1 ELSE 0 END AS deferred, \
            CASE WHEN l.state = 'deferred' THEN CAST(0 AS BIGINT) ELSE COALESCE(l.settled_at, 0) END AS settled_at, CASE WHEN l.state IN ('failed', 'deferred') THEN COALESCE(l.reply, '') \
            ELSE '' END AS reply FROM canary_letters c JOIN letters l ON l.id = c.letter_id \
            LEFT JOIN letter_fates f ON f.letter_id = l.id WHERE c.edition_id = $1 AND l.state <> 'suppressed') AS x \
            GROUP BY x.domain ORDER BY bad DESC, letters DESC, x.domain"
        )
    };
}

statements! {
    CANARY:
    CANARY_STATE = "SELECT state, begun_at FROM edition_canaries WHERE edition_id = $1";
    /// Only of an edition of which no letter was ever tried.
    BEGIN_CANARY = "INSERT INTO edition_canaries (edition_id, state, begun_at) SELECT e.id, 'out', CAST($2 AS BIGINT) FROM editions e WHERE e.id = $1 \
        AND e.state = 'frozen' AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.edition_id = e.id AND (l.attempts > 0 OR l.state NOT IN ('queued', 'carried'))) \
        ON CONFLICT DO NOTHING";
    WAIT_FOR_CANARY = "UPDATE letters SET due_at = due_at + 253402300799000 WHERE edition_id = $1 AND state = 'queued' \
        AND id NOT IN (SELECT c.letter_id FROM canary_letters c WHERE c.edition_id = $1)";
    WAIT_BLOCKS = concat!(
        "UPDATE letter_blocks SET due_at = CASE WHEN EXISTS (SELECT 1 FROM ",
        letters_in!("letter_blocks", "l.edition_id = letter_blocks.edition_id AND l.due_at < 253402300799000"),
        ") THEN CAST(0 AS BIGINT) ELSE 253402300799000 END WHERE edition_id = $1"
    );
    END_CANARY = "UPDATE edition_canaries SET state = $2 WHERE edition_id = $1 AND state = 'out'";
    FOLLOW_CANARY = "UPDATE letters SET due_at = due_at - 253402300799000 WHERE edition_id = $1 AND due_at >= 253402300799000 \
        AND (due_at < 1000000000000000 OR due_at >= 1253402300799000)";
    FOLLOW_BLOCKS = "UPDATE letter_blocks SET due_at = 0 WHERE edition_id = $1";
}

dialects! {
    CHOOSE_CANARY = ByDialect {
        sqlite: choose!("LOWER(SUBSTR(l.address, INSTR(l.address, '@') + 1))"),
        postgres: choose!("LOWER(SPLIT_PART(l.address, '@', 2))"),
    };
    CANARY_FARED = ByDialect {
        sqlite: fared!("LOWER(SUBSTR(l.address, INSTR(l.address, '@') + 1))"),
        postgres: fared!("LOWER(SPLIT_PART(l.address, '@', 2))"),
    };
}
