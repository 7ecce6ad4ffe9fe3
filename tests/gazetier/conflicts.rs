//! Transactions that others are in the way of: each is done again as a whole, and what it tells is told once.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};

use gazetier::{
    config::StoreUrl,
    model::{Colour, Month, Rubrique},
    store::{
        Commit, Entry, FeedMonth, FeedRecord, FileChange, PingState, Published, Put, SettledPing, SourceFile, Store,
        Topic,
    },
};
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

use crate::{
    keys::script,
    ledger::{edition, frozen, magazine},
    store::{House, at, digest, draft, now, on_both, slug},
};

on_both! {
    who_is_in_the_way_of_columns_feeds_and_hubs_delays_them_alone,
    syncs_that_withdraw_in_opposite_order_come_to_an_end,
    a_sync_that_is_ended_for_a_deadlock_is_done_again,
    a_fingerprint_of_old_words_does_not_replace_that_of_new_ones,
    an_edition_is_redated_once,
}

/// How often Postgres says that another transaction was in the way.
const TIMES: &str = "CREATE SEQUENCE told; \
    CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    IF nextval('told') <= 2 THEN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END IF; RETURN NULL; END $$";

/// Tables of which each change is in somebody's way at first.
const TABLES: [&str; 6] = ["columns", "feed_months", "feed_state", "hub_pings", "rubriques", "sources"];

/// Puts another transaction into the way of what is done: on Postgres the first two tries end with a deadlock,
/// on SQLite another program is writing.
async fn hindered<R>(house: &House, work: impl AsyncFnOnce() -> R) -> R {
    match &house.url {
        StoreUrl::Postgres { url, .. } => {
            let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
            line.execute("ALTER SEQUENCE told RESTART").await.expect("a sequence");
            let result = work().await;
            let told: i64 =
                sqlx::query_scalar("SELECT last_value FROM told").fetch_one(&mut line).await.expect("a count");
            assert!(told > 2, "nobody was in the way: {told}");
            result
        }
        StoreUrl::Sqlite(path) => {
            let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
            line.execute("BEGIN IMMEDIATE").await.expect("a transaction");
            let over = AtomicBool::new(false);
            let other = async {
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
                over.store(true, Ordering::Release);
                line.execute("COMMIT").await.expect("an end");
            };
            let (result, ()) = tokio::join!(work(), other);
            assert!(over.load(Ordering::Acquire));
            result
        }
    }
}

async fn hinder(house: &House) {
    if let StoreUrl::Postgres { url, .. } = &house.url {
        let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
        line.execute(TIMES).await.expect("a function");
        for table in TABLES {
            let trigger = format!(
                "CREATE TRIGGER conflict AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION conflict()"
            );
            line.execute(sqlx::AssertSqlSafe(trigger)).await.expect("a trigger");
        }
    }
}

fn places() -> HashMap<String, String> {
    HashMap::from([("markdown".to_owned(), "here".to_owned())])
}

fn gone<'a>(path: &'a str, key: &'a str) -> FileChange<'a> {
    FileChange { source: "markdown", path, withdraw: Some(key), ..FileChange::default() }
}

fn standing(before: Option<Published>, published: Published) -> FeedRecord {
    let month = Month::parse("2026-11").expect("a month");
    let topic = Topic::new("https://estran.example.org/feeds/rss.xml".parse().expect("a URL"), b"bytes");
    let heads = "h".to_owned();
    let month = FeedMonth { month, revision: 0, columns: 3, closed: false, documents: 0, held: 0, heads };
    FeedRecord { feed: String::new(), before, published, months: vec![month], topics: vec![topic] }
}

async fn who_is_in_the_way_of_columns_feeds_and_hubs_delays_them_alone(house: &House) {
    let store = house.open().await;
    store.take_source("markdown", "here", None, now()).await.expect("a source");
    hinder(house).await;
    let drafts: Vec<_> = ["a", "b", "c", "d"].map(|key| draft(key, "2026-11-16")).to_vec();
    let put = hindered(house, async || store.put(&drafts, now()).await.expect("columns")).await;
    assert_eq!(put, [Put::Added; 4]);
    let label = "Édito".to_owned();
    let rubriques = [Rubrique {
        slug: slug("edito"),
        label,
        description: None,
        colour: Colour::new(0, 0, 0),
        formerly: Vec::new(),
    }];
    hindered(house, async || store.put_rubriques(&rubriques).await.expect("rubriques")).await;
    let (a, b) = ("a".to_owned(), "b".to_owned());
    let count =
        hindered(house, async || store.withdraw("markdown", &[a.clone(), b], now()).await.expect("columns")).await;
    assert_eq!(count, 2, "each is counted once");
    assert!(hindered(house, async || store.restore("markdown", &a).await.expect("a column")).await);
    let date = at("2026-11-17");
    assert!(hindered(house, async || store.redate("markdown", &a, date).await.expect("a column")).await);
    let file = SourceFile {
        source: "markdown".into(),
        path: "c.md".into(),
        column_key: Some("c".into()),
        content: "v1".into(),
        seen: String::new(),
        due_at: None,
        refused: None,
    };
    let other = draft("c", "2026-11-18");
    let changes = [
        FileChange {
            source: "markdown",
            path: "c.md",
            after: Some(&file),
            entry: Some(Entry { draft: &other, given_guid: false, given_url: false }),
            ..FileChange::default()
        },
        gone("d.md", "d"),
        FileChange { source: "elsewhere", path: "e.md", before: Some("v0"), ..FileChange::default() },
    ];
    let applied = hindered(house, async || store.apply(&changes, &places(), now()).await.expect("a sync")).await;
    assert_eq!(applied.outcomes, [Some(Put::Changed), None, None]);
    assert_eq!((applied.withdrawn, applied.left), (1, 1), "what was tried in vain is not counted");
    let published = |revision| Published { fingerprint: "f".into(), revision, at: now(), told: now() };
    let publication = store.begin_publication(Vec::new(), now()).await.expect("a publication");
    let hubs = ["https://hub.example.org/".parse().expect("a URL")];
    let commit = async |standings: &[FeedRecord]| {
        let commit = Commit { publication: &publication, standings, all: None, sound: true, hubs: &hubs, at: now() };
        store.put_published(commit).await.expect("a commit")
    };
    let first = [standing(None, published(1))];
    assert_eq!(hindered(house, async || commit(&first).await).await, Vec::<String>::new());
    let late = [standing(None, published(2))];
    assert_eq!(commit(&late).await, [""], "somebody else was quicker");
    let lease = async || store.lease_pings(&hubs[0], now(), 9, now(), now()).await.expect("pings");
    let pings = hindered(house, lease).await;
    assert_eq!(pings.len(), 1);
    let reply = String::new();
    let settled = [SettledPing { ping: pings[0].clone(), state: PingState::Told, reply }];
    hindered(house, async || store.settle_pings(&settled).await.expect("an end")).await;
    assert!(hindered(house, async || store.rename_source("markdown", "texts").await.expect("a source")).await);
    assert!(!store.forget_source("texts").await.expect("an answer"), "it has columns");
    store.take_source("empty", "here", None, now()).await.expect("a source");
    assert!(hindered(house, async || store.forget_source("empty").await.expect("a source")).await);
    script(house, "UPDATE columns SET content = ''", "UPDATE columns SET content = ''").await;
    hindered(house, async || store.fill_contents().await.expect("fingerprints")).await;
}

/// What a sync comes to that finds these columns gone.
async fn withdraw(store: Store, keys: Vec<String>) -> usize {
    let changes: Vec<_> = keys.iter().map(|key| gone(key, key)).collect();
    store.apply(&changes, &places(), now()).await.expect("a sync").withdrawn
}

/// Two syncs and the filling of fingerprints, which take the same thousand columns from both ends.
async fn syncs_that_withdraw_in_opposite_order_come_to_an_end(house: &House) {
    let store = house.open().await;
    store.take_source("markdown", "here", None, now()).await.expect("a source");
    let keys: Vec<String> = (0..1_000).map(|number| format!("c{number:04}")).collect();
    let drafts: Vec<_> = keys.iter().map(|key| draft(key, "2026-11-16")).collect();
    store.put(&drafts, now()).await.expect("columns");
    script(house, "UPDATE columns SET content = ''", "UPDATE columns SET content = ''").await;
    let back = keys.iter().rev().cloned().collect();
    let (one, two, three) = (house.open().await, house.open().await, house.open().await);
    let withdrawing = async {
        let half = three.withdraw("markdown", &keys[..500], now()).await.expect("columns");
        half + three.withdraw("markdown", &keys[500..], now()).await.expect("columns")
    };
    let (first, second, third, filled) =
        tokio::join!(withdraw(one, back), withdraw(two, keys.clone()), withdrawing, store.fill_contents());
    filled.expect("fingerprints");
    assert_eq!(first + second + third, 1_000, "each is withdrawn once");
}

/// Somebody holds a column that a sync wants, and then wants those that the sync holds.
async fn a_sync_that_is_ended_for_a_deadlock_is_done_again(house: &House) {
    let store = house.open().await;
    store.take_source("markdown", "here", None, now()).await.expect("a source");
    let keys: Vec<String> = (0..1_000).map(|number| format!("c{number:04}")).collect();
    let drafts: Vec<_> = keys.iter().map(|key| draft(key, "2026-11-16")).collect();
    store.put(&drafts, now()).await.expect("columns");
    let back: Vec<String> = keys.iter().rev().cloned().collect();
    let syncs =
        |one: Store, two: Store| [tokio::spawn(withdraw(one, back.clone())), tokio::spawn(withdraw(two, keys.clone()))];
    let [first, second] = if let StoreUrl::Postgres { url, .. } = &house.url {
        let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
        // Whatever the machine has to do meanwhile, it is not this one that looks for a deadlock first.
        line.execute("SET deadlock_timeout = '1min'").await.expect("a right that tests/run.sh gives");
        let mut other = line.begin().await.expect("a transaction");
        other.execute("UPDATE columns SET title = title WHERE source_key = 'c0500'").await.expect("a column");
        let mut watch = PgConnection::connect(url.expose()).await.expect("Postgres");
        let syncs = syncs(house.open().await, house.open().await);
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock' AND wait_event <> 'advisory'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watch).await.expect("a count") == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // Who has waited a second finds out: that is the sync.
        let ends = "UPDATE columns SET title = title WHERE source_key IN ('c0000', 'c0999')";
        other.execute(ends).await.expect("the columns: the sync's transaction was ended");
        other.commit().await.expect("an end");
        syncs
    } else {
        syncs(house.open().await, house.open().await)
    };
    let (first, second) = (first.await.expect("a sync"), second.await.expect("a sync"));
    assert_eq!(first + second, 1_000, "each is withdrawn once");
}

/// Fingerprints are filled in while somebody puts other words: theirs stays.
async fn a_fingerprint_of_old_words_does_not_replace_that_of_new_ones(house: &House) {
    let store = house.open().await;
    store.put(&[draft("a", "2026-11-16")], now()).await.expect("a column");
    let own = store.traces_of("markdown").await.expect("columns").remove(0).content;
    script(house, "UPDATE columns SET content = ''", "UPDATE columns SET content = ''").await;
    let other = "UPDATE columns SET content = 'other words'";
    let filling = |store: Store| tokio::spawn(async move { store.fill_contents().await });
    let filling = match &house.url {
        StoreUrl::Postgres { url, .. } => {
            let mut line = PgConnection::connect(url.expose()).await.expect("Postgres");
            let mut tx = line.begin().await.expect("a transaction");
            tx.execute(other).await.expect("a column");
            let filling = filling(store.clone());
            let mut watch = PgConnection::connect(url.expose()).await.expect("Postgres");
            let waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() \
                           AND wait_event_type = 'Lock'";
            while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watch).await.expect("a count") == 0 {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            tx.commit().await.expect("an end");
            filling
        }
        StoreUrl::Sqlite(path) => {
            let mut line = SqliteConnection::connect(&path.display().to_string()).await.expect("SQLite");
            line.execute("BEGIN IMMEDIATE").await.expect("a transaction");
            line.execute(other).await.expect("a column");
            let filling = filling(store.clone());
            // Nothing tells that another one waits for the lock.
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            line.execute("COMMIT").await.expect("an end");
            filling
        }
    };
    filling.await.expect("a task").expect("fingerprints");
    assert_ne!(own, "other words");
    assert_eq!(store.traces_of("markdown").await.expect("columns").remove(0).content, "other words");
}

/// Two who redate an edition at once: the second knows it by a cutoff that it has no more.
async fn an_edition_is_redated_once(house: &House) {
    let (store, columns) = magazine(house, 1).await;
    let (one, _) = frozen(&store, &edition(1, &columns[..3])).await;
    let period = |label: &str| gazetier::model::Period::from_key(label);
    let (first, second) = (at("2026-11-20T09:00"), at("2026-11-21T09:00"));
    assert!(store.redate_edition(&one, first, &period("2026-W47")).await.expect("an edition"));
    assert!(!store.redate_edition(&one, second, &period("2026-W47-2")).await.expect("an answer"));
    let now = store.editions(&digest()).await.expect("editions").remove(0);
    assert_eq!((now.cutoff, now.period), (first, period("2026-W47")));
}
