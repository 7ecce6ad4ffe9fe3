//! Special editions that are to come, and their columns.

statements! {
    SPECIALS:
    PLANS = "SELECT cutoff_at, period, planned_at, who FROM special_editions WHERE newsletter = $1 ORDER BY cutoff_at";
    ADD_PLAN = "INSERT INTO special_editions (newsletter, cutoff_at, period, planned_at, who) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT DO NOTHING";
    ADD_PLANNED_COLUMN = "INSERT INTO special_columns (newsletter, cutoff_at, column_id, place, is_open) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    /// Of a plan as it was read: somebody may have dropped it and made another one of the same hour.
    DROP_PLAN = "DELETE FROM special_editions WHERE newsletter = $1 AND cutoff_at = $2 AND planned_at = $3";
    DROP_PLANNED_COLUMNS = "DELETE FROM special_columns WHERE newsletter = $1 AND cutoff_at = $2";
    /// What would have been in the next edition is for it again.
    RETURN_PLANNED_COLUMNS = "INSERT INTO waiting_columns (newsletter, column_id) SELECT s.newsletter, s.column_id \
        FROM special_columns s WHERE s.newsletter = $1 AND s.cutoff_at = $2 AND s.is_open = 1 ON CONFLICT DO NOTHING";
    DROP_CHANGES = "DELETE FROM edition_changes WHERE newsletter = $1 AND cutoff_at = $2";
    DROP_NOTES = "DELETE FROM edition_notes WHERE newsletter = $1 AND cutoff_at = $2";
    PLANNED_IDS = "SELECT column_id FROM special_columns WHERE newsletter = $1 AND cutoff_at = $2 ORDER BY place";
    /// Those that can be in it: published by its hour, and in no edition of the newsletter.
    PLANNED_COLUMNS = columns!("id IN (SELECT s.column_id FROM special_columns s WHERE s.newsletter = $1 AND s.cutoff_at = $2) \
        AND published_at <= $2 AND NOT EXISTS (SELECT 1 FROM edition_columns e WHERE e.newsletter = $1 AND e.column_id = columns.id)");
    /// A column, and where it is: in which edition of the newsletter, or planned for which hour.
    PLANNABLE = "SELECT c.id, c.title, c.published_at, c.withdrawn_at IS NOT NULL AS is_withdrawn, \
        (SELECT MAX(e.period) FROM edition_columns x JOIN editions e ON e.id = x.edition_id \
        WHERE x.newsletter = $1 AND x.column_id = c.id) AS period, \
        (SELECT MAX(p.period) FROM special_columns s JOIN special_editions p ON p.newsletter = s.newsletter AND p.cutoff_at = s.cutoff_at \
        WHERE s.newsletter = $1 AND s.column_id = c.id) AS planned \
        FROM columns c WHERE c.source = $2 AND c.source_key = $3";
    PLAN_LABELS = "SELECT period FROM special_editions WHERE newsletter = $1";
    IS_SENT = "SELECT COUNT(*) FROM edition_columns WHERE newsletter = $1 AND column_id = $2";
    MARK_SPECIAL = "UPDATE editions SET is_special = 1 WHERE id = $1";
    /// One whose hour is over when others had gone out comes after them, for those who did not get it itself.
    MOVE_LATE_BEHIND = "UPDATE editions SET position_at = (SELECT MAX(COALESCE(e.position_at, e.cutoff_at)) + 1 FROM editions e \
        WHERE e.newsletter = editions.newsletter AND e.cutoff_at < $2) WHERE id = $1 AND EXISTS (SELECT 1 FROM editions e \
        WHERE e.newsletter = editions.newsletter AND e.cutoff_at < $2 AND e.cutoff_at > editions.cutoff_at)";
}
