//! The columns that a fresh clone has: what the feed tells of each is what its file says, read here
//! by other means.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::LATER;
use crate::support::Scene;

#[test]
fn every_sample_column_is_published_as_it_is_written() {
    let scene = Scene::sample();
    assert_eq!(scene.ok(&["sync"]), "12 columns added, 3 subscribers joined\n");
    scene.ok(&["publish", "--at", LATER]);
    let mut told = scene.items("feed.json");
    told.sort_by_key(|item| item["id"].to_string());
    let files: Vec<String> = scene.files("columns").into_iter().filter(|file| file.ends_with(".md")).collect();
    assert_eq!((files.len(), told.len()), (12, 12));

    let mut taken = BTreeSet::new();
    for (file, item) in files.iter().zip(&told) {
        let (front, body) = halves(&scene.read(&format!("columns/{file}")));
        let key = file.trim_end_matches(".md");
        let published = instant(&front["published"]).expect("a date");
        let mut updated = instant(&front["updated"]).unwrap_or(published);
        // No two columns are updated at one instant.
        while !taken.insert(updated) {
            updated += Duration::milliseconds(1);
        }
        let date = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        for (key, value) in [
            ("id", json!(format!("tag:estran.example.org,2026-01-01:markdown/{key}"))),
            ("url", json!(format!("https://estran.example.org/chroniques/{}", &key["2026-11-09-".len()..]))),
            ("title", front["title"].clone()),
            ("summary", json!(front["standfirst"].as_str().map(str::trim_end))),
            ("authors", json!([{ "name": front["byline"] }])),
            ("date_published", json!(date(published))),
            ("date_modified", json!(date(updated))),
            ("tags", front["rubrique"].as_str().map_or(Value::Null, |label| json!([spelt(label)]))),
        ] {
            assert_eq!(item[key], value, "{key} of {file}");
        }
        let html = item["content_html"].as_str().expect("a body");
        // One has a picture before its text.
        let html =
            html.split_once("</figure>\n").filter(|_| html.starts_with("<figure>")).map_or(html, |(_, html)| html);
        let html = html.strip_prefix("<p><strong>").expect("the standfirst");
        let (_, html) = html.split_once("</strong></p>\n").expect("the body");
        assert_eq!(letters(&without_tags(html)), letters(&without_links(&body)), "{file}");
    }
}

/// The front matter and the body of a file.
fn halves(text: &str) -> (Value, String) {
    let (fence, rest) = text.split_once('\n').expect("a first line");
    let (front, body) = rest.split_once(&format!("\n{fence}\n")).expect("an end of the front matter");
    let front = match fence {
        "---" => serde_saphyr::from_str(front).expect("YAML"),
        _ => {
            let front: toml::Table = toml::from_str(front).expect("TOML");
            let text = |value: toml::Value| json!(value.as_str().map_or(value.to_string(), str::to_owned));
            Value::Object(front.into_iter().map(|(key, value)| (key, text(value))).collect::<Map<_, _>>())
        }
    };
    (front, body.to_owned())
}

/// An instant with its offset, or by the magazine's clock, which is an hour ahead of UTC in November.
fn instant(value: &Value) -> Option<DateTime<Utc>> {
    let text = value.as_str()?;
    let at = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(&format!("{text}+01:00"), "%Y-%m-%dT%H:%M%:z"));
    Some(at.expect("an instant").to_utc())
}

/// A label as the configuration spells it.
fn spelt(label: &str) -> &'static str {
    match label.to_lowercase().replace('é', "e").as_str() {
        "edito" => "Édito",
        "humeur" => "Humeur",
        "carnet" => "Carnet",
        other => panic!("{other} is no rubrique of the sample"),
    }
}

/// Letters alone: what Markdown marks up, the numbers of lists included, is not among them.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

/// The text of a body's HTML.
fn without_tags(html: &str) -> String {
    let text: String =
        html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect::<Vec<_>>().concat();
    text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Markdown without pictures and without the addresses of links.
fn without_links(markdown: &str) -> String {
    let mut parts = markdown.split("](");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let picture = text.rfind('[').filter(|at| text[..*at].ends_with('!'));
        text.truncate(picture.unwrap_or(text.len()));
        text += part.split_once(')').expect("an end of the address").1;
    }
    text
}
