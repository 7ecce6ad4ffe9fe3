//! History and withdrawals: a reader who walks back from the document to subscribe to finds every
//! column; what was withdrawn is found nowhere.

use std::collections::BTreeMap;

use crate::support::Scene;

/// A scene with a column on each of these days, in turn Édito and Humeur, by two columnists.
pub fn scene(days: &[&str], feeds: &str) -> Scene {
    let scene = Scene::empty().config("items = 50", &format!("items = 4\n{feeds}"));
    for (index, day) in days.iter().enumerate() {
        column(&scene, day, index);
    }
    scene
}

pub fn column(scene: &Scene, day: &str, index: usize) {
    let (rubrique, byline) =
        if index.is_multiple_of(2) { ("edito", "Ève Le Bihan") } else { ("humeur", "Yann Quéré") };
    scene.put(
        &format!("columns/{day}-numero-{index}.md"),
        &format!(
            "---\ntitle: Numéro {index}\nstandfirst: Le chapô {index}.\nbyline: {byline}\nrubrique: {rubrique}\n\
             published: {day}T08:00:00Z\n---\nLe corps {index}.\n"
        ),
    );
}

/// Eleven columns over four months, with a month without any.
pub const DAYS: [&str; 11] = [
    "2026-07-03",
    "2026-07-11",
    "2026-07-12",
    "2026-07-20",
    "2026-07-31",
    "2026-08-01",
    "2026-10-15",
    "2026-10-16",
    "2026-11-02",
    "2026-11-03",
    "2026-11-04",
];

/// What stands between two texts, each time.
pub fn between(text: &str, before: &str, after: &str) -> Vec<String> {
    text.split(before).skip(1).filter_map(|rest| rest.split(after).next()).map(str::to_owned).collect()
}

/// A document of a feed, by the address that another document names.
pub fn file(address: &str) -> String {
    address.replace("https://estran.example.org/", "")
}

/// Walks back from a feed: the documents it passes, and how often it met each column.
pub fn walk(scene: &Scene, feed: &str) -> (Vec<String>, BTreeMap<String, usize>) {
    let (mut documents, mut met) = (vec![feed.to_owned()], BTreeMap::new());
    loop {
        let name = documents.last().expect("a document").clone();
        let text = scene.read(&name);
        let next = if name.ends_with(".json") {
            let feed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            for item in feed["items"].as_array().expect("items") {
                *met.entry(item["id"].as_str().expect("an id").to_owned()).or_default() += 1;
            }
            feed["next_url"].as_str().map(str::to_owned)
        } else {
            let (open, close) =
                if name.ends_with("rss.xml") { ("isPermaLink=\"false\">", "</guid>") } else { ("<id>", "</id>") };
            let ids = between(&text, open, close).into_iter().filter(|id| id.contains(":markdown/"));
            ids.for_each(|id| *met.entry(id).or_default() += 1);
            // rss and atom_syndication order the attributes differently.
            let links = between(&text, "link ", ">");
            let previous = links.iter().find(|link| link.contains("rel=\"prev-archive\""));
            previous.map(|link| between(link, "href=\"", "\"").remove(0))
        };
        match next {
            Some(address) => documents.push(file(&address)),
            None => return (documents, met),
        }
    }
}

#[test]
fn a_reader_who_walks_back_finds_every_column() {
    let scene = scene(&DAYS, "");
    scene.ok(&["run", "--at", "2026-11-05"]);
    for form in ["atom.xml", "rss.xml", "feed.json"] {
        let (documents, met) = walk(&scene, &format!("feeds/{form}"));
        let names: Vec<&str> =
            documents.iter().map(|name| name.trim_end_matches(form).trim_start_matches("feeds/")).collect();
        assert_eq!(
            names,
            ["", "archive/2026-10/", "archive/2026-08/", "archive/2026-07.2/", "archive/2026-07/"],
            "{form}"
        );
        assert_eq!(met.len(), DAYS.len(), "{form}: {met:?}");
        // The archives hold each column of the closed months once; the document to subscribe to
        // repeats the newest of them.
        let twice: Vec<_> = met.iter().filter(|(_, times)| **times > 1).map(|(id, _)| id.rsplit('-').next()).collect();
        assert_eq!(twice, [Some("7")], "{form}");
        let (_, met) = walk(&scene, &format!("feeds/edito/{form}"));
        assert_eq!(met.len(), 6, "{form}: {met:?}");
    }
}

#[test]
fn a_feed_that_holds_all_its_columns_says_so() {
    let scene = scene(&DAYS[7..], "");
    scene.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(scene.files("feeds/archive"), [""; 0]);
    for form in ["atom.xml", "rss.xml"] {
        assert!(scene.read(&format!("feeds/{form}")).contains("<fh:complete"), "{form}");
        assert!(!scene.read(&format!("feeds/{form}")).contains("prev-archive"), "{form}");
    }
    column(&scene, "2026-11-05", 12);
    scene.ok(&["run", "--at", "2026-11-06"]);
    assert!(!scene.read("feeds/atom.xml").contains("<fh:complete"));
    assert_eq!(walk(&scene, "feeds/atom.xml").1.len(), 5);
}

#[test]
fn closed_months_do_not_change_until_their_columns_do() {
    let scene = scene(&DAYS, "");
    scene.ok(&["run", "--at", "2026-11-05"]);
    let archives = || {
        scene
            .files("feeds/archive")
            .into_iter()
            .map(|name| scene.read(&format!("feeds/archive/{name}")))
            .collect::<Vec<_>>()
    };
    let before = archives();
    column(&scene, "2026-11-05", 11);
    scene.ok(&["run", "--at", "2026-11-06"]);
    let full: Vec<String> =
        scene.files("feeds/archive").into_iter().filter(|name| name.starts_with("2026-11")).collect();
    // The open month has as many columns as a document holds: these are closed.
    assert_eq!(full, ["2026-11/atom.xml", "2026-11/feed.json", "2026-11/rss.xml"]);
    assert_eq!(archives().iter().filter(|text| before.contains(text)).count(), before.len());
    // One is mended: its document changes, the others don't.
    scene.put(
        "columns/2026-08-01-numero-5.md",
        "---\ntitle: Mendé\npublished: 2026-08-01T08:00:00Z\nrubrique: humeur\n---\nOui.\n",
    );
    scene.ok(&["run", "--at", "2026-11-07"]);
    assert_eq!(archives().iter().filter(|text| before.contains(text)).count(), before.len() - 3);
    assert!(scene.read("feeds/archive/2026-08/atom.xml").contains("Mendé"));
}

#[test]
fn a_column_entered_late_opens_a_month_in_the_middle() {
    let scene = scene(&DAYS, "");
    scene.ok(&["run", "--at", "2026-11-05"]);
    column(&scene, "2026-09-09", 20);
    scene.ok(&["run", "--at", "2026-11-06"]);
    let (documents, met) = walk(&scene, "feeds/atom.xml");
    assert!(documents.contains(&"feeds/archive/2026-09/atom.xml".to_owned()), "{documents:?}");
    assert_eq!(met.len(), DAYS.len() + 1);
    // Mended away again, the chain closes over it.
    std::fs::remove_file(scene.path("columns/2026-09-09-numero-20.md")).expect("a file");
    scene.ok(&["run", "--at", "2026-11-07"]);
    let (documents, met) = walk(&scene, "feeds/atom.xml");
    assert!(!documents.iter().any(|name| name.contains("2026-09")), "{documents:?}");
    assert_eq!((met.len(), scene.files("feeds/archive/2026-09")), (DAYS.len(), vec![]));
}

#[test]
fn a_month_closes_when_it_is_over() {
    let scene = scene(&DAYS, "");
    scene.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(scene.files("feeds/archive/2026-11"), [""; 0]);
    scene.ok(&["run", "--at", "2026-12-01T01:00:00Z"]);
    assert_eq!(scene.files("feeds/archive/2026-11").len(), 3);
    assert_eq!(walk(&scene, "feeds/atom.xml").1.len(), DAYS.len());
}

#[test]
fn withdrawn_columns_leave_all_feeds_and_atom_says_so() {
    for scene in [scene(&DAYS, "tombstones = true"), scene(&DAYS, "tombstones = true").on_postgres()] {
        scene.ok(&["run", "--at", "2026-11-05"]);
        std::fs::remove_file(scene.path("columns/2026-11-04-numero-10.md")).expect("a file");
        let text = scene.read("columns/2026-11-03-numero-9.md");
        scene.put("columns/2026-11-03-numero-9.md", &text.replace("title:", "withdrawn: true\ntitle:"));
        scene.ok(&["run", "--at", "2026-11-06T09:00:00Z"]);
        for name in scene.files("feeds").into_iter().filter(|name| !name.ends_with("atom.xml")) {
            let text = scene.read(&format!("feeds/{name}"));
            assert!(!text.contains("numero-9") && !text.contains("numero-10"), "{name}");
        }
        let atom = scene.read("feeds/atom.xml");
        assert_eq!(
            between(&atom, "<at:deleted-entry ref=\"", "/>"),
            [10, 9].map(|index| {
                let day = if index == 9 { "03" } else { "04" };
                format!(
                    "tag:estran.example.org,2026-01-01:markdown/2026-11-{day}-numero-{index}\" \
                     when=\"2026-11-06T09:00:00+00:00\""
                )
            })
        );
        assert_eq!(walk(&scene, "feeds/atom.xml").1.len(), DAYS.len() - 2);
        // What comes back is there again, with the id it had.
        scene.put("columns/2026-11-03-numero-9.md", &text);
        scene.ok(&["run", "--at", "2026-11-07"]);
        assert!(scene.read("feeds/feed.json").contains(":markdown/2026-11-03-numero-9\""));
    }
}

#[test]
fn a_folder_that_is_empty_at_once_withdraws_nothing() {
    let scene = scene(&DAYS, "");
    scene.ok(&["run", "--at", "2026-11-05"]);
    std::fs::rename(scene.path("columns"), scene.path("elsewhere")).expect("a folder");
    std::fs::create_dir(scene.path("columns")).expect("a folder");
    let before = scene.read("feeds/rss.xml");
    let outcome = scene.run(&["run", "--at", "2026-11-06"]);
    assert_eq!(outcome.code, 65);
    assert!(outcome.stderr.contains("nothing is withdrawn"), "{}", outcome.stderr);
    assert_eq!(scene.read("feeds/rss.xml"), before);
}

#[test]
fn each_byline_has_a_feed_if_the_magazine_wants_it() {
    let scene = scene(&DAYS, "bylines = true\nprecompress = true");
    scene.ok(&["run", "--at", "2026-11-05"]);
    let feed: serde_json::Value =
        serde_json::from_str(&scene.read("feeds/byline/eve-le-bihan/feed.json")).expect("JSON");
    assert_eq!(feed["title"], "L’Estran — Ève Le Bihan");
    assert_eq!(walk(&scene, "feeds/byline/eve-le-bihan/atom.xml").1.len(), 6);
    assert_eq!(walk(&scene, "feeds/byline/yann-quere/rss.xml").1.len(), 5);
    for form in ["br", "gz"] {
        assert!(scene.path(&format!("feeds/byline/yann-quere/rss.xml.{form}")).is_file());
    }
    let packed =
        std::process::Command::new("gzip").arg("-dc").arg(scene.path("feeds/rss.xml.gz")).output().expect("gzip");
    assert_eq!(packed.stdout, scene.read("feeds/rss.xml").into_bytes());
}

/// Where an archive document leads on to.
fn next_of(scene: &Scene, document: &str) -> Option<String> {
    let text = scene.read(&format!("feeds/archive/{document}/atom.xml"));
    let links = between(&text, "<link ", ">");
    let next = links.iter().find(|link| link.contains("rel=\"next-archive\""))?;
    Some(file(&between(next, "href=\"", "\"").remove(0)))
}

#[test]
fn the_oldest_archive_leads_on_and_no_other_document_changes_for_that() {
    let scene = scene(&DAYS[..5], "");
    scene.ok(&["run", "--at", "2026-07-31T20:00"]);
    assert_eq!(next_of(&scene, "2026-07").as_deref(), Some("feeds/atom.xml"), "there is no other yet");
    scene.ok(&["run", "--at", "2026-08-01T20:00"]);
    assert_eq!(next_of(&scene, "2026-07").as_deref(), Some("feeds/archive/2026-07.2/atom.xml"));
    assert_eq!(next_of(&scene, "2026-07.2"), None, "it has one before it");
    let all = || ["2026-07", "2026-07.2"].map(|name| scene.read(&format!("feeds/archive/{name}/atom.xml")));
    let before = all();
    for (index, day) in DAYS.iter().enumerate().skip(5) {
        column(&scene, day, index);
    }
    scene.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(all(), before);
    // All at once, it is the same.
    let fresh = self::scene(&DAYS, "");
    fresh.ok(&["run", "--at", "2026-11-05"]);
    for name in ["2026-07", "2026-07.2", "2026-08", "2026-10"] {
        let path = format!("feeds/archive/{name}/atom.xml");
        assert_eq!(fresh.read(&path), scene.read(&path), "{name}");
    }
    // Without its first month, another one is the oldest.
    for (index, day) in DAYS.iter().enumerate().take(5) {
        std::fs::remove_file(fresh.path(&format!("columns/{day}-numero-{index}.md"))).expect("a file");
    }
    fresh.ok(&["run", "--at", "2026-11-05"]);
    assert_eq!(next_of(&fresh, "2026-08").as_deref(), Some("feeds/archive/2026-10/atom.xml"));
}
