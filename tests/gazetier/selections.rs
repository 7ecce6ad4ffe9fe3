//! Feeds of bylines, of tags, and of columns that the configuration chooses: they follow each change of a column, and
//! cost a magazine nothing that does not ask for them.

use serde_json::{Value, json};

use crate::support::Scene;

/// A magazine with these keys of `[feeds]` and these selections.
fn scene(feeds: &str, selections: &str) -> Scene {
    Scene::empty()
        .config("items = 50", &format!("items = 3\n{feeds}"))
        .config("\n[digest]\n", &format!("\n{selections}\n[digest]\n"))
}

fn column(scene: &Scene, name: &str, day: &str, front: &str, body: &str) {
    let text = format!("---\ntitle: {name}\nstandfirst: Un chapô.\npublished: {day}T08:00:00Z\n{front}\n---\n{body}\n");
    scene.put(&format!("columns/{name}.md"), &text);
}

fn titles(scene: &Scene, feed: &str) -> Vec<String> {
    let items = scene.items(&format!("{feed}/feed.json")).into_iter();
    items.map(|item| item["title"].as_str().expect("a title").to_owned()).collect()
}

fn feed(scene: &Scene, feed: &str) -> Value {
    serde_json::from_str(&scene.read(&format!("feeds/{feed}/feed.json"))).expect("JSON")
}

const PORT: &str = "[[feeds.selections]]\nslug = \"port\"\ntitle = \"Le port\"\ndescription = \"Quais et bateaux\"\n\
    tags = [\"Port\", \"digue\"]\n\
    [[feeds.selections]]\nslug = \"marees\"\ntitle = \"Marées\"\nrubriques = [\"Humeur\"]\nwords = [\"marée basse\"]\n";

#[test]
fn each_byline_and_tag_stands_by_itself_in_every_form() {
    let scene = scene("", "");
    let front =
        "authors: [Ève Le Bihan, Yann Quéré, Zoé]\ntags: [Le port, Humeur, LE PORT, \"A & B\"]\nrubrique: humeur";
    column(&scene, "Une digue", "2026-11-02", front, "Le corps.");
    scene.ok(&["run", "--at", "2026-11-05"]);
    let item = scene.items("feed.json").remove(0);
    assert_eq!(item["authors"], json!([{"name": "Ève Le Bihan"}, {"name": "Yann Quéré"}, {"name": "Zoé"}]));
    assert_eq!(item["tags"], json!(["Humeur", "Le port", "A & B"]));
    let (rss, atom) = (scene.read("feeds/rss.xml"), scene.read("feeds/atom.xml"));
    for part in [
        "<dc:creator>Ève Le Bihan</dc:creator>\n   <dc:creator>Yann Quéré</dc:creator>\n   <dc:creator>Zoé</dc:creator>",
        "<category>Humeur</category>\n   <category>Le port</category>\n   <category>A &amp; B</category>",
    ] {
        assert!(rss.contains(part), "{rss}");
    }
    assert_eq!(atom.matches("<author>").count(), 4, "{atom}");
    assert!(atom.contains("<category term=\"humeur\" label=\"Humeur\"/>\n  <category term=\"Le port\"/>"), "{atom}");
    // The line that readers of the letter see is one.
    let exported = scene.ok(&["columns", "export"]);
    assert!(exported.contains("\"bylines\":[\"Ève Le Bihan\",\"Yann Quéré\",\"Zoé\"]"), "{exported}");
    assert!(exported.contains("\"tags\":[\"Le port\",\"A & B\"]"), "{exported}");
}

#[test]
fn columns_come_into_selections_and_leave_them() {
    for scene in [scene("tombstones = true", PORT), scene("tombstones = true", PORT).on_postgres()] {
        column(&scene, "a", "2026-11-01", "tags: port\nrubrique: humeur", "À marée\nbasse.");
        column(&scene, "b", "2026-11-02", "tags: [Digue, Ville]\nrubrique: edito", "À marée basse.");
        column(&scene, "c", "2026-11-03", "rubrique: humeur", "Les marées basses.");
        column(&scene, "d", "2026-11-20", "tags: port", "Plus tard.");
        scene.ok(&["run", "--at", "2026-11-05"]);
        assert_eq!((titles(&scene, "selection/port"), titles(&scene, "selection/marees")), (texts("b a"), texts("a")));
        assert_eq!(feed(&scene, "selection/port")["title"], "L’Estran — Le port");
        assert_eq!(feed(&scene, "selection/port")["description"], "Quais et bateaux");
        for beside in ["feeds.opml", "index.html"] {
            let text = scene.read(&format!("feeds/{beside}"));
            assert!(text.contains("Quais et bateaux") && text.contains("/feeds/selection/port/rss.xml"), "{text}");
        }

        let snippet = scene.ok(&["feeds", "snippet", "html"]);
        assert!(snippet.contains("title=\"L’Estran · Le port (Atom)\""), "{snippet}");

        // One loses the tag, another one gets the words, a third is withdrawn.
        column(&scene, "b", "2026-11-02", "tags: [Ville]\nrubrique: edito", "À marée basse.");
        column(&scene, "c", "2026-11-03", "rubrique: humeur\ntags: PORT", "La marée basse.");
        column(&scene, "a", "2026-11-01", "tags: port\nrubrique: humeur\nwithdrawn: true", "À marée basse.");
        scene.ok(&["run", "--at", "2026-11-06"]);
        assert_eq!((titles(&scene, "selection/port"), titles(&scene, "selection/marees")), (texts("c"), texts("c")));
        assert!(scene.read("feeds/selection/port/atom.xml").contains("<at:deleted-entry"));

        // Time passes, and nothing else.
        let said = scene.ok(&["run", "--at", "2026-11-21"]);
        assert_eq!(titles(&scene, "selection/port"), texts("d c"), "{said}");

        // Other conditions are other columns.
        scene.reconfigure("tags = [\"Port\", \"digue\"]", "tags = [\"ville\"]");
        scene.ok(&["run", "--at", "2026-11-22"]);
        assert_eq!(titles(&scene, "selection/port"), texts("b"));
        let check = scene.ok(&["publish", "--check", "--at", "2026-11-22"]);
        assert!(check.contains("6 feeds"), "{check}");
    }
}

fn texts(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

#[test]
fn selections_have_archives() {
    let scene = scene("", PORT);
    for (index, day) in ["2026-08-01", "2026-08-02", "2026-09-01", "2026-10-01", "2026-11-01"].iter().enumerate() {
        column(&scene, &format!("n{index}"), day, "tags: port", "Corps.");
    }
    scene.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(titles(&scene, "selection/port"), texts("n4 n3 n2"));
    assert_eq!(feed(&scene, "selection/port")["next_url"], Value::from(archive("2026-10")));
    assert_eq!(titles(&scene, "selection/port/archive/2026-08"), texts("n1 n0"));
    // A column that goes from an old month goes from its archive.
    column(&scene, "n0", "2026-08-01", "tags: ville", "Corps.");
    scene.ok(&["run", "--at", "2026-11-06"]);
    assert_eq!(titles(&scene, "selection/port/archive/2026-08"), texts("n1"));
}

fn archive(month: &str) -> String {
    format!("https://estran.example.org/feeds/selection/port/archive/{month}/feed.json")
}

#[test]
fn each_tag_has_a_feed_if_enough_columns_have_it() {
    let scene = scene("bylines = true\ntags = true\nleast_columns = 2", "");
    column(&scene, "a", "2026-11-01", "tags: [C++, Ville]\nauthors: [Zoé, Ève]", "Corps.");
    column(&scene, "b", "2026-11-02", "tags: [c, ville]\nbyline: zoe", "Corps.");
    let outcome = scene.run(&["run", "--at", "2026-11-05"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let told = "the feed tag/c is one for several names, which would have one address: \"C++\", \"c\"";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("ville") && !outcome.stderr.contains("zoe"), "{}", outcome.stderr);
    assert_eq!(titles(&scene, "tag/ville"), texts("b a"));
    assert_eq!(titles(&scene, "byline/zoe"), texts("b a"));
    assert_eq!(feed(&scene, "tag/ville")["title"], "L’Estran — ville");
    assert!(!scene.path("feeds/byline/eve").exists());

    // A feed that readers have stays, whatever becomes of its columns.
    column(&scene, "b", "2026-11-02", "tags: [c]\nauthors: [Zoé, Ève]", "Corps.");
    scene.ok(&["run", "--at", "2026-11-06"]);
    assert_eq!((titles(&scene, "tag/ville"), titles(&scene, "byline/eve")), (texts("a"), texts("b a")));
    scene.put("columns/a.md", &scene.read("columns/a.md").replace("title:", "draft: true\ntitle:"));
    scene.ok(&["run", "--at", "2026-11-07"]);
    assert_eq!(scene.items("tag/ville/feed.json"), [Value::Null; 0]);
    // What is missing on the disk is written again, also of these.
    std::fs::remove_file(scene.path("feeds/tag/c/rss.xml")).expect("a file");
    assert_eq!(scene.ok(&["publish", "--at", "2026-11-07"]), "1 files published in feeds\n");
    assert_eq!(scene.ok(&["publish", "--at", "2026-11-07"]), "nothing new to publish\n");
}

#[test]
fn lists_that_an_old_store_lacks_make_no_column_new() {
    let scene = scene("tags = true", "");
    column(&scene, "a", "2026-11-01", "tags: [Ville]\nauthors: [Zoé, Ève]", "Corps.");
    scene.ok(&["run", "--at", "2026-11-05"]);
    let before = scene.read("feeds/atom.xml");
    // As a store is that knew of no lists.
    scene.sql("UPDATE columns SET bylines = '', tags = '', fingerprint = 'old', revision = 0");
    scene.sql("UPDATE source_files SET content = 'old', seen = 'old'");
    scene.sql("DELETE FROM feed_columns");
    scene.sql("DELETE FROM feed_state WHERE feed = '*sorted'");
    scene.ok(&["run", "--at", "2026-11-06"]);
    assert_eq!(scene.read("feeds/atom.xml"), before);
    assert_eq!(titles(&scene, "tag/ville"), texts("a"));
}

#[test]
fn a_rubrique_that_is_renamed_stays_in_a_selection() {
    let selection = "[[feeds.selections]]\nslug = \"h\"\ntitle = \"H\"\nrubriques = [\"humeur\"]\n";
    let scene = scene("", selection);
    column(&scene, "a", "2026-11-01", "rubrique: carnet", "Corps.");
    scene.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(scene.items("selection/h/feed.json"), [Value::Null; 0]);
    scene.reconfigure("slug = \"carnet\"\n", "slug = \"notes\"\n");
    scene.reconfigure("label = \"Carnet\"\n", "label = \"Notes\"\nformerly = [\"carnet\"]\n");
    scene.reconfigure("rubriques = [\"humeur\"]", "rubriques = [\"notes\"]");
    scene.ok(&["run", "--at", "2026-11-06"]);
    assert_eq!(titles(&scene, "selection/h"), texts("a"));
}
