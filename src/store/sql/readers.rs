//! Readers: found, joined, moved, gone, and suppressed.

/// What makes up a [`super::KnownReader`]; the newsletter is the first parameter.
macro_rules! reader {
    ($chosen:literal) => {
        concat!(
            "SELECT s.id, s.public_id, s.address, s.address_hash, s.name, s.together = 1 AS together, p.choice, p.rhythm, p.after_at, p.delivery, s.language, p.state, s.joined_at, s.moves \
             FROM subscribers s JOIN subscriptions p ON p.subscriber_id = s.id AND p.newsletter = $1 WHERE ",
            $chosen
        )
    };
}

statements! {
    READERS:
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
    SUBSCRIPTIONS_OF = "SELECT newsletter, state FROM subscriptions WHERE subscriber_id = $1 ORDER BY newsletter";
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
    OPEN_REQUEST = "SELECT id FROM requests WHERE kind = $1 AND address_hash = $2 AND COALESCE(subscriber_id, 0) = COALESCE(CAST($3 AS BIGINT), 0) \
        AND expires_at > $4 ORDER BY asked_at DESC LIMIT 1";
    IS_REQUEST = "SELECT COUNT(*) FROM requests WHERE id = $1 AND expires_at > $2";
    /// A reader moves to one address.
    DROP_OLDER_REQUESTS = "DELETE FROM requests WHERE id <> $1 AND kind = $2 \
        AND ((subscriber_id IS NULL AND address_hash = $3) OR subscriber_id = $4)";
    PUT_REQUEST = "INSERT INTO requests (id, kind, address, address_hash, subscriber_id, name, choice, newsletter, others, \
        language, consent, way, asked_at, asked_from, expires_at, delivery) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
        ON CONFLICT (id) DO UPDATE SET address = excluded.address, name = excluded.name, choice = excluded.choice, \
        newsletter = excluded.newsletter, others = excluded.others, language = excluded.language, consent = excluded.consent, way = excluded.way, asked_at = excluded.asked_at, \
        asked_from = excluded.asked_from, expires_at = excluded.expires_at, delivery = excluded.delivery";
    REQUEST = "SELECT kind, address, address_hash, subscriber_id, name, choice, newsletter, others, language, consent, way, asked_at, asked_from, delivery \
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
    REJOIN = "INSERT INTO subscriptions (subscriber_id, newsletter, choice, state, since_at) VALUES ($1, $2, '', 'active', $3) \
        ON CONFLICT (subscriber_id, newsletter) DO UPDATE SET state = 'active', since_at = CASE \
        WHEN subscriptions.state = 'active' THEN subscriptions.since_at ELSE excluded.since_at END";
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
    SET_DELIVERY = "UPDATE subscriptions SET delivery = $3 WHERE subscriber_id = $1 AND newsletter = $2";
    SET_TOGETHER = "UPDATE subscribers SET together = $2 WHERE id = $1";
    DELIVERIES = "SELECT DISTINCT delivery FROM subscriptions WHERE newsletter = $1 AND delivery <> ''";
    /// Letters of an edition that is frozen just now wait for the hours that their readers chose.
    DELAY_LETTERS = "UPDATE letters SET due_at = $4 WHERE edition_id = $1 AND state = 'queued' AND subscriber_id IN \
        (SELECT p.subscriber_id FROM subscriptions p WHERE p.newsletter = $2 AND p.delivery = $3)";
    LETTERS_OF = "SELECT e.period, l.state, l.settled_at FROM letters l JOIN editions e ON e.id = l.edition_id \
        WHERE l.subscriber_id = $1 ORDER BY e.newsletter, e.cutoff_at";
    BOUNCES_OF = "SELECT COALESCE(e.period, ''), b.kind, b.words, b.noted_at FROM bounces b \
        LEFT JOIN editions e ON e.id = b.edition_id WHERE b.subscriber_id = $1 ORDER BY b.noted_at";
    ADDRESS_OF = "SELECT address, address_hash FROM subscribers WHERE id = $1";
    REQUESTS_OF = "SELECT r.address, r.asked_at, r.expires_at FROM requests r WHERE r.subscriber_id = $1 \
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
    SUBSCRIBER_HASH = "SELECT address_hash FROM subscribers WHERE id = $1";
    /// The ledger's sums hold, and nobody is in it. A letter that is in a worker's hands and not begun does
    /// not go out: the mark is refused.
    ERASE_LETTERS = "UPDATE letters SET address = '(erased)', name = NULL, reply = NULL, \
        settled_at = CASE WHEN state IN ('queued', 'deferred', 'leased', 'carried') THEN $2 ELSE settled_at END, \
        state = CASE WHEN state IN ('queued', 'deferred', 'leased', 'carried') THEN 'suppressed' ELSE state END WHERE subscriber_id = $1";
    ERASE_CARRIED = "DELETE FROM carried_letters WHERE letter_id IN (SELECT id FROM letters WHERE subscriber_id = $1)";
    ERASE_CONSENTS = "DELETE FROM consents WHERE subscriber_id = $1";
    ERASE_MOVES = "DELETE FROM requests WHERE subscriber_id = $1";
    /// What mail servers say of a reader often holds the address.
    ERASE_BOUNCES = "DELETE FROM bounces WHERE subscriber_id = $1";
    ERASE_SUBSCRIPTIONS = "DELETE FROM subscriptions WHERE subscriber_id = $1";
    ERASE_SUBSCRIBER = "DELETE FROM subscribers WHERE id = $1";
    ERASE_REQUESTS = "DELETE FROM requests WHERE address_hash = $1";
    ERASE_SERVICE_LETTERS = "DELETE FROM service_letters WHERE address_hash = $1";
}
