//! What somebody moves in with is looked at before it is taken: what it is, what would be taken, and the lines of the
//! configuration that take it. A sync by these lines takes as many columns as was said.

use std::path::Path;

use super::{
    exports::{GHOST, POST, post, wordpress},
    feed_sources::{Server, rss},
    generators::copy,
};
use crate::support::{Outcome, Scene};

/// When the folders of `sites` were as they are.
const AT: &str = "2026-11-21T08:00";

/// A scene with nothing but a site beside its configuration.
fn site(name: &str, files: &[(&str, &str)]) -> Scene {
    let scene = Scene::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gazetier/imports/sites").join(name);
    if root.is_dir() {
        copy(&root, &scene.path("old"));
    }
    for (file, text) in files {
        scene.put(&format!("old/{file}"), text);
    }
    scene
}

/// What is said of it; then the lines are written and taken, and that is as it was said.
fn story(scene: &Scene, what: &str) -> String {
    let before = scene.read("config.toml");
    let told = scene.ok(&["adopt", what, "--at", AT]);
    assert_eq!(scene.read("config.toml"), before);
    let counted = |row: &str| {
        let rows =
            told.lines().filter_map(|line| line.strip_prefix("#   ")?.strip_prefix(row)?.split_whitespace().next());
        rows.map(|count| count.parse::<usize>().expect("a number")).sum::<usize>()
    };
    let (taken, refused) = (counted("taken "), counted("refused "));
    let written = scene.ok(&["adopt", what, "--write", "--at", AT]);
    assert!(written.contains("# Written to config.toml"), "{written}");
    // All that is told is a comment: the lines can be put behind the configuration by hand as well.
    let by_hand = format!(
        "{}\n\n{}",
        before.trim_end(),
        told.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n").trim()
    );
    assert_eq!(scene.read("config.toml").trim_end(), by_hand.trim_end());
    let outcome = scene.run(&["sync", "--at", AT]);
    let added = outcome.stdout.split_once(" columns added").and_then(|(count, _)| count.parse().ok()).unwrap_or(0);
    assert_eq!((added, outcome.code), (taken, if refused > 0 { 65 } else { 0 }), "{told}\n{outcome:?}");
    assert_eq!(outcome.stderr.matches("; passed over\n").count(), refused, "{told}\n{outcome:?}");
    told
}

#[test]
fn a_site_of_hugo() {
    let settings = "baseURL = 'https://estran.example.org/'\ntitle = 'La revue'\n[params]\nx = 1\n";
    let scene = site(
        "hugo",
        &[
            ("hugo.toml", settings),
            (
                "content/posts/gal.md",
                "---\ntitle: Galerie\ndate: 2026-10-02\n---\n{{< galerie a=1 >}}\nUn corps.\n{{< galerie a=2 >}}\n",
            ),
        ],
    );
    insta::assert_snapshot!("adopt_hugo", story(&scene, "old"));
}

#[test]
fn a_site_of_zola() {
    let settings = "base_url = \"https://ailleurs.example\"\ngenerate_feeds = true\nfeed_filenames = [\"rss.xml\"]\n";
    insta::assert_snapshot!("adopt_zola", story(&site("zola", &[("config.toml", settings)]), "old"));
}

#[test]
fn a_site_of_jekyll() {
    insta::assert_snapshot!("adopt_jekyll", story(&site("jekyll", &[]), "old"));
}

#[test]
fn a_site_of_pelican() {
    let settings = "AUTHOR = 'A'\nSITEURL = ''\nPATH = 'content'\nFEED_ALL_ATOM = None\n";
    let published = "import sys\nSITEURL = 'https://estran.example.org'\nFEED_ALL_ATOM = 'flux/tout.atom.xml'\n";
    let scene = site("pelican", &[("pelicanconf.py", settings), ("publishconf.py", published)]);
    insta::assert_snapshot!("adopt_pelican", story(&scene, "old"));
}

#[test]
fn a_site_of_eleventy() {
    let settings = "export default function (config) {\n  config.addPlugin(feedPlugin, {\n    outputPath: \"/feed.xml\",\n  });\n}\n";
    let module = "---\ntitle: SECRET\ndate: 2026-01-01\n---\nUn module.\n";
    let scene = site(
        "eleventy",
        &[("eleventy.config.js", settings), ("node_modules/x/post.md", module), ("README.md", "# Lisez\n")],
    );
    insta::assert_snapshot!("adopt_eleventy", story(&scene, "old"));
}

#[test]
fn a_site_of_decap() {
    let settings = "backend:\n  name: git-gateway\nmedia_folder: img\ncollections:\n  - name: blog\n    label: Blog\n    folder: content\n    fields:\n      - { name: title, widget: string }\n  - name: pages\n    files: []\n";
    insta::assert_snapshot!("adopt_decap", story(&site("decap", &[("admin/config.yml", settings)]), "old"));
}

#[test]
fn a_folder_of_markdown() {
    let column = |title: &str, section: &str| {
        format!("---\ntitle: {title}\ndate: 2026-10-02\ncategory: {section}\n---\nUn corps.\n")
    };
    let scene = site(
        "none of these",
        &[
            ("a.md", &column("A", "Billets d’été")),
            ("b.md", &column("B", "billets d'ete")),
            ("c.md", &column("C", "Humeur")),
            ("d.md", &column("D", "Archive")),
            ("ports/e.md", "---\ntitle: E\ndate: 2026-10-02\n---\nUn corps.\n"),
            ("f.md", "---\ntitle: F\n---\nUn corps.\n"),
            ("g.md", "---\ntitle: G\n---\nUn corps.\n"),
            ("h.md", &column("A", "Billets d’été").replace("category", "slug: a\ncategory")),
        ],
    );
    insta::assert_snapshot!("adopt_markdown", story(&scene, "old"));
    assert_eq!(scene.ok(&["publish", "--at", AT]).lines().count(), 1);
    assert_eq!(scene.items("billets-d-ete/feed.json").len(), 3);
}

#[test]
fn an_export_of_wordpress() {
    let items = [
        post(1, "Un", &format!("{POST}<category domain=\"category\" nicename=\"port\"><![CDATA[Port]]></category>")),
        post(2, "Deux", &POST.replace("publish", "draft")),
        post(3, "Trois", &format!("{POST}<wp:post_password>x</wp:post_password>")),
    ];
    let scene = Scene::empty().write("old.xml", &wordpress(&items.concat()));
    insta::assert_snapshot!("adopt_wordpress", story(&scene, "old.xml"));
}

#[test]
fn an_export_of_ghost() {
    let scene = Scene::empty().write("old.json", GHOST);
    insta::assert_snapshot!("adopt_ghost", story(&scene, "old.json"));
}

#[test]
fn a_feed_in_a_file() {
    let scene = Scene::empty().write("old.xml", &rss(&["a", "b"]));
    insta::assert_snapshot!("adopt_feed_file", story(&scene, "old.xml"));
}

#[test]
fn tables_and_lines_of_json() {
    let scene = Scene::empty()
        .write("old.csv", "nid;node_title;created;body_value;category\n1;Un;2026-10-02;b;Port\n2;;2026-10-02;b;\n");
    insta::assert_snapshot!("adopt_csv", story(&scene, "old.csv"));
    let line = |id: u32| {
        format!(
            "{{\"id\": \"{id}\", \"title\": \"T{id}\", \"published\": \"2026-10-0{id}\", \"rubrique\": \"Port\"}}\n"
        )
    };
    let scene = Scene::empty().write("old.jsonl", &(line(1) + &line(2) + "{\n"));
    insta::assert_snapshot!("adopt_jsonl", story(&scene, "old.jsonl"));
}

#[test]
fn a_site_whose_page_names_a_feed() {
    let (page, server) = (Server::open(""), Server::open(""));
    server.gives("", &rss(&["a", "b", "c"]).replace("</guid>", "</guid><category>Port</category>"));
    let links = format!(
        "<link rel=\"alternate\" type=\"application/rss+xml\" title=\"Flux des commentaires\" href=\"/comments/feed\">\
         <link rel='alternate' type='application/rss+xml' href='http://127.0.0.1:{}/feed?a=1&amp;b=2'>",
        server.port
    );
    page.gives(
        "",
        &format!("<!doctype html><html><head><meta name=\"generator\" content=\"WordPress 6.8\">{links}</head></html>"),
    );
    let url = format!("http://127.0.0.1:{}/", page.port);
    let scene = Scene::empty();
    // Nobody's network is looked at unless the configuration names it.
    let refused = scene.run(&["adopt", &url]);
    assert!(
        refused.code == 69 && refused.stderr.contains("127.0.0.1, which is not on the public internet"),
        "{refused:?}"
    );
    let scene = scene.config("[digest]\n", "[fetch]\nprivate_hosts = [\"127.0.0.1\"]\n\n[digest]\n");
    let told = story(&scene, &url).replace(&server.port.to_string(), "PORT");
    assert!(server.heard().concat().contains("get /feed?a=1&b=2 "));
    insta::assert_snapshot!("adopt_page", told);
    page.gives("", "<!doctype html><html><head></head></html>");
    let refused = scene.run(&["adopt", &url]);
    assert!(refused.code == 65 && refused.stderr.contains("a page that names no feed"), "{refused:?}");
}

#[test]
fn a_name_is_chosen_or_given() {
    let file = "id,title,published\n1,Un,2026-10-02\n";
    let scene = Scene::empty().write("csv.csv", file).write("a\nb.csv", &file.replace("2026-10-02", "\"x\ny\""));
    let named = |arguments: &[&str]| {
        let outcome = scene.run(&[&["adopt"], arguments].concat());
        let name = outcome.stdout.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default().to_owned();
        (outcome.code, name)
    };
    // A kind's name is no source's.
    assert_eq!(named(&["csv.csv"]), (0, "\"site-csv\"".to_owned()));
    assert_eq!(named(&["csv.csv", "--name", "intranet", "--write"]).0, 0);
    scene.put("other/intranet.csv", file);
    assert_eq!(named(&["other/intranet.csv"]), (0, "\"site-intranet\"".to_owned()));
    assert_eq!(named(&["other/intranet.csv", "--name", "intranet"]).0, 78);
    // Whatever is in names and values, a comment stays one.
    let outcome = scene.run(&["adopt", "a\nb.csv"]);
    assert_eq!(outcome.code, 65, "{outcome:?}");
    assert!(outcome.stdout.lines().all(|line| line.starts_with('#')), "{outcome:?}");
}

#[test]
fn what_is_nothing_to_take_is_refused_and_nothing_is_written() {
    let scene = Scene::empty()
        .write("empty/x.txt", "x")
        .write("one.md", "---\ntitle: A\ndate: 2026-01-01\n---\nb\n")
        .write("page.html", "<!doctype html><p>x")
        .write("settings/hugo.toml", "baseURL = \n");
    let before = scene.read("config.toml");
    for (what, code, told) in [
        ("nowhere", 65, "cannot read nowhere: No such file"),
        ("empty", 65, "empty: nothing of it would be taken, see above; nothing is written"),
        ("one.md", 65, "one.md: it is one column: `gazetier import` takes it, or name its folder"),
        ("page.html", 65, "page.html: it is an HTML page"),
        ("settings", 65, "hugo.toml: the settings cannot be read"),
        // It is a source already.
        ("columns", 78, "columns and columns hold the same files"),
    ] {
        let outcome: Outcome = scene.run(&["adopt", "--write", what]);
        assert_eq!(outcome.code, code, "{what}: {outcome:?}");
        assert!(outcome.stderr.contains(told), "{what}: {}", outcome.stderr);
        assert_eq!(scene.read("config.toml"), before, "{what}");
    }
    assert!(!scene.files(".").iter().any(|name| name.starts_with(".config") || name.starts_with(".tmp")));
}
