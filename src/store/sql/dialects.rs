//! Statements that the backends say differently: rows taken one by one, and many rows at once.

/// A statement that the backends say differently.
#[derive(Debug, Clone, Copy)]
pub struct Two {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// Takes rows: Postgres passes over those that another worker is taking, instead of waiting.
macro_rules! taking {
    ($head:literal, $tail:literal) => {
        Two { sqlite: concat!($head, $tail), postgres: concat!($head, " FOR UPDATE SKIP LOCKED", $tail) }
    };
}

/// Works on many rows at once, which come as one JSON array of numbers or of arrays.
macro_rules! rows {
    ($head:literal, $tail:literal) => {
        Two {
            sqlite: concat!($head, "json_each($1)", $tail),
            postgres: concat!($head, "json_array_elements(CAST($1 AS JSON))", $tail),
        }
    };
}

/// Works on addresses at once, which come as one JSON array of `[hash, address, name, choice]`, the
/// hash in hexadecimal digits.
macro_rules! hashed {
    ($head:literal, $tail:literal) => {
        Two {
            sqlite: concat!(
                $head,
                "SELECT unhex(value ->> 0) AS hash, value ->> 1 AS address, value ->> 2 AS name, \
                value ->> 3 AS choice FROM json_each($1)",
                $tail
            ),
            postgres: concat!(
                $head,
                "SELECT decode(value ->> 0, 'hex') AS hash, value ->> 1 AS address, value ->> 2 AS name, \
                value ->> 3 AS choice FROM json_array_elements(CAST($1 AS JSON))",
                $tail
            ),
        }
    };
}

/// Defines the statements of two dialects, and [`BOTH`] of them with their names.
macro_rules! dialects {
    ($($(#[$doc:meta])* $name:ident = $two:expr;)*) => {
        $($(#[$doc])* pub const $name: Two = $two;)*
        /// Every statement that the backends say differently, with its name.
        pub const BOTH: &[(&str, Two)] = &[$((stringify!($name), $name)),*];
    };
}

dialects! {
    /// What every run asks first, in one row: the migrations that were made, each with its checksum,
    /// and the key.
    OPENING = Two {
        sqlite: "SELECT (SELECT string_agg(version || ' ' || hex(checksum), ',' ORDER BY version) \
            FROM _sqlx_migrations WHERE success), (SELECT value FROM secrets WHERE name = 'key')",
        postgres: "SELECT (SELECT string_agg(version || ' ' || upper(encode(checksum, 'hex')), ',' ORDER BY version) \
            FROM _sqlx_migrations WHERE success), (SELECT value FROM secrets WHERE name = 'key')",
    };
    /// Takes pings of a hub that are due, and those whose worker died.
    LEASE_PINGS = taking!(
        "UPDATE hub_pings SET state = 'leased', fence = fence + 1, lease_until = $4 WHERE id IN ( \
        SELECT id FROM hub_pings WHERE hub = $1 AND due_at <= $2 \
        AND (state = 'queued' OR (state = 'leased' AND lease_until < $5)) ORDER BY due_at, id LIMIT $3",
        ") RETURNING id, fence, topic, attempts, since_at"
    );
    /// Of addresses, `[hash]`: how many are suppressed, how many left, how many are known otherwise.
    COUNT_KNOWN = hashed!(
        "SELECT COALESCE(SUM(CASE WHEN x.address_hash IS NOT NULL THEN 1 ELSE 0 END), 0), \
        COALESCE(SUM(CASE WHEN x.address_hash IS NULL AND s.state = 'unsubscribed' THEN 1 ELSE 0 END), 0), \
        COALESCE(SUM(CASE WHEN x.address_hash IS NULL AND s.state <> 'unsubscribed' THEN 1 ELSE 0 END), 0) FROM (",
        ") AS l LEFT JOIN suppressions x ON x.address_hash = l.hash LEFT JOIN subscribers s ON s.address_hash = l.hash"
    );
    /// A suppressed address is not added again, one that is there already is left as it is:
    /// `[hash, address, name, choice]`.
    ADD_SUBSCRIBERS = hashed!(
        "INSERT INTO subscribers (address, address_hash, name, choice, state, joined_at) \
        SELECT l.address, l.hash, l.name, l.choice, 'active', CAST($2 AS BIGINT) FROM (",
        ") AS l WHERE NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = l.hash) \
        ON CONFLICT (address_hash) DO NOTHING"
    );
    /// Takes suppressions back: `[hash]`.
    FORGIVE = hashed!("DELETE FROM suppressions WHERE address_hash IN (SELECT l.hash FROM (", ") AS l)");
    /// Brings back who left: `[hash]`.
    REVIVE = hashed!(
        "UPDATE subscribers SET state = 'active', joined_at = $2 WHERE state = 'unsubscribed' \
        AND address_hash IN (SELECT l.hash FROM (",
        ") AS l)"
    );
    /// Takes letters to one person that are due, and those whose worker died.
    LEASE_SERVICE_LETTERS = taking!(
        "UPDATE service_letters SET state = 'leased', fence = fence + 1, lease_until = $3 WHERE id IN ( \
        SELECT id FROM service_letters WHERE due_at <= $1 AND expires_at > $1 \
        AND (state = 'queued' OR (state = 'leased' AND lease_until < $4)) ORDER BY due_at, id LIMIT $2",
        ") RETURNING id, fence, address, message, attempts"
    );
    /// Takes letters out of the queue.
    LEASE_LETTERS = taking!(
        "UPDATE letters SET state = 'leased', fence = fence + 1, lease_until = $4 WHERE id IN ( \
        SELECT id FROM letters WHERE edition_id = $1 AND state IN ('queued', 'deferred') \
        AND due_at <= $2 ORDER BY due_at, id LIMIT $3",
        ") RETURNING id, subscriber_id, variant_id, address, name, attempts, fence"
    );
    /// Of letters just leased, those to people who left, or were suppressed or erased, since the
    /// edition was frozen.
    SUPPRESS_LETTERS = rows!(
        "UPDATE letters SET state = 'suppressed', settled_at = $2 \
        WHERE id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ") AND state = 'leased' AND NOT EXISTS (SELECT 1 FROM subscribers s WHERE s.id = letters.subscriber_id \
        AND s.state = 'active' AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash)) \
        RETURNING id"
    );
    /// Says of letters that they are about to be handed over: `[letter, fence, lease until]`.
    MARK_LETTERS = rows!(
        "UPDATE letters SET state = 'sending', attempts = attempts + 1, lease_until = x.until FROM ( \
        SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS lease, \
        CAST(value ->> 2 AS BIGINT) AS until FROM ",
        ") AS x WHERE letters.id = x.letter AND letters.fence = x.lease AND letters.state = 'leased' RETURNING id"
    );
    /// Writes down what became of letters: `[letter, fence, state, due, reply, tries]`. Nobody else can
    /// have a letter, or the fence would be higher; the truth may also come after the lease ended, and
    /// who settled a letter as sent or deferred may find out that it was not.
    SETTLE_LETTERS = rows!(
        "UPDATE letters SET state = x.became, settled_at = $2, due_at = x.due, reply = x.words, \
        attempts = letters.attempts + x.tries FROM ( \
        SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS lease, \
        value ->> 2 AS became, CAST(value ->> 3 AS BIGINT) AS due, value ->> 4 AS words, \
        CAST(value ->> 5 AS BIGINT) AS tries FROM ",
        ") AS x WHERE letters.id = x.letter AND letters.fence = x.lease \
        AND letters.state IN ('leased', 'sending', 'unknown', 'sent', 'deferred')"
    );
    /// Addresses that a relay says there are none of must not be written to again.
    SUPPRESS_REFUSED = rows!(
        "INSERT INTO suppressions (address_hash, reason, suppressed_at) \
        SELECT DISTINCT s.address_hash, 'refused', CAST($2 AS BIGINT) FROM letters l \
        JOIN subscribers s ON s.id = l.subscriber_id WHERE l.id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ") ON CONFLICT (address_hash) DO NOTHING"
    );
}
