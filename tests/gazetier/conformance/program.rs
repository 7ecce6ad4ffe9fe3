//! The program: what it publishes, what it refuses, and what it says.

use chrono::Duration;
use gazetier::{
    config::Config,
    model::Column,
    publish::forms::{BufferPool, Feed, conform},
};

use super::{configs, now, sound};
use crate::{
    support::{MONDAY, Scene},
    validator,
};

fn markdown_file(title: &str, published: &str, rubrique: &str) -> String {
    format!("---\ntitle: {title}\npublished: {published}\nrubrique: {rubrique}\n---\nLa mer monte.\n")
}

#[test]
fn hundreds_of_columns_at_one_instant_are_valid() {
    let scene = Scene::empty().config("items = 50", "items = 400");
    for n in 0..400 {
        scene.put(&format!("columns/c{n}.md"), &markdown_file(&format!("Marée {n}"), "2026-11-20T08:00", "Humeur"));
    }
    scene.ok(&["sync", "--at", MONDAY]);
    assert_eq!(scene.ok(&["publish", "--check", "--at", MONDAY]), "4 feeds, no finding\n");
    assert!(scene.files("feeds").is_empty(), "--check writes nothing");
    scene.ok(&["publish", "--at", MONDAY]);
    let config = Config::load(&scene.path("config.toml")).expect("a configuration");
    for rubrique in [None, Some(&config.rubriques[1])] {
        let read = |path: String| (path.clone(), scene.read(&format!("feeds/{path}")).into_bytes());
        let files: Vec<_> =
            gazetier::publish::forms::paths(&validator::key(rubrique), None).into_iter().map(read).collect();
        assert_eq!(validator::findings(&config, rubrique, &files, now()), Vec::<String>::new());
    }
}

#[test]
fn a_bad_column_is_told_and_keeps_no_other_out() {
    let scene = Scene::empty();
    scene.put("columns/marée.md", &markdown_file("La marée", "2026-11-20", "Humeur"));
    scene.ok(&["sync", "--at", MONDAY]);
    scene.ok(&["publish", "--at", MONDAY]);
    scene.put("columns/vieux.md", &markdown_file("Un vieux papier", "2026-11-19", "Humeur"));
    scene.put("columns/carnet.md", &markdown_file("Des notes", "2026-11-21", "Carnet"));
    scene.put("columns/neuf.md", &markdown_file("Du neuf", "2026-11-21T11:00", "Humeur"));
    scene.ok(&["sync", "--at", MONDAY]);
    // No import lets this in; somebody else wrote into the store.
    assert_eq!(
        scene.sql(
            "UPDATE columns SET updated_at = 168130800000, published_at = 168130800000 WHERE title = 'Un vieux papier'"
        ),
        1
    );
    for _ in 0..2 {
        let outcome = scene.run(&["publish", "--at", MONDAY]);
        assert_eq!(outcome.code, 65, "{outcome:?}");
        let told = "gazetier: the feed humeur is published without the columns that readers would refuse:\n  \"Un vieux \
                    papier\" (";
        assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("updated: date-early: 1975-04-30T23:00Z"), "{}", outcome.stderr);
        assert_eq!(outcome.stderr.matches("is published without").count(), 2, "{}", outcome.stderr);
    }
    let humeur = scene.read("feeds/humeur/atom.xml");
    assert!(humeur.contains("Du neuf") && humeur.contains("La marée") && !humeur.contains("Un vieux papier"));
    assert!(scene.read("feeds/carnet/atom.xml").contains("Des notes"), "the other feeds are published");
    assert!(scene.read("feeds/atom.xml").contains("Des notes"), "that of all columns as well");
    let outcome = scene.run(&["publish", "--check", "--at", MONDAY]);
    assert_eq!(outcome.code, 65);
    assert_eq!(outcome.stdout.lines().count(), 2, "{}", outcome.stdout);
    assert!(outcome.stdout.starts_with("(all columns): \"Un vieux papier\" ("), "{}", outcome.stdout);
    // Mended, it is published.
    scene.put("columns/vieux.md", &markdown_file("Un vieux papier", "2026-11-19T09:00", "Humeur"));
    scene.ok(&["sync", "--at", MONDAY]);
    scene.ok(&["publish", "--at", MONDAY]);
    assert_eq!(scene.ok(&["publish", "--check", "--at", MONDAY]), "4 feeds, no finding\n");
    assert!(scene.read("feeds/humeur/atom.xml").contains("Un vieux papier"));
}

#[test]
fn a_column_of_long_ago_is_published_without_a_date_that_nobody_believes() {
    let scene = Scene::empty();
    for n in 1..4 {
        scene.put(&format!("columns/{n}.md"), &markdown_file(&format!("Papier {n}"), "1975-05-01", "Humeur"));
    }
    let dated = markdown_file("Papier 4", "1975-05-02\nupdated: 2026-11-22", "Humeur");
    scene.put("columns/4.md", &dated);
    let told = scene.run(&["sync", "--at", MONDAY]);
    assert_eq!((told.code, told.stderr.lines().count()), (0, 3), "{told:?}");
    assert!(told.stderr.starts_with("gazetier: warning: columns/1.md: published: before 1990,"), "{told:?}");
    scene.ok(&["publish", "--at", MONDAY]);
    assert_eq!(scene.ok(&["publish", "--check", "--at", MONDAY]), "4 feeds, no finding\n");
    let atom = scene.read("feeds/humeur/atom.xml");
    for updated in ["2026-11-21T23:00:00+00:00", "1990-01-01T00:00:00+00:00", "1990-01-01T00:00:00.002+00:00"] {
        assert!(atom.contains(&format!("<updated>{updated}</updated>")), "{atom}");
    }
    assert!(!atom.contains("1975") && !scene.read("feeds/humeur/rss.xml").contains("1975"));
    assert_eq!(scene.items("humeur/feed.json")[0]["date_published"], "1975-05-01T23:00:00Z");
    // Read again, they stay as they are.
    scene.reconfigure("schedule = \"Mon 07:30\"", "schedule = \"Tue 07:30\"");
    assert_eq!(scene.ok(&["sync", "--at", MONDAY]), "nothing new in the sources\n");
}

#[test]
fn a_column_that_no_feed_has_room_for_is_refused_where_it_enters() {
    let scene = Scene::empty();
    let long = |words: usize| markdown_file("Un roman", "2026-11-20", "Humeur") + &"mer ".repeat(words);
    scene.put("columns/roman.md", &long(1_200_000));
    scene.put("columns/marée.md", &markdown_file("La marée", "2026-11-20", "Humeur"));
    let told = scene.run(&["run", "--at", MONDAY]);
    assert_eq!(told.code, 65);
    let expected =
        "gazetier: columns/roman.md: the body takes 4800033 bytes in a feed, readers take 4600000: shorten it";
    assert_eq!(told.stderr.lines().next(), Some(format!("{expected}; passed over").as_str()));
    assert_eq!(scene.items("humeur/feed.json").len(), 1);
    // The longest that is taken fits into every form.
    scene.put("columns/roman.md", &long(1_149_000));
    scene.ok(&["run", "--at", MONDAY]);
    assert_eq!(scene.items("humeur/feed.json").len(), 2);
}

#[test]
fn a_feed_that_is_too_large_loses_its_oldest_columns() {
    let [config, _] = configs();
    let column = |n: i64| Column {
        guid: format!("tag:estran.example.org,2026-01-01:markdown/{n}"),
        title: format!("Marée {n}"),
        body: format!("<p>{}</p>", "é ".repeat(400_000)),
        updated: now() - Duration::days(n),
        published: now() - Duration::days(n),
        ..sound()
    };
    let columns: Vec<Column> = (1..8).map(column).collect();
    let feed = Feed::new(&config, None, &columns).expect("a feed");
    let sound = conform::files(&feed, now(), &mut BufferPool::default()).expect("files").expect("no finding");
    assert_eq!(sound.kept, 4);
    let text = String::from_utf8(sound.files[1].1.clone()).expect("UTF-8");
    assert!(text.contains("<title>Marée 1<") && text.contains("<title>Marée 4<") && !text.contains("<title>Marée 5<"));
    assert!(sound.files.iter().all(|(_, bytes)| bytes.len() <= conform::MAX_FEED_BYTES && bytes.len() > 3_000_000));
    // An archive leaves the newest to the next one.
    let sound = conform::archive(&feed, now(), &mut BufferPool::default()).expect("files").expect("no finding");
    assert_eq!(sound.kept, 3);
    let text = String::from_utf8(sound.files[1].1.clone()).expect("UTF-8");
    assert!(text.contains("<title>Marée 7<") && text.contains("<title>Marée 5<") && !text.contains("<title>Marée 4<"));
    let alone = [Column { body: format!("<p>{}</p>", "é ".repeat(1_700_000)), ..column(1) }];
    let feed = Feed::new(&config, None, &alone).expect("a feed");
    let findings = conform::files(&feed, now(), &mut BufferPool::default()).expect("files").expect_err("findings");
    assert_eq!(findings.len(), 3);
    assert!(findings.iter().all(|finding| finding.rule == "size" && finding.column.is_some()));
}

/// All that Markdown and the HTML in it can say.
const BODY: &str = "\
Bonjour <nom du bateau> et <prenom>[^1], ligne\u{b}suite\u{c}fin.

Avant <textarea> milieu.

Après **gras**.

| Marée | Heure |
| :---: | ----: |
| haute | 8 h 12 |

<ol start=\"3\" reversed><li>trois</li><li value=\"1\">un</li></ol>

<p dir=\"rtl\" lang=\"ar\">بحر</p> <ruby>漢<rt>kan</rt></ruby>

Le <time datetime=\"2026-11-18\">18</time>, H<sub>2</sub>O, m<sup>2</sup>, [Appelez](tel:+33123456789).

<iframe src=\"https://video.example/embed/abc\" title=\"Un film\"></iframe>

<video controls><source src=\"film.mp4\" type=\"video/mp4\"></video>

[![Un phare](images/phare.jpg)](images/phare-grand.jpg)

[Plus bas](#plus-bas) ou [ailleurs](#ailleurs)

<h2 id=\"plus-bas\">Plus bas</h2>

[^1]: Une *note*.
";

#[test]
fn what_a_body_says_is_in_the_feeds() {
    let scene = Scene::empty();
    let front = "---\ntitle: Tout\npublished: 2026-11-20\nrubrique: Humeur\n---\n";
    scene.put("columns/tout.md", &format!("{front}{BODY}"));
    assert_eq!(scene.run(&["run", "--at", MONDAY]).stderr, "");
    assert_eq!(scene.ok(&["publish", "--check", "--at", MONDAY]), "4 feeds, no finding\n");
    let feed: serde_json::Value = serde_json::from_str(&scene.read("feeds/humeur/feed.json")).expect("JSON");
    let html = feed["items"][0]["content_html"].as_str().expect("a text");
    insta::assert_snapshot!("body_in_a_feed", html);
    let rss = scene.read("feeds/humeur/rss.xml");
    let (_, described) = rss.rsplit_once("<description>").expect("a description");
    insta::assert_snapshot!("body_in_few_words", described.split("</description>").next().unwrap_or_default());
}

#[test]
fn what_is_nested_too_deeply_is_flattened_and_told() {
    let scene = Scene::empty();
    for (name, mark) in [("div", "<div>"), ("cite", "> "), ("liste", "- ")] {
        scene.put(
            &format!("columns/{name}.md"),
            &format!("{}{}fin\n", markdown_file(name, "2026-11-20", "Humeur"), mark.repeat(50_000)),
        );
    }
    let began = std::time::Instant::now();
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!((outcome.code, outcome.stderr.lines().count()), (0, 3), "{outcome:?}");
    for line in outcome.stderr.lines() {
        assert!(
            line.ends_with("more than 100 elements in one another: the inner ones are gone, their words stay"),
            "{line}"
        );
    }
    assert_eq!(scene.read("feeds/humeur/feed.json").matches("fin").count(), 3);
}

#[test]
fn where_googles_readers_would_stop_is_told_and_is_no_fault() {
    let scene = Scene::empty();
    let long = "La mer monte et redescend. ".repeat(40_000);
    let record = |id: &str, body: &str, width: u32| {
        serde_json::json!({
            "id": id, "title": format!("Colonne {id}"), "body": format!("<p>{body}</p>"), "rubrique": "edito",
            "published": "2026-11-18 08:00",
            "image": {"url": "https://estran.example.org/a.jpg", "alt": "A", "width": width, "height": 100},
        })
        .to_string()
    };
    let lines = [record("un", &long, 1_200), record("deux", &long, 1_199), record("trois", "Court.", 2_000)];
    let scene = scene.write("c.jsonl", &lines.join("\n"));
    scene.ok(&["import", "c.jsonl"]);
    let told = scene.ok(&["publish", "--check", "--at", MONDAY]);
    for line in [
        "(all columns): warning: the feed itself: size: google-feed: rss.xml has ",
        "edito: warning: the feed itself: size: google-feed: edito/atom.xml has ",
        "(all columns): warning: \"Colonne deux\" (tag:estran.example.org,2026-01-01:jsonl/deux): body: google-text: it has 1080007 bytes, \
         Google reads 1000000",
        "(all columns): warning: \"Colonne deux\" (tag:estran.example.org,2026-01-01:jsonl/deux): image.width: google-picture: it is 1199 \
         pixels wide, Google shows large what has 1200",
    ] {
        assert!(told.contains(line), "{line}\n{told}");
    }
    assert_eq!(told.matches("google-picture").count(), 1);
    assert_eq!(told.matches("google-text").count(), 2);
    assert!(told.ends_with("4 feeds, no finding\n"), "{told}");
}
