//! What is wrong is told once, and again when it is wrong in another way.

use std::fs;

use super::LATER;
use crate::support::{MONDAY, SILENCE, Scene, column};

fn titles(scene: &Scene) -> Vec<String> {
    scene.ok(&["publish", "--at", LATER]);
    let mut titles: Vec<String> =
        scene.items("feed.json").iter().map(|item| item["title"].as_str().expect("a title").to_owned()).collect();
    titles.sort();
    titles
}

fn rename(scene: &Scene, from: &str, to: &str) {
    fs::rename(scene.path(from), scene.path(to)).expect("a file");
}

#[test]
fn a_bad_file_is_told_when_it_is_met_and_when_it_changes() {
    let scene = Scene::empty();
    scene.put("columns/a.md", &column("A", "edito", "2026-11-20"));
    scene.put("columns/b.md", "rien\n");
    let run = ["run", "--at", "2026-11-21"];
    assert_eq!(scene.run(&run).code, 65);
    assert_eq!(scene.run(&run), SILENCE);
    // Who asks is told.
    assert_eq!(scene.run(&["sync"]).code, 65);
    scene.put("columns/b.md", "rien de plus\n");
    let told = scene.run(&run);
    assert_eq!((told.code, told.stderr.lines().count()), (65, 2), "{told:?}");
    assert_eq!(scene.run(&run), SILENCE);
    scene.put("columns/b.md", &column("B", "edito", "2026-11-20"));
    assert_eq!(scene.run(&run), SILENCE);
    assert_eq!(titles(&scene), ["A", "B"]);
    // A good file made bad keeps its column; deleted, the column is withdrawn.
    scene.put("columns/b.md", "rien\n");
    assert_eq!(scene.run(&run).code, 65);
    assert_eq!(titles(&scene), ["A", "B"]);
    fs::remove_file(scene.path("columns/b.md")).expect("a file");
    assert_eq!(scene.run(&run), SILENCE);
    assert_eq!(titles(&scene), ["A"]);
    // Two files for one column: when the first goes, the second is taken.
    for name in ["c", "d"] {
        scene.put(&format!("columns/{name}.md"), &column(name, "edito", "2026-11-20\nid: sept"));
    }
    assert_eq!(scene.run(&run).code, 65);
    assert_eq!(scene.run(&run), SILENCE);
    fs::remove_file(scene.path("columns/c.md")).expect("a file");
    assert_eq!(scene.run(&run), SILENCE);
    assert_eq!(titles(&scene), ["A", "d"]);
}

#[test]
fn a_list_or_a_folder_that_is_not_there_is_told_once() {
    let scene = Scene::sample();
    let run = ["run", "--at", MONDAY];
    assert_eq!(scene.run(&run), SILENCE);
    rename(&scene, "subscribers.csv", "ailleurs.csv");
    rename(&scene, "columns", "ailleurs");
    let outcome = scene.run(&run);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (
            65,
            "gazetier: cannot read columns: No such file or directory (os error 2)\n\
             gazetier: cannot read subscribers.csv: No such file or directory (os error 2): nobody joins from it \
             (`subscribers.file`)\n\
             gazetier: 2 files of the sources were passed over, see above\n"
        )
    );
    assert_eq!(scene.run(&run), SILENCE);
    rename(&scene, "ailleurs.csv", "subscribers.csv");
    rename(&scene, "ailleurs", "columns");
    assert_eq!(scene.run(&run), SILENCE);
    assert_eq!(titles(&scene).len(), 12, "nothing was withdrawn");
    fs::remove_file(scene.path("subscribers.csv")).expect("a file");
    assert_eq!(scene.run(&run).code, 65);
    // A list that cannot be read keeps no column from being remembered.
    let scene = Scene::sample().write("subscribers.csv", "nom\nZoé\n");
    assert_eq!(scene.run(&run).code, 65);
    assert_eq!(scene.sql("UPDATE source_files SET refused = 'x' WHERE source <> 'subscribers'"), 12);
    scene.sql("UPDATE source_files SET refused = NULL WHERE source <> 'subscribers'");
    assert_eq!(scene.run(&run), SILENCE);
}

#[test]
fn a_column_that_comes_too_late_for_any_letter_is_told() {
    let scene = Scene::empty().write("subscribers.csv", "email\na@example.org\n");
    scene.put("columns/a.md", &column("A", "edito", "2026-11-12T10:00"));
    scene.put("columns/vieux.md", &column("Vieux", "edito", "2026-10-12T10:00"));
    assert_eq!(scene.run(&["run", "--at", "2026-11-16T08:00"]), SILENCE, "an archive is not late");
    scene.put("columns/b.md", &column("B", "edito", "2026-11-07T10:00"));
    scene.put("columns/c.md", &column("C", "edito", "2026-11-17T10:00"));
    assert_eq!(
        scene.run(&["run", "--at", "2026-11-18T08:00"]).stderr,
        "gazetier: warning: columns/b.md: new, and dated 2026-11-07 10:00: it will be in no letter; the letter of \
         2026-11-23 07:30 reaches back to 2026-11-09 07:30; to have it in that letter, write a later `published`\n"
    );
    for n in 0..7 {
        scene.put(&format!("columns/v{n}.md"), &column(&format!("V{n}"), "edito", "2026-11-01"));
    }
    let told = scene.run(&["run", "--at", "2026-11-18T08:00"]).stderr;
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(told.starts_with("gazetier: warning: 7 new columns will be in no letter, columns/v0.md of "), "{told}");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
}
