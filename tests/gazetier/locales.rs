//! Every file in `locales`: with nothing else said of its language, a magazine's pages, letters and desk are in it.

use std::{collections::BTreeMap, fs, path::Path};

use toml::Value;

use crate::{
    desk::{Open, SUNDAY, Visitor},
    readers::{
        browser::Browser,
        house::{House, at_home},
        mail::notes,
    },
    support::{MONDAY, Scene},
};

/// The languages by the names of their files.
fn files() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    let files = fs::read_dir(folder).expect("the languages").map(|entry| entry.expect("an entry").path());
    let files: BTreeMap<String, Value> = files
        .map(|path| {
            let tag = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (tag, toml::from_str(&fs::read_to_string(&path).expect("a text")).expect("TOML"))
        })
        .collect();
    assert!(files.len() >= 3, "{files:?}");
    files
}

/// A text of a language, by its key, as HTML has it.
fn word(file: &Value, key: &str) -> String {
    let found = key.split('.').try_fold(file, |value, part| match part.parse::<usize>() {
        Ok(at) => value.get(at),
        Err(_) => value.get(part),
    });
    let text = found.and_then(Value::as_str).unwrap_or_else(|| panic!("no {key}"));
    // What stands before the first thing that is filled in.
    let text = text.split('{').next().unwrap_or_default().trim();
    text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;").replace('\'', "&#39;")
}

/// A page has words of its language and none of another's, and nothing was left to fill in.
fn speaks(files: &BTreeMap<String, Value>, tag: &str, page: &str, keys: &[&str]) {
    // Letters write such spaces as references.
    let page = page.replace("&#8239;", "\u{202f}").replace("&#160;", "\u{a0}");
    let left = page.match_indices('{').find(|(at, _)| {
        let name = page[at + 1..].split('}').next().unwrap_or_default();
        // The desk's script fills in the period, and what it begins with a dollar.
        !page[..*at].ends_with('$')
            && !name.is_empty()
            && name != "period"
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    let around = |at: usize| page[at..].chars().take(60).collect::<String>();
    assert_eq!(left.map(|(at, _)| around(at)), None, "{tag}");
    for key in keys {
        let own = word(&files[tag], key);
        assert!(page.contains(&own), "{tag}: {key}: no {own:?} in {page}");
        for (other, file) in files.iter().filter(|(other, _)| *other != tag) {
            let foreign = word(file, key);
            // A word may be the same in two languages, or part of another one.
            let is_alike = own.contains(&foreign) || foreign.split_whitespace().count() < 3;
            assert!(is_alike || !page.contains(&foreign), "{tag}: {key}: {foreign:?} ({other}) in {page}");
        }
    }
}

/// The way to the preferences, from the page that says that somebody has joined.
fn preferences_of(joined: &str) -> &str {
    let mut links = joined.split("href=\"https://estran.example.org").filter_map(|rest| rest.split('"').next());
    links.find(|link| link.contains("/preferences/")).expect("a link to the preferences")
}

fn magazine(tag: &str) -> Scene {
    at_home(Scene::sample(), "").config("language = \"fr\"", &format!("language = \"{tag}\""))
}

#[test]
fn every_language_has_all_pages_letters_and_the_desk() {
    let files = files();
    for tag in files.keys() {
        let scene = magazine(tag);
        let says = |page: &str, keys: &[&str]| speaks(&files, tag, page, keys);
        scene.ok(&["sync", "--at", SUNDAY]);

        // The desk, and a proof that it sends.
        let desk = Open::at(&scene, SUNDAY);
        says(&Visitor::stranger(&desk).get("/").text, &["desk.closed", "desk.closed_help"]);
        let editor = Visitor::editor(&desk, &desk.way_in);
        let coming = editor.get("/").text;
        assert!(coming.contains(&format!("<html lang=\"{tag}\"")), "{coming}");
        says(&coming, &["desk.columns_help", "desk.preheader_help", "desk.goes_to.other", "desk.script.offline"]);
        says(&coming, &["desk.green", "preflight.links.good", "preflight.unsubscribe.good"]);
        says(&editor.get("/past").text, &["desk.no_past"]);
        let stale = editor.post(
            "/decide",
            &[("act", "release"), ("period", "2026-W47"), ("decision", "0"), ("hash", "x"), ("readers", "1")],
        );
        says(&stale.text, &["desk.refused"]);
        drop(desk);

        // The letter, the feeds and what stands beside them.
        scene.ok(&["run", "--at", MONDAY]);
        says(&scene.read("feeds/index.html"), &["feeds.title", "feeds.steps.2.heading", "feeds.formats"]);
        let house = House::open(&scene, &["--at", MONDAY]);
        let archive = house.get("/lettre/archive/");
        says(&archive.text(), &["archive.title", "archive.lede"]);
        let edition = house.get("/lettre/archive/2026-W47").text();
        says(&edition, &["letter.why_it_comes", "letter.feeds", "archive.all"]);

        // The readers' pages and letters.
        says(&house.get("/nowhere").text(), &["failures.not_found.title", "failures.not_found.text"]);
        let subscribe = house.get("/lettre/").text();
        says(&subscribe, &["readers.subscribe.title", "readers.consent", "readers.rubriques_hint"]);
        for (other, file) in &files {
            let link = format!(
                "<a href=\"?lang={other}\" hreflang=\"{other}\" lang=\"{other}\">{}</a>",
                word(file, "this_page")
            );
            assert_eq!(subscribe.contains(&link), other != tag, "{subscribe}");
        }
        says(&house.post("/lettre/", "email=nobody").text(), &["readers.email_wrong"]);
        says(&house.post("/lettre/", "email=a%40example.org").text(), &["readers.sent.title", "readers.sent.text.1"]);
        let note = notes(&scene, 1).remove(0);
        says(&note.html, &["service.join.title", "service.not_you", "readers.agreed"]);
        says(&house.get(&note.link()).text(), &["readers.confirm.title", "readers.confirm.label"]);
        let joined = house.post(&note.link(), "").text();
        says(&joined, &["readers.joined.title"]);
        let link = preferences_of(&joined);
        let preferences = house.get(link).text();
        says(&preferences, &["readers.preferences.title", "readers.erase.text.0", "readers.data.label"]);
        for (other, file) in &files {
            let name = format!("<label for=\"language-{other}\" lang=\"{other}\">{}</label>", word(file, "name"));
            assert!(preferences.contains(&name), "{preferences}");
            let saved = house.post(link, &format!("do=save&language={other}")).text();
            speaks(&files, other, &saved, &["readers.saved", "readers.preferences.title"]);
            assert!(saved.contains(&format!("value=\"{other}\" checked")), "{saved}");
        }
        assert!(house.post(&note.link(), "").text().contains(&word(&files[tag], "readers.stale.title")));
    }
}

#[test]
fn a_tag_means_its_language_however_it_is_written() {
    for (tag, title) in [("FR", "Lisez nos chroniques"), ("de-CH", "Lesen Sie unsere Kolumnen"), ("en-GB", "Read our")]
    {
        let scene = magazine(tag);
        scene.ok(&["run", "--at", MONDAY]);
        assert!(scene.read("feeds/index.html").contains(title), "{tag}");
        assert!(scene.read("feeds/atom.xml").contains(&format!("xml:lang=\"{tag}\"")), "{tag}");
        let house = House::open(&scene, &["--at", MONDAY]);
        assert!(house.get("/lettre/").text().contains(&format!("<html lang=\"{}\">", &tag[..2].to_lowercase())));
        let asked = |spoken: &str| house.ask("GET", "/lettre/", &format!("Accept-Language: {spoken}\r\n"), "").text();
        assert!(asked("it, de-AT;q=0.8, en;q=0.5").contains("<html lang=\"de\">"));
        assert!(asked("it").contains(&format!("<html lang=\"{}\">", &tag[..2].to_lowercase())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_language_fits_on_a_phone() {
    for tag in files().keys() {
        let scene = magazine(tag);
        let browser = Browser::open().await;
        scene.ok(&["sync", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        browser.client.goto(&desk.way_in).await.expect("the door");
        browser.click("main button").await;
        browser.inspect(&format!("{tag}-desk")).await;
        drop(desk);

        scene.ok(&["run", "--at", MONDAY]);
        let house = House::open(&scene, &["--at", MONDAY]);
        for (path, name) in [("/lettre/", "subscribe"), ("/feeds/", "feeds"), ("/lettre/archive/2026-W47", "edition")] {
            browser.go(&house, &format!("{path}?lang={tag}")).await;
            browser.inspect(&format!("{tag}-{name}")).await;
        }
        house.post("/lettre/", "email=a%40example.org");
        let note = notes(&scene, 1).remove(0);
        let joined = house.post(&note.link(), "").text();
        let link = preferences_of(&joined);
        browser.go(&house, link).await;
        browser.inspect(&format!("{tag}-preferences")).await;
        browser.client.clone().close().await.expect("an end");
    }
}
