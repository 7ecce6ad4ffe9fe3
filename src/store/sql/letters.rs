//! Letters of editions that are sent once more, and what relays got.

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
    LETTERS:
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

    /// What a relay got in the hours that count.
    RELAY_TAKEN = "SELECT CAST(COALESCE(SUM(taken), 0) AS BIGINT) FROM relay_use WHERE relay = $1 AND hour >= $2";
    TAKE_FROM_DAY = "INSERT INTO relay_use (relay, hour, taken) VALUES ($1, $2, $3) \
        ON CONFLICT (relay, hour) DO UPDATE SET taken = relay_use.taken + excluded.taken";
    FORGET_DAYS = "DELETE FROM relay_use WHERE hour <= $1";
}
