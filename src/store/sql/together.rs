//! Letters that come in others: of readers who want what is due on one day in one letter.

use super::ByDialect;

/// Letters that nobody has tried yet, of editions that are going out.
macro_rules! untouched {
    () => {
        "letters.state = 'queued' AND letters.attempts = 0 AND EXISTS (SELECT 1 FROM editions e \
         WHERE e.id = letters.edition_id AND e.state IN ('frozen', 'sending'))"
    };
}

/// Letters that hold others `o`, where `d` is the letter that holds them: those that may be taken apart, with what they
/// hold. A letter that a relay may have taken stays as it is.
macro_rules! parted {
    ($which:literal) => {
        concat!(
            "SELECT m.letter_id, m.carrier_id, m.alone_variant_id FROM carried_letters m JOIN letters c ON c.id = m.carrier_id \
            WHERE c.state IN ('queued', 'deferred', 'leased', 'failed', 'suppressed') AND m.carrier_id IN (SELECT o.carrier_id \
            FROM carried_letters o JOIN letters d ON d.id = o.carrier_id WHERE ",
            $which,
            ") ORDER BY m.letter_id"
        )
    };
}

/// Readers of letters `l` who still get the newsletter.
macro_rules! wanted_rows {
    ($rows:literal, $end:literal) => {
        concat!(
            "SELECT l.id FROM ",
            $rows,
            " AS x CROSS JOIN letters l JOIN editions e ON e.id = l.edition_id JOIN subscriptions p ON \
            p.subscriber_id = l.subscriber_id AND p.newsletter = e.newsletter WHERE l.id = CAST(CAST(x.value AS TEXT) AS BIGINT) \
            AND p.state = 'active'",
            $end
        )
    };
}

statements! {
    TOGETHER:
    HAS_READERS = "SELECT COUNT(*) FROM (SELECT id FROM subscribers WHERE together = 1 LIMIT 1) AS one";
    /// Whether somebody wants one letter a day, or did, with letters on their way.
    IS_CONCERNED = "SELECT (SELECT COUNT(*) FROM (SELECT id FROM subscribers WHERE together = 1 LIMIT 1) AS one) \
        + (SELECT COUNT(*) FROM (SELECT letter_id FROM carried_letters LIMIT 1) AS two)";
    HAS_CARRIED = "SELECT COUNT(*) FROM (SELECT letter_id FROM carried_letters LIMIT 1) AS one";
    READERS_AFTER = "SELECT id FROM subscribers WHERE together = 1 AND id > $1 ORDER BY id LIMIT $2";
    /// What they get.
    SUBSCRIPTIONS = "SELECT DISTINCT p.newsletter, p.rhythm, p.delivery FROM subscribers s CROSS JOIN subscriptions p \
        WHERE s.together = 1 AND p.subscriber_id = s.id AND p.state = 'active' ORDER BY p.newsletter, p.rhythm, p.delivery";
    /// Letters of an edition that is frozen just now wait for the hour at which their readers get another one, of a newsletter
    /// and with a rhythm: those that are due on that day.
    WAIT_FOR_OTHERS = "UPDATE letters SET due_at = $2 WHERE edition_id = $1 AND state = 'queued' AND due_at < $2 \
        AND (due_at >= $3 OR due_at = $4) AND subscriber_id IN (SELECT s.id FROM subscribers s CROSS JOIN subscriptions p \
        WHERE s.together = 1 AND p.subscriber_id = s.id AND p.newsletter = $5 AND p.rhythm = $6 AND p.delivery = $7 \
        AND p.state = 'active' AND p.after_at < $2)";
    /// What another letter needs to know of a variant that it is to hold.
    STORED_VARIANT = "SELECT edition_id, audience, earlier, content_hash FROM variants WHERE id = $1";
    VARIANT_OF = "SELECT id FROM variants WHERE edition_id = $1 AND audience = $2";
    PARTED_OF_EDITION = parted!("o.edition_id = $1 OR d.edition_id = $1");
    PARTED_OF_READER = parted!("d.subscriber_id = $1");
    /// The letter that holds them does not go, or the reader has left a newsletter that lies in it, or one of both editions is held:
    /// while a relay had the letter, it was not taken apart.
    PARTED_LOST = parted!("d.state IN ('failed', 'suppressed') OR EXISTS (SELECT 1 FROM editions h \
        WHERE h.id IN (o.edition_id, d.edition_id) AND h.state = 'held') OR NOT EXISTS (SELECT 1 FROM editions e JOIN subscriptions p \
        ON p.newsletter = e.newsletter WHERE e.id = o.edition_id AND p.subscriber_id = d.subscriber_id AND p.state = 'active')");
    /// Letters in others that have gone, up to an instant.
    ARRIVED = "SELECT m.letter_id, c.settled_at FROM carried_letters m JOIN letters c ON c.id = m.carrier_id \
        WHERE c.state = 'sent' AND c.settled_at <= $1 ORDER BY m.letter_id LIMIT $2";
    ARRIVED_OF_EDITION = "SELECT m.letter_id, c.settled_at FROM carried_letters m JOIN letters c ON c.id = m.carrier_id \
        WHERE c.state = 'sent' AND m.edition_id = $1 ORDER BY m.letter_id";
}

dialects! {
    /// Letters of these readers that nobody has tried yet: `[reader]`. Not those that wait for the first of their edition;
    /// those that wait for a day of the warm-up, as if that had come.
    WAITING = rows!(
        "SELECT l.subscriber_id AS reader, l.id AS letter, l.edition_id AS edition, l.variant_id AS variant, \
        CASE WHEN l.due_at % 1000000000000000 <= $2 THEN CAST(0 AS BIGINT) ELSE l.due_at % 1000000000000000 END AS due_at, \
        (SELECT COUNT(*) FROM carried_letters m WHERE m.carrier_id = l.id) AS carried FROM editions e \
        CROSS JOIN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) AS reader FROM ",
        ") AS x CROSS JOIN letters l WHERE e.state IN ('frozen', 'sending') AND e.is_special = 0 AND l.edition_id = e.id \
        AND l.subscriber_id = x.reader AND l.state = 'queued' AND l.attempts = 0 AND l.due_at % 1000000000000000 < 253402300799000 \
        ORDER BY l.subscriber_id, l.id"
    );
    /// Which of these readers have had a letter of an edition between two cutoffs: `[reader]`.
    HAVE_HAD = rows!(
        "SELECT l.subscriber_id, e.cutoff_at FROM editions e CROSS JOIN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) AS reader FROM ",
        ") AS x CROSS JOIN letters l WHERE e.is_special = 0 AND e.cutoff_at BETWEEN $2 AND $3 AND l.edition_id = e.id \
        AND l.subscriber_id = x.reader AND l.state IN ('leased', 'sending', 'sent', 'unknown')"
    );
    /// Locks what readers get, so that nobody leaves meanwhile: `[letter]`.
    STILL_WANTED = ByDialect {
        sqlite: wanted_rows!("json_each($1)", ""),
        postgres: wanted_rows!("jsonb_array_elements(CAST($1 AS JSONB))", " FOR SHARE OF p"),
    };
    /// Letters go in others: `[letter]`.
    CARRY = rows!(
        "UPDATE letters SET state = 'carried' WHERE id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        concat!(") AND ", untouched!())
    );
    /// The letters that hold them: `[letter, variant alone, variant, due]`. Who waits for a day of the warm-up still does.
    BRING = rows!(
        "UPDATE letters SET variant_id = x.variant, due_at = x.due + CASE WHEN letters.due_at >= 1000000000000000 \
        THEN 1000000000000000 ELSE 0 END FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter, \
        CAST(value ->> 1 AS BIGINT) AS alone, CAST(value ->> 2 AS BIGINT) AS variant, CAST(value ->> 3 AS BIGINT) AS due FROM ",
        concat!(") AS x WHERE letters.id = x.letter AND letters.variant_id = x.alone AND ", untouched!())
    );
    /// Which letter is in which: `[letter, carrier, variant of the carrier alone]`.
    ADD_CARRIED = rows!(
        "INSERT INTO carried_letters (letter_id, edition_id, carrier_id, alone_variant_id) SELECT l.id, l.edition_id, x.carrier, x.alone \
        FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS carrier, \
        CAST(value ->> 2 AS BIGINT) AS alone FROM ",
        ") AS x JOIN letters l ON l.id = x.letter"
    );
    /// Letters that held others go alone, as long as no relay may have them: `[letter, variant alone]`. Who has leased one has
    /// the other bytes, and may not mark it any more.
    FREE = rows!(
        "UPDATE letters SET variant_id = x.alone, fence = fence + CASE WHEN state = 'leased' THEN 1 ELSE 0 END, \
        state = CASE WHEN state = 'leased' THEN 'queued' ELSE state END FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter, \
        CAST(value ->> 1 AS BIGINT) AS alone FROM ",
        ") AS x WHERE letters.id = x.letter AND letters.state IN ('queued', 'deferred', 'leased', 'failed', 'suppressed') RETURNING letters.id"
    );
    /// And what they held goes by itself: `[letter]`. Its place among the letters of a day of the warm-up is another's: it waits for
    /// a new one.
    GIVE_BACK = rows!(
        "UPDATE letters SET state = 'queued', due_at = CASE WHEN due_at < 1000000000000000 AND EXISTS (SELECT 1 FROM edition_warm_ups w \
        WHERE w.edition_id = letters.edition_id) THEN due_at + 1000000000000000 ELSE due_at END WHERE state = 'carried' AND id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ")"
    );
    /// Letters that were let go on a day of the warm-up and did not go: `[letter]`.
    LOSE_DAY = rows!(
        "DELETE FROM warm_up_letters WHERE letter_id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ")"
    );
    /// Letters that have gone in others: `[letter, when]`.
    ARRIVE = rows!(
        "UPDATE letters SET state = 'sent', settled_at = x.at, reply = 'in another letter' FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter, \
        CAST(value ->> 1 AS BIGINT) AS at FROM ",
        ") AS x WHERE letters.id = x.letter AND letters.state = 'carried'"
    );
    DROP_CARRIED = rows!(
        "DELETE FROM carried_letters WHERE letter_id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ")"
    );
    /// Letters of readers who have had one that day come later: `[letter, due]`.
    PUT_OFF = rows!(
        "UPDATE letters SET due_at = x.due FROM (SELECT CAST(value ->> 0 AS BIGINT) AS letter, CAST(value ->> 1 AS BIGINT) AS due FROM ",
        concat!(") AS x WHERE letters.id = x.letter AND letters.due_at < x.due AND ", untouched!())
    );
    /// When the first of these editions began: `[edition]`.
    EARLIEST = rows!(
        "SELECT CAST(COALESCE(MIN(since_at), 0) AS BIGINT) FROM editions WHERE id IN (SELECT CAST(CAST(value AS TEXT) AS BIGINT) FROM ",
        ")"
    );
}
