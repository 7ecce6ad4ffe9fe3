//! Statements that the backends say differently: rows taken one by one, and many rows at once.

use std::sync::LazyLock;

use super::{ADD_COLUMN, PUT_FILE};

/// A statement in the words of each backend.
#[derive(Debug, Clone, Copy)]
pub struct ByDialect {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

impl From<&'static str> for ByDialect {
    fn from(both: &'static str) -> Self {
        Self { sqlite: both, postgres: both }
    }
}

/// How many rows one statement of SQLite's writes that writes many.
pub const ROWS: usize = 40;

/// [`ADD_COLUMN`] for so many columns, in SQLite's words.
pub static ADD_COLUMNS: LazyLock<String> = LazyLock::new(|| many(ADD_COLUMN));
/// [`PUT_FILE`] for so many files, none of them twice, in SQLite's words.
pub static PUT_FILES: LazyLock<String> = LazyLock::new(|| many(PUT_FILE));

/// An `INSERT` of one row made one of many. For SQLite, a number is a name, which is looked for among all others: so
/// parameters have none.
fn many(statement: &str) -> String {
    let (head, tail) = statement.split_once("VALUES (").unwrap_or((statement, ""));
    let (values, tail) = tail.split_once(')').unwrap_or((tail, ""));
    let row = format!("({})", vec!["?"; values.split(',').count()].join(", "));
    format!("{head}VALUES {}{tail}", vec![row; ROWS].join(", "))
}

/// [`ADD_COLUMN`] for columns that are in the feeds at the address that they want, in Postgres' words.
pub const ADD_COLUMN_ARRAYS: &str = "INSERT INTO columns (source, source_key, guid, rubrique, title, standfirst, byline, \
    body_raw, body, cleaner, url, image_url, image_alt, image_credit, image_type, image_width, image_height, \
    image_length, published_at, updated_at, fingerprint, bylines, tags, audio, revision, content) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
    $9::text[], $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], \
    $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::text[], $22::text[], $23::text[], $24::text[], $25::bigint[], \
    $26::text[])";
/// [`PUT_FILE`] for files, none of them twice, in Postgres' words.
pub const PUT_FILE_ARRAYS: &str = "INSERT INTO source_files (source, path, column_key, content, seen, due_at, refused) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[]) \
    ON CONFLICT (source, path) DO UPDATE SET column_key = excluded.column_key, \
    content = excluded.content, seen = excluded.seen, due_at = excluded.due_at, refused = excluded.refused";

/// Takes rows: Postgres passes over those that another worker is taking, instead of waiting.
macro_rules! taking {
    ($head:literal, $tail:literal) => {
        ByDialect { sqlite: concat!($head, $tail), postgres: concat!($head, " FOR UPDATE SKIP LOCKED", $tail) }
    };
}

/// Works on many rows at once, which come as one JSON array of numbers or of arrays.
macro_rules! rows {
    ($head:expr, $tail:expr) => {
        ByDialect {
            sqlite: concat!($head, "json_each($1)", $tail),
            postgres: concat!($head, "jsonb_array_elements(CAST($1 AS JSONB))", $tail),
        }
    };
}

/// Works on addresses at once, which come as one JSON array of `[hash]`, in hexadecimal digits.
macro_rules! hashed {
    ($head:literal, $tail:literal) => {
        ByDialect {
            sqlite: concat!($head, "SELECT unhex(value ->> 0) AS hash FROM jsonb_each($1)", $tail),
            postgres: concat!(
                $head,
                "SELECT decode(value ->> 0, 'hex') AS hash FROM jsonb_array_elements(CAST($1 AS JSONB))",
                $tail
            ),
        }
    };
}

/// Readers of a letter who want it and may get it.
macro_rules! wanting {
    () => {
        "FROM subscribers s JOIN subscriptions p ON p.subscriber_id = s.id \
        JOIN editions n ON n.newsletter = p.newsletter WHERE s.id = letters.subscriber_id AND n.id = letters.edition_id \
        AND p.state = 'active' AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash)"
    };
}

/// Whether a letter's reader wants it and may get it.
macro_rules! wanted {
    () => {
        concat!("EXISTS (SELECT 1 ", wanting!(), ")")
    };
}

/// Defines the statements of two dialects, and [`BOTH`] of them with their names.
macro_rules! dialects {
    ($($(#[$doc:meta])* $name:ident = $two:expr;)*) => {
        $($(#[$doc])* pub const $name: ByDialect = $two;)*
        /// Every statement that the backends say differently, with its name.
        pub const BOTH: &[(&str, ByDialect)] = &[$((stringify!($name), $name)),*];
    };
}

/// What is written of a letter by row `x` of a settlement, but for the instants. Of who was erased meanwhile, no
/// word is kept, and no letter waits.
macro_rules! settled {
    ($words:literal) => {
        concat!(
            "state = CASE WHEN letters.address = '(erased)' AND x.became IN ('queued', 'deferred') THEN 'suppressed' \
            ELSE x.became END, reply = CASE WHEN letters.address = '(erased)' THEN NULL ELSE ",
            $words,
            " END, attempts = letters.attempts + x.tries"
        )
    };
}

/// What is written of a letter that is marked by row `x`. Its lease becomes no shorter: its block does not look
/// earlier.
macro_rules! marks {
    () => {
        "state = 'sending', attempts = attempts + 1, \
        lease_until = CASE WHEN lease_until > x.until THEN lease_until ELSE x.until END"
    };
}

/// Which letters may be marked by rows `x`: not where the edition is held, nor where the reader is gone.
macro_rules! marked {
    () => {
        concat!(
            "letters.id = x.letter AND letters.fence = x.lease AND letters.state = 'leased' AND EXISTS (SELECT 1 \
            FROM editions e WHERE e.id = letters.edition_id AND e.state IN ('frozen', 'sending')) AND ",
            wanted!()
        )
    };
}

/// What becomes of letters, by their leases, where `$which` holds.
macro_rules! settle {
    ($which:literal) => {
        rows!(
            concat!(
                "UPDATE letters SET settled_at = $2, due_at = x.due, ",
                settled!("x.words"),
                " FROM ( \
            SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS lease, \
            value ->> 2 AS became, CAST(value ->> 3 AS BIGINT) AS due, value ->> 4 AS words, \
            CAST(value ->> 5 AS BIGINT) AS tries FROM "
            ),
            concat!(") AS x WHERE letters.id = x.letter AND letters.fence = x.lease AND ", $which)
        )
    };
}

dialects! {
    /// What every run asks first, in one row: the migrations that were made, each with its checksum,
    /// the key, and whose the store is.
    OPENING = ByDialect {
        sqlite: "SELECT (SELECT string_agg(version || ' ' || hex(checksum), ',' ORDER BY version) \
            FROM _sqlx_migrations WHERE success), (SELECT value FROM secrets WHERE name = 'key'), m.id, m.name, m.address, m.began_at, \
            (SELECT value FROM secrets WHERE name = 'moved') FROM (SELECT 1 AS one) o \
            LEFT JOIN magazine m ON m.one = o.one",
        postgres: "SELECT (SELECT string_agg(version || ' ' || upper(encode(checksum, 'hex')), ',' ORDER BY version) \
            FROM _sqlx_migrations WHERE success), (SELECT value FROM secrets WHERE name = 'key'), m.id, m.name, m.address, m.began_at, \
            (SELECT value FROM secrets WHERE name = 'moved') FROM (SELECT 1 AS one) o \
            LEFT JOIN magazine m ON m.one = o.one",
    };
    /// Before very many rows are written. SQLite may keep more of the indexes in memory, into which they go all
    /// over; Postgres plans by the tables as they are, and not as they were before the first of the rows.
    FOR_MANY_ROWS = ByDialect {
        sqlite: "PRAGMA cache_size = -16384",
        postgres: "SET LOCAL plan_cache_mode = force_custom_plan",
    };
    /// What the store holds of files and their columns that a sync found: `[place, source, path, key, guid,
    /// address]`. Each is looked for by itself, so that Postgres takes the indexes whatever it knew of
    /// the tables when it made its plan.
    STANDINGS = rows!(
        "SELECT CAST(x.value ->> 0 AS BIGINT), \
        (SELECT f.content FROM source_files f WHERE f.source = x.value ->> 1 AND f.path = x.value ->> 2), \
        (SELECT c.fingerprint FROM columns c WHERE c.source = x.value ->> 1 AND c.source_key = x.value ->> 3), \
        (SELECT CAST(CASE WHEN c.withdrawn_at IS NULL THEN 0 ELSE 1 END AS BIGINT) FROM columns c \
        WHERE c.source = x.value ->> 1 AND c.source_key = x.value ->> 3), \
        (SELECT COUNT(*) FROM columns c WHERE c.guid = x.value ->> 4), \
        (SELECT COUNT(*) FROM columns c WHERE c.url = x.value ->> 5 AND c.withdrawn_at IS NULL) FROM ",
        " AS x"
    );
    /// Columns of these feeds and months have changed: `[feed, month]`, in the revision `$2`.
    TOUCH_MONTHS = rows!(
        "INSERT INTO feed_months (feed, month, revision, columns, closed) \
        SELECT x.value ->> 0, x.value ->> 1, CAST($2 AS BIGINT), 0, 0 FROM ",
        " AS x WHERE TRUE ON CONFLICT (feed, month) DO UPDATE SET revision = excluded.revision"
    );
    /// In which feeds columns are by name: `[column]`.
    SORTED_COLUMNS = rows!(
        "SELECT feed, shown_at FROM feed_columns WHERE column_id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ")"
    );
    /// Takes columns out of these feeds: `[column]`.
    UNSORT_COLUMNS = rows!(
        "DELETE FROM feed_columns WHERE column_id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ")"
    );
    /// Puts columns into them: `[feed, column, published, label]`.
    SORT_COLUMNS = rows!(
        "INSERT INTO feed_columns (feed, column_id, shown_at, label) SELECT x.value ->> 0, \
        CAST(x.value ->> 1 AS BIGINT), CAST(x.value ->> 2 AS BIGINT), x.value ->> 3 FROM ",
        " AS x"
    );
    /// What the columns of feeds call them: `[feed]`.
    FEED_LABELS = rows!(
        "SELECT DISTINCT feed, label FROM feed_columns WHERE label <> '' AND feed IN (SELECT x.value ->> 0 FROM ",
        " AS x) ORDER BY 1, 2"
    );
    /// Takes pings of a hub that are due, and those whose worker died.
    LEASE_PINGS = taking!(
        "UPDATE hub_pings SET state = 'leased', fence = fence + 1, lease_until = $4 WHERE id IN ( \
        SELECT id FROM hub_pings WHERE hub = $1 AND due_at <= $2 \
        AND (state = 'queued' OR (state = 'leased' AND lease_until < $5)) ORDER BY due_at, id LIMIT $3",
        ") RETURNING id, fence, topic, attempts, since_at"
    );
    /// Takes suppressions back: `[hash]`.
    FORGIVE = hashed!("DELETE FROM suppressions WHERE address_hash IN (SELECT l.hash FROM (", ") AS l)");
    /// Lets addresses be used again that readers have moved away from: `[hash]`.
    FORGET_FORMER = hashed!("DELETE FROM former_addresses WHERE address_hash IN (SELECT l.hash FROM (", ") AS l)");
    /// Brings back who left: `[hash]`.
    REVIVE = hashed!(
        "UPDATE subscriptions SET state = 'active', since_at = $2 WHERE state = 'unsubscribed' AND newsletter = $3 \
        AND subscriber_id IN (SELECT s.id FROM subscribers s WHERE s.address_hash IN (SELECT l.hash FROM (",
        ") AS l))"
    );
    /// What came back before counts no more: `[hash]`.
    RETURN_READERS = hashed!(
        "UPDATE subscribers SET returned_at = $2 WHERE address_hash IN (SELECT l.hash FROM (",
        ") AS l)"
    );
    /// Takes letters to one person that are due, and those whose worker died.
    LEASE_SERVICE_LETTERS = taking!(
        "UPDATE service_letters SET state = 'leased', fence = fence + 1, lease_until = $3 WHERE id IN ( \
        SELECT id FROM service_letters WHERE due_at <= $1 AND expires_at > $1 \
        AND (state = 'queued' OR (state = 'leased' AND lease_until < $4)) ORDER BY due_at, id LIMIT $2",
        ") RETURNING id, public_id, fence, address, message, attempts"
    );
    /// Says of letters that they are about to be handed over: `[letter, fence, lease until]`. Not where the
    /// edition is held, nor where the reader is gone.
    MARK_LETTERS = rows!(
        concat!("UPDATE letters SET ", marks!(), " FROM ( \
        SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS lease, \
        CAST(value ->> 2 AS BIGINT) AS until FROM "),
        concat!(") AS x WHERE ", marked!(), " RETURNING id")
    );
    /// Who hands letters over is still at it: `[letter, fence, lease until]`.
    RENEW_LETTERS = rows!(
        "UPDATE letters SET lease_until = x.until FROM ( \
        SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS lease, \
        CAST(value ->> 2 AS BIGINT) AS until FROM ",
        ") AS x WHERE letters.id = x.letter AND letters.fence = x.lease AND letters.state = 'sending'"
    );
    /// Writes down what became of letters: `[letter, fence, state, due, reply, tries]`. Nobody else can
    /// have a letter, or the fence would be higher; the truth may also come after the lease ended.
    SETTLE_LETTERS = settle!("letters.state IN ('leased', 'sending', 'unknown')");
    /// Corrects what was written down under the same lease, the same way: a letter that was sent turns
    /// out to be unknown, one that was deferred is refused for good or queued.
    CORRECT_LETTERS = settle!(
        "((letters.state = 'sent' AND x.became = 'unknown') \
        OR (letters.state = 'deferred' AND x.became IN ('failed', 'queued')))"
    );
    /// What the database's clock says, in milliseconds.
    CLOCK = ByDialect {
        sqlite: "SELECT CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
        postgres: "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    };
    /// Of letters that are to be done again, the editions: one that was closed is open again.
    REOPEN_EDITIONS = rows!(
        "UPDATE editions SET state = CASE WHEN state = 'sent' THEN 'sending' ELSE state END WHERE id IN ( \
        SELECT l.edition_id FROM letters l WHERE l.id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        "))"
    );
    /// Where letters went that a relay says there is nobody for.
    REFUSED_ADDRESSES = rows!(
        "SELECT address FROM letters WHERE id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ")"
    );
    /// Addresses that a relay says there are none of must not be written to again: `[hash]`, of the addresses
    /// that the letters went to.
    SUPPRESS_REFUSED = hashed!(
        "INSERT INTO suppressions (address_hash, reason, suppressed_at) \
        SELECT DISTINCT l.hash, 'refused', CAST($2 AS BIGINT) FROM (",
        ") AS l WHERE TRUE ORDER BY 1 ON CONFLICT (address_hash) DO NOTHING"
    );
}
