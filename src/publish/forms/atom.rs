//! Atom 1.0 (RFC 4287) with Media RSS for pictures.

use std::collections::BTreeMap;

use atom_syndication::{
    Category, Content, Entry, Feed as Document, FixedDateTime, Generator, Link, Person, Text, WriteConfig,
    extension::Extension,
};
use url::Url;

use super::{
    BufferPool, ColumnContent, Error, Feed, address, audio, authors, measure, media_type,
    plain_text::{is_blank, looks_like_html, plain},
    rights::{self, LicenseLink},
    rss::{HISTORY, MEDIA},
    tags,
};
use crate::model::{
    Column, EARLIEST, Image, Instant, Tombstone,
    html::{escape, escape_xml},
};

/// Deleted entries (RFC 6721).
const TOMBSTONES: &str = "http://purl.org/atompub/tombstones/1.0";

/// Stands for a content while the crate writes the document. No text of a feed can hold it. What the
/// crate does with a content takes as long as all else that a feed in three forms takes: it copies it
/// to escape it, and again.
const CONTENT: &str = "\u{1}";

pub(super) fn write(feed: &Feed<'_>, shown: &[ColumnContent<'_>], buffers: &mut BufferPool) -> Result<Vec<u8>, Error> {
    let config = feed.config;
    let mut links = vec![
        link("self", &address(&feed.addresses.atom), "application/atom+xml"),
        link("alternate", &address(&config.magazine.url), "text/html"),
    ];
    links.extend(config.feeds.hubs.iter().map(hub));
    let archive = |rel: &str, at: super::Addresses| link(rel, &address(&at.atom), "application/atom+xml");
    links.extend(feed.current()?.map(|current| archive("current", current)));
    links.extend(feed.previous()?.map(|previous| archive("prev-archive", previous)));
    links.extend(feed.next()?.map(|next| archive("next-archive", next)));
    links.extend(rights::licenses(config)?.into_iter().map(|LicenseLink { href, media_type, title }| Link {
        mime_type: media_type.map(str::to_owned),
        title: Some(title.to_owned()),
        ..link("license", &href, "")
    }));
    let document = Document {
        title: text(&feed.title()),
        subtitle: Some(text(&feed.description())),
        id: feed.id(),
        updated: fixed(feed.updated()),
        // Entries without a byline have this author.
        authors: vec![Person {
            name: plain(&config.magazine.name).into_owned(),
            uri: Some(address(&config.magazine.url).into_owned()),
            ..Person::default()
        }],
        generator: Some(Generator { value: "gazetier".into(), ..Generator::default() }),
        icon: config.magazine.icon.as_ref().map(|url| address(url).into_owned()),
        logo: config.magazine.logo.as_ref().map(|url| address(url).into_owned()),
        links,
        rights: config.magazine.rights.as_deref().map(text),
        entries: feed.columns.iter().zip(shown).map(|(column, shown)| entry(feed, column, shown)).collect(),
        namespaces: namespaces(feed),
        lang: Some(config.magazine.language.clone()),
        ..Document::default()
    };
    let form = |reason: atom_syndication::Error| Error::Form { form: "Atom", reason: reason.to_string() };
    let config = WriteConfig { write_document_declaration: false, indent_size: Some(1) };
    let frame = document.write_with_config(buffers.take(0), config).map_err(form)?;
    let mut bytes = buffers.take(feed.room());
    bytes.extend_from_slice(feed.stylesheet()?.as_bytes());
    fill(&frame, shown, &mut bytes)?;
    buffers.give_back([frame]);
    bytes.push(b'\n');
    let extensions = extensions(feed);
    if !extensions.is_empty() {
        // The first of these is the document's own: in texts, `<` is escaped.
        let at = [&b" <entry>"[..], b"</feed>"].iter().find_map(|tag| bytes.windows(tag.len()).position(|w| w == *tag));
        bytes.splice(at.unwrap_or(0)..at.unwrap_or(0), extensions.into_bytes());
    }
    Ok(bytes)
}

/// What the document's extensions are called, as far as it has them.
fn namespaces(feed: &Feed<'_>) -> BTreeMap<String, String> {
    let history = feed.history.is_told().then_some(("fh", HISTORY));
    let tombstones = (!feed.tombstones.is_empty()).then_some(("at", TOMBSTONES));
    let names = [("media", MEDIA)].into_iter().chain(history).chain(tombstones);
    names.map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned())).collect()
}

/// Where the document stands in the feed's history, and which columns are no more. It stands before
/// the entries, where readers look for what is said of the feed; the crate would put it behind them.
fn extensions(feed: &Feed<'_>) -> String {
    let mut xml = String::new();
    if feed.history.archive.is_some() {
        xml.push_str(" <fh:archive/>\n");
    }
    if feed.history.complete {
        xml.push_str(" <fh:complete/>\n");
    }
    for Tombstone { guid, when } in feed.tombstones {
        let (guid, when) = (escape(&feed.atom_id(guid)), fixed(*when).to_rfc3339());
        xml.push_str(&format!(" <at:deleted-entry ref=\"{guid}\" when=\"{when}\"/>\n"));
    }
    xml
}

/// Puts the contents where they belong in a document.
fn fill(frame: &[u8], shown: &[ColumnContent<'_>], document: &mut Vec<u8>) -> Result<(), Error> {
    let mut pieces = frame.split(|byte| CONTENT.as_bytes() == [*byte]);
    document.extend_from_slice(pieces.next().unwrap_or_default());
    let mut contents = shown.iter().filter_map(|shown| shown.content.as_deref());
    for piece in pieces {
        let misplaced = || Error::Form { form: "Atom", reason: "a text holds U+0001".into() };
        escape_xml(contents.next().ok_or_else(misplaced)?, document);
        document.extend_from_slice(piece);
    }
    Ok(())
}

fn entry(feed: &Feed<'_>, column: &Column, shown: &ColumnContent<'_>) -> Entry {
    let content = shown.content.as_ref().map(|_| CONTENT.to_owned());
    let tag = |tag: &str| Category { term: plain(tag).into_owned(), ..Category::default() };
    let recording = audio(column).map(|audio| Link {
        length: audio.length.map(|length| length.to_string()),
        ..link("enclosure", &address(&audio.url), &audio.media_type)
    });
    // An entry has content or a summary, at least.
    let summarised = content.is_none() || !is_blank(&column.standfirst);
    Entry {
        title: text(&feed.heading(column)),
        id: feed.atom_id(&column.guid),
        updated: fixed(column.updated),
        published: Some(column.published).filter(|at| *at >= EARLIEST).map(fixed),
        authors: authors(column).map(|name| Person { name: plain(name).into_owned(), ..Person::default() }).collect(),
        categories: feed
            .label(column)
            .map(|rubrique| Category {
                term: rubrique.slug.to_string(),
                label: Some(plain(&rubrique.label).into_owned()),
                ..Category::default()
            })
            .into_iter()
            .chain(tags(column).map(tag))
            .collect(),
        links: [link("alternate", &address(&column.url), "text/html")].into_iter().chain(recording).collect(),
        summary: summarised.then(|| text(&feed.summary(column))),
        content: content.map(|html| Content {
            value: Some(html),
            content_type: Some("html".into()),
            ..Content::default()
        }),
        extensions: shown
            .image
            .map(|image| BTreeMap::from([("media".into(), BTreeMap::from([("content".into(), vec![media(image)])]))]))
            .unwrap_or_default(),
        ..Entry::default()
    }
}

/// A text, as HTML if a reader could take it for that.
pub(super) fn text(text: &str) -> Text {
    if looks_like_html(text) { Text::html(escape(text)) } else { Text::plain(text) }
}

/// A picture as Media RSS has it.
fn media(image: &Image) -> Extension {
    let attrs = [
        ("url", Some(address(&image.url).into_owned())),
        ("medium", Some("image".into())),
        ("type", media_type(image).map(str::to_owned)),
        ("width", measure(image.width)),
        ("height", measure(image.height)),
        ("fileSize", measure(image.length)),
    ];
    let child = |name: &str, text: String| Extension {
        name: format!("media:{name}"),
        value: Some(text),
        ..Extension::default()
    };
    let described = (!is_blank(&image.alt)).then(|| match looks_like_html(&image.alt) {
        true => Extension {
            attrs: BTreeMap::from([("type".into(), "html".into())]),
            ..child("description", escape(&image.alt))
        },
        false => child("description", image.alt.clone()),
    });
    let credited = image.credit.clone().filter(|credit| !is_blank(credit)).map(|credit| child("credit", credit));
    let described = described.map(|child| ("description", child));
    let credited = credited.map(|child| ("credit", child));
    Extension {
        name: "media:content".into(),
        // The crate writes the attributes of an extension as they are.
        attrs: attrs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), escape(&value?)))).collect(),
        children: described.into_iter().chain(credited).map(|(name, child)| (name.into(), vec![child])).collect(),
        ..Extension::default()
    }
}

fn hub(url: &Url) -> Link {
    Link { href: url.to_string(), rel: "hub".into(), ..Link::default() }
}

pub(super) fn link(rel: &str, href: &str, media_type: &str) -> Link {
    Link { href: href.to_owned(), rel: rel.to_owned(), mime_type: Some(media_type.to_owned()), ..Link::default() }
}

pub(super) fn fixed(at: Instant) -> FixedDateTime {
    at.fixed_offset()
}
