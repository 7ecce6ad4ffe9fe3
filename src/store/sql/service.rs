//! Letters that serve one person.

statements! {
    SERVICE:
    ADD_SERVICE_LETTER = "INSERT INTO service_letters (public_id, address_hash, address, message, state, attempts, fence, \
        queued_at, due_at, expires_at, kind, mailbox_hash) VALUES ($1, $2, $3, $4, 'queued', 0, 0, $5, $6, $7, $8, $9)";
    SETTLE_SERVICE_LETTER = "UPDATE service_letters SET state = $3, attempts = attempts + 1, due_at = $4, reply = $5, \
        address = CASE WHEN $3 = 'queued' THEN address ELSE '' END, \
        message = CASE WHEN $3 = 'queued' THEN message ELSE '' END WHERE id = $1 AND fence = $2 AND state = 'leased'";
    /// Letters for editors that were queued at an instant and that no relay has taken.
    UNSENT_DESK_LETTERS = "SELECT attempts, COALESCE(reply, '') FROM service_letters WHERE kind = 'desk' \
        AND queued_at = $1 AND state <> 'sent' ORDER BY id";
    SERVICE_LETTERS_DUE = "SELECT COUNT(*) FROM (SELECT 1 FROM service_letters WHERE due_at <= $1 \
        AND state IN ('queued', 'leased') LIMIT 1) AS due";
    /// Who works on a batch says that it is still at it.
    RENEW_SERVICE_LETTER = "UPDATE service_letters SET lease_until = $3 WHERE id = $1 AND fence = $2 AND state = 'leased'";
    SERVICE_LETTER = "SELECT id, address_hash, kind FROM service_letters WHERE public_id = $1";
    FAIL_SERVICE_LETTER = "UPDATE service_letters SET state = 'failed', reply = 'came back' WHERE id = $1 AND state = 'sent'";
    DROP_RETURNED_REQUESTS = "DELETE FROM requests WHERE address_hash = $1 AND kind = $2";
    DROP_OLD_REQUESTS = "DELETE FROM requests WHERE expires_at <= $1";
    DROP_OLD_SERVICE_LETTERS = "DELETE FROM service_letters WHERE queued_at <= $1 AND (state NOT IN ('queued', 'leased') \
        OR expires_at <= $2)";
    UNTIDY = "SELECT (SELECT COUNT(*) FROM requests WHERE expires_at <= $1) + (SELECT COUNT(*) FROM service_letters \
        WHERE queued_at <= $2 AND (state NOT IN ('queued', 'leased') OR expires_at <= $1))";
}
