//! What is removed after a time, and when that was done last.

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

statements! {
    UPKEEP:
    EDITION_TO_TIDY = concat!("SELECT e.id FROM editions e WHERE ", to_tidy!(), " AND EXISTS (SELECT 1 FROM letters l \
        WHERE l.edition_id = e.id) ORDER BY e.id LIMIT 1");
    IS_TO_TIDY = concat!("SELECT COUNT(*) FROM editions e WHERE ", to_tidy!(), " AND e.id = $2");
    TIDY_LETTERS = "DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE edition_id = $1 LIMIT $2) \
        RETURNING state";
    /// Before the letters; what may be left of others says nothing of anybody.
    TIDY_FATES = "DELETE FROM letter_fates WHERE letter_id IN (SELECT id FROM letters WHERE edition_id = $1 LIMIT $2)";
    TIDY_CARRIED = "DELETE FROM carried_letters WHERE edition_id = $1";
    COUNT_TIDIED = "INSERT INTO tidied_letters (edition_id, state, letters) VALUES ($1, $2, $3) \
        ON CONFLICT (edition_id, state) DO UPDATE SET letters = tidied_letters.letters + excluded.letters";
    HAS_LETTERS = "SELECT COUNT(*) FROM (SELECT id FROM letters WHERE edition_id = $1 LIMIT 1) AS one";
    TIDY_VARIANT_COLUMNS = "DELETE FROM variant_columns WHERE variant_id IN (SELECT id FROM variants \
        WHERE edition_id = $1 AND audience <> '')";
    /// Their rows stay, which cost nothing: to delete one is to look for it in all letters.
    TIDY_VARIANTS = "UPDATE variants SET html = '', plain = '', entity = '' WHERE edition_id = $1 AND audience <> '' \
        AND html <> ''";
    TIDY_RETURNS = "DELETE FROM bounces WHERE (edition_id, subscriber_id, kind) IN (SELECT b.edition_id, b.subscriber_id, \
        b.kind FROM bounces b WHERE b.noted_at < $1 AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.edition_id = b.edition_id) \
        LIMIT $2)";
    /// Readers who have left everything before an instant.
    LEFT_BEFORE = "SELECT s.id FROM subscribers s WHERE s.id IN (SELECT p.subscriber_id FROM subscriptions p \
        GROUP BY p.subscriber_id HAVING MAX(CASE WHEN p.state = 'active' THEN 1 ELSE 0 END) = 0 AND MAX(p.since_at) < $1) \
        ORDER BY s.id LIMIT $2";
    FORGET_CONSENT_ADDRESSES = "UPDATE consents SET asked_from = NULL, confirmed_from = NULL WHERE confirmed_at < $1 \
        AND (asked_from IS NOT NULL OR confirmed_from IS NOT NULL)";
    UPKEEP_DONE = "SELECT COUNT(*) FROM upkeep WHERE name = $1 AND done_at <= $2 AND done_at > $3";
    CLAIM_UPKEEP = "INSERT INTO upkeep (name, done_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET \
        done_at = excluded.done_at WHERE NOT (upkeep.done_at <= $2 AND upkeep.done_at > $3)";
    NOTE_UPKEEP = "INSERT INTO upkeep (name, done_at) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET \
        done_at = excluded.done_at";
    LAST_UPKEEP = "SELECT done_at FROM upkeep WHERE name = $1";
    FORGET_UPKEEP = "DELETE FROM upkeep WHERE name = $1";
}
