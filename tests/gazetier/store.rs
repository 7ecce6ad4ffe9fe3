//! The store, asked the same things on SQLite and on Postgres: one story per test, told twice.

use std::collections::{BTreeSet, HashMap};

use chrono::Duration;
use gazetier::{
    config::{Secret, StoreUrl},
    model::{Audio, Choice, Column, Draft, EmailAddress, FeedKey, Image, Instant, Rubrique, Slug, Subscriber, Zone},
    store::{
        Added, Commit, FeedRecord, FileChange, Publication, Published, Put, SourceFile, Span, Store, sql, sql::ledger,
    },
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqlSafeStr, SqliteConnection};
use tempfile::TempDir;

use crate::support::fresh_database;

/// The place of a store, where it can be opened again and looked into.
pub struct House {
    pub url: StoreUrl,
    _folder: Option<TempDir>,
}

impl House {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { url: StoreUrl::Sqlite(folder.path().join("store.db")), _folder: Some(folder) }
    }

    pub fn postgres() -> Self {
        Self { url: StoreUrl::Postgres { url: Secret::new(fresh_database()), schema: None }, _folder: None }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url).await.expect("a store")
    }

    /// Asks for a number behind the store's back.
    pub async fn number(&self, question: &'static str) -> i64 {
        match &self.url {
            StoreUrl::Sqlite(path) => {
                let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
                sqlx::query_scalar(question).fetch_one(&mut line).await.expect("a number")
            }
            StoreUrl::Postgres { url, .. } => {
                let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
                sqlx::query_scalar(question).fetch_one(&mut line).await.expect("a number")
            }
        }
    }

    /// Asks for pairs of numbers behind the store's back.
    pub async fn pairs(&self, question: &'static str) -> Vec<(i64, i64)> {
        match &self.url {
            StoreUrl::Sqlite(path) => {
                let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
                sqlx::query_as(question).fetch_all(&mut line).await.expect("pairs")
            }
            StoreUrl::Postgres { url, .. } => {
                let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
                sqlx::query_as(question).fetch_all(&mut line).await.expect("pairs")
            }
        }
    }

    /// Runs a statement behind the store's back.
    pub async fn meddle(&self, statement: &'static str, bytes: &[u8]) {
        match &self.url {
            StoreUrl::Sqlite(path) => {
                let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
                sqlx::query(statement).bind(bytes).execute(&mut line).await.expect("a statement");
            }
            StoreUrl::Postgres { url, .. } => {
                let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
                sqlx::query(statement).bind(bytes).execute(&mut line).await.expect("a statement");
            }
        }
    }
}

/// Makes each story two tests, one on each backend.
macro_rules! on_both {
    ($($story:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                super::$story(&crate::store::House::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $story() {
                super::$story(&crate::store::House::postgres()).await;
            })*
        }
    };
}
pub(crate) use on_both;

on_both! {
    reopened_it_has_the_same_key,
    first_openings_at_once_agree_on_one_key,
    a_column_keeps_its_id_and_its_guid,
    a_batch_is_taken_as_a_whole_or_not_at_all,
    the_same_batch_twice_at_once_is_there_once,
    no_two_columns_are_updated_at_one_instant,
    feeds_and_the_digest_get_what_is_theirs,
    what_was_read_and_published_is_remembered,
    nobody_joins_twice_and_nobody_who_is_suppressed,
}

pub fn at(text: &str) -> Instant {
    "Europe/Paris".parse::<Zone>().expect("a zone").parse(text).expect("an instant")
}

pub fn slug(text: &str) -> Slug {
    Slug::parse(text).expect("a slug")
}

/// The newsletter that there is.
pub fn digest() -> Slug {
    slug("digest")
}

pub fn draft(key: &str, published: &str) -> Draft {
    Draft {
        source: "markdown".into(),
        key: key.into(),
        guid: format!("tag:estran.example.org,2026-01-01:markdown/{key}"),
        rubrique: None,
        title: format!("Titre de {key}\u{202f}!"),
        standfirst: "Un chapô.".into(),
        byline: None,
        bylines: Vec::new(),
        tags: Vec::new(),
        body_raw: "<p>Corps <script></p>".into(),
        body: "<p>Corps</p>".into(),
        cleaner: 1,
        url: format!("https://estran.example.org/{key}").parse().expect("a URL"),
        image: None,
        audio: None,
        published: at(published),
        updated: at(published),
        withdrawn: false,
    }
}

/// The instant at which most of these tests put columns.
pub fn now() -> Instant {
    at("2026-11-23T08:00")
}

pub fn subscriber(address: &str, rubriques: &[&str]) -> Subscriber {
    Subscriber {
        address: address.parse::<EmailAddress>().expect("an address"),
        name: None,
        choice: Choice::of(rubriques.iter().map(|name| slug(name))),
    }
}

async fn all(store: &Store) -> Vec<Column> {
    store.newest(&FeedKey::All, Span::until(at("2030-01-01")), 10_000).await.expect("columns").columns
}

fn titles(columns: &[Column]) -> Vec<&str> {
    columns.iter().map(|column| column.title.as_str()).collect()
}

#[tokio::test]
async fn every_statement_is_prepared_on_both_backends() {
    assert!(sql::all().count() > 40, "{} statements", sql::all().count());

    let house = House::sqlite();
    house.open().await.close().await;
    let StoreUrl::Sqlite(path) = &house.url else { unreachable!() };
    let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
    for (name, statement) in sql::all() {
        line.prepare(statement.into_sql_str()).await.unwrap_or_else(|error| panic!("SQLite, {name}: {error}"));
    }
    for (name, two) in sql::both() {
        line.prepare(two.sqlite.into_sql_str()).await.unwrap_or_else(|error| panic!("SQLite, {name}: {error}"));
    }
    for many in [&*sql::ADD_COLUMNS, &*sql::PUT_FILES] {
        line.prepare(AssertSqlSafe(many.as_str()).into_sql_str()).await.expect("SQLite, many rows");
    }

    let house = House::postgres();
    house.open().await.close().await;
    let StoreUrl::Postgres { url, .. } = &house.url else { unreachable!() };
    let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
    for (name, statement) in sql::all().chain(sql::both().map(|(name, two)| (name, two.postgres))) {
        line.prepare(statement.into_sql_str()).await.unwrap_or_else(|error| panic!("Postgres, {name}: {error}"));
    }
    for many in [sql::ADD_COLUMN_ARRAYS, sql::PUT_FILE_ARRAYS] {
        line.prepare(many.into_sql_str()).await.expect("Postgres, many rows");
    }
}

/// How SQLite answers a statement.
async fn plan(line: &mut SqliteConnection, name: &str, statement: &str) -> String {
    let mut plan = format!("{name}\n");
    for step in sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}"))).fetch_all(line).await.expect(name)
    {
        plan.push_str(&format!("  {}\n", step.get::<String, _>("detail")));
    }
    plan
}

/// Of an edition of a million letters, nothing that is asked again and again looks at more than those of a block.
#[tokio::test]
async fn letters_are_found_by_the_numbers_of_their_blocks() {
    let house = House::sqlite();
    house.open().await.close().await;
    let StoreUrl::Sqlite(path) = &house.url else { unreachable!() };
    let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
    let mut plans = String::new();
    for name in ["AWAITED", "COUNT_TO_DO"] {
        let (_, statement) = ledger::ALL.iter().find(|(own, _)| *own == name).expect("a statement");
        plans.push_str(&plan(&mut line, name, statement).await);
    }
    for name in ["EDITION_TO_TIDY", "TALLY", "LETTER_COUNTS"] {
        let (_, statement) = sql::all().find(|(own, _)| *own == name).expect("a statement");
        plans.push_str(&plan(&mut line, name, statement).await);
    }
    for (name, two) in ledger::BOTH {
        plans.push_str(&plan(&mut line, name, two.sqlite).await);
    }
    insta::assert_snapshot!(plans);
}

#[tokio::test]
async fn what_every_run_asks_is_answered_by_indexes() {
    let house = House::sqlite();
    house.open().await.close().await;
    let StoreUrl::Sqlite(path) = &house.url else { unreachable!() };
    let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'columns'";
    let columns: i64 = sqlx::query_scalar(root).fetch_one(&mut line).await.expect("a page");
    let mut plans = String::new();
    for name in ["LATEST", "TOUCHED_FEEDS", "HEADS_OF_ALL", "HEADS_OF_RUBRIQUE", "HEADS_OF_SORTED"] {
        let (_, statement) = sql::all().find(|(own, _)| *own == name).expect("a statement");
        plans.push_str(&plan(&mut line, name, statement).await);
        // A plan does not tell that a partial index covers a question: what is done tells.
        let code = sqlx::query(AssertSqlSafe(format!("EXPLAIN {statement}")));
        let code = code.fetch_all(&mut line).await.expect("a program");
        let steps = || code.iter().map(|step| (step.get::<String, _>("opcode"), step.get::<i64, _>("p1"), step));
        let table = steps().find(|(name, _, step)| name == "OpenRead" && step.get::<i64, _>("p2") == columns);
        let opened = table.map(|(_, cursor, _)| cursor);
        let reads = ["Column", "FinishSeek", "SeekRowid", "NotExists", "Rowid", "Rewind", "Last"];
        let read = steps().filter(|(name, cursor, _)| Some(*cursor) == opened && reads.contains(&&**name)).count();
        // Columns that have come out between two runs are few, and read in full soon after; those that a feed has by
        // name are as many as it holds, and looked at where one of them has changed.
        assert!(read == 0 || ["LATEST", "HEADS_OF_SORTED"].contains(&name), "{name} reads the table of columns");
    }
    insta::assert_snapshot!(plans);
}

async fn reopened_it_has_the_same_key(house: &House) {
    let store = house.open().await;
    let signed = store.key().sign("a purpose", b"a message");
    store.close().await;
    assert_eq!(house.open().await.key().sign("a purpose", b"a message"), signed);
    assert_ne!(House::sqlite().open().await.key().sign("a purpose", b"a message"), signed);
}

async fn first_openings_at_once_agree_on_one_key(house: &House) {
    let openings: Vec<_> = (0..4)
        .map(|_| {
            let url = house.url.clone();
            tokio::spawn(async move { Store::open(&url).await.map(|store| store.key().sign("a", b"b")) })
        })
        .collect();
    let mut keys = BTreeSet::new();
    for opening in openings {
        keys.insert(opening.await.expect("a task").expect("a store"));
    }
    assert_eq!(keys.len(), 1);
}

async fn a_column_keeps_its_id_and_its_guid(house: &House) {
    let store = house.open().await;
    let plain = draft("phare", "2026-11-16T17:40");
    let pictured = Draft {
        rubrique: Some(slug("humeur")),
        byline: Some("Basile Hauterive et Zoé".into()),
        bylines: vec!["Basile Hauterive".into(), "Zoé".into()],
        tags: vec!["Le large".into(), "\"digue\"".into()],
        audio: Some(Audio {
            url: "https://estran.example.org/vague.mp3".parse().expect("a URL"),
            media_type: "audio/mpeg".into(),
            length: Some(3_000_000_000),
            seconds: Some(61),
        }),
        image: Some(Image {
            url: "https://estran.example.org/a%20b.jpg".parse().expect("a URL"),
            alt: "«\u{202f}Une vague\u{202f}» & <b>".into(),
            credit: Some("L’Estran".into()),
            media_type: Some("image/jpeg".into()),
            width: Some(1_200),
            height: Some(800),
            length: Some(3_000_000_000),
        }),
        ..draft("vague", "2026-11-17T08:30:00.123")
    };
    let drafts = [plain.clone(), pictured.clone()];
    assert_eq!(store.put(&drafts, now()).await.expect("a put"), [Put::Added, Put::Added]);
    assert_eq!(store.put(&drafts, now()).await.expect("a put"), [Put::Same, Put::Same]);
    let before = all(&store).await;
    let expected = |id, draft: &Draft| Column {
        id,
        guid: draft.guid.clone(),
        rubrique: draft.rubrique.clone(),
        title: draft.title.clone(),
        standfirst: draft.standfirst.clone(),
        byline: draft.byline.clone(),
        bylines: draft.bylines.clone(),
        tags: draft.tags.clone(),
        audio: draft.audio.clone(),
        body: draft.body.clone(),
        url: draft.url.clone(),
        image: draft.image.clone(),
        published: draft.published,
        updated: draft.updated,
    };
    assert_eq!(before, [expected(before[0].id, &pictured), expected(before[1].id, &plain)]);

    // Everything but its name in its source is new, the guid too: readers know it by the old one.
    let edited = Draft {
        guid: "tag:estran.example.org,2026-01-01:other".into(),
        title: "Un autre titre".into(),
        url: "https://estran.example.org/ailleurs".parse().expect("a URL"),
        rubrique: None,
        byline: None,
        bylines: Vec::new(),
        tags: Vec::new(),
        image: None,
        audio: None,
        updated: at("2026-11-18T09:00"),
        ..pictured.clone()
    };
    assert_eq!(store.put(&[plain.clone(), edited.clone()], now()).await.expect("a put"), [Put::Same, Put::Changed]);
    let after = all(&store).await;
    let kept = Draft { guid: pictured.guid.clone(), ..edited };
    assert_eq!(after, [expected(before[0].id, &kept), before[1].clone()]);

    let known = store.known("markdown").await.expect("known columns");
    let mut keys: Vec<(&String, &String)> = known.iter().map(|(key, known)| (key, &known.guid)).collect();
    keys.sort();
    assert_eq!(keys, [(&"phare".to_owned(), &plain.guid), (&"vague".to_owned(), &pictured.guid)]);
    assert!(store.known("listing").await.expect("known columns").is_empty());
}

async fn a_batch_is_taken_as_a_whole_or_not_at_all(house: &House) {
    let store = house.open().await;
    let twin = Draft { guid: draft("a", "2026-11-16").guid, ..draft("b", "2026-11-17") };
    store.put(&[draft("a", "2026-11-16"), twin], now()).await.expect_err("two columns with one guid");
    assert_eq!(all(&store).await, []);
    assert_eq!(store.put(&[], now()).await.expect("nothing to put"), []);
}

async fn the_same_batch_twice_at_once_is_there_once(house: &House) {
    let stores = [house.open().await, house.open().await];
    for round in 0..5 {
        let drafts: Vec<Draft> = (0..40).map(|n| draft(&format!("c{round}-{n}"), "2026-11-16")).collect();
        let puts: Vec<_> = [&stores[0], &stores[1], &stores[0], &stores[1]]
            .map(|store| {
                let (store, drafts) = (store.clone(), drafts.clone());
                tokio::spawn(async move { store.put(&drafts, now()).await })
            })
            .into_iter()
            .collect();
        let mut added = 0;
        for put in puts {
            let outcomes = put.await.expect("a task").expect("a put");
            assert!(!outcomes.contains(&Put::Changed));
            added += outcomes.iter().filter(|put| **put == Put::Added).count();
        }
        assert_eq!(added, 40, "round {round}");
    }
    let columns = all(&stores[0]).await;
    assert_eq!((columns.len(), columns.iter().map(|c| c.updated).collect::<BTreeSet<_>>().len()), (200, 200));
}

async fn no_two_columns_are_updated_at_one_instant(house: &House) {
    let store = house.open().await;
    let batch =
        |from: usize, to: usize| -> Vec<Draft> { (from..to).map(|n| draft(&format!("c{n}"), "2026-11-16")).collect() };
    let updates = |columns: Vec<Column>| -> HashMap<String, Instant> {
        columns.into_iter().map(|column| (column.guid, column.updated)).collect()
    };
    store.put(&batch(0, 300), now()).await.expect("a put");
    let first = updates(all(&store).await);
    let distinct: BTreeSet<Instant> = first.values().copied().collect();
    let start = at("2026-11-16");
    assert_eq!(distinct, (0..300).map(|ms| start + Duration::milliseconds(ms)).collect());

    // Put again, as they are and with one of them edited: nothing moves.
    let mut edited = batch(0, 300);
    edited[150].title = "Corrigé".into();
    store.put(&batch(0, 300), now()).await.expect("a put");
    store.put(&edited, now()).await.expect("a put");
    assert_eq!(updates(all(&store).await), first);

    // More of them, of the same instant: so many that they need more than a second.
    store.put(&batch(300, 1_300), now()).await.expect("a put");
    store.put(&batch(1_300, 1_400), now()).await.expect("a put");
    let last = updates(all(&store).await);
    assert_eq!(last.values().collect::<BTreeSet<_>>().len(), 1_400);
    assert!(first.iter().all(|(guid, updated)| last[guid] == *updated));
}

async fn feeds_and_the_digest_get_what_is_theirs(house: &House) {
    let store = house.open().await;
    let of = |key: &str, rubrique: &str, day: &str| Draft {
        title: key.into(),
        rubrique: (!rubrique.is_empty()).then(|| slug(rubrique)),
        ..draft(key, day)
    };
    let drafts = [
        of("a", "edito", "2026-11-09T07:30"),
        of("b", "humeur", "2026-11-12"),
        of("c", "edito", "2026-11-16T07:30"),
        of("d", "", "2026-11-16T07:30:00.001"),
        of("e", "edito", "2026-12-24"),
    ];
    store.put(&drafts, now()).await.expect("a put");
    let today = Span::until(at("2026-11-23"));
    let (every, edito, carnet) = (FeedKey::All, FeedKey::Rubrique(slug("edito")), FeedKey::Rubrique(slug("carnet")));
    let newest = |feed: &FeedKey, limit| {
        let (store, feed) = (store.clone(), feed.clone());
        async move { store.newest(&feed, today, limit).await.expect("columns").columns }
    };
    assert_eq!(titles(&newest(&every, 10).await), ["d", "c", "b", "a"]);
    assert_eq!(titles(&newest(&every, 2).await), ["d", "c"]);
    assert_eq!(titles(&newest(&edito, 10).await), ["c", "a"]);
    assert_eq!(titles(&newest(&carnet, 10).await), [""; 0]);

    let unsent = |from: &str, to: &str| {
        let (store, from, to) = (store.clone(), at(from), at(to));
        async move { store.unsent(&digest(), from, to).await.expect("columns") }
    };
    assert_eq!(titles(&unsent("2026-11-09T07:30", "2026-11-16T07:30").await), ["c", "b", "a"]);
    assert_eq!(titles(&unsent("2026-11-09T07:30:00.001", "2026-11-16T07:29:59.999").await), ["b"]);

    // A feed's fingerprint changes with what the feed holds, and with nothing else.
    let print = |feed: &FeedKey, limit| {
        let (store, feed) = (store.clone(), feed.clone());
        async move { store.feed_heads(&feed, today, limit).await.expect("a fingerprint") }
    };
    let (all, two, only) = (print(&every, 10).await, print(&every, 2).await, print(&edito, 10).await);
    assert_eq!(BTreeSet::from([&all, &two, &only]).len(), 3);
    let mut edited = drafts[1].clone();
    edited.standfirst = "Corrigé.".into();
    store.put(&[edited], now()).await.expect("a put");
    assert_ne!(print(&every, 10).await, all);
    assert_eq!(print(&every, 2).await, two);
    assert_eq!(print(&edito, 10).await, only);
    let later = store.feed_heads(&edito, Span::until(at("2026-12-25")), 10).await.expect("a fingerprint");
    assert_ne!(later, only);
}

async fn what_was_read_and_published_is_remembered(house: &House) {
    let store = house.open().await;
    let file = |path: &str, content: &str| SourceFile {
        source: "s".into(),
        path: path.into(),
        column_key: path.strip_suffix(".md").map(str::to_owned),
        content: content.into(),
        seen: String::new(),
        due_at: None,
        refused: None,
    };
    let places = HashMap::from([("s".to_owned(), "here".to_owned())]);
    assert!(store.take_source("s", "here", None, now()).await.expect("a source"));
    assert!(!store.take_source("s", "there", None, now()).await.expect("a source"));
    let files = [file("a.md", "1"), file("b.md", "1"), file("c.csv", "1")];
    let change = |file: &'static str, before: Option<&'static str>| FileChange {
        source: "s",
        path: file,
        before,
        ..FileChange::default()
    };
    let first: Vec<FileChange<'_>> = [("a.md", 0), ("b.md", 1), ("c.csv", 2)]
        .map(|(name, index)| FileChange { after: Some(&files[index]), ..change(name, None) })
        .into();
    assert_eq!(store.apply(&first, &places, now()).await.expect("files").left, 0);
    let newer = file("b.md", "2");
    let second = [change("a.md", Some("1")), FileChange { after: Some(&newer), ..change("b.md", Some("1")) }];
    assert_eq!(store.apply(&second, &places, now()).await.expect("files").left, 0);
    // Who read them before that, or reads another place, changes nothing.
    let older = file("b.md", "3");
    let late = [FileChange { after: Some(&older), ..change("b.md", Some("1")) }];
    assert_eq!(store.apply(&late, &places, now()).await.expect("files").left, 1);
    let late = [FileChange { after: Some(&older), ..change("b.md", Some("2")) }];
    let elsewhere = HashMap::from([("s".to_owned(), "there".to_owned())]);
    assert_eq!(store.apply(&late, &elsewhere, now()).await.expect("files").left, 1);
    let state = store.source_state().await.expect("files");
    let files: BTreeSet<_> = state.files["s"].values().map(|f| (f.content.clone(), f.column_key.clone())).collect();
    assert_eq!(files, BTreeSet::from([("1".into(), None), ("2".into(), Some("b".into()))]));

    assert!(store.tell_notice("sync:a", now()).await.expect("a notice"));
    assert!(!store.tell_notice("sync:a", now()).await.expect("a notice"));
    assert!(store.tell_notice("sync:b", now()).await.expect("a notice"));
    assert!(store.tell_notice("other:a", now()).await.expect("a notice"));
    store.forget_notices("sync:", &["sync:b".into()]).await.expect("notices");
    let told = store.source_state().await.expect("notices").notices;
    assert_eq!(told, ["sync:b", "other:a"].map(str::to_owned).into());

    let published = |fingerprint: &str, revision: i64| Published {
        fingerprint: fingerprint.into(),
        revision,
        at: now(),
        told: at("2026-11-01"),
    };
    let standing = |feed: &str, before: Option<Published>, fingerprint: &str, revision: i64| FeedRecord {
        feed: feed.into(),
        before,
        published: published(fingerprint, revision),
        months: Vec::new(),
        topics: Vec::new(),
    };
    let first = store.begin_publication(Vec::new(), now()).await.expect("a publication");
    let begun = store.latest("", now()).await.expect("the latest").unfinished;
    assert_eq!(begun.len(), 1);
    let second = store.begin_publication(begun, now() + Duration::hours(1)).await.expect("a publication");
    let commit = async |publication: &Publication, standings: &[FeedRecord]| {
        let commit = Commit { publication, standings, all: None, sound: true, hubs: &[], at: now() };
        store.put_published(commit).await.expect("a commit")
    };
    let both = [standing("", None, "x", 1), standing("edito", None, "y", 1)];
    assert_eq!(commit(&first, &both).await, [""; 0]);
    assert_eq!(commit(&second, &[standing("", Some(published("x", 1)), "z", 2)]).await, [""; 0]);
    assert_eq!(store.latest("", now()).await.expect("the latest").unfinished, []);
    // Who read an older standing, or none, puts nothing in its place, and the others in theirs.
    let third = store.begin_publication(Vec::new(), now()).await.expect("a publication");
    let late = [
        standing("", Some(published("x", 1)), "late", 1),
        standing("carnet", None, "new", 3),
        standing("edito", None, "late", 1),
    ];
    assert_eq!(commit(&third, &late).await, ["", "edito"]);
    assert_eq!(store.latest("", now()).await.expect("the latest").unfinished.len(), 1, "it goes on");
    let carnet = store.published(&FeedKey::Rubrique(slug("carnet"))).await.expect("a state");
    assert_eq!(carnet, Some(published("new", 3)));
    for (feed, state) in [(FeedKey::All, published("z", 2)), (FeedKey::Rubrique(slug("edito")), published("y", 1))] {
        assert_eq!(store.published(&feed).await.expect("a state"), Some(state));
    }
    let latest = store.latest("edito", now()).await.expect("the latest");
    assert_eq!((latest.published, latest.come_out), (Some(published("y", 1)), vec![]));
    assert_eq!(store.latest("humeur", now()).await.expect("the latest").published, None);

    let rubrique = |label: &str| Rubrique {
        slug: slug("edito"),
        label: label.into(),
        description: None,
        colour: gazetier::model::Colour::new(0, 0, 0),
        formerly: Vec::new(),
    };
    store.put_rubriques(&[rubrique("Édito")]).await.expect("rubriques");
    store.put_rubriques(&[rubrique("Éditorial")]).await.expect("rubriques");
}

async fn nobody_joins_twice_and_nobody_who_is_suppressed(house: &House) {
    let store = house.open().await;
    let hash = store.key().sign("address", b"gone@example.org");
    house
        .meddle("INSERT INTO suppressions (address_hash, reason, suppressed_at) VALUES ($1, 'complaint', 0)", &hash)
        .await;
    let roll = [
        subscriber("Zoe@Example.ORG", &["humeur", "edito"]),
        subscriber("zoe@example.org", &["carnet"]),
        subscriber("Gone@example.org", &[]),
        subscriber("yann@example.org", &[]),
    ];
    let joined = at("2026-11-16T08:00");
    let added = store.add_subscribers(&digest(), &roll, joined).await.expect("subscribers");
    assert_eq!(added, Added { added: 2, known: 1, suppressed: 1, ..Added::default() });
    let added = store.add_subscribers(&digest(), &roll, at("2026-11-17")).await.expect("subscribers");
    assert_eq!(added, Added { added: 0, known: 3, suppressed: 1, ..Added::default() });

    let listed = store.list_subscribers(&digest()).await.expect("a listing");
    let listed: Vec<_> = listed.iter().map(|l| (&*l.address, l.rubriques.join(";"), &*l.state, l.joined)).collect();
    let expected = [
        ("Zoe@example.org", "edito;humeur".to_owned(), "active", joined),
        ("yann@example.org", String::new(), "active", joined),
    ];
    assert_eq!(listed, expected);
    let groups = store.groups(&digest()).await.expect("groups");
    let choices: Vec<Choice> = groups.into_iter().map(|group| group.choice).collect();
    assert_eq!(choices, [Choice::all(), Choice::of([slug("edito"), slug("humeur")])]);

    // Who left is not brought back, and nobody renders for them any more.
    house
        .meddle(
            "UPDATE subscriptions SET state = 'unsubscribed' WHERE $1 = $1 \
             AND subscriber_id IN (SELECT id FROM subscribers WHERE address LIKE 'Zoe%')",
            b"",
        )
        .await;
    let added = store.add_subscribers(&digest(), &roll, joined).await.expect("subscribers");
    assert_eq!(added, Added { added: 0, known: 3, left: 1, suppressed: 1, ..Added::default() });
    assert_eq!(store.groups(&digest()).await.expect("groups"), [gazetier::model::ReaderGroup::of(Choice::all())]);
}
