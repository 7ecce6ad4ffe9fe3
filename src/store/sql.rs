//! Every statement, named in one place, by subject. Both backends take `$1`, `ON CONFLICT` and `RETURNING`;
//! a test prepares each statement of [`all`] and [`both`] on both. Where a parameter stands in the list of a
//! `SELECT`, it is cast, because Postgres cannot tell its type there.

#[macro_use]
mod dialects;

pub use dialects::*;

/// Defines the statements of a subject, and a list of all of them.
macro_rules! statements {
    ($all:ident: $($(#[$doc:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$doc])* pub const $name: &str = $sql;)*
        /// All of these, with their names.
        pub const $all: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}

/// What tells whether columns have changed, in the order of publication.
macro_rules! head {
    () => {
        "string_agg(concat_ws(' ', id, fingerprint, published_at), ',' ORDER BY published_at, id)"
    };
}

/// Rows of table `columns`, chosen by what follows `WHERE`, in one row with one text: what makes up
/// a [`crate::model::Column`], between separators. `packed_columns.rs` says why, and reads it.
macro_rules! columns {
    ($chosen:literal) => {
        columns!("columns WHERE withdrawn_at IS NULL AND ", $chosen)
    };
    ($from:expr, $chosen:literal) => {
        concat!(
            "SELECT string_agg(concat_ws('\u{1f}', id, guid, COALESCE(rubrique, ''), title, standfirst, \
             COALESCE(byline, ''), url, COALESCE(image_url, ''), COALESCE(image_alt, ''), COALESCE(image_credit, ''), \
             COALESCE(image_type, ''), COALESCE(CAST(image_width AS TEXT), ''), \
             COALESCE(CAST(image_height AS TEXT), ''), COALESCE(CAST(image_length AS TEXT), ''), \
             bylines, tags, audio, published_at, updated_at, body), '\u{1e}'), ",
            head!(),
            " FROM (SELECT id, guid, rubrique, title, standfirst, byline, url, image_url, image_alt, image_credit, \
             image_type, image_width, image_height, image_length, bylines, tags, audio, published_at, updated_at, \
             body, fingerprint FROM ",
            $from,
            $chosen,
            ") AS chosen"
        )
    };
}

/// The same with what tells whether columns have changed: key, fingerprint and date of publication,
/// in the order of publication, from indexes alone.
macro_rules! heads {
    ($chosen:literal) => {
        heads!("columns WHERE withdrawn_at IS NULL AND ", $chosen)
    };
    ($from:expr, $chosen:literal) => {
        concat!("SELECT ", head!(), " FROM (SELECT id, fingerprint, published_at FROM ", $from, $chosen, ") AS chosen")
    };
}

/// Columns that a feed has by name, to be chosen among. In this order, because SQLite would go through all columns.
macro_rules! sorted {
    () => {
        "feed_columns CROSS JOIN columns WHERE columns.id = feed_columns.column_id AND withdrawn_at IS NULL AND "
    };
}

/// Letters `l` of blocks of an alias, chosen by what is true of them. They are found by their numbers alone, and what is
/// true of them stands in a `CASE`, which serves no index and no estimate: SQLite would take the index of editions and
/// go through all letters of one. Postgres would take the rare letters first, where its statistics believe that letters in
/// such a state are few, and go through the whole table for them; of a `CASE` it believes that every second row passes.
macro_rules! letters_in {
    ($blocks:literal, $chosen:expr) => {
        concat!(
            "letters l WHERE l.id BETWEEN ",
            $blocks,
            ".block * 64 AND ",
            $blocks,
            ".block * 64 + 63 AND CASE WHEN ",
            $chosen,
            " THEN TRUE ELSE FALSE END"
        )
    };
}

/// Letters of an edition of alias `e` about which something is still to be done: each is in a block.
macro_rules! to_do {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM letter_blocks b CROSS JOIN ",
            letters_in!("b", "l.edition_id = b.edition_id AND l.state IN ('queued', 'leased', 'sending', 'deferred')"),
            " AND b.edition_id = e.id)"
        )
    };
}

/// How many letters are in which state, of editions, letters and blocks that are chosen. Those that are to do are in
/// blocks, those that did not go in an index, and some are not kept any more; the others are sent.
macro_rules! tally {
    ($editions:literal, $letters:literal, $blocks:literal) => {
        concat!(
            "WITH others AS ( \
            SELECT state, COUNT(*) AS letters FROM letters \
            WHERE state IN ('deferred', 'failed', 'suppressed', 'unknown')",
            $letters,
            " GROUP BY state UNION ALL SELECT l.state, COUNT(*) FROM letter_blocks b CROSS JOIN ",
            letters_in!("b", "l.edition_id = b.edition_id AND l.state IN ('queued', 'leased', 'sending')"),
            $blocks,
            " GROUP BY l.state UNION ALL SELECT 'carried', COUNT(*) FROM carried_letters WHERE 0 = 0",
            $letters,
            " UNION ALL SELECT state, letters FROM tidied_letters WHERE 0 = 0",
            $letters,
            ") SELECT state, CAST(SUM(letters) AS BIGINT) FROM (SELECT state, letters FROM others \
            UNION ALL SELECT 'sent', letters FROM editions",
            $editions,
            " UNION ALL SELECT 'sent', -letters FROM others) AS counted \
            GROUP BY state HAVING SUM(letters) <> 0 ORDER BY state"
        )
    };
}

/// Whether readers have got an edition `e`: one that was stopped half-way has been read, too.
macro_rules! sent {
    () => {
        "(e.state IN ('sending', 'sent') OR (e.state = 'held' AND EXISTS (SELECT 1 FROM letters l \
         WHERE l.edition_id = e.id AND l.state = 'sent')))"
    };
}

pub mod audiences;
mod bounces;
pub mod canary;
mod columns;
mod desk;
mod editions;
pub mod fates;
mod feed_columns;
mod feeds;
pub mod ledger;
mod letters;
pub mod lists;
mod magazine;
pub mod once;
mod readers;
mod service;
mod sources;
pub mod specials;
pub mod together;
mod upkeep;
pub mod warm_up;

pub use {
    bounces::*, columns::*, desk::*, editions::*, feed_columns::*, feeds::*, letters::*, magazine::*, readers::*,
    service::*, sources::*, upkeep::*,
};

/// Every statement that both backends run as it is, with its name.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        MAGAZINE,
        COLUMNS,
        SOURCES,
        FEEDS,
        FEED_COLUMNS,
        READERS,
        SERVICE,
        EDITIONS,
        DESK,
        BOUNCES,
        LETTERS,
        UPKEEP,
        audiences::AUDIENCES,
        canary::CANARY,
        fates::FATES,
        ledger::ALL,
        lists::ALL,
        specials::SPECIALS,
        once::ONCE,
        together::TOGETHER,
        warm_up::WARM_UP,
    ]
    .concat()
    .into_iter()
}

/// Every statement that the backends say differently, with its name.
pub fn both() -> impl Iterator<Item = (&'static str, ByDialect)> {
    [BOTH, audiences::BOTH, canary::BOTH, fates::BOTH, ledger::BOTH, lists::BOTH, together::BOTH, warm_up::BOTH]
        .concat()
        .into_iter()
}
