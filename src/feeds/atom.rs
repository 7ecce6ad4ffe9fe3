//! Atom 1.0 (RFC 4287) with Media RSS for pictures.

use std::collections::BTreeMap;

use atom_syndication::{
    Category, Content, Entry, Feed as Document, FixedDateTime, Generator, Link, Person, Text, WriteConfig,
    extension::Extension,
};

use super::{Error, Feed, escape, rss::MEDIA};
use crate::model::{Column, Image, Instant};

pub(super) fn write(feed: &Feed<'_>) -> Result<Vec<u8>, Error> {
    let config = feed.config;
    let document = Document {
        title: Text::plain(feed.title()),
        subtitle: Some(Text::plain(feed.description())),
        id: feed.id(),
        updated: fixed(feed.updated()),
        // Entries without a byline have this author.
        authors: vec![Person {
            name: config.magazine.name.clone(),
            uri: Some(config.magazine.url.to_string()),
            ..Person::default()
        }],
        generator: Some(Generator { value: "gazetier".into(), ..Generator::default() }),
        links: vec![
            link("self", feed.addresses.atom.as_str(), "application/atom+xml"),
            link("alternate", config.magazine.url.as_str(), "text/html"),
        ],
        rights: config.magazine.rights.clone().map(Text::plain),
        entries: feed.columns.iter().map(|column| entry(feed, column)).collect(),
        namespaces: BTreeMap::from([("media".to_owned(), MEDIA.to_owned())]),
        lang: Some(config.magazine.language.clone()),
        ..Document::default()
    };
    let form = |reason: atom_syndication::Error| Error::Form { form: "Atom", reason: reason.to_string() };
    let config = WriteConfig { write_document_declaration: false, indent_size: Some(1) };
    let mut bytes = document.write_with_config(feed.stylesheet()?.into_bytes(), config).map_err(form)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn entry(feed: &Feed<'_>, column: &Column) -> Entry {
    let content = feed.content(column);
    let image = feed.image(column, content.as_deref());
    Entry {
        title: Text::plain(column.title.clone()),
        id: column.guid.clone(),
        updated: fixed(column.updated),
        published: Some(fixed(column.published)),
        authors: column.byline.iter().map(|name| Person { name: name.clone(), ..Person::default() }).collect(),
        categories: feed
            .label(column)
            .map(|rubrique| Category {
                term: rubrique.slug.to_string(),
                label: Some(rubrique.label.clone()),
                ..Category::default()
            })
            .into_iter()
            .collect(),
        links: vec![link("alternate", column.url.as_str(), "text/html")],
        summary: (!column.standfirst.is_empty()).then(|| Text::plain(column.standfirst.clone())),
        content: content.map(|html| Content {
            value: Some(html),
            content_type: Some("html".into()),
            ..Content::default()
        }),
        extensions: image
            .map(|image| BTreeMap::from([("media".into(), BTreeMap::from([("content".into(), vec![media(image)])]))]))
            .unwrap_or_default(),
        ..Entry::default()
    }
}

/// A picture as Media RSS has it.
fn media(image: &Image) -> Extension {
    let number = |n: Option<u64>| n.map(|n| n.to_string());
    let attrs = [
        ("url", Some(image.url.to_string())),
        ("medium", Some("image".into())),
        ("type", image.media_type.clone()),
        ("width", number(image.width.map(u64::from))),
        ("height", number(image.height.map(u64::from))),
        ("fileSize", number(image.length)),
    ];
    let child = |name: &str, text: &str| Extension {
        name: format!("media:{name}"),
        value: Some(text.to_owned()),
        ..Extension::default()
    };
    let described = (!image.alt.is_empty()).then(|| ("description", child("description", &image.alt)));
    let credited = image.credit.as_ref().map(|credit| ("credit", child("credit", credit)));
    Extension {
        name: "media:content".into(),
        // The crate writes the attributes of an extension as they are.
        attrs: attrs.into_iter().filter_map(|(name, value)| Some((name.to_owned(), escape(&value?)))).collect(),
        children: described.into_iter().chain(credited).map(|(name, child)| (name.into(), vec![child])).collect(),
        ..Extension::default()
    }
}

fn link(rel: &str, href: &str, media_type: &str) -> Link {
    Link { href: href.to_owned(), rel: rel.to_owned(), mime_type: Some(media_type.to_owned()), ..Link::default() }
}

fn fixed(at: Instant) -> FixedDateTime {
    at.fixed_offset()
}
