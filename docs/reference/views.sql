-- What others may read of a store: views that stay what they are, whatever becomes of the tables behind them. Load this
-- at the beginning of a session, by `psql -f` or sqlite3's `.read`; the views end with it, and are in nobody's way when
-- a newer version changes the tables. Instants are milliseconds since 1970, in UTC. There is no reader in them.

-- The columns that are not withdrawn: one row each. Readers see those whose `published_at` has come.
CREATE TEMPORARY VIEW gazetier_columns AS
SELECT guid, source, rubrique, title, standfirst, byline, url, published_at, updated_at
FROM columns
WHERE withdrawn_at IS NULL;

-- The editions of each newsletter. `state` is frozen, sending, sent or held; `letters` is for how many it was frozen.
CREATE TEMPORARY VIEW gazetier_editions AS
SELECT newsletter, period, number, subject, state, cutoff_at, frozen_at, letters
FROM editions;

-- Which column stood in which edition, and where in it.
CREATE TEMPORARY VIEW gazetier_edition_columns AS
SELECT e.newsletter, e.period, c.guid, p.place
FROM edition_columns p
JOIN editions e ON e.id = p.edition_id
JOIN columns c ON c.id = p.column_id;

-- How many letters of each edition are in which state, those whose rows were removed by `[retention]` among them.
CREATE TEMPORARY VIEW gazetier_letters AS
SELECT e.newsletter, e.period, l.state, SUM(l.letters) AS letters
FROM (
    SELECT edition_id, state, COUNT(*) AS letters FROM letters GROUP BY edition_id, state
    UNION ALL
    SELECT edition_id, state, letters FROM tidied_letters
) l
JOIN editions e ON e.id = l.edition_id
GROUP BY e.newsletter, e.period, l.state;

-- How many readers each newsletter has, by state (pending, active, unsubscribed) and choice: rubriques with commas
-- between, empty for all.
CREATE TEMPORARY VIEW gazetier_readers AS
SELECT newsletter, state, choice, COUNT(*) AS readers
FROM subscriptions
GROUP BY newsletter, state, choice;

-- How many letters of each edition came back, by kind (hard, soft, ours, complaint) and the readers' domain.
CREATE TEMPORARY VIEW gazetier_returned AS
SELECT e.newsletter, e.period, b.kind, b.domain, COUNT(*) AS letters
FROM bounces b
JOIN editions e ON e.id = b.edition_id
GROUP BY e.newsletter, e.period, b.kind, b.domain;
