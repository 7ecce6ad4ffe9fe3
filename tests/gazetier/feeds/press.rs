//! Which files are written when: those that differ, whole, and no others.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
};

use super::{LATER, written::hostile};
use crate::support::Scene;

/// A file of its own for each form of a feed.
const FORMS: [&str; 3] = ["rss.xml", "atom.xml", "feed.json"];
const FILES: [&str; 15] = [
    "atom.xml",
    "carnet/atom.xml",
    "carnet/feed.json",
    "carnet/rss.xml",
    "edito/atom.xml",
    "edito/feed.json",
    "edito/rss.xml",
    "feed.css",
    "feed.json",
    "feeds.opml",
    "humeur/atom.xml",
    "humeur/feed.json",
    "humeur/rss.xml",
    "index.html",
    "rss.xml",
];

/// What tells that a file was touched: its time and its place on the disk.
fn marks(scene: &Scene) -> BTreeMap<String, (i64, i64, u64)> {
    let mark = |name: &String| {
        let meta = fs::metadata(scene.path(&format!("feeds/{name}"))).expect("a file");
        (meta.mtime(), meta.mtime_nsec(), meta.ino())
    };
    scene.files("feeds").into_iter().map(|name| (name.clone(), mark(&name))).collect()
}

/// What has been touched since.
fn touched(scene: &Scene, before: &BTreeMap<String, (i64, i64, u64)>) -> Vec<String> {
    marks(scene).into_iter().filter(|(name, mark)| before.get(name) != Some(mark)).map(|(name, _)| name).collect()
}

fn bytes(scene: &Scene) -> BTreeMap<String, Vec<u8>> {
    let read = |name: &String| fs::read(scene.path(&format!("feeds/{name}"))).expect("a file");
    scene.files("feeds").into_iter().map(|name| (name.clone(), read(&name))).collect()
}

/// The forms of these feeds, `""` being that of all columns, in order.
fn forms(feeds: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = feeds.iter().flat_map(|feed| FORMS.map(|form| format!("{feed}{form}"))).collect();
    names.sort();
    names
}

fn column(title: &str, published: &str, more: &str) -> String {
    format!("---\ntitle: {title}\npublished: {published}\n{more}\n---\n\nUn corps.\n")
}

fn titles(scene: &Scene, feed: &str) -> Vec<String> {
    scene.items(feed).iter().map(|item| item["title"].as_str().expect("a title").to_owned()).collect()
}

fn sample() -> Scene {
    let scene = Scene::sample();
    scene.ok(&["sync"]);
    scene
}

#[test]
fn a_publication_is_these_files_and_leaves_nothing_else_behind() {
    let scene = sample();
    assert_eq!(scene.ok(&["publish", "--at", LATER]), "15 files published in feeds\n");
    assert_eq!(scene.files("feeds"), FILES);
    assert_eq!(scene.ok(&["publish", "--at", LATER]), "nothing new to publish\n");
    assert_eq!(scene.files("feeds"), FILES);
}

#[test]
fn equal_columns_give_equal_bytes_whenever_they_are_published() {
    for scene in [sample(), hostile()] {
        scene.ok(&["sync"]);
        scene.ok(&["publish", "--at", LATER]);
        let first = bytes(&scene);
        fs::remove_dir_all(scene.path("feeds")).expect("the feeds");
        assert_eq!(scene.ok(&["publish", "--at", "2031-05-06T07:08:09Z"]), "15 files published in feeds\n");
        assert_eq!(bytes(&scene), first);
        // In a new store as well.
        for name in ["gazetier.db", "gazetier.db-wal", "gazetier.db-shm"] {
            let _ = fs::remove_file(scene.path(name));
        }
        fs::remove_dir_all(scene.path("feeds")).expect("the feeds");
        scene.ok(&["sync"]);
        scene.ok(&["publish", "--at", LATER]);
        assert_eq!(bytes(&scene), first);
    }
}

#[test]
fn both_backends_publish_the_same_bytes() {
    let [sqlite, postgres] = [hostile(), hostile().on_postgres()].map(|scene| {
        scene.ok(&["sync"]);
        scene.ok(&["publish", "--at", LATER]);
        bytes(&scene)
    });
    assert_eq!(sqlite.len(), 15);
    assert_eq!(sqlite, postgres);
}

#[test]
fn a_file_is_touched_when_its_columns_change_and_not_before() {
    let scene = sample();
    scene.ok(&["publish", "--at", LATER]);
    let before = marks(&scene);
    scene.ok(&["publish", "--at", LATER]);
    scene.ok(&["publish", "--at", "2031-01-01"]);
    // Read again, and found to be the same.
    let file = "columns/2026-11-20-vue-mer-partielle.md";
    scene.put(file, &scene.read(file));
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(touched(&scene, &before), Vec::<String>::new());

    scene.put("columns/neuf.md", &column("Neuf", "2026-11-28", "rubrique: Carnet"));
    scene.ok(&["sync"]);
    assert_eq!(scene.ok(&["publish", "--at", LATER]), "6 files published in feeds\n");
    assert_eq!(touched(&scene, &before), forms(&["", "carnet/"]));

    let before = marks(&scene);
    scene.put(file, &scene.read(file).replace("Vue mer", "Vue sur mer"));
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(touched(&scene, &before), forms(&["", "humeur/"]));

    // From one rubrique to another: both have changed.
    let before = marks(&scene);
    scene.put(file, &scene.read(file).replace("Humeur", "Édito"));
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(touched(&scene, &before), forms(&["", "edito/", "humeur/"]));
}

#[test]
fn a_column_appears_when_its_time_has_come() {
    let scene = sample();
    let title = "Ce que la digue ne dit pas".to_owned();
    scene.ok(&["publish", "--at", "2026-11-27T07:59:59.999+01:00"]);
    let before = marks(&scene);
    assert_eq!((titles(&scene, "feed.json").len(), titles(&scene, "edito/feed.json").contains(&title)), (11, false));
    scene.ok(&["publish", "--at", "2026-11-27T08:00:00+01:00"]);
    assert_eq!((titles(&scene, "feed.json").len(), titles(&scene, "edito/feed.json").contains(&title)), (12, true));
    assert_eq!(touched(&scene, &before), forms(&["", "edito/"]));
}

#[test]
fn what_was_deleted_by_hand_is_written_again() {
    let scene = sample();
    scene.ok(&["publish", "--at", LATER]);
    let first = bytes(&scene);
    for name in FILES {
        fs::remove_file(scene.path(&format!("feeds/{name}"))).expect("a file");
        assert_eq!(scene.ok(&["publish", "--at", LATER]), "1 files published in feeds\n", "{name}");
        assert_eq!(bytes(&scene), first, "{name}");
    }
    fs::remove_dir_all(scene.path("feeds/humeur")).expect("a folder");
    assert_eq!(scene.ok(&["publish", "--at", LATER]), "3 files published in feeds\n");
    assert_eq!(bytes(&scene), first);
}

#[test]
fn a_change_of_the_configuration_is_published_where_it_shows() {
    let scene = sample();
    scene.ok(&["publish", "--at", LATER]);
    let before = marks(&scene);
    let scene = scene.config("schedule = \"Mon 07:30\"", "schedule = \"Tue 07:30\"");
    assert_eq!(scene.ok(&["publish", "--at", LATER]), "nothing new to publish\n");
    assert_eq!(touched(&scene, &before), Vec::<String>::new());

    let scene = scene.config("description = \"Notes prises", "description = \"Choses prises");
    scene.ok(&["publish", "--at", LATER]);
    let with_pages = [forms(&["carnet/"]), vec!["feeds.opml".into(), "index.html".into()]].concat();
    assert_eq!(touched(&scene, &before), with_pages);

    // It is the same magazine, as the id says.
    let status: serde_json::Value = serde_json::from_str(&scene.ok(&["status", "--json"])).expect("JSON");
    let id = format!("id = {}\nname = \"Le Jusant\"", status["id"]);
    let scene = scene.config("name = \"L’Estran\"", &id);
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(touched(&scene, &before), FILES.into_iter().filter(|name| *name != "feed.css").collect::<Vec<_>>());
    assert!(scene.read("feeds/humeur/rss.xml").contains("<title>Le Jusant — Humeur</title>"));
}

#[test]
fn a_feed_holds_the_newest_columns_up_to_its_limit() {
    let scene = sample();
    scene.ok(&["publish", "--at", LATER]);
    let all = titles(&scene, "feed.json");
    let scene = scene.config("items = 50", "items = 2");
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(titles(&scene, "feed.json"), all[..2]);
    assert_eq!(titles(&scene, "carnet/feed.json").len(), 2);
}

#[test]
fn a_rubrique_may_tell_the_standfirst_alone() {
    let scene = sample().config("label = \"Humeur\"", "label = \"Humeur\"\ncontent = \"standfirst\"");
    scene.ok(&["publish", "--at", LATER]);
    let full = |feed: &str| scene.items(feed).iter().filter(|item| item.get("content_html").is_some()).count();
    assert_eq!((full("humeur/feed.json"), full("carnet/feed.json"), full("feed.json")), (0, 4, 12));
    assert!(scene.items("humeur/feed.json").iter().all(|item| item["content_text"] == item["summary"]));
    for (name, tag) in [("humeur/rss.xml", "<content:encoded>"), ("humeur/atom.xml", "<content ")] {
        assert!(!scene.read(&format!("feeds/{name}")).contains(tag), "{name}");
        let of_all = name.trim_start_matches("humeur/");
        assert!(scene.read(&format!("feeds/{of_all}")).contains(tag), "{of_all}");
    }
    let scene = scene.config("content = \"full\"", "content = \"standfirst\"");
    scene.ok(&["publish", "--at", LATER]);
    let full = |feed: &str| scene.items(feed).iter().filter(|item| item.get("content_html").is_some()).count();
    assert_eq!((full("humeur/feed.json"), full("carnet/feed.json"), full("feed.json")), (0, 0, 0));
}

#[test]
fn columns_of_one_instant_are_updated_at_instants_of_their_own() {
    let scene = Scene::empty();
    for n in 1..=7 {
        scene.put(&format!("columns/{n}.md"), &column(&format!("Titre {n}"), "2026-11-20", "slug: essai"));
    }
    scene.ok(&["sync"]);
    scene.put("columns/8.md", &column("Titre 8", "2026-11-20", "slug: essai"));
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    let atom = scene.read("feeds/atom.xml");
    let mut updates: Vec<&str> =
        atom.split("<entry>").skip(1).filter_map(|e| e.split_once("<updated>")?.1.split('<').next()).collect();
    updates.sort_unstable();
    let expected: Vec<String> = (0..8)
        .map(|n| format!("2026-11-19T23:00:00{}+00:00", if n == 0 { String::new() } else { format!(".00{n}") }))
        .collect();
    let mut expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(updates, expected);
}

#[test]
fn a_web_server_may_read_what_is_published() {
    let scene = sample();
    let outcome = Command::new("sh")
        .args(["-c", "umask 022 && exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_gazetier"), "publish", "--at", LATER])
        .current_dir(scene.path(""))
        .output()
        .expect("the program");
    assert!(outcome.status.success());
    let mode = |name: &str| fs::metadata(scene.path(&format!("feeds/{name}"))).expect("a file").permissions().mode();
    for name in FILES {
        assert_eq!(mode(name) & 0o7777, 0o644, "{name}");
    }
    for folder in ["", "edito", "humeur", "carnet"] {
        assert_eq!(mode(folder) & 0o7777, 0o755, "{folder}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    for (file, path) in [("feeds", "feeds/.gazetier"), ("feeds/humeur", "feeds/humeur/rss.xml")] {
        let scene = sample().write(file, "Ici, rien n’est un dossier.\n");
        for command in ["publish", "run"] {
            let outcome = scene.run(&[command, "--at", LATER]);
            assert_eq!((outcome.code, outcome.stdout.as_str()), (73, ""), "{outcome:?}");
            assert_eq!(
                outcome.stderr.lines().next(),
                Some(format!("gazetier: cannot write {path}: File exists (os error 17)").as_str())
            );
        }
        // Out of the way, all of it is published.
        fs::remove_file(scene.path(file)).expect("the file");
        scene.ok(&["publish", "--at", LATER]);
        assert_eq!(scene.files("feeds"), FILES);
    }
}
