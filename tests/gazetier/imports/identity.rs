//! A column stays the column that it is, whatever becomes of its file and its source.

use std::{fs, os::unix::fs::symlink, process::Command};

use serde_json::Value;

use super::LATER;
use crate::support::{SILENCE, Scene, column};

/// Title, id and address of each column in the feed, by title.
fn published(scene: &Scene) -> Vec<(String, String, String)> {
    scene.ok(&["publish", "--at", LATER]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let mut items: Vec<_> =
        scene.items("feed.json").iter().map(|i| (text(&i["title"]), text(&i["id"]), text(&i["url"]))).collect();
    items.sort();
    items
}

fn titles(scene: &Scene) -> Vec<String> {
    published(scene).into_iter().map(|(title, ..)| title).collect()
}

fn rename(scene: &Scene, from: &str, to: &str) {
    fs::create_dir_all(scene.path(to).parent().expect("a folder")).expect("a folder");
    fs::rename(scene.path(from), scene.path(to)).expect("a file");
}

fn tag(key: &str) -> String {
    format!("tag:estran.example.org,2026-01-01:{key}")
}

#[test]
fn a_file_that_is_renamed_or_moved_keeps_its_column() {
    for scene in [Scene::empty(), Scene::empty().on_postgres()] {
        scene.put("columns/2026-11-18-x.md", &column("Mouvante", "edito", "2026-11-18T10:00"));
        scene.put("columns/autre.md", &column("Autre", "edito", "2026-11-18T11:00"));
        scene.ok(&["sync"]);
        let before = published(&scene);
        rename(&scene, "columns/2026-11-18-x.md", "columns/2026-11-19-x.md");
        assert_eq!(
            scene.ok(&["sync"]),
            "columns/2026-11-19-x.md: moved, was columns/2026-11-18-x.md\n1 columns moved\n"
        );
        assert_eq!(published(&scene), before);
        // Moved and mended at once.
        rename(&scene, "columns/2026-11-19-x.md", "columns/2026/x.md");
        let body = "Le vent a tourné dans la nuit, et toute la baie avec lui, sauf le phare.\n";
        scene.put("columns/autre.md", &(column("Autre", "edito", "2026-11-18T11:00") + body));
        assert_eq!(scene.ok(&["sync"]).lines().last(), Some("1 columns changed, 1 columns moved"));
        rename(&scene, "columns/autre.md", "columns/2026/autre.md");
        scene.put(
            "columns/2026/autre.md",
            &(column("Autre", "edito", "2026-11-18T11:00") + &body.replace("nuit", "soirée")),
        );
        assert_eq!(scene.ok(&["sync"]).lines().last(), Some("1 columns moved"));
        assert_eq!(published(&scene), before);
        // Deleted, it is withdrawn; a new file of its first name is a new column with an id of its own.
        fs::remove_file(scene.path("columns/2026/x.md")).expect("a file");
        assert_eq!(scene.ok(&["sync"]), "1 columns withdrawn\n");
        scene.put("columns/2026-11-18-x.md", &column("Neuve", "edito", "2026-11-25T10:00"));
        assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
        let ids: Vec<String> = published(&scene).into_iter().map(|(_, id, _)| id).collect();
        assert_eq!(ids, [tag("markdown/autre"), tag("markdown/2026-11-18-x-2")]);
        // What comes back to the letter is what it was.
        scene.put("columns/retour.md", &column("Mouvante", "edito", "2026-11-18T10:00"));
        assert_eq!(scene.ok(&["sync"]).lines().last(), Some("1 columns moved"));
        assert!(published(&scene).contains(&("Mouvante".into(), tag("markdown/2026-11-18-x"), address("retour"))));
        assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    }
}

fn address(slug: &str) -> String {
    format!("https://estran.example.org/chroniques/{slug}")
}

#[test]
fn what_may_be_one_or_another_is_told() {
    let scene = Scene::empty();
    for name in ["a", "b"] {
        scene.put(&format!("columns/{name}.md"), "---\ntitle: Le billet\npublished: 2026-11-18\n---\nUn mot.\n");
    }
    scene.put("columns/marees.md", &marees(18));
    scene.run(&["sync"]);
    for name in ["a", "b", "marees"] {
        fs::remove_file(scene.path(&format!("columns/{name}.md"))).expect("a file");
    }
    scene.put("columns/c.md", "---\ntitle: Le billet\npublished: 2026-11-18\n---\nUn mot.\n");
    scene.put("columns/marees-25.md", &marees(25));
    let outcome = scene.run(&["sync"]);
    assert_eq!(
        outcome.stderr,
        "gazetier: warning: columns/c.md: it may be \"a\" or \"b\" of markdown:columns, whose files are gone: taken \
         for the first\n\
         gazetier: warning: columns/marees-25.md: it is much like \"marees\", which is gone, and of another date: taken \
         for a new column; if it is the same, write `id: marees` into it\n"
    );
    assert_eq!(outcome.stdout.lines().last(), Some("1 columns added, 1 columns moved, 2 columns withdrawn"));
}

fn marees(day: u32) -> String {
    let text = "basse mer à six heures et demie, pleine mer à midi, vent faible de secteur ouest, mer belle";
    format!("---\ntitle: Les marées\npublished: 2026-11-{day}\n---\nLe {day} novembre : {text}.\n")
}

#[test]
fn a_folder_that_moves_and_a_source_that_is_named_keep_their_columns() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        scene.ok(&["sync"]);
        let before = published(&scene);
        rename(&scene, "columns", "content");
        scene.reconfigure("path = \"columns\"", "path = \"content\"");
        let file = "content/2026-11-22-dimanche-a-la-criee.md";
        scene.put(file, &scene.read(file).replace("Dimanche à la criée", "Lundi à la criée"));
        assert_eq!(scene.ok(&["sync"]).lines().last(), Some("12 columns moved"));
        let after = published(&scene);
        let ids = |columns: &[(String, String, String)]| {
            let mut ids: Vec<String> = columns.iter().map(|(_, id, _)| id.clone()).collect();
            ids.sort();
            ids
        };
        assert_eq!(ids(&after), ids(&before));
        // What is deleted afterwards is withdrawn.
        fs::remove_file(scene.path(file)).expect("a file");
        assert_eq!(scene.ok(&["sync"]), "1 columns withdrawn\n");
        // The same folder under a name: all stays, and what is new has the name in its id.
        scene.reconfigure("path = \"content\"", "path = \"content\"\nname = \"revue\"");
        assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
        scene.put("content/neuf.md", &column("Neuf", "edito", "2026-11-23"));
        assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
        assert!(ids(&published(&scene)).contains(&tag("revue/neuf")));
        assert_eq!(published(&scene).len(), before.len());
    }
}

#[test]
fn a_source_that_is_gone_is_told_once_with_the_way_out() {
    let scene = Scene::empty();
    scene.put("columns/a.md", &column("A", "edito", "2026-11-20"));
    scene.put("autres/b.md", &column("B", "edito", "2026-11-20"));
    scene.ok(&["sync"]);
    scene.reconfigure("path = \"columns\"", "path = \"autres\"");
    let outcome = scene.run(&["run", "--at", "2026-11-21"]);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (
            0,
            "gazetier: warning: the configuration names the source \"markdown:columns\" no more: its 1 columns stay as \
             they are; to withdraw them: gazetier columns withdraw --source markdown:columns\n"
        )
    );
    assert_eq!(scene.run(&["run", "--at", "2026-11-21"]), SILENCE);
    assert_eq!(titles(&scene), ["A", "B"]);
    assert_eq!(scene.ok(&["columns", "withdraw", "--source", "markdown:columns"]), "1 columns withdrawn\n");
    assert_eq!(titles(&scene), ["B"]);
    assert_eq!(scene.run(&["run", "--at", "2026-11-21"]), SILENCE);
}

#[test]
fn a_store_of_before_sources_had_names_keeps_its_columns() {
    for scene in [Scene::empty(), Scene::empty().on_postgres()] {
        for name in ["a", "b"] {
            scene.put(&format!("columns/{name}.md"), &column(name, "edito", "2026-11-20"));
        }
        scene.ok(&["sync"]);
        let before = published(&scene);
        for statement in [
            "UPDATE columns SET source = 'markdown', content = ''",
            "INSERT INTO files (path, stamp, column_key) SELECT 'columns/' || path, '', column_key FROM source_files \
             WHERE source <> 'subscribers'",
            "DELETE FROM source_files",
            "DELETE FROM sources",
        ] {
            scene.sql(statement);
        }
        fs::remove_file(scene.path("columns/b.md")).expect("a file");
        assert_eq!(scene.ok(&["sync"]), "1 columns withdrawn\n");
        assert_eq!(published(&scene), before[..1]);
        assert_eq!(scene.sql("DELETE FROM files"), 0);
        assert_eq!(scene.sql("DELETE FROM columns WHERE content = ''"), 0);
    }
}

#[test]
fn a_file_counts_once_whatever_links_lead_to_it_and_a_pipe_is_not_opened() {
    let scene = Scene::empty();
    scene.put("columns/2026/seule.md", &column("Seule", "edito", "2026-11-20"));
    scene.put("ailleurs/loin.md", &column("Loin", "edito", "2026-11-20"));
    for (target, link) in [("2026", "courant"), (".", "tout"), ("../ailleurs", "dehors"), ("rien.md", "vide.md")] {
        symlink(target, scene.path(&format!("columns/{link}"))).expect("a link");
    }
    symlink("seule.md", scene.path("columns/2026/double.md")).expect("a link");
    fs::hard_link(scene.path("columns/2026/seule.md"), scene.path("columns/2026/triple.md")).expect("a link");
    let pipe = scene.path("columns/tuyau.md");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let outcome = scene.run(&["run", "--at", "2026-11-21"]);
    let told: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(
        (outcome.code, told),
        (
            65,
            vec![
                "gazetier: columns/tuyau.md: it is a pipe, not a file; passed over",
                "gazetier: columns/vide.md: the link leads nowhere: No such file or directory (os error 2); passed over",
                "gazetier: columns/dehors: the link leads out of columns: write `follow_links = true` into this source \
                 if that is meant; passed over",
                "gazetier: 3 files of the sources were passed over, see above",
            ]
        )
    );
    assert_eq!(titles(&scene), ["Seule"]);
    assert_eq!(scene.run(&["run", "--at", "2026-11-21"]), SILENCE);
    scene.reconfigure("path = \"columns\"", "path = \"columns\"\nfollow_links = true");
    assert_eq!(scene.run(&["run", "--at", "2026-11-21"]), SILENCE);
    assert_eq!(titles(&scene), ["Loin", "Seule"]);
    // Mended and broken again, it is told again.
    fs::remove_file(&pipe).expect("a pipe");
    assert_eq!(scene.run(&["run", "--at", "2026-11-21"]), SILENCE);
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    assert_eq!(scene.run(&["run", "--at", "2026-11-21"]).code, 65);
}

/// A link to a file elsewhere would publish it, and one to a folder all that is in it.
#[test]
fn links_that_lead_out_are_told_and_circles_are_walked_once() {
    let scene = Scene::empty();
    scene.put("secret.md", &column("Secret", "edito", "2026-11-20"));
    scene.put("ailleurs/loin.md", &column("Loin", "edito", "2026-11-20"));
    scene.put("columns/2026/seule.md", &column("Seule", "edito", "2026-11-20"));
    let link = |target: &str, name: &str| symlink(target, scene.path(name)).expect("a link");
    let absolute = scene.path("secret.md").display().to_string();
    link("../secret.md", "columns/un.md");
    link(&absolute, "columns/deux.md");
    // By a link that is itself in the folder, and leads to one that leads out.
    link("un.md", "columns/trois.md");
    link("../../ailleurs", "columns/2026/dehors");
    // Circles: to the folder itself, to one another, and from outside back in.
    link("..", "columns/2026/retour");
    link("b", "columns/a");
    link("a", "columns/b");
    link("../columns", "ailleurs/dedans");
    let out = |name: &str| {
        format!(
            "gazetier: columns/{name}: the link leads out of columns: write `follow_links = true` into this source if \
             that is meant; passed over"
        )
    };
    let outcome = scene.run(&["sync"]);
    let mut told: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(told.pop(), Some("gazetier: 4 files of the sources were passed over, see above"));
    told.sort();
    let mut expected = ["2026/dehors", "deux.md", "trois.md", "un.md"].map(out);
    expected.sort();
    assert_eq!((outcome.code, told), (65, expected.iter().map(String::as_str).collect()));
    assert_eq!(titles(&scene), ["Seule"]);
    scene.reconfigure("path = \"columns\"", "path = \"columns\"\nfollow_links = true");
    let outcome = scene.run(&["sync"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    // Each once, whatever links lead to it.
    assert_eq!(titles(&scene), ["Loin", "Secret", "Seule"]);
}

#[test]
fn a_folder_with_an_index_is_its_column_and_an_ending_may_be_in_capitals() {
    let scene = Scene::empty();
    scene.put("columns/phare/index.md", &column("Phare", "edito", "2026-11-20"));
    scene.put("columns/B.MD", &column("Deux", "edito", "2026-11-20"));
    assert_eq!(scene.ok(&["sync"]), "2 columns added\n");
    let expected = [("Deux", "markdown/B", "b"), ("Phare", "markdown/phare", "phare")];
    let expected = expected.map(|(title, id, slug)| (title.to_owned(), tag(id), address(slug)));
    assert_eq!(published(&scene), expected);
    // The folder made a file is the same column; both at once are one too many.
    fs::rename(scene.path("columns/phare/index.md"), scene.path("columns/phare.md")).expect("a file");
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    scene.put("columns/phare/index.md", &column("Faux", "edito", "2026-11-20"));
    let outcome = scene.run(&["sync"]);
    assert_eq!(outcome.code, 65);
    assert!(outcome.stderr.starts_with(
        "gazetier: columns/phare/index.md: it is the column \"phare\" of columns/phare.md: give one of them another"
    ));
    assert_eq!(published(&scene), expected);
}

#[test]
fn two_columns_of_one_address_are_told_and_told_apart() {
    for scene in [Scene::empty(), Scene::empty().on_postgres()] {
        scene.put("columns/b/billet.md", &column("Premier", "edito", "2026-11-20"));
        scene.ok(&["sync"]);
        scene.put("columns/a/billet.md", &column("Second", "edito", "2026-11-20"));
        let outcome = scene.run(&["sync"]);
        let told = "gazetier: warning: columns/a/billet.md: its address \
                    https://estran.example.org/chroniques/billet is that of \"Premier\" (b/billet): it gets \
                    https://estran.example.org/chroniques/billet-2; give one of them another `slug` or `url`\n";
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, told));
        let addresses = |scene: &Scene| -> Vec<String> { published(scene).into_iter().map(|(.., url)| url).collect() };
        assert_eq!(addresses(&scene), [address("billet"), address("billet-2")]);
        let check = scene.run(&["publish", "--check", "--at", LATER]);
        assert_eq!(check.code, 65);
        assert!(check.stdout.contains("url: address-twice: it wants https://estran.example.org/chroniques/billet,"));
        // Edited, each keeps its address, and nothing is told again.
        scene.put("columns/a/billet.md", &column("Second, corrigé", "edito", "2026-11-20"));
        scene.put("columns/b/billet.md", &column("Premier, corrigé", "edito", "2026-11-20"));
        assert_eq!(scene.run(&["run", "--at", LATER]).stderr, "");
        assert_eq!(addresses(&scene), [address("billet"), address("billet-2")]);
        // A page that is named stays the page that it is.
        scene.put("columns/c.md", &column("Tiers", "edito", "2026-11-20\nurl: /chroniques/billet"));
        scene.run(&["sync"]);
        assert_eq!(addresses(&scene)[2], address("billet#2"));
        for name in ["a/billet", "c"] {
            fs::remove_file(scene.path(&format!("columns/{name}.md"))).expect("a file");
        }
        scene.ok(&["sync"]);
        assert_eq!(scene.ok(&["publish", "--check", "--at", LATER]), "4 feeds, no finding\n");
    }
}

#[test]
fn a_file_whose_bytes_are_the_same_is_not_put_again() {
    let scene = Scene::sample();
    scene.ok(&["sync"]);
    assert_eq!(scene.sql("UPDATE columns SET fingerprint = 'x'"), 12);
    for name in scene.files("columns") {
        let text = fs::read(scene.path(&format!("columns/{name}"))).expect("a file");
        fs::remove_file(scene.path(&format!("columns/{name}"))).expect("a file");
        fs::write(scene.path(&format!("columns/{name}")), text).expect("a file");
    }
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
}

#[test]
fn columns_without_a_file_are_listed_withdrawn_brought_back_and_redated_by_hand() {
    let scene = Scene::empty();
    scene.put("columns/a.md", &column("A", "edito", "2026-11-20"));
    scene.put("page.txt", "Page\nHumeur\nRessac\nOn nous promettait le bruit des vagues.\n");
    let import = ["import", "page.txt", "--newest", "2026-11-19T08:00", "--step", "7d"];
    scene.ok(&import);
    scene.ok(&["sync"]);
    assert_eq!(
        scene.ok(&["columns", "list"]),
        "2026-11-20 00:00\t-\tmarkdown:columns\ta\tA\n2026-11-19 08:00\t-\tlisting\tpage/ressac\tRessac\n"
    );
    let refused = scene.run(&["columns", "withdraw", "a"]);
    assert_eq!(
        (refused.code, refused.stderr.as_str()),
        (65, "gazetier: \"a\" is the column of columns/a.md: write `withdrawn: true` into it, or delete it\n")
    );
    assert_eq!(scene.run(&["columns", "redate", "b", "2026-11-21"]).code, 65);
    assert_eq!(scene.run(&["columns", "redate", "page/ressac", "+12026-11-21"]).code, 2);
    assert_eq!(scene.ok(&["columns", "withdraw", "page/ressac"]), "1 columns withdrawn\n");
    assert_eq!(titles(&scene), ["A"]);
    // The page still has it: that does not bring it back.
    scene.ok(&import);
    assert_eq!(titles(&scene), ["A"]);
    assert_eq!(scene.ok(&["columns", "restore", "page/ressac"]), "1 columns restored\n");
    scene.ok(&["columns", "redate", "page/ressac", "2026-11-21T09:00"]);
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(scene.items("feed.json")[0]["date_published"], "2026-11-21T08:00:00Z");
    scene.ok(&import);
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(scene.items("feed.json")[0]["date_published"], "2026-11-21T08:00:00Z");
    let rows: Value =
        serde_json::from_str(&scene.ok(&["columns", "list", "--json", "--source", "listing"])).expect("JSON");
    assert_eq!(rows[0]["key"], "page/ressac");
}
