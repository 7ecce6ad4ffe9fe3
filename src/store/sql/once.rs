//! Letters that a reader gets once, and readers who are asked whether to go on.

statements! {
    ONCE:
    ADD_ONCE_LETTER = "INSERT INTO once_letters (subscriber_id, kind, newsletter, queued_at) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";
    ERASE_ONCE_LETTERS = "DELETE FROM once_letters WHERE subscriber_id = $1";
    ASKED_SINCE = "SELECT COUNT(*) FROM once_letters WHERE kind = 'reconfirm' AND queued_at > $1";
    /// Readers of a newsletter since an instant or longer of whom no consent is known, who were not asked and are not about to
    /// confirm something anyway.
    UNPROVEN_READERS = "SELECT p.subscriber_id FROM subscriptions p JOIN subscribers s ON s.id = p.subscriber_id \
        WHERE p.newsletter = $1 AND p.state = 'active' AND p.since_at <= $2 \
        AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id) \
        AND NOT EXISTS (SELECT 1 FROM once_letters o WHERE o.subscriber_id = s.id AND o.kind = 'reconfirm') \
        AND NOT EXISTS (SELECT 1 FROM suppressions x WHERE x.address_hash = s.address_hash) \
        AND NOT EXISTS (SELECT 1 FROM requests r WHERE r.address_hash = s.address_hash AND r.expires_at > $3) \
        ORDER BY p.subscriber_id LIMIT $4";
    /// Those who were asked before an instant, and have not answered, get no letters any more.
    REST_UNANSWERED = "UPDATE subscriptions SET state = 'unsubscribed', since_at = $2 WHERE state = 'active' \
        AND since_at < $1 AND EXISTS (SELECT 1 FROM once_letters o WHERE o.subscriber_id = subscriptions.subscriber_id \
        AND o.kind = 'reconfirm' AND o.queued_at <= $1) \
        AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = subscriptions.subscriber_id)";
}
