//! Two publications at once, one after the other step by step: whoever writes last without knowing of
//! the other leaves nothing that stays, whether it lives to say so or dies.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    sync::Arc,
    time::Duration,
};

use gazetier::{
    config::{Config, Secret, StoreUrl},
    model::Instant,
    publish::Publisher,
    store::Store,
};

use crate::{
    history::{DAYS, column, scene, walk},
    support::Scene,
};

/// After all columns of the tests.
const AT: &str = "2026-11-05";

/// A press of its own, as another program has it.
async fn press(scene: &Scene) -> (Publisher, Store) {
    let config = Arc::new(Config::load(&scene.path("config.toml")).expect("a configuration"));
    let url = match scene.store() {
        Some(url) => StoreUrl::Postgres { url: Secret::new(url.to_owned()), schema: None },
        None => StoreUrl::Sqlite(scene.path("gazetier.db")),
    };
    let mut config = Arc::try_unwrap(config).expect("the only one");
    // The program finds it from its own folder, the test from elsewhere.
    config.feeds.path = scene.path("feeds");
    let at: Instant = "2026-11-04T23:00:00Z".parse().expect("an instant");
    let store = Store::open(&url).await.expect("a store");
    (Publisher::new(Arc::new(config), store.clone(), at), store)
}

fn files(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let read = |name: String| (name.clone(), fs::read(scene.path(&format!("feeds/{name}"))).expect("a file"));
    scene.files("feeds").into_iter().map(read).collect()
}

/// Puts files where they were: as if who wrote them had done so only now.
fn write(scene: &Scene, files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files {
        let path = scene.path(&format!("feeds/{name}"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }
}

/// What the feeds are when nobody gets in the way.
fn alone(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let store = scene.path("alone.db").display().to_string();
    let run = |arguments: &[&str]| {
        let mut command = scene.command(arguments);
        let output = command.env("GAZETIER_STORE_URL", format!("sqlite:{store}")).output().expect("the program");
        assert!(output.status.success(), "{output:?}");
    };
    fs::rename(scene.path("feeds"), scene.path("kept")).expect("a folder");
    run(&["sync", "--at", AT]);
    run(&["publish", "--at", AT]);
    let files = files(scene);
    fs::remove_dir_all(scene.path("feeds")).expect("a folder");
    fs::rename(scene.path("kept"), scene.path("feeds")).expect("a folder");
    files
}

fn scenes() -> [Scene; 2] {
    [scene(&DAYS, ""), scene(&DAYS, "").on_postgres()]
}

/// Changes the columns: one is edited, and three go, so that July has one document instead of two.
fn change(scene: &Scene) {
    let name = "columns/2026-10-15-numero-6.md";
    scene.put(name, &scene.read(name).replace("Le corps 6.", "Le corps 6, relu."));
    for (day, number) in [("2026-07-03", 0), ("2026-07-11", 1), ("2026-07-12", 2)] {
        fs::remove_file(scene.path(&format!("columns/{day}-numero-{number}.md"))).expect("a file");
    }
    scene.ok(&["sync", "--at", AT]);
}

/// Withdrawn columns leave their mark in when a feed says that it changed; the rest is the same.
fn same(scene: &Scene, what: &str) {
    let strip = |files: BTreeMap<String, Vec<u8>>| -> BTreeMap<String, String> {
        let dated = |line: &&str| !line.contains("lastBuildDate");
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("UTF-8");
            let head = text.find("<updated>").filter(|at| text.find("<entry>").is_none_or(|entry| *at < entry));
            let text = match head {
                Some(at) => format!("{}{}", &text[..at], &text[at + 45..]),
                None => text,
            };
            text.lines().filter(dated).collect::<Vec<_>>().join("\n")
        };
        files.into_iter().map(|(name, bytes)| (name, text(bytes))).collect()
    };
    let (ours, alone) = (strip(files(scene)), strip(alone(scene)));
    assert_eq!(ours.keys().collect::<Vec<_>>(), alone.keys().collect::<Vec<_>>(), "{what}");
    for (name, text) in &alone {
        assert_eq!(&ours[name], text, "{what}: {name}");
    }
    let (documents, met) = walk(scene, "feeds/atom.xml");
    assert_eq!(met.len(), DAYS.len() - 3, "{what}: {documents:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_last_without_knowing_of_another_builds_again() {
    for scene in scenes() {
        scene.ok(&["sync", "--at", AT]);
        let (slow, _) = press(&scene).await;
        let written = slow.write_files().await.expect("files").expect("something new");
        let old = files(&scene);
        assert!(old.contains_key("archive/2026-07.2/atom.xml"), "{:?}", old.keys());
        change(&scene);
        scene.ok(&["publish", "--at", AT]);
        assert!(!scene.path("feeds/archive/2026-07.2/atom.xml").exists());
        // Only now do the files of the slow one come to their places.
        write(&scene, &old);
        let outcome = slow.record(written).await.expect("a commit");
        assert!(outcome.failed.is_empty() && outcome.written > 0, "{outcome:?}");
        same(&scene, "built again");
        assert_eq!(scene.ok(&["publish", "--at", AT]), "nothing new to publish\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_program_wrote_that_died_is_looked_at_again() {
    for scene in scenes() {
        scene.ok(&["sync", "--at", AT]);
        let (dead, _) = press(&scene).await;
        let written = dead.write_files().await.expect("files").expect("something new");
        let old = files(&scene);
        change(&scene);
        scene.ok(&["publish", "--at", AT]);
        write(&scene, &old);
        drop(written);
        write(&scene, &BTreeMap::from([("edito/.press-abc".to_owned(), b"half".to_vec())]));
        scene.ok(&["publish", "--at", AT]);
        assert!(scene.path("feeds/edito/.press-abc").exists(), "somebody may be at work on it");
        fs::remove_file(scene.path("feeds/edito/.press-abc")).expect("a file");
        same(&scene, "looked at again");
        write(&scene, &BTreeMap::from([("edito/.press-abc".to_owned(), b"half".to_vec())]));
        // Until nobody can be at work on it any more.
        tokio::task::block_in_place(|| {
            assert_eq!(scene.sql("UPDATE publications SET begun_at = begun_at - 1800000"), 1);
            scene.ok(&["publish", "--at", AT]);
            assert_eq!(scene.sql("DELETE FROM publications"), 0);
            assert!(!scene.path("feeds/edito/.press-abc").exists());
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_nothing_leads_to_are_taken_away() {
    for scene in scenes() {
        scene.ok(&["sync", "--at", AT]);
        scene.ok(&["publish", "--at", AT]);
        let before = files(&scene);
        let stray = before.iter().filter(|(name, _)| name.starts_with("archive/2026-10/"));
        let stray: BTreeMap<String, Vec<u8>> =
            stray.map(|(name, bytes)| (name.replace("2026-10", "2026-09.3"), bytes.clone())).collect();
        assert_eq!(stray.len(), 3);
        write(&scene, &stray);
        let theirs = BTreeMap::from([("archive/2026-09/rss.xml".to_owned(), b"<rss>not ours</rss>".to_vec())]);
        write(&scene, &theirs);
        scene.ok(&["publish", "--at", AT]);
        let mut left = files(&scene);
        assert!(left.remove("archive/2026-09/rss.xml").is_some(), "what others keep there is theirs");
        assert_eq!(left, before);
        assert_eq!(scene.ok(&["publish", "--at", AT]), "nothing new to publish\n");
    }
}

#[test]
fn a_lost_folder_is_written_whole_whatever_was_lost_of_it() {
    for settings in ["", "precompress = true", "bylines = true"] {
        let scene = scene(&DAYS, settings);
        scene.ok(&["run", "--at", AT]);
        let before = files(&scene);
        fs::remove_dir_all(scene.path("feeds")).expect("a folder");
        scene.ok(&["publish", "--at", AT]);
        assert_eq!(files(&scene), before, "{settings}");
        // Any of them, at the next run.
        for name in before.keys().step_by(if settings.is_empty() { 3 } else { 11 }) {
            fs::remove_file(scene.path(&format!("feeds/{name}"))).expect("a file");
            scene.ok(&["publish", "--at", AT]);
            assert!(files(&scene) == before, "{settings}: {name}");
        }
        fs::remove_dir_all(scene.path("feeds/archive")).expect("a folder");
        scene.ok(&["publish", "--at", AT]);
        assert_eq!(files(&scene), before, "{settings}");
    }
}

/// Publishes as long after the last change as cron does; says how many files were written.
async fn later(scene: &Scene) -> usize {
    at_clock(scene, chrono::Utc::now() + chrono::Duration::hours(1)).await
}

/// Publishes at an instant, and closes the store as a program does: left to themselves, its connections end some
/// time later, and a copy of the file that is made meanwhile is not the store.
async fn at_clock(scene: &Scene, clock: Instant) -> usize {
    let (press, store) = press(scene).await;
    let written = press.with_clock(clock).publish().await.expect("a publication").written;
    store.close().await;
    written
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_lost_is_missed_though_its_folder_is_as_old_as_before() {
    for scene in scenes() {
        scene.ok(&["sync", "--at", AT]);
        scene.ok(&["publish", "--at", AT]);
        let before = files(&scene);
        // What has just changed may change once more without looking otherwise.
        let changed = |name: &str| fs::metadata(scene.path(name)).and_then(|meta| meta.modified()).expect("a time");
        let names = before.keys().filter_map(|name| Some(format!("feeds/{}", name.rsplit_once('/')?.0)));
        let last = names.map(|name| changed(&name)).max().expect("a folder");
        let at_once = chrono::DateTime::<chrono::Utc>::from(last) + chrono::Duration::seconds(1);
        assert_eq!(at_clock(&scene, at_once).await, 0);
        let remembered = "DELETE FROM feed_state WHERE feed = '*files'";
        tokio::task::block_in_place(|| assert_eq!(scene.sql(remembered), 0));
        assert_eq!((later(&scene).await, later(&scene).await), (0, 0));
        // What was found whole is not listed again: else it would be missed that a document is not there.
        let believe = |more: i64| {
            let statement = match more {
                1 => "UPDATE feed_months SET documents = documents + 1 WHERE feed = '' AND month = '2026-10'",
                _ => "UPDATE feed_months SET documents = documents - 1 WHERE feed = '' AND month = '2026-10'",
            };
            tokio::task::block_in_place(|| assert_eq!(scene.sql(statement), 1));
        };
        believe(1);
        assert_eq!(later(&scene).await, 0);
        believe(-1);
        for (back, name) in [(0, "archive/2026-10/rss.xml"), (1, "edito/archive/2026-07/feed.json")] {
            let path = scene.path(&format!("feeds/{name}"));
            let folder = path.parent().expect("a folder");
            let times = |of: &std::path::Path| fs::metadata(of).and_then(|meta| meta.modified()).expect("a time");
            let (own, above) = (times(folder), times(folder.parent().expect("a folder")));
            fs::remove_file(&path).expect("a file");
            let older = own - Duration::from_secs(86_400 * back);
            File::open(folder).and_then(|folder| folder.set_modified(older)).expect("a time");
            assert_eq!((times(folder), times(folder.parent().expect("a folder"))), (older, above));
            assert!(later(&scene).await > 0, "{name}");
            assert_eq!(files(&scene), before, "{name}");
            assert_eq!(later(&scene).await, 0);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_from_a_backup_finds_what_is_missing_in_a_newer_folder() {
    let scene = scene(&DAYS, "");
    scene.ok(&["sync", "--at", AT]);
    scene.ok(&["publish", "--at", AT]);
    let before = files(&scene);
    assert_eq!(later(&scene).await, 0);
    fs::copy(scene.path("gazetier.db"), scene.path("backup.db")).expect("a backup");
    change(&scene);
    scene.ok(&["publish", "--at", AT]);
    assert_eq!(later(&scene).await, 0);
    assert!(!scene.path("feeds/archive/2026-07.2/rss.xml").exists());
    fs::copy(scene.path("backup.db"), scene.path("gazetier.db")).expect("a store");
    assert!(later(&scene).await > 0);
    assert_eq!(files(&scene).into_keys().collect::<Vec<_>>(), before.into_keys().collect::<Vec<_>>());
}

#[test]
fn what_a_feed_says_of_when_it_changed_never_goes_back() {
    for scene in [scene(&DAYS[..3], ""), scene(&DAYS[..3], "tombstones = true").on_postgres()] {
        let told = |scene: &Scene| {
            let json = scene.read("feeds/atom.xml");
            let (head, _) = json.split_once("<entry>").expect("an entry");
            let (_, rest) = head.split_once("<updated>").expect("an instant");
            rest.split('<').next().expect("an instant").to_owned()
        };
        scene.ok(&["run", "--at", AT]);
        assert_eq!(told(&scene), "2026-07-12T08:00:00+00:00");
        fs::remove_file(scene.path("columns/2026-07-12-numero-2.md")).expect("a file");
        scene.ok(&["run", "--at", "2026-11-06T10:00:00Z"]);
        assert_eq!(told(&scene), "2026-11-06T10:00:00+00:00", "when the newest was withdrawn");
        // Back again, with the date that it had.
        column(&scene, "2026-07-12", 2);
        scene.ok(&["run", "--at", "2026-11-07T10:00:00Z"]);
        assert_eq!(told(&scene), "2026-11-06T10:00:00+00:00", "what was told stays told");
        assert!(scene.read("feeds/atom.xml").contains("Numéro 2"));
        column(&scene, "2026-11-08", 7);
        scene.ok(&["run", "--at", "2026-11-09T10:00:00Z"]);
        assert_eq!(told(&scene), "2026-11-08T08:00:00+00:00");
    }
}
