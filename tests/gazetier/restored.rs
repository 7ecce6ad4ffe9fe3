//! Stores that are older than what was sent with them, and feeds' folders that are another's: nothing is sent
//! again, and nothing is written over.

use std::fs;

use crate::support::{MONDAY, Outcome, SILENCE, Scene, column, copied_database};

const SUNDAY: &str = "2026-11-22T20:00";
const LATER: &str = "2026-11-23T08:10";

/// Puts the store back to what it is before something is done.
pub fn put_back(mut scene: Scene, work: impl FnOnce(&Scene)) -> Scene {
    match scene.store() {
        Some(url) => {
            let copy = copied_database(url);
            work(&scene);
            scene = scene.with_store(&copy);
        }
        None => {
            let (store, copy) = (scene.path("gazetier.db"), scene.path("copy.db"));
            fs::copy(&store, &copy).expect("a copy");
            work(&scene);
            for end in ["-wal", "-shm"] {
                let _ = fs::remove_file(scene.path(&format!("gazetier.db{end}")));
            }
            fs::rename(copy, store).expect("a store");
        }
    }
    scene
}

fn scenes() -> [Scene; 2] {
    [Scene::sample(), Scene::sample().on_postgres()]
}

/// What cron mails of a run with a store that is older than what was sent.
fn is_told(outcome: &Outcome, place: &str) {
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
    let words =
        "2026-W47 is held, and so are the columns until its hour: the store is older than what was sent with it";
    assert!(outcome.stderr.contains(words) && outcome.stderr.contains(place), "{outcome:?}");
    assert!(outcome.stderr.contains("`gazetier digest send 2026-W47`"), "{outcome:?}");
}

#[test]
fn a_store_that_is_put_back_sends_no_edition_again() {
    for (place, other) in [("feeds/.gazetier", "outbox"), ("outbox", "feeds/.gazetier")] {
        for scene in scenes() {
            scene.ok(&["sync", "--at", SUNDAY]);
            let scene = put_back(scene, |scene| {
                scene.ok(&["run", "--at", MONDAY]);
                assert!(!scene.posted().is_empty());
            });
            let posted = scene.posted();
            // One trace is enough.
            fs::rename(scene.path(other), scene.path("kept")).expect("a trace");
            let told = scene.run(&["digest", "status", "--at", LATER]);
            assert!(told.stderr.contains("the store is older than what was sent with it"), "{told:?}");
            assert!(scene.ok(&["status", "--at", LATER]).contains("the store is older than what was sent with it"));
            is_told(&scene.run(&["run", "--at", LATER]), place);
            if place == "outbox" {
                assert_eq!(scene.posted(), posted);
            } else {
                assert_eq!(scene.posted(), Vec::<String>::new());
            }
            let status = scene.ok(&["digest", "status", "--at", LATER]);
            assert!(status.contains("2026-W47 (n° 1) held"), "{status}");
            assert_eq!(scene.run(&["run", "--at", LATER]), SILENCE);
            // The next edition holds what is new, and nothing of that one.
            scene.put("columns/nouveau.md", &column("Le cap suivant", "humeur", "2026-11-25"));
            assert_eq!(scene.run(&["run", "--at", "2026-11-30T08:00"]).code, 0);
            let letter = scene.letter_to("alix@example.org", "2026-W48");
            assert!(letter.contains("Le cap suivant") && !letter.contains("Une mar"), "{letter}");
            // Somebody knows better: it goes out.
            fs::remove_dir_all(scene.path("outbox")).expect("an outbox");
            scene.ok(&["digest", "send", "2026-W47", "--at", "2026-11-30T08:20"]);
            let again = scene.posted().into_iter().filter(|letter| letter.starts_with("2026-W47")).count();
            assert_eq!(again, posted.len());
        }
    }
}

#[test]
fn a_store_that_is_put_back_sends_no_letters_again_of_an_edition_that_is_open() {
    for scene in scenes() {
        scene.ok(&["run", "--at", MONDAY]);
        // As it was when the edition was frozen.
        scene.sql("UPDATE letters SET state = 'queued', attempts = 0, fence = 0, reply = NULL");
        scene.sql("UPDATE editions SET state = 'frozen'");
        scene.sql("DELETE FROM edition_notes");
        let posted = scene.posted();
        fs::remove_dir_all(scene.path("outbox")).expect("an outbox");
        let told = scene.run(&["run", "--at", LATER]);
        let words = format!(
            "2026-W47 is held: the store is older than what was sent with it: by feeds/.gazetier, {} letters of 2026-W47 \
             are out, and the store knows of 0.",
            posted.len()
        );
        assert!(told.stderr.contains(&words), "{told:?}");
        assert_eq!(scene.posted(), Vec::<String>::new());
        assert_eq!(scene.run(&["run", "--at", LATER]), SILENCE);
        let sent = scene.ok(&["digest", "send", "2026-W47", "--at", LATER]);
        assert!(sent.contains(&format!("{0} of {0} letters sent", posted.len())), "{sent}");
        assert_eq!(scene.posted(), posted);
    }
}

/// What goes on as it should leaves nothing to be told: several editions, one that is redated, letters sent again.
#[test]
fn a_store_that_is_as_new_as_its_traces_is_let_alone() {
    let scene = Scene::sample();
    for (day, week) in [("2026-11-23", 1), ("2026-11-30", 2), ("2026-12-07", 3)] {
        let title = format!("Cap {week}");
        scene.put(&format!("columns/cap-{week}.md"), &column(&title, "humeur", &format!("{day}T06:00")));
        assert_eq!(scene.run(&["run", "--at", &format!("{day}T08:00")]), SILENCE);
        assert_eq!(scene.run(&["digest", "status", "--at", &format!("{day}T09:00")]).stderr, "");
    }
    scene.ok(&["digest", "redate", "2026-W49", "--to", "2026-12-08T09:00", "--at", "2026-12-08T10:00"]);
    assert_eq!(scene.run(&["run", "--at", "2026-12-08T10:00"]), SILENCE);
    let owner: serde_json::Value = serde_json::from_str(&scene.read("feeds/.gazetier")).expect("JSON");
    let periods: Vec<_> = owner["editions"].as_array().expect("editions").iter().map(|e| e["period"].clone()).collect();
    assert_eq!(periods.len(), 3, "{owner}");
}

#[test]
fn a_folder_of_feeds_is_one_magazines() {
    let scene = Scene::sample();
    scene.ok(&["sync", "--at", MONDAY]);
    scene.ok(&["publish", "--at", MONDAY]);
    let feeds = scene.read("feeds/rss.xml");
    let other = |arguments: &[&str]| -> Outcome {
        let mut command = scene.command(arguments);
        command.env("GAZETIER_STORE_URL", "sqlite:other.db").output().expect("the program").into()
    };
    for arguments in
        [&["publish", "--at", MONDAY][..], &["publish", "--check", "--at", MONDAY], &["run", "--at", SUNDAY]]
    {
        let refused = other(arguments);
        assert_eq!(refused.code, 78, "{refused:?}");
        let words = "gazetier: the feeds in feeds are those of \"L’Estran\"";
        assert!(refused.stderr.contains(words), "{refused:?}");
        assert!(refused.stderr.contains("`gazetier publish --take-over`") && refused.stderr.contains("feeds.path"));
    }
    assert_eq!(scene.read("feeds/rss.xml"), feeds, "nothing is written over");
    let taken = other(&["publish", "--take-over", "--at", MONDAY]);
    assert!(taken.code == 0 && taken.stdout.starts_with("feeds was \"L’Estran\"'s and is taken over\n"), "{taken:?}");
    assert_eq!(scene.run(&["publish", "--at", MONDAY]).code, 78);
    scene.put("feeds/.gazetier", "{");
    let refused = scene.run(&["publish", "--at", MONDAY]);
    assert!(refused.code == 78 && refused.stderr.contains("feeds/.gazetier cannot be read"), "{refused:?}");
}
