//! Archive documents that are too large, or cut otherwise than before: none is larger than readers
//! take, none changes that is closed, none stays that nothing leads to, and no column is lost.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt,
    process::Command,
};

use gazetier::{config::Config, model::FeedKey, publish::forms::conform::MAX_FEED_BYTES};

use crate::{
    history::{DAYS, scene, walk},
    support::{SILENCE, Scene, needed},
    validator,
};

/// A scene in which the feed of a rubrique has whole texts, and that of all columns has not.
fn roomy() -> Scene {
    let scene = Scene::empty().config("content = \"full\"", "content = \"standfirst\"");
    scene.config("label = \"Humeur\"", "label = \"Humeur\"\ncontent = \"full\"")
}

/// A column of 1.6 MB: two fit into an archive, three into the document to subscribe to.
fn large(scene: &Scene, day: &str, number: usize) {
    let head = format!("---\ntitle: Numéro {number}\nrubrique: humeur\npublished: {day}T{number:02}:00:00Z\n---\n");
    scene.put(&format!("columns/{day}-{number}.md"), &(head + &"La mer monte et redescend. ".repeat(60_000)));
}

/// What tells that a file was touched: its time and its place on the disk.
fn marks(scene: &Scene) -> BTreeMap<String, (i64, i64, u64)> {
    let mark = |name: &String| {
        let meta = fs::metadata(scene.path(&format!("feeds/{name}"))).expect("a file");
        (meta.mtime(), meta.mtime_nsec(), meta.ino())
    };
    scene.files("feeds").into_iter().map(|name| (name.clone(), mark(&name))).collect()
}

/// The archive documents that are there, by their folders.
fn documents(scene: &Scene, feed: &str) -> BTreeSet<String> {
    let files = scene.files(&format!("feeds/{feed}archive"));
    files.iter().filter_map(|name| name.split_once('/')).map(|(folder, _)| folder.to_owned()).collect()
}

/// Walks a feed in all its forms: every column of so many is found, no archive holds one that another
/// holds, none is too large, and there is none besides.
fn every_column_is_found(scene: &Scene, feed: &str, columns: usize) {
    let mut walked = BTreeSet::new();
    for form in ["rss.xml", "atom.xml", "feed.json"] {
        let (documents, met) = walk(scene, &format!("feeds/{feed}{form}"));
        assert_eq!(met.len(), columns, "{form}: {met:?}");
        assert!(documents.iter().all(|name| scene.read(name).len() <= MAX_FEED_BYTES), "{form}");
        walked.extend(documents.iter().map(|name| name.trim_end_matches(form).to_owned()));
    }
    let names = documents(scene, feed);
    let ids = names.iter().flat_map(|name| scene.items(&format!("{feed}archive/{name}/feed.json")));
    let ids: Vec<String> = ids.map(|item| item["id"].to_string()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "a column is in two archives: {ids:?}");
    let there = names.iter().map(|name| format!("feeds/{feed}archive/{name}/"));
    assert_eq!(walked, there.chain([format!("feeds/{feed}")]).collect());
}

/// What others make of the same documents: the validator finds nothing, and two readers find every
/// column and are led from each document to the next.
fn by_others(scene: &Scene, feed: &str, columns: usize) {
    every_column_is_found(scene, feed, columns);
    let config = Config::load(&scene.path("config.toml")).expect("a configuration");
    let at = chrono::DateTime::parse_from_rfc3339("2027-01-01T00:00:00Z").expect("an instant").to_utc();
    let key = FeedKey::from_key(feed.trim_end_matches('/')).expect("a feed");
    for name in documents(scene, feed).iter().map(|name| Some(name.as_str())).chain([None]) {
        let read = |path: String| (path.clone(), scene.read(&format!("feeds/{path}")).into_bytes());
        let files: Vec<_> = gazetier::publish::forms::paths(&key, name).into_iter().map(read).collect();
        assert_eq!(validator::document(&config, &key, name, &files, at), Vec::<String>::new(), "{name:?}");
    }
    for form in ["rss.xml", "atom.xml"] {
        by_feedparser(scene, &walk(scene, &format!("feeds/{feed}{form}")).0, columns);
    }
    let (mut next, mut met) = (Some(format!("feeds/{feed}atom.xml")), BTreeSet::new());
    while let Some(name) = next {
        let read = feed_rs::parser::parse(scene.read(&name).as_bytes()).expect("a feed");
        met.extend(read.entries.into_iter().map(|entry| entry.id));
        let previous = read.links.into_iter().find(|link| link.rel.as_deref() == Some("prev-archive"));
        next = previous.map(|link| link.href.replace("https://estran.example.org/", ""));
    }
    assert_eq!(met.len(), columns);
}

/// feedparser reads the same documents, and is led from each to the next.
fn by_feedparser(scene: &Scene, documents: &[String], columns: usize) {
    let output = Command::new(needed("GAZETIER_TEST_PYTHON"))
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gazetier/read_feeds.py"))
        .args(documents)
        .current_dir(scene.path(""))
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .expect("Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    let led: Vec<Option<String>> = read
        .iter()
        .map(|document| Some(document["previous"].as_str()?.replace("https://estran.example.org/", "")))
        .collect();
    let expected: Vec<Option<String>> = documents[1..].iter().cloned().map(Some).chain([None]).collect();
    assert_eq!(led, expected);
    let entries = read.iter().flat_map(|document| document["entries"].as_array().expect("entries"));
    let ids: BTreeSet<&str> = entries.map(|entry| entry["id"].as_str().expect("an id")).collect();
    assert_eq!(ids.len(), columns);
}

#[test]
fn a_month_too_large_for_a_document_is_split() {
    let scene = roomy();
    // Of the last month as of the present one.
    for day in ["2026-10-07", "2026-11-03"] {
        (0..3).for_each(|number| large(&scene, day, number));
    }
    scene.ok(&["run", "--at", "2026-11-20"]);
    let split = ["2026-10", "2026-10.2", "2026-11"];
    assert_eq!(documents(&scene, "humeur/"), split.map(str::to_owned).into());
    every_column_is_found(&scene, "humeur/", 6);

    // What is closed stays as it is while the month grows, and when it is over.
    let closed = || -> Vec<_> {
        let within = |name: &str| split.iter().any(|folder| name.starts_with(&format!("humeur/archive/{folder}/")));
        marks(&scene).into_iter().filter(|(name, _)| within(name)).collect()
    };
    let before = closed();
    assert_eq!(before.len(), 9);
    large(&scene, "2026-11-03", 3);
    scene.ok(&["run", "--at", "2026-11-21"]);
    every_column_is_found(&scene, "humeur/", 7);
    assert_eq!(documents(&scene, "humeur/").len(), 3);
    scene.ok(&["run", "--at", "2026-12-02"]);
    every_column_is_found(&scene, "humeur/", 7);
    assert_eq!(documents(&scene, "humeur/").len(), 4);
    assert_eq!(closed(), before);
    assert_eq!(scene.ok(&["publish", "--at", "2026-12-03"]), "nothing new to publish\n");
}

#[test]
fn few_columns_that_are_too_large_have_archives_too() {
    let scene = roomy();
    (0..3).for_each(|number| large(&scene, "2026-11-03", number));
    scene.ok(&["run", "--at", "2026-11-20"]);
    assert!(scene.read("feeds/humeur/atom.xml").contains("<fh:complete/>"));
    assert!(documents(&scene, "humeur/").is_empty());
    large(&scene, "2026-11-03", 3);
    assert_eq!(scene.run(&["run", "--at", "2026-11-21"]), SILENCE);
    assert!(!scene.read("feeds/humeur/atom.xml").contains("<fh:complete/>"));
    every_column_is_found(&scene, "humeur/", 4);
    // Without archives, nothing tells of what has no room: the editors must know.
    scene.reconfigure(
        "url = \"https://estran.example.org/feeds/\"",
        "url = \"https://estran.example.org/feeds/\"\narchives = false",
    );
    let outcome = scene.run(&["run", "--at", "2026-11-21"]);
    let expected = "gazetier: warning: the feed humeur: its 1 oldest columns are left out, it would be too large\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, expected));
    scene.reconfigure("archives = false", "archives = true");
    // Withdrawn, one leaves room for the others, and the archives go.
    fs::remove_file(scene.path("columns/2026-11-03-1.md")).expect("a file");
    scene.ok(&["run", "--at", "2026-11-22"]);
    assert!(scene.read("feeds/humeur/atom.xml").contains("<fh:complete/>"));
    every_column_is_found(&scene, "humeur/", 3);
}

#[test]
fn documents_of_an_old_cut_are_removed() {
    let scene = scene(&DAYS, "precompress = true");
    scene.ok(&["run", "--at", "2026-11-05"]);
    by_others(&scene, "", DAYS.len());
    assert_eq!(documents(&scene, ""), ["2026-07", "2026-07.2", "2026-08", "2026-10"].map(str::to_owned).into());
    // What others put there is theirs.
    scene.put("feeds/archive/2026-07.2/notes.txt", "À nous.\n");
    scene.put("feeds/archive/LISEZ-MOI", "À nous.\n");
    scene.reconfigure("items = 4", "items = 6");
    scene.ok(&["run", "--at", "2026-11-05"]);
    let left = ["2026-07.2/notes.txt", "LISEZ-MOI"].map(str::to_owned);
    let gone = |name: &String| !left.contains(name) && !name.starts_with("2026-07/") && !name.starts_with("2026-08/");
    let files: Vec<String> = scene.files("feeds/archive").into_iter().filter(gone).collect();
    assert!(files.iter().all(|name| name.starts_with("2026-10/")), "{files:?}");
    for name in left {
        fs::remove_file(scene.path(&format!("feeds/archive/{name}"))).expect("what is not ours");
    }
    let _ = fs::remove_dir(scene.path("feeds/archive/2026-07.2"));
    every_column_is_found(&scene, "", DAYS.len());
    // Large enough for all, or without archives: none is left.
    for (from, to) in
        [("items = 6", "items = 60"), ("items = 60", "items = 4"), ("items = 4", "items = 4\narchives = false")]
    {
        scene.reconfigure(from, to);
        scene.ok(&["run", "--at", "2026-11-05"]);
        assert_eq!(documents(&scene, "").is_empty(), to != "items = 4", "{to}");
    }
    assert!(!scene.path("feeds/archive/2026-07").exists());
    assert!(!scene.read("feeds/atom.xml").contains("prev-archive"));
}

#[test]
fn a_run_that_dies_between_files_and_store_leaves_a_history_that_the_next_one_mends() {
    let scene = scene(&DAYS, "").on_postgres();
    scene.ok(&["run", "--at", "2026-11-05"]);
    by_others(&scene, "humeur/", 5);
    // As if the commit had been lost, and a file with it.
    scene.sql("DELETE FROM feed_state");
    scene.sql("UPDATE feed_months SET documents = 0, held = 0, heads = '', closed = 0");
    fs::remove_file(scene.path("feeds/archive/2026-08/rss.xml")).expect("a file");
    let before = marks(&scene);
    assert_eq!(scene.ok(&["publish", "--at", "2026-11-05"]), "1 files published in feeds\n");
    every_column_is_found(&scene, "", DAYS.len());
    let after = marks(&scene);
    assert!(before.iter().all(|(name, mark)| after.get(name) == Some(mark)));
}

#[test]
fn a_check_looks_into_archives() {
    let scene = scene(&DAYS, "");
    scene.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(scene.ok(&["publish", "--check", "--at", "2026-11-05"]), "4 feeds, no finding\n");
    assert_eq!(scene.sql("UPDATE columns SET body = '<p onclick=\"x\">a</p>' WHERE title = 'Numéro 0'"), 1);
    let outcome = scene.run(&["publish", "--check", "--at", "2026-11-05"]);
    assert_eq!((outcome.code, outcome.stdout.lines().count()), (65, 2), "{outcome:?}");
    for feed in ["(all columns)", "edito"] {
        assert!(outcome.stdout.contains(&format!("{feed}: \"Numéro 0\" (tag:")), "{}", outcome.stdout);
    }
}

#[test]
fn a_check_follows_the_links_of_what_was_published() {
    let scene = scene(&DAYS, "");
    let check = ["publish", "--check", "--at", "2026-11-05"];
    scene.ok(&["sync", "--at", "2026-11-05"]);
    assert_eq!(scene.ok(&check), "4 feeds, no finding\n", "what was never published has no files");
    scene.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(scene.ok(&check), "4 feeds, no finding\n");
    fs::remove_file(scene.path("feeds/archive/2026-08/feed.json")).expect("a file");
    fs::remove_file(scene.path("feeds/edito/rss.xml")).expect("a file");
    for form in ["rss.xml", "atom.xml", "feed.json"] {
        scene.put(&format!("feeds/archive/2026-09/{form}"), &scene.read(&format!("feeds/archive/2026-10/{form}")));
    }
    let outcome = scene.run(&check);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (65, "gazetier: 3 findings in 4 feeds\n"));
    let expected = "(all columns): the feed itself: folder: file-missing: archive/2026-08/feed.json cannot be read (No such \
                    file or directory (os error 2)): the next run writes it again\n\
                    (all columns): the feed itself: folder: file-stray: nothing leads to its document 2026-09: the next \
                    run takes it away\n\
                    edito: the feed itself: folder: file-missing: edito/rss.xml cannot be read (No such file or directory \
                    (os error 2)): the next run writes it again\n";
    assert_eq!(outcome.stdout, expected);
    scene.ok(&["publish", "--at", "2026-11-05"]);
    assert_eq!(scene.ok(&check), "4 feeds, no finding\n");
}
