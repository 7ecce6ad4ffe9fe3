//! What came back of letters, and the mailboxes that it came to.

statements! {
    BOUNCES:
    LETTER_ADDRESS = "SELECT address FROM letters WHERE edition_id = $1 AND subscriber_id = $2";
    LETTER_OF = "SELECT id FROM letters WHERE edition_id = $1 AND subscriber_id = $2";
    TAKEN_BY_RECEIPT = "UPDATE letters SET state = 'sent', reply = 'by its log: a report says that it arrived' \
        WHERE id = $1 AND state IN ('unknown', 'sending')";
    NOTE_ARRIVAL = "INSERT INTO letter_fates (letter_id, fate, noted_at) VALUES ($1, 'delivered', $2) \
        ON CONFLICT (letter_id) DO UPDATE SET fate = excluded.fate, noted_at = excluded.noted_at WHERE letter_fates.fate = 'waiting'";
    RECEIPT_WAS_READ = "UPDATE edition_relays SET read_at = $2 WHERE edition_id = $1 AND read_at IS NULL";
    DATED = "SELECT dated_at FROM editions WHERE id = $1";
    UNSUBSCRIBE_ALL = "UPDATE subscriptions SET state = 'unsubscribed', since_at = $2 WHERE subscriber_id = $1 \
        AND state <> 'unsubscribed'";
    READER_STANDING = "SELECT id, address, address_hash, returned_at FROM subscribers WHERE public_id = $1";
    OLD_READER_STANDING = "SELECT id, address, address_hash, returned_at FROM subscribers WHERE old_number = $1";
    NOTE_BOUNCE = "INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at, domain) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
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
    IS_RESTING = "SELECT COUNT(*) FROM resting_domains WHERE domain = $1 AND until_at > $2";
    /// How many readers of a domain, since an instant; what may pass says nothing about us.
    CAME_BACK_TOGETHER = "SELECT COUNT(DISTINCT subscriber_id) FROM bounces WHERE domain = $1 AND domain <> '' AND noted_at > $2 \
        AND kind <> 'soft'";
    READERS_AT = "SELECT COUNT(*) FROM subscribers WHERE LOWER(address) LIKE $1 ESCAPE '\\'";
    REST_DOMAIN = "INSERT INTO resting_domains (domain, since_at, until_at, readers, words, told) VALUES ($1, $2, $3, $4, $5, 0) \
        ON CONFLICT (domain) DO UPDATE SET since_at = excluded.since_at, until_at = excluded.until_at, \
        readers = excluded.readers, words = excluded.words, told = 0";
    JUST_SUPPRESSED = "SELECT x.address_hash FROM suppressions x WHERE x.reason IN ('bounce', 'complaint') AND x.suppressed_at > $2 \
        AND x.address_hash IN (SELECT b.address_hash FROM bounces b WHERE b.domain = $1 AND b.domain <> '' AND b.noted_at > $2)";
    /// Their blocks are looked at once more, and find the new hour.
    REST_LETTERS = "UPDATE letters SET due_at = $2 WHERE edition_id IN (SELECT id FROM editions WHERE state IN ('frozen', 'sending', 'held')) \
        AND state IN ('queued', 'deferred') AND due_at < $2 AND LOWER(address) LIKE $1 ESCAPE '\\'";
    WAKE_LETTERS = "UPDATE letters SET due_at = $3 WHERE edition_id IN (SELECT id FROM editions WHERE state IN ('frozen', 'sending', 'held')) \
        AND state IN ('queued', 'deferred') AND due_at = $2 AND LOWER(address) LIKE $1 ESCAPE '\\'";
    WAKE_BLOCKS = "UPDATE letter_blocks SET due_at = $2 WHERE due_at = $1";
    RESTING_DOMAINS = "SELECT domain, until_at, readers, words FROM resting_domains WHERE until_at > $1 ORDER BY domain";
    UNTOLD_RESTS = "SELECT domain, until_at, readers, words FROM resting_domains WHERE until_at > $1 AND told = 0 ORDER BY domain";
    TELL_REST = "UPDATE resting_domains SET told = 1 WHERE domain = $1 AND told = 0";
    END_REST = "DELETE FROM resting_domains WHERE domain = $1 AND until_at > $2 RETURNING until_at";
    MAIL_LEFT = "SELECT message FROM mail_left WHERE mailbox = $1";
    NOTE_MAIL_LEFT = "INSERT INTO mail_left (mailbox, message) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    FORGET_MAIL_LEFT = "DELETE FROM mail_left WHERE mailbox = $1 AND message = $2";
}
