//! What a column has beside its words: the picture before its text, and a recording, in feeds, podcasts and letters.

use serde_json::{Value, json};

use crate::support::Scene;

fn scene(feeds: &str) -> Scene {
    Scene::empty()
        .config("items = 50", &format!("items = 50\n{feeds}"))
        .write("subscribers.csv", "email\na@example.org\n")
}

fn column(scene: &Scene, name: &str, front: &str) {
    let text = format!(
        "---\ntitle: {name}\nstandfirst: Un chapô.\nrubrique: humeur\nbyline: Zoé\npublished: 2026-11-18T08:00:00Z\n{front}\n---\n\
         Le corps.\n"
    );
    scene.put(&format!("columns/{name}.md"), &text);
}

const PICTURE: &str =
    "image:\n  url: phare.jpg\n  alt: Un \"phare\" & <b>\n  credit: Photo de Zoé\n  width: 1200\n  height: 800";

#[test]
fn the_lead_image_stands_before_the_text_once() {
    let scene = scene("");
    column(&scene, "a", PICTURE);
    scene.ok(&["run", "--at", "2026-11-19"]);
    let item = scene.items("feed.json").remove(0);
    let figure = "<figure><img src=\"https://estran.example.org/phare.jpg\" alt=\"Un &quot;phare&quot; &amp; &lt;b&gt;\" \
                  width=\"1200\" height=\"800\"><figcaption>Photo de Zoé</figcaption></figure>\n";
    let html = format!("{figure}<p><strong>Un chapô.</strong></p>\n<p>Le corps.</p>\n");
    assert_eq!(item["content_html"], html);
    for form in ["feeds/rss.xml", "feeds/atom.xml", "feeds/feed.json"] {
        let text = scene.read(form);
        assert_eq!(text.matches("phare.jpg").count(), 1, "{text}");
        assert!(!text.contains("<media:content"), "{text}");
    }

    // A text that shows it has it where its author put it.
    let own = scene.read("columns/a.md").replace("Le corps.", "Le corps.\n\n![Un phare](phare.jpg)");
    scene.put("columns/a.md", &own);
    scene.ok(&["run", "--at", "2026-11-19"]);
    let html = scene.items("feed.json").remove(0)["content_html"].to_string();
    assert!(!html.contains("<figure>") && html.matches("phare.jpg").count() == 1, "{html}");
}

#[test]
fn a_magazine_may_keep_it_out_of_the_text() {
    let scene = scene("lead_image = \"metadata\"");
    column(&scene, "a", PICTURE);
    scene.ok(&["run", "--at", "2026-11-19"]);
    let item = scene.items("feed.json").remove(0);
    assert_eq!(item["image"], "https://estran.example.org/phare.jpg");
    assert_eq!(item["content_html"], "<p><strong>Un chapô.</strong></p>\n<p>Le corps.</p>\n");
    assert!(scene.read("feeds/rss.xml").contains("<media:content "));
}

#[test]
fn a_magazine_has_an_icon_and_a_logo_in_every_form() {
    let scene = Scene::empty().config(
        "rights = ",
        "icon = \"https://estran.example.org/icon.png\"\nlogo = \"https://estran.example.org/logo.png\"\nrights = ",
    );
    scene.ok(&["run", "--at", "2026-11-19"]);
    let (rss, atom) = (scene.read("feeds/rss.xml"), scene.read("feeds/atom.xml"));
    assert!(rss.contains("<url>https://estran.example.org/logo.png</url>"), "{rss}");
    assert!(atom.contains("<icon>https://estran.example.org/icon.png</icon>"), "{atom}");
    assert!(atom.contains("<logo>https://estran.example.org/logo.png</logo>"), "{atom}");
    let feed: Value = serde_json::from_str(&scene.read("feeds/feed.json")).expect("JSON");
    assert_eq!(feed["icon"], "https://estran.example.org/logo.png");
    assert_eq!(feed["favicon"], "https://estran.example.org/icon.png");
}

#[test]
fn a_recording_is_heard_from_every_form_and_from_the_letter() {
    let scene = scene("");
    column(&scene, "a", "audio: a.mp3");
    scene.put("columns/a.mp3", "12345678");
    column(
        &scene,
        "b",
        "audio:\n  url: https://ecouter.example.org/b?x=1&y=2\n  type: audio/ogg\n  length: 99\n  duration: \"12:30\"",
    );
    column(&scene, "c", "audio: c.txt");
    column(&scene, "d", "audio: /d.m4a");
    let outcome = scene.run(&["run", "--at", "2026-11-19"]);
    assert!(
        outcome.stderr.contains("c.md: audio: https://estran.example.org/c.txt: its name does not tell"),
        "{}",
        outcome.stderr
    );
    let attached = |title: &str| {
        let found = scene.items("feed.json").into_iter().find(|item| item["title"] == title);
        found.expect("an item")["attachments"].clone()
    };
    let a = json!([{"url": "https://estran.example.org/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 8}]);
    let d = json!([{"url": "https://estran.example.org/d.m4a", "mime_type": "audio/mp4"}]);
    let b = json!([{"url": "https://ecouter.example.org/b?x=1&y=2", "mime_type": "audio/ogg", "size_in_bytes": 99,
        "duration_in_seconds": 750}]);
    assert_eq!((attached("a"), attached("b"), attached("c"), attached("d")), (a, b, Value::Null, d));
    let (rss, atom) = (scene.read("feeds/rss.xml"), scene.read("feeds/atom.xml"));
    assert!(
        rss.contains("<enclosure url=\"https://estran.example.org/a.mp3\" length=\"8\" type=\"audio/mpeg\"/>"),
        "{rss}"
    );
    assert_eq!((rss.matches("<enclosure ").count(), rss.contains("itunes")), (3, false), "{rss}");
    let link =
        atom.lines().find(|line| line.contains("rel=\"enclosure\"") && line.contains("ecouter")).expect("a link");
    for part in ["href=\"https://ecouter.example.org/b?x=1&amp;y=2\"", "length=\"99\"", "type=\"audio/ogg\""] {
        assert!(link.contains(part), "{link}");
    }

    // What one store exports, another has.
    let exported = scene.ok(&["columns", "export"]);
    let other = scene_of(&exported);
    assert_eq!(other.ok(&["columns", "export"]), exported);

    scene.ok(&["digest", "preview", "--at", "2026-11-22T07:00", "--folder", "preview"]);
    let (html, text) = (scene.read("preview/digest.html"), scene.read("preview/digest.txt"));
    assert_eq!((html.matches(">Écouter</a>").count(), text.matches("Écouter").count()), (3, 3), "{html}\n{text}");
    assert!(html.contains("href=\"https://ecouter.example.org/b?x=1&#38;y=2\""), "{html}");
    assert!(text.contains("    Écouter\u{202f}:\n    https://estran.example.org/a.mp3\n"), "{text}");
}

fn scene_of(exported: &str) -> Scene {
    let scene = Scene::empty().write("columns.jsonl", exported);
    scene.ok(&["import", "columns.jsonl"]);
    scene
}

const PODCAST: &str = "\n[feeds.podcast]\nfeeds = [\"selection/voix\"]\nimage = \"https://estran.example.org/voix.jpg\"\n\
    category = \"Society & Culture\"\nsubcategory = \"Documentary\"\nowner = \"Zoé <zoe@example.org>\"\nlocked = true\n";
const VOICES: &str = "[[feeds.selections]]\nslug = \"voix\"\ntitle = \"Les voix\"\naudio = true\n";

#[test]
fn a_feed_that_is_a_podcast_says_what_directories_want() {
    let scene = scene("").config("\n[digest]\n", &format!("\n{VOICES}{PODCAST}\n[digest]\n"));
    column(&scene, "a", "audio: {url: a.mp3, duration: 61}");
    column(&scene, "b", "");
    scene.ok(&["run", "--at", "2026-11-19"]);
    let titles: Vec<Value> = scene.items("selection/voix/feed.json").iter().map(|item| item["title"].clone()).collect();
    assert_eq!(titles, ["a"]);
    let rss = scene.read("feeds/selection/voix/rss.xml");
    insta::assert_snapshot!("podcast", rss);
    assert!(!scene.read("feeds/rss.xml").contains("itunes"));

    // One that has its id from elsewhere keeps it.
    scene.reconfigure("locked = true", "guid = \"917393E3-1b1e-5cef-ace4-edaa54e1f810\"");
    scene.ok(&["run", "--at", "2026-11-19"]);
    let rss = scene.read("feeds/selection/voix/rss.xml");
    assert!(rss.contains("<podcast:guid>917393e3-1b1e-5cef-ace4-edaa54e1f810</podcast:guid>"), "{rss}");
}

#[test]
fn recordings_come_from_tables_and_feeds() {
    let table = "id,title,published,audio,audio_type,audio_length,audio_duration\n\
                 1,a,2026-11-18,https://a.example.org/1,audio/mpeg,9,1:01\n2,b,2026-11-18,,,,\n";
    let rss = "<rss version=\"2.0\" xmlns:itunes=\"http://www.itunes.com/dtds/podcast-1.0.dtd\"><channel><title>t</title>\
        <item><guid>https://a.example.org/i</guid><title>a</title><pubDate>Wed, 18 Nov 2026 08:00:00 +0000</pubDate>\
        <description>Un.</description><enclosure url=\"https://a.example.org/1\" length=\"9\" type=\"audio/mpeg\"/>\
        <itunes:duration>1:01</itunes:duration></item></channel></rss>";
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><id>urn:x</id><updated>2026-11-18T08:00:00Z</updated>\
        <entry><id>https://a.example.org/i</id><title>a</title><updated>2026-11-18T08:00:00Z</updated><summary>Un.</summary>\
        <link href=\"https://a.example.org/p\"/><link rel=\"enclosure\" href=\"https://a.example.org/1\" length=\"9\" \
        type=\"audio/mpeg\"/></entry></feed>";
    let feed = json!({"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{"id": "https://a.example.org/i",
        "title": "a", "content_text": "Un.", "date_published": "2026-11-18T08:00:00Z", "attachments": [
        {"url": "https://a.example.org/1", "mime_type": "audio/mpeg", "size_in_bytes": 9, "duration_in_seconds": 61.2}]}]});
    let feed = feed.to_string();
    for (name, text, lasts) in
        [("a.csv", table, true), ("rss.xml", rss, true), ("atom.xml", atom, false), ("feed.json", &feed, true)]
    {
        let scene = Scene::empty().write(name, text);
        scene.ok(&["import", name]);
        scene.ok(&["publish", "--at", "2026-11-19"]);
        let mut expected = json!([{"url": "https://a.example.org/1", "mime_type": "audio/mpeg", "size_in_bytes": 9}]);
        if lasts {
            expected[0]["duration_in_seconds"] = json!(61);
        }
        let item = scene.items("feed.json").into_iter().find(|item| item["title"] == "a").expect("an item");
        assert_eq!(item["attachments"], expected, "{name}");
    }
}
