//! A store is one magazine's: a configuration of another one is refused, with the way out.

use super::scenes;
use crate::support::{MONDAY, SILENCE, Scene, column};

/// Another magazine, on the store of the first.
fn other(scene: &Scene) -> Scene {
    let other = Scene::empty()
        .config("name = \"L’Estran\"", "name = \"Le Jusant\"")
        .config("url = \"https://estran.example.org/\"", "url = \"https://jusant.example.org/\"")
        .write("subscribers.csv", "email\nb@example.org\n")
        .write("columns/b.md", &column("Un banc", "edito", "2026-11-19"));
    match scene.store() {
        Some(url) => other.with_store(url),
        None => {
            let url = format!("url = \"sqlite:{}\"", scene.path("gazetier.db").display());
            other.config("url = \"sqlite:gazetier.db\"", &url)
        }
    }
}

fn first(scene: Scene) -> Scene {
    let scene = scene
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    scene
}

fn id(scene: &Scene) -> String {
    let status: serde_json::Value = serde_json::from_str(&scene.ok(&["status", "--json"])).expect("JSON");
    status["id"].as_str().expect("an id").to_owned()
}

#[test]
fn a_foreign_configuration_is_refused_with_the_way_out() {
    for scene in scenes() {
        let scene = first(scene);
        let other = other(&scene);
        for command in [&["run"][..], &["sync"], &["publish"], &["digest", "status"], &["subscribers", "list"]] {
            let outcome = other.run(&[command, &["--at", MONDAY]].concat());
            assert_eq!((outcome.code, outcome.stdout.as_str()), (78, ""), "{outcome:?}");
            for words in ["\"L’Estran\"", "\"Le Jusant\"", &format!("id = \"{}\"", id(&scene)), "store.schema"] {
                assert!(outcome.stderr.contains(words), "{words}: {outcome:?}");
            }
        }
        assert_eq!((other.posted(), other.files("feeds").len()), (vec![], 0));
        // Nothing of it has come into the store.
        assert_eq!(scene.ok(&["subscribers", "list"]), "a@example.org\tactive\t*\t\n");
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
        assert_eq!(scene.items("feed.json").len(), 1);
    }
}

#[test]
fn a_magazine_that_is_named_by_its_id_may_be_called_otherwise() {
    for scene in scenes() {
        let scene = first(scene);
        let id = id(&scene);
        assert_eq!(id.len(), 32);
        let named = format!("id = \"{id}\"\nname = \"Le Jusant\"");
        scene.reconfigure("name = \"L’Estran\"", &named);
        assert!(scene.ok(&["status"]).starts_with(&format!("magazine Le Jusant, id {id}, since 2026-11-23 08:00\n")));
        // The new name is its name now; the old one is another's, and so is an id that is not the store's.
        scene.reconfigure(&named, "name = \"Le Jusant\"");
        scene.ok(&["status"]);
        scene.reconfigure("name = \"Le Jusant\"", "name = \"L’Estran\"");
        assert_eq!(scene.run(&["status"]).code, 78);
        let wrong = format!("id = \"{}\"\nname = \"Le Jusant\"", "0".repeat(32));
        scene.reconfigure("name = \"L’Estran\"", &wrong);
        assert_eq!(scene.run(&["status"]).code, 78);
    }
}

#[test]
fn several_magazines_share_a_postgres_by_schemas() {
    let scene = first(Scene::empty().on_postgres());
    let other = other(&scene);
    other.reconfigure("[store]\n", "[store]\nschema = \"jusant\"\n");
    assert_eq!(other.run(&["run", "--at", MONDAY]), SILENCE);
    assert_eq!(
        (scene.posted(), other.posted()),
        (vec!["2026-W47 a@example.org".into()], vec!["2026-W47 b@example.org".into()])
    );
    // A second time, with all there.
    for magazine in [&scene, &other] {
        assert_eq!(magazine.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
        assert_eq!(magazine.items("feed.json").len(), 1);
    }
    assert_ne!(id(&scene), id(&other));
    let sqlite = Scene::empty().config("[store]\n", "[store]\nschema = \"jusant\"\n");
    let outcome = sqlite.run(&["status"]);
    assert_eq!(outcome.code, 78, "a SQLite file has no schemas: {outcome:?}");
}

#[test]
fn of_two_magazines_that_begin_at_once_one_has_the_store() {
    for scene in scenes() {
        let other = other(&scene);
        let codes: Vec<i32> = std::thread::scope(|scope| {
            let runs = [&scene, &other].map(|scene| scope.spawn(|| scene.run(&["sync", "--at", MONDAY]).code));
            runs.into_iter().map(|run| run.join().expect("a run")).collect()
        });
        assert!(codes == [0, 78] || codes == [78, 0], "{codes:?}");
    }
}
