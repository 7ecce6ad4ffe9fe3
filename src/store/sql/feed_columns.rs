//! Feeds that have their columns by name: of bylines, of tags, and those that the configuration chooses columns for.

statements! {
    FEED_COLUMNS:
    HEADS_OF_SORTED = heads!(sorted!(), "feed = $4 AND shown_at >= $1 AND shown_at <= $2 AND published_at <= $2 \
        ORDER BY shown_at DESC, column_id DESC LIMIT $3");
    NEWEST_OF_SORTED = columns!(sorted!(), "feed = $4 AND shown_at >= $1 AND shown_at <= $2 AND published_at <= $2 \
        ORDER BY shown_at DESC, column_id DESC LIMIT $3");
    OLDEST_HEADS_OF_SORTED = heads!(sorted!(), "feed = $5 AND (shown_at, column_id) > ($1, $2) AND shown_at <= $3 \
        AND published_at <= $3 ORDER BY shown_at, column_id LIMIT $4");
    OLDEST_OF_SORTED = columns!(sorted!(), "feed = $5 AND (shown_at, column_id) > ($1, $2) AND shown_at <= $3 \
        AND published_at <= $3 ORDER BY shown_at, column_id LIMIT $4");
    COUNT_OF_SORTED = concat!("SELECT COUNT(*) FROM ", sorted!(),
        "feed = $3 AND shown_at >= $1 AND shown_at <= $2 AND published_at <= $2");
    /// From the columns on, of which few are withdrawn.
    WITHDRAWN_OF_SORTED = "SELECT guid, withdrawn_at FROM columns CROSS JOIN feed_columns WHERE withdrawn_at IS NOT NULL \
        AND column_id = columns.id AND feed = $2 AND published_at <= withdrawn_at \
        ORDER BY withdrawn_at DESC, columns.id DESC LIMIT $1";

    /// Up to which revision columns are sorted, and by which rules. No feed has this key.
    SORTED_STATE = "SELECT fingerprint, revision FROM feed_state WHERE feed = '*sorted'";
    PUT_SORTED_STATE = "INSERT INTO feed_state (feed, fingerprint, revision, published_at) VALUES ('*sorted', $1, $2, 0) \
        ON CONFLICT (feed) DO UPDATE SET fingerprint = excluded.fingerprint, revision = excluded.revision";
    /// Columns that were changed after a place in the order of changes. Texts only if they are asked for.
    CHANGED_COLUMNS = "SELECT id, revision, rubrique, byline, bylines, tags, audio, published_at, title, standfirst, \
        CASE WHEN CAST($4 AS BIGINT) = 1 THEN body ELSE '' END AS body FROM columns WHERE (revision, id) > ($1, $2) \
        ORDER BY revision, id LIMIT $3";
    EMPTY_FEEDS = "DELETE FROM feed_columns";
    /// Feeds of other rules are built anew, too, as far as there are any.
    TOUCH_SORTED_FEEDS = "UPDATE feed_months SET revision = $1 WHERE feed LIKE '%/%'";
}
