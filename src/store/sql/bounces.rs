//! What came back of letters, and the mailboxes that it came to.

statements! {
    BOUNCES:
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
}
