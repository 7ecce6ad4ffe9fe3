//! A rubrique that is called otherwise keeps its readers and its columns; of one that is no more, it is told who
//! chose it.

use super::{both, told};
use crate::support::{MONDAY, Scene, column};

const READERS: &str = "email,rubriques\nonly@example.org,humeur\nmore@example.org,humeur;edito\nall@example.org,\n";

/// A store with readers and columns of `humeur`.
fn published(scene: Scene) -> Scene {
    scene.put("subscribers.csv", READERS);
    scene.put("columns/a.md", &column("Un", "humeur", "2026-11-12"));
    scene.put("page.txt", "Humeur\n\nDeux\nUn chapô.\n");
    scene.ok(&["run", "--at", "2026-11-16T08:00"]);
    scene.put("subscribers.csv", "email\n");
    scene
}

fn choices(scene: &Scene) -> Vec<String> {
    let list = scene.ok(&["subscribers", "list"]);
    list.lines().map(|line| line.split('\t').nth(2).expect("rubriques").to_owned()).collect()
}

#[test]
fn readers_and_columns_follow_a_rubrique_that_is_called_otherwise() {
    for scene in both() {
        let scene = published(scene);
        // The file is not read again: it lies where the configuration does not look any more.
        scene.reconfigure("path = \"columns\"", "path = \"newer\"");
        scene.put("newer/b.md", &column("Suivante", "Humeur", "2026-11-18"));
        scene.reconfigure(
            "slug = \"humeur\"\nlabel = \"Humeur\"",
            "slug = \"ressacs\"\nlabel = \"Ressacs\"\nformerly = [\"Humeur\"]",
        );
        assert_eq!(
            scene.run(&["sync", "--at", "2026-11-20T08:00"]),
            told(
                0,
                "2 readers and 1 columns followed from the rubrique humeur to ressacs, 1 columns added\n",
                "gazetier: warning: the configuration names the source \"markdown:columns\" no more: its 1 columns stay as \
                 they are; to withdraw them: gazetier columns withdraw --source markdown:columns\n"
            )
        );
        assert_eq!(choices(&scene), ["ressacs", "edito,ressacs", "*"]);
        assert_eq!(scene.ok(&["sync", "--at", "2026-11-20T08:00"]), "nothing new in the sources\n");
        scene.ok(&["run", "--at", MONDAY]);
        let titles: Vec<String> = scene
            .items("ressacs/feed.json")
            .iter()
            .map(|item| item["title"].as_str().expect("a title").to_owned())
            .collect();
        assert_eq!(titles, ["Suivante", "Un"]);
        let letters = scene.files("outbox").into_iter().filter(|name| name.starts_with("2026-W47")).count();
        assert_eq!(letters, 3);
        // Lists and labels that name it as before are understood.
        scene.ok(&["subscribers", "add", "new@example.org", "--rubriques", "humeur", "--at", MONDAY]);
        assert_eq!(choices(&scene)[3], "ressacs");
    }
}

#[test]
fn several_become_one() {
    for scene in both() {
        let scene = published(scene);
        let config = scene.read("config.toml");
        let begin = config.find("[[rubriques]]").expect("rubriques");
        let end = config.find("[feeds]").expect("feeds");
        let one =
            "[[rubriques]]\nslug = \"large\"\nlabel = \"Le large\"\nformerly = [\"edito\", \"humeur\", \"Carnet\"]\n\n";
        scene.put("config.toml", &format!("{}{one}{}", &config[..begin], &config[end..]));
        let outcome = scene.run(&["sync", "--at", "2026-11-20T08:00"]);
        assert_eq!((outcome.code, &*outcome.stderr), (0, ""), "{outcome:?}");
        let words = "1 readers and 0 columns followed from the rubrique edito to large, \
                     2 readers and 1 columns followed from the rubrique humeur to large";
        assert!(outcome.stdout.starts_with(words), "{outcome:?}");
        assert_eq!(choices(&scene), ["large", "large", "*"]);
    }
}

#[test]
fn of_a_rubrique_that_is_no_more_it_is_told_who_chose_it() {
    for scene in both() {
        let scene = published(scene);
        scene.reconfigure("slug = \"humeur\"\nlabel = \"Humeur\"", "slug = \"ressacs\"\nlabel = \"Ressacs\"");
        scene.put("columns/a.md", &column("Un", "ressacs", "2026-11-12"));
        let words = "2 readers chose the rubrique humeur, which the configuration does not have; 1 of them chose nothing \
                     else and get no more letters. If it is called otherwise now, write formerly = [\"humeur\"] under that \
                     one in [[rubriques]]; if it is no more, under the one that takes its place";
        let first = scene.run(&["run", "--at", "2026-11-17T08:00"]);
        assert_eq!(first, told(0, "", &format!("gazetier: warning: {words}\n")));
        // Once for each configuration, or cron would mail it every ten minutes.
        assert_eq!(scene.run(&["run", "--at", "2026-11-17T08:10"]), crate::support::SILENCE);
        assert!(scene.ok(&["status"]).contains(words));
        let status: serde_json::Value = serde_json::from_str(&scene.ok(&["status", "--json"])).expect("JSON");
        assert_eq!(status["notices"], serde_json::json!([words]));
        // Mended as it was advised, it is silent.
        scene.reconfigure("label = \"Ressacs\"", "label = \"Ressacs\"\nformerly = [\"humeur\"]");
        let outcome = scene.run(&["sync", "--at", "2026-11-17T08:20"]);
        assert!(outcome.code == 0 && outcome.stderr.is_empty(), "{outcome:?}");
        assert_eq!(choices(&scene), ["ressacs", "edito,ressacs", "*"]);
        assert!(!scene.ok(&["status"]).contains("readers chose"));
    }
}

#[test]
fn a_former_name_belongs_to_one_rubrique() {
    for (formerly, message) in [
        ("\"Édito\"", "\"Édito\" stands under \"Carnet\" and means \"Édito\": a name belongs to one rubrique"),
        (
            "\"vague\", \"HUMEUR\"",
            "\"HUMEUR\" stands under \"Carnet\" and means \"Humeur\": a name belongs to one rubrique",
        ),
        ("\" \"", "it is empty"),
    ] {
        let scene = Scene::empty();
        scene.reconfigure("label = \"Carnet\"", &format!("label = \"Carnet\"\nformerly = [{formerly}]"));
        let outcome = scene.run(&["sync"]);
        assert_eq!(
            outcome,
            told(
                78,
                "",
                &format!("gazetier: config.toml: rubriques.formerly (number 3 of [[rubriques]]): {message}\n")
            ),
            "{formerly}"
        );
    }
    // Its own name is no other's.
    let scene = Scene::empty();
    scene.reconfigure("label = \"Carnet\"", "label = \"Carnet\"\nformerly = [\"carnet\", \"Calepin\"]");
    scene.ok(&["sync"]);
}
