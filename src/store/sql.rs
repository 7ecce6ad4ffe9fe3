//! Every statement, named in one place. Both backends take `$1`, `ON CONFLICT` and `RETURNING`;
//! a test prepares each statement of [`ALL`] on both. Where a parameter stands in the list of a
//! `SELECT`, it is cast, because Postgres cannot tell its type there.

mod dialects;

pub use dialects::*;

/// Defines the statements, and [`ALL`] of them with their names.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub const $name: &str = $sql;)*
        /// Every statement that both backends run, with its name.
        pub const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// What tells whether columns have changed, in the order of publication.
macro_rules! head {
    () => {
        "string_agg(concat_ws(' ', id, fingerprint, published_at), ',' ORDER BY published_at, id)"
    };
}

/// Rows of table `columns`, chosen by what follows `WHERE`, in one row with one text: what makes up
/// a [`crate::model::Column`], between separators. `pack.rs` says why, and reads it.
macro_rules! columns {
    ($chosen:literal) => {
        concat!(
            "SELECT string_agg(concat_ws('\u{1f}', id, guid, COALESCE(rubrique, ''), title, standfirst, \
             COALESCE(byline, ''), url, COALESCE(image_url, ''), COALESCE(image_alt, ''), COALESCE(image_credit, ''), \
             COALESCE(image_type, ''), COALESCE(CAST(image_width AS TEXT), ''), \
             COALESCE(CAST(image_height AS TEXT), ''), COALESCE(CAST(image_length AS TEXT), ''), \
             published_at, updated_at, body), '\u{1e}'), ",
            head!(),
            " FROM (SELECT id, guid, rubrique, title, standfirst, byline, url, image_url, image_alt, image_credit, \
             image_type, image_width, image_height, image_length, published_at, updated_at, body, fingerprint \
             FROM columns WHERE withdrawn_at IS NULL AND ",
            $chosen,
            ") AS chosen"
        )
    };
}

/// The same with what tells whether columns have changed: key, fingerprint and date of publication,
/// in the order of publication, from indexes alone.
macro_rules! heads {
    ($chosen:literal) => {
        concat!(
            "SELECT ",
            head!(),
            " FROM (SELECT id, fingerprint, published_at FROM columns WHERE withdrawn_at IS NULL AND ",
            $chosen,
            ") AS chosen"
        )
    };
}

/// Whether readers have got an edition: one that was stopped half-way has been read, too.
macro_rules! sent {
    () => {
        "(e.state IN ('sending', 'sent') OR (e.state = 'held' AND EXISTS (SELECT 1 FROM letters l \
         WHERE l.edition_id = e.id AND l.state = 'sent')))"
    };
}

/// Letters of an edition that a relay refused for good, by a pattern of its words; none that a mail
/// server took and sent back.
macro_rules! refused {
    () => {
        "l.edition_id = $1 AND l.state = 'failed' AND lower(COALESCE(l.reply, '')) LIKE $2 ESCAPE '\\' \
         AND NOT EXISTS (SELECT 1 FROM bounces b WHERE b.edition_id = l.edition_id \
         AND b.subscriber_id = l.subscriber_id)"
    };
}

statements! {
    /// The key that tokens are made with.
    FIND_KEY = "SELECT value FROM secrets WHERE name = 'key'";
    ADD_KEY = "INSERT INTO secrets (name, value) VALUES ('key', $1) ON CONFLICT (name) DO NOTHING";

    PUT_RUBRIQUE = "INSERT INTO rubriques (slug, label, place) VALUES ($1, $2, $3) \
        ON CONFLICT (slug) DO UPDATE SET label = excluded.label, place = excluded.place \
        WHERE rubriques.label <> excluded.label OR rubriques.place <> excluded.place";

    /// What an import compares with.
    KNOWN_COLUMNS = "SELECT source_key, guid, title, standfirst, published_at FROM columns WHERE source = $1";
    FIND_COLUMN = "SELECT id, fingerprint, updated_at, published_at, rubrique, byline_slug, withdrawn_at \
        FROM columns WHERE source = $1 AND source_key = $2";
    HAS_GUID = "SELECT source_key FROM columns WHERE guid = $1";
    /// Instants that are taken, so that no two columns share one.
    UPDATES_BETWEEN = "SELECT updated_at FROM columns WHERE updated_at BETWEEN $1 AND $2";
    ADD_COLUMN = "INSERT INTO columns (source, source_key, guid, rubrique, title, standfirst, byline, body_raw, body, \
        cleaner, url, image_url, image_alt, image_credit, image_type, image_width, image_height, image_length, \
        published_at, updated_at, fingerprint, byline_slug, withdrawn_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
    CHANGE_COLUMN = "UPDATE columns SET rubrique = $1, title = $2, standfirst = $3, byline = $4, body_raw = $5, \
        body = $6, cleaner = $7, url = $8, image_url = $9, image_alt = $10, image_credit = $11, image_type = $12, \
        image_width = $13, image_height = $14, image_length = $15, published_at = $16, updated_at = $17, \
        fingerprint = $18, byline_slug = $19, withdrawn_at = $20 WHERE id = $21";

    WITHDRAW_COLUMN = "UPDATE columns SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL";
    REVISION = "SELECT number FROM revision";
    NEXT_REVISION = "UPDATE revision SET number = number + 1 RETURNING number";
    /// A column of this feed and month has changed.
    TOUCH_MONTH = "INSERT INTO feed_months (feed, month, revision, columns, closed) VALUES ($1, $2, $3, 0, 0) \
        ON CONFLICT (feed, month) DO UPDATE SET revision = excluded.revision";
    /// Feeds with a month that changed after a revision. As an expression, or SQLite goes through all
    /// months of all feeds in the order of feeds, so as to have no two alike.
    TOUCHED_FEEDS = "SELECT DISTINCT feed || '' FROM feed_months WHERE revision > $1";
    /// Feeds with a month that is over and not closed yet.
    FEEDS_TO_CLOSE = "SELECT DISTINCT feed FROM feed_months WHERE closed = 0 AND month < $1";
    FEED_NAMES = "SELECT DISTINCT feed FROM feed_months";
    /// In one row, as columns come: a feed may have hundreds.
    FEED_MONTHS = "SELECT string_agg(concat_ws(' ', month, revision, columns, closed, documents, held, heads), ',' \
        ORDER BY month) FROM feed_months WHERE feed = $1";
    PUT_MONTH = "UPDATE feed_months SET columns = $3, closed = $4, documents = $5, held = $6, heads = $7 \
        WHERE feed = $1 AND month = $2";

    HEADS_OF_ALL = heads!("published_at >= $1 AND published_at <= $2 \
        ORDER BY published_at DESC, id DESC LIMIT $3");
    NEWEST_OF_ALL = columns!("published_at >= $1 AND published_at <= $2 \
        ORDER BY published_at DESC, id DESC LIMIT $3");
    COUNT_OF_ALL = "SELECT COUNT(*) FROM columns WHERE withdrawn_at IS NULL \
        AND published_at >= $1 AND published_at <= $2";
    WITHDRAWN_OF_ALL = "SELECT guid, withdrawn_at FROM columns WHERE withdrawn_at IS NOT NULL \
        AND published_at <= withdrawn_at ORDER BY withdrawn_at DESC, id DESC LIMIT $1";
    HEADS_OF_RUBRIQUE = heads!("rubrique = $4 AND published_at >= $1 AND published_at <= $2 \
        ORDER BY published_at DESC, id DESC LIMIT $3");
    NEWEST_OF_RUBRIQUE = columns!("rubrique = $4 AND published_at >= $1 AND published_at <= $2 \
        ORDER BY published_at DESC, id DESC LIMIT $3");
    COUNT_OF_RUBRIQUE = "SELECT COUNT(*) FROM columns WHERE withdrawn_at IS NULL AND rubrique = $3 \
        AND published_at >= $1 AND published_at <= $2";
    WITHDRAWN_OF_RUBRIQUE = "SELECT guid, withdrawn_at FROM columns WHERE withdrawn_at IS NOT NULL AND rubrique = $2 \
        AND published_at <= withdrawn_at ORDER BY withdrawn_at DESC, id DESC LIMIT $1";
    HEADS_OF_BYLINE = heads!("byline_slug = $4 AND published_at >= $1 AND published_at <= $2 \
        ORDER BY published_at DESC, id DESC LIMIT $3");
    NEWEST_OF_BYLINE = columns!("byline_slug = $4 AND published_at >= $1 AND published_at <= $2 \
        ORDER BY published_at DESC, id DESC LIMIT $3");
    COUNT_OF_BYLINE = "SELECT COUNT(*) FROM columns WHERE withdrawn_at IS NULL AND byline_slug = $3 \
        AND published_at >= $1 AND published_at <= $2";
    WITHDRAWN_OF_BYLINE = "SELECT guid, withdrawn_at FROM columns WHERE withdrawn_at IS NOT NULL AND byline_slug = $2 \
        AND published_at <= withdrawn_at ORDER BY withdrawn_at DESC, id DESC LIMIT $1";
    /// The other way round, from a column on: what archives are filled with.
    OLDEST_HEADS_OF_ALL = heads!("(published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_OF_ALL = columns!("(published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_HEADS_OF_RUBRIQUE = heads!("rubrique = $5 AND (published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_OF_RUBRIQUE = columns!("rubrique = $5 AND (published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_HEADS_OF_BYLINE = heads!("byline_slug = $5 AND (published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_OF_BYLINE = columns!("byline_slug = $5 AND (published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    /// Published in a span of time and in no edition yet.
    UNSENT_COLUMNS = columns!("published_at >= $1 AND published_at <= $2 \
        AND NOT EXISTS (SELECT 1 FROM edition_columns e WHERE e.column_id = columns.id)");

    FILE_STAMPS = "SELECT path, stamp, column_key FROM files";
    DROP_FILE_STAMP = "DELETE FROM files WHERE path = $1";
    PUT_FILE_STAMP = "INSERT INTO files (path, stamp, column_key) VALUES ($1, $2, $3) \
        ON CONFLICT (path) DO UPDATE SET stamp = excluded.stamp, column_key = excluded.column_key";

    /// The revision, what was published last under a name, and of which rubriques and bylines a column's
    /// time has come since.
    LATEST = "SELECT r.number, s.fingerprint, s.revision, s.published_at, (SELECT string_agg(concat_ws(' ', \
        COALESCE(c.rubrique, ''), COALESCE(c.byline_slug, '')), ',') FROM columns c WHERE c.withdrawn_at IS NULL \
        AND c.published_at > s.published_at AND c.published_at <= $2) \
        FROM revision r LEFT JOIN feed_state s ON s.feed = $1";
    FEED_STATE = "SELECT fingerprint, revision, published_at FROM feed_state WHERE feed = $1";
    PUT_FEED_STATE = "INSERT INTO feed_state (feed, fingerprint, revision, published_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (feed) DO UPDATE SET fingerprint = excluded.fingerprint, revision = excluded.revision, \
        published_at = excluded.published_at";

    /// A topic that changes again before the hub was told is told once; one that changes while the
    /// hub is being told is told again.
    QUEUE_PING = "INSERT INTO hub_pings (hub, topic, fingerprint, state, attempts, fence, since_at, due_at) \
        VALUES ($1, $2, $3, 'queued', 0, 0, $4, $4) ON CONFLICT (hub, topic) DO UPDATE SET \
        fingerprint = excluded.fingerprint, state = 'queued', fence = hub_pings.fence + 1, due_at = excluded.due_at, \
        attempts = CASE WHEN hub_pings.state IN ('told', 'failed') THEN 0 ELSE hub_pings.attempts END, \
        since_at = CASE WHEN hub_pings.state IN ('told', 'failed') THEN excluded.since_at ELSE hub_pings.since_at END \
        WHERE hub_pings.fingerprint <> excluded.fingerprint";
    SETTLE_PING = "UPDATE hub_pings SET state = $3, attempts = $4, due_at = $5, reply = $6 \
        WHERE id = $1 AND fence = $2 AND state = 'leased'";
    PUT_OFF_PINGS = "UPDATE hub_pings SET attempts = attempts + 1, due_at = $3, reply = $6, \
        state = CASE WHEN since_at <= $4 AND attempts + 1 >= $5 THEN 'failed' ELSE 'queued' END \
        WHERE hub = $1 AND state = 'queued' AND due_at <= $2 RETURNING state";

    IS_SUPPRESSED = "SELECT COUNT(*) FROM suppressions WHERE address_hash = $1";
    UNSUBSCRIBE = "UPDATE subscribers SET state = 'unsubscribed' WHERE id = $1 AND state <> 'unsubscribed'";
    IS_SUBSCRIBER = "SELECT COUNT(*) FROM subscribers WHERE id = $1";
    /// A complaint outranks what else an address may be suppressed for.
    SUPPRESS = "INSERT INTO suppressions (address_hash, reason, suppressed_at) VALUES ($1, $2, $3) \
        ON CONFLICT (address_hash) DO UPDATE SET reason = excluded.reason, suppressed_at = excluded.suppressed_at \
        WHERE excluded.reason = 'complaint' AND suppressions.reason <> 'complaint'";
    SUBSCRIBERS_AFTER = "SELECT id, address, name, choice, state, joined_at FROM subscribers WHERE id > $1 \
        ORDER BY id LIMIT $2";
    LIST_SUBSCRIBERS = "SELECT address, name, choice, state, joined_at FROM subscribers ORDER BY id";
    /// For the figures of who keeps the house.
    LETTER_COUNTS = "SELECT state, COUNT(*) FROM letters GROUP BY state ORDER BY state";
    SUBSCRIBER_COUNTS = "SELECT state, COUNT(*) FROM subscribers GROUP BY state ORDER BY state";

    SUBSCRIBER = "SELECT id, address, name, choice, language, state, joined_at FROM subscribers WHERE id = $1";
    SUBSCRIBER_AT = "SELECT id, address, name, choice, language, state, joined_at FROM subscribers WHERE address_hash = $1";
    SERVED_SINCE = "SELECT COUNT(*) FROM service_letters WHERE address_hash = $1 AND queued_at > $2";
    ADD_REQUEST = "INSERT INTO requests (id, kind, address, address_hash, subscriber_id, name, choice, language, consent, \
        way, asked_at, asked_from, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    REQUEST = "SELECT kind, address, address_hash, subscriber_id, name, choice, language, consent, way, asked_at, asked_from \
        FROM requests WHERE id = $1 AND expires_at > $2";
    DROP_REQUEST = "DELETE FROM requests WHERE id = $1";
    /// Who left may come back; who is there already has chosen anew.
    JOIN = "INSERT INTO subscribers (address, address_hash, name, choice, state, joined_at, language) \
        VALUES ($1, $2, $3, $4, 'active', $5, $6) ON CONFLICT (address_hash) DO UPDATE SET state = 'active', \
        name = COALESCE(excluded.name, subscribers.name), choice = excluded.choice, language = excluded.language, \
        joined_at = CASE WHEN subscribers.state = 'active' THEN subscribers.joined_at ELSE excluded.joined_at END \
        RETURNING id";
    MAKE_ROOM = "DELETE FROM subscribers WHERE address_hash = $1 AND id <> $2 AND state <> 'active'";
    MOVE = "UPDATE subscribers SET address = $2, address_hash = $3 WHERE id = $1 \
        AND NOT EXISTS (SELECT 1 FROM subscribers o WHERE o.address_hash = $3 AND o.id <> $1)";
    READDRESS = "UPDATE letters SET address = $2 WHERE subscriber_id = $1 AND state IN ('queued', 'deferred')";
    ADD_CONSENT = "INSERT INTO consents (subscriber_id, way, consent, asked_at, asked_from, confirmed_at, confirmed_from) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    CONSENTS = "SELECT way, consent, asked_at, asked_from, confirmed_at, confirmed_from FROM consents \
        WHERE subscriber_id = $1 ORDER BY id";
    SET_PREFERENCES = "UPDATE subscribers SET name = $2, choice = $3, language = $4 WHERE id = $1";
    LETTERS_OF = "SELECT e.period, l.state, l.settled_at FROM letters l JOIN editions e ON e.id = l.edition_id \
        WHERE l.subscriber_id = $1 ORDER BY e.number";
    HASH_OF = "SELECT address_hash FROM subscribers WHERE id = $1";
    /// The ledger's sums hold, and nobody is in it.
    ERASE_LETTERS = "UPDATE letters SET address = '(erased)', name = NULL, reply = NULL, \
        settled_at = CASE WHEN state IN ('queued', 'deferred') THEN $2 ELSE settled_at END, \
        state = CASE WHEN state IN ('queued', 'deferred') THEN 'suppressed' ELSE state END WHERE subscriber_id = $1";
    ERASE_CONSENTS = "DELETE FROM consents WHERE subscriber_id = $1";
    ERASE_MOVES = "DELETE FROM requests WHERE subscriber_id = $1";
    /// What mail servers say of a reader often holds the address.
    ERASE_BOUNCES = "DELETE FROM bounces WHERE subscriber_id = $1";
    ERASE_SUBSCRIBER = "DELETE FROM subscribers WHERE id = $1";
    ERASE_REQUESTS = "DELETE FROM requests WHERE address_hash = $1";
    ERASE_SERVICE_LETTERS = "DELETE FROM service_letters WHERE address_hash = $1";
    ADD_SERVICE_LETTER = "INSERT INTO service_letters (address_hash, address, message, state, attempts, fence, queued_at, \
        due_at, expires_at) VALUES ($1, $2, $3, 'queued', 0, 0, $4, $4, $5)";
    SETTLE_SERVICE_LETTER = "UPDATE service_letters SET state = $3, attempts = attempts + 1, due_at = $4, reply = $5, \
        address = CASE WHEN $3 = 'queued' THEN address ELSE '' END, \
        message = CASE WHEN $3 = 'queued' THEN message ELSE '' END WHERE id = $1 AND fence = $2 AND state = 'leased'";
    DROP_OLD_REQUESTS = "DELETE FROM requests WHERE expires_at <= $1";
    DROP_OLD_SERVICE_LETTERS = "DELETE FROM service_letters WHERE queued_at <= $1 AND (state NOT IN ('queued', 'leased') \
        OR expires_at <= $2)";
    UNTIDY = "SELECT (SELECT COUNT(*) FROM requests WHERE expires_at <= $1) + (SELECT COUNT(*) FROM service_letters \
        WHERE queued_at <= $2 AND (state NOT IN ('queued', 'leased') OR expires_at <= $1))";

    /// The choices that a variant is rendered for.
    CHOICES = "SELECT DISTINCT choice FROM subscribers WHERE state = 'active' ORDER BY choice";

    LAST_EDITION = "SELECT id, number, period, since_at, cutoff_at, state, subject, dated_at FROM editions \
        ORDER BY number DESC LIMIT 1";
    FIRST_EDITION = "SELECT id, number, period, since_at, cutoff_at, state, subject, dated_at FROM editions \
        ORDER BY number LIMIT 1";
    FIND_EDITION = "SELECT id, number, period, since_at, cutoff_at, state, subject, dated_at FROM editions \
        WHERE period = $1";
    ALL_EDITIONS = "SELECT id, number, period, since_at, cutoff_at, state, subject, dated_at FROM editions \
        ORDER BY number";
    /// Those that somebody has got, newest first.
    ARCHIVE = concat!("SELECT id, number, period, since_at, cutoff_at, state, subject, dated_at FROM editions e WHERE ",
        sent!(), " ORDER BY number DESC LIMIT $1");
    ARCHIVED = concat!("SELECT id, number, period, since_at, cutoff_at, state, subject, dated_at FROM editions e \
        WHERE period = $1 AND ", sent!());
    WHOLE_VARIANT = "SELECT html FROM variants WHERE edition_id = $1 AND choice = ''";
    COLUMNS_OF = columns!("id IN (SELECT column_id FROM edition_columns WHERE edition_id = $1)");
    PLACES_OF = "SELECT column_id FROM edition_columns WHERE edition_id = $1 ORDER BY place";
    /// Those with letters to send, oldest first.
    OPEN_EDITIONS = "SELECT id, number, period, since_at, cutoff_at, state, subject, dated_at FROM editions \
        WHERE state IN ('frozen', 'sending') ORDER BY number";
    ADD_EDITION = "INSERT INTO editions (number, period, since_at, cutoff_at, state, subject, dated_at, frozen_at) \
        SELECT COALESCE(MAX(number), 0) + 1, CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), \
        CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS BIGINT), CAST($7 AS BIGINT) FROM editions WHERE TRUE \
        ON CONFLICT (period) DO NOTHING RETURNING id, number";
    ADD_EDITION_COLUMN = "INSERT INTO edition_columns (edition_id, column_id, place) VALUES ($1, $2, $3) \
        ON CONFLICT DO NOTHING";
    ADD_VARIANT = "INSERT INTO variants (edition_id, choice, html, plain, entity, content_hash) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    LARGEST_VARIANT = "SELECT CAST(COALESCE(MAX(length(entity)), 0) AS BIGINT) FROM variants WHERE edition_id = $1";
    FIND_VARIANT = "SELECT entity FROM variants WHERE id = $1";
    /// A letter for every active subscriber whose choice has a variant, in the freezing commit.
    ADD_LETTERS = "INSERT INTO letters (edition_id, subscriber_id, variant_id, address, name, state, attempts, fence, due_at) \
        SELECT v.edition_id, s.id, v.id, s.address, s.name, 'queued', 0, 0, 0 \
        FROM subscribers s JOIN variants v ON v.choice = s.choice \
        WHERE v.edition_id = $1 AND s.state = 'active' \
        AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash)";
    SET_EDITION_STATE = "UPDATE editions SET state = $2 WHERE id = $1 AND state = $3";
    /// The letters of one that was begun keep their date.
    RELEASE_EDITION = "UPDATE editions SET state = 'frozen', held_reason = NULL, dated_at = CASE WHEN EXISTS \
        (SELECT 1 FROM letters l WHERE l.edition_id = editions.id AND l.attempts > 0) THEN dated_at ELSE $2 END \
        WHERE id = $1 AND state = 'held'";
    TALLY = "SELECT state, COUNT(*) FROM letters WHERE edition_id = $1 GROUP BY state";
    UNKNOWN_LETTERS = "SELECT address FROM letters WHERE edition_id = $1 AND state = 'unknown' ORDER BY id";
    FAILED_LETTERS = "SELECT address, COALESCE(reply, '') FROM letters WHERE edition_id = $1 AND state = 'failed' ORDER BY id";

    /// What the editors changed in an edition, and what they said of it.
    ADD_CHANGES = "INSERT INTO edition_changes (period, version, changes, who, changed_at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    LAST_CHANGES = "SELECT version, changes, who, changed_at FROM edition_changes WHERE period = $1 \
        ORDER BY version DESC LIMIT 1";
    FIND_CHANGES = "SELECT version, changes, who, changed_at FROM edition_changes WHERE period = $1 AND version = $2";
    ADD_NOTE = "INSERT INTO edition_notes (period, kind, subject, who, words, noted_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    NOTES = "SELECT id, kind, subject, who, words, noted_at FROM edition_notes WHERE period = $1 ORDER BY id";
    /// What a freezing must have seen: the last version, the last decision.
    DESK_STAMP = "SELECT COALESCE((SELECT MAX(version) FROM edition_changes WHERE period = $1), 0), \
        COALESCE((SELECT MAX(id) FROM edition_notes WHERE period = $1), 0)";
    EDITION_COLUMNS = "SELECT column_id FROM edition_columns WHERE edition_id = $1 ORDER BY place";
    EDITION_ID = "SELECT id FROM editions WHERE period = $1";
    ADD_QUIET_WEEK = "INSERT INTO quiet_weeks (period, cutoff_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    LAST_QUIET_WEEK = "SELECT MAX(cutoff_at) FROM quiet_weeks";
    /// An edition's variants as they were frozen, that for all rubriques first.
    FROZEN_VARIANTS = "SELECT choice, html, plain, entity, content_hash FROM variants WHERE edition_id = $1 ORDER BY choice";
    /// Of what came back.
    LETTER_ADDRESS = "SELECT address FROM letters WHERE edition_id = $1 AND subscriber_id = $2";
    SUBSCRIBER_HASH = "SELECT address_hash FROM subscribers WHERE id = $1";
    NOTE_BOUNCE = "INSERT INTO bounces (edition_id, subscriber_id, kind, words, noted_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    /// A letter that came back had been taken: of one whose fate was unknown, it is known now. It may
    /// be back before the relay's answer is written down.
    FAIL_RETURNED = "UPDATE letters SET state = 'failed', settled_at = $3, reply = $4 \
        WHERE edition_id = $1 AND subscriber_id = $2 AND state IN ('sent', 'unknown', 'sending')";
    /// A subscriber's letters that mail servers took, newest first, and whether one came back for a
    /// passing reason. By edition, because the ledger has no index by subscriber.
    HANDED_OVER = "SELECT COALESCE(l.settled_at, 0), CASE WHEN b.kind IS NULL THEN CAST(0 AS BIGINT) \
        ELSE CAST(1 AS BIGINT) END FROM (SELECT id, number FROM editions ORDER BY number DESC LIMIT $2) e \
        JOIN letters l ON l.edition_id = e.id AND l.subscriber_id = $1 \
        LEFT JOIN bounces b ON b.edition_id = e.id AND b.subscriber_id = $1 AND b.kind = 'soft' \
        WHERE l.state = 'sent' OR b.kind IS NOT NULL ORDER BY e.number DESC";
    MAIL_LEFT = "SELECT message FROM mail_left WHERE mailbox = $1";
    NOTE_MAIL_LEFT = "INSERT INTO mail_left (mailbox, message) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    FORGET_MAIL_LEFT = "DELETE FROM mail_left WHERE mailbox = $1 AND message = $2";

    /// Leases that ended before anything was sent.
    LAPSE_LEASED = "UPDATE letters SET state = 'queued' WHERE edition_id = $1 AND state = 'leased' AND lease_until < $2";
    /// Leases that ended while the relay may have taken the letter.
    LAPSE_SENDING = "UPDATE letters SET state = $3, settled_at = $2 WHERE edition_id = $1 AND state = 'sending' \
        AND lease_until < $2";
    /// What may have arrived is to be sent once more: the operator's word.
    RESEND_UNKNOWN = "UPDATE letters SET state = 'queued', due_at = 0, fence = fence + 1 \
        WHERE edition_id = $1 AND state = 'unknown'";
    /// The suppressions that came with refusals: both were written down at one instant.
    LIFT_REFUSED = concat!("DELETE FROM suppressions WHERE reason = 'refused' AND address_hash IN (SELECT s.address_hash \
        FROM letters l JOIN subscribers s ON s.id = l.subscriber_id WHERE l.settled_at = suppressions.suppressed_at AND ",
        refused!(), ")");
    RETRY_REFUSED = concat!("UPDATE letters SET state = 'queued', due_at = 0, attempts = 0, settled_at = NULL, \
        fence = fence + 1 WHERE id IN (SELECT l.id FROM letters l WHERE ", refused!(), ")");
    HOLD_EDITION = "UPDATE editions SET state = 'held', held_reason = $2 WHERE id = $1 AND state IN ('frozen', 'sending')";
    HELD_REASON = "SELECT held_reason FROM editions WHERE id = $1 AND state = 'held'";

    /// What a relay got in the hours that count.
    RELAY_TAKEN = "SELECT CAST(COALESCE(SUM(taken), 0) AS BIGINT) FROM relay_use WHERE relay = $1 AND hour > $2";
    TAKE_FROM_DAY = "INSERT INTO relay_use (relay, hour, taken) VALUES ($1, $2, $3) \
        ON CONFLICT (relay, hour) DO UPDATE SET taken = relay_use.taken + excluded.taken";
    FORGET_DAYS = "DELETE FROM relay_use WHERE hour <= $1";

    LEASES_END = "SELECT MIN(lease_until) FROM letters WHERE edition_id = $1 AND state IN ('leased', 'sending')";
    NEXT_DUE = "SELECT MIN(due_at) FROM letters WHERE edition_id = $1 AND state IN ('queued', 'deferred')";
}
