//! JSON Feed 1.1. A picture's description and credit, for which the format has no place, stand in
//! an extension of ours, `_picture`.

use std::borrow::Cow;

use chrono::Datelike;
use serde::Serialize;

use super::{
    ColumnContent, Error, Feed, address, audio, authors, media_type,
    plain_text::is_blank,
    rights::{self, JsonRights},
    tags,
};
use crate::model::{Column, Image, Instant};

#[derive(Serialize)]
struct JsonFeed<'a> {
    version: &'static str,
    title: String,
    home_page_url: Cow<'a, str>,
    feed_url: Cow<'a, str>,
    /// Older columns: the archive before this document.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    favicon: Option<Cow<'a, str>>,
    language: &'a str,
    authors: Vec<JsonAuthor<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hubs: Vec<JsonHub<'a>>,
    #[serde(rename = "_rights", skip_serializing_if = "Option::is_none")]
    rights: Option<JsonRights<'a>>,
    items: Vec<JsonItem<'a>>,
}

#[derive(Serialize)]
struct JsonHub<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct JsonAuthor<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct JsonItem<'a> {
    id: &'a str,
    url: Cow<'a, str>,
    title: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_html: Option<&'a str>,
    /// An item must have one content; where there is no body, the standfirst is it.
    #[serde(skip_serializing_if = "Option::is_none")]
    content_text: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_published: Option<String>,
    date_modified: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authors: Vec<JsonAuthor<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Cow<'a, str>>,
    #[serde(rename = "_picture", skip_serializing_if = "Option::is_none")]
    picture: Option<JsonPicture<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<[JsonAttachment<'a>; 1]>,
}

#[derive(Serialize)]
struct JsonAttachment<'a> {
    url: Cow<'a, str>,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_in_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_in_seconds: Option<u64>,
}

#[derive(Serialize)]
struct JsonPicture<'a> {
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

pub(super) fn write(feed: &Feed<'_>, shown: &[ColumnContent<'_>], mut buffer: Vec<u8>) -> Result<Vec<u8>, Error> {
    let magazine = &feed.config.magazine;
    let document = JsonFeed {
        version: "https://jsonfeed.org/version/1.1",
        title: feed.title(),
        home_page_url: address(&magazine.url),
        feed_url: address(&feed.addresses.json),
        next_url: feed.previous()?.map(|previous| address(&previous.json).into_owned()),
        description: feed.description(),
        icon: magazine.logo.as_ref().or(magazine.icon.as_ref()).map(address),
        favicon: magazine.icon.as_ref().map(address),
        language: &magazine.language,
        authors: vec![JsonAuthor { name: &magazine.name, url: Some(address(&magazine.url)) }],
        hubs: feed.config.feeds.hubs.iter().map(|hub| JsonHub { kind: "WebSub", url: hub.as_str() }).collect(),
        rights: rights::json_rights(feed.config)?,
        items: feed.columns.iter().zip(shown).map(|(column, shown)| item(feed, column, shown)).collect(),
    };
    serde_json::to_writer_pretty(&mut buffer, &document)
        .map_err(|reason| Error::Form { form: "JSON", reason: reason.to_string() })?;
    buffer.push(b'\n');
    Ok(buffer)
}

fn item<'a>(feed: &Feed<'a>, column: &'a Column, shown: &'a ColumnContent<'_>) -> JsonItem<'a> {
    let content_html = shown.content.as_deref();
    let image = shown.image;
    let rubrique = feed.label(column).map(|rubrique| rubrique.label.as_str()).into_iter();
    JsonItem {
        id: &column.guid,
        url: address(&column.url),
        title: feed.heading(column),
        content_text: content_html.is_none().then(|| feed.summary(column)),
        summary: Some(column.standfirst.as_str()).filter(|text| !is_blank(text)),
        content_html,
        // RFC 3339 begins with the year 0.
        date_published: Some(column.published).filter(|at| at.year() >= 0).map(date),
        date_modified: date(column.updated),
        authors: authors(column).map(|name| JsonAuthor { name, url: None }).collect(),
        tags: rubrique.chain(tags(column)).collect(),
        image: image.map(|image| address(&image.url)),
        picture: image.map(picture),
        attachments: audio(column).map(|audio| {
            [JsonAttachment {
                url: address(&audio.url),
                mime_type: &audio.media_type,
                size_in_bytes: audio.length.filter(|n| *n > 0),
                duration_in_seconds: audio.seconds.filter(|n| *n > 0),
            }]
        }),
    }
}

fn picture(image: &Image) -> JsonPicture<'_> {
    JsonPicture {
        alt: &image.alt,
        credit: image.credit.as_deref(),
        mime_type: media_type(image),
        width: image.width.filter(|n| *n > 0),
        height: image.height.filter(|n| *n > 0),
        size_in_bytes: image.length.filter(|n| *n > 0),
    }
}

/// RFC 3339, in UTC.
fn date(at: Instant) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}
