-- Who may come to the desk: links end, sessions are rows that can be listed and ended.

CREATE TABLE desk_keys (
    -- An editor's address, folded; empty for who works at the machine itself.
    name TEXT PRIMARY KEY,
    -- Links and sessions of another generation open nothing.
    generation BIGINT NOT NULL,
    -- Whether the configuration named the editor when it was last looked at.
    is_editor BIGINT NOT NULL
);

CREATE TABLE desk_sessions (
    -- A keyed hash of what the browser shows.
    id {bytes} PRIMARY KEY,
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- From which address, if it is known.
    came_from TEXT
);
