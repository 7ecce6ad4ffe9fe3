//! Statements about lists of readers: what an import writes, what an export reads, and rubriques that are called
//! otherwise now.

use super::ByDialect;

/// Works on rows that come as one JSON array, `$1`, of `[hash, words, …]`, of which the first is a hash in hexadecimal
/// digits and the others are texts and numbers. SQLite gives each row as it has it in memory (`jsonb_each`): as text,
/// it would be written, and read again for each value.
macro_rules! noted {
    ($head:literal, $sqlite:literal, $postgres:literal, $tail:literal) => {
        ByDialect {
            sqlite: concat!($head, "SELECT unhex(value ->> 0) AS hash, ", $sqlite, " FROM jsonb_each($1)", $tail),
            postgres: concat!(
                $head,
                "SELECT decode(value ->> 0, 'hex') AS hash, ",
                $postgres,
                " FROM jsonb_array_elements(CAST($1 AS JSONB))",
                $tail
            ),
        }
    };
}

statements! {
    ALL:
    /// `CROSS JOIN`, or SQLite goes through all subscriptions of the newsletter for each page.
    LISTED_AFTER = "SELECT s.id, s.public_id, s.old_number, s.moves, s.address, s.name, s.language, p.choice, p.rhythm, CASE WHEN p.after_at > (SELECT COALESCE(MAX(e.cutoff_at), 1) FROM editions e WHERE e.newsletter = $1) \
        THEN p.after_at END AS paused_at, p.delivery, s.together = 1 AS together, p.state, p.since_at, \
        s.joined_at, s.returned_at, x.reason, x.suppressed_at FROM subscribers s CROSS JOIN subscriptions p \
        LEFT JOIN suppressions x ON x.address_hash = s.address_hash \
        WHERE p.subscriber_id = s.id AND p.newsletter = $1 AND s.id > $2 ORDER BY s.id LIMIT $3";
    LISTED_AT = "SELECT s.id, s.public_id, s.old_number, s.moves, s.address, s.name, s.language, p.choice, p.rhythm, CASE WHEN p.after_at > (SELECT COALESCE(MAX(e.cutoff_at), 1) FROM editions e WHERE e.newsletter = $1) \
        THEN p.after_at END AS paused_at, p.delivery, s.together = 1 AS together, p.state, p.since_at, \
        s.joined_at, s.returned_at, x.reason, x.suppressed_at FROM subscribers s \
        JOIN subscriptions p ON p.subscriber_id = s.id AND p.newsletter = $1 \
        LEFT JOIN suppressions x ON x.address_hash = s.address_hash WHERE s.address_hash = $2";
    LISTED_CONSENTS = "SELECT subscriber_id, way, consent, asked_at, asked_from, confirmed_at, confirmed_from FROM consents \
        WHERE subscriber_id BETWEEN $1 AND $2 ORDER BY id";
    LISTED_ALLOWANCES = "SELECT s.id, a.words, a.reason, a.suppressed_at, a.allowed_at FROM subscribers s \
        CROSS JOIN allowances a WHERE a.address_hash = s.address_hash AND s.id BETWEEN $1 AND $2 ORDER BY a.id";
    LISTED_FORMER = "SELECT subscriber_id, address_hash, moved_at FROM former_addresses WHERE subscriber_id BETWEEN $1 AND $2 \
        ORDER BY moved_at, address_hash";
    /// Addresses that are known by their hashes alone: suppressed, or once allowed.
    HASHED_AFTER = "SELECT h.address_hash, x.reason, x.suppressed_at FROM (SELECT address_hash FROM suppressions UNION \
        SELECT address_hash FROM allowances) h LEFT JOIN suppressions x ON x.address_hash = h.address_hash \
        WHERE h.address_hash > $1 AND NOT EXISTS (SELECT 1 FROM subscribers s WHERE s.address_hash = h.address_hash) \
        ORDER BY h.address_hash LIMIT $2";
    ALLOWANCES_OF = "SELECT words, reason, suppressed_at, allowed_at FROM allowances WHERE address_hash = $1 ORDER BY id";
    SUPPRESSION_OF = "SELECT reason, suppressed_at FROM suppressions WHERE address_hash = $1";
    /// Since when an address is suppressed by what weighs more than a report that whoever has a letter could write.
    BARRED_SINCE = "SELECT suppressed_at FROM suppressions WHERE address_hash = $1 AND (reason = 'refused' OR proven = 1)";
    IS_FORMER = "SELECT COUNT(*) FROM former_addresses WHERE address_hash = $1";

    LIFT_SUPPRESSION = "DELETE FROM suppressions WHERE address_hash = $1";
    ADD_ALLOWANCE = "INSERT INTO allowances (address_hash, words, reason, suppressed_at, allowed_at) VALUES ($1, $2, $3, $4, $5)";
    RETURN_READER = "UPDATE subscribers SET returned_at = $2 WHERE address_hash = $1";
    ERASE_ALLOWANCES = "DELETE FROM allowances WHERE address_hash = $1";

    /// Another store's key takes the place of ours, as long as nothing has been made with it.
    TAKE_OVER_KEY = "UPDATE secrets SET value = $2 WHERE name = 'key' AND value = $1 \
        AND NOT EXISTS (SELECT 1 FROM subscribers) AND NOT EXISTS (SELECT 1 FROM suppressions) \
        AND NOT EXISTS (SELECT 1 FROM former_addresses) AND NOT EXISTS (SELECT 1 FROM allowances) \
        AND NOT EXISTS (SELECT 1 FROM requests) AND NOT EXISTS (SELECT 1 FROM service_letters) \
        AND NOT EXISTS (SELECT 1 FROM letters)";
    COUNT_READERS = "SELECT COUNT(*) FROM subscribers";

    KNOWN_RUBRIQUES = "SELECT slug, label FROM rubriques";
    DROP_RUBRIQUE = "DELETE FROM rubriques WHERE slug = $1";
    COLUMN_RUBRIQUES = "SELECT DISTINCT rubrique FROM columns WHERE rubrique IS NOT NULL";
    COLUMNS_IN = "SELECT id, published_at FROM columns WHERE rubrique = $1";
    SET_COLUMN_RUBRIQUE = "UPDATE columns SET rubrique = $2, fingerprint = $3, revision = $4 WHERE id = $1";
    ALL_CHOICES = "SELECT DISTINCT choice FROM subscriptions WHERE choice <> '' UNION SELECT DISTINCT choice FROM requests \
        WHERE choice <> ''";
    RENAME_CHOICE = "UPDATE subscriptions SET choice = $2 WHERE choice = $1";
    RENAME_REQUESTED_CHOICE = "UPDATE requests SET choice = $2 WHERE choice = $1";
    COUNT_CHOICES = "SELECT choice, COUNT(*) FROM subscriptions WHERE state = 'active' AND choice <> '' GROUP BY choice \
        ORDER BY choice";
    /// The configuration whose rubriques were compared with the store's last.
    RUBRIQUES_CHECKED = "SELECT fingerprint FROM rubriques_checked";
    SET_RUBRIQUES_CHECKED = "INSERT INTO rubriques_checked (one, fingerprint) VALUES (1, $1) \
        ON CONFLICT (one) DO UPDATE SET fingerprint = excluded.fingerprint";
}

dialects! {
    /// Of addresses, `[hash]`, what the store knows: the reader, how they stand, why they are suppressed, whether the
    /// address is a former one, and when the reader last showed a wish of their own.
    STANDING_OF = hashed!(
        "SELECT l.hash, s.id, p.state, x.reason, CASE WHEN f.address_hash IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END, \
        CASE WHEN s.returned_at > s.joined_at THEN s.returned_at END, \
        (SELECT MAX(c.confirmed_at) FROM consents c WHERE c.subscriber_id = s.id) FROM (",
        ") AS l LEFT JOIN suppressions x ON x.address_hash = l.hash LEFT JOIN subscribers s ON s.address_hash = l.hash \
        LEFT JOIN subscriptions p ON p.subscriber_id = s.id AND p.newsletter = $2 \
        LEFT JOIN former_addresses f ON f.address_hash = l.hash \
        WHERE x.address_hash IS NOT NULL OR s.id IS NOT NULL OR f.address_hash IS NOT NULL"
    );
    /// Readers, `[hash, address, name, public id, language, joined, returned, old number, moves, one a day]`; who is there is left
    /// as they are. An id that is used is not used again.
    ADD_LISTED_READERS = noted!(
        "INSERT INTO subscribers (public_id, old_number, address, address_hash, name, language, joined_at, returned_at, moves, together) \
        SELECT l.public_id, l.old_number, l.address, l.hash, l.name, l.language, l.joined, l.returned, l.moves, l.together FROM (",
        "value ->> 1 AS address, value ->> 2 AS name, unhex(value ->> 3) AS public_id, value ->> 4 AS language, \
        CAST(value ->> 5 AS BIGINT) AS joined, CAST(value ->> 6 AS BIGINT) AS returned, \
        CAST(value ->> 7 AS BIGINT) AS old_number, CAST(value ->> 8 AS BIGINT) AS moves, CAST(value ->> 9 AS BIGINT) AS together",
        "value ->> 1 AS address, value ->> 2 AS name, decode(value ->> 3, 'hex') AS public_id, value ->> 4 AS language, \
        CAST(value ->> 5 AS BIGINT) AS joined, CAST(value ->> 6 AS BIGINT) AS returned, \
        CAST(value ->> 7 AS BIGINT) AS old_number, CAST(value ->> 8 AS BIGINT) AS moves, CAST(value ->> 9 AS BIGINT) AS together",
        ") AS l WHERE TRUE ON CONFLICT DO NOTHING"
    );
    /// Their subscriptions to a newsletter, `[hash, choice, state, since, rhythm, paused until, hour]`, the same. What editions
    /// there are was not for who is new and has a rhythm.
    ADD_LISTED_SUBSCRIPTIONS = noted!(
        "INSERT INTO subscriptions (subscriber_id, newsletter, choice, state, since_at, rhythm, delivery, after_at, mark_at) \
        SELECT s.id, CAST($2 AS TEXT), l.choice, l.state, l.since, l.rhythm, l.delivery, CASE WHEN l.rhythm = '' AND l.paused IS NULL THEN 0 \
        ELSE COALESCE(l.paused, (SELECT COALESCE(MAX(e.cutoff_at), 1) FROM editions e WHERE e.newsletter = CAST($2 AS TEXT))) END, \
        CASE WHEN l.rhythm = '' AND l.paused IS NULL THEN 0 ELSE (SELECT COALESCE(MAX(e.cutoff_at), 0) FROM editions e \
        WHERE e.newsletter = CAST($2 AS TEXT)) END FROM (",
        "value ->> 1 AS choice, value ->> 2 AS state, CAST(value ->> 3 AS BIGINT) AS since, value ->> 4 AS rhythm, \
        CAST(value ->> 5 AS BIGINT) AS paused, value ->> 6 AS delivery",
        "value ->> 1 AS choice, value ->> 2 AS state, CAST(value ->> 3 AS BIGINT) AS since, value ->> 4 AS rhythm, \
        CAST(value ->> 5 AS BIGINT) AS paused, value ->> 6 AS delivery",
        ") AS l JOIN subscribers s ON s.address_hash = l.hash WHERE TRUE ON CONFLICT (subscriber_id, newsletter) DO NOTHING"
    );
    /// Who left by a list, `[hash, since]`, leaves here.
    LEAVE_LISTED = noted!(
        "UPDATE subscriptions SET state = 'unsubscribed', since_at = l.since FROM (SELECT s.id, r.since FROM (",
        "CAST(value ->> 1 AS BIGINT) AS since",
        "CAST(value ->> 1 AS BIGINT) AS since",
        ") AS r JOIN subscribers s ON s.address_hash = r.hash) AS l WHERE subscriptions.subscriber_id = l.id \
        AND subscriptions.newsletter = $2 AND subscriptions.state <> 'unsubscribed'"
    );
    /// Suppressions by a list: `[hash, reason, since]`. A complaint outranks what else there is.
    SUPPRESS_LISTED = noted!(
        "INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT r.hash, r.reason, r.since FROM (",
        "value ->> 1 AS reason, CAST(value ->> 2 AS BIGINT) AS since",
        "value ->> 1 AS reason, CAST(value ->> 2 AS BIGINT) AS since",
        ") AS r WHERE TRUE ON CONFLICT (address_hash) DO UPDATE SET reason = excluded.reason, \
        suppressed_at = excluded.suppressed_at WHERE excluded.reason = 'complaint' AND suppressions.reason <> 'complaint'"
    );
    /// Consents of readers who are new: `[hash, way, words, asked, from, confirmed, from]`.
    ADD_LISTED_CONSENTS = noted!(
        "INSERT INTO consents (subscriber_id, way, consent, asked_at, asked_from, confirmed_at, confirmed_from) \
        SELECT s.id, r.way, r.words, r.asked, r.asked_from, r.confirmed, r.confirmed_from FROM (",
        "value ->> 1 AS way, value ->> 2 AS words, CAST(value ->> 3 AS BIGINT) AS asked, \
        value ->> 4 AS asked_from, CAST(value ->> 5 AS BIGINT) AS confirmed, value ->> 6 AS confirmed_from",
        "value ->> 1 AS way, value ->> 2 AS words, CAST(value ->> 3 AS BIGINT) AS asked, \
        value ->> 4 AS asked_from, CAST(value ->> 5 AS BIGINT) AS confirmed, value ->> 6 AS confirmed_from",
        ") AS r JOIN subscribers s ON s.address_hash = r.hash ORDER BY r.confirmed, r.asked"
    );
    /// Suppressions that were lifted: `[hash, words, reason, suppressed, lifted]`. What is written is not written again.
    ADD_LISTED_ALLOWANCES = noted!(
        "INSERT INTO allowances (address_hash, words, reason, suppressed_at, allowed_at) \
        SELECT r.hash, r.words, r.reason, r.suppressed, r.allowed FROM (",
        "value ->> 1 AS words, value ->> 2 AS reason, CAST(value ->> 3 AS BIGINT) AS suppressed, \
        CAST(value ->> 4 AS BIGINT) AS allowed",
        "value ->> 1 AS words, value ->> 2 AS reason, CAST(value ->> 3 AS BIGINT) AS suppressed, \
        CAST(value ->> 4 AS BIGINT) AS allowed",
        ") AS r WHERE NOT EXISTS (SELECT 1 FROM allowances a WHERE a.address_hash = r.hash AND a.allowed_at = r.allowed \
        AND a.words = r.words) ORDER BY r.allowed"
    );
    /// Former addresses of readers: `[hash of the reader's address, former hash, moved]`.
    ADD_LISTED_FORMER = noted!(
        "INSERT INTO former_addresses (address_hash, subscriber_id, moved_at) SELECT r.former, s.id, r.moved FROM (",
        "unhex(value ->> 1) AS former, CAST(value ->> 2 AS BIGINT) AS moved",
        "decode(value ->> 1, 'hex') AS former, CAST(value ->> 2 AS BIGINT) AS moved",
        ") AS r JOIN subscribers s ON s.address_hash = r.hash WHERE NOT EXISTS (SELECT 1 FROM subscribers o \
        WHERE o.address_hash = r.former) ON CONFLICT (address_hash) DO NOTHING"
    );
    /// Keeps what is about to be forgiven: `[hash, words]`, `$2` the instant.
    KEEP_FORGIVEN = noted!(
        "INSERT INTO allowances (address_hash, words, reason, suppressed_at, allowed_at) \
        SELECT r.hash, r.words, x.reason, x.suppressed_at, CAST($2 AS BIGINT) FROM (",
        "value ->> 1 AS words",
        "value ->> 1 AS words",
        ") AS r JOIN suppressions x ON x.address_hash = r.hash"
    );
}
