//! What relays' logs say of letters.

use super::ByDialect;

/// An address's domain, in lower case.
macro_rules! domain {
    (sqlite) => {
        "LOWER(SUBSTR(l.address, INSTR(l.address, '@') + 1))"
    };
    (postgres) => {
        "LOWER(SPLIT_PART(l.address, '@', 2))"
    };
}

/// What became of an edition's letters that relays took, by domain. Each letter counts once.
macro_rules! by_domain {
    ($backend:ident) => {
        concat!(
            "SELECT x.domain, COUNT(*) AS taken, \
            CAST(SUM(CASE WHEN x.fate = 'delivered' THEN 1 ELSE 0 END) AS BIGINT) AS delivered, \
            CAST(SUM(CASE WHEN x.fate = 'bounced' THEN 1 ELSE 0 END) AS BIGINT) AS bounced, \
            CAST(SUM(CASE WHEN x.fate = 'waiting' THEN 1 ELSE 0 END) AS BIGINT) AS waiting \
            FROM (SELECT ",
            domain!($backend),
            " AS domain, CASE WHEN l.state = 'failed' THEN 'bounced' ELSE COALESCE(f.fate, '') END AS fate \
            FROM letters l LEFT JOIN letter_fates f ON f.letter_id = l.id WHERE l.edition_id = $1 \
            AND ((l.state = 'sent' AND COALESCE(l.reply, '') <> 'in another letter') OR (l.state = 'failed' AND EXISTS (SELECT 1 FROM bounces b \
            WHERE b.edition_id = l.edition_id AND b.subscriber_id = l.subscriber_id)))) AS x \
            GROUP BY x.domain ORDER BY taken DESC, x.domain"
        )
    };
}

statements! {
    FATES:
    NOTE_RELAY = "INSERT INTO edition_relays (edition_id, relay, since_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    RELAYS_OF = "SELECT relay, since_at FROM edition_relays WHERE edition_id = $1 ORDER BY relay";
    LOG_WAS_READ = "UPDATE edition_relays SET read_at = $3 WHERE edition_id = $1 AND relay = $2";
    /// What relays took and came back.
    RETURNED_LETTERS = "SELECT COUNT(*) FROM letters l WHERE l.edition_id = $1 AND l.state = 'failed' AND EXISTS \
        (SELECT 1 FROM bounces b WHERE b.edition_id = l.edition_id AND b.subscriber_id = l.subscriber_id)";
    LOG_POSITION = "SELECT device, inode, length, first_line FROM relay_log_positions WHERE relay = $1";
    NOTE_LOG_POSITION = "INSERT INTO relay_log_positions (relay, device, inode, length, first_line) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (relay) DO UPDATE SET device = excluded.device, inode = excluded.inode, length = excluded.length, \
        first_line = excluded.first_line";
    QUEUE_NAMES = "SELECT queue, edition_id, public_id, named_at FROM relay_log_names WHERE relay = $1 ORDER BY queue";
    DROP_QUEUE_NAMES = "DELETE FROM relay_log_names WHERE relay = $1";
    ADD_QUEUE_NAME = "INSERT INTO relay_log_names (relay, queue, edition_id, public_id, named_at) VALUES ($1, $2, $3, $4, $5)";
    HAS_DOUBTS = "SELECT COUNT(*) FROM letters l WHERE l.state = 'unknown' AND EXISTS \
        (SELECT 1 FROM edition_relays r WHERE r.edition_id = l.edition_id AND r.since_at > $1)";
    HAS_READ_LOG = "SELECT COUNT(*) FROM edition_relays WHERE edition_id = $1 AND read_at IS NOT NULL";
    /// Editions of which something may still be learnt: their letters went out not long ago, or some are unknown.
    UNDECIDED_EDITIONS = "SELECT DISTINCT r.edition_id FROM edition_relays r WHERE r.since_at > $1 \
        OR EXISTS (SELECT 1 FROM letters l WHERE l.edition_id = r.edition_id AND l.state = 'unknown') ORDER BY r.edition_id";
    /// Letters that may have arrived, of readers who are still there.
    UNKNOWN_OF = "SELECT l.id, s.public_id, COALESCE(l.lease_until, 0) AS lease_until, COALESCE(l.settled_at, 0) AS settled_at \
        FROM letters l JOIN subscribers s ON s.id = l.subscriber_id WHERE l.edition_id = $1 AND l.state = 'unknown' ORDER BY l.id";
    /// What a relay said that it took, between two instants, by its answer and not by its log; not what lay in other letters.
    SENT_BETWEEN = "SELECT COUNT(*) FROM letters l WHERE l.edition_id = $1 AND l.state = 'sent' AND l.settled_at >= $2 \
        AND l.settled_at <= $3 AND COALESCE(l.reply, '') NOT LIKE 'by its log: %' AND COALESCE(l.reply, '') <> 'in another letter' \
        AND EXISTS (SELECT 1 FROM subscribers s WHERE s.id = l.subscriber_id)";
}

dialects! {
    /// Letters of an edition to readers: `[id]`, in hexadecimal digits.
    LETTERS_TO = hashed!(
        "SELECT l.id, s.public_id, l.state, COALESCE(l.settled_at, 0) AS settled_at, \
        CASE WHEN COALESCE(l.reply, '') LIKE 'by its log: %' THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS by_log FROM (",
        ") AS x JOIN subscribers s ON s.public_id = x.hash JOIN letters l ON l.subscriber_id = s.id WHERE l.edition_id = $2"
    );
    /// Letters that a relay took after all: `[letter, words]`.
    TAKEN_AFTER_ALL = rows!(
        "UPDATE letters SET state = 'sent', reply = x.words FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter, \
        value ->> 1 AS words FROM ",
        ") AS x WHERE letters.id = x.letter AND letters.state = 'unknown'"
    );
    /// Letters that no relay took: `[letter]`.
    NEVER_TAKEN = rows!(
        "UPDATE letters SET state = 'queued', due_at = 0, fence = fence + 1, reply = 'by its log: never taken' \
        FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter FROM ",
        ") AS x WHERE letters.id = x.letter AND letters.state = 'unknown'"
    );
    /// What became of letters: `[letter, fate, instant]`.
    PUT_FATES = ByDialect {
        sqlite: "INSERT INTO letter_fates (letter_id, fate, noted_at) SELECT CAST(value ->> 0 AS BIGINT), value ->> 1, \
            CAST(value ->> 2 AS BIGINT) FROM json_each($1) WHERE TRUE ON CONFLICT (letter_id) DO UPDATE SET \
            fate = excluded.fate, noted_at = excluded.noted_at WHERE letter_fates.fate <> excluded.fate",
        postgres: "INSERT INTO letter_fates (letter_id, fate, noted_at) SELECT CAST(value ->> 0 AS BIGINT), value ->> 1, \
            CAST(value ->> 2 AS BIGINT) FROM jsonb_array_elements(CAST($1 AS JSONB)) ON CONFLICT (letter_id) DO UPDATE SET \
            fate = excluded.fate, noted_at = excluded.noted_at WHERE letter_fates.fate <> excluded.fate",
    };
    /// How the letters of an edition that relays took fared, by domain, the largest first.
    FATES_BY_DOMAIN = ByDialect { sqlite: by_domain!(sqlite), postgres: by_domain!(postgres) };
}
