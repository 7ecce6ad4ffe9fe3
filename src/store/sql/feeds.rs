//! Feeds: what is in them, what was published, and the hubs that are told of it.

statements! {
    FEEDS:
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
    /// The other way round, from a column on: what archives are filled with.
    OLDEST_HEADS_OF_ALL = heads!("(published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_OF_ALL = columns!("(published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_HEADS_OF_RUBRIQUE = heads!("rubrique = $5 AND (published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");
    OLDEST_OF_RUBRIQUE = columns!("rubrique = $5 AND (published_at, id) > ($1, $2) AND published_at <= $3 \
        ORDER BY published_at, id LIMIT $4");

    /// The revision, what was published last under a name, of which rubriques and other feeds a column's time has
    /// come since, the publications that did not end, how the archives' folders looked, and up to which revision
    /// columns are sorted into feeds, by which rules.
    LATEST = "SELECT r.number, s.fingerprint, s.revision, s.published_at, s.told_at, (SELECT string_agg( \
        COALESCE(c.rubrique, ''), ',') FROM columns c WHERE c.withdrawn_at IS NULL \
        AND c.published_at > s.published_at AND c.published_at <= $2), \
        (SELECT string_agg(m.feed, ',') FROM (SELECT DISTINCT f.feed FROM feed_columns f \
        WHERE f.shown_at > s.published_at AND f.shown_at <= $2) AS m), \
        (SELECT string_agg(concat_ws(' ', id, begun_at), ',') FROM publications), \
        (SELECT f.fingerprint FROM feed_state f WHERE f.feed = '*files'), \
        (SELECT concat_ws(' ', f.fingerprint, f.revision) FROM feed_state f WHERE f.feed = '*sorted') \
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
    /// The archive documents that there should be, and the feeds that were published of bylines and tags.
    DOCUMENTS = "SELECT (SELECT string_agg(concat_ws(' ', feed, month, documents), ',') FROM feed_months \
        WHERE documents > 0), (SELECT string_agg(feed, ',') FROM feed_state WHERE feed LIKE '%/%')";

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
}
