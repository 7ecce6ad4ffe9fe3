//! Markdown files with front matter: the folder of the configuration, read at every run, and files
//! that are imported by name.

use std::fs;

use serde_json::{Value, json};

use super::{LATER, refusal};
use crate::support::{MONDAY, Scene};

/// A file with this front matter, in YAML, and this body.
fn yaml(front: &str, body: &str) -> String {
    format!("---\n{front}\n---\n\n{body}\n")
}

/// A scene with one column, synced and published; what the program said, and the column as the feed has it.
fn published(scene: &Scene, text: &str) -> (String, Value) {
    scene.put("columns/essai.md", text);
    let outcome = scene.run(&["sync"]);
    assert_eq!(outcome.code, 0, "{text}: {outcome:?}");
    scene.ok(&["publish", "--at", LATER]);
    (outcome.stderr, scene.items("feed.json").into_iter().next().unwrap_or_default())
}

#[test]
fn a_picture_that_lies_beside_its_column_is_measured() {
    let scene = Scene::sample();
    let length = fs::metadata(scene.path("columns/images/phare.jpg")).expect("the picture").len();
    let front = |more: &str| {
        format!(
            "title: Phare\npublished: 2026-11-20\nimage:\n  url: images/phare.jpg\n  alt: Un phare\n  credit: Ici{more}"
        )
    };
    let scene = Scene::empty().config("items = 50", "items = 50\nlead_image = \"metadata\"");
    fs::create_dir(scene.path("columns/images")).expect("a folder");
    let from = concat!(env!("CARGO_MANIFEST_DIR"), "/columns/images/phare.jpg");
    fs::copy(from, scene.path("columns/images/phare.jpg")).expect("the sample image");
    let (said, item) = published(&scene, &yaml(&front(""), "Corps."));
    assert_eq!(
        (said.as_str(), &item["image"], &item["_picture"]),
        (
            "",
            &json!("https://estran.example.org/images/phare.jpg"),
            &json!({
                "alt": "Un phare", "credit": "Ici",
                "mime_type": "image/jpeg", "width": 1200, "height": 675, "size_in_bytes": length,
            })
        )
    );
    let (_, item) = published(&scene, &yaml(&front("\n  width: 600\n  height: 337"), "Corps."));
    assert_eq!((&item["_picture"]["width"], &item["_picture"]["height"]), (&json!(600), &json!(337)));
    // What is not below the folder is no business of ours, and what is elsewhere cannot be measured.
    for (url, absolute) in [
        ("../columns/images/phare.jpg", "https://estran.example.org/columns/images/phare.jpg"),
        ("https://cdn.example.org/é.webp?w=1", "https://cdn.example.org/%C3%A9.webp?w=1"),
    ] {
        let (_, item) = published(&scene, &yaml(&front("").replace("images/phare.jpg", url), "Corps."));
        assert_eq!((&item["image"], &item["_picture"]["width"]), (&json!(absolute), &Value::Null));
    }
}

#[test]
fn a_body_is_cleaned_and_its_addresses_are_made_absolute() {
    let scene = Scene::empty();
    let front = "title: Essai\npublished: 2026-11-20\nslug: essai";
    for (body, html) in [
        ("Un *mot* et `<b>` &amp; ]]>", "<p>Un <em>mot</em> et <code>&lt;b&gt;</code> &amp; ]]&gt;</p>\n"),
        ("Qui\u{202f}? Moi\u{a0}!", "<p>Qui\u{202f}? Moi&nbsp;!</p>\n"),
        (
            "[ici](../carnet?a=1&b=é) et [là](/x \"t\") et [bas](#bas)",
            "<p><a href=\"https://estran.example.org/carnet?a=1&amp;b=%C3%A9\">ici</a> et \
             <a href=\"https://estran.example.org/x\" title=\"t\">là</a> et \
             <a href=\"https://estran.example.org/chroniques/essai#bas\">bas</a></p>\n",
        ),
        (
            "![Mer](a b.jpg)\n\n![Mer](<a b.jpg>)",
            "<p>![Mer](a b.jpg)</p>\n<p><img src=\"https://estran.example.org/a%20b.jpg\" alt=\"Mer\"></p>\n",
        ),
        ("<script>alert(1)</script>Avant <b onclick=\"x()\">gras</b>", "Avant <b>gras</b>\n"),
        ("[x](javascript:alert(1)) <a href=\"data:text/html,x\">y</a>", "<p><a>x</a> <a>y</a></p>\n"),
        (
            "<iframe src=\"//x.example\"></iframe><p style=\"color:red\">z</p>",
            "<p><a href=\"https://x.example/\">x.example</a></p><p>z</p>\n",
        ),
        ("<p>jamais fermé <em>non plus", "<p>jamais fermé <em>non plus\n</em></p>"),
        ("</div></article>fin", "fin\n"),
        (
            "a | b\n--|--\n1 | 2",
            "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody></table>\n",
        ),
    ] {
        let (said, item) = published(&scene, &yaml(front, body));
        assert_eq!((said.as_str(), &item["content_html"]), ("", &json!(html)), "{body}");
    }
}

#[test]
fn what_no_feed_can_hold_is_taken_out_of_every_field_and_told() {
    let front = r#"title: "A\u000bB"
standfirst: "C\0D\uFFFE"
byline: "E\u001bF"
guid: "urn:x:\u0001y"
published: 2026-11-20
image: { url: a.jpg, alt: "G\bH", credit: "I\u000cJ" }"#;
    let scene = Scene::empty().config("items = 50", "items = 50\nlead_image = \"metadata\"");
    let (said, item) = published(&scene, &yaml(front, "K\u{b}L"));
    let told = |field: &str, codes: &str| {
        format!("gazetier: warning: columns/essai.md: the {field} held {codes}, which no feed can hold: taken out\n")
    };
    let mut said: Vec<&str> = said.split_inclusive('\n').collect();
    let mut expected = [
        told("standfirst", "U+0000, U+FFFE"),
        told("byline", "U+001B"),
        told("guid", "U+0001"),
        told("image's alt", "U+0008"),
    ];
    said.sort_unstable();
    expected.sort_unstable();
    assert_eq!(said, expected);
    assert_eq!(
        json!([item["title"], item["summary"], item["authors"][0]["name"], item["id"], item["_picture"]["alt"]]),
        json!(["A B", "CD", "EF", "urn:x:y", "GH"])
    );
    assert_eq!(
        (&item["_picture"]["credit"], &item["content_html"]),
        (&json!("I J"), &json!("<p><strong>CD</strong></p>\n<p>K L</p>\n"))
    );
}

#[test]
fn what_the_editors_should_know_is_told_and_stops_nothing() {
    let file = "columns/essai.md";
    for (front, warning) in [
        (
            "rubrique: Tribune",
            format!(
                "{file}: \"Tribune\" is no rubrique of the configuration: the column is in the feed of all columns alone"
            ),
        ),
        (
            "byline: Zoé #1",
            "columns/essai.md:4: byline: YAML reads \"Zoé\" in \"Zoé #1\": put the whole between quotes".to_owned(),
        ),
        (
            "standfirst: !Vive la mer\n  et le vent",
            "columns/essai.md:4: standfirst: YAML reads \"la mer et le vent\" in \"!Vive la mer et le vent\": put the \
             whole between quotes"
                .to_owned(),
        ),
        (
            "updated: 2031-01-01",
            format!("{file}: updated: 2030-12-31 23:00:00 UTC is still to come: until then it counts as not updated"),
        ),
        ("chapeau: x", format!("{file}: the front matter's \"chapeau\" means nothing here: passed over")),
        ("image: { url: a.jpg }", format!("{file}: its image has no alt: say in words what it shows")),
    ] {
        let (said, item) =
            published(&Scene::empty(), &yaml(&format!("title: Essai\npublished: 2026-11-20\n{front}"), "x"));
        assert_eq!(said, format!("gazetier: warning: {warning}\n"));
        assert_eq!((&item["title"], &item["tags"]), (&json!("Essai"), &Value::Null));
    }
}

#[test]
fn the_names_other_programs_give_to_keys_are_understood() {
    let front = "title: |\n  Deux\n  lignes\nchapô: >-\n  Un\u{202f}seul\n  paragraphe\nauthor: ' Maëlle '\ndate: 2026-07-01 08:00";
    let (said, item) = published(&Scene::empty(), &yaml(front, ""));
    assert_eq!(said, "");
    assert_eq!(
        json!([item["title"], item["content_text"], item["authors"][0]["name"], item["date_published"]]),
        json!(["Deux lignes", "Un\u{202f}seul paragraphe", "Maëlle", "2026-07-01T06:00:00Z"])
    );
}

#[test]
fn a_file_that_cannot_be_taken_is_refused_with_the_place_and_the_reason() {
    let mut told = String::new();
    for (what, text) in [
        ("no front matter", "# Un titre\n\nUn corps.\n".to_owned()),
        ("an empty file", String::new()),
        ("no end of the front matter", "---\ntitle: Essai\npublished: 2026-11-20\n\nCorps.\n".to_owned()),
        ("no end of the front matter in TOML", "+++\ntitle = \"Essai\"\n---\n".to_owned()),
        ("no title", yaml("published: 2026-11-20", "x")),
        ("an empty title", yaml("title: \" \"\npublished: 2026-11-20", "x")),
        ("no date", yaml("title: Essai", "x")),
        ("no date in TOML", "+++\ntitle = \"Essai\"\n+++\n".to_owned()),
        ("a date in words", yaml("title: Essai\npublished: demain", "x")),
        ("a day that is none", yaml("title: Essai\npublished: 2026-02-30", "x")),
        ("an update in words", yaml("title: Essai\npublished: 2026-11-20\nupdated: hier", "x")),
        ("no YAML", yaml("title: \"Essai", "x")),
        ("no TOML", "+++\ntitle = Essai\n+++\n".to_owned()),
        ("a title that is a list", yaml("title: [Essai]\npublished: 2026-11-20", "x")),
        ("a year of five digits", yaml("title: Essai\npublished: +10000-01-01T00:00", "x")),
        ("a year of three digits", yaml("title: Essai\npublished: 0999-01-01", "x")),
        ("an update in such a year", yaml("title: Essai\npublished: 2026-11-20\nupdated: +10000-01-01", "x")),
        ("a title without an end", yaml(&format!("title: {}\npublished: 2026-11-20", "m".repeat(1_001)), "x")),
        (
            "a standfirst without an end",
            yaml(&format!("title: Essai\nstandfirst: {}\npublished: 2026-11-20", "mer ".repeat(2_600)), "x"),
        ),
        ("a wrong slug", yaml("title: Essai\npublished: 2026-11-20\nslug: 🌊", "x")),
        ("a page that runs", yaml("title: Essai\npublished: 2026-11-20\nurl: 'javascript:alert(1)'", "x")),
        ("a picture that is a file", yaml("title: Essai\npublished: 2026-11-20\nimage: { url: 'file:///x.jpg' }", "x")),
    ] {
        let scene = Scene::empty().write("columns/essai.md", &text);
        told += &format!("# {what}\n{}", refusal(&scene, &["import", "columns/essai.md"]));
    }
    let scene = Scene::empty().write("columns/🌊.md", &yaml("title: Essai\npublished: 2026-11-20", "x"));
    told += &format!("# a name without letters\n{}", refusal(&scene, &["import", "columns/🌊.md"]));
    insta::assert_snapshot!("refusals", told);
}

#[test]
fn an_edited_file_changes_its_column_which_keeps_its_id() {
    let scene = Scene::sample();
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    let before = scene.items("carnet/feed.json");
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");

    let file = "columns/2026-11-22-dimanche-a-la-criee.md";
    let text = scene.read(file).replace("Dimanche à la criée", "Lundi à la criée").replace("Carnet", "Humeur");
    scene.put(file, &text.replace("À seize heures", "À dix-sept heures"));
    assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(scene.items("carnet/feed.json")[..], before[1..]);
    let after = &scene.items("humeur/feed.json")[0];
    assert_eq!(after["title"], "Lundi à la criée");
    assert!(after["content_html"].as_str().expect("a body").contains("<p>À dix-sept heures,"));
    for key in ["id", "url", "date_published", "date_modified"] {
        assert_eq!(after[key], before[0][key], "{key}");
    }
}

#[test]
fn an_id_in_the_front_matter_outlives_the_file_s_name_and_a_guid_stays_what_readers_know() {
    let scene = Scene::empty();
    let text = yaml("title: Essai\npublished: 2026-11-20\nid: n° 7\nguid: https://autre.example/?p=7", "x");
    let (_, item) = published(&scene, &text);
    assert_eq!(item["id"], "https://autre.example/?p=7");
    fs::rename(scene.path("columns/essai.md"), scene.path("columns/autre.md")).expect("a file");
    scene.put("columns/autre.md", &text.replace("https://autre.example/?p=7", "urn:x").replace("Essai", "Reprise"));
    assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
    scene.ok(&["publish", "--at", LATER]);
    let items = scene.items("feed.json");
    let told: Vec<_> = items.iter().map(|item| (&item["title"], &item["id"])).collect();
    assert_eq!(told, [(&json!("Reprise"), &json!("https://autre.example/?p=7"))]);
}

#[test]
fn drafts_hidden_files_and_other_files_are_no_columns() {
    let scene = Scene::empty();
    let text = yaml("title: Essai\npublished: 2026-11-20", "x");
    for name in [".essai.md", "_essai.md", "_brouillons/a.md", ".git/a.md", "lisez-moi.txt", "essai.md~"] {
        scene.put(&format!("columns/{name}"), &text);
    }
    scene.put("columns/brouillon.md", &yaml("title: Essai\npublished: 2026-11-20\ndraft: true", "x"));
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    scene.put("columns/2026/novembre/essai.markdown", &text);
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    scene.put("columns/brouillon.md", &text);
    assert_eq!(scene.ok(&["sync"]), "1 columns added\n");
    scene.ok(&["publish", "--at", LATER]);
    let ids: Vec<String> = scene.items("feed.json").iter().map(|item| item["id"].to_string()).collect();
    let tag = |key: &str| format!("\"tag:estran.example.org,2026-01-01:markdown/{key}\"");
    assert_eq!(ids, [tag("brouillon"), tag("2026/novembre/essai")]);
}

#[test]
fn a_bad_file_is_passed_over_by_sync_and_run_and_the_others_are_published() {
    for command in [&["sync"][..], &["run", "--at", MONDAY]] {
        let scene =
            Scene::sample().write("columns/2026-11-20-vide.md", "").write("columns/a.md", &yaml("title: A", "x"));
        fs::write(scene.path("columns/b.md"), b"---\ntitle: \xe9t\xe9\n---\n").expect("a file");
        let told = "\
gazetier: columns/2026-11-20-vide.md: it begins with no front matter: write it between two lines of --- (YAML) or +++ (TOML); passed over
gazetier: columns/a.md: it has no date: write `published`, or begin the file's name with one, such as 2026-10-02-; passed over
gazetier: columns/b.md: not UTF-8 at byte 11: save it as UTF-8; passed over
gazetier: 3 files of the sources were passed over, see above
";
        let outcome = scene.run(command);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (65, told));
        scene.ok(&["publish", "--at", LATER]);
        assert_eq!(scene.items("feed.json").len(), 12);
        // What is still wrong is still told; what is mended is taken.
        scene.put("columns/2026-11-20-vide.md", &yaml("title: Plein\npublished: 2026-11-20", "x"));
        fs::remove_file(scene.path("columns/b.md")).expect("a file");
        let outcome = scene.run(&["sync"]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (65, "1 columns added\n"), "{outcome:?}");
        assert!(
            outcome.stderr.ends_with("gazetier: 1 files of the sources were passed over, see above\n"),
            "{outcome:?}"
        );
    }
}

#[test]
fn of_several_files_with_a_bad_one_import_takes_none() {
    let scene = Scene::sample().write("columns/mauvais.md", "Sans titre.\n");
    let good = "columns/2026-11-20-vue-mer-partielle.md";
    refusal(&scene, &["import", good, "columns/mauvais.md"]);
    assert_eq!(scene.ok(&["import", good]), "1 columns read: 1 added, 0 changed, 0 as they were\n");
}

#[test]
fn a_file_is_the_same_column_whether_it_is_imported_or_synced() {
    let scene = Scene::empty();
    let file = "columns/2026/novembre/essai.md";
    scene.put(file, &yaml("title: Essai\npublished: 2026-11-20", "x"));
    assert_eq!(scene.ok(&["import", file]), "1 columns read: 1 added, 0 changed, 0 as they were\n");
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    scene.put(file, &yaml("title: Reprise\npublished: 2026-11-20", "x"));
    assert_eq!(scene.ok(&["sync"]), "1 columns changed\n");
    assert_eq!(scene.ok(&["import", file]), "1 columns read: 0 added, 0 changed, 1 as they were\n");
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(scene.items("feed.json").len(), 1);
}

#[test]
fn two_files_with_one_id_are_refused() {
    let scene = Scene::empty();
    scene.put("columns/a.md", &yaml("title: A\npublished: 2026-11-20\nid: sept", "x"));
    scene.put("columns/b.md", &yaml("title: B\npublished: 2026-11-20\nid: sept", "x"));
    let said = refusal(&scene, &["import", "columns/a.md", "columns/b.md"]);
    assert!(said.contains("two columns have the id \"sept\": give one of them another"), "{said}");
    // Of a folder, the first stands and the second is passed over, at each run.
    let told =
        "gazetier: columns/b.md: it has the id \"sept\" of columns/a.md: give one of them another; passed over\n";
    for _ in 0..2 {
        let outcome = scene.run(&["sync"]);
        assert_eq!(outcome.code, 65);
        assert!(outcome.stderr.starts_with(told), "{}", outcome.stderr);
        scene.ok(&["publish", "--at", LATER]);
        assert_eq!(scene.items("feed.json")[0]["title"], "A");
    }
}

#[test]
fn two_files_with_one_guid_are_refused() {
    let scene = Scene::empty();
    scene.put("columns/a.md", &yaml("title: A\npublished: 2026-11-20\nguid: urn:x:1", "x"));
    scene.put("columns/b.md", &yaml("title: B\npublished: 2026-11-20\nguid: urn:x:1", "x"));
    scene.put("columns/c.md", &yaml("title: C\npublished: 2026-11-20", "x"));
    for _ in 0..2 {
        let outcome = scene.run(&["sync"]);
        assert_eq!(outcome.code, 65);
        let told = "gazetier: the column \"b\" has the guid \"urn:x:1\", as \"a\" has already: \
                    give one of them another; passed over\n";
        assert!(outcome.stderr.starts_with(told), "{}", outcome.stderr);
        scene.ok(&["publish", "--at", LATER]);
        assert_eq!(scene.items("feed.json").len(), 2);
    }
    let outcome = scene.run(&["import", "columns/b.md"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (65, ""), "{outcome:?}");
}

#[test]
fn an_update_counts_on_its_day_and_not_before() {
    let scene = Scene::empty();
    let text = |updated: &str| yaml(&format!("title: Essai\npublished: 2026-11-20T10:00\nupdated: {updated}"), "x");
    let updated = |text: &str, at: &str| {
        scene.put("columns/essai.md", text);
        scene.run(&["sync", "--at", at]);
        scene.ok(&["publish", "--at", at]);
        scene.items("feed.json")[0]["date_modified"].as_str().map(str::to_owned)
    };
    // To come: the file is the same when its day comes.
    let dated = text("2026-11-25T08:00");
    assert_eq!(updated(&dated, "2026-11-21").as_deref(), Some("2026-11-20T09:00:00Z"));
    assert_eq!(scene.ok(&["sync", "--at", "2026-11-24"]), "nothing new in the sources\n");
    assert_eq!(scene.ok(&["sync", "--at", "2026-11-26"]), "1 columns changed\n");
    assert_eq!(updated(&dated, "2026-11-26").as_deref(), Some("2026-11-25T07:00:00Z"));
    assert_eq!(scene.ok(&["sync", "--at", "2026-11-26"]), "nothing new in the sources\n");
    // Without an hour, on the day of publication.
    assert_eq!(updated(&text("2026-11-20"), "2026-11-26").as_deref(), Some("2026-11-20T09:00:01Z"));
}

#[test]
fn lines_may_end_as_old_programs_end_them() {
    let text = yaml("title: Essai\nstandfirst: Un chapô.\npublished: 2026-11-20", "Un\n\nDeux");
    let scene = Scene::empty();
    let (said, item) = published(&scene, &text.replace('\n', "\r"));
    assert_eq!((said.as_str(), &item["summary"]), ("", &json!("Un chapô.")));
    let html = item["content_html"].as_str().expect("a body");
    assert!(html.ends_with("<p>Un</p>\n<p>Deux</p>\n"), "{html}");
}
