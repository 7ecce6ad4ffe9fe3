//! Folders as generators of sites have them: who moves in changes no file.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::LATER;
use crate::support::Scene;

/// A scene whose source is a folder of `sites`, as it was on a day; what reading it said, and the columns.
fn site(name: &str, folder: &str) -> String {
    let scene = Scene::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gazetier/imports/sites").join(name);
    copy(&root.join(folder), &scene.path("columns"));
    let outcome = scene.run(&["sync", "--at", "2026-11-21T08:00"]);
    scene.ok(&["publish", "--at", "2026-11-21T08:00"]);
    let columns: Vec<Value> = scene.items("feed.json").into_iter().map(told).collect();
    let columns = serde_json::to_string_pretty(&columns).expect("JSON");
    format!("{} {}{}\n{columns}\n", outcome.code, outcome.stdout, outcome.stderr)
}

/// What the source says of a column, without what is the same in all.
fn told(mut item: Value) -> Value {
    let item_id = item["id"].take();
    let id = item_id.as_str().unwrap_or_default().replace("tag:estran.example.org,2026-01-01:markdown/", "");
    if let Some(fields) = item.as_object_mut() {
        fields.remove("content_text");
    }
    item["id"] = json!(id);
    item
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let from = entry.expect("an entry").path();
        let to = to.join(from.file_name().expect("a name"));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a copy");
        }
    }
}

#[test]
fn a_folder_of_hugo_is_taken() {
    insta::assert_snapshot!("hugo", site("hugo", "."));
}

#[test]
fn a_folder_of_zola_is_taken() {
    insta::assert_snapshot!("zola", site("zola", "content"));
}

#[test]
fn a_folder_of_jekyll_is_taken() {
    insta::assert_snapshot!("jekyll", site("jekyll", "."));
}

#[test]
fn a_folder_of_pelican_is_taken() {
    insta::assert_snapshot!("pelican", site("pelican", "content"));
}

#[test]
fn a_folder_of_eleventy_is_taken() {
    insta::assert_snapshot!("eleventy", site("eleventy", "posts"));
}

#[test]
fn a_folder_of_decap_is_taken() {
    insta::assert_snapshot!("decap", site("decap", "content"));
}

/// The titles that readers see after a run.
fn titles(scene: &Scene, at: &str) -> Vec<String> {
    scene.ok(&["sync", "--at", at]);
    scene.ok(&["publish", "--at", at]);
    scene.items("feed.json").iter().map(|item| item["title"].as_str().expect("a title").to_owned()).collect()
}

#[test]
fn an_embargo_ends_and_an_expiry_comes_by_itself() {
    let scene = Scene::empty();
    scene.put(
        "columns/a.md",
        "+++\ntitle = \"A\"\ndate = 2026-10-01\npublishDate = 2026-10-10\nexpiryDate = 2026-10-20\n+++\n\nx\n",
    );
    for (at, seen) in [("2026-10-09", false), ("2026-10-11", true), ("2026-10-21", false)] {
        assert_eq!(!titles(&scene, at).is_empty(), seen, "{at}");
    }
    // What says that it is none is withdrawn, also without a date; and comes back.
    scene.put("columns/b.md", "---\ntitle: B\ndate: 2026-10-01\n---\n\nx\n");
    assert_eq!(titles(&scene, "2026-10-22"), ["B"]);
    scene.put("columns/b.md", "---\ntitle: B\npublished: false\n---\n\nx\n");
    assert_eq!(titles(&scene, "2026-10-22"), Vec::<String>::new());
    scene.put("columns/b.md", "---\ntitle: B\ndate: 2026-10-01\npublished: true\n---\n\nx\n");
    assert_eq!(titles(&scene, "2026-10-22"), ["B"]);
    // A column that turns into a page is told, and stays.
    scene.put("columns/b.md", "---\ntitle: B\nlayout: page\n---\n\nx\n");
    let outcome = scene.run(&["sync", "--at", "2026-10-22"]);
    assert_eq!(outcome.code, 65);
    assert!(outcome.stderr.contains("b.md: it is no column: it is a page without a date"), "{outcome:?}");
}

#[test]
fn a_front_matter_that_means_harm_is_refused_in_time() {
    let many = |line: &str, times: usize| line.repeat(times);
    let aliases: String = (1..30).map(|n| format!("a{n}: &a{n} [*a{}, *a{}]\n", n - 1, n - 1)).collect();
    for (what, text, taken) in [
        ("100 kB of keys", (0..5_000).map(|n| format!("cle{n}: une valeur\n")).collect::<String>(), true),
        ("a long text", format!("note: {}\n", many("x", 100_000)), true),
        ("deep lists", format!("tags: {}{}\n", many("[", 50_000), many("]", 50_000)), false),
        ("deep tables", format!("extra: {}{}\n", many("{a: ", 20_000), many("}", 20_000)), false),
        ("a bomb", format!("a0: &a0 [x, x]\n{aliases}tags: *a29\n"), false),
        ("a list without an end", "tags: [a, b\n".to_owned(), false),
        ("a quotation without an end", "note: \"a\n".to_owned(), false),
    ] {
        let scene = Scene::empty().write("columns/a.md", &format!("---\ntitle: A\ndate: 2026-10-01\n{text}---\n\nx\n"));
        let outcome = scene.run(&["sync"]);
        assert_eq!(outcome.code, if taken { 0 } else { 65 }, "{what}: {}", outcome.stdout);
    }
    for (what, text) in [
        ("JSON", format!("{{\"title\": \"A\", \"tags\": {}", many("[", 100_000))),
        ("TOML", format!("+++\ntitle = \"A\"\ntags = {}\n+++\n", many("[", 100_000))),
        ("JSON without an end", "{\"title\": \"A\"".to_owned()),
        ("a header alone", format!("Title: {}\n", many("x: ", 50_000))),
    ] {
        let scene = Scene::empty().write("columns/a.md", &text);
        assert_eq!(scene.run(&["sync"]).code, 65, "{what}");
    }
}

#[test]
fn what_is_wrong_in_another_generators_file_is_told() {
    let mut said = String::new();
    for text in [
        "---\ntitle: A\ndate: 2026-10-01\ndraft: peut-être\n---\n",
        "---\ntitle: A\ndate: [2026-10-01]\n---\n",
        "---\ntitle: A\ndate: Last Modified\n---\n",
        "---\ntitle: A\ndate: 2026-10-01\nslug: \"…\"\n---\n",
        "---\ntitle: A\ndate: 2026-10-01\nimage: { alt: x }\n---\n",
        "---\ntitle: A\ndate: 2026-10-01\nthumbnail: 'data:image/png;base64,x'\n---\n",
        "---js\n{ title: \"A\" }\n---\n",
        "Title: A\nSans date\n",
    ] {
        let scene = Scene::empty().write("columns/a.md", text);
        let outcome = scene.run(&["sync"]);
        said += &format!("# {text}{} {}{}\n", outcome.code, outcome.stdout, outcome.stderr);
    }
    insta::assert_snapshot!("wrong", said);
}

#[test]
fn blank_lines_may_stand_before_a_front_matter() {
    let scene = Scene::empty();
    scene.put("columns/a.md", "\n \n+++\ntitle = \"A\"\ndate = 2026-10-01\n+++\nx\n");
    assert_eq!(titles(&scene, "2026-11-01"), ["A"]);
    scene.put("columns/a.md", "\n\n---\ntitle: Zoé #1\ndate: 2026-10-01\n---\n\n{{< x >}}\n");
    let said = scene.run(&["sync"]).stderr;
    assert!(said.contains("a.md:4: title: YAML reads"), "{said}");
    assert!(said.contains("a.md:8: the shortcode \"x\""), "{said}");
}

#[test]
fn what_many_files_have_in_common_is_told_once() {
    let scene = Scene::empty();
    for name in ["a", "b", "c"] {
        let text = format!("---\ntitle: {name}\ndate: 2026-10-01\nthème: clair\ncategories: [Autre]\n---\n\nx\n");
        scene.put(&format!("columns/{name}.md"), &text);
    }
    let outcome = scene.run(&["sync"]);
    assert_eq!(
        outcome.stderr,
        "gazetier: warning: columns/a.md: the front matter's \"thème\" means nothing here: passed over (and in 2 more \
         files)\n\
         gazetier: warning: columns/a.md: \"Autre\" is no rubrique of the configuration: the column is in the feed of all \
         columns alone (and in 2 more files)\n"
    );
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(scene.items("feed.json").len(), 3);
}
