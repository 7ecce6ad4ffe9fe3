//! A feed: RSS, Atom or JSON Feed. It holds its newest entries alone, so that what has left it is not gone. Reading must
//! not change what an entry says: ids are taken as they are written and never made up, texts are cleaned later as all
//! others are.

mod json;
mod outline;
mod rebase;

use std::{
    fs::File,
    io::Read,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

use chrono::{DateTime, SecondsFormat, Utc};
use feed_rs::{
    model::{Entry, Feed, FeedType, MediaContent, MediaObject, Person, Text},
    parser::Builder,
};
use url::Url;

use super::{
    ListedRecord, NO_DATE, RecordSink,
    standfirst::{behind_figure, standfirst},
};
use crate::{
    config::Source,
    ingest::{Error, SourceLocation, audio::is_audio, media::media_type, parts::is_lasting, plain_of_html, wrong},
    model::{BodyFormat, ColumnRecord, RecordAudio, RecordImage, RecordStatus},
};

use outline::{EntryOutline, outline};

/// How long a feed may be: no reader would take a longer one.
pub const MAX_FEED_BYTES: u64 = 16 << 20;

/// What the library calls XHTML.
const XHTML: &str = "application/xhtml";

/// Gives the record of each entry of a file.
pub fn read(source: &Source, path: &Path, sink: &mut RecordSink<'_>) -> Result<(), Error> {
    let failed = |error| Error::Read { path: source.path.clone(), source: error };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FEED_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    read_bytes(source, &bytes, None, sink)
}

/// The same of a feed that was fetched from an address.
pub fn read_bytes(
    source: &Source,
    bytes: &[u8],
    address: Option<&Url>,
    sink: &mut RecordSink<'_>,
) -> Result<(), Error> {
    let place = SourceLocation { file: source.path.display().to_string(), line: None };
    let refuse = |message: String| wrong(&place, message);
    if bytes.len() as u64 > MAX_FEED_BYTES {
        return Err(refuse(format!("the feed has more than {MAX_FEED_BYTES} bytes")));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let start = bytes.get(..64).unwrap_or(bytes).to_ascii_lowercase();
    let records = if start.starts_with(b"<!doctype html") || start.starts_with(b"<html") {
        Err("it is an HTML page, and no feed".to_owned())
    } else if start.starts_with(b"{") {
        json::records(bytes)
    } else {
        xml_records(bytes, address)
    };
    let records = records.map_err(refuse)?;
    if records.is_empty() {
        return Err(refuse("the feed holds no entry: nothing is changed".to_owned()));
    }
    records.into_iter().try_for_each(sink)
}

/// The records of RSS or Atom.
fn xml_records(bytes: &[u8], address: Option<&Url>) -> Result<Vec<ListedRecord>, String> {
    let outline = outline(bytes, address).map_err(|error| format!("no feed that can be read: {error}"))?;
    let parser = Builder::new()
        .base_uri(outline.address.as_ref())
        // An id that is made up would be another one tomorrow.
        .id_generator(|_, _, _| String::new())
        // Texts are cleaned where all are, and told of.
        .sanitize_content(false)
        .build();
    let feed = unpanicked(|| parser.parse(bytes)).ok_or("no feed that can be read: what reads feeds failed at it")?;
    let feed = feed.map_err(|error| format!("no feed that can be read: {error}"))?;
    let mut entries = outline.entries.into_iter();
    let (lost, has_all) = (entries.len().saturating_sub(feed.entries.len()), entries.len() == feed.entries.len());
    let Feed { feed_type, authors, entries: parsed, .. } = feed;
    let is_atom = feed_type == FeedType::Atom;
    let mut records: Vec<ListedRecord> = parsed
        .into_iter()
        .map(|mut entry| {
            // Of an Atom entry without authors, those of its feed are.
            if is_atom && entry.authors.is_empty() {
                entry.authors.clone_from(&authors);
            }
            let outline = entries.next().filter(|_| has_all).unwrap_or_default();
            listed(entry, is_atom, &outline)
        })
        .collect();
    // In RSS 1.0, the link is the id.
    records.extend((1..=lost).map(|_| refused("an entry without a link", "it has no link to be known by")));
    Ok(records)
}

/// What the library gives; nothing where it panics. It cuts some names in the middle of a letter (an address beside
/// «, for example), and one such feed must not end a run, nor say so at each.
fn unpanicked<T>(read: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let given = panic::catch_unwind(AssertUnwindSafe(read));
    panic::set_hook(hook);
    given.ok()
}

/// An entry as a record.
fn listed(entry: Entry, is_atom: bool, outline: &EntryOutline) -> ListedRecord {
    let title = entry.title.as_ref().map(|title| plain(title, is_atom)).unwrap_or_default();
    let link = link(&entry);
    let id = Some(entry.id.trim()).filter(|id| !id.is_empty()).or(link.as_deref()).map(str::to_owned);
    let Some(id) = id else {
        let name = if title.trim().is_empty() { "an entry without a title" } else { title.trim() };
        return refused(name, "it has neither an id nor a link that it could be known by");
    };
    let is_draft = outline.is_draft;
    let published = match entry.published.or(entry.updated) {
        None if !is_draft => {
            return refused(&id, "it has no date that could be read: give it one (pubDate, published or updated)");
        }
        at => at.map_or_else(|| NO_DATE.to_owned(), date),
    };
    let mut warnings = Vec::new();
    let (body, format, standfirst) = texts(&entry, is_atom, outline, &mut warnings);
    // Without a link, an id that is an address is the column's page, unless it says that it is none.
    let is_page = || !is_atom && !outline.is_plain_id && is_web(&id);
    let record = ColumnRecord {
        guid: is_lasting(&id).then(|| id.clone()),
        title,
        standfirst,
        body,
        format,
        bylines: names(&entry.authors),
        rubriques: entry
            .categories
            .iter()
            .map(|category| category.label.clone().unwrap_or_else(|| category.term.clone()))
            .collect(),
        updated: entry.updated.map(date).filter(|updated| *updated != published),
        published,
        status: if is_draft { RecordStatus::Draft } else { RecordStatus::Published },
        url: link.or_else(|| is_page().then(|| id.clone())),
        image: image(&entry),
        audio: recording(&entry, outline),
        id: id.clone(),
        ..ColumnRecord::default()
    };
    ListedRecord { name: id, line: None, record: Ok(record), warnings }
}

/// An entry that cannot be taken.
fn refused(name: &str, why: &str) -> ListedRecord {
    ListedRecord { name: name.to_owned(), line: None, record: Err(why.to_owned()), warnings: Vec::new() }
}

fn is_web(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn date(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// The words of a title. In RSS nobody knows whether it is HTML: it is taken for that, as by most readers. Where it is
/// none, our own feeds put an invisible character behind what looks like markup.
fn plain(text: &Text, is_atom: bool) -> String {
    if is_atom && text.content_type.as_str() == "text/plain" {
        return text.content.clone();
    }
    let words = plain_of_html(&text.content);
    if is_atom { words } else { words.replace("<\u{2060}", "<").replace("&\u{2060}", "&") }
}

/// The page of an entry: what is no other kind of link, and rather HTML.
fn link(entry: &Entry) -> Option<String> {
    let is_page = |link: &&feed_rs::model::Link| {
        link.target.is_none() && link.rel.as_deref().is_none_or(|rel| rel == "alternate") && !link.href.is_empty()
    };
    let is_html = |link: &&feed_rs::model::Link| link.media_type.as_deref().is_none_or(|kind| kind.contains("html"));
    let pages = || entry.links.iter().filter(is_page);
    pages().find(is_html).or_else(|| pages().next()).map(|link| link.href.clone())
}

/// The text of an entry, what it is written in, and its standfirst.
fn texts(
    entry: &Entry,
    is_atom: bool,
    outline: &EntryOutline,
    warnings: &mut Vec<String>,
) -> (String, BodyFormat, String) {
    let written = entry.content.as_ref().and_then(|content| {
        let kind = content.content_type.as_str();
        let body = content.body.as_deref().filter(|body| !body.trim().is_empty());
        match (body, kind) {
            (Some(body), "text/html" | XHTML) => Some((html(body, kind), BodyFormat::Html)),
            (Some(body), "text/plain") => Some((body.to_owned(), BodyFormat::Text)),
            (Some(_), kind) => {
                warnings.push(format!("its content is {kind}, and no text: left out"));
                None
            }
            (None, _) => {
                if is_atom && content.src.is_some() {
                    warnings.push("its content is elsewhere, and is not fetched".to_owned());
                }
                None
            }
        }
    });
    let summary = entry.summary.as_ref().filter(|summary| !summary.content.trim().is_empty());
    let led = |html: String, base: &Option<Url>| match base {
        Some(base) => rebase::rebased(&html, base),
        None => html,
    };
    match (written, summary) {
        (Some((body, format)), summary) => {
            let words = match format {
                BodyFormat::Html => plain_of_html(behind_figure(&body)),
                _ => body.clone(),
            };
            let summary = summary.map(|summary| plain(summary, is_atom)).unwrap_or_default();
            let body = if format == BodyFormat::Html { led(body, &outline.content_base) } else { body };
            (body, format, standfirst(summary.trim(), &words))
        }
        (None, Some(summary)) => match summary.content_type.as_str() {
            "text/plain" if is_atom => (summary.content.clone(), BodyFormat::Text, String::new()),
            kind => (led(html(&summary.content, kind), &outline.summary_base), BodyFormat::Html, String::new()),
        },
        (None, None) => Default::default(),
    }
}

/// A text as HTML. The library writes XHTML's line breaks with an end, which HTML takes for one more.
fn html(text: &str, kind: &str) -> String {
    if kind == XHTML { text.replace("></br>", ">") } else { text.to_owned() }
}

/// Names, each once. RSS has them in brackets, behind an address.
fn names(people: &[Person]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in people.iter().filter_map(|person| person.name.as_deref()) {
        let name = name.trim().trim_start_matches('(').trim_end_matches(')').trim();
        if !name.is_empty() && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The first picture of an entry.
fn image(entry: &Entry) -> Option<RecordImage> {
    let pictures = |media: &'_ MediaObject| media.content.iter().position(is_picture);
    let found = entry.media.iter().find_map(|media| Some((media, media.content.get(pictures(media)?)?)));
    if let Some((media, content)) = found {
        let alt = media.description.as_ref().or(media.title.as_ref()).map(|text| plain(text, true));
        return Some(RecordImage {
            url: content.url.as_ref()?.to_string(),
            alt: alt.unwrap_or_default(),
            credit: media.credits.first().map(|credit| credit.entity.trim().to_owned()),
            width: content.width,
            height: content.height,
            media_type: content.content_type.as_ref().map(ToString::to_string),
            length: content.size,
        });
    }
    let is_enclosure = |link: &&feed_rs::model::Link| {
        let kind = link.media_type.as_deref().unwrap_or_default();
        link.rel.as_deref() == Some("enclosure") && kind.starts_with("image/")
    };
    entry.links.iter().find(is_enclosure).map(|link| RecordImage {
        url: link.href.clone(),
        alt: link.title.clone().unwrap_or_default(),
        media_type: link.media_type.clone(),
        length: link.length,
        ..RecordImage::default()
    })
}

/// The recording of an entry: a medium, or an enclosure of Atom.
fn recording(entry: &Entry, outline: &EntryOutline) -> Option<RecordAudio> {
    let kind = |content: &MediaContent| content.content_type.as_ref().map(ToString::to_string);
    let is_heard = |content: &&MediaContent| kind(content).is_some_and(|kind| is_audio(&kind));
    let found = entry.media.iter().find_map(|media| Some((media, media.content.iter().find(is_heard)?)));
    if let Some((media, content)) = found {
        let lasts = content.duration.or(media.duration).map(|lasts| lasts.as_secs().to_string());
        return Some(RecordAudio {
            url: content.url.as_ref()?.to_string(),
            media_type: kind(content),
            length: content.size.filter(|size| *size > 0),
            duration: outline.duration.clone().or(lasts),
        });
    }
    let is_enclosure = |link: &&feed_rs::model::Link| {
        link.rel.as_deref() == Some("enclosure") && link.media_type.as_deref().is_some_and(is_audio)
    };
    entry.links.iter().find(is_enclosure).map(|link| RecordAudio {
        url: link.href.clone(),
        media_type: link.media_type.clone(),
        length: link.length.filter(|length| *length > 0),
        duration: None,
    })
}

/// Whether a medium is a picture: by its type, or by its name where it has none.
fn is_picture(content: &MediaContent) -> bool {
    match (&content.content_type, &content.url) {
        (Some(kind), _) => kind.as_str().starts_with("image/"),
        (None, Some(url)) => media_type(url.path()).is_some(),
        (None, None) => false,
    }
}
