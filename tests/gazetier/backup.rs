//! `gazetier store`: copies that are kept, put back and moved, on both backends.

use std::collections::BTreeMap;

use crate::support::{MONDAY, Outcome, SILENCE, Scene, fresh_database};

/// What `store check` tells of each table.
fn sums(scene: &Scene) -> BTreeMap<String, String> {
    let told = scene.ok(&["store", "check"]);
    let sums = told.lines().filter_map(|line| line.split_once(": ")).filter(|(_, sum)| sum.contains(" rows, "));
    sums.map(|(table, sum)| (table.to_owned(), sum.to_owned())).collect()
}

/// A magazine with columns, readers, suppressions and an edition that went out.
fn lived_in(scene: Scene) -> Scene {
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    scene.ok(&["subscribers", "add", "zoe@example.org", "--at", MONDAY]);
    scene.ok(&["subscribers", "remove", "zoe@example.org", "--at", MONDAY]);
    scene.ok(&["subscribers", "erase", "zoe@example.org", "--at", MONDAY]);
    scene
}

#[test]
fn a_backup_holds_everything_and_comes_back() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        let scene = lived_in(scene);
        let before = sums(&scene);
        assert!(before.len() > 30 && before["letters"].starts_with("3 rows"), "{before:?}");
        let told = scene.ok(&["store", "backup", "kept.db"]);
        assert!(told.contains("tables kept in kept.db; counts and hashes are the same"), "{told}");
        assert!(!scene.path("kept.db.part").exists() && !scene.path("kept.db-wal").exists());
        // Nothing is written over.
        let again = scene.run(&["store", "backup", "kept.db"]);
        assert_eq!(again.code, 73, "{again:?}");
        // A folder, too.
        std::fs::create_dir(scene.path("backups")).expect("a folder");
        scene.ok(&["store", "backup", "backups"]);
        assert_eq!(scene.files("backups").len(), 1);
        // It is no store to be used.
        let kept = Scene::sample().config("sqlite:gazetier.db", &format!("sqlite:{}", scene.path("kept.db").display()));
        let refused = kept.run(&["run", "--at", MONDAY]);
        assert_eq!(refused.code, 78, "{refused:?}");
        assert!(
            refused.stderr.contains("it is a backup of ") && refused.stderr.contains("gazetier store restore"),
            "{refused:?}"
        );
        // What goes on meanwhile is not in it; then all is lost, and put back.
        scene.ok(&["subscribers", "add", "yann@example.org", "--at", MONDAY]);
        let to_used = scene.run(&["store", "restore", "kept.db"]);
        assert_eq!(to_used.code, 65, "{to_used:?}");
        assert!(to_used.stderr.contains("is in use: its table columns has rows"), "{to_used:?}");
        let new = match scene.store() {
            Some(_) => fresh_database(),
            None => "sqlite:new.db".to_owned(),
        };
        let at_new = |arguments: &[&str]| -> Outcome {
            scene.command(arguments).env("GAZETIER_STORE_URL", &new).output().expect("the program").into()
        };
        let told = at_new(&["store", "restore", "kept.db"]);
        assert_eq!(told.code, 0, "{told:?}");
        let checked = at_new(&["store", "check"]);
        for (table, sum) in before.iter().filter(|(table, _)| *table != "sources") {
            assert!(checked.stdout.contains(&format!("{table}: {sum}\n")), "{table} {sum}: {}", checked.stdout);
        }
        // It goes on from there: nobody gets a letter again, and who was erased stays so.
        let run = at_new(&["run", "--at", "2026-11-23T08:30"]);
        assert_eq!(run, SILENCE);
        assert_eq!(scene.posted().iter().filter(|letter| letter.starts_with("2026-W47")).count(), 3);
        let added = at_new(&["subscribers", "add", "xavier@example.org", "--at", MONDAY]);
        assert_eq!(added.code, 0, "{added:?}");
    }
}

#[test]
fn a_store_moves_from_one_backend_to_the_other_and_sends_nothing_twice() {
    let scene = lived_in(Scene::sample());
    let before = sums(&scene);
    let postgres = fresh_database();
    let told = scene.ok(&["store", "copy", "-", &postgres]);
    assert!(told.contains("counts and hashes are the same"), "{told}");
    // The old one is not used any more, and not copied a second time.
    let refused = scene.run(&["run", "--at", "2026-11-30T08:00"]);
    assert_eq!(refused.code, 78, "{refused:?}");
    assert!(refused.stderr.contains("it has moved to postgres://"), "{refused:?}");
    let twice = scene.run(&["store", "copy", "-", &fresh_database()]);
    assert_eq!(twice.code, 78, "{twice:?}");
    assert!(twice.stderr.contains("would send everything a second time"), "{twice:?}");
    let moved = |arguments: &[&str]| -> Outcome {
        scene.command(arguments).env("GAZETIER_STORE_URL", &postgres).output().expect("the program").into()
    };
    let checked = moved(&["store", "check"]);
    for (table, sum) in before.iter().filter(|(table, _)| *table != "sources") {
        assert!(checked.stdout.contains(&format!("{table}: {sum}\n")), "{table} {sum}: {}", checked.stdout);
    }
    assert_eq!(moved(&["run", "--at", "2026-11-23T08:30"]), SILENCE);
    // Its counters go on: what comes next has numbers of its own.
    scene.put("columns/neuf.md", &crate::support::column("Neuf", "edito", "2026-11-25"));
    assert_eq!(moved(&["subscribers", "add", "xavier@example.org", "--at", MONDAY]).code, 0);
    assert_eq!(moved(&["run", "--at", "2026-11-30T08:00"]), SILENCE);
    let letters = scene.posted();
    assert_eq!(letters.iter().filter(|letter| letter.starts_with("2026-W47")).count(), 3, "{letters:?}");
    assert!(letters.contains(&"2026-W48 xavier@example.org".to_owned()), "{letters:?}");
    // And back again.
    let told = moved(&["store", "copy", "-", "sqlite:back.db"]);
    assert_eq!(told.code, 0, "{told:?}");
    let back: Outcome = scene
        .command(&["run", "--at", "2026-11-30T08:30"])
        .env("GAZETIER_STORE_URL", "sqlite:back.db")
        .output()
        .expect("the program")
        .into();
    assert_eq!(back, SILENCE);
    assert_eq!(scene.posted().len(), letters.len());
    // Who insists may have the old one again.
    scene.ok(&["store", "check", "--take-back"]);
    assert_eq!(scene.run(&["status"]).code, 0);
}

#[test]
fn what_makes_no_copy_leaves_all_as_it_was() {
    let scene = lived_in(Scene::sample());
    for (arguments, code, words) in [
        (&["store", "copy", "-", "mysql://a/b"][..], 2, "write sqlite:FILE"),
        (&["store", "copy", "sqlite:nowhere.db", "sqlite:new.db"], 65, "there is no store at nowhere.db"),
        (&["store", "copy", "-", "sqlite:gazetier.db"], 2, "is both"),
        (&["store", "restore", "nowhere.db"], 65, "there is no store at nowhere.db"),
        (&["store", "backup", "nowhere/kept.db"], 69, "nowhere"),
    ] {
        let outcome = scene.run(arguments);
        assert_eq!(outcome.code, code, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(words), "{arguments:?}: {outcome:?}");
    }
    // While letters are on their way, nothing is moved, and the store goes on.
    assert_eq!(scene.sql("UPDATE letters SET state = 'sending' WHERE id = (SELECT MIN(id) FROM letters)"), 1);
    let outcome = scene.run(&["store", "copy", "-", "sqlite:new.db"]);
    assert_eq!(outcome.code, 65, "{outcome:?}");
    assert!(outcome.stderr.contains("letters are being sent"), "{outcome:?}");
    assert_eq!(scene.run(&["status"]).code, 0);
}
