//! An export of WordPress (WXR): an RSS document with elements of its own, a column in each item whose type is `post`.
//! The file is gone through twice: what pictures and authors are called may stand behind who names them.

mod api;
mod content;

use std::{collections::HashMap, path::Path};

use chrono::NaiveDateTime;

use super::{
    ListedRecord, NO_DATE, RecordSink,
    xml::{XmlError, XmlFile, XmlPart},
};
use crate::{
    config::Source,
    ingest::{Error, SourceLocation, audio::is_audio, plain_of_html, wrong},
    model::{ColumnRecord, RecordAudio, RecordImage, RecordStatus},
};

use content::Body;

pub use api::record as api_record;

/// What the items of an export name elsewhere in it.
#[derive(Debug, Default)]
struct WordpressNames {
    /// Who writes under a login.
    authors: HashMap<String, String>,
    /// Pictures, by the numbers of their items.
    pictures: HashMap<String, RecordImage>,
}

/// An item, as far as it matters.
#[derive(Debug, Default)]
struct Item {
    id: String,
    kind: String,
    status: String,
    password: String,
    title: String,
    link: String,
    guid: String,
    creator: String,
    content: String,
    excerpt: String,
    name: String,
    date: String,
    date_utc: String,
    modified_utc: String,
    categories: Vec<String>,
    tags: Vec<String>,
    /// Of an extension for several authors.
    authors: Vec<String>,
    thumbnail: String,
    attachment: String,
    alt: String,
    meta_key: String,
    /// Files that the post leads to.
    enclosures: Vec<String>,
}

/// Gives the record of each post.
pub fn read(source: &Source, path: &Path, sink: &mut RecordSink<'_>) -> Result<(), Error> {
    let mut names = WordpressNames::default();
    each_item(source, path, &mut names.authors, &mut |item| {
        if item.kind == "attachment" && !item.attachment.is_empty() {
            let alt = if item.alt.trim().is_empty() { plain_of_html(&item.excerpt) } else { item.alt };
            names.pictures.insert(item.id, RecordImage { url: item.attachment, alt, ..RecordImage::default() });
        }
        Ok(())
    })?;
    each_item(source, path, &mut HashMap::new(), &mut |item| {
        if item.kind != "post" {
            return Ok(());
        }
        let name = if item.id.is_empty() { item.guid.clone() } else { item.id.clone() };
        let (record, warnings) = names.record(item);
        sink(ListedRecord { name, line: None, record: Ok(record), warnings })
    })
}

/// Goes through the items of an export, and notes its authors.
fn each_item(
    source: &Source,
    path: &Path,
    authors: &mut HashMap<String, String>,
    take: &mut dyn FnMut(Item) -> Result<(), Error>,
) -> Result<(), Error> {
    let place = SourceLocation { file: source.path.display().to_string(), line: None };
    let failed = |error| match error {
        XmlError::Io(error) => Error::Read { path: source.path.clone(), source: error },
        XmlError::Wrong(message) => wrong(&place, format!("no XML as WordPress exports it: {message}")),
    };
    let mut xml = XmlFile::open(path).map_err(|error| failed(XmlError::Io(error)))?;
    let (mut is_export, mut is_whole) = (false, false);
    while let Some(part) = xml.next().map_err(failed)? {
        match part {
            XmlPart::Start(name, _) if name == "wp:wxr_version" => is_export = true,
            XmlPart::Start(name, _) if name == "wp:author" => {
                let (login, shown) = author(&mut xml).map_err(failed)?;
                authors.insert(login, shown);
            }
            XmlPart::Start(name, _) if name == "item" => take(item(&mut xml).map_err(failed)?)?,
            XmlPart::End(name) if name == "channel" => is_whole = true,
            _ => {}
        }
    }
    match (is_export, is_whole) {
        (false, _) => Err(wrong(&place, "no export of WordPress: it has no wp:wxr_version")),
        (_, false) => Err(wrong(&place, "the export is cut off: its channel does not end; export it again")),
        _ => Ok(()),
    }
}

/// An author's login and name.
fn author(xml: &mut XmlFile) -> Result<(String, String), XmlError> {
    let (mut login, mut shown) = (String::new(), String::new());
    while let Some(part) = xml.next()? {
        match part {
            XmlPart::Start(name, _) if name == "wp:author_login" => login = xml.text(&name)?,
            XmlPart::Start(name, _) if name == "wp:author_display_name" => shown = xml.text(&name)?,
            XmlPart::End(name) if name == "wp:author" => break,
            _ => {}
        }
    }
    Ok((login, shown))
}

/// An item that has just begun.
fn item(xml: &mut XmlFile) -> Result<Item, XmlError> {
    let mut item = Item::default();
    while let Some(part) = xml.next()? {
        let (name, attributes) = match part {
            XmlPart::Start(name, attributes) => (name, attributes),
            XmlPart::End(name) if name == "item" => break,
            _ => continue,
        };
        let field = match name.as_str() {
            "wp:post_id" => &mut item.id,
            "wp:post_type" => &mut item.kind,
            "wp:status" => &mut item.status,
            "wp:post_password" => &mut item.password,
            "title" => &mut item.title,
            "link" => &mut item.link,
            "guid" => &mut item.guid,
            "dc:creator" => &mut item.creator,
            "content:encoded" => &mut item.content,
            "excerpt:encoded" => &mut item.excerpt,
            "wp:post_name" => &mut item.name,
            "wp:post_date" => &mut item.date,
            "wp:post_date_gmt" => &mut item.date_utc,
            "wp:post_modified_gmt" => &mut item.modified_utc,
            "wp:attachment_url" => &mut item.attachment,
            "category" => {
                let text = xml.text(&name)?;
                let domain = attributes.iter().find(|(key, _)| key == "domain").map(|(_, value)| value.as_str());
                match domain {
                    Some("post_tag") => item.tags.push(text),
                    Some("author") => item.authors.push(text),
                    Some("category") | None => item.categories.push(text),
                    Some(_) => {}
                }
                continue;
            }
            "wp:meta_key" => {
                item.meta_key = xml.text(&name)?;
                continue;
            }
            "wp:meta_value" => {
                let value = xml.text(&name)?;
                match item.meta_key.as_str() {
                    "_thumbnail_id" => item.thumbnail = value,
                    "_wp_attachment_image_alt" => item.alt = value,
                    "enclosure" => item.enclosures.push(value),
                    _ => {}
                }
                continue;
            }
            _ => continue,
        };
        *field = xml.text(&name)?;
    }
    Ok(item)
}

impl WordpressNames {
    /// An item's record, and what is not taken of it.
    fn record(&self, item: Item) -> (ColumnRecord, Vec<String>) {
        let Body { html, standfirst, warnings } = content::body(&item.content, &self.pictures);
        let excerpt = plain_of_html(&item.excerpt);
        let status = match item.status.trim() {
            // Readers of one with a password have it from somebody.
            "publish" | "future" if item.password.trim().is_empty() => RecordStatus::Published,
            _ => RecordStatus::Draft,
        };
        let author = self.authors.get(&item.creator).filter(|name| !name.trim().is_empty());
        let bylines =
            if item.authors.is_empty() { vec![author.cloned().unwrap_or(item.creator)] } else { item.authors };
        let published = date(&item.date_utc, "Z").or_else(|| date(&item.date, ""));
        let record = ColumnRecord {
            id: if item.id.is_empty() { item.guid.clone() } else { item.id },
            guid: Some(item.guid).filter(|guid| !guid.trim().is_empty()),
            title: plain_of_html(&item.title),
            standfirst: if excerpt.trim().is_empty() { standfirst } else { excerpt },
            body: html,
            bylines: bylines.into_iter().filter(|name| !name.trim().is_empty()).collect(),
            rubriques: item.categories,
            tags: item.tags,
            published: published.unwrap_or_else(|| NO_DATE.to_owned()),
            updated: date(&item.modified_utc, "Z"),
            status,
            url: Some(item.link).filter(|link| !link.trim().is_empty()),
            slug: Some(item.name).filter(|name| !name.trim().is_empty()),
            image: self.pictures.get(item.thumbnail.trim()).cloned(),
            audio: item.enclosures.iter().find_map(|enclosure| recording(enclosure)),
            ..ColumnRecord::default()
        };
        (record, warnings)
    }
}

/// A file that WordPress found in a post, if it is a recording: address, length and type stand on a line each.
fn recording(enclosure: &str) -> Option<RecordAudio> {
    let mut lines = enclosure.lines().map(str::trim);
    let (url, length, kind) = (lines.next()?, lines.next()?, lines.next()?);
    let length = length.parse().ok().filter(|length| *length > 0);
    let record = RecordAudio { url: url.to_owned(), media_type: Some(kind.to_owned()), length, duration: None };
    is_audio(kind).then_some(record)
}

/// A date as it is written, if it is one: what has none has one of noughts.
fn date(written: &str, zone: &str) -> Option<String> {
    let written = written.trim();
    let is_date = NaiveDateTime::parse_from_str(written, "%Y-%m-%d %H:%M:%S").is_ok();
    is_date.then(|| format!("{written}{zone}"))
}

/// The text of a post by itself: its HTML, its standfirst, and what is not taken of it.
pub(super) fn post_body(content: &str) -> (String, String, Vec<String>) {
    let Body { html, standfirst, warnings } = content::body(content, &HashMap::new());
    (html, standfirst, warnings)
}
