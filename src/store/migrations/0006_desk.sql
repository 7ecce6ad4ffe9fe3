-- What the editors change in an edition before it is frozen: each change is a version of its own,
-- so that who works on an older one can be told what has changed.
CREATE TABLE edition_changes (
    period TEXT NOT NULL,
    version BIGINT NOT NULL,
    -- JSON
    changes TEXT NOT NULL,
    who TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (period, version)
);

-- What was decided and told about an edition, frozen or not.
CREATE TABLE edition_notes (
    id {key},
    period TEXT NOT NULL,
    -- approved, held, released, proof, told
    kind TEXT NOT NULL,
    -- Of approvals and proofs the content's fingerprint, else what was told.
    subject TEXT NOT NULL,
    who TEXT NOT NULL,
    words TEXT NOT NULL,
    noted_at BIGINT NOT NULL
);

CREATE INDEX edition_notes_by_period ON edition_notes (period, id);
-- Nobody is told the same thing twice.
CREATE UNIQUE INDEX edition_notes_told ON edition_notes (period, subject) WHERE kind = 'told';

-- Weeks that ended without a column: what is entered for one of them later is in the next edition.
CREATE TABLE quiet_weeks (
    period TEXT PRIMARY KEY,
    cutoff_at BIGINT NOT NULL
);
