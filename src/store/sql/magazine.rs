//! The store itself: its key, and the magazine that it belongs to.

statements! {
    MAGAZINE:
    /// The key that tokens are made with.
    FIND_KEY = "SELECT value FROM secrets WHERE name = 'key'";
    ADD_KEY = "INSERT INTO secrets (name, value) VALUES ('key', $1) ON CONFLICT (name) DO NOTHING";

    /// Whether it is not to be used any more, and why.
    FIND_MOVED = "SELECT value FROM secrets WHERE name = 'moved'";
    MARK_MOVED = "INSERT INTO secrets (name, value) VALUES ('moved', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    UNMARK_MOVED = "DELETE FROM secrets WHERE name = 'moved'";

    FIND_MAGAZINE = "SELECT id, name, address, began_at FROM magazine";
    ADD_MAGAZINE = "INSERT INTO magazine (one, id, name, address, began_at) VALUES (1, $1, $2, $3, $4) ON CONFLICT (one) DO NOTHING";
    CALL_MAGAZINE = "UPDATE magazine SET name = $1, address = $2 WHERE name <> $1 OR address <> $2";
    WRITE_A_ROW = "UPDATE revision SET number = number";
}
