//! Statements about the ledger's blocks: 64 letters whose numbers follow one another. A block says when one of its
//! letters is to be looked at, so that no index has to be written whenever a letter is.
//!
//! What holds: each letter that is to do has a block. Its `due_at` is no later than that of any letter in it that
//! nobody holds, its `lease_until` no later than the end of any lease in it. They may be earlier: who looks then
//! finds nothing and writes the right ones down. A block is locked before its letters, an edition before its blocks.

use super::ByDialect;

/// Works on blocks `x`, which come as one JSON array, `$1`: the same for both backends, or with two heads and two
/// ends, of which the first is for Postgres.
macro_rules! blocks {
    ($head:expr, $tail:expr) => {
        blocks!($head, $head, $tail, "", "")
    };
    ($postgres:expr, $sqlite:expr, $tail:expr, $postgres_end:expr, $sqlite_end:expr) => {
        ByDialect {
            sqlite: concat!(
                $sqlite,
                "(SELECT CAST(value AS BIGINT) AS block FROM json_each($1)) AS x",
                $tail,
                $sqlite_end
            ),
            postgres: concat!(
                $postgres,
                "(SELECT CAST(CAST(value AS TEXT) AS BIGINT) AS block FROM jsonb_array_elements(CAST($1 AS JSONB))) AS x",
                $tail,
                $postgres_end
            ),
        }
    };
}

/// What a lease writes.
macro_rules! lease {
    () => {
        "UPDATE letters SET state = 'leased', fence = fence + 1, lease_until = $5, \
        address = COALESCE((SELECT s.address FROM subscribers s WHERE s.id = letters.subscriber_id), address)"
    };
}

/// What it gives.
macro_rules! leased {
    () => {
        concat!(
            " RETURNING id, (SELECT s.public_id FROM subscribers s WHERE s.id = letters.subscriber_id) AS public_id, \
            variant_id, address, name, attempts, fence, (SELECT COUNT(*) ",
            wanting!(),
            ") AS wanted"
        )
    };
}

/// Takes letters of blocks back that are in a state and whose leases ended; what was written meanwhile counts.
macro_rules! lapse {
    ($set:literal, $state:literal) => {
        blocks!(
            concat!("UPDATE letters SET ", $set, " WHERE id = ANY(ARRAY(SELECT l.id FROM "),
            concat!("UPDATE letters SET ", $set, " WHERE id IN (SELECT l.id FROM "),
            concat!(" CROSS JOIN ", letters_in!("x", concat!("l.edition_id = $2 AND l.state = ", $state))),
            concat!(")) AND state = ", $state, " AND (lease_until < $3 OR lease_until > $4)"),
            concat!(") AND state = ", $state, " AND (lease_until < $3 OR lease_until > $4)")
        )
    };
}

statements! {
    ALL:
    /// The blocks of an edition whose letters were just added.
    ADD_BLOCKS = "INSERT INTO letter_blocks (edition_id, block, due_at) \
        SELECT DISTINCT edition_id, id / 64, CAST(0 AS BIGINT) FROM letters WHERE edition_id = $1";
    /// Letters of an edition were queued again.
    OPEN_BLOCKS = "INSERT INTO letter_blocks (edition_id, block, due_at) \
        SELECT DISTINCT edition_id, id / 64, CAST(0 AS BIGINT) FROM letters \
        WHERE edition_id = $1 AND state = 'queued' AND due_at = 0 \
        ON CONFLICT (edition_id, block) DO UPDATE SET due_at = excluded.due_at";
    /// Nothing is to do any more.
    DROP_BLOCKS = "DELETE FROM letter_blocks WHERE edition_id = $1";
    COUNT_TO_DO = concat!(
        "SELECT COUNT(*) FROM letter_blocks b CROSS JOIN ",
        letters_in!("b", "l.edition_id = b.edition_id AND l.state IN ('queued', 'leased', 'sending', 'deferred')"),
        " AND b.edition_id = $1"
    );
    /// Letters that were not tried yet and wait for an hour that their readers chose.
    COUNT_WAITING = concat!(
        "SELECT COUNT(*) FROM letter_blocks b CROSS JOIN ",
        letters_in!(
            "b",
            "l.edition_id = b.edition_id AND l.state = 'queued' AND l.attempts = 0 AND l.due_at > $2 \
            AND l.due_at < 253402300799000"
        ),
        " AND b.edition_id = $1"
    );
    /// When the next letter that nobody holds is due, and when the next lease ends.
    AWAITED = concat!(
        "SELECT MIN(CASE WHEN l.state IN ('queued', 'deferred') THEN l.due_at END), \
        MIN(CASE WHEN l.state IN ('leased', 'sending') THEN l.lease_until END) FROM letter_blocks b CROSS JOIN ",
        letters_in!("b", "l.edition_id = b.edition_id"),
        " AND b.edition_id = $1 AND (b.due_at IS NOT NULL OR b.lease_until IS NOT NULL)"
    );
}

dialects! {
    /// Takes blocks of an edition that is going out, in which letters may be due.
    DUE_BLOCKS = taking!(
        "SELECT block FROM letter_blocks WHERE edition_id = $1 AND due_at <= $2 \
        AND EXISTS (SELECT 1 FROM editions e WHERE e.id = $1 AND e.state IN ('frozen', 'sending')) \
        ORDER BY due_at, block LIMIT $3",
        ""
    );
    /// Takes letters out of such blocks, to the addresses of the day, and counts of each the readers who still want
    /// it: one or none. Postgres plans an array and a count by the letters that come, not by all there are.
    LEASE_LETTERS = blocks!(
        concat!(lease!(), " WHERE id = ANY(ARRAY(SELECT l.id FROM "),
        concat!(lease!(), " WHERE id IN (SELECT l.id FROM "),
        concat!(
            " CROSS JOIN ",
            letters_in!("x", "l.edition_id = $2 AND l.state IN ('queued', 'deferred') AND l.due_at <= $3"),
            " AND EXISTS (SELECT 1 FROM editions e WHERE e.id = $2 AND e.state IN ('frozen', 'sending')) \
            ORDER BY l.due_at, l.id LIMIT $4"
        ),
        concat!(" FOR UPDATE OF l SKIP LOCKED))", leased!()),
        concat!(")", leased!())
    );
    /// Of letters just leased, those to people who left, or were suppressed or erased, since the edition was
    /// frozen: `[letter]`.
    SUPPRESS_LETTERS = rows!(
        "UPDATE letters SET state = 'suppressed', settled_at = $2 \
        WHERE id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ") AND state = 'leased'"
    );
    /// Writes down when blocks are to be looked at again; the edition is `$2`.
    LOOK_AGAIN = blocks!(
        concat!(
            "UPDATE letter_blocks SET due_at = (SELECT MIN(l.due_at) FROM ",
            letters_in!("letter_blocks", "l.edition_id = letter_blocks.edition_id AND l.state IN ('queued', 'deferred')"),
            "), lease_until = (SELECT MIN(l.lease_until) FROM ",
            letters_in!("letter_blocks", "l.edition_id = letter_blocks.edition_id AND l.state IN ('leased', 'sending')"),
            ") WHERE edition_id = $2 AND block IN (SELECT x.block FROM "
        ),
        ") RETURNING due_at"
    );
    /// Letters will be due earlier than their blocks say: `[letter, due]`.
    CALL_BLOCKS = ByDialect {
        sqlite: "INSERT INTO letter_blocks (edition_id, block, due_at) \
            SELECT l.edition_id, l.id / 64, MIN(CAST(value ->> 1 AS BIGINT)) FROM json_each($1) \
            JOIN letters l ON l.id = CAST(value ->> 0 AS BIGINT) WHERE TRUE GROUP BY 1, 2 ORDER BY 1, 2 \
            ON CONFLICT (edition_id, block) DO UPDATE SET due_at = CASE WHEN letter_blocks.due_at < excluded.due_at \
            THEN letter_blocks.due_at ELSE excluded.due_at END",
        postgres: "INSERT INTO letter_blocks (edition_id, block, due_at) \
            SELECT l.edition_id, l.id / 64, MIN(CAST(value ->> 1 AS BIGINT)) FROM jsonb_array_elements(CAST($1 AS JSONB)) \
            JOIN letters l ON l.id = CAST(value ->> 0 AS BIGINT) GROUP BY 1, 2 ORDER BY 1, 2 \
            ON CONFLICT (edition_id, block) DO UPDATE SET due_at = CASE WHEN letter_blocks.due_at < excluded.due_at \
            THEN letter_blocks.due_at ELSE excluded.due_at END",
    };
    /// Takes blocks in which leases may have ended before now, `$2`, or lie too far ahead of it, `$3`.
    LAPSED_BLOCKS = taking!(
        "SELECT block FROM letter_blocks WHERE edition_id = $1 AND (lease_until < $2 OR lease_until > $3) ORDER BY block",
        ""
    );
    /// Leases that ended before anything was sent.
    LAPSE_LEASED = lapse!("state = 'queued'", "'leased'");
    /// Leases that ended while the relay may have taken the letter.
    LAPSE_SENDING = lapse!("state = $5, settled_at = $3", "'sending'");
    /// What became of letters, as `SETTLE_LETTERS` does it, and which are about to be handed over, as `MARK_LETTERS`
    /// does: in one statement, which is a transaction. No letter is among both. Gives letters with their states.
    RECORD_LETTERS = ByDialect { sqlite: RECORD_ROWS, postgres: RECORD_ARRAYS };
}

/// `[letter, fence, state, due, reply, tries, lease until]`: what is to be handed over has a lease, and nothing but
/// that is written of it. Gives the state that each letter has now.
const RECORD_ROWS: &str = concat!(
    "UPDATE letters SET settled_at = CASE WHEN x.until IS NULL THEN $2 ELSE settled_at END, \
    due_at = CASE WHEN x.until IS NULL THEN x.due ELSE due_at END, \
    lease_until = CASE WHEN x.until > lease_until THEN x.until ELSE lease_until END, ",
    settled!("CASE WHEN x.until IS NULL THEN x.words ELSE letters.reply END"),
    " FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS lease, value ->> 2 AS became, \
    CAST(value ->> 3 AS BIGINT) AS due, value ->> 4 AS words, CAST(value ->> 5 AS BIGINT) AS tries, \
    CAST(value ->> 6 AS BIGINT) AS until FROM json_each($1)) AS x WHERE CASE WHEN x.until IS NULL \
    THEN letters.state IN ('leased', 'sending', 'unknown') ELSE ",
    marked!(),
    " END AND letters.id = x.letter AND letters.fence = x.lease RETURNING id, state"
);

const RECORD_ARRAYS: &str = concat!(
    "WITH settled AS (UPDATE letters SET settled_at = $7, due_at = x.due, ",
    settled!("x.words"),
    " FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::bigint[]) \
    AS x (letter, lease, became, due, words, tries) WHERE letters.id = x.letter AND letters.fence = x.lease \
    AND letters.state IN ('leased', 'sending', 'unknown')) \
    UPDATE letters SET ",
    marks!(),
    " FROM unnest($8::bigint[], $9::bigint[], $10::bigint[]) AS x (letter, lease, until) WHERE ",
    marked!(),
    " RETURNING id, state"
);
