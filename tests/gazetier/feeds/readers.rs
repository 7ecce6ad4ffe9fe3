//! What readers make of the feeds: feed-rs and Python's feedparser must find what was written.

use std::{collections::BTreeMap, process::Command};

use chrono::{DateTime, SecondsFormat};
use feed_rs::model::FeedType;
use serde::Deserialize;

use super::{
    LATER,
    written::{HOSTILE, Written, hostile},
};
use crate::support::{Scene, needed};

/// What a reader found in a feed.
#[derive(Debug, Deserialize)]
struct Found {
    version: String,
    bozo: Option<String>,
    title: String,
    description: Option<String>,
    rights: Option<String>,
    language: Option<String>,
    itself: Option<String>,
    home: String,
    updated: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Entry {
    id: String,
    title: String,
    page: String,
    standfirst: Option<String>,
    html: Option<String>,
    byline: Option<String>,
    label: Option<String>,
    published: String,
    updated: Option<String>,
    picture: Option<Picture>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Picture {
    url: String,
    media_type: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    alt: Option<String>,
    credit: Option<String>,
}

#[test]
fn hostile_columns_come_out_of_every_reader_as_they_were_written() {
    let scene = hostile();
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    let python = by_feedparser(&scene, &["rss.xml", "atom.xml"]);
    let rust = ["rss.xml", "atom.xml", "feed.json"].map(|name| by_feed_rs(&scene, name));
    let versions: Vec<&str> = python.iter().chain(&rust).map(|found| found.version.as_str()).collect();
    assert_eq!(versions, ["rss20", "atom10", "RSS2", "Atom", "JSON"]);
    for found in python.iter().chain(&rust) {
        let form = found.version.as_str();
        assert_eq!(found.bozo, None, "{form}");
        assert_eq!(found.title.replace('\u{2060}', ""), "L’Estran & <fils> ]]>", "{form}");
        assert_eq!(
            found.description.as_ref().map(|text| text.replace('\u{2060}', "")).as_deref(),
            Some("La \"revue\" & <i>le</i> bord de mer et de ceux qui en vivent"),
            "{form}"
        );
        assert_eq!(found.home, "https://estran.example.org/", "{form}");
        assert_eq!(found.language.as_deref(), Some("fr"), "{form}");
        let file = match form {
            "rss20" | "RSS2" => "rss.xml",
            "atom10" | "Atom" => "atom.xml",
            _ => "feed.json",
        };
        assert_eq!(found.itself, Some(format!("https://estran.example.org/feeds/{file}")), "{form}");
        // JSON Feed has no place for the two.
        if file != "feed.json" {
            let rights = found.rights.as_ref().map(|rights| rights.replace('\u{2060}', ""));
            assert_eq!(rights.as_deref(), Some("© A & <b>B</b>"), "{form}");
            assert_eq!(found.updated.as_deref().map(instant).as_deref(), Some("2026-11-20T08:00:00Z"), "{form}");
        }
        assert_eq!(found.entries.len(), HOSTILE.len(), "{form}");
        for (entry, written) in found.entries.iter().zip(&HOSTILE) {
            assert_eq!(plainly(entry), expected(written, form), "{form}");
        }
    }
}

#[test]
fn every_feed_of_the_sample_is_read_alike_in_all_its_forms_by_all_readers() {
    let scene = Scene::sample().config("items = 50", "items = 50\nlead_image = \"metadata\"");
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    let mut of_all: BTreeMap<String, Entry> = BTreeMap::new();
    for folder in ["", "edito/", "humeur/", "carnet/"] {
        let [rss, atom, json] = ["rss.xml", "atom.xml", "feed.json"].map(|name| format!("{folder}{name}"));
        let mut founds = by_feedparser(&scene, &[&rss, &atom]);
        founds.extend([&rss, &atom, &json].map(|name| by_feed_rs(&scene, name)));
        // What all forms and readers have in common.
        let common = |found: &Found| -> Vec<Entry> {
            let bare = |entry: &Entry| Entry { updated: None, picture: None, ..plainly(entry) };
            found.entries.iter().map(bare).collect()
        };
        let entries = common(&founds[0]);
        for found in &founds {
            assert_eq!(found.bozo, None, "{folder}{}", found.version);
            assert_eq!(common(found), entries, "{folder}{}", found.version);
            let pictures = found.entries.iter().filter(|entry| entry.picture.is_some()).count();
            let of_phare = usize::from(matches!(folder, "" | "carnet/") && found.version != "JSON");
            assert_eq!(pictures, of_phare, "{folder}{}", found.version);
        }
        if folder.is_empty() {
            of_all = entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
            assert_eq!(of_all.len(), 12);
        } else {
            assert!(entries.len() >= 3, "{folder} has {}", entries.len());
            for entry in entries {
                assert_eq!(of_all.get(&entry.id), Some(&entry), "{folder}");
            }
        }
    }
}

/// The text of a short piece of HTML.
fn bare(html: &str) -> String {
    let text: String = html.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect();
    unescaped(text.trim())
}

/// What a form must tell of a column.
fn expected(written: &Written, form: &str) -> Entry {
    let text = |text: &str| (!text.is_empty()).then(|| text.trim_end().to_owned());
    let rss = matches!(form, "rss20" | "RSS2");
    let picture = written.picture.filter(|_| !written.shown && form != "JSON").map(|picture| Picture {
        url: picture.url.to_owned(),
        media_type: Some(picture.media_type.to_owned()),
        width: Some(picture.width),
        height: Some(picture.height),
        alt: Some(picture.alt.to_owned()).filter(|_| matches!(form, "RSS2" | "Atom")),
        credit: Some(picture.credit.to_owned()),
    });
    // RSS wants a description beside content, Atom a summary where there is none.
    let titled = form != "JSON" && rss != written.html.is_empty();
    Entry {
        id: written.id(),
        title: written.title.to_owned(),
        page: written.page.to_owned(),
        // Without a standfirst, the body's text says what it is about, or else the title.
        standfirst: text(written.standfirst)
            .or_else(|| text(&bare(written.html)))
            .or_else(|| text(written.title).filter(|_| titled)),
        html: text(written.html),
        byline: written.byline.map(str::to_owned),
        label: written.rubrique.map(|(_, label)| label.to_owned()),
        published: written.published.to_owned(),
        updated: (!rss).then(|| written.modified.to_owned()),
        picture,
    }
}

/// An entry with its dates in one form, and without what keeps titles in RSS from being markup.
fn plainly(entry: &Entry) -> Entry {
    Entry {
        title: entry.title.replace('\u{2060}', ""),
        label: entry.label.as_ref().map(|label| label.replace('\u{2060}', "")),
        byline: entry.byline.as_ref().map(|byline| byline.replace('\u{2060}', "")),
        html: entry.html.as_ref().map(|html| html.trim_end().to_owned()),
        published: instant(&entry.published),
        updated: entry.updated.as_deref().map(instant),
        ..entry.clone()
    }
}

/// An instant as RSS or Atom writes it, in UTC.
fn instant(text: &str) -> String {
    let at = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text));
    at.expect("an instant").to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn by_feedparser(scene: &Scene, names: &[&str]) -> Vec<Found> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gazetier/read_feeds.py");
    let output = Command::new(needed("GAZETIER_TEST_PYTHON"))
        .arg(script)
        .args(names)
        .current_dir(scene.path("feeds"))
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .expect("Python");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn by_feed_rs(scene: &Scene, name: &str) -> Found {
    let bytes = std::fs::read(scene.path(&format!("feeds/{name}"))).expect("a feed");
    let feed = feed_rs::parser::parse(&bytes[..]).unwrap_or_else(|error| panic!("{name}: {error}"));
    let form = feed.feed_type;
    let rss = form == FeedType::RSS2;
    // Atom says which texts are HTML: those that could be taken for it.
    let text = |text: feed_rs::model::Text| match text.content_type.subty() == "html" && !rss {
        true => unescaped(&text.content),
        false => text.content,
    };
    let names = |names: Vec<feed_rs::model::Person>| names.into_iter().filter_map(|person| person.name);
    // feed-rs lets an entry without an author have the feed's.
    let house: Vec<String> = names(feed.authors).collect();
    let link = |rel: &str, at: usize| {
        let found = feed.links.iter().find(|link| link.rel.as_deref() == Some(rel));
        found.or_else(|| feed.links.iter().filter(|link| link.rel.is_none()).nth(at)).map(|link| link.href.clone())
    };
    let date = |at: DateTime<chrono::Utc>| at.to_rfc3339();
    Found {
        version: format!("{form:?}"),
        bozo: None,
        itself: link("self", 1),
        home: link("alternate", 0).expect("a home"),
        title: feed.title.map(text).expect("a title"),
        description: feed.description.map(text),
        rights: feed.rights.map(text),
        language: feed.language,
        updated: feed.updated.map(date),
        entries: feed
            .entries
            .into_iter()
            .map(|entry| Entry {
                id: entry.id,
                title: entry.title.map(text).expect("a title"),
                page: entry.links.into_iter().next().expect("a page").href,
                // RSS has HTML here.
                standfirst: entry.summary.map(text).map(|text| if rss { unescaped(&text) } else { text }),
                html: entry.content.filter(|content| content.content_type.subty() == "html").and_then(|c| c.body),
                byline: names(entry.authors).next().filter(|name| !house.contains(name)),
                label: entry.categories.into_iter().next().map(|category| category.label.unwrap_or(category.term)),
                published: entry.published.map(date).expect("a date"),
                updated: entry.updated.map(date).filter(|_| !rss),
                picture: entry.media.into_iter().next().map(picture),
            })
            .collect(),
    }
}

fn picture(media: feed_rs::model::MediaObject) -> Picture {
    let content = media.content.into_iter().next().expect("a picture");
    Picture {
        url: content.url.expect("an address").into(),
        media_type: content.content_type.map(|kind| kind.to_string()),
        width: content.width,
        height: content.height,
        alt: media
            .description
            .map(|alt| if alt.content_type.subty() == "html" { unescaped(&alt.content) } else { alt.content }),
        credit: media.credits.into_iter().next().map(|credit| credit.entity),
    }
}

/// Text that was escaped for HTML.
fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
