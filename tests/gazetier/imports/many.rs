//! Many files at once: they come in as they would one by one, and take no more memory than few.

use std::fs;

use super::LATER;
use crate::support::{Outcome, Scene, peak};

/// Both backends.
fn scenes() -> [Scene; 2] {
    let scene = || Scene::empty().config("items = 50", "items = 1000");
    [scene(), scene().on_postgres()]
}

fn column(title: &str, front: &str, body: &str) -> String {
    format!("---\ntitle: {title}\npublished: 2026-11-18T08:00:00Z\n{front}\n---\n{body}\n")
}

/// What the store holds of columns: `key title url`, in the order of their names.
fn columns(scene: &Scene) -> Vec<String> {
    let listed: serde_json::Value = serde_json::from_str(&scene.ok(&["columns", "list", "--json"])).expect("JSON");
    let text = |column: &serde_json::Value, name: &str| column[name].as_str().unwrap_or_default().to_owned();
    let listed = listed.as_array().expect("columns").iter();
    let mut columns: Vec<String> =
        listed.map(|c| [text(c, "key"), text(c, "title"), text(c, "url")].join(" ")).collect();
    columns.sort();
    columns
}

#[test]
fn what_is_in_the_way_of_one_of_many_is_told_and_stops_no_other() {
    for scene in scenes() {
        for n in 0..500 {
            let front = match n {
                // Of two that want one address, the second gets another; of two with one guid it is refused.
                100 | 120 => "slug: deux",
                300 | 301 => "guid: https://autre.example.org/un",
                400 => "withdrawn: true",
                _ => "",
            };
            scene.put(&format!("columns/n{n:03}.md"), &column(&format!("Titre {n}"), front, "Un corps."));
        }
        scene.put("columns/n450.md", "sans titre");
        let outcome = scene.run(&["sync"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (65, "497 columns added\n"), "{outcome:?}");
        let told: Vec<&str> = outcome.stderr.lines().collect();
        let has = |words: [&str; 2]| told.iter().any(|line| words.iter().all(|word| line.contains(word)));
        assert!(has(["columns/n120.md: its address", "deux-2"]), "{told:#?}");
        assert!(has(["n301", "https://autre.example.org/un"]) && has(["columns/n450.md", "passed over"]), "{told:#?}");
        let before = columns(&scene);
        assert_eq!(before.len(), 497);
        assert!(before.iter().any(|c| c.starts_with("n120 Titre 120 ") && c.ends_with("/deux-2")), "{before:?}");

        // As they were, edited, gone, new and moved, among one another.
        for n in (0..500).step_by(7) {
            let path = format!("columns/n{n:03}.md");
            match n % 5 {
                0 => scene.put(&path, &column(&format!("Autre titre {n}"), "", "Un corps.")),
                1 => fs::remove_file(scene.path(&path)).expect("a file"),
                2 => scene.put(&format!("columns/x{n}.md"), &column(&format!("Nouveau {n}"), "", "Un autre corps.")),
                3 => {
                    let words = "mer vent phare digue port quai mouette sel sable rocher cap baie anse crique";
                    scene.put(&path, &column(&format!("Titre {n}"), "", words));
                }
                _ => {}
            }
        }
        scene.run(&["sync"]);
        let moved = |n: u32| (format!("columns/n{n:03}.md"), format!("columns/ailleurs/m{n}.md"));
        let movers: Vec<u32> = (0..500).step_by(7).filter(|n| n % 5 == 3).collect();
        for n in &movers {
            let (from, to) = moved(*n);
            scene.put(&to, &scene.read(&from));
            fs::remove_file(scene.path(&from)).expect("a file");
        }
        let outcome = scene.run(&["sync"]);
        let lines = outcome.stdout.lines().filter(|line| line.contains(": moved, was ")).count();
        assert_eq!(lines, movers.len(), "{outcome:?}");
        // A store that sees all of it at once holds the same columns, but for their names and addresses.
        let [whole, _] = scenes();
        for name in scene.files("columns") {
            whole.put(&format!("columns/{name}"), &scene.read(&format!("columns/{name}")));
        }
        whole.run(&["sync"]);
        assert_eq!(titles(&scene), titles(&whole));
    }
}

/// The titles that readers see.
fn titles(scene: &Scene) -> Vec<String> {
    scene.ok(&["publish", "--at", LATER]);
    let mut titles: Vec<String> = scene.items("feed.json").iter().map(|item| item["title"].to_string()).collect();
    titles.sort();
    titles
}

#[test]
fn columns_that_find_no_room_to_wait_are_told_and_change_nothing() {
    let scene = Scene::empty();
    let text = "La mer monte et descend sans que personne ne compte les marées. ".repeat(300);
    for n in 0..300 {
        scene.put(&format!("columns/n{n}.md"), &column(&format!("Titre {n}"), "", &format!("~~~\n{text}\n~~~")));
    }
    let outcome: Outcome = scene.command(&["sync"]).env("TMPDIR", "/nonexistent").output().expect("the program").into();
    assert_eq!((outcome.code, outcome.stdout.as_str()), (73, ""), "{outcome:?}");
    assert!(outcome.stderr.starts_with("gazetier: cannot write into /nonexistent, where columns wait"), "{outcome:?}");
    assert!(outcome.stderr.contains("TMPDIR"), "{outcome:?}");
    assert_eq!(columns(&scene), Vec::<String>::new());
    assert_eq!(scene.ok(&["sync"]), "300 columns added\n");
}

#[test]
fn memory_does_not_grow_with_the_files() {
    let text = "La mer monte et descend sans que personne ne compte les marées. ".repeat(300);
    let most = |count: usize| {
        let scene = Scene::empty();
        for n in 0..count {
            scene
                .put(&format!("columns/n{n}.md"), &column(&format!("Titre {n}"), "", &format!("~~~\n{n} {text}\n~~~")));
        }
        peak(&scene, &["sync"])
    };
    let (few, many) = (most(250), most(2_500));
    // All of them would be 100 MB and more.
    assert!(many < few + 24_000, "{few} and {many} kB");
}
