//! JSON Feed 1.1. A picture's description and credit, for which the format has no place, stand in
//! an extension of ours, `_picture`.

use serde::Serialize;

use super::{Error, Feed};
use crate::model::{Column, Image, Instant};

#[derive(Serialize)]
struct Document<'a> {
    version: &'static str,
    title: String,
    home_page_url: &'a str,
    feed_url: &'a str,
    /// Older columns: the archive before this document.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    description: String,
    language: &'a str,
    authors: Vec<Author<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<Hub<'a>>,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Hub<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Author<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    url: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<String>,
    /// An item must have one content; where there is no body, the standfirst is it.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    date_published: String,
    date_modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    authors: Option<[Author<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tags: Option<[&'a str; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a str>,
    #[serde(rename = "_picture", skip_serializing_if = "Option::is_none")]
    picture: Option<Picture<'a>>,
}

#[derive(Serialize)]
struct Picture<'a> {
    alt: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    credit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
}

pub(super) fn write(feed: &Feed<'_>) -> Result<Vec<u8>, Error> {
    let magazine = &feed.config.magazine;
    let document = Document {
        version: "https://jsonfeed.org/version/1.1",
        title: feed.title(),
        home_page_url: magazine.url.as_str(),
        feed_url: feed.addresses.json.as_str(),
        next_url: feed.previous()?.map(|previous| previous.json.into()),
        description: feed.description(),
        language: &magazine.language,
        authors: vec![Author { name: &magazine.name, url: Some(magazine.url.as_str()) }],
        hubs: feed.config.feeds.hubs.iter().map(|hub| Hub { kind: "WebSub", url: hub.as_str() }).collect(),
        items: feed.columns.iter().map(|column| item(feed, column)).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document)
        .map_err(|reason| Error::Form { form: "JSON", reason: reason.to_string() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn item<'a>(feed: &Feed<'a>, column: &'a Column) -> Item<'a> {
    let content_html = feed.content(column);
    let image = feed.image(column, content_html.as_deref());
    let standfirst = Some(column.standfirst.as_str());
    Item {
        id: &column.guid,
        url: column.url.as_str(),
        title: &column.title,
        content_text: if content_html.is_none() { standfirst } else { None },
        summary: standfirst.filter(|text| !text.is_empty()),
        content_html,
        date_published: date(column.published),
        date_modified: date(column.updated),
        authors: column.byline.as_deref().map(|name| [Author { name, url: None }]),
        tags: feed.label(column).map(|rubrique| [rubrique.label.as_str()]),
        image: image.map(|image| image.url.as_str()),
        picture: image.map(picture),
    }
}

fn picture(image: &Image) -> Picture<'_> {
    Picture {
        alt: &image.alt,
        credit: image.credit.as_deref(),
        mime_type: image.media_type.as_deref(),
        width: image.width,
        height: image.height,
        size_in_bytes: image.length,
    }
}

/// RFC 3339, in UTC.
fn date(at: Instant) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
