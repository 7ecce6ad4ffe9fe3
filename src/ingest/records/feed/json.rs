//! JSON Feed 1.0 and 1.1. It is JSON of a few fields, read here: what reads feeds otherwise knows no pictures in it, and
//! refuses all for one item that is wrong.

use serde::Deserialize;
use serde_json::Value;

use super::{
    super::standfirst::{behind_figure, standfirst},
    refused,
};
use crate::{
    ingest::{audio::is_audio, parts::is_lasting, plain_of_html, records::ListedRecord},
    model::{BodyFormat, ColumnRecord, RecordAudio, RecordImage},
};

#[derive(Debug, Deserialize)]
struct ReadJsonFeed {
    #[serde(default)]
    version: String,
    items: Option<Vec<Value>>,
    #[serde(flatten)]
    people: People,
}

/// Who wrote a feed or an item; version 1.0 knew one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct People {
    author: Option<ReadJsonAuthor>,
    authors: Option<Vec<ReadJsonAuthor>>,
}

#[derive(Debug, Deserialize)]
struct ReadJsonAuthor {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReadJsonItem {
    /// A text; in some feeds a number.
    id: Value,
    url: Option<String>,
    title: Option<String>,
    content_html: Option<String>,
    content_text: Option<String>,
    summary: Option<String>,
    image: Option<String>,
    banner_image: Option<String>,
    date_published: Option<String>,
    date_modified: Option<String>,
    tags: Option<Vec<String>>,
    attachments: Option<Vec<ReadJsonAttachment>>,
    #[serde(rename = "_picture")]
    picture: Option<ReadJsonPicture>,
    #[serde(flatten)]
    people: People,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReadJsonAttachment {
    url: String,
    mime_type: String,
    title: Option<String>,
    size_in_bytes: Option<u64>,
    duration_in_seconds: Option<f64>,
}

/// What our own feeds say of a picture.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ReadJsonPicture {
    alt: String,
    credit: Option<String>,
}

/// The records of a document.
pub(super) fn records(bytes: &[u8]) -> Result<Vec<ListedRecord>, String> {
    let feed: ReadJsonFeed = serde_json::from_slice(bytes).map_err(|error| format!("no JSON Feed: {error}"))?;
    if !feed.version.starts_with("https://jsonfeed.org/version/1") {
        return Err("no JSON Feed of version 1: its version is no address of jsonfeed.org".to_owned());
    }
    let items = feed.items.ok_or("no JSON Feed: it has no items")?;
    let authors = names(feed.people);
    Ok(items.into_iter().map(|item| listed(item, &authors)).collect())
}

fn listed(item: Value, authors: &[String]) -> ListedRecord {
    let id = match item.get("id") {
        Some(Value::String(id)) => id.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let named = |field: &str| item.get(field).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let link = named("url").map(str::to_owned);
    let title = named("title").unwrap_or("an item without a title").to_owned();
    let Some(id) = Some(id).filter(|id| !id.is_empty()).or(link) else {
        return refused(&title, "it has neither an id nor a url that it could be known by");
    };
    let item: ReadJsonItem = match serde_json::from_value(item) {
        Ok(item) => item,
        Err(error) => return refused(&id, &error.to_string()),
    };
    let Some(published) = item.date_published.or_else(|| item.date_modified.clone()) else {
        return refused(&id, "it has no date: give it a date_published");
    };
    let (body, format, words) = match (item.content_html, item.content_text) {
        (Some(html), _) if !html.trim().is_empty() => {
            let words = plain_of_html(behind_figure(&html));
            (html, BodyFormat::Html, words)
        }
        (_, text) => {
            let text = text.unwrap_or_default();
            (text.clone(), BodyFormat::Text, text)
        }
    };
    let summary = item.summary.unwrap_or_default();
    // A summary alone is the text.
    let (body, format, summary) =
        if body.trim().is_empty() { (summary, BodyFormat::Text, String::new()) } else { (body, format, summary) };
    let attachments = item.attachments.unwrap_or_default();
    let attached = attachments.iter().find(|attached| attached.mime_type.starts_with("image/"));
    let heard = attachments.iter().find(|attached| is_audio(&attached.mime_type));
    let audio = heard.map(|heard| RecordAudio {
        url: heard.url.clone(),
        media_type: Some(heard.mime_type.clone()),
        length: heard.size_in_bytes,
        duration: heard.duration_in_seconds.map(|seconds| seconds.to_string()),
    });
    let url = item.image.or(item.banner_image).or_else(|| attached.map(|attached| attached.url.clone()));
    let picture = item.picture.unwrap_or_default();
    let image = url.filter(|url| !url.trim().is_empty()).map(|url| {
        let title = || attachments.iter().find(|attached| attached.url == url)?.title.clone();
        let alt = Some(picture.alt).filter(|alt| !alt.is_empty()).or_else(title).unwrap_or_default();
        RecordImage { alt, credit: picture.credit, url, ..RecordImage::default() }
    });
    let bylines = names(item.people);
    let record = ColumnRecord {
        guid: is_lasting(&id).then(|| id.clone()),
        title: plain(item.title.unwrap_or_default()),
        standfirst: standfirst(plain(standfirst(&summary, &words)).trim(), &words),
        body,
        format,
        bylines: if bylines.is_empty() { authors.to_vec() } else { bylines },
        rubriques: item.tags.unwrap_or_default(),
        updated: item.date_modified.filter(|updated| *updated != published),
        published,
        url: item.url,
        image,
        audio,
        id: id.clone(),
        ..ColumnRecord::default()
    };
    ListedRecord { name: id, line: None, record: Ok(record), warnings: Vec::new() }
}

/// The words of a title: plain text by the specification, HTML all the same in some feeds.
fn plain(text: String) -> String {
    let is_entity = |rest: &str| {
        let name = rest.split_once(';').map(|(name, _)| name).unwrap_or_default();
        !name.is_empty() && name.chars().all(|c| c == '#' || c.is_ascii_alphanumeric())
    };
    let is_html = text.contains("</") || text.split('&').skip(1).any(is_entity);
    if is_html { plain_of_html(&text) } else { text }
}

/// Names, each once.
fn names(people: People) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for author in people.author.into_iter().chain(people.authors.into_iter().flatten()) {
        let name = author.name.unwrap_or_default().trim().to_owned();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
