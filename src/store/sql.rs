//! Every statement, named in one place. Both backends take `$1`, `ON CONFLICT` and `RETURNING`;
//! a test prepares each statement of [`ALL`] on both. Where a parameter stands in the list of a
//! `SELECT`, it is cast, because Postgres cannot tell its type there.

#[macro_use]
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

/// What makes up a [`crate::model::Edition`].
macro_rules! edition {
    () => {
        "SELECT e.id, e.newsletter, e.mark, e.number, e.period, e.since_at, e.cutoff_at, e.state, e.subject, e.dated_at, \
         e.frozen_at IS NOT NULL AS is_frozen FROM editions e "
    };
}

/// What makes up a [`super::Known`]; the newsletter is the first parameter.
macro_rules! reader {
    ($chosen:literal) => {
        concat!(
            "SELECT s.id, s.public_id, s.address, s.address_hash, s.name, p.choice, s.language, p.state, s.joined_at, s.moves \
             FROM subscribers s JOIN subscriptions p ON p.subscriber_id = s.id AND p.newsletter = $1 WHERE ",
            $chosen
        )
    };
}

/// Letters of an edition of alias `e` about which something is still to be done: each is in a block.
macro_rules! to_do {
    () => {
        "EXISTS (SELECT 1 FROM letter_blocks b CROSS JOIN letters l WHERE l.id BETWEEN b.block * 64 \
         AND b.block * 64 + 63 AND +l.edition_id = b.edition_id AND b.edition_id = e.id \
         AND l.state IN ('queued', 'leased', 'sending', 'deferred'))"
    };
}

/// Editions of which nobody needs the letters any more: they went out before an instant, nothing is to be done, and
/// a newer one is there.
macro_rules! to_tidy {
    () => {
        concat!(
            "e.state = 'sent' AND e.dated_at < $1 AND e.cutoff_at < (SELECT MAX(o.cutoff_at) FROM editions o \
            WHERE o.newsletter = e.newsletter) AND NOT ",
            to_do!()
        )
    };
}

/// How many letters are in which state, of editions, letters and blocks that are chosen. Those that are to do are in
/// blocks, those that did not go in an index, and some are not kept any more; the others are sent.
macro_rules! tally {
    ($editions:literal, $letters:literal, $blocks:literal) => {
        concat!(
            "WITH others AS ( \
            SELECT state, COUNT(*) AS letters FROM letters \
            WHERE state IN ('deferred', 'failed', 'suppressed', 'unknown')",
            $letters,
            " GROUP BY state \
            UNION ALL SELECT l.state, COUNT(*) FROM letter_blocks b CROSS JOIN letters l \
            WHERE l.id BETWEEN b.block * 64 AND b.block * 64 + 63 AND +l.edition_id = b.edition_id",
            $blocks,
            " AND l.state IN ('queued', 'leased', 'sending') GROUP BY l.state \
            UNION ALL SELECT state, letters FROM tidied_letters WHERE 0 = 0",
            $letters,
            ") SELECT state, CAST(SUM(letters) AS BIGINT) FROM (SELECT state, letters FROM others \
            UNION ALL SELECT 'sent', letters FROM editions",
            $editions,
            " UNION ALL SELECT 'sent', -letters FROM others) AS counted \
            GROUP BY state HAVING SUM(letters) <> 0 ORDER BY state"
        )
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

    FIND_MAGAZINE = "SELECT id, name, address, began_at FROM magazine";
    ADD_MAGAZINE = "INSERT INTO magazine (one, id, name, address, began_at) VALUES (1, $1, $2, $3, $4) ON CONFLICT (one) DO NOTHING";
    CALL_MAGAZINE = "UPDATE magazine SET name = $1, address = $2 WHERE name <> $1 OR address <> $2";
    ADD_NEWSLETTER = "INSERT INTO newsletters (name) VALUES ($1) ON CONFLICT (name) DO NOTHING";

    PUT_RUBRIQUE = "INSERT INTO rubriques (slug, label, place) VALUES ($1, $2, $3) \
        ON CONFLICT (slug) DO UPDATE SET label = excluded.label, place = excluded.place \
        WHERE rubriques.label <> excluded.label OR rubriques.place <> excluded.place";

    /// What an import compares with.
    KNOWN_COLUMNS = "SELECT source_key, guid, title, standfirst, published_at, withdrawn_at FROM columns \
        WHERE source = $1";
    FIND_COLUMN = "SELECT id, fingerprint, updated_at, published_at, rubrique, byline_slug, withdrawn_at \
        FROM columns WHERE source = $1 AND source_key = $2";
    HAS_GUID = "SELECT source_key FROM columns WHERE guid = $1";
    COLUMN_ADDRESS = "SELECT url, asked_url FROM columns WHERE id = $1";
    /// Who has an address, of the columns that readers see, but for one.
    ADDRESS_OWNER = "SELECT source_key, title FROM columns WHERE url = $1 AND withdrawn_at IS NULL AND id <> $2 \
        ORDER BY id LIMIT 1";
    /// Columns of which each wants the address of another, or has it.
    TWIN_ADDRESSES = "SELECT c.title, c.guid, c.url, o.title AS owner, o.url AS wanted FROM columns c JOIN columns o \
        ON o.url = COALESCE(c.asked_url, c.url) AND o.id <> c.id AND o.withdrawn_at IS NULL \
        WHERE c.withdrawn_at IS NULL AND (c.asked_url IS NOT NULL OR o.id < c.id) ORDER BY c.id, o.id";
    /// A column's name in its source, where it was moved.
    MOVE_COLUMN = "UPDATE columns SET source = $3, source_key = $4 WHERE source = $1 AND source_key = $2 \
        AND NOT EXISTS (SELECT 1 FROM columns o WHERE o.source = $3 AND o.source_key = $4)";
    MOVE_ALL_COLUMNS = "UPDATE columns SET source = $2 WHERE source = $1 \
        AND NOT EXISTS (SELECT 1 FROM columns o WHERE o.source = $2 AND o.source_key = columns.source_key)";
    /// What may be a column under another name: who has no file any more.
    COLUMN_TRACE = "SELECT source, source_key, guid, content, title, url, published_at, withdrawn_at FROM columns \
        WHERE source = $1 AND source_key = $2";
    TRACES_OF_SOURCE = "SELECT source, source_key, guid, content, title, url, published_at, withdrawn_at FROM columns \
        WHERE source = $1 ORDER BY id";
    WITHDRAWN_TRACES = "SELECT source, source_key, guid, content, title, url, published_at, withdrawn_at FROM columns \
        WHERE withdrawn_at IS NOT NULL ORDER BY id";
    COLUMN_TEXT = "SELECT standfirst, body FROM columns WHERE source = $1 AND source_key = $2";
    COLUMN_SOURCES = "SELECT source, COUNT(*) FROM columns WHERE withdrawn_at IS NULL GROUP BY source ORDER BY source";
    LIST_COLUMNS = "SELECT source, source_key, title, url, published_at, withdrawn_at FROM columns \
        ORDER BY published_at DESC, id DESC";
    /// Columns that were put before there was a fingerprint of their words.
    WITHOUT_CONTENT = "SELECT id, title, standfirst, body FROM columns WHERE content = '' ORDER BY id LIMIT $1";
    /// Not over one that somebody has put meanwhile, with other words.
    SET_CONTENT = "UPDATE columns SET content = $2 WHERE id = $1 AND content = ''";
    REDATE_COLUMN = "UPDATE columns SET published_at = $2, updated_at = $3, fingerprint = $4 WHERE id = $1";
    RESTORE_COLUMN = "UPDATE columns SET withdrawn_at = NULL WHERE id = $1 AND withdrawn_at IS NOT NULL";
    /// Instants that are taken, so that no two columns share one.
    UPDATES_BETWEEN = "SELECT updated_at FROM columns WHERE updated_at BETWEEN $1 AND $2";
    ADD_COLUMN = "INSERT INTO columns (source, source_key, guid, rubrique, title, standfirst, byline, body_raw, body, \
        cleaner, url, image_url, image_alt, image_credit, image_type, image_width, image_height, image_length, \
        published_at, updated_at, fingerprint, byline_slug, withdrawn_at, content, asked_url) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25)";
    CHANGE_COLUMN = "UPDATE columns SET rubrique = $1, title = $2, standfirst = $3, byline = $4, body_raw = $5, \
        body = $6, cleaner = $7, url = $8, image_url = $9, image_alt = $10, image_credit = $11, image_type = $12, \
        image_width = $13, image_height = $14, image_length = $15, published_at = $16, updated_at = $17, \
        fingerprint = $18, byline_slug = $19, withdrawn_at = $20, content = $21, asked_url = $22 WHERE id = $23";

    WITHDRAW_COLUMN = "UPDATE columns SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL";
    REVISION = "SELECT number FROM revision";
    NEXT_REVISION = "UPDATE revision SET number = number + 1 RETURNING number";
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
    /// Published in a span of time, or left out of an edition before, and in none of the newsletter yet.
    UNSENT_COLUMNS = columns!("published_at <= $2 AND (published_at >= $1 \
        OR id IN (SELECT w.column_id FROM waiting_columns w WHERE w.newsletter = $3)) \
        AND NOT EXISTS (SELECT 1 FROM edition_columns e WHERE e.newsletter = $3 AND e.column_id = columns.id)");
    /// Of these, those whose words are in an edition under another id.
    REPEATED_COLUMNS = "SELECT c.id, c.source, c.source_key, c.standfirst, c.body, MIN(e.period) FROM columns c \
        JOIN columns o ON o.content = c.content AND o.id <> c.id \
        JOIN edition_columns x ON x.newsletter = $3 AND x.column_id = o.id JOIN editions e ON e.id = x.edition_id \
        WHERE c.content <> '' AND c.withdrawn_at IS NULL AND c.published_at <= $2 AND (c.published_at >= $1 \
        OR c.id IN (SELECT w.column_id FROM waiting_columns w WHERE w.newsletter = $3)) \
        AND NOT EXISTS (SELECT 1 FROM edition_columns e WHERE e.newsletter = $3 AND e.column_id = c.id) \
        GROUP BY c.id, c.source, c.source_key, c.standfirst, c.body";

    /// What a sync begins with, in one row: by whom each source is read, what was told, whether an
    /// older version left files, and whether columns have no fingerprint of their words yet.
    SOURCE_STATE = "SELECT (SELECT string_agg(name || '\u{1f}' || place, '\u{1e}') FROM sources), \
        (SELECT string_agg(what, '\u{1e}') FROM notices), \
        (SELECT COUNT(*) FROM (SELECT path FROM files LIMIT 1) AS old), \
        (SELECT COUNT(*) FROM (SELECT id FROM columns WHERE content = '' LIMIT 1) AS bare)";
    SOURCE_PLACE = "SELECT place FROM sources WHERE name = $1";
    ADD_SOURCE = "INSERT INTO sources (name, place, taken_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    TAKE_SOURCE = "UPDATE sources SET place = $2, taken_at = $3 WHERE name = $1 AND place = $4";
    RENAME_SOURCE = "UPDATE sources SET name = $2 WHERE name = $1 \
        AND NOT EXISTS (SELECT 1 FROM sources o WHERE o.name = $2)";
    DROP_SOURCE = "DELETE FROM sources WHERE name = $1 AND NOT EXISTS (SELECT 1 FROM columns c WHERE c.source = $1)";
    SOURCE_FILES = "SELECT source, path, column_key, content, seen, due_at, refused FROM source_files";
    FILE_CONTENT = "SELECT content FROM source_files WHERE source = $1 AND path = $2";
    PUT_FILE = "INSERT INTO source_files (source, path, column_key, content, seen, due_at, refused) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, path) DO UPDATE SET column_key = excluded.column_key, \
        content = excluded.content, seen = excluded.seen, due_at = excluded.due_at, refused = excluded.refused";
    DROP_FILE = "DELETE FROM source_files WHERE source = $1 AND path = $2";
    MOVE_ALL_FILES = "UPDATE source_files SET source = $2 WHERE source = $1";
    DROP_FILES = "DELETE FROM source_files WHERE source = $1";
    /// What older versions wrote of the files they read.
    OLD_FILES = "SELECT path, column_key FROM files";
    DROP_OLD_FILE = "DELETE FROM files WHERE path = $1";

    NOTICES = "SELECT what FROM notices";
    ADD_NOTICE = "INSERT INTO notices (what, told_at) VALUES ($1, $2) ON CONFLICT (what) DO NOTHING";
    DROP_NOTICE = "DELETE FROM notices WHERE what = $1";

    /// The revision, what was published last under a name, of which rubriques and bylines a column's
    /// time has come since, and the publications that did not end.
    LATEST = "SELECT r.number, s.fingerprint, s.revision, s.published_at, s.told_at, (SELECT string_agg(concat_ws(' ', \
        COALESCE(c.rubrique, ''), COALESCE(c.byline_slug, '')), ',') FROM columns c WHERE c.withdrawn_at IS NULL \
        AND c.published_at > s.published_at AND c.published_at <= $2), (SELECT string_agg(concat_ws(' ', id, begun_at), ',') \
        FROM publications), (SELECT f.fingerprint FROM feed_state f WHERE f.feed = '*files') \
        FROM revision r LEFT JOIN feed_state s ON s.feed = $1";
    /// How the archives' folders looked when nothing was missing in them. No feed has this key.
    PUT_SEEN = "INSERT INTO feed_state (feed, fingerprint, revision, published_at) VALUES ('*files', $1, 0, 0) \
        ON CONFLICT (feed) DO UPDATE SET fingerprint = excluded.fingerprint";
    FEED_STATE = "SELECT fingerprint, revision, published_at, told_at FROM feed_state WHERE feed = $1";
    /// Of a feed that nobody had published when it was looked at.
    ADD_FEED_STATE = "INSERT INTO feed_state (feed, fingerprint, revision, published_at, told_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (feed) DO NOTHING";
    /// Of one that is still as it was then.
    CHANGE_FEED_STATE = "UPDATE feed_state SET fingerprint = $2, revision = $3, published_at = $4, told_at = $5 \
        WHERE feed = $1 AND fingerprint = $6 AND revision = $7 AND published_at = $8";
    BEGIN_PUBLICATION = "INSERT INTO publications (id, begun_at) VALUES ($1, $2)";
    END_PUBLICATION = "DELETE FROM publications WHERE id = $1";
    /// The archive documents that there should be, and the feeds of bylines.
    DOCUMENTS = "SELECT (SELECT string_agg(concat_ws(' ', feed, month, documents), ',') FROM feed_months \
        WHERE documents > 0), (SELECT string_agg(feed, ',') FROM feed_state WHERE feed LIKE 'byline/%')";

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
    SUPPRESSION = "SELECT reason FROM suppressions WHERE address_hash = $1";
    UNSUBSCRIBE = "UPDATE subscriptions SET state = 'unsubscribed', since_at = $3 WHERE subscriber_id = $1 AND newsletter = $2 \
        AND state <> 'unsubscribed'";
    /// A complaint outranks what else an address may be suppressed for.
    SUPPRESS = "INSERT INTO suppressions (address_hash, reason, suppressed_at) VALUES ($1, $2, $3) \
        ON CONFLICT (address_hash) DO UPDATE SET reason = excluded.reason, suppressed_at = excluded.suppressed_at \
        WHERE excluded.reason = 'complaint' AND suppressions.reason <> 'complaint'";
    /// Of who was just suppressed.
    PROVE_SUPPRESSION = "UPDATE suppressions SET proven = 1 WHERE address_hash = $1";
    /// For the figures of who keeps the house.
    LETTER_COUNTS = tally!("", "", "");
    SUBSCRIBER_COUNTS = "SELECT state, COUNT(*) FROM subscriptions GROUP BY state ORDER BY state";

    SUBSCRIBER = reader!("s.id = $2");
    READER = reader!("s.public_id = $2");
    OLD_READER = reader!("s.old_number = $2");
    SUBSCRIBER_AT = reader!("s.address_hash = $2");
    IS_SUBSCRIPTION = "SELECT COUNT(*) FROM subscriptions WHERE subscriber_id = $1 AND newsletter = $2";
    /// Of one kind: how many since an instant, and the last; of all kinds: how many since another.
    /// A letter that was refused has brought no link.
    SERVED = "SELECT COUNT(CASE WHEN queued_at > $3 THEN 1 END), \
        COUNT(CASE WHEN queued_at > $4 AND state <> 'failed' THEN 1 END), \
        MAX(CASE WHEN state <> 'failed' THEN queued_at END) FROM service_letters \
        WHERE address_hash = $1 AND kind = $2 AND queued_at <= $5";
    /// Letters to one mailbox, whatever stands after a + in the address.
    SERVED_IN_A_DAY = "SELECT COUNT(*) FROM service_letters WHERE mailbox_hash = $1 AND kind <> 'desk' AND queued_at > $2 \
        AND queued_at <= $3";
    OPEN_WISH = "SELECT id FROM requests WHERE kind = $1 AND address_hash = $2 AND COALESCE(subscriber_id, 0) = COALESCE(CAST($3 AS BIGINT), 0) \
        AND expires_at > $4 ORDER BY asked_at DESC LIMIT 1";
    IS_WISH = "SELECT COUNT(*) FROM requests WHERE id = $1 AND expires_at > $2";
    /// A reader moves to one address.
    DROP_OLDER_WISHES = "DELETE FROM requests WHERE id <> $1 AND kind = $2 \
        AND ((subscriber_id IS NULL AND address_hash = $3) OR subscriber_id = $4)";
    PUT_REQUEST = "INSERT INTO requests (id, kind, address, address_hash, subscriber_id, name, choice, language, consent, \
        way, asked_at, asked_from, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
        ON CONFLICT (id) DO UPDATE SET address = excluded.address, name = excluded.name, choice = excluded.choice, \
        language = excluded.language, consent = excluded.consent, way = excluded.way, asked_at = excluded.asked_at, \
        asked_from = excluded.asked_from, expires_at = excluded.expires_at";
    REQUEST = "SELECT kind, address, address_hash, subscriber_id, name, choice, language, consent, way, asked_at, asked_from \
        FROM requests WHERE id = $1 AND expires_at > $2";
    DROP_REQUEST = "DELETE FROM requests WHERE id = $1";
    /// Who confirms an address, new or known.
    JOIN_READER = "INSERT INTO subscribers (public_id, address, address_hash, name, joined_at, returned_at, language) \
        VALUES ($1, $2, $3, $4, $5, $5, $6) ON CONFLICT (address_hash) DO UPDATE SET \
        name = COALESCE(excluded.name, subscribers.name), language = excluded.language, returned_at = excluded.returned_at \
        RETURNING id";
    /// Who left may come back; who is there already has chosen anew.
    JOIN_NEWSLETTER = "INSERT INTO subscriptions (subscriber_id, newsletter, choice, state, since_at) \
        VALUES ($1, $2, $3, 'active', $4) ON CONFLICT (subscriber_id, newsletter) DO UPDATE SET state = 'active', \
        choice = excluded.choice, since_at = CASE WHEN subscriptions.state = 'active' THEN subscriptions.since_at \
        ELSE excluded.since_at END";
    /// Who comes back keeps what was chosen.
    REJOIN = "UPDATE subscriptions SET state = 'active', since_at = CASE WHEN state = 'active' THEN since_at ELSE $3 END \
        WHERE subscriber_id = $1 AND newsletter = $2";
    /// Somebody at an address who gets nothing there any more.
    LEFT_AT = "SELECT s.id FROM subscribers s WHERE s.address_hash = $1 AND s.id <> $2 \
        AND NOT EXISTS (SELECT 1 FROM subscriptions p WHERE p.subscriber_id = s.id AND p.state = 'active')";
    MOVE = "UPDATE subscribers SET address = $2, address_hash = $3, moves = moves + 1, returned_at = $4 WHERE id = $1 \
        AND NOT EXISTS (SELECT 1 FROM subscribers o WHERE o.address_hash = $3 AND o.id <> $1)";
    ADD_FORMER = "INSERT INTO former_addresses (address_hash, subscriber_id, moved_at) VALUES ($1, $2, $3) \
        ON CONFLICT (address_hash) DO UPDATE SET subscriber_id = excluded.subscriber_id, moved_at = excluded.moved_at";
    /// Whoever proves to live at an address lives there: it is nobody's former one.
    DROP_FORMER = "DELETE FROM former_addresses WHERE address_hash = $1";
    FORMER_OF = "SELECT address_hash FROM former_addresses WHERE subscriber_id = $1";
    ERASE_FORMER = "DELETE FROM former_addresses WHERE subscriber_id = $1";
    READDRESS = "UPDATE letters SET address = $2 WHERE subscriber_id = $1 AND state IN ('queued', 'deferred')";
    ADD_CONSENT = "INSERT INTO consents (subscriber_id, way, consent, asked_at, asked_from, confirmed_at, confirmed_from) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    CONSENTS = "SELECT way, consent, asked_at, asked_from, confirmed_at, confirmed_from FROM consents \
        WHERE subscriber_id = $1 ORDER BY id";
    SET_READER = "UPDATE subscribers SET name = $2, language = $3 WHERE id = $1";
    SET_CHOICE = "UPDATE subscriptions SET choice = $3 WHERE subscriber_id = $1 AND newsletter = $2";
    LETTERS_OF = "SELECT e.period, l.state, l.settled_at FROM letters l JOIN editions e ON e.id = l.edition_id \
        WHERE l.subscriber_id = $1 ORDER BY e.newsletter, e.cutoff_at";
    BOUNCES_OF = "SELECT COALESCE(e.period, ''), b.kind, b.words, b.noted_at FROM bounces b \
        LEFT JOIN editions e ON e.id = b.edition_id WHERE b.subscriber_id = $1 ORDER BY b.noted_at";
    ADDRESS_OF = "SELECT address, address_hash FROM subscribers WHERE id = $1";
    WISHES_OF = "SELECT r.address, r.asked_at, r.expires_at FROM requests r WHERE r.subscriber_id = $1 \
        OR r.address_hash = (SELECT s.address_hash FROM subscribers s WHERE s.id = $1) ORDER BY r.asked_at, r.id";
    SERVICE_LETTERS_OF = "SELECT l.kind, l.state, l.queued_at FROM service_letters l \
        WHERE l.address_hash = (SELECT s.address_hash FROM subscribers s WHERE s.id = $1) ORDER BY l.queued_at, l.id";
    /// Also of addresses that the reader has moved away from.
    SERVICE_NAMES_OF = "SELECT l.public_id FROM service_letters l WHERE l.address_hash IN (SELECT s.address_hash \
        FROM subscribers s WHERE s.id = $1 UNION SELECT f.address_hash FROM former_addresses f WHERE f.subscriber_id = $1)";
    MOVES_OF = "SELECT moved_at FROM former_addresses WHERE subscriber_id = $1 ORDER BY moved_at";
    ALLOWANCES_OF_READER = "SELECT a.words, a.reason, a.suppressed_at, a.allowed_at FROM allowances a \
        WHERE a.address_hash = (SELECT s.address_hash FROM subscribers s WHERE s.id = $1) ORDER BY a.id";
    SUPPRESSION_OF_READER = "SELECT p.reason, p.suppressed_at FROM suppressions p \
        WHERE p.address_hash = (SELECT s.address_hash FROM subscribers s WHERE s.id = $1)";
    WRITE_A_ROW = "UPDATE revision SET number = number";
    HASH_OF = "SELECT address_hash FROM subscribers WHERE id = $1";
    /// The ledger's sums hold, and nobody is in it. A letter that is in a worker's hands and not begun does
    /// not go out: the mark is refused.
    ERASE_LETTERS = "UPDATE letters SET address = '(erased)', name = NULL, reply = NULL, \
        settled_at = CASE WHEN state IN ('queued', 'deferred', 'leased') THEN $2 ELSE settled_at END, \
        state = CASE WHEN state IN ('queued', 'deferred', 'leased') THEN 'suppressed' ELSE state END WHERE subscriber_id = $1";
    ERASE_CONSENTS = "DELETE FROM consents WHERE subscriber_id = $1";
    ERASE_MOVES = "DELETE FROM requests WHERE subscriber_id = $1";
    /// What mail servers say of a reader often holds the address.
    ERASE_BOUNCES = "DELETE FROM bounces WHERE subscriber_id = $1";
    ERASE_SUBSCRIPTIONS = "DELETE FROM subscriptions WHERE subscriber_id = $1";
    ERASE_SUBSCRIBER = "DELETE FROM subscribers WHERE id = $1";
    ERASE_REQUESTS = "DELETE FROM requests WHERE address_hash = $1";
    ERASE_SERVICE_LETTERS = "DELETE FROM service_letters WHERE address_hash = $1";
    ADD_SERVICE_LETTER = "INSERT INTO service_letters (public_id, address_hash, address, message, state, attempts, fence, \
        queued_at, due_at, expires_at, kind, mailbox_hash) VALUES ($1, $2, $3, $4, 'queued', 0, 0, $5, $6, $7, $8, $9)";
    SETTLE_SERVICE_LETTER = "UPDATE service_letters SET state = $3, attempts = attempts + 1, due_at = $4, reply = $5, \
        address = CASE WHEN $3 = 'queued' THEN address ELSE '' END, \
        message = CASE WHEN $3 = 'queued' THEN message ELSE '' END WHERE id = $1 AND fence = $2 AND state = 'leased'";
    SERVICE_LETTERS_DUE = "SELECT COUNT(*) FROM (SELECT 1 FROM service_letters WHERE due_at <= $1 \
        AND state IN ('queued', 'leased') LIMIT 1) AS due";
    /// Who works on a batch says that it is still at it.
    RENEW_SERVICE_LETTER = "UPDATE service_letters SET lease_until = $3 WHERE id = $1 AND fence = $2 AND state = 'leased'";
    SERVICE_LETTER = "SELECT id, address_hash, kind FROM service_letters WHERE public_id = $1";
    FAIL_SERVICE_LETTER = "UPDATE service_letters SET state = 'failed', reply = 'came back' WHERE id = $1 AND state = 'sent'";
    DROP_RETURNED_WISHES = "DELETE FROM requests WHERE address_hash = $1 AND kind = $2";
    DROP_OLD_REQUESTS = "DELETE FROM requests WHERE expires_at <= $1";
    DROP_OLD_SERVICE_LETTERS = "DELETE FROM service_letters WHERE queued_at <= $1 AND (state NOT IN ('queued', 'leased') \
        OR expires_at <= $2)";
    UNTIDY = "SELECT (SELECT COUNT(*) FROM requests WHERE expires_at <= $1) + (SELECT COUNT(*) FROM service_letters \
        WHERE queued_at <= $2 AND (state NOT IN ('queued', 'leased') OR expires_at <= $1))";

    /// The choices that a variant is rendered for.
    /// Who would get an edition that is drawn up now, by choice.
    READERS_BY_CHOICE = "SELECT p.choice, COUNT(*) FROM subscriptions p JOIN subscribers s ON s.id = p.subscriber_id \
        WHERE p.newsletter = $1 AND p.state = 'active' \
        AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash) GROUP BY p.choice";
    CHOICES = "SELECT DISTINCT choice FROM subscriptions WHERE newsletter = $1 AND state = 'active' ORDER BY choice";

    /// Editions of a newsletter up to an instant: what lies behind it hides nothing.
    LAST_EDITION = concat!(edition!(), "WHERE e.newsletter = $1 AND e.cutoff_at <= $2 ORDER BY e.cutoff_at DESC LIMIT 1");
    FIRST_EDITION = concat!(edition!(), "WHERE e.newsletter = $1 AND e.cutoff_at <= $2 ORDER BY e.cutoff_at LIMIT 1");
    FUTURE_EDITIONS = concat!(edition!(), "WHERE e.cutoff_at > $1 ORDER BY e.newsletter, e.cutoff_at");
    LAST_NUMBER = "SELECT COALESCE(MAX(number), 0) FROM editions WHERE newsletter = $1";
    /// The labels that editions have in a week, this one and those with a number.
    LABELS = "SELECT period, cutoff_at FROM editions WHERE newsletter = $1 AND (period = $2 OR period LIKE $2 || '-%')";
    FIND_EDITION = concat!(edition!(), "WHERE e.newsletter = $1 AND e.period = $2");
    FIND_EDITION_BY_CUTOFF = concat!(edition!(), "WHERE e.newsletter = $1 AND e.cutoff_at = $2");
    ALL_EDITIONS = concat!(edition!(), "WHERE e.newsletter = $1 ORDER BY e.number");
    EDITION_OF_ALL = concat!(edition!(), "ORDER BY e.id");
    /// Those that somebody has got, newest first.
    ARCHIVE = concat!(edition!(), "WHERE e.newsletter = $1 AND ", sent!(), " ORDER BY e.cutoff_at DESC LIMIT $2");
    ARCHIVED = concat!(edition!(), "WHERE e.newsletter = $1 AND e.period = $2 AND ", sent!());
    WHOLE_VARIANT = "SELECT COALESCE((SELECT e.archive_html FROM editions e WHERE e.id = $1), html) FROM variants \
        WHERE edition_id = $1 AND choice = ''";
    SET_ARCHIVE_PAGE = "UPDATE editions SET archive_html = $2 WHERE id = $1 \
        AND EXISTS (SELECT 1 FROM revision r WHERE r.number = $3)";
    COLUMNS_OF = columns!("id IN (SELECT column_id FROM edition_columns WHERE edition_id = $1)");
    PLACES_OF = "SELECT column_id FROM edition_columns WHERE edition_id = $1 ORDER BY place";
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
    ADD_EDITION_COLUMN = "INSERT INTO edition_columns (edition_id, newsletter, column_id, place) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";
    ADD_WAITING_COLUMN = "INSERT INTO waiting_columns (newsletter, column_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    DROP_WAITING_COLUMN = "DELETE FROM waiting_columns WHERE newsletter = $1 AND column_id = $2";
    ADD_VARIANT = "INSERT INTO variants (edition_id, choice, html, plain, entity, content_hash) \
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
    ADD_VARIANT_COLUMN = "INSERT INTO variant_columns (variant_id, column_id) VALUES ($1, $2)";
    LARGEST_VARIANT = "SELECT CAST(COALESCE(MAX(length(entity)), 0) AS BIGINT) FROM variants WHERE edition_id = $1";
    FIND_VARIANT = "SELECT entity FROM variants WHERE id = $1";
    /// A letter for every active reader whose choice has a variant, in the freezing commit.
    ADD_LETTERS = "INSERT INTO letters (edition_id, subscriber_id, variant_id, address, name, state, attempts, fence, due_at) \
        SELECT v.edition_id, s.id, v.id, s.address, s.name, 'queued', 0, 0, 0 \
        FROM subscriptions p JOIN subscribers s ON s.id = p.subscriber_id JOIN variants v ON v.choice = p.choice \
        WHERE v.edition_id = $1 AND p.newsletter = $2 AND p.state = 'active' \
        AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash)";
    /// The letters of one that was begun keep their date.
    RELEASE_EDITION = "UPDATE editions SET state = 'frozen', held_reason = NULL, dated_at = CASE WHEN EXISTS \
        (SELECT 1 FROM letters l WHERE l.edition_id = editions.id AND l.attempts > 0) THEN dated_at ELSE $2 END \
        WHERE id = $1 AND state = 'held' AND frozen_at IS NOT NULL";
    BEGIN_EDITION = "UPDATE editions SET state = 'sending' WHERE id = $1 AND state = 'frozen'";
    /// One after another: each statement of a transaction sees what was committed before it began, so that
    /// who has locked the edition sees every letter that was settled before.
    TOUCH_EDITION = "UPDATE editions SET state = state WHERE id = $1 RETURNING state";
    CLOSE_EDITION = concat!("UPDATE editions SET state = 'sent' WHERE id = $1 AND state = 'sending' \
        AND NOT EXISTS (SELECT 1 FROM editions e WHERE e.id = $1 AND ", to_do!(), ")");
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
    MOVE_CHANGES = "UPDATE edition_changes SET cutoff_at = $3 WHERE newsletter = $1 AND cutoff_at = $2";
    MOVE_NOTES = "UPDATE edition_notes SET cutoff_at = $3 WHERE newsletter = $1 AND cutoff_at = $2";

    /// What the editors changed in an edition, and what they said of it.
    ADD_CHANGES = "INSERT INTO edition_changes (newsletter, cutoff_at, version, changes, who, changed_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    LAST_CHANGES = "SELECT version, changes, who, changed_at FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2 \
        ORDER BY version DESC LIMIT 1";
    FIND_CHANGES = "SELECT version, changes, who, changed_at FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2 \
        AND version = $3";
    ADD_NOTE = "INSERT INTO edition_notes (newsletter, cutoff_at, kind, subject, who, words, noted_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    NOTES = "SELECT id, kind, subject, who, words, noted_at FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2 \
        ORDER BY id";
    /// The last word on whether an edition may go out.
    LAST_DECISION = "SELECT id, kind, subject, who, words, noted_at FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2 \
        AND kind IN ('approved', 'held', 'released') ORDER BY id DESC LIMIT 1";
    /// Who has got the proof of a content since an instant.
    PROOFS_SINCE = "SELECT words FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2 AND kind = 'proof' \
        AND subject = $3 AND noted_at > $4";
    /// What a freezing must have seen: the last version, the last note.
    DESK_STAMP = "SELECT COALESCE((SELECT MAX(version) FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2), 0), \
        COALESCE((SELECT MAX(id) FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2), 0)";
    /// Cutoffs of which editors have said something and that have no edition yet, oldest first.
    DRAFT_CUTOFFS = "SELECT DISTINCT n.cutoff_at FROM (SELECT newsletter, cutoff_at FROM edition_notes \
        UNION SELECT newsletter, cutoff_at FROM edition_changes) n WHERE n.newsletter = $1 AND NOT EXISTS \
        (SELECT 1 FROM editions e WHERE e.newsletter = n.newsletter AND e.cutoff_at = n.cutoff_at) ORDER BY n.cutoff_at";
    STATE_AT = "SELECT id, state FROM editions WHERE newsletter = $1 AND cutoff_at = $2";
    EDITION_COLUMNS = "SELECT column_id FROM edition_columns WHERE edition_id = $1 ORDER BY place";
    ADD_QUIET_CUTOFF = "INSERT INTO quiet_cutoffs (newsletter, cutoff_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    LAST_QUIET_CUTOFF = "SELECT MAX(cutoff_at) FROM quiet_cutoffs WHERE newsletter = $1 AND cutoff_at <= $2";
    /// An edition's variants as they were frozen, that for all rubriques first.
    FROZEN_VARIANTS = "SELECT choice, html, plain, entity, content_hash FROM variants WHERE edition_id = $1 AND html <> '' \
        ORDER BY choice";
    VARIANT_HASHES = "SELECT content_hash FROM variants WHERE edition_id = $1 ORDER BY choice";
    /// Of what came back.
    EDITION_BY_MARK = "SELECT id FROM editions WHERE mark = $1";
    LETTER_ADDRESS = "SELECT address FROM letters WHERE edition_id = $1 AND subscriber_id = $2";
    DATED = "SELECT dated_at FROM editions WHERE id = $1";
    UNSUBSCRIBE_ALL = "UPDATE subscriptions SET state = 'unsubscribed', since_at = $2 WHERE subscriber_id = $1 \
        AND state <> 'unsubscribed'";
    READER_STANDING = "SELECT id, address_hash, returned_at FROM subscribers WHERE public_id = $1";
    OLD_READER_STANDING = "SELECT id, address_hash, returned_at FROM subscribers WHERE old_number = $1";
    NOTE_BOUNCE = "INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    /// A letter that came back had been taken: of one whose fate was unknown, it is known now. It may
    /// be back before the relay's answer is written down.
    FAIL_RETURNED = "UPDATE letters SET state = 'failed', settled_at = $3, reply = CASE WHEN address = '(erased)' THEN NULL ELSE $4 END \
        WHERE edition_id = $1 AND subscriber_id = $2 AND state IN ('sent', 'unknown', 'sending')";
    /// A reader's letters of editions since an instant that mail servers took, newest first, and whether one
    /// came back from an address for a passing reason. By edition, because the ledger has no index by reader.
    HANDED_OVER = "SELECT COALESCE(l.settled_at, 0), CASE WHEN b.kind IS NULL THEN CAST(0 AS BIGINT) \
        ELSE CAST(1 AS BIGINT) END FROM (SELECT id, cutoff_at FROM editions WHERE dated_at >= $4 ORDER BY cutoff_at DESC LIMIT $2) e \
        JOIN letters l ON l.edition_id = e.id AND l.subscriber_id = $1 \
        LEFT JOIN bounces b ON b.edition_id = e.id AND b.subscriber_id = $1 AND b.kind = 'soft' AND b.address_hash = $3 \
        WHERE l.state = 'sent' OR b.kind IS NOT NULL ORDER BY e.cutoff_at DESC";
    MAIL_LEFT = "SELECT message FROM mail_left WHERE mailbox = $1";
    NOTE_MAIL_LEFT = "INSERT INTO mail_left (mailbox, message) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    FORGET_MAIL_LEFT = "DELETE FROM mail_left WHERE mailbox = $1 AND message = $2";

    /// What may have arrived is to be sent once more: the operator's word.
    RESEND_UNKNOWN = "UPDATE letters SET state = 'queued', due_at = 0, fence = fence + 1 \
        WHERE edition_id = $1 AND state = 'unknown'";
    /// Letters that were written into a folder are to go to a relay: the operator's word.
    RESEND_WRITTEN = "UPDATE letters SET state = 'queued', due_at = 0, fence = fence + 1, attempts = 0 \
        WHERE edition_id = $1 AND state = 'sent' AND reply = 'written'";
    WRITTEN_LETTERS = "SELECT COUNT(*) FROM letters WHERE edition_id = $1 AND state = 'sent' AND reply = 'written'";
    /// The suppressions that came with refusals: both were written down at one instant.
    LIFT_REFUSED = concat!("DELETE FROM suppressions WHERE reason = 'refused' AND address_hash IN (SELECT s.address_hash \
        FROM letters l JOIN subscribers s ON s.id = l.subscriber_id WHERE l.settled_at = suppressions.suppressed_at AND ",
        refused!(), ")");
    RETRY_REFUSED = concat!("UPDATE letters SET state = 'queued', due_at = 0, attempts = 0, settled_at = NULL, \
        fence = fence + 1 WHERE id IN (SELECT l.id FROM letters l WHERE ", refused!(), ")");
    /// The same letters by the relay's words.
    REFUSED_LETTERS = concat!("SELECT COALESCE(l.reply, ''), COUNT(*) FROM letters l WHERE ", refused!(),
        " GROUP BY COALESCE(l.reply, '')");
    HOLD_EDITION = "UPDATE editions SET state = 'held', held_reason = $2 WHERE id = $1 AND state IN ('frozen', 'sending')";
    HELD_REASON = "SELECT held_reason FROM editions WHERE id = $1 AND state = 'held'";

    /// What a relay got in the hours that count.
    RELAY_TAKEN = "SELECT CAST(COALESCE(SUM(taken), 0) AS BIGINT) FROM relay_use WHERE relay = $1 AND hour >= $2";
    TAKE_FROM_DAY = "INSERT INTO relay_use (relay, hour, taken) VALUES ($1, $2, $3) \
        ON CONFLICT (relay, hour) DO UPDATE SET taken = relay_use.taken + excluded.taken";
    FORGET_DAYS = "DELETE FROM relay_use WHERE hour <= $1";

    EDITION_TO_TIDY = concat!("SELECT e.id FROM editions e WHERE ", to_tidy!(), " AND EXISTS (SELECT 1 FROM letters l \
        WHERE l.edition_id = e.id) ORDER BY e.id LIMIT 1");
    IS_TO_TIDY = concat!("SELECT COUNT(*) FROM editions e WHERE ", to_tidy!(), " AND e.id = $2");
    TIDY_LETTERS = "DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE edition_id = $1 LIMIT $2) \
        RETURNING state";
    COUNT_TIDIED = "INSERT INTO tidied_letters (edition_id, state, letters) VALUES ($1, $2, $3) \
        ON CONFLICT (edition_id, state) DO UPDATE SET letters = tidied_letters.letters + excluded.letters";
    HAS_LETTERS = "SELECT COUNT(*) FROM (SELECT id FROM letters WHERE edition_id = $1 LIMIT 1) AS one";
    TIDY_VARIANT_COLUMNS = "DELETE FROM variant_columns WHERE variant_id IN (SELECT id FROM variants \
        WHERE edition_id = $1 AND choice <> '')";
    /// Their rows stay, which cost nothing: to delete one is to look for it in all letters.
    TIDY_VARIANTS = "UPDATE variants SET html = '', plain = '', entity = '' WHERE edition_id = $1 AND choice <> '' \
        AND html <> ''";
    TIDY_RETURNS = "DELETE FROM bounces WHERE (edition_id, subscriber_id, kind) IN (SELECT b.edition_id, b.subscriber_id, \
        b.kind FROM bounces b WHERE b.noted_at < $1 AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.edition_id = b.edition_id) \
        LIMIT $2)";
    DESK_GENERATION = "SELECT generation FROM desk_keys WHERE name = $1";
    DESK_EDITORS = "SELECT name, is_editor FROM desk_keys WHERE name <> ''";
    ADD_DESK_EDITOR = "INSERT INTO desk_keys (name, generation, is_editor) VALUES ($1, 0, 1) \
        ON CONFLICT (name) DO UPDATE SET is_editor = 1";
    DROP_DESK_EDITOR = "UPDATE desk_keys SET is_editor = 0, generation = generation + 1 WHERE name = $1 AND is_editor = 1";
    REVOKE_DESK = "INSERT INTO desk_keys (name, generation, is_editor) VALUES ($1, 1, 0) \
        ON CONFLICT (name) DO UPDATE SET generation = desk_keys.generation + 1";
    REVOKE_EDITORS = "UPDATE desk_keys SET generation = generation + 1 WHERE name <> ''";
    ADD_DESK_SESSION = "INSERT INTO desk_sessions (id, name, generation, began_at, ends_at, came_from) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    DESK_SESSION = "SELECT s.name FROM desk_sessions s LEFT JOIN desk_keys k ON k.name = s.name \
        WHERE s.id = $1 AND s.ends_at > $2 AND s.generation = COALESCE(k.generation, 0)";
    DESK_SESSIONS = "SELECT s.name, s.began_at, s.ends_at, s.came_from FROM desk_sessions s \
        LEFT JOIN desk_keys k ON k.name = s.name WHERE s.ends_at > $1 AND s.generation = COALESCE(k.generation, 0) \
        ORDER BY s.began_at, s.id";
    END_DESK_SESSION = "DELETE FROM desk_sessions WHERE id = $1";
    END_DESK_SESSIONS = "DELETE FROM desk_sessions";
    END_DESK_SESSIONS_OF = "DELETE FROM desk_sessions WHERE name = $1";
    /// A link that works once.
    ADD_DESK_ENTRY = "INSERT INTO desk_entries (id, ends_at) VALUES ($1, $2)";
    IS_DESK_ENTRY = "SELECT COUNT(*) FROM desk_entries WHERE id = $1 AND ends_at > $2";
    USE_DESK_ENTRY = "DELETE FROM desk_entries WHERE id = $1 AND ends_at > $2";
    DROP_OLD_DESK_ENTRIES = "DELETE FROM desk_entries WHERE ends_at <= $1";
    END_DESK_ENTRIES = "DELETE FROM desk_entries";
    DROP_OLD_DESK_SESSIONS = "DELETE FROM desk_sessions WHERE ends_at <= $1";
    /// Readers who have left everything before an instant.
    LEFT_BEFORE = "SELECT s.id FROM subscribers s WHERE s.id IN (SELECT p.subscriber_id FROM subscriptions p \
        GROUP BY p.subscriber_id HAVING MAX(CASE WHEN p.state = 'active' THEN 1 ELSE 0 END) = 0 AND MAX(p.since_at) < $1) \
        ORDER BY s.id LIMIT $2";
    FORGET_CONSENT_ADDRESSES = "UPDATE consents SET asked_from = NULL, confirmed_from = NULL WHERE confirmed_at < $1 \
        AND (asked_from IS NOT NULL OR confirmed_from IS NOT NULL)";
    UPKEEP_DONE = "SELECT COUNT(*) FROM upkeep WHERE name = $1 AND done_at <= $2 AND done_at > $3";
    CLAIM_UPKEEP = "INSERT INTO upkeep (name, done_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET \
        done_at = excluded.done_at WHERE NOT (upkeep.done_at <= $2 AND upkeep.done_at > $3)";
    FORGET_UPKEEP = "DELETE FROM upkeep WHERE name = $1";
}

pub mod ledger;
pub mod lists;
