//! Files with many columns: tables and lines of JSON, as sources and by hand. A record is new, changed, gone or
//! wrong by itself, and is known by its id wherever it stands.

use std::{fs, process::Stdio};

use super::LATER;
use crate::support::{MONDAY, Outcome, Scene, peak};

/// A configuration whose columns stand in a file.
fn scene(kind: &str, file: &str, more: &str) -> Scene {
    Scene::empty().config(
        "[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n",
        &format!("[[sources]]\nname = \"site\"\nkind = \"{kind}\"\npath = \"{file}\"\n{more}\n"),
    )
}

/// A line of JSON.
fn line(id: &str, title: &str, more: &str) -> String {
    format!("{{\"id\":\"{id}\",\"title\":\"{title}\",\"published\":\"2026-11-18 08:00\"{more}}}\n")
}

/// The titles in the feed of all columns.
fn titles(scene: &Scene) -> Vec<String> {
    scene.ok(&["publish", "--at", LATER]);
    let items = scene.items("feed.json").into_iter();
    let mut titles: Vec<String> = items.map(|item| item["title"].as_str().expect("a title").to_owned()).collect();
    titles.sort();
    titles
}

const WHOLE: &str = r#"{"id":"n-7","guid":"https://old.example.org/?p=7","title":"La digue & la dune","standfirst":"Deux façons d’attendre.","body":"<p>Corps <a href=\"/b\">ici</a>.</p><script>x()</script>","bylines":["Anouk Le Goff","Yann Kerbrat"],"rubriques":["Opinions","Humeur"],"tags":["Port","edito","port","Le large"],"published":"2026-11-18T08:00:00+01:00","updated":"2026-11-19T09:00:00+01:00","url":"/2026/digue.html","image":{"url":"/images/digue.jpg","alt":"Une digue","credit":"A. L. G.","width":1200,"height":800}}
{"id":"n-8","title":"Brouillon","published":"2026-11-18","status":"draft"}
{"id":"n-9","title":"En Markdown","body":"Un *mot*.\n\n- a\n- b","format":"markdown","byline":"Anouk Le Goff","rubrique":"carnet","published":"2026-11-17"}
{"id":"n-10","title":"En texte","body":"Un < deux.\nÀ la ligne.\n\nAutre.","format":"text","published":"2026-11-16 07:30"}
"#;

#[test]
fn every_field_is_taken_and_a_draft_is_not() {
    let scene = scene("jsonl", "columns.jsonl", "rubriques = { Opinions = \"edito\" }").write("columns.jsonl", WHOLE);
    assert_eq!(scene.ok(&["sync"]), "3 columns added\n");
    scene.ok(&["publish", "--at", LATER]);
    let items = serde_json::to_string_pretty(&scene.items("feed.json")).expect("JSON");
    insta::assert_snapshot!("every_field_is_taken", items);
    assert_eq!(scene.items("edito/feed.json").len(), 1);
}

#[test]
fn all_that_the_store_has_of_a_column_is_shown() {
    let scene = scene("jsonl", "columns.jsonl", "rubriques = { Opinions = \"edito\" }").write("columns.jsonl", WHOLE);
    scene.ok(&["sync"]);
    scene.ok(&["columns", "show", "n-9", "--at", LATER]);
    let shown = ["n-7", "n-10"].map(|key| scene.ok(&["columns", "show", key, "--at", LATER]));
    let record: serde_json::Value =
        serde_json::from_str(&scene.ok(&["columns", "show", "n-7", "--json"])).expect("a record");
    assert_eq!((&record["id"], &record["bylines"][1]), (&"n-7".into(), &"Yann Kerbrat".into()));
    let early = scene.ok(&["columns", "show", "n-7", "--at", "2026-11-17"]);
    assert!(early.contains("state       not published yet\n"), "{early}");
    assert_eq!(scene.run(&["columns", "show", "n-8"]).code, 65);
    insta::assert_snapshot!("shown", shown.join("\n"));
}

#[test]
fn a_table_says_by_its_headings_what_is_what() {
    let table = "\u{feff}Identifiant;Titre;Chapô;Contenu;Auteurs;Rubrique;Date;Inconnu\r\n\
                 1;Premier;Un chapô;\"<p>Un ; deux\r\nlignes</p>\";Anouk|Yann;Humeur;2026-11-18 08:00;x\r\n\
                 2;\"Le \"\"deux\"\"\";;<p>b</p>;;;2026-11-17;\r\n";
    let scene = scene("csv", "table.csv", "").write("table.csv", table);
    assert_eq!(scene.ok(&["sync"]), "2 columns added\n");
    assert_eq!(titles(&scene), ["Le \"deux\"", "Premier"]);
    let first = scene.items("humeur/feed.json").remove(0);
    assert_eq!(first["summary"], "Un chapô");
    assert_eq!(first["content_html"], "<p><strong>Un chapô</strong></p>\n<p>Un ; deux\nlignes</p>");
}

#[test]
fn a_table_with_its_own_headings_is_mapped() {
    let fields = "[sources.fields]\nid = \"nid\"\ntitle = \"node_title\"\npublished = \"created\"\n";
    let scene =
        scene("csv", "t.tsv", fields).write("t.tsv", "nid\tnode_title\tcreated\ttitle\n4\tA\t2026-11-18\tnon\n");
    scene.ok(&["sync"]);
    assert_eq!(titles(&scene), ["A"]);
    scene.reconfigure("created", "made");
    let outcome = scene.run(&["sync"]);
    assert_eq!(outcome.code, 65, "{outcome:?}");
    assert!(outcome.stderr.contains("t.tsv:1: no heading means published"), "{}", outcome.stderr);
    assert_eq!(titles(&scene), ["A"], "nothing is withdrawn by a table that cannot be read");
}

#[test]
fn a_record_is_new_changed_or_gone_by_itself() {
    let [a, b, c] = [line("a", "A", ""), line("b", "B", ",\"body\":\"un\""), line("c", "C", "")];
    let scene = scene("jsonl", "c.jsonl", "").write("c.jsonl", &format!("{a}{b}{c}"));
    scene.ok(&["sync"]);
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
    // Elsewhere in the file, one is still the same.
    let changed = line("b", "B", ",\"body\":\"deux\"");
    scene.put("c.jsonl", &format!("\n{c}{changed}{}", line("d", "D", "")));
    assert_eq!(scene.ok(&["sync"]), "1 columns added, 1 columns changed, 1 columns withdrawn\n");
    assert_eq!(titles(&scene), ["B", "C", "D"]);
    // With another id and the same words, it is the same column: readers do not get it again.
    let before = scene.items("feed.json").into_iter().find(|item| item["title"] == "D").expect("D")["id"].clone();
    scene.put("c.jsonl", &format!("{c}{changed}{}", line("dd", "D", "")));
    assert!(scene.ok(&["sync"]).ends_with("1 columns moved\n"));
    scene.ok(&["publish", "--at", LATER]);
    let after = scene.items("feed.json").into_iter().find(|item| item["title"] == "D").expect("D")["id"].clone();
    assert_eq!(before, after);
}

#[test]
fn an_empty_or_missing_file_withdraws_nothing() {
    let all = line("a", "A", "") + &line("b", "B", "");
    let scene = scene("jsonl", "c.jsonl", "").write("c.jsonl", &all);
    scene.ok(&["sync"]);
    scene.put("c.jsonl", "");
    let outcome = scene.run(&["sync"]);
    assert_eq!(outcome.code, 65, "{outcome:?}");
    assert!(outcome.stderr.contains("held 2 columns and is empty: nothing is withdrawn"), "{}", outcome.stderr);
    fs::remove_file(scene.path("c.jsonl")).expect("a file");
    assert_eq!(scene.run(&["sync"]).code, 65);
    assert_eq!(titles(&scene), ["A", "B"]);
    scene.put("c.jsonl", &all);
    assert_eq!(scene.ok(&["sync"]), "nothing new in the sources\n");
}

#[test]
fn a_broken_record_is_told_once_with_its_line_and_the_others_are_taken() {
    let text = format!(
        "{}{{\"id\":\"b\",\"title\":\"B\"\n{}{}{}",
        line("a", "A", ""),
        line("c", "C", ",\"colour\":1"),
        line("a", "Encore A", ""),
        "{\"id\":\"e\",\"title\":\"E\",\"published\":\"hier\"}\n",
    );
    let scene = scene("jsonl", "c.jsonl", "").write("c.jsonl", &text);
    let outcome = scene.run(&["run", "--at", MONDAY]);
    insta::assert_snapshot!("broken_records", outcome.stderr);
    assert_eq!(titles(&scene), ["A"]);
    let again = scene.run(&["run", "--at", MONDAY]);
    assert!(!again.stderr.contains("c.jsonl:"), "{}", again.stderr);
    // Who asks by hand hears it again.
    assert!(scene.run(&["sync"]).stderr.contains("c.jsonl:2"));
}

#[test]
fn by_hand_all_are_taken_or_none_unless_it_goes_on() {
    let text = line("a", "A", "") + "{}\n" + &line("b", "B", "");
    let scene = Scene::empty().write("c.jsonl", &text);
    let refused = scene.run(&["import", "c.jsonl"]);
    insta::assert_snapshot!("import_of_broken_records", refused.stderr);
    assert_eq!((refused.code, titles(&scene)), (65, Vec::new()));
    let kept = scene.run(&["import", "--keep-going", "c.jsonl"]);
    assert_eq!((kept.code, kept.stdout.as_str()), (65, "2 columns read: 2 added, 0 changed, 0 as they were\n"));
    assert_eq!(titles(&scene), ["A", "B"]);
    scene.put("t.txt", "id,title,published\na,A,2026-11-18\nz,Z,2026-11-18\n");
    assert_eq!(scene.ok(&["import", "--dry-run", "t.txt"]), "new      a: A\nnew      z: Z\n");
}

#[test]
fn what_a_store_exports_another_takes_in_as_it_was() {
    let there = Scene::sample();
    there.ok(&["sync"]);
    there.ok(&["columns", "export", "columns.jsonl"]);
    there.ok(&["publish", "--at", LATER]);
    let here = Scene::empty();
    let lines = there.read("columns.jsonl");
    let mut program = here.command(&["import", "--format", "jsonl", "-"]);
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
    std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), lines.as_bytes()).expect("a pipe");
    let outcome: Outcome = child.wait_with_output().expect("an end").into();
    assert_eq!(outcome.code, 0, "{outcome:?}");
    here.ok(&["publish", "--at", LATER]);
    assert_eq!(here.files("feeds"), there.files("feeds"));
    for file in there.files("feeds").iter().filter(|file| file.ends_with("xml") || file.ends_with("json")) {
        assert_eq!(here.read(&format!("feeds/{file}")), there.read(&format!("feeds/{file}")), "{file}");
    }
    assert_eq!(here.ok(&["columns", "export"]), lines);
}

#[test]
fn a_file_that_is_no_format_of_ours_is_refused_with_what_it_looks_like() {
    let scene = Scene::empty();
    let mut told = String::new();
    for (name, bytes) in [
        ("a.csv", b"\xff\xfei\0d\0".as_slice()),
        ("b.csv", b"id,title,published\n1,\xe9t\xe9,2026-11-18\n"),
        ("c.docx", b"PK\x03\x04rest"),
        ("d.html", b"<!DOCTYPE html><html><body>Bonjour</body></html>"),
        ("e.json", b"[{\"id\": 1}]"),
        ("f.xml", b"<?xml version=\"1.0\"?><note/>"),
        ("g.csv", b"nom,prix\nPain,2\n"),
        ("h.bin", b"ab\0cd"),
    ] {
        fs::write(scene.path(name), bytes).expect("a file");
        let outcome = scene.run(&["import", name]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (65, ""), "{name}: {outcome:?}");
        told += &outcome.stderr;
    }
    insta::assert_snapshot!("unknown_files", told);
    assert_eq!(titles(&scene), Vec::<String>::new());
}

#[test]
fn memory_does_not_grow_with_the_records() {
    let body = "La mer monte et descend sans que personne ne compte les marées. ".repeat(300);
    let most = |count: usize| {
        let text: String = (0..count)
            .map(|n| line(&n.to_string(), &format!("Titre {n}"), &format!(",\"body\":\"{n} {body}\"")))
            .collect();
        let scene = scene("jsonl", "c.jsonl", "").write("c.jsonl", &text);
        peak(&scene, &["sync"])
    };
    let (few, many) = (most(250), most(2_500));
    // All of them would be 100 MB and more.
    assert!(many < few + 24_000, "{few} and {many} kB");
}

#[test]
fn a_source_that_wants_it_is_set_as_french_is() {
    let line = r#"{"id": "n-7", "title": "L'an: quoi?", "standfirst": "«Oui» !", "body": "<p>D'abord ; <code>a ? b'c</code></p>", "published": "2026-11-18 08:00"}"#;
    let scene = Scene::empty()
        .write("c.jsonl", line)
        .write("columns/a.md", "---\ntitle: L'eau !\ndate: 2026-11-18\n---\nVoilà: `c : d`.\n");
    let sources = |typography: &str| {
        format!(
            "[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n{typography}\n[[sources]]\nkind = \"jsonl\"\npath = \"c.jsonl\"\n\
             name = \"c\"\n{typography}"
        )
    };
    let scene =
        scene.config("[[sources]]\nkind = \"markdown\"\npath = \"columns\"\n", &sources("typography = \"fr\"\n"));
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", "2030-01-01"]);
    let feed = scene.read("feeds/feed.json");
    for text in [
        "L’an\u{202f}: quoi\u{202f}?",
        "«\u{202f}Oui\u{202f}»\u{202f}!",
        "<p>D’abord\u{202f}; <code>a ? b'c</code></p>",
        "L’eau\u{202f}!",
        "<p>Voilà\u{202f}: <code>c : d</code>.</p>",
    ] {
        assert!(feed.contains(text), "{text}\n{feed}");
    }
    // As it was written, once the line is taken away.
    for _ in 0..2 {
        scene.reconfigure("typography = \"fr\"\n", "");
    }
    assert_eq!(scene.ok(&["sync"]), "2 columns changed\n");
    let outcome =
        Scene::empty().config("path = \"columns\"\n", "path = \"columns\"\ntypography = \"de\"\n").run(&["status"]);
    assert!(outcome.code == 78 && outcome.stderr.contains("unknown variant `de`, expected `fr`"), "{outcome:?}");
}
