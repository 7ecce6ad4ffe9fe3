//! A folder is read by the machine that read it first; others pass it over until they are told to
//! take over.

use std::fs;

use super::LATER;
use crate::support::{Outcome, SILENCE, Scene, column};

/// Runs the program on one of two machines.
fn on(machine: &str, scene: &Scene, store: &str, arguments: &[&str]) -> Outcome {
    let mut command = scene.command(arguments);
    command.env("GAZETIER_MACHINE", machine).env("GAZETIER_STORE_URL", store);
    command.output().expect("the program").into()
}

#[test]
fn two_checkouts_on_one_store_do_not_undo_one_another() {
    let (one, other) = (Scene::empty().on_postgres(), Scene::empty());
    let store = one.store().expect("a database").to_owned();
    for scene in [&one, &other] {
        scene.put("columns/a.md", &column("A", "edito", "2026-11-20"));
    }
    one.put("columns/b.md", &column("B", "edito", "2026-11-20"));
    let run = ["run", "--at", "2026-11-21"];
    assert_eq!(on("eins", &one, &store, &run), SILENCE);
    // The other, with an older checkout, passes the folder over and says so once.
    let told = on("zwei", &other, &store, &run);
    assert_eq!(told.code, 0);
    let place = fs::canonicalize(one.path("columns")).expect("a folder");
    assert_eq!(
        told.stderr,
        format!(
            "gazetier: warning: columns: the source \"markdown:columns\" is read elsewhere (eins:{}) and is passed \
             over here; to read it here from now on: gazetier sync --take-over markdown:columns\n",
            place.display()
        )
    );
    assert_eq!(on("zwei", &other, &store, &run), SILENCE);
    assert_eq!(on("eins", &one, &store, &["sync"]).stdout, "nothing new in the sources\n");
    // Told to, it takes over; then the first one passes over.
    let taken = on("zwei", &other, &store, &["sync", "--take-over", "markdown:columns"]);
    assert_eq!((taken.code, taken.stdout.as_str()), (0, "1 columns withdrawn\n"), "{taken:?}");
    one.put("columns/c.md", &column("C", "edito", "2026-11-20"));
    let told = on("eins", &one, &store, &run);
    assert!(told.stderr.contains("is read elsewhere (zwei:"), "{told:?}");
    assert_eq!(on("eins", &one, &store, &["columns", "list"]).stdout.lines().count(), 2);
    assert_eq!(on("eins", &one, &store, &["sync", "--take-over", "nichts"]).code, 2);
}

#[test]
fn a_folder_that_moved_on_its_machine_is_read_on() {
    let scene = Scene::empty().on_postgres();
    for name in ["a", "b"] {
        scene.put(&format!("alt/columns/{name}.md"), &column(name, "edito", "2026-11-20"));
    }
    scene.put("alt/config.toml", &scene.read("config.toml"));
    scene.put("alt/subscribers.csv", "email\n");
    let run = |folder: &str| scene.run(&["--config", &format!("{folder}/config.toml"), "run", "--at", "2026-11-21"]);
    assert_eq!(run("alt"), SILENCE);
    fs::rename(scene.path("alt"), scene.path("neu")).expect("a folder");
    fs::remove_file(scene.path("neu/columns/b.md")).expect("a file");
    assert_eq!(run("neu"), SILENCE);
    let list = scene.ok(&["--config", "neu/config.toml", "columns", "list"]);
    assert_eq!(list.lines().filter(|line| line.contains("withdrawn")).count(), 1, "{list}");
}

#[test]
fn a_sqlite_store_moves_with_its_folders_and_is_read_from_one_place() {
    let scene = Scene::empty();
    scene.put("a/columns/x.md", &column("X", "edito", "2026-11-20"));
    scene.put("b/columns/y.md", &column("Y", "edito", "2026-11-20"));
    scene.reconfigure("sqlite:gazetier.db", "sqlite:../gazetier.db");
    for folder in ["a", "b"] {
        scene.put(&format!("{folder}/config.toml"), &scene.read("config.toml"));
        scene.put(&format!("{folder}/subscribers.csv"), "email\n");
    }
    let run = |folder: &str| scene.run(&["--config", &format!("{folder}/config.toml"), "run", "--at", LATER]);
    assert_eq!(run("a"), SILENCE);
    let told = run("b");
    assert!(told.stderr.contains("is read elsewhere (a/columns)"), "{told:?}");
    assert_eq!(run("b"), SILENCE);
    let list = scene.ok(&["--config", "a/config.toml", "columns", "list"]);
    assert_eq!(list.lines().count(), 1, "{list}");
}
